/**
 * Filters as conditions on a row. They mean what the types and operators of the database
 * say, so the database server evaluates them. There is one exception: for types whose
 * values are equal exactly when their texts are equal, we compare the texts ourselves.
 */
import { literal } from "../sql.ts";
import { type Filter, type Operator, RefusedError } from "./filter.ts";
import type { Column, Table } from "./tables.ts";

export interface Condition {
  column: string;
  /** Evaluated here, on the value as text. */
  test?: (value: string | null) => boolean;
  /** Evaluated by the server: makes an expression with the value. */
  ask?: (value: string | null) => string;
  /** Set when only rows with this text pass. An index of conditions can use it. */
  equals?: string;
}

/** Evaluates expressions, with results as text. @throws RefusedError in the server's words, DatabaseError */
export type Evaluate = (expressions: string[]) => Promise<(string | null)[]>;

const inMax = 100;

/**
 * bool, int8, int2, int4, text, oid, varchar, date, timestamp, timestamptz, uuid: their values are
 * equal when their texts are.
 */
const textualTypes = new Set([16, 20, 21, 23, 25, 26, 1043, 1082, 1114, 1184, 2950]);
const booleanType = 16;
const jsonbType = 3802;

const symbols: Partial<Record<Operator, string>> = {
  eq: "=",
  neq: "<>",
  lt: "<",
  lte: "<=",
  gt: ">",
  gte: ">=",
  like: "like",
  ilike: "ilike",
  match: "~",
  imatch: "~*",
  isdistinct: "is distinct from",
};

/**
 * Makes conditions of filters.
 * @throws RefusedError when the table, its types or the role's rights do not allow one
 */
export async function compile(
  filters: Filter[],
  table: Table,
  readable: Set<string>,
  evaluate: Evaluate,
): Promise<Condition[]> {
  const checked = filters.map((filter) => {
    const column = table.columns.find(({ name }) => name === filter.column);
    if (!column || !readable.has(column.name)) {
      throw new RefusedError(`invalid column for filter ${nameOf(filter)}`);
    }
    check(filter, column);
    return { filter, column };
  });
  const expressions = checked.map(({ filter, column }) => canonical(filter, column));
  const texts = expressions.length > 0 ? await evaluate(expressions) : [];
  return checked.map(({ filter, column }, index) => condition(filter, column, texts[index] as string | null));
}

function nameOf({ column, key }: Filter): string {
  return key === undefined ? column : `${column}->>${key}`;
}

/** @throws RefusedError */
function check({ key, operator, value }: Filter, column: Column): void {
  if ((operator === "match" || operator === "imatch") && isSlowPattern(value)) {
    throw new RefusedError(`operator ${operator} does not allow back-references and lookaround constraints`);
  }
  if (key !== undefined && column.typeId !== jsonbType) {
    throw new RefusedError(`jsonb filter requires a jsonb column, got ${column.sqlType}`);
  }
  const type = key === undefined ? column : undefined;
  const typeName = type?.sqlType ?? "text";
  if (operator === "is") {
    if (!["null", "true", "false", "unknown"].includes(value)) {
      throw new RefusedError("invalid value for is filter: must be null, true, false, or unknown");
    }
    if (value !== "null" && type?.typeId !== booleanType) {
      throw new RefusedError(`is ${value} filter requires a boolean column, got ${typeName}`);
    }
  }
  const fits =
    operator === "like" || operator === "ilike"
      ? (type?.likes ?? true)
      : operator === "match" || operator === "imatch"
        ? (type?.matches ?? true)
        : true;
  if (!fits)
    throw new RefusedError(`operator ${operator} requires a text-compatible column type, got ${typeName}`);
}

/**
 * Whether a regular expression has back-references or lookaround constraints. Without them, Postgres
 * needs time in proportion to the text. With them, a stranger's filter could keep it busy for hours.
 */
function isSlowPattern(pattern: string): boolean {
  const parts = pattern.matchAll(/\\(.)|\(\?<?[=!]/gsu);
  return parts.some(([, escaped]) => escaped === undefined || /[1-9]/.test(escaped));
}

/**
 * An expression for the filter's value as the server writes it. It fails if the text is
 * not a value of the type or not a regular expression, or if the type has no such operator.
 */
function canonical(filter: Filter, column: Column): string {
  const { operator, key } = filter;
  const type = key === undefined ? column.sqlType : "text";
  const value = literal(filter.value);
  if (operator === "is") return "null";
  if (operator === "match" || operator === "imatch") return `('' ~ ${value})::text`;
  // One comparison, which fails if the type has no such operator.
  const compared = `(${compare(filter, `null::${type}`, type)})::text`;
  const text =
    operator === "in"
      ? `pg_catalog.array_to_json(${value}::${type}[]::text[])::text`
      : `${value}::${type}::text`;
  return `(array[${compared}, ${text}])[2]`;
}

function compare({ operator, negated, value }: Filter, left: string, type: string): string {
  const not = negated ? "not " : "";
  if (operator === "is") return `${not}(${left} is ${value})`;
  if (operator === "in") return `${not}(${left} = any (${literal(value)}::${type}[]))`;
  return `${not}(${left} ${symbols[operator]} ${literal(value)}::${type})`;
}

function condition(filter: Filter, column: Column, text: string | null): Condition {
  const { operator, negated, key } = filter;
  const list = operator === "in" ? (JSON.parse(text as string) as unknown[]) : [];
  if (list.length > inMax) throw new RefusedError(`too many values for \`in\` filter. Maximum ${inMax}`);
  if (key !== undefined) {
    return {
      column: column.name,
      ask: (value) => compare(filter, `(${cast(value, "jsonb")} ->> ${literal(key)})`, "text"),
    };
  }
  // The server casts a boolean to a word, but the stream writes one letter.
  const spelled = (item: unknown) =>
    column.typeId === booleanType && typeof item === "string" ? item.charAt(0) : item;
  const equals = operator === "in" ? null : (spelled(text) as string | null);
  const test = localTest(filter, column, equals, list.map(spelled));
  if (!test) {
    return {
      column: column.name,
      ask: (value) => compare(filter, cast(value, column.sqlType), column.sqlType),
    };
  }
  const indexed = operator === "eq" && !negated && equals !== null;
  return { column: column.name, test, ...(indexed ? { equals } : {}) };
}

function cast(value: string | null, type: string): string {
  if (value === null) return `null::${type}`;
  // Subscribers know bytes as hexadecimal digits without a prefix, so filters compare those.
  return `${literal(type === "bytea" ? value.replace(/^\\x/, "") : value)}::${type}`;
}

/** A test for types that we compare ourselves. As in SQL, a null result passes nothing, negated or not. */
function localTest(
  { operator, negated, value: asked }: Filter,
  column: Column,
  text: string | null,
  list: unknown[],
): Condition["test"] {
  if (operator === "is") {
    const wanted = { null: null, unknown: null, true: "t", false: "f" }[asked] as string | null;
    return (value) => (value === wanted) !== negated;
  }
  if (!textualTypes.has(column.typeId) && !column.isEnum) return undefined;
  if (operator === "isdistinct") return (value) => (value !== text) !== negated;
  if (operator === "eq") return (value) => value !== null && (value === text) !== negated;
  if (operator === "neq") return (value) => value !== null && (value !== text) !== negated;
  if (operator === "in") {
    if (list.some((item) => typeof item !== "string" && item !== null)) return undefined;
    const values = new Set(list);
    if (negated && values.has(null)) return () => false;
    return (value) => value !== null && values.has(value) !== negated;
  }
  return undefined;
}
