/**
 * Reads what we must know about the published tables: columns and their types, primary
 * keys, row level security, and what roles may read. It is read again when the stream
 * says that a table may have changed, and whenever somebody subscribes.
 */
import { DatabaseError } from "../../database-side.ts";
import type { Connections } from "../connections.ts";
import { type Rows, textArray } from "../sql.ts";

export interface Column {
  name: string;
  typeId: number;
  /** The name in pg_type. */
  typeName: string;
  /** The type as SQL writes it, with its schema. */
  sqlType: string;
  isEnum: boolean;
  /** `likes`: LIKE works with this type. `matches`: `~` and `~*` do. */
  likes: boolean;
  matches: boolean;
  /** Set for a generated column: how it is made, and the columns that it is made of. */
  generated: { expression: string; sources: string[] } | null;
}

export interface Table {
  id: number;
  schema: string;
  name: string;
  rowSecurity: boolean;
  /** The names of its columns, in the key's order. */
  primaryKey: string[];
  columns: Column[];
  /** The names of the columns that each role may read. */
  readable: Map<string, Set<string>>;
  /** A short text for each role, which changes when any of the above changes for the role. */
  versions: Map<string, string>;
}

export interface Catalog {
  tables: Map<number, Table>;
  /** Those of the wanted roles that a request may have. */
  roles: Set<string>;
  /** Changes when a role gets or loses a membership. The stream does not tell of that. */
  memberships: string;
}

export interface Tables {
  /** The catalog that was read last. Empty before the first reading. */
  current: Catalog;
  /**
   * Reads the catalog. The reading begins after the call; calls that wait share one.
   * @throws DatabaseError
   */
  read(): Promise<Catalog>;
  /** Whether the publication has other tables, or roles other memberships, than `current` says. @throws DatabaseError */
  changed(): Promise<boolean>;
}

/** The shortest time between two readings, however many subscribe at once. */
const intervalMs = 10;

/** The server's code when a table was dropped while a view reads it. */
const tableDropped = "XX000";
/** How often we ask while tables are dropped. After that, the change that waits for the answer waits longer. */
const triesMax = 20;

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

  /**
   * Asks again if a published table was dropped at the same time. The view pg_publication_tables fails
   * then, but no longer knows the table when we ask again.
   * @throws DatabaseError
   */
  async function ask(statements: string[]): Promise<Rows[]> {
    let last: unknown;
    for (let tries = 0; tries < triesMax; tries++) {
      try {
        return await connections.use((connection) => connection.send(statements));
      } catch (error) {
        last = error;
        const cause = (error as DatabaseError).cause as { code?: string } | undefined;
        if (cause?.code !== tableDropped) throw error;
      }
    }
    throw new DatabaseError("UnableToConnectToProject", "The published tables change too often", {
      cause: last,
    });
  }

  async function query(): Promise<Catalog> {
    const waitMs = lastMs + intervalMs - Date.now();
    if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
    next = undefined;
    lastMs = Date.now();
    const statement = catalogQuery(publication, [...roles()]);
    const [[[json] = []] = []] = await ask([statement]);
    tables.current = readCatalog(String(json), intern());
    return tables.current;
  }

  const tables: Tables = {
    current: { tables: new Map(), roles: new Set(), memberships: "" },
    read() {
      // A reading that already runs may have missed the change that the caller knows of.
      next ??= (async () => {
        await reading?.catch(() => {});
        reading = query();
        return reading;
      })();
      return next;
    },
    async changed() {
      const [ids = [], [[memberships] = []] = []] = await ask([
        `select oid from ${publishedTables(publication)} order by oid`,
        `select ${membershipsText}`,
      ]);
      if (memberships !== tables.current.memberships) return true;
      const now = ids.map(([id]) => Number(id));
      return now.join() !== [...tables.current.tables.keys()].sort((a, b) => a - b).join();
    },
  };
  return tables;
}

/** Gives long texts short names. A text keeps its name as long as every reading uses it. */
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

/** What the rights of a role depend on, besides the rights that a table names. */
const membershipsText = `pg_catalog.md5(pg_catalog.concat(
  (
    select pg_catalog.string_agg(pg_catalog.concat_ws(' ', roleid, member, inherit_option), ',' order by oid)
    from pg_catalog.pg_auth_members
  ),
  ' superusers ',
  (select pg_catalog.string_agg(oid::text, ',' order by oid) from pg_catalog.pg_roles where rolsuper)
))`;

/**
 * A cast needs the type's format with modifier -1: bpchar and not character(1), which would cut the
 * value.
 */
function catalogQuery(publication: string, roles: string[]): string {
  return `
    select pg_catalog.json_build_object(
      'memberships', ${membershipsText},
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
              'matches', ${hasOperator("~", "type.oid")} and ${hasOperator("~*", "type.oid")},
              'generated', (
                select pg_catalog.json_build_object(
                  'expression', pg_catalog.pg_get_expr(adbin, adrelid),
                  'sources', (
                    select coalesce(pg_catalog.json_agg(source.attname), '[]')
                    from pg_catalog.pg_depend
                    join pg_catalog.pg_attribute as source on attrelid = refobjid and source.attnum = refobjsubid
                    where classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass
                      and objid = made.oid
                      and refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                      and refobjid = adrelid
                      and refobjsubid <> adnum
                  )
                )
                from pg_catalog.pg_attrdef as made
                where adrelid = attrelid and adnum = attnum and attgenerated <> ''
              )
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
  const { memberships, roles, tables } = JSON.parse(json) as {
    memberships: string;
    roles: string[];
    tables: (Omit<Table, "readable" | "versions"> & { readable: Record<string, string[]> })[];
  };
  return {
    memberships,
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
