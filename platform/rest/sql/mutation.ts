/** Writes INSERT, UPDATE and DELETE. Postgres itself reads the rows from the request's JSON. */
import type { Delete, Insert, Mutation, Update } from "../plan/mutation.ts";
import { neededColumns } from "../plan/mutation.ts";
import type { PlannedCondition, ReadNode } from "../plan/node.ts";
import type { Column } from "../schema/types.ts";
import { conditionSql } from "./condition.ts";
import { quoteLiteral, quoteName, quoteQualified, type Values } from "./text.ts";

/** The alias of the table that is written to. */
const target = "pgrst_target";
/** The alias of the body's rows. */
const body = "pgrst_body";
/** Counts the new rows of an upsert: up before each row, down again if the row was there already. */
const insertedSetting = "pgrst.inserted";

/** SQL for how many rows an upsert inserted, if the mutation counts them. */
export const insertedSql = `nullif(current_setting('${insertedSetting}', true), '')::int`;

/** @param returning the columns that the answer needs; undefined if it needs only the number of rows */
export function mutationSql(
  mutation: Mutation,
  returning: ReadNode | string[] | undefined,
  values: Values,
): string {
  switch (mutation.kind) {
    case "insert":
      return insertSql(mutation, returningSql(returning), values);
    case "update":
      return updateSql(mutation, returningSql(returning), values);
    case "delete":
      return deleteSql(mutation, returningSql(returning), values);
  }
}

function returningSql(returning: ReadNode | string[] | undefined): string {
  if (returning === undefined) return "1";
  if (Array.isArray(returning)) {
    return returning.length > 0 ? returning.map((name) => `${target}.${quoteName(name)}`).join(", ") : "1";
  }
  const { all, names, computed } = neededColumns(returning);
  const columns = [...(all ? [`${target}.*`] : names.map((name) => `${target}.${quoteName(name)}`))];
  for (const name of computed) columns.push(`${target}.${quoteName(name)}`);
  return columns.length > 0 ? columns.join(", ") : "1";
}

function insertSql(insert: Insert, returning: string, values: Values): string {
  const { table, columns, conflict, conditions } = insert;
  const names = columns.map(({ name }) => quoteName(name));
  const into = names.length > 0 ? `(${names.join(", ")}) ` : "";
  const list = names.map((name) => `${body}.${name}`).join(", ");
  const counts = conflict?.resolution === "merge-duplicates";
  const where = [
    ...(counts ? [countInserted(1)] : []),
    ...conditions.map((condition) => conditionSql(body, condition, values, () => "true")),
  ];
  return `insert into ${quoteQualified(table)} as ${target} ${into}select ${list} from ${bodySql(
    insert,
    values,
  )}${where.length > 0 ? ` where ${where.join(" and ")}` : ""}${conflictSql(insert)} returning ${returning}`;
}

function conflictSql({ conflict, columns }: Insert): string {
  if (!conflict) return "";
  const on = ` on conflict (${conflict.columns.map(quoteName).join(", ")})`;
  if (conflict.resolution === "ignore-duplicates" || columns.length === 0) return `${on} do nothing`;
  const sets = columns.map(({ name }) => `${quoteName(name)} = excluded.${quoteName(name)}`);
  return `${on} do update set ${sets.join(", ")} where ${countInserted(-1)}`;
}

/** A condition that is always true and runs once for each row. */
function countInserted(step: 1 | -1): string {
  return `set_config('${insertedSetting}', (coalesce(${insertedSql}, 0) + ${step})::text, true) is not null`;
}

function updateSql(update: Update, returning: string, values: Values): string {
  const { table, columns, conditions } = update;
  if (columns.length === 0) {
    return `select ${returning} from ${quoteQualified(table)} as ${target} where false`;
  }
  const sets = columns.map(({ name }) => `${quoteName(name)} = ${body}.${quoteName(name)}`);
  return `update ${quoteQualified(table)} as ${target} set ${sets.join(", ")} from ${bodySql(
    update,
    values,
  )}${whereSql(conditions, values)} returning ${returning}`;
}

function deleteSql(mutation: Delete, returning: string, values: Values): string {
  const { table, conditions } = mutation;
  return `delete from ${quoteQualified(table)} as ${target}${whereSql(conditions, values)} returning ${returning}`;
}

function whereSql(conditions: PlannedCondition[], values: Values): string {
  if (conditions.length === 0) return "";
  return ` where ${conditions.map((each) => conditionSql(target, each, values, () => "true")).join(" and ")}`;
}

/** The body's rows. Their columns have the types of the table's. */
function bodySql(written: Insert | Update, values: Values): string {
  const { columns, json, isObject } = written;
  // An empty object makes one row. An array makes one row for each empty object in it.
  if (columns.length === 0 && isObject) return `(values (1)) as ${body}`;
  const payload = values.add(json);
  if (columns.length === 0) return `json_array_elements(${payload}::json) as ${body}`;
  if (columns.every(({ fromJson }) => fromJson === undefined)) {
    return recordsSql(written, payload, columns, body);
  }
  const asSent = columns.map((column) => (column.fromJson ? { ...column, type: "json" } : column));
  const list = columns.map(({ name, fromJson }) => {
    const column = `pgrst_sent.${quoteName(name)}`;
    return fromJson ? `${fromJson}(${column}) as ${quoteName(name)}` : column;
  });
  return `(select ${list.join(", ")} from ${recordsSql(written, payload, asSent, "pgrst_sent")}) as ${body}`;
}

function recordsSql(
  { isObject, applyDefaults }: Insert | Update,
  payload: string,
  columns: Column[],
  alias: string,
): string {
  if (!applyDefaults) return jsonRecords(`${payload}::json`, "json", columns, isObject, alias);
  const defaults = columns.flatMap((column) =>
    column.default === null ? [] : [`${quoteLiteral(column.name)}, ${column.default}`],
  );
  const merged = `jsonb_build_object(${defaults.join(", ")}) ||`;
  const completed = isObject
    ? `${merged} ${payload}::jsonb`
    : `(select jsonb_agg(${merged} element) from jsonb_array_elements(${payload}::jsonb) element)`;
  return jsonRecords(completed, "jsonb", columns, isObject, alias);
}

/** @param json SQL whose type is json or jsonb */
export function jsonRecords(
  json: string,
  type: "json" | "jsonb",
  columns: Pick<Column, "name" | "type">[],
  isObject: boolean,
  alias: string,
): string {
  const typed = columns.map((column) => `${quoteName(column.name)} ${column.type}`);
  return `${type}_to_record${isObject ? "" : "set"}(${json}) as ${alias}(${typed.join(", ")})`;
}
