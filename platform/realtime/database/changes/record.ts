/**
 * A change as its table's columns see it, and the `data` of its frames.
 * https://supabase.com/docs/guides/realtime/postgres-changes
 */
import type { RowChange, Tuple } from "../pgoutput.ts";
import type { Column, Table } from "./tables.ts";
import { toJson } from "./values.ts";

/** Values by column; absent ones did not come with the change. */
export type Values = Map<string, string | null>;

export interface ChangeRecord {
  table: Table;
  type: RowChange["type"];
  transaction: RowChange["transaction"];
  /** The new row, with unchanged TOASTed values where the old row came too. */
  row: Values;
  /** The replica identity, or the whole row where that is FULL. */
  old: Values;
  /** Over the limit of a frame: only small values are sent. */
  tooLarge: boolean;
  /** The JSON that the server made of values, by column and text. */
  json: Map<string, string>;
}

export function readChange(change: RowChange, table: Table, bytesMax: number): ChangeRecord {
  const { relation, old: oldTuple } = change;
  const valuesOf = (tuple: Tuple | undefined, keysOnly: boolean): Values => {
    const values: Values = new Map();
    relation.columns.forEach(({ name, key }, index) => {
      const value = tuple?.[index];
      if (value !== undefined && (key || !keysOnly)) values.set(name, value);
    });
    return values;
  };
  const row = valuesOf(change.row, false);
  // An update that leaves the identity as it is brings no old one.
  const old = oldTuple
    ? valuesOf(oldTuple.tuple, oldTuple.kind === "key")
    : change.type === "UPDATE"
      ? valuesOf(change.row, true)
      : new Map();
  // A key that is TOASTed comes with the old row too.
  if (oldTuple && change.row) {
    for (const [name, value] of old) if (!row.has(name)) row.set(name, value);
  }
  return {
    table,
    type: change.type,
    transaction: change.transaction,
    row,
    old,
    tooLarge: change.bytes > bytesMax,
    json: new Map(),
  };
}

/** What filters look at. */
export function filtered({ type, row, old }: ChangeRecord): Values {
  return type === "DELETE" ? old : row;
}

export function jsonKey(column: Column, text: string): string {
  return `${column.name} ${text}`;
}

/** The values whose JSON only the server knows. */
export function unknownJson(record: ChangeRecord): { column: Column; text: string }[] {
  const unknown = new Map<string, { column: Column; text: string }>();
  for (const column of record.table.columns) {
    for (const values of [record.row, record.old]) {
      const text = values.get(column.name);
      if (typeof text === "string" && toJson(column, text) === undefined) {
        unknown.set(jsonKey(column, text), { column, text });
      }
    }
  }
  return [...unknown.values()];
}

/** Values that a frame over the limit still has. */
const smallBytes = 64;

/**
 * @param readable the columns that the subscriber's role may read
 * @param select the columns that the subscriber wants, and the key; all when undefined
 */
export function frameData(record: ChangeRecord, readable: Set<string>, select: string[] | undefined): string {
  const { table, type } = record;
  const isKey = (name: string) => table.primaryKey.includes(name);
  const columns = table.columns.filter(
    ({ name }) => readable.has(name) && (!select || select.includes(name) || isKey(name)),
  );
  const object = (values: Values, only: (column: Column) => boolean = () => true) => {
    const members = columns.filter(only).flatMap((column) => {
      const text = values.get(column.name);
      if (text === undefined) return [];
      const json =
        toJson(column, text) ?? record.json.get(jsonKey(column, text as string)) ?? JSON.stringify(text);
      if (record.tooLarge && Buffer.byteLength(json) > smallBytes) return [];
      return [`${JSON.stringify(column.name)}:${json}`];
    });
    return `{${members.join(",")}}`;
  };
  const members = [
    `"columns":${JSON.stringify(columns.map(({ name, typeName }) => ({ name, type: typeName })))}`,
    `"commit_timestamp":"${timestamp(record)}"`,
    ...(type === "DELETE" ? [] : [`"record":${object(record.row)}`]),
    ...(type === "UPDATE" ? [`"old_record":${object(record.old)}`] : []),
    // Nobody can be asked who saw a row that is gone: its key is all that is told.
    ...(type === "DELETE"
      ? [`"old_record":${object(record.old, ({ name }) => !table.rowSecurity || isKey(name))}`]
      : []),
  ];
  const errors = record.tooLarge ? '["Error 413: Payload Too Large"]' : "null";
  return `{${head(record)},${members.join(",")},"errors":${errors}}`;
}

/** A frame that tells of a change without its row. */
export function errorData(record: ChangeRecord, error: string): string {
  return `{${head(record)},"columns":[],"commit_timestamp":"${timestamp(record)}","errors":[${JSON.stringify(error)}]}`;
}

function head({ table, type }: ChangeRecord): string {
  return `"schema":${JSON.stringify(table.schema)},"table":${JSON.stringify(table.name)},"type":"${type}"`;
}

function timestamp({ transaction }: ChangeRecord): string {
  return new Date(Number(transaction.committedUs / 1000n)).toISOString();
}
