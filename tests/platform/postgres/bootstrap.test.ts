import { spawn } from "node:child_process";
import { once } from "node:events";
import { chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createLog, silent } from "../../../platform/log.ts";
import { findBinaries, serverUser } from "../../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { startServer } from "../../../platform/postgres/server.ts";
import {
  bootstrapFiles,
  bootstrapOptions,
  connect,
  createDatabase,
  startWithExtensions,
  urlOf,
  useSupabaseServer,
} from "./supabase-server.ts";

const server = useSupabaseServer();

test("a second run changes nothing, and keeps the changes since the first", async () => {
  await server.owner.unsafe("alter role anon set statement_timeout = '4s'");
  const state = () => server.admin`
    select
      (select json_agg(row(rolname, xmin) order by rolname) from pg_authid) as roles,
      (select json_agg(row(setdatabase, setrole, setconfig, xmin) order by setdatabase, setrole)
        from pg_db_role_setting) as settings,
      (select json_agg(row(nspname, nspacl, xmin) order by nspname) from pg_namespace where nspname !~ '^pg_temp|^pg_toast_temp')
        as schemas,
      (select json_agg(row(name, applied_at) order by name) from platform.bootstrap) as ledger
  `;
  const before = await state();
  await bootstrapDatabase(urlOf(server, "supabase_admin"), bootstrapOptions);
  expect(await state()).toEqual(before);
  await server.owner.unsafe("alter role anon set statement_timeout = '3s'");
});

test("a new password and expiry take effect at the next run", async () => {
  await bootstrapDatabase(urlOf(server, "supabase_admin"), {
    ...bootstrapOptions,
    password: "anöther'",
    jwtExpiryS: 60,
  });
  const sql = connect(server, "authenticator", "postgres", "anöther'");
  expect(await sql`select current_setting('app.settings.jwt_exp') as expiry`).toEqual([{ expiry: "60" }]);
  await sql.end();
  const stale = connect(server, "authenticator");
  await expect(stale`select`).rejects.toMatchObject({ code: "28P01" });
  await stale.end();
  await bootstrapDatabase(urlOf(server, "supabase_admin"), bootstrapOptions);
});

test("if an applied file has changed, the log names it and it is not applied again", async () => {
  const lines: string[] = [];
  await server.admin`update platform.bootstrap set sha256 = 'other' where name = '02-schemas.sql'`;
  const [before] = await server.admin`select sha256 from platform.bootstrap where name = '02-schemas.sql'`;
  await bootstrapDatabase(urlOf(server, "supabase_admin"), {
    ...bootstrapOptions,
    log: createLog((line) => lines.push(line)),
  });
  expect(lines.join("\n")).toMatch(/02-schemas\.sql has changed/);
  expect(before?.sha256).toBe("other");
});

test("a new file is applied to an older database", async () => {
  const database = await createDatabase(server, "older");
  await bootstrapDatabase(urlOf(server, "supabase_admin", database), bootstrapOptions);
  const sql = connect(server, "supabase_admin", database);
  await sql.unsafe(`
    drop event trigger pgrst_ddl_watch;
    drop event trigger pgrst_drop_watch;
    drop function extensions.pgrst_ddl_watch, extensions.pgrst_drop_watch;
    delete from platform.bootstrap where name = '06-schema-reload.sql';
  `);
  await bootstrapDatabase(urlOf(server, "supabase_admin", database), bootstrapOptions);
  expect(await sql`select evtname from pg_event_trigger order by 1`).toEqual([
    { evtname: "lend_service_roles" },
    { evtname: "pgrst_ddl_watch" },
    { evtname: "pgrst_drop_watch" },
    { evtname: "return_service_roles" },
  ]);
  await sql.end();
});

test("several processes can bootstrap two databases of a new server at once", async () => {
  await using fresh = await startWithExtensions(join(server.dir, "fresh"));
  const sql = connect(fresh, "supabase_admin");
  await sql.unsafe("create database second");
  await Promise.all(
    ["postgres", "second", "postgres", "second"].map((database) =>
      bootstrapDatabase(urlOf(fresh, "supabase_admin", database), bootstrapOptions),
    ),
  );
  for (const database of ["postgres", "second"]) {
    const each = connect(fresh, "postgres", database);
    expect(await each`select count(*)::integer as users from auth.users`).toEqual([{ users: 0 }]);
    expect(await each`select count(*)::integer as files from platform.bootstrap`).toEqual([
      { files: bootstrapFiles },
    ]);
    await each.end();
  }
  await sql.end();
});

