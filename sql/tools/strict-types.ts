/**
 * Makes the types that the supabase CLI generates strict. The CLI reads the shape of tables
 * and functions, but it does not know who calls them. It says null wherever Postgres does not
 * forbid null, and lets clients write every column. This module asks the catalog:
 *
 * - A column of a type or view may be null only if its comment has the word null.
 * - Insert and Update have the columns that a signed-in person may write (grants).
 * - An argument of a function takes null if its default is null.
 * - The counts that a function embeds in a row are always there.
 * - The column entities is a list of entities, and not any JSON.
 */
import postgres from "postgres";
import { type Literal, parseLiteral } from "./type-literals.ts";

/** What posts and cards have in entities. tests/database/types.test.ts compares it with the database. */
const entityType = `
/** A tag, mention or link in a text. start and end count UTF-16 code units of the field. */
export type Entity = { field: "title" | "content"; start: number; end: number } & (
  | { type: "tag"; tag: string }
  | { type: "mention"; username: string }
  | { type: "link"; url: string }
);
`;

interface Column {
  of: string;
  name: string;
  /** The comment has the word null. Says it about types and views. Tables have "not null". */
  says_null: boolean;
  is_insertable: boolean;
  is_updatable: boolean;
}

/**
 * @param generated the module of the CLI, formatted by biome
 * @param url of the database that the CLI read
 * @returns the strict module, without format
 * @throws Error when the module is not as this CLI writes it
 */
export async function strictTypes(generated: string, url: string): Promise<string> {
  const head = "export type Database = ";
  const start = generated.indexOf(head) + head.length;
  const { literal: database, end } = parseLiteral(generated, start);
  const { columns, nullArguments } = await readCatalog(url);
  const columnsOf = (name: string) =>
    new Map(columns.filter(({ of }) => of === name).map((one) => [one.name, one]));

  const schema = database.members("public");
  const views = schema.members("Views").names();
  const embed = (members: Literal, name: string, view: string) =>
    members.set(name, `Database["public"]["Views"]["${view}"]["Row"]`);
  for (const [name, table] of schema.members("Tables").entries()) {
    const about = columnsOf(name);
    const row = table.members("Row");
    type(row);
    // What a function embeds in the row: the counts.
    for (const view of views) if (row.has(view)) embed(row, view, view);
    withoutRelationsTo(table, views);
    keep(table, "Insert", (column) => about.get(column)?.is_insertable);
    keep(table, "Update", (column) => about.get(column)?.is_updatable);
  }
  for (const [name, view] of schema.members("Views").entries()) {
    nullable(view.members("Row"), columnsOf(name));
    view.delete("Insert");
    view.delete("Update");
  }
  for (const [name, composite] of schema.members("CompositeTypes").entries()) {
    nullable(composite, columnsOf(name));
    type(composite);
  }
  for (const [name, called] of schema.members("Functions").entries()) {
    if (called.has("Args") && !called.isText("Args")) {
      for (const argument of called.members("Args").names()) {
        if (nullArguments.has(`${name}.${argument}`)) called.members("Args").addNull(argument);
      }
    }
    if (!views.includes(name)) continue;
    embed(called, "Returns", name);
    // Each row has its counts. supabase-js reads this when it types an embedded object.
    called.members("SetofOptions").add("isNotNullable", false, "true");
  }
  return `${generated.slice(0, generated.indexOf(head))}${entityType}\n${head}${database.print()}${generated.slice(end)}`;
}

/** Takes null from the columns whose comment does not have the word. */
function nullable(row: Literal, about: Map<string, Column>): void {
  for (const name of row.names()) {
    row.takeNull(name);
    if (about.get(name)?.says_null) row.addNull(name);
  }
}

function type(row: Literal): void {
  if (row.has("entities")) row.set("entities", "Entity[]");
}

/**
 * The CLI believes that a foreign key to a post also refers to the counts of the post. With
 * that, supabase-js would find the counts by a wrong way, and type one object as an array.
 * The REST API asks the function that embeds them.
 */
function withoutRelationsTo(table: Literal, views: string[]): void {
  const relations = /\{[^{}]*referencedRelation: "(\w+)"[^{}]*\},?/g;
  table.set(
    "Relationships",
    table
      .text("Relationships")
      .replace(relations, (relation, view: string) => (views.includes(view) ? "" : relation)),
  );
}

/** Keeps the members that may be written. If there are none, no object fits. */
function keep(
  table: Literal,
  operation: "Insert" | "Update",
  mayWrite: (column: string) => boolean | undefined,
): void {
  const written = table.members(operation);
  for (const column of written.names()) if (!mayWrite(column)) written.delete(column);
  if (written.names().length === 0) table.set(operation, "Record<string, never>");
}

async function readCatalog(url: string): Promise<{ columns: Column[]; nullArguments: Set<string> }> {
  const sql = postgres(url, { max: 1, onnotice() {} });
  try {
    const columns = await sql<Column[]>`
      select
        relname as of, attname as name,
        coalesce(col_description(attrelid, attnum) ~* '\\mnull\\M', false) as says_null,
        has_column_privilege('authenticated', attrelid, attnum, 'insert') as is_insertable,
        has_column_privilege('authenticated', attrelid, attnum, 'update') as is_updatable
      from pg_attribute
      join pg_class on pg_class.oid = attrelid
      where relnamespace = 'public'::regnamespace and relkind in ('r', 'v', 'c') and attnum > 0 and not attisdropped
    `;
    const called = await sql<{ name: string }[]>`
      select proname || '.' || proargnames[place] as name
      from pg_proc
      cross join generate_series(1, pronargs) as place
      where pronamespace = 'public'::regnamespace
        and pg_get_function_arg_default(pg_proc.oid, place) like 'NULL%'
    `;
    return { columns, nullArguments: new Set(called.map(({ name }) => name)) };
  } finally {
    await sql.end();
  }
}
