/** Puts names and values into SQL text. Nothing else in rest may do so. */
import { errors } from "../errors.ts";
import type { Name } from "../schema/types.ts";

/** A statement with the placeholders `$1`…, and their values as text. */
export interface Statement {
  text: string;
  values: (string | null)[];
}

/** Collects a statement's values. `add` returns the placeholder to write. */
export interface Values {
  list: (string | null)[];
  add(value: string | null): string;
  /** Like `add`, with a cast. The same value of the same type gets the same placeholder again. */
  typed(value: string, type: "text" | "int"): string;
}

export function createValues(): Values {
  const list: (string | null)[] = [];
  const add = (value: string | null) => `$${list.push(value)}`;
  const known = new Map<string, string>();
  return {
    list,
    add,
    typed(value, type) {
      const key = `${type} ${value}`;
      const placeholder = known.get(key) ?? `${add(value)}::${type}`;
      known.set(key, placeholder);
      return placeholder;
    },
  };
}

export function quoteName(name: string): string {
  if (name.includes("\0")) throw errors.nullCharacter();
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteQualified({ schema, name }: Name): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/**
 * A string constant. If it has a backslash, it is written in the escape syntax, as
 * libpq's PQescapeLiteral does. It then means the same for both values of
 * standard_conforming_strings.
 * https://www.postgresql.org/docs/17/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS
 */
export function quoteLiteral(value: string): string {
  if (value.includes("\0")) throw errors.nullCharacter();
  const quoted = value.includes("'") ? value.replaceAll("'", "''") : value;
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

/** The text of an array constant, with every element quoted. */
export function arrayText(values: string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
