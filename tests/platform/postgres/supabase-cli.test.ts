import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import {
  bootstrapFiles,
  bootstrapOptions,
  connect,
  createDatabase,
  urlOf,
  useSupabaseServer,
} from "./supabase-server.ts";

const server = useSupabaseServer();

test("the supabase CLI migrates, advises, compares and resets", { timeout: 180_000 }, async () => {
  const [first, second] = [await createDatabase(server, "first"), await createDatabase(server, "second")];
  for (const database of [first, second]) {
    await bootstrapDatabase(urlOf(server, "supabase_admin", database), bootstrapOptions);
    // A job has the name of its database. The comparison must not report that as a difference.
    await server.admin.unsafe(`alter database ${database} set cron.database_name = 'postgres'`);
  }
  const project = join(server.dir, "project");
  await mkdir(join(project, "supabase", "migrations"), { recursive: true });
  await writeFile(
    join(project, "supabase", "config.toml"),
    'project_id = "t"\n[db]\nport = 1\nmajor_version = 17\n[experimental.pgdelta]\nenabled = true\n',
  );
  await writeFile(
    join(project, "supabase", "migrations", "20260101000000_notes.sql"),
    `create extension if not exists pg_cron;
     create extension if not exists pg_net with schema extensions;
     create extension if not exists citext with schema extensions;
     create schema private;
     create table public.notes (
       id bigint generated always as identity primary key,
       author_id uuid not null references auth.users on delete cascade,
       body text not null
     );
     create index notes_author_id_idx on public.notes (author_id);
     alter table public.notes enable row level security;
     create policy "authors read their notes" on public.notes
       for select to authenticated using (author_id = (select auth.uid()));
     grant select on public.notes to authenticated;
     create function private.welcome() returns trigger
     language plpgsql security definer set search_path = ''
     as $$ begin return null; end $$;
     create trigger welcome after insert on auth.users for each row execute function private.welcome();
     alter publication supabase_realtime add table public.notes;
     create policy "people hear of their notes" on realtime.messages
       for select to authenticated using (realtime.topic() = 'notes:' || (select auth.uid()));
     select cron.schedule('tidy', '0 3 * * *', 'delete from cron.job_run_details');`,
  );
  const supabase = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)("supabase", [...args, "--output-format", "json"], {
      cwd: project,
      env: { ...process.env, SUPABASE_TELEMETRY_DISABLED: "1", SUPABASE_HOME: join(project, "home") },
    });
    return JSON.parse(stdout);
  };
  const remote = (database: string) => `${urlOf(server, "postgres", database)}?sslmode=disable`;
  const migrated = connect(server, "postgres", second);
  const history = () => migrated`select version from supabase_migrations.schema_migrations`;

  await supabase("migration", "up", `--remote=${remote(first)}`, "--include-all", "--yes");
  await supabase("db", "push", `--remote=${remote(second)}`, "--include-all", "--yes");
  expect(await history()).toEqual([{ version: "20260101000000" }]);

  const advice = await supabase("db", "advisors", `--remote=${remote(first)}`, "--level", "info");
  expect(findings(advice)).toEqual(["unused_index notes_author_id_idx"]);

  const diff = () => supabase("db", "diff", "--from", remote(first), "--to", remote(second));
  expect(await diff()).toMatchObject({ diff: "" });
  // A partition for the messages of another day is not a difference.
  const [oldest] = await migrated`
    select inhrelid::regclass::text as partition from pg_inherits where inhparent = 'realtime.messages'::regclass
    order by 1 limit 1
  `;
  const admin = connect(server, "supabase_admin", second);
  await admin.unsafe(`drop table ${oldest?.partition}`);
  await admin.end();
  expect(await diff()).toMatchObject({ diff: "" });
  await migrated.unsafe("alter table public.notes add column title text");
  expect((await diff()).diff).toMatch(/add column "?title"?/i);

  await supabase("db", "reset", `--remote=${remote(second)}`, "--yes");
  expect(await history()).toEqual([{ version: "20260101000000" }]);
  expect(await diff()).toMatchObject({ diff: "" });
  expect(await migrated`select count(*)::integer as files from platform.bootstrap`).toEqual([
    { files: bootstrapFiles },
  ]);
  await migrated.end();
});

/** "lint object" for each finding, in any form that the CLI prints. */
function findings(advice: unknown): string[] {
  const list = Array.isArray(advice) ? advice : Object.values(advice as object).find(Array.isArray);
  return (list ?? []).map(
    ({ name, detail }: { name: string; detail: string }) => `${name} ${/`([^`]+)`/.exec(detail)?.[1]}`,
  );
}
