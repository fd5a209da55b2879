/** A place in a text, for the recursive-descent parsers of the query string. */
import { errors } from "../errors.ts";

export interface Cursor {
  /** The name of the parsed part, for error messages: "select parameter". */
  what: string;
  /** The text as the client sent it, for error messages. */
  shown: string;
  text: string;
  at: number;
  depth: number;
}

/** How deep embeds and and/or groups may nest. Deeper ones are refused before the parser recurses. */
const depthMax = 50;

export function createCursor(what: string, text: string, shown = text): Cursor {
  return { what, shown, text, at: 0, depth: 0 };
}

/** @throws RestError PGRST100 */
export function fail(cursor: Cursor, expecting: string): never {
  const next = cursor.text.slice(cursor.at, cursor.at + 1);
  const unexpected = next === "" ? "end of input" : `"${next}"`;
  throw errors.unparsable(
    cursor.what,
    cursor.shown,
    cursor.at + 1,
    `unexpected ${unexpected} expecting ${expecting}`,
  );
}

export function atEnd(cursor: Cursor): boolean {
  return cursor.at >= cursor.text.length;
}

export function peek(cursor: Cursor, text: string): boolean {
  return cursor.text.startsWith(text, cursor.at);
}

export function take(cursor: Cursor, text: string): boolean {
  if (!peek(cursor, text)) return false;
  cursor.at += text.length;
  return true;
}

/** @param pattern with the sticky flag */
export function match(cursor: Cursor, pattern: RegExp): RegExpExecArray | undefined {
  pattern.lastIndex = cursor.at;
  const found = pattern.exec(cursor.text);
  if (found) cursor.at = pattern.lastIndex;
  return found ?? undefined;
}

export function expect(cursor: Cursor, text: string, expecting = `"${text}"`): void {
  if (!take(cursor, text)) fail(cursor, expecting);
}

export function skipSpace(cursor: Cursor): void {
  match(cursor, /[ \t]*/y);
}

export function nested<T>(cursor: Cursor, parse: () => T): T {
  if (++cursor.depth > depthMax) fail(cursor, `at most ${depthMax} levels of nesting`);
  const result = parse();
  cursor.depth--;
  return result;
}

/** Reads `"…"` with backslash escapes. Undefined if there is no quote here. */
export function quoted(cursor: Cursor): string | undefined {
  const found = match(cursor, /"((?:[^"\\]|\\[\s\S])*)"/y);
  return found?.[1]?.replaceAll(/\\([\s\S])/g, "$1");
}

/** Reads letters, digits, `_`, space, `$` and dashes that do not begin an arrow. Or anything in double quotes. */
export function fieldName(cursor: Cursor): string {
  const start = cursor.at;
  const name = quoted(cursor) ?? plainName(cursor);
  if (name) return name;
  // Postgres has no empty names, so an empty one is refused.
  cursor.at = start;
  fail(cursor, "field name (* or [a..z0..9_$])");
}

function plainName(cursor: Cursor): string | undefined {
  const found = match(cursor, /[\p{L}0-9_ $]+(?:-(?!>)[\p{L}0-9_ $]+)*/uy);
  return found?.[0]
    .split("-")
    .map((part) => part.trim())
    .join("-");
}

export interface JsonStep {
  /** Whether the arrow is `->>`, not `->`. */
  asText: boolean;
  key: string;
  isIndex: boolean;
}

export interface Field {
  name: string;
  path: JsonStep[];
}

/** Reads a column with an optional JSON path: `data->a->>0`. */
export function field(cursor: Cursor): Field {
  skipSpace(cursor);
  const name = fieldName(cursor);
  const path = jsonPath(cursor);
  skipSpace(cursor);
  return { name, path };
}

export function jsonPath(cursor: Cursor): JsonStep[] {
  const path: JsonStep[] = [];
  for (;;) {
    const arrow = match(cursor, /->>?/y)?.[0];
    if (arrow === undefined) return path;
    const asText = arrow === "->>";
    const index = match(cursor, /-?\d+(?=->|::|[.,)]|$)/y)?.[0];
    if (index !== undefined) {
      path.push({ asText, key: index, isIndex: true });
      continue;
    }
    const text = quoted(cursor) ?? match(cursor, /[^(\-:.,>)]+(?:-(?!>)[^(\-:.,>)]+)*/y)?.[0]?.trim();
    if (text === undefined) fail(cursor, "any non reserved character different from: .,>()");
    path.push({ asText, key: text, isIndex: false });
  }
}
