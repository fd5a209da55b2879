/**
 * Makes relationships from foreign keys: in both directions, through views, and
 * many-to-many through tables whose primary key contains two foreign keys.
 * https://docs.postgrest.org/en/stable/references/api/resource_embedding.html
 */
import { compare, compareAll } from "./compare.ts";
import { type ColumnPairs, key, type Name, type Relationship, type Table } from "./types.ts";
import type { ViewOrigins } from "./views.ts";

export interface KeyRow {
  name: string;
  kind: "p" | "u" | "f";
  table: number;
  tableSchema: string;
  tableName: string;
  foreign: number;
  foreignSchema: string | null;
  foreignName: string | null;
  numbers: number[];
  foreignNumbers: number[];
  columns: string[];
  foreignColumns: string[];
}

export interface ComputedRow {
  schema: string;
  name: string;
  tableSchema: string;
  tableName: string;
  foreignSchema: string;
  foreignName: string;
  single: boolean;
}

/** A view may show a key's columns in this many ways. If there are more, the key does not relate it. */
const expansionsMax = 16;

export function relate(
  keys: KeyRow[],
  views: ViewOrigins[],
  computed: ComputedRow[],
  tables: Map<string, Table>,
): Map<string, Relationship[]> {
  const toOne = keys.filter(({ kind }) => kind === "f").flatMap((row) => foreignKey(row, keys, views));
  const all = [...toOne, ...junctions(toOne, tables), ...toOne.map(inverse)];
  const byTable = new Map<string, Relationship[]>();
  const add = (relationship: Relationship) => {
    const list = byTable.get(key(relationship.table));
    if (list) list.push(relationship);
    else byTable.set(key(relationship.table), [relationship]);
  };
  const overridden = new Set(
    computed.map((row) => `${row.tableSchema}\0${row.tableName}\0${row.schema}\0${row.name}`),
  );
  for (const relationship of all) {
    const { table, foreign, junction } = relationship;
    const exposed = [table, foreign, ...(junction ? [junction.table] : [])].every((name) =>
      tables.has(key(name)),
    );
    if (exposed && !overridden.has(`${key(table)}\0${key(foreign)}`)) add(relationship);
  }
  for (const row of computed) {
    add({
      table: { schema: row.tableSchema, name: row.tableName },
      foreign: { schema: row.foreignSchema, name: row.foreignName },
      cardinality: row.single ? "m2o" : "o2m",
      constraint: row.name,
      owned: false,
      columns: [],
      computed: { schema: row.schema, name: row.name },
      tableIsView: false,
      foreignIsView: true,
    });
  }
  for (const list of byTable.values()) list.sort(relationshipOrder);
  return byTable;
}

const cardinalityOrder = ["o2m", "m2o", "o2o", "m2m"];

/** PostgREST's order, in which the error about an ambiguous embed lists them. */
function relationshipOrder(a: Relationship, b: Relationship): number {
  const pair = ([from, to]: [string, string]) => [from, to];
  return (
    compareAll([a.foreign], [b.foreign], ({ schema, name }) => [schema, name]) ||
    cardinalityOrder.indexOf(a.cardinality) - cardinalityOrder.indexOf(b.cardinality) ||
    compareAll([a], [b], junctionNames) ||
    compare(a.constraint, b.constraint) ||
    compareAll(a.columns, b.columns, pair)
  );
}

function junctionNames({ junction }: Relationship): string[] {
  if (!junction) return [];
  const { table, sourceConstraint, targetConstraint } = junction;
  return [table.schema, table.name, sourceConstraint, targetConstraint];
}

/** A foreign key relates two tables, and also the views that show its columns on either side. */
function foreignKey(row: KeyRow, keys: KeyRow[], views: ViewOrigins[]): Relationship[] {
  const unique = keys.some(
    (other) =>
      other.kind !== "f" &&
      other.table === row.table &&
      other.columns.length === row.columns.length &&
      other.columns.every((column) => row.columns.includes(column)),
  );
  const sources = sides(row.table, row.numbers, views, {
    schema: row.tableSchema,
    name: row.tableName,
    columns: row.columns,
  });
  const targets = sides(row.foreign, row.foreignNumbers, views, {
    schema: row.foreignSchema ?? "",
    name: row.foreignName ?? "",
    columns: row.foreignColumns,
  });
  return sources.flatMap((source) =>
    targets.map(
      (target): Relationship => ({
        table: { schema: source.schema, name: source.name },
        foreign: { schema: target.schema, name: target.name },
        cardinality: unique ? "o2o" : "m2o",
        constraint: row.name,
        owned: true,
        columns: source.columns.map((column, index) => [column, target.columns[index] as string]),
        tableIsView: source.isView,
        foreignIsView: target.isView,
      }),
    ),
  );
}

interface Side extends Name {
  columns: string[];
  isView: boolean;
}

function sides(
  table: number,
  numbers: number[],
  views: ViewOrigins[],
  own: Name & { columns: string[] },
): Side[] {
  const shown = views.flatMap(({ view, columns }) => {
    let expansions: string[][] = [[]];
    for (const number of numbers) {
      const names = columns.get(`${table}:${number}`) ?? [];
      expansions = expansions.flatMap((before) => names.map((name) => [...before, name]));
    }
    return expansions.length > expansionsMax
      ? []
      : expansions.map((names) => ({ schema: view.schema, name: view.name, columns: names, isView: true }));
  });
  return [{ ...own, isView: false }, ...shown];
}

function inverse(relationship: Relationship): Relationship {
  return {
    ...relationship,
    table: relationship.foreign,
    foreign: relationship.table,
    cardinality: relationship.cardinality === "m2o" ? "o2m" : "o2o",
    owned: false,
    columns: swap(relationship.columns),
    tableIsView: relationship.foreignIsView,
    foreignIsView: relationship.tableIsView,
  };
}

function swap(pairs: ColumnPairs): ColumnPairs {
  return pairs.map(([a, b]) => [b, a]);
}

function junctions(toOne: Relationship[], tables: Map<string, Table>): Relationship[] {
  const byTable = Map.groupBy(
    toOne.filter(({ cardinality }) => cardinality === "m2o"),
    ({ table }) => key(table),
  );
  return [...byTable].flatMap(([table, relationships]) => {
    const primaryKey = new Set(tables.get(table)?.primaryKey);
    if (primaryKey.size === 0) return [];
    return relationships.flatMap((source) =>
      relationships
        .filter(
          (target) =>
            target.constraint !== source.constraint &&
            [...source.columns, ...target.columns].every(([column]) => primaryKey.has(column)),
        )
        .map(
          (target): Relationship => ({
            table: source.foreign,
            foreign: target.foreign,
            cardinality: "m2m",
            constraint: target.constraint,
            owned: false,
            columns: [],
            junction: {
              table: source.table,
              sourceConstraint: source.constraint,
              targetConstraint: target.constraint,
              source: swap(source.columns),
              target: swap(target.columns),
            },
            tableIsView: source.foreignIsView,
            foreignIsView: target.foreignIsView,
          }),
        ),
    );
  });
}
