/** Supabase's own advisors find nothing to say about the database. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { plain, supabase } from "../../sql/tools/supabase-cli.ts";
import { createDatabase, type Database } from "./database.ts";

interface Finding {
  name: string;
  level: string;
  detail: string;
  metadata: { schema: string; name: string };
}

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The findings, without those that are not mistakes here. */
async function findings(): Promise<Finding[]> {
  const { results } = await supabase("db", "advisors", `--remote=${plain(db.url)}`, "--level", "info");
  // Postgres binds the names in an SQL-standard body when it is created. It does not use search_path.
  // A procedure that commits cannot set search_path. house-rules.test.ts looks at its names.
  const bound = await db.admin`
    select pronamespace::regnamespace::text || '.' || proname as name
    from pg_proc
    where pronamespace in ('public'::regnamespace, 'private'::regnamespace)
    group by 1
    having bool_and(prosqlbody is not null or prokind = 'p')
  `;
  const isBound = ({ metadata }: Finding) =>
    bound.some((row) => row.name === `${metadata.schema}.${metadata.name}`);
  return (results as Finding[]).filter(
    (finding) =>
      // Nobody has sent a query to this database yet.
      finding.name !== "unused_index" &&
      // The tables of pg-boss are as the package makes them. The API does not expose them.
      finding.metadata.schema !== "pgboss" &&
      !(finding.name === "function_search_path_mutable" && isBound(finding)),
  );
}

test("the advisors find nothing", async () => {
  expect(await findings()).toEqual([]);
});

test("the advisors find a mistake", async () => {
  await db.admin.unsafe(`
    create table public.forgotten (id bigint primary key, author_id uuid references public.profiles);
    create function public.forgotten() returns integer language sql as 'select 1';
  `);
  expect((await findings()).map((finding) => finding.name).sort()).toEqual([
    "function_search_path_mutable",
    "rls_disabled_in_public",
    "unindexed_foreign_keys",
  ]);
});
