/** Reads the catalog into a SchemaGraph. */
import type { Statement } from "../sql/text.ts";
import { arrayText } from "../sql/text.ts";
import { compare, compareAll } from "./compare.ts";
import {
  changeableQuery,
  compositesQuery,
  computedQuery,
  handlersQuery,
  keysQuery,
  representationsQuery,
  rolesQuery,
  routinesQuery,
  schemaCommentsQuery,
  tablesQuery,
  typesQuery,
  viewsQuery,
} from "./queries.ts";
import { type ComputedRow, type KeyRow, relate } from "./relationships.ts";
import {
  type Column,
  type Composite,
  key,
  type MediaHandler,
  type Routine,
  representation,
  type SchemaGraph,
  type Table,
} from "./types.ts";
import { traceViews, type ViewOrigins, type ViewRow } from "./views.ts";

/** Runs a query and returns its only value. */
export type Ask = (statement: Statement) => Promise<string>;

interface TableRow extends Omit<Table, "columns" | "computed" | "primaryKey"> {
  oid: number;
  columns: Column[];
  computed: [string, string][];
}

interface RoutineRow extends Omit<Routine, "result"> {
  resultSchema: string;
  resultName: string;
}

interface RoleRow {
  role: string;
  own: boolean;
  settings: [string, string][];
}

export async function loadSchema(
  ask: Ask,
  configured: { schemas: string[]; extraSearchPath: string[] },
): Promise<SchemaGraph> {
  const one = async <T>(text: string, values: string[] = []): Promise<T> =>
    JSON.parse(await ask({ text, values }));
  const roleRows = await one<RoleRow[]>(rolesQuery);
  const settings = new Map(
    roleRows
      .filter(({ own }) => own)
      .flatMap((row) => row.settings)
      .flatMap(([name, value]) => (name.startsWith("pgrst.") ? [[name.slice(6), value] as const] : [])),
  );
  const names = (text: string | undefined, otherwise: string[]) =>
    text === undefined ? otherwise : text.split(",").map((name) => name.trim());
  const exposed = arrayText(names(settings.get("db_schemas"), configured.schemas));
  const extra = arrayText(names(settings.get("db_extra_search_path"), configured.extraSearchPath));

  const [
    tableRows,
    routineRows,
    keys,
    composites,
    viewRows,
    computed,
    types,
    representations,
    handlers,
    changeable,
    comments,
  ] = await Promise.all([
    one<TableRow[]>(tablesQuery, [exposed]),
    one<RoutineRow[]>(routinesQuery, [exposed]),
    one<KeyRow[]>(keysQuery),
    one<Record<string, Composite>>(compositesQuery, [exposed]),
    one<ViewRow[]>(viewsQuery, [exposed, extra]),
    one<ComputedRow[]>(computedQuery, [exposed]),
    one<Record<string, string>>(typesQuery, [exposed, extra]),
    one<[string, string, string][]>(representationsQuery),
    one<MediaHandler[]>(handlersQuery, [exposed]),
    one<string[]>(changeableQuery),
    one<Record<string, string | null>>(schemaCommentsQuery, [exposed]),
  ]);
  const views = traceViews(viewRows);

  const tables = new Map(
    tableRows.map((row) => [key(row), { ...row, ...keysOf(row, keys, views) } satisfies Table as Table]),
  );
  return {
    tables,
    relationships: relate(keys, views, computed, tables),
    routines: Map.groupBy(
      routineRows
        .map(({ resultSchema, resultName, ...row }) => ({
          ...row,
          result: { schema: resultSchema, name: resultName },
        }))
        .toSorted(overloadOrder),
      key,
    ),
    types: new Map([...Object.entries(types), ...typeAliases]),
    composites: new Map(Object.entries(composites)),
    representations: new Map(representations.map(([from, to, sql]) => [representation(from, to), sql])),
    handlers,
    roles: rolesOf(roleRows, new Set(changeable)),
    settings,
    schemaComments: new Map(Object.entries(comments).flatMap(([name, text]) => (text ? [[name, text]] : []))),
  };
}

function keysOf(
  row: TableRow,
  keys: KeyRow[],
  views: ViewOrigins[],
): Pick<Table, "columns" | "computed" | "primaryKey"> {
  return {
    columns: new Map(row.columns.map((column) => [column.name, column])),
    computed: new Map(row.computed),
    primaryKey: row.isView
      ? viewKey(
          views.find(({ view }) => view.oid === row.oid),
          keys,
        )
      : (keys.find(({ kind, table }) => kind === "p" && table === row.oid)?.columns ?? []),
  };
}

/** PostgREST's order of overloads: fewer parameters first, then by comment, names and types. */
function overloadOrder(a: Omit<Routine, "result">, b: Omit<Routine, "result">): number {
  return (
    a.parameters.length - b.parameters.length ||
    compare(a.description ?? "", b.description ?? "") ||
    compareAll(a.parameters, b.parameters, ({ name, type, castType }) => [name, type, castType])
  );
}

/** The columns of every primary key of which the view shows all columns. */
function viewKey(origins: ViewOrigins | undefined, keys: KeyRow[]): string[] {
  if (!origins) return [];
  return keys
    .filter(({ kind }) => kind === "p")
    .flatMap(({ table, numbers }) => {
      const shown = numbers.map((number) => origins.columns.get(`${table}:${number}`)?.[0]);
      return shown.every((name) => name !== undefined) ? shown : [];
    });
}

/** Rows of this database come last and replace the earlier ones. */
function rolesOf(rows: RoleRow[], changeable: Set<string>): SchemaGraph["roles"] {
  const roles = new Map<string, Map<string, string>>();
  for (const { role, own, settings } of rows) {
    // The settings of the login role took effect when it logged in.
    if (own) continue;
    const merged = roles.get(role) ?? new Map<string, string>();
    for (const [name, value] of settings) {
      if (changeable.has(name) || name.includes(".")) merged.set(name, value);
    }
    roles.set(role, merged);
  }
  return new Map([...roles].map(([role, settings]) => [role, { settings: [...settings] }]));
}

/** Type names that only the SQL grammar knows. The catalog does not have them. */
const typeAliases: [string, string][] = [
  ["int", "pg_catalog.int4"],
  ["integer", "pg_catalog.int4"],
  ["smallint", "pg_catalog.int2"],
  ["bigint", "pg_catalog.int8"],
  ["decimal", "pg_catalog.numeric"],
  ["dec", "pg_catalog.numeric"],
  ["real", "pg_catalog.float4"],
  ["float", "pg_catalog.float8"],
  ["double precision", "pg_catalog.float8"],
  ["boolean", "pg_catalog.bool"],
  ["character varying", "pg_catalog.varchar"],
  ["character", "character"],
  ["char", "character"],
  ["timestamp with time zone", "pg_catalog.timestamptz"],
  ["timestamp without time zone", "pg_catalog.timestamp"],
  ["time with time zone", "pg_catalog.timetz"],
  ["time without time zone", "pg_catalog.time"],
  ["bit varying", "pg_catalog.varbit"],
];
