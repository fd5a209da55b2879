import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { installExtensions } from "../../../platform/postgres/extensions.ts";
import { as, denied, undone, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();

test("a project starts with the same extensions as a hosted project", async () => {
  expect(
    await server.owner`
      select extname, extnamespace::regnamespace::text as schema, extowner::regrole::text as owner
      from pg_extension
      order by extname
    `,
  ).toEqual([
    { extname: "pg_stat_statements", schema: "extensions", owner: "supabase_admin" },
    { extname: "pgcrypto", schema: "extensions", owner: "supabase_admin" },
    { extname: "plpgsql", schema: "pg_catalog", owner: "supabase_admin" },
    { extname: "supabase_vault", schema: "vault", owner: "supabase_admin" },
    { extname: "uuid-ossp", schema: "extensions", owner: "supabase_admin" },
  ]);
  const digest = await as(
    server,
    "authenticated",
    {},
    (sql) => sql`select encode(extensions.digest('plaza', 'md5'), 'hex') as md5`,
  );
  expect(digest).toEqual([{ md5: "92b32908e8b9f9b67d4fb5d580524a7f" }]);
});

test("postgres creates every extension that hosted Supabase lets it create, and no other", async () => {
  const available = await server.owner<{ name: string }[]>`
    select name from pg_available_extensions where installed_version is null order by name
  `;
  const created: string[] = [];
  for (const { name } of available) {
    await undone(server.owner, async (sql) => {
      const schema = name === "pg_cron" ? "pg_catalog" : "extensions";
      await sql.unsafe(`create extension "${name}" with schema ${schema} cascade`);
      created.push(name);
    }).catch((error) => expect(error, name).toMatchObject(denied));
  }
  expect(created).toEqual([
    ...["autoinc", "bloom", "btree_gin", "btree_gist", "citext", "cube", "dblink", "dict_int", "dict_xsyn"],
    ...[
      "earthdistance",
      "fuzzystrmatch",
      "hstore",
      "insert_username",
      "intarray",
      "isn",
      "ltree",
      "moddatetime",
    ],
    ...["pg_buffercache", "pg_cron", "pg_net", "pg_prewarm", "pg_trgm", "pg_walinspect", "pgrowlocks"],
    ...["pgstattuple", "pgtap", "postgres_fdw", "refint", "seg", "sslinfo", "tablefunc", "tcn"],
    ...["tsm_system_rows", "tsm_system_time", "unaccent"],
  ]);
  expect(available.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["file_fdw", "lo", "pageinspect", "plperl", "pg_surgery"]),
  );
});

describe("installing", () => {
  let home: string;
  let folder: string;

  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "plaza-home-"));
    folder = join(home, "share", "postgresql", "extension");
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, "plperl.control"), "default_version = '1.0'\ntrusted = true\n");
    await writeFile(join(folder, "postgres_fdw.control"), "default_version = '1.1'\nrelocatable = true\n");
    onTestFinished(() => rm(home, { recursive: true }));
  });

  const contents = async () => {
    const names = (await readdir(folder)).sort();
    return Promise.all(
      names.map(async (name) => {
        const { mtimeMs, ino } = await stat(join(folder, name));
        return { name, text: await readFile(join(folder, name), "utf8"), mtimeMs, ino };
      }),
    );
  };

  test("adds the stand-ins and pgTAP, and trusts the same extensions as hosted Supabase", async () => {
    await installExtensions(home);
    const files = new Map((await contents()).map(({ name, text }) => [name, text]));
    expect([...files.keys()]).toEqual([
      "pg_cron--1.6.4.sql",
      "pg_cron.control",
      "pg_net--0.20.6.sql",
      "pg_net.control",
      expect.stringMatching(/^pgtap--[\d.]+\.sql$/),
      "pgtap.control",
      "plperl.control",
      "postgres_fdw.control",
      "supabase_vault--0.3.1.sql",
      "supabase_vault.control",
    ]);
    expect(files.get("plperl.control")).toBe("default_version = '1.0'\n");
    expect(files.get("postgres_fdw.control")).toBe(
      "default_version = '1.1'\nrelocatable = true\ntrusted = true\n",
    );
    for (const name of ["pg_cron", "pg_net", "pgtap", "supabase_vault"])
      expect(files.get(`${name}.control`)).toMatch(/^trusted = true$/m);
  });

  test("again, or many times at once, changes no file", async () => {
    await installExtensions(home);
    const before = await contents();
    await Promise.all([1, 2, 3].map(() => installExtensions(home)));
    expect(await contents()).toEqual(before);
  });

  test("many times at once into an empty folder leaves complete files and nothing else", async () => {
    await Promise.all([1, 2, 3, 4].map(() => installExtensions(home)));
    const parallel = (await contents()).map(({ name, text }) => ({ name, text }));
    await installExtensions(home);
    expect((await contents()).map(({ name, text }) => ({ name, text }))).toEqual(parallel);
  });

  test("fails with an error that names the file which cannot be written", async () => {
    await mkdir(join(folder, "pg_net--0.20.6.sql", "in the way"), { recursive: true });
    await expect(installExtensions(home)).rejects.toMatchObject({
      name: "PlatformError",
      code: "extensions_unwritable",
      message: expect.stringContaining("pg_net--0.20.6.sql"),
    });
    expect((await readdir(folder)).filter((name) => /\.(sql|control)\./.test(name))).toEqual([]);
  });
});

test("pgTAP runs", async () => {
  await undone(server.owner, async (sql) => {
    await sql.unsafe("create extension pgtap with schema extensions");
    expect(await sql`select extensions.plan(1)`).toEqual([{ plan: "1..1" }]);
    expect(await sql`select extensions.has_table('auth', 'users', 'users are there')`).toEqual([
      { has_table: "ok 1 - users are there" },
    ]);
  });
});
