/** Plans what to write. */
import { errors } from "../errors.ts";
import type { Condition } from "../request/filter.ts";
import type { ApiRequest } from "../request/index.ts";
import { type Column, representation, type SchemaGraph, type Table } from "../schema/types.ts";
import { computedNames, type PlannedColumn, type PlannedCondition, type ReadNode } from "./node.ts";
import { planOwnConditions } from "./read.ts";

export type Mutation = Insert | Update | Delete;

export interface WrittenColumn extends Column {
  /** A function as SQL that makes the value of JSON, if the type has one. */
  fromJson?: string | undefined;
}

export interface Insert {
  kind: "insert";
  table: Table;
  columns: WrittenColumn[];
  json: string;
  isObject: boolean;
  /** Whether a missing key takes the column's default. Otherwise it becomes null. */
  applyDefaults: boolean;
  conflict?: { resolution: "merge-duplicates" | "ignore-duplicates"; columns: string[] } | undefined;
  /** For PUT: the conditions that its one row must fulfil. */
  conditions: PlannedCondition[];
}

export interface Update {
  kind: "update";
  table: Table;
  columns: WrittenColumn[];
  json: string;
  isObject: boolean;
  applyDefaults: boolean;
  conditions: PlannedCondition[];
}

export interface Delete {
  kind: "delete";
  table: Table;
  conditions: PlannedCondition[];
}

/** @throws RestError 21000, PGRST105, PGRST204 */
export function planMutation(graph: SchemaGraph, request: ApiRequest, table: Table): Mutation {
  const { method, query, preferences, payload } = request;
  const own = query.conditions.filter(({ path }) => path.length === 0).map(({ value }) => value);
  if (method === "PUT" && !areKeyFilters(own, table)) throw errors.putFilters();
  const conditions = planOwnConditions(graph, table, query.conditions);
  if (method === "DELETE") {
    if (conditions.length === 0) throw errors.unfiltered("DELETE");
    return { kind: "delete", table, conditions };
  }
  const keys = payload?.keys ?? [];
  const written = {
    table,
    columns: keys.toSorted().map((name) => {
      const column = table.columns.get(name);
      if (!column) throw errors.noColumn(table.name, name);
      return { ...column, fromJson: graph.representations.get(representation("json", column.format)) };
    }),
    json: payload?.text ?? "",
    isObject: payload?.isObject ?? true,
    applyDefaults: preferences.missing === "default",
  };
  if (method === "PATCH") {
    if (conditions.length === 0 && keys.length > 0) throw errors.unfiltered("UPDATE");
    return { kind: "update", ...written, conditions };
  }
  if (method === "PUT") {
    return {
      kind: "insert",
      ...written,
      applyDefaults: false,
      conflict: { resolution: "merge-duplicates", columns: table.primaryKey },
      conditions,
    };
  }
  const columns = query.onConflict ?? table.primaryKey;
  for (const name of columns) {
    if (!table.columns.has(name)) throw errors.undefinedColumn(`"${name}"`);
  }
  return {
    kind: "insert",
    ...written,
    conflict:
      preferences.resolution && columns.length > 0
        ? { resolution: preferences.resolution, columns }
        : undefined,
    conditions: [],
  };
}

/** Whether the filters say by `eq` what every column of the primary key is, and nothing else. */
function areKeyFilters(conditions: Condition[], table: Table): boolean {
  const names = conditions.map((condition) =>
    condition.kind === "filter" &&
    !condition.negated &&
    condition.field.path.length === 0 &&
    condition.operation.kind === "compare" &&
    condition.operation.operator === "=" &&
    condition.operation.quantifier === undefined
      ? condition.field.name
      : undefined,
  );
  const unique = new Set(names);
  return (
    table.primaryKey.length > 0 &&
    unique.size === table.primaryKey.length &&
    table.primaryKey.every((name) => unique.has(name))
  );
}

/** The columns that a mutation must return so that the answer can be read from them. "*" means all. */
export function neededColumns(read: ReadNode): { all: boolean; names: string[]; computed: string[] } {
  const names = new Set<string>();
  let all = false;
  const need = (column: PlannedColumn | undefined) => {
    if (column && !column.computed && !column.countsRows) names.add(column.name);
  };
  for (const item of read.items) {
    if (item.kind === "star") all = true;
    else need(item.column);
  }
  for (const { embed, column } of read.order) if (!embed) need(column);
  for (const { relationship } of read.embeds) {
    if (relationship?.computed) all = true;
    for (const [from] of relationship?.junction?.source ?? relationship?.columns ?? []) names.add(from);
  }
  return { all, names: [...names], computed: computedNames(read) };
}
