import type { Sql, TransactionSql } from "postgres";
import { expect, test } from "vitest";
import { as, connect, denied, undone, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();
const alice = "a11ce000-0000-4000-8000-000000000001";

test("auth.uid() and similar functions read the claims of the request", async () => {
  const claims = { sub: alice, role: "authenticated", email: "alice@plaza.test" };
  const ask = (sql: Sql | TransactionSql) =>
    sql`select auth.uid() as uid, auth.role() as role, auth.email() as email, auth.jwt() as jwt`;
  expect(await as(server, "authenticated", claims, ask)).toEqual([
    { uid: alice, role: "authenticated", email: "alice@plaza.test", jwt: claims },
  ]);
  expect(await as(server, "anon", undefined, ask)).toEqual([
    { uid: null, role: null, email: null, jwt: null },
  ]);
});

test("API roles cannot read a row of auth, and alice's row is there", async () => {
  await server.owner`insert into auth.users (id, email) values (${alice}, 'alice@plaza.test')`;
  for (const role of ["anon", "authenticated", "service_role"]) {
    await expect(
      as(server, role, { sub: alice }, (sql) => sql`select from auth.users`),
    ).rejects.toMatchObject(denied);
  }
  expect(await server.owner`delete from auth.users where id = ${alice} returning id`).toHaveLength(1);
});

test("postgres is refused what hosted Supabase refuses", async () => {
  const refused: Record<string, string> = {
    "an auth table's columns": "alter table auth.users add column nickname text",
    "an auth table's index": "create index on auth.users (role)",
    "an auth table's row level security": "alter table auth.users disable row level security",
    "an auth table": "drop table auth.sessions cascade",
    "an auth function": "create or replace function auth.uid() returns uuid language sql return null::uuid",
    "the Auth server's ledger": "insert into auth.schema_migrations values ('1')",
    "the bootstrap's ledger": "delete from platform.bootstrap",
    "the superuser": "set role supabase_admin",
    "the Auth server": "set role supabase_auth_admin",
    "the superuser's password": "alter role supabase_admin password 'mine'",
    "a service's password": "alter role supabase_auth_admin password 'mine'",
    "a superuser": "create role mallory superuser",
    "membership in a service": "grant supabase_storage_admin to anon",
    "the server's files": "grant pg_read_server_files to postgres",
    "a file": "select pg_read_file('PG_VERSION')",
    "a program": "copy (select 1) to program 'true'",
    "the server's configuration": "alter system set work_mem = '1GB'",
    "a publication of all tables": "create publication everything for all tables",
    "a language": "create extension plperl",
  };
  for (const [what, statement] of Object.entries(refused)) {
    await expect(server.owner.unsafe(statement), what).rejects.toMatchObject(denied);
  }
  // All these things exist, and the superuser may use them.
  expect(
    await server.admin`
      select to_regclass('auth.users') is not null
        and to_regclass('auth.sessions') is not null
        and to_regclass('platform.bootstrap') is not null
        and to_regrole('supabase_storage_admin') is not null
        and pg_read_file('PG_VERSION') is not null
        and exists (select from pg_available_extensions where name = 'plperl') as present
    `,
  ).toEqual([{ present: true }]);
});

test("postgres may do what migrations do on hosted Supabase", async () => {
  await undone(server.owner, async (sql) => {
    await sql.unsafe(`
        create schema private;
        create table public.profiles (id uuid primary key references auth.users on delete cascade, name text);
        create function private.create_profile() returns trigger
        language plpgsql security definer set search_path = ''
        as $$
        begin
          insert into public.profiles (id, name) values (new.id, new.raw_user_meta_data ->> 'username');
          return null;
        end
        $$;
        create trigger create_profile after insert on auth.users
          for each row execute function private.create_profile();
        create or replace trigger create_profile after insert on auth.users
          for each row execute function private.create_profile();
        grant usage on schema private to supabase_auth_admin;
        create publication mine for table public.profiles;
        create role moderator;
        grant moderator to authenticator;
        alter role anon set statement_timeout = '5s';
        alter role authenticator set pgrst.db_pre_request = 'private.check';
        set local session_replication_role = replica;
        set local session_replication_role = origin;
        grant select on auth.users to moderator;
        grant usage on schema storage, realtime, vault to moderator;
      `);
    await sql`
        insert into auth.users (id, raw_user_meta_data) values (${alice}, ${sql.json({ username: "alice" })})
      `;
    expect(await sql`select name from public.profiles`).toEqual([{ name: "alice" }]);
    await sql`delete from auth.users`;
    expect(await sql`select from public.profiles`).toHaveLength(0);
  });
  expect(await server.owner`select pg_reload_conf() as reloaded`).toEqual([{ reloaded: true }]);
});

test("commands that need supautils on hosted Supabase are refused", async () => {
  await server.owner.unsafe(`
    create schema private;
    create function private.noop_event() returns event_trigger language plpgsql as 'begin end';
  `);
  await expect(
    server.owner.unsafe("create event trigger noop on ddl_command_end execute function private.noop_event()"),
  ).rejects.toMatchObject(denied);
  expect(await server.owner`select to_regproc('private.noop_event') is not null as present`).toEqual([
    { present: true },
  ]);
  await server.owner.unsafe("drop schema private cascade");
});

test("postgres can drop a trigger of auth.users, by itself or with its function", async () => {
  const create = `
    create schema private;
    create function private.noop() returns trigger language plpgsql as 'begin return null; end';
    create trigger noop after insert on auth.users for each row execute function private.noop();
  `;
  const triggers = () => server.owner`
    select tgname from pg_trigger where tgrelid = 'auth.users'::regclass and not tgisinternal
  `;
  for (const drop of ["drop trigger noop on auth.users", "drop function private.noop() cascade"]) {
    await server.owner.unsafe(create);
    expect(await triggers()).toEqual([{ tgname: "noop" }]);
    await server.owner.unsafe(drop);
    expect(await triggers()).toEqual([]);
    await server.owner.unsafe("drop schema private cascade");
  }
});

test("the API cannot reach a new table in public before a grant", async () => {
  await server.owner.unsafe("create table public.posts (id bigserial primary key, title text)");
  await server.owner`insert into public.posts (title) values ('hello')`;
  const read = (sql: TransactionSql) => sql`select title from public.posts`;
  const write = (sql: TransactionSql) =>
    sql`insert into public.posts (title) values ('mine') returning title`;
  for (const role of ["anon", "authenticated", "service_role"]) {
    await expect(as(server, role, {}, read)).rejects.toMatchObject(denied);
    await expect(as(server, role, {}, write)).rejects.toMatchObject(denied);
  }
  await server.owner.unsafe(`
    grant select on public.posts to anon, authenticated;
    grant insert on public.posts to authenticated;
    grant usage on sequence public.posts_id_seq to authenticated;
  `);
  expect(await as(server, "anon", {}, read)).toEqual([{ title: "hello" }]);
  expect(await as(server, "authenticated", {}, write)).toEqual([{ title: "mine" }]);
  await expect(as(server, "anon", {}, write)).rejects.toMatchObject(denied);
  await expect(as(server, "service_role", {}, read)).rejects.toMatchObject(denied);
  await server.owner.unsafe("drop table public.posts");
});

test("API roles can call a new function in public only through PUBLIC, and not after a revoke", async () => {
  await server.owner.unsafe(
    "create function public.greet() returns text language plpgsql as 'begin return ''hello''; end'",
  );
  const call = (sql: TransactionSql) => sql`select public.greet()`;
  expect(await as(server, "anon", {}, call)).toEqual([{ greet: "hello" }]);
  await server.owner.unsafe("revoke execute on function public.greet() from public");
  for (const role of ["anon", "authenticated", "service_role"])
    await expect(as(server, role, {}, call)).rejects.toMatchObject(denied);
  await server.owner.unsafe("grant execute on function public.greet() to authenticated");
  expect(await as(server, "authenticated", {}, call)).toEqual([{ greet: "hello" }]);
  await expect(as(server, "anon", {}, call)).rejects.toMatchObject(denied);
  await server.owner.unsafe("drop function public.greet()");
});

test("the REST service is told about schema changes, except in the schemas of services", async () => {
  const listener = connect(server, "authenticator");
  const heard: string[] = [];
  let wake = () => {};
  await listener.listen("pgrst", (payload) => {
    heard.push(payload);
    wake();
  });
  const marker = async () => {
    const arrived = new Promise<void>((resolve) => {
      wake = () => heard.at(-1) === "marker" && resolve();
    });
    await server.admin.unsafe("notify pgrst, 'marker'");
    await arrived;
    return heard.splice(0).filter((payload) => payload !== "marker");
  };
  for (const statement of [
    "create table public.announced (id integer primary key)",
    "alter table public.announced add column name text",
    "comment on table public.announced is 'heard'",
    "create view public.announcement as select id from public.announced",
    "create function public.announce() returns trigger language plpgsql as 'begin return new; end'",
    "create trigger announce before insert on public.announced for each row execute function public.announce()",
    "drop trigger announce on public.announced",
    "drop function public.announce()",
    "drop table public.announced cascade",
  ]) {
    await server.owner.unsafe(statement);
    expect(await marker(), statement).toEqual(["reload schema"]);
  }
  for (const statement of [
    "create temporary table scratch (id integer)",
    "alter table scratch add column name text",
    "drop table scratch",
    "create table auth.internal (id integer)",
    "drop table auth.internal",
  ]) {
    await server.admin.unsafe(statement);
    expect(await marker(), statement).toEqual([]);
  }
  await listener.end();
});
