/** Reads what a join's entry of postgres_changes asks for. */
import type { ChangeParameters } from "../../database-side.ts";
import { type Filter, parseFilters, RefusedError } from "./filter.ts";

export type ChangeType = "INSERT" | "UPDATE" | "DELETE";

export interface Wanted {
  /** Undefined: all. */
  type: ChangeType | undefined;
  /** `*`: all. */
  schema: string;
  table: string;
  filters: Filter[];
  /** Undefined: all columns. */
  select: string[] | undefined;
}

const types: Record<string, ChangeType> = { INSERT: "INSERT", UPDATE: "UPDATE", DELETE: "DELETE" };

/** @throws RefusedError */
export function parseParameters(parameters: Partial<ChangeParameters>): Wanted {
  const { event, filter } = parameters;
  const { schema = parameters.table === undefined ? undefined : "public", table = "*" } = parameters;
  if (typeof schema !== "string" || typeof table !== "string") {
    throw new RefusedError(
      "No subscription params provided. Please provide at least a `schema` or `table` to subscribe to",
    );
  }
  const select = parseSelect(parameters.select);
  if (select && (schema === "*" || table === "*")) {
    throw new RefusedError(
      "Column selection is not supported for wildcard subscriptions. Provide an explicit schema and table name.",
    );
  }
  return {
    type: typeof event === "string" ? types[event.toUpperCase()] : undefined,
    schema,
    table,
    filters: typeof filter === "string" ? parseFilters(filter) : [],
    select,
  };
}

function parseSelect(select: unknown): string[] | undefined {
  if (select === undefined || select === null) return undefined;
  if (!Array.isArray(select)) {
    throw new RefusedError(
      'Error parsing `select` params: expected a list of column name strings, e.g. select: ["col1", "col2"]',
    );
  }
  const names = [...new Set(select.filter((name): name is string => typeof name === "string"))];
  return names.length > 0 ? names.sort() : undefined;
}

/** The parameters as the text of a refusal names them. */
export function describeParameters({ type, schema, table, filters, select }: Wanted): string {
  const list = filters.map(
    ({ column, operator, value, negated }) => `{"${column}", "${operator}", "${value}", ${negated}}`,
  );
  const columns = select ? JSON.stringify(select) : "nil";
  return `event: ${type ?? "*"}, schema: ${schema}, table: ${table}, filters: [${list.join(", ")}], select: ${columns}`;
}
