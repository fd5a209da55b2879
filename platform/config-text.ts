/**
 * Texts of supabase/config.toml where the schema wants something else, as the CLI takes them: `port = "env(PORT)"`,
 * `enable_signup = "true"`, `schemas = "public,api"`. A text that fits nothing stays, and the schema refuses it.
 */
import type { z } from "zod";
import { isTable } from "./config-split.ts";

type Schema = z.core.$ZodType;

interface Definition {
  type: string;
  innerType?: Schema;
  in?: Schema;
  element?: Schema;
  valueType?: Schema;
  shape?: Record<string, Schema>;
}

/** @param value what stands in the file, with the values of `env(NAME)` */
export function typed(value: unknown, schema: Schema | undefined): unknown {
  if (schema === undefined) return value;
  const def = schema._zod.def as unknown as Definition;
  const inner = def.innerType ?? (def.type === "pipe" ? def.in : undefined);
  if (inner) return typed(value, inner);
  if (isTable(value)) {
    const entries = Object.entries(value);
    return Object.fromEntries(
      entries.map(([key, item]) => [key, typed(item, def.shape ? def.shape[key] : def.valueType)]),
    );
  }
  if (typeof value !== "string") return value;
  if (def.type === "number") return /^[+-]?\d+$/.test(value) ? Number(value) : value;
  if (def.type === "array") return value === "" ? [] : value.split(",");
  if (def.type !== "boolean") return value;
  // The words of Go's strconv.ParseBool.
  if (/^(1|t|T|true|TRUE|True)$/.test(value)) return true;
  return /^(0|f|F|false|FALSE|False)$/.test(value) ? false : value;
}