test("a database that is already a Supabase database is left as it is", async () => {
  const database = await createDatabase(server, "hosted");
  const sql = connect(server, "supabase_admin", database);
  await sql.unsafe("create schema auth; create table auth.users (id uuid primary key)");
  const lines: string[] = [];
  // As on hosted Supabase, the role of this URL could not change the database.
  await sql.unsafe("grant usage on schema auth to postgres");
  await bootstrapDatabase(urlOf(server, "postgres", database), {
    ...bootstrapOptions,
    log: createLog((line) => lines.push(line)),
  });
  expect(lines.join("\n")).toMatch(/already a Supabase database: left as it is/);
  expect(
    await sql`select nspname from pg_namespace where nspname in ('auth', 'storage', 'extensions', 'platform')`,
  ).toEqual([{ nspname: "auth" }]);
  await sql.end();
});

test("without the rights of a superuser, the error says what is missing", async () => {
  const database = await createDatabase(server, "bare");
  await expect(
    bootstrapDatabase(urlOf(server, "postgres", database), bootstrapOptions),
  ).rejects.toMatchObject({
    name: "PlatformError",
    code: "bootstrap_needs_superuser",
  });
});

test("a run that fails halfway leaves nothing behind and names the file", async () => {
  const database = await createDatabase(server, "occupied");
  const sql = connect(server, "supabase_admin", database);
  await sql.unsafe("create schema realtime");
  await expect(
    bootstrapDatabase(urlOf(server, "supabase_admin", database), bootstrapOptions),
  ).rejects.toMatchObject({
    code: "bootstrap_failed",
    message: expect.stringMatching(/^02-schemas\.sql: .*realtime/),
  });
  expect(
    await sql`select nspname from pg_namespace where nspname in ('auth', 'extensions', 'platform')`,
  ).toEqual([]);
  await sql.end();
});

test("a plain server whose superuser is called postgres becomes a Supabase database, with a warning", async () => {
  const dataDir = join(server.dir, "plain");
  await initialise(dataDir, "postgres");
  await using plain = await startServer({
    dataDir,
    port: 0,
    password: "postgres",
    durable: false,
    log: silent,
  });
  const lines: string[] = [];
  await bootstrapDatabase(urlOf(plain, "postgres"), {
    ...bootstrapOptions,
    log: createLog((line) => lines.push(line)),
  });
  expect(lines.join("\n")).toMatch(/postgres is a superuser of this server/);
  const sql = connect(plain, "postgres");
  expect(await sql`select rolsuper from pg_roles where rolname in ('postgres', 'supabase_admin')`).toEqual([
    { rolsuper: true },
    { rolsuper: true },
  ]);
  expect(
    await sql`select nspowner::regrole::text as owner from pg_namespace where nspname in ('auth', 'platform')`,
  ).toEqual([{ owner: "supabase_admin" }, { owner: "supabase_admin" }]);
  await sql.end();
  const rest = connect(plain, "authenticator");
  const [, uid] = await rest.begin((anon) => [anon`set local role anon`, anon`select auth.uid()`]);
  expect(uid).toEqual([{ uid: null }]);
  await rest.end();
});

/** Makes a data folder as Linux distributions do. */
async function initialise(dataDir: string, superuser: string): Promise<void> {
  const user = await serverUser();
  const { initdb } = await findBinaries(user);
  const passwordFile = join(server.dir, "password");
  await writeFile(passwordFile, "postgres");
  await mkdir(dataDir, { mode: 0o700 });
  if (user) for (const path of [dataDir, passwordFile]) await chown(path, user.uid, user.gid);
  const args = [
    "-D",
    dataDir,
    "-U",
    superuser,
    "--auth=scram-sha-256",
    `--pwfile=${passwordFile}`,
    "--no-sync",
  ];
  const child = spawn(initdb, [...args, "--encoding=UTF8", "--locale=C"], {
    ...user,
    cwd: "/",
    stdio: "ignore",
  });
  expect(await once(child, "exit")).toEqual([0, null]);
}
