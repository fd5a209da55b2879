/** Parses every parameter of the query string. */
import { createCursor, type Field, fail, fieldName, jsonPath, match, skipSpace, take } from "./cursor.ts";
import { type Condition, looksLikeFilter, parseFilter, parseGroup } from "./filter.ts";
import { type OrderTerm, parseOrder } from "./order.ts";
import { parseRange, type Range } from "./range.ts";
import { parseSelect, type SelectItem } from "./select.ts";

/** A value for the resource at the end of a path of embeds. The path [] means the request's own. */
export interface At<T> {
  path: string[];
  value: T;
}

export interface Query {
  select: SelectItem[];
  /** Filters, and groups of filters in `and` and `or`. */
  conditions: At<Condition>[];
  order: At<OrderTerm[]>[];
  ranges: At<Range>[];
  columns?: string[] | undefined;
  onConflict?: string[] | undefined;
  /** The arguments of a function that is called by GET. */
  arguments: [string, string][];
  /** The query string with its parameters sorted, for Content-Location. */
  canonical: string;
}

/**
 * @param isCall whether a parameter without an operator is an argument of a function
 * @throws RestError PGRST100
 */
export function parseQuery(search: string, isCall: boolean): Query {
  // PostgREST leaves out a parameter without "=", such as the one that keeps a cache away.
  const given = search.replace(/^\?/, "").split("&");
  const parameters = [...new URLSearchParams(given.filter((pair) => pair.includes("=")).join("&"))];
  const first = (name: string) => parameters.find(([key]) => key === name)?.[1];
  const select = first("select");
  const columns = first("columns");
  const onConflict = first("on_conflict");
  const query: Query = {
    select: select === undefined ? [{ kind: "star" }] : parseSelect(select),
    conditions: [],
    order: [],
    ranges: [],
    columns: columns === undefined ? undefined : parseColumns("columns parameter", columns),
    onConflict: onConflict === undefined ? undefined : parseColumns("on_conflict parameter", onConflict),
    arguments: [],
    canonical: canonical(parameters),
  };
  const limits = new Map<string, { limit?: string; offset?: string }>();
  for (const [key, value] of parameters) {
    if (key === "select" || key === "columns" || key === "on_conflict") continue;
    const last = key.slice(key.lastIndexOf(".") + 1);
    const before = key.slice(0, Math.max(0, key.length - last.length - 1));
    if (last === "limit" || last === "offset") {
      limits.set(before, { ...limits.get(before), [last]: value });
    } else if (last === "order") {
      query.order.push({ path: parsePath(before), value: parseOrder(value) });
    } else if (last === "and" || last === "or") {
      const steps = parsePath(before);
      const negated = steps.includes("not");
      const path = steps.filter((step) => step !== "not");
      query.conditions.push({ path, value: parseGroup(last, negated, value) });
    } else if (isCall && !looksLikeFilter(value)) {
      query.arguments.push([key, value]);
    } else {
      const { path, field } = parseTarget(key);
      query.conditions.push({ path, value: parseFilter(field, value) });
    }
  }
  for (const [path, { limit, offset }] of limits) {
    query.ranges.push({ path: parsePath(path), value: parseRange(limit, offset) });
  }
  return query;
}

function parsePath(text: string): string[] {
  if (text === "") return [];
  const { path, field } = parseTarget(text);
  return [...path, field.name];
}

/** `child.grandchild.column->key` */
function parseTarget(text: string): { path: string[]; field: Field } {
  const cursor = createCursor("tree path", text);
  const names = [fieldName(cursor)];
  while (take(cursor, ".")) names.push(fieldName(cursor));
  const name = names.pop() as string;
  return { path: names, field: { name, path: jsonPath(cursor) } };
}

function parseColumns(what: string, text: string): string[] {
  const cursor = createCursor(what, text);
  const names = new Set<string>();
  do {
    skipSpace(cursor);
    names.add(fieldName(cursor));
    skipSpace(cursor);
  } while (take(cursor, ","));
  if (!match(cursor, /$/y)) fail(cursor, '"," or end of input');
  return [...names];
}

function canonical(parameters: [string, string][]): string {
  return parameters
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join("&");
}
