/**
 * Parses the `select` parameter: columns with aliases, casts and JSON paths, embeds
 * with hints and join types, spreads, aggregates.
 * https://docs.postgrest.org/en/stable/references/api/url_grammar.html
 */
import {
  atEnd,
  type Cursor,
  createCursor,
  expect,
  type Field,
  fail,
  fieldName,
  jsonPath,
  match,
  nested,
  peek,
  skipSpace,
  take,
} from "./cursor.ts";

export type SelectItem = SelectStar | SelectField | SelectEmbed;

export interface SelectStar {
  kind: "star";
}

export type Aggregate = "sum" | "avg" | "count" | "max" | "min";

export interface SelectField {
  kind: "field";
  /** Named "*" if rows are counted. */
  field: Field;
  alias?: string | undefined;
  cast?: string | undefined;
  aggregate?: { name: Aggregate; cast?: string | undefined } | undefined;
}

export interface SelectEmbed {
  kind: "embed";
  name: string;
  alias?: string | undefined;
  hint?: string | undefined;
  join: "left" | "inner";
  spread: boolean;
  items: SelectItem[];
}

const terminators = '",", ")" or end of input';

/** @throws RestError PGRST100 */
export function parseSelect(text: string): SelectItem[] {
  const cursor = createCursor("select parameter", text);
  if (text === "") return [];
  const items = itemList(cursor);
  if (!atEnd(cursor)) fail(cursor, '"," or end of input');
  return items;
}

function itemList(cursor: Cursor): SelectItem[] {
  skipSpace(cursor);
  if (peek(cursor, ")")) return [];
  const items: SelectItem[] = [];
  do {
    skipSpace(cursor);
    items.push(item(cursor));
    skipSpace(cursor);
  } while (take(cursor, ","));
  return items;
}

function item(cursor: Cursor): SelectItem {
  if (take(cursor, "...")) return embed(cursor, fieldName(cursor), undefined, true);
  if (match(cursor, /\*(?=\s*(?:[,)]|$))/y)) return { kind: "star" };
  const first = fieldName(cursor);
  const alias = match(cursor, /:(?!:)/y) ? first : undefined;
  const name = alias === undefined ? first : fieldName(cursor);
  if (name === "count" && take(cursor, "()")) {
    const cast = castName(cursor);
    end(cursor);
    return { kind: "field", field: { name: "*", path: [] }, alias, aggregate: { name: "count", cast } };
  }
  if (peek(cursor, "!") || peek(cursor, "(")) return embed(cursor, name, alias, false);
  const path = jsonPath(cursor);
  const cast = castName(cursor);
  const aggregate = match(cursor, /\.(sum|avg|count|max|min)\(\)/y)?.[1] as Aggregate | undefined;
  const aggregateCast = aggregate && castName(cursor);
  end(cursor);
  return {
    kind: "field",
    field: { name, path },
    alias,
    cast,
    aggregate: aggregate && { name: aggregate, cast: aggregateCast },
  };
}

function castName(cursor: Cursor): string | undefined {
  if (!take(cursor, "::")) return undefined;
  const name = match(cursor, /[\p{L}0-9_ $]+/uy)?.[0].trim();
  return name || fail(cursor, "letter or digit");
}

function end(cursor: Cursor): void {
  skipSpace(cursor);
  if (!atEnd(cursor) && !peek(cursor, ",") && !peek(cursor, ")")) {
    fail(cursor, `letter, digit, "-", "->>", "->", "::", ".", ${terminators}`);
  }
}

function embed(cursor: Cursor, name: string, alias: string | undefined, spread: boolean): SelectEmbed {
  let hint: string | undefined;
  let join: "left" | "inner" | undefined;
  for (let i = 0; i < 2 && take(cursor, "!"); i++) {
    const joinName = match(cursor, /(?:left|inner)(?=[!(])/y)?.[0];
    if (joinName !== undefined) join ??= joinName as "left" | "inner";
    else hint ??= fieldName(cursor);
  }
  expect(cursor, "(");
  const items = nested(cursor, () => itemList(cursor));
  expect(cursor, ")", '"," or ")"');
  return { kind: "embed", name, alias, hint, join: join ?? "left", spread, items };
}
