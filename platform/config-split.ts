/**
 * Splits the settings of supabase/config.toml: those that the platform acts on, and the names of the
 * others. config.ts has the schema that says which is which.
 */
import type { z } from "zod";

type Schema = z.core.$ZodType;

export interface Split {
  /** The settings that the schema has. A value may still be wrong. */
  known: unknown;
  /** The names of the others: `section.key`, or the section where all of it is unknown. */
  others: string[];
}

/** @param value what stands in the file, or in one of its sections */
export function splitSettings(value: unknown, schema: Schema, path = ""): Split {
  if (!isTable(value)) return { known: value, others: [] };
  const known: Record<string, unknown> = {};
  const others: string[] = [];
  for (const [key, setting] of Object.entries(value)) {
    const name = path === "" ? key : `${path}.${key}`;
    const inner = settingOf(schema, key);
    if (!inner) {
      others.push(...sectionsOf(setting, name));
      continue;
    }
    const split = splitSettings(setting, inner, name);
    known[key] = split.known;
    others.push(...split.others);
  }
  return { known, others };
}

/** The name of a section and of the sections in it. Those that hold only sections are left out. */
function sectionsOf(value: unknown, name: string): string[] {
  if (!isTable(value)) return [name];
  const inner = Object.entries(value).filter(([, setting]) => isTable(setting));
  const own = inner.length < Object.keys(value).length || inner.length === 0 ? [name] : [];
  return [...own, ...inner.flatMap(([key, setting]) => sectionsOf(setting, `${name}.${key}`))];
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema of one setting of a section. */
function settingOf(schema: Schema, key: string): Schema | undefined {
  const { def } = schema._zod as unknown as {
    def: { innerType?: Schema; valueType?: Schema; shape?: Record<string, Schema> };
  };
  if (def.innerType) return settingOf(def.innerType, key);
  return def.shape ? def.shape[key] : def.valueType;
}
