/**
 * What must be known of the published tables to judge their changes: columns
 * and their types, primary keys, row level security, and what roles may read.
 * Read anew when the stream says that a table may have changed, and whenever
 * somebody subscribes.
 */
import type { Connections } from "../connections.ts";
import { textArray } from "../sql.ts";

export interface Column {
  name: string;
  typeId: number;
  /** As in pg_type. */
  typeName: string;
  /** As SQL writes it, with its schema. */
  sqlType: string;
  isEnum: boolean;
  /** Whether LIKE, and whether `~` and `~*`, take this type. */
  likes: boolean;
  matches: boolean;
}

export interface Table {
  id: number;
  schema: string;
  name: string;
  rowSecurity: boolean;
  /** Names, in the key's order. */
  primaryKey: string[];
  columns: Column[];
  /** Names of the columns that a role may read, for each role that was asked for. */
  readable: Map<string, Set<string>>;
  /** All of the above as a role has it, in short: differs when that does. */
  versions: Map<string, string>;
}

export interface Catalog {
  tables: Map<number, Table>;
  /** Of the roles that were asked for: those that a request may have. */
  roles: Set<string>;
}

export interface Tables {
  /** The last that was read; empty before. */
  current: Catalog;
  /**
   * What holds after the call. Calls that wait share one reading.
   * @throws DatabaseError
   */
  read(): Promise<Catalog>;
  /** Whether the publication has other tables than `current` says. @throws DatabaseError */
  changed(): Promise<boolean>;
}

/** However many subscribe at once, the catalog is read this often at most. */
const intervalMs = 10;

/** @param roles whose rights are read */
export function createTables(
  connections: Connections,
  publication: string,
  roles: () => Set<string>,
): Tables {
  const intern = createIntern();
  let reading: Promise<Catalog> | undefined;
  let next: Promise<Catalog> | undefined;
  let lastMs = 0;

  async function query(): Promise<Catalog> {
    const waitMs = lastMs + intervalMs - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    next = undefined;
    lastMs = Date.now();
    const statement = catalogQuery(publication, [...roles()]);
    const [[[json] = []] = []] = await connections.use((connection) => connection.send([statement]));
    tables.current = readCatalog(String(json), intern());
    return tables.current;
  }

  const tables: Tables = {
    current: { tables: new Map(), roles: new Set() },
    read() {
      // One that runs already may have missed what the caller knows of.
      next ??= (async () => {
        await reading?.catch(() => {});
        reading = query();
        return reading;
      })();
      return next;
    },
    async changed() {
      const [ids = []] = await connections.use((connection) =>
        connection.send([`select oid from ${publishedTables(publication)} order by oid`]),
      );
      const now = ids.map(([id]) => Number(id));
      return now.join() !== [...tables.current.tables.keys()].sort((a, b) => a - b).join();
    },
  };
  return tables;
}

/** Short names for long texts, the same as long as a text is used at every turn. */
function createIntern(): () => (text: string) => string {
  let names = new Map<string, string>();
  let count = 0;
  return () => {
    const before = names;
    names = new Map();
    return (text) => {
      const name = names.get(text) ?? before.get(text) ?? `v${count++}`;
      names.set(text, name);
      return name;
    };
  };
}

function publishedTables(publication: string): string {
  return `(
    select class.oid, class.relname, class.relnamespace, class.relrowsecurity, published.schemaname
    from pg_catalog.pg_publication_tables as published
    join pg_catalog.pg_class as class
      on class.relname = published.tablename
      and class.relnamespace = pg_catalog.to_regnamespace(pg_catalog.quote_ident(published.schemaname))
    where published.pubname = '${publication}'
  ) as published`;
}

const hasOperator = (name: string, right: string) => `exists (
  select from pg_catalog.pg_operator
  where oprname = '${name}'
    and oprleft = type.oid
    and oprright = ${right}
    and oprresult = 'boolean'::pg_catalog.regtype
)`;

/** The format of a type with modifier -1 is what a cast of any value of it needs: bpchar, not character(1). */
function catalogQuery(publication: string, roles: string[]): string {
  return `
    select pg_catalog.json_build_object(
      'roles', (
        select coalesce(pg_catalog.json_agg(rolname), '[]')
        from pg_catalog.pg_roles
        where rolname = any(${textArray(roles)}) and pg_catalog.pg_has_role('authenticator', oid, 'member')
      ),
      'tables', (
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'id', published.oid::bigint,
          'schema', published.schemaname,
          'name', published.relname,
          'rowSecurity', published.relrowsecurity,
          'primaryKey', (
            select coalesce(pg_catalog.json_agg(attname order by place), '[]')
            from pg_catalog.pg_constraint
            cross join lateral pg_catalog.unnest(conkey) with ordinality as key (attnum, place)
            join pg_catalog.pg_attribute using (attnum)
            where conrelid = published.oid and contype = 'p' and attrelid = published.oid
          ),
          'columns', (
            select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
              'name', attname,
              'typeId', type.oid::bigint,
              'typeName', type.typname,
              'sqlType', pg_catalog.format_type(type.oid, -1),
              'isEnum', type.typtype = 'e',
              'likes', ${hasOperator("~~", "oprright")},
              'matches', ${hasOperator("~", "type.oid")} and ${hasOperator("~*", "type.oid")}
            ) order by attnum), '[]')
            from pg_catalog.pg_attribute
            join pg_catalog.pg_type as type on type.oid = atttypid
            where attrelid = published.oid and attnum > 0 and not attisdropped
          ),
          'readable', (
            select coalesce(pg_catalog.json_object_agg(rolname, (
              select coalesce(pg_catalog.json_agg(attname order by attnum), '[]')
              from pg_catalog.pg_attribute
              where attrelid = published.oid
                and attnum > 0
                and not attisdropped
                and pg_catalog.has_column_privilege(role.oid, published.oid, attnum, 'SELECT')
            )), '{}')
            from pg_catalog.pg_roles as role
            where rolname = any(${textArray(roles)})
          )
        )), '[]')
        from ${publishedTables(publication)}
      )
    )`;
}

function readCatalog(json: string, intern: (text: string) => string): Catalog {
  const { roles, tables } = JSON.parse(json) as {
    roles: string[];
    tables: (Omit<Table, "readable" | "versions"> & { readable: Record<string, string[]> })[];
  };
  return {
    roles: new Set(roles),
    tables: new Map(
      tables.map(({ readable, ...table }) => {
        const text = JSON.stringify(table);
        const byRole = Object.entries(readable);
        return [
          table.id,
          {
            ...table,
            readable: new Map(byRole.map(([role, names]) => [role, new Set(names)])),
            versions: new Map(byRole.map(([role, names]) => [role, intern(text + names.join())])),
          },
        ];
      }),
    ),
  };
}
