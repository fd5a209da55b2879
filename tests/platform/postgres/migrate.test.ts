import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { silent } from "../../../platform/log.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { type HeadStart, migrate, startAhead } from "../../../platform/postgres/migrate.ts";
import { bootstrapOptions, connect, createDatabase, urlOf, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();
let project: string;

beforeEach(async () => {
  project = join(server.dir, "project");
  await mkdir(join(project, "supabase", "migrations"), { recursive: true });
  await writeFile(
    join(project, "supabase", "config.toml"),
    'project_id = "t"\n[db]\nport = 1\nmajor_version = 17\n',
  );
  await migration("20260101000000_notes", "create table public.notes (body text not null);");
  await seed("insert into public.notes (body) values ('hello'), ('again');");
});

const migration = (name: string, sql: string) =>
  writeFile(join(project, "supabase", "migrations", `${name}.sql`), sql);
const seed = (sql: string) => writeFile(join(project, "supabase", "seed.sql"), sql);

async function database(name: string) {
  await createDatabase(server, name);
  await bootstrapDatabase(urlOf(server, "supabase_admin", name), bootstrapOptions);
  const sql = connect(server, "postgres", name);
  return {
    sql,
    push: (options: { seed?: boolean; query?: string; headStart?: HeadStart } = {}) =>
      migrate({
        headStart: options.headStart,
        projectDir: project,
        databaseUrl: urlOf(server, "postgres", name) + (options.query ?? ""),
        homeDir: join(server.dir, "home"),
        seed: options.seed ?? true,
        env: {},
        log: silent,
      }),
    notes: async () => (await sql`select body from public.notes order by body`).map(({ body }) => body),
    [Symbol.asyncDispose]: () => sql.end(),
  };
}

test("if the first start ends between migrations and seed, the next one completes it", async () => {
  await using db = await database("interrupted");
  await seed("insert into public.notes (body) values ('hello'); select 1 / 0;");
  await expect(db.push()).rejects.toMatchObject({ code: "migration_failed" });
  expect(await db.notes()).toEqual([]);
  expect(await db.sql`select version from supabase_migrations.schema_migrations`).toHaveLength(1);

  await seed("insert into public.notes (body) values ('hello'), ('again');");
  await db.push();
  expect(await db.notes()).toEqual(["again", "hello"]);
});

test("a database that has its seed, or needs none, is only migrated at later starts", async () => {
  await using seeded = await database("seeded");
  await using bare = await database("bare");
  expect(await seeded.push()).toBe(1);
  expect(await bare.push({ seed: false })).toBe(1);
  await seeded.sql`delete from public.notes`;

  await migration("20260102000000_more", "create table public.more (body text);");
  await seed("insert into public.notes (body) values ('another seed');");
  for (const db of [seeded, bare]) {
    expect(await db.push()).toBe(1);
    expect(await db.push()).toBe(0);
    expect(await db.notes()).toEqual([]);
  }
});

test("the database URL may have its own parameters", async () => {
  await using db = await database("parameters");
  await db.push({ query: "?sslmode=disable" });
  expect(await db.notes()).toEqual(["again", "hello"]);
});

const ahead = (name: string) =>
  startAhead(
    { projectDir: project, homeDir: join(server.dir, "home"), seed: true, env: {}, log: silent },
    urlOf(server, "postgres", name),
  );

test("a CLI that started before its database is there migrates it when it is", async () => {
  await using headStart = await ahead("ahead");
  await using db = await database("ahead");
  expect(await db.push({ headStart })).toBeGreaterThan(0);
  expect(headStart.ended).toBe(true);
  expect(await db.notes()).toEqual(["again", "hello"]);
  expect(await db.push()).toBe(0);
});

test("if the CLI that started before has ended, another one migrates the database", async () => {
  const headStart = await ahead("late");
  await headStart[Symbol.asyncDispose]();
  await using db = await database("late");
  await expect.poll(() => headStart.ended).toBe(true);
  expect(await db.push({ headStart })).toBeGreaterThan(0);
  expect(await db.notes()).toEqual(["again", "hello"]);
});

test("a full disk is not a mistake in a migration", async () => {
  await using db = await database("diskless");
  await seed("do $$ begin raise disk_full using message = 'PANIC: No space left on device'; end $$;");
  await expect(db.push()).rejects.toMatchObject({ code: "disk_full" });
});

test("a mistake in a migration is told, also by a CLI that started before", async () => {
  await migration("20260103000000_mistake", "create table public.notes (body text);");
  await using headStart = await ahead("mistaken");
  await using db = await database("mistaken");
  await expect(db.push({ headStart })).rejects.toMatchObject({
    code: "migration_failed",
    message: expect.stringContaining("already exists"),
  });
});
