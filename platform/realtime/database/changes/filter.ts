/**
 * Reads the filters of postgres_changes: `id=eq.5,status=not.in.(done,"a,b")`. Commas
 * outside quotes and parentheses mean AND.
 * https://supabase.com/docs/guides/realtime/postgres-changes#available-filters
 */

export const operators = [
  "eq",
  "neq",
  "lt",
  "lte",
  "gt",
  "gte",
  "in",
  "like",
  "ilike",
  "is",
  "match",
  "imatch",
  "isdistinct",
] as const;
export type Operator = (typeof operators)[number];

export interface Filter {
  column: string;
  /** `data->>key` compares a field of a jsonb column as text. */
  key?: string;
  operator: Operator;
  negated: boolean;
  /** For `in`: an array as Postgres writes it. */
  value: string;
}

/** More make no sense, and each one costs time at every change. */
const filtersMax = 100;

/** The reason why the parameters cannot be subscribed to, in words for the subscriber. */
export class RefusedError extends Error {}

/** @throws RefusedError */
export function parseFilters(text: string): Filter[] {
  if (text.trim() === "") return [];
  const segments = splitTopLevel(text.trim());
  if (segments.length > filtersMax)
    throw new RefusedError(`Error parsing \`filter\` params: more than ${filtersMax} filters`);
  return segments.map((segment) => parseSegment(segment.trim()));
}

function splitTopLevel(text: string): string[] {
  const segments: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (quoted) {
      if (char === "\\") at++;
      else if (char === '"') quoted = false;
    } else if (char === '"' && at > start && ".(,".includes(text[at - 1] as string)) {
      // In any other place a quotation mark is part of a value or a name.
      quoted = true;
    } else if (char === "(") {
      depth++;
    } else if (char === ")") {
      depth = Math.max(0, depth - 1);
    } else if (char === "," && depth === 0) {
      segments.push(text.slice(start, at));
      start = at + 1;
    }
  }
  segments.push(text.slice(start));
  return segments;
}

function parseSegment(segment: string): Filter {
  const refuse = (why: string) => new RefusedError(`Error parsing \`filter\` params: ${why}`);
  if (segment === "") throw refuse("filter must not contain empty segments (check for extra commas)");
  const equals = segment.indexOf("=");
  if (equals < 0) throw refuse(`["${segment}"]`);
  const name = segment.slice(0, equals);
  const negated = segment.startsWith("not.", equals + 1);
  const rest = segment.slice(equals + 1 + (negated ? "not.".length : 0));
  const dot = rest.indexOf(".");
  if (dot < 0) throw refuse(`["${rest}"]`);
  const operator = rest.slice(0, dot) as Operator;
  const raw = rest.slice(dot + 1);
  if (!operators.includes(operator)) throw refuse(`["${operator}", "${raw}"]`);
  if (raw.includes("\0")) throw refuse("a value cannot contain a null character");
  let value = unquote(raw);
  if (operator === "in") {
    if (raw.length < 2 || !raw.startsWith("(") || !raw.endsWith(")")) {
      throw refuse("`in` filter value must be wrapped by parentheses");
    }
    value = `{${raw.slice(1, -1)}}`;
  }
  return { ...columnOf(name), operator, negated, value };
}

function columnOf(name: string): { column: string; key?: string } {
  const [column = "", rawKey, ...more] = name.split("->>");
  if (rawKey === undefined) return { column };
  const key = rawKey.replace(/^[ "]+|[ "]+$/g, "");
  if (column === "" || key === "" || more.length > 0) {
    throw new RefusedError(`invalid jsonb filter expression ${name}`);
  }
  return { column, key };
}

/** Reads `"a\"b"` as `a"b`. A text that is not completely quoted stays as it is. */
function unquote(value: string): string {
  if (!/^"(?:[^"\\]|\\.)*"$/su.test(value)) return value;
  return value.slice(1, -1).replace(/\\(.)/gsu, "$1");
}
