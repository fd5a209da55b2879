/**
 * Parses filters: `column=operator.value`, and the and/or trees that contain several.
 * https://docs.postgrest.org/en/stable/references/api/tables_views.html#operators
 */
import {
  atEnd,
  type Cursor,
  createCursor,
  expect,
  type Field,
  fail,
  field,
  match,
  nested,
  peek,
  quoted,
  skipSpace,
  take,
} from "./cursor.ts";

export type Condition = Filter | Group;

export interface Filter {
  kind: "filter";
  field: Field;
  negated: boolean;
  operation: Operation;
}

export interface Group {
  kind: "group";
  operator: "and" | "or";
  negated: boolean;
  conditions: Condition[];
}

export type Operation =
  /** `operator` is SQL. With a quantifier, the value is the text of an array. */
  | { kind: "compare"; operator: string; quantifier?: "any" | "all" | undefined; value: string }
  | { kind: "in"; values: string[] }
  /** `value` is SQL. */
  | { kind: "is"; value: string }
  | { kind: "distinct"; value: string }
  /** `parser` is the name of the function that makes the tsquery. */
  | { kind: "search"; parser: string; config?: string | undefined; value: string };

/** The operators that accept (any) and (all). */
const quantifiable: Record<string, string> = {
  eq: "=",
  gte: ">=",
  gt: ">",
  lte: "<=",
  lt: "<",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
};

const simple: Record<string, string> = {
  neq: "<>",
  cs: "@>",
  cd: "<@",
  ov: "&&",
  sl: "<<",
  sr: ">>",
  nxr: "&<",
  nxl: "&>",
  adj: "-|-",
};

const searches: Record<string, string> = {
  fts: "to_tsquery",
  plfts: "plainto_tsquery",
  phfts: "phraseto_tsquery",
  wfts: "websearch_to_tsquery",
};

const isValues: Record<string, string> = {
  null: "null",
  not_null: "not null",
  true: "true",
  false: "false",
  unknown: "unknown",
};

/** Parses the value of a filter parameter. @throws RestError PGRST100 */
export function parseFilter(of: Field, text: string): Filter {
  const cursor = createCursor("filter", text);
  const filter = operation(cursor, of, (inner) => {
    const value = inner.text.slice(inner.at);
    inner.at = inner.text.length;
    return value;
  });
  if (!atEnd(cursor)) fail(cursor, "end of input");
  return filter;
}

const filterStart = new RegExp(
  `^(?:not\\.)?(?:(?:${Object.keys(quantifiable).join("|")})(?:\\((?:any|all)\\))?\\.` +
    `|(?:${Object.keys(simple).join("|")})\\.` +
    `|(?:${Object.keys(searches).join("|")})(?:\\([^)]+\\))?\\.` +
    `|isdistinct\\.|is\\.(?:${Object.keys(isValues).join("|")})|in\\.\\s*\\()`,
  "i",
);

/** Whether a parameter of a function call is a filter on the result. A filter begins with an operator. */
export function looksLikeFilter(text: string): boolean {
  return filterStart.test(text);
}

/**
 * Parses the value of an `and` or `or` parameter.
 * @throws RestError PGRST100
 */
export function parseGroup(operator: "and" | "or", negated: boolean, text: string): Group {
  const cursor = createCursor("logic tree", text);
  const conditions = group(cursor);
  if (!atEnd(cursor)) fail(cursor, "end of input");
  return { kind: "group", operator, negated, conditions };
}

function group(cursor: Cursor): Condition[] {
  skipSpace(cursor);
  expect(cursor, "(");
  const conditions: Condition[] = [];
  nested(cursor, () => {
    do {
      skipSpace(cursor);
      conditions.push(condition(cursor));
      skipSpace(cursor);
    } while (take(cursor, ","));
  });
  expect(cursor, ")", '"," or ")"');
  skipSpace(cursor);
  return conditions;
}

function condition(cursor: Cursor): Condition {
  const head = match(cursor, /(not\.)?(and|or)(?=\s*\()/y);
  if (head) {
    return {
      kind: "group",
      operator: head[2] as "and" | "or",
      negated: head[1] !== undefined,
      conditions: group(cursor),
    };
  }
  if (peek(cursor, ")") || peek(cursor, "(")) {
    fail(cursor, "field name (* or [a..z0..9_$]), negation operator (not) or logic operator (and, or)");
  }
  const of = field(cursor);
  expect(cursor, ".", "delimiter (.)");
  return operation(cursor, of, groupedValue);
}

/** Inside a group, a value ends at a comma or parenthesis, except in quotes or in the braces of an array. */
function groupedValue(cursor: Cursor): string {
  return quotedBeforeEnd(cursor) ?? match(cursor, /\{[^{}]*\}/y)?.[0] ?? match(cursor, /[^,)]*/y)?.[0] ?? "";
}

function quotedBeforeEnd(cursor: Cursor): string | undefined {
  const start = cursor.at;
  const value = quoted(cursor);
  if (value !== undefined && match(cursor, /(?=[,)]|$)/y)) return value;
  cursor.at = start;
  return undefined;
}

function operation(cursor: Cursor, of: Field, value: (cursor: Cursor) => string): Filter {
  const start = cursor.at;
  const negated = take(cursor, "not.");
  const found = operationBody(cursor, value);
  if (!found) {
    if (!negated) cursor.at = start;
    fail(cursor, negated ? "operator (eq, gt, ...)" : '"not" or operator (eq, gt, ...)');
  }
  return { kind: "filter", field: of, negated, operation: found };
}

function operationBody(cursor: Cursor, value: (cursor: Cursor) => string): Operation | undefined {
  if (take(cursor, "in.")) return { kind: "in", values: list(cursor) };
  if (take(cursor, "is.")) {
    const word = match(cursor, /not_null|null|true|false|unknown/iy)?.[0].toLowerCase();
    const sql = word === undefined ? undefined : isValues[word];
    return { kind: "is", value: sql ?? fail(cursor, "isVal: (null, not_null, true, false, unknown)") };
  }
  if (take(cursor, "isdistinct.")) return { kind: "distinct", value: value(cursor) };
  const search = match(cursor, /(fts|plfts|phfts|wfts)(?:\(([\p{L}0-9_ $]+)\))?\./uy);
  if (search) {
    return {
      kind: "search",
      parser: searches[search[1] as string] as string,
      config: search[2]?.trim(),
      value: value(cursor),
    };
  }
  const plain = match(cursor, /(neq|cs|cd|ov|sl|sr|nxr|nxl|adj)\./y);
  if (plain) return { kind: "compare", operator: simple[plain[1] as string] as string, value: value(cursor) };
  const compare = match(cursor, /(eq|gte|gt|lte|lt|like|ilike|match|imatch)(?:\((any|all)\))?\./y);
  if (!compare) return undefined;
  return {
    kind: "compare",
    operator: quantifiable[compare[1] as string] as string,
    quantifier: compare[2] as "any" | "all" | undefined,
    value: value(cursor),
  };
}

function list(cursor: Cursor): string[] {
  skipSpace(cursor);
  expect(cursor, "(");
  skipSpace(cursor);
  const values: string[] = [];
  do {
    values.push(quotedBeforeEnd(cursor) ?? match(cursor, /[^,)]*/y)?.[0] ?? "");
  } while (take(cursor, ","));
  expect(cursor, ")", '"," or ")"');
  skipSpace(cursor);
  return values;
}
