/** How names and values get into SQL text: the only two ways they do. */
import { errors } from "../errors.ts";
import type { Name } from "../schema/types.ts";

/** A statement with `$1`… and the values that stand for them, as text. */
export interface Statement {
  text: string;
  values: (string | null)[];
}

/** Collects a statement's values; `add` answers with the placeholder to write. */
export interface Values {
  list: (string | null)[];
  add(value: string | null): string;
}

export function createValues(): Values {
  const list: (string | null)[] = [];
  return { list, add: (value) => `$${list.push(value)}` };
}

export function quoteName(name: string): string {
  if (name.includes("\0")) throw errors.nullCharacter();
  return `"${name.replaceAll('"', '""')}"`;
}

export function quoteQualified({ schema, name }: Name): string {
  return `${quoteName(schema)}.${quoteName(name)}`;
}

/**
 * A string constant. One with a backslash is written in the escape syntax, as
 * libpq's PQescapeLiteral does: it means the same whatever
 * standard_conforming_strings is.
 * https://www.postgresql.org/docs/17/sql-syntax-lexical.html#SQL-SYNTAX-STRINGS
 */
export function quoteLiteral(value: string): string {
  if (value.includes("\0")) throw errors.nullCharacter();
  const quoted = value.includes("'") ? value.replaceAll("'", "''") : value;
  return quoted.includes("\\") ? ` E'${quoted.replaceAll("\\", "\\\\")}'` : `'${quoted}'`;
}

/** An array constant's text: every element quoted. */
export function arrayText(values: string[]): string {
  return `{${values.map((value) => `"${value.replaceAll(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
