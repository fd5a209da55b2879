/**
 * A change with its values by column, and the `data` of its frames.
 * https://supabase.com/docs/guides/realtime/postgres-changes
 */
import type { RowChange, Tuple } from "../pgoutput.ts";
import type { Column, Table } from "./tables.ts";
import { toJson } from "./values.ts";

/** Values by column. An absent value did not come with the change. */
export type Values = Map<string, string | null>;

export interface ChangeRecord {
  table: Table;
  type: RowChange["type"];
  transaction: RowChange["transaction"];
  /** The new row. Unchanged TOASTed values are in it only if the old row came too. */
  row: Values;
  /** The values of the replica identity: the key, or the whole row if the identity is FULL. */
  old: Values;
  /** Those of the two that hold whole rows, except generated columns. */
  whole: Values[];
  /** Whether it is an update that left the key as it was. */
  sameKey: boolean;
  /** The size of its values. Above the limit only small values are sent. */
  bytes: number;
  bytesMax: number;
  /** The JSON of values that only the server could make, by column and text. */
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
  // An update that does not change the identity brings no old values.
  const old = oldTuple
    ? valuesOf(oldTuple.tuple, oldTuple.kind === "key")
    : change.type === "UPDATE"
      ? valuesOf(change.row, true)
      : new Map();
  // A TOASTed key value that did not change comes only with the old row.
  if (oldTuple && change.row) {
    for (const [name, value] of old) if (!row.has(name)) row.set(name, value);
  }
  return {
    table,
    type: change.type,
    transaction: change.transaction,
    row,
    old,
    whole: [...(change.row ? [row] : []), ...(oldTuple?.kind === "full" ? [old] : [])],
    sameKey: change.type === "UPDATE" && !oldTuple,
    bytes: change.bytes,
    bytesMax,
    json: new Map(),
  };
}

/** The values that filters are applied to. */
export function filtered({ type, row, old }: ChangeRecord): Values {
  return type === "DELETE" ? old : row;
}

export function jsonKey(column: Column, text: string): string {
  return `${column.name} ${text}`;
}

/** The values whose JSON only the server can make. */
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

/** A frame over the limit still contains values up to this size. */
const smallBytes = 64;

/**
 * The `data` of a frame, as JSON text.
 * @param readable the columns that the subscriber's role may read
 * @param select the columns that the subscriber wants, besides the key. Undefined: all
 */
export function frameData(record: ChangeRecord, readable: Set<string>, select: string[] | undefined): string {
  const { table, type } = record;
  const tooLarge = record.bytes > record.bytesMax;
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
      if (tooLarge && Buffer.byteLength(json) > smallBytes) return [];
      return [`${JSON.stringify(column.name)}:${json}`];
    });
    return `{${members.join(",")}}`;
  };
  const members = [
    `"columns":${JSON.stringify(columns.map(({ name, typeName }) => ({ name, type: typeName })))}`,
    `"commit_timestamp":"${timestamp(record)}"`,
    ...(type === "DELETE" ? [] : [`"record":${object(record.row)}`]),
    ...(type === "UPDATE" ? [`"old_record":${object(record.old)}`] : []),
    // With row level security, nobody can say who saw the deleted row. So only its key is told.
    ...(type === "DELETE"
      ? [`"old_record":${object(record.old, ({ name }) => !table.rowSecurity || isKey(name))}`]
      : []),
  ];
  const errors = tooLarge ? '["Error 413: Payload Too Large"]' : "null";
  return `{${head(record)},${members.join(",")},"errors":${errors}}`;
}

/** The `data` of a frame that tells of a change without its row. */
export function errorData(record: ChangeRecord, error: string): string {
  return `{${head(record)},"columns":[],"commit_timestamp":"${timestamp(record)}","errors":[${JSON.stringify(error)}]}`;
}

function head({ table, type }: ChangeRecord): string {
  return `"schema":${JSON.stringify(table.schema)},"table":${JSON.stringify(table.name)},"type":"${type}"`;
}

function timestamp({ transaction }: ChangeRecord): string {
  return new Date(Number(transaction.committedUs / 1000n)).toISOString();
}
