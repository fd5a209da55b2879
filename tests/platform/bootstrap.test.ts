import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres, { type Sql, type TransactionSql } from "postgres";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createLog, silent } from "../../platform/log.ts";
import { findBinaries, serverUser } from "../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../platform/postgres/extensions.ts";
import { type PostgresServer, startServer } from "../../platform/postgres/server.ts";

const alice = "a11ce000-0000-4000-8000-000000000001";
const options = { password: "postgres", jwtExpiryS: 3600, log: silent };

let dir: string;
let server: PostgresServer;
/** The superuser. */
let admin: Sql;
/** Who runs the migrations. */
let owner: Sql;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-bootstrap-"));
  await chmod(dir, 0o755);
  server = await start(join(dir, "data"));
  await bootstrapDatabase(url("supabase_admin"), options);
  admin = connect("supabase_admin");
  owner = connect("postgres");
});
afterAll(async () => {
  await Promise.all([admin?.end(), owner?.end()]);
  await server?.[Symbol.asyncDispose]();
  await rm(dir, { recursive: true, force: true });
});

async function start(dataDir: string): Promise<PostgresServer> {
  const started = await startServer({ dataDir, port: 0, password: "postgres", durable: false, log: silent });
  await installExtensions(started.binaries.home);
  return started;
}

const url = (user: string, database = "postgres", port = server.port, password = "postgres") =>
  `postgresql://${user}:${password}@127.0.0.1:${port}/${database}`;
const connect = (user: string, database?: string, port?: number, password?: string) =>
  postgres(url(user, database, port, password), { max: 1, onnotice() {} });

/** Gone with the test. */
async function createDatabase(name: string): Promise<string> {
  await admin.unsafe(`create database ${name}`);
  onTestFinished(async () => {
    await admin.unsafe(`drop database ${name} with (force)`);
  });
  return name;
}

/** Runs as an API role with a user's claims, as the REST service does, and leaves nothing behind. */
async function as<T>(
  role: string,
  claims: object | undefined,
  work: (sql: TransactionSql) => Promise<T>,
): Promise<T> {
  const undo = Symbol();
  let result: T | undefined;
  await owner
    .begin(async (sql) => {
      await sql.unsafe(`set local role ${role}`);
      if (claims) await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
      result = await work(sql);
      throw undo;
    })
    .catch((error) => {
      if (error !== undo) throw error;
    });
  return result as T;
}

const denied = { code: "42501" };

test("the roles are those of a hosted project", async () => {
  const roles = await admin`
    select rolname, rolsuper, rolcanlogin, rolinherit, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls
    from pg_roles
    where rolname !~ '^pg_'
    order by rolname collate "C"
  `;
  const attributes = ["super", "login", "inherit", "createdb", "createrole", "replication", "bypassrls"];
  expect(
    Object.fromEntries(
      roles.map(({ rolname, ...flags }) => [
        rolname,
        attributes.filter((_, index) => Object.values(flags)[index]).join(" "),
      ]),
    ),
  ).toEqual({
    anon: "inherit",
    authenticated: "inherit",
    authenticator: "login",
    dashboard_user: "inherit createdb createrole replication",
    pgbouncer: "login inherit",
    postgres: "login inherit createdb createrole replication bypassrls",
    service_role: "inherit bypassrls",
    supabase_admin: "super login inherit createdb createrole replication bypassrls",
    supabase_auth_admin: "login",
    supabase_etl_admin: "login inherit replication",
    supabase_functions_admin: "login createrole",
    supabase_privileged_role: "inherit",
    supabase_read_only_user: "login inherit bypassrls",
    supabase_realtime_admin: "login createrole replication",
    supabase_replication_admin: "login inherit replication",
    supabase_storage_admin: "login createrole",
  });
});

test("the memberships are those of a hosted project, and postgres is no service's member", async () => {
  const members = await admin`
    select member::regrole::text || ' in ' || roleid::regrole || case when admin_option then ' as admin' else '' end
      as membership
    from pg_auth_members
    where member::regrole::text !~ '^pg_'
    order by 1
  `;
  expect(members.map(({ membership }) => membership)).toEqual([
    "authenticator in anon",
    "authenticator in authenticated",
    "authenticator in service_role",
    "postgres in anon as admin",
    "postgres in authenticated as admin",
    "postgres in authenticator as admin",
    "postgres in pg_create_subscription as admin",
    "postgres in pg_monitor as admin",
    "postgres in pg_read_all_data as admin",
    "postgres in pg_signal_backend as admin",
    "postgres in service_role as admin",
    "postgres in supabase_privileged_role",
    "supabase_etl_admin in pg_read_all_data",
    "supabase_read_only_user in pg_read_all_data",
    "supabase_realtime_admin in anon",
    "supabase_realtime_admin in authenticated",
    "supabase_realtime_admin in service_role",
    "supabase_storage_admin in authenticator",
  ]);
});

test("roles carry their timeouts and search paths", async () => {
  const settings = await admin<{ rolname: string; rolconfig: string[] }[]>`
    select rolname, rolconfig from pg_roles where rolconfig is not null
  `;
  expect(Object.fromEntries(settings.map(({ rolname, rolconfig }) => [rolname, rolconfig]))).toEqual({
    anon: ["statement_timeout=3s"],
    authenticated: ["statement_timeout=8s"],
    authenticator: ["statement_timeout=8s", "lock_timeout=8s"],
    postgres: ['search_path="$user", public, extensions'],
    supabase_admin: ['search_path="$user", public, auth, extensions', "log_statement=none"],
    supabase_auth_admin: [
      "search_path=auth",
      "idle_in_transaction_session_timeout=60000",
      "log_statement=none",
    ],
    supabase_realtime_admin: ["search_path=realtime"],
    supabase_storage_admin: ["search_path=storage", "log_statement=none"],
  });
});

test("services log in with the password, and roles that nobody logs in as have none", async () => {
  for (const role of [
    "postgres",
    "authenticator",
    "supabase_auth_admin",
    "supabase_storage_admin",
    "supabase_realtime_admin",
  ]) {
    const sql = connect(role);
    expect(await sql`select current_user::text as role`).toEqual([{ role }]);
    await sql.end();
  }
  expect(
    await admin`select rolname from pg_authid where rolpassword is null and rolcanlogin order by 1`,
  ).toEqual(
    [
      "pgbouncer",
      "supabase_etl_admin",
      "supabase_functions_admin",
      "supabase_read_only_user",
      "supabase_replication_admin",
    ].map((rolname) => ({ rolname })),
  );
});

test("supabase_admin owns the services' schemas, and postgres creates in none of them", async () => {
  const schemas = await owner`
    select nspname as schema, nspowner::regrole::text as owner,
      has_schema_privilege(oid, 'usage') as usage, has_schema_privilege(oid, 'create') as "create"
    from pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
    order by nspname collate "C"
  `;
  const managed = { owner: "supabase_admin", usage: true, create: false };
  expect(schemas).toEqual([
    { schema: "auth", ...managed },
    { schema: "extensions", owner: "postgres", usage: true, create: true },
    { schema: "graphql", ...managed },
    { schema: "graphql_public", ...managed },
    // Usage comes with pg_read_all_data; see the README.
    { schema: "platform", ...managed },
    { schema: "public", owner: "pg_database_owner", usage: true, create: true },
    { schema: "realtime", ...managed },
    { schema: "storage", ...managed },
    { schema: "vault", ...managed },
  ]);
  for (const schema of ["auth", "storage", "realtime", "vault", "graphql"]) {
    await expect(owner.unsafe(`create table ${schema}.intruder (id integer)`)).rejects.toMatchObject(denied);
  }
  await expect(as("anon", {}, (sql) => sql`select from platform.bootstrap`)).rejects.toMatchObject(denied);
});

test("the database belongs to postgres, times out after two minutes and keeps no JWT secret", async () => {
  expect(
    await owner`
      select datdba::regrole::text as owner,
        current_setting('statement_timeout') as statement_timeout,
        current_setting('app.settings.jwt_exp') as jwt_exp,
        current_setting('app.settings.jwt_secret', true) as jwt_secret
      from pg_database
      where datname = current_database()
    `,
  ).toEqual([{ owner: "postgres", statement_timeout: "2min", jwt_exp: "3600", jwt_secret: null }]);
});

test("the publication of realtime is there, empty, and takes the tables of postgres", async () => {
  expect(
    await owner`select pubname, pubowner::regrole::text as owner, puballtables from pg_publication`,
  ).toEqual([{ pubname: "supabase_realtime", owner: "postgres", puballtables: false }]);
  expect(await owner`select tablename from pg_publication_tables`).toEqual([]);
  await owner.unsafe(
    "create table public.heard (id integer primary key); alter publication supabase_realtime add table public.heard",
  );
  expect(await owner`select tablename from pg_publication_tables`).toEqual([{ tablename: "heard" }]);
  await owner.unsafe("drop table public.heard");
});

test("the Auth server's tables have their names, columns and types", async () => {
  const columns = await owner<{ table: string; column: string; type: string }[]>`
    select attrelid::regclass::text as table, attname as column,
      replace(replace(format_type(atttypid, atttypmod), 'character varying', 'varchar'),
        'timestamp with time zone', 'timestamptz') as type
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    where relnamespace = 'auth'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped
    order by relname collate "C", attnum
  `;
  const tables: Record<string, string> = {};
  for (const { table, column, type } of columns) {
    const name = table.replace("auth.", "");
    tables[name] = `${tables[name] ?? ""}${name in tables ? ", " : ""}${column} ${type}`;
  }
  expect(Object.keys(tables)).toEqual([
    "audit_log_entries",
    "custom_oauth_providers",
    "flow_state",
    "identities",
    "instances",
    "mfa_amr_claims",
    "mfa_challenges",
    "mfa_factors",
    "mfa_recovery_code_sets",
    "mfa_recovery_codes",
    "oauth_authorizations",
    "oauth_client_states",
    "oauth_clients",
    "oauth_consents",
    "one_time_tokens",
    "refresh_tokens",
    "saml_providers",
    "saml_relay_states",
    "schema_migrations",
    "scim_tokens",
    "scim_users",
    "sessions",
    "sso_domains",
    "sso_providers",
    "users",
    "webauthn_challenges",
    "webauthn_credentials",
  ]);
  expect(tables.users).toBe(
    "instance_id uuid, id uuid, aud varchar(255), role varchar(255), email varchar(255), " +
      "encrypted_password varchar(255), email_confirmed_at timestamptz, invited_at timestamptz, " +
      "confirmation_token varchar(255), confirmation_sent_at timestamptz, recovery_token varchar(255), " +
      "recovery_sent_at timestamptz, email_change_token_new varchar(255), email_change varchar(255), " +
      "email_change_sent_at timestamptz, last_sign_in_at timestamptz, raw_app_meta_data jsonb, " +
      "raw_user_meta_data jsonb, is_super_admin boolean, created_at timestamptz, updated_at timestamptz, " +
      "phone text, phone_confirmed_at timestamptz, phone_change text, phone_change_token varchar(255), " +
      "phone_change_sent_at timestamptz, confirmed_at timestamptz, email_change_token_current varchar(255), " +
      "email_change_confirm_status smallint, banned_until timestamptz, reauthentication_token varchar(255), " +
      "reauthentication_sent_at timestamptz, is_sso_user boolean, deleted_at timestamptz, is_anonymous boolean",
  );
  expect(tables.identities).toBe(
    "provider_id text, user_id uuid, identity_data jsonb, provider text, last_sign_in_at timestamptz, " +
      "created_at timestamptz, updated_at timestamptz, email text, id uuid",
  );
  expect(tables.sessions).toBe(
    "id uuid, user_id uuid, created_at timestamptz, updated_at timestamptz, factor_id uuid, aal auth.aal_level, " +
      "not_after timestamptz, refreshed_at timestamp without time zone, user_agent text, ip inet, tag text, " +
      "oauth_client_id uuid, refresh_token_hmac_key text, refresh_token_counter bigint, scopes text",
  );
  expect(tables.refresh_tokens).toBe(
    "instance_id uuid, id bigint, token varchar(255), user_id varchar(255), revoked boolean, " +
      "created_at timestamptz, updated_at timestamptz, parent varchar(255), session_id uuid",
  );
  expect(tables.one_time_tokens).toBe(
    "id uuid, user_id uuid, token_type auth.one_time_token_type, token_hash text, relates_to text, " +
      "created_at timestamp without time zone, updated_at timestamp without time zone, expires_at timestamptz",
  );
  expect(tables.flow_state).toBe(
    "id uuid, user_id uuid, auth_code text, code_challenge_method auth.code_challenge_method, code_challenge text, " +
      "provider_type text, provider_access_token text, provider_refresh_token text, created_at timestamptz, " +
      "updated_at timestamptz, authentication_method text, auth_code_issued_at timestamptz, invite_token text, " +
      "referrer text, oauth_client_state_id uuid, linking_target_id uuid, email_optional boolean",
  );
});

test("every table of auth is the Auth server's, under row level security, with a primary key", async () => {
  const others = await owner`
    select relname
    from pg_class
    where relnamespace = 'auth'::regnamespace
      and relkind = 'r'
      and not (
        relowner = 'supabase_auth_admin'::regrole
        and relrowsecurity
        and exists (select from pg_index where indrelid = pg_class.oid and indisprimary)
      )
  `;
  expect(others).toEqual([]);
});

test("an address belongs to one account, except to those of single sign-on", async () => {
  await owner
    .begin(async (sql) => {
      const insert = (sso: boolean) =>
        sql`insert into auth.users (id, email, is_sso_user) values (gen_random_uuid(), 'alice@plaza.test', ${sso})`;
      await insert(false);
      await insert(true);
      await insert(true);
      await insert(false);
    })
    .then(
      () => expect.unreachable(),
      (error) => expect(error).toMatchObject({ code: "23505", constraint_name: "users_email_partial_key" }),
    );
});

test("auth.uid() and its kin read the claims of the request", async () => {
  const claims = { sub: alice, role: "authenticated", email: "alice@plaza.test" };
  const ask = (sql: Sql | TransactionSql) =>
    sql`select auth.uid() as uid, auth.role() as role, auth.email() as email, auth.jwt() as jwt`;
  expect(await as("authenticated", claims, ask)).toEqual([
    { uid: alice, role: "authenticated", email: "alice@plaza.test", jwt: claims },
  ]);
  expect(await as("anon", undefined, ask)).toEqual([{ uid: null, role: null, email: null, jwt: null }]);
});

test("API roles reach no row of auth, though alice is there", async () => {
  await owner`insert into auth.users (id, email) values (${alice}, 'alice@plaza.test')`;
  for (const role of ["anon", "authenticated", "service_role"]) {
    await expect(as(role, { sub: alice }, (sql) => sql`select from auth.users`)).rejects.toMatchObject(
      denied,
    );
  }
  expect(await owner`delete from auth.users where id = ${alice} returning id`).toHaveLength(1);
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
    await expect(owner.unsafe(statement), what).rejects.toMatchObject(denied);
  }
  // All of it exists, for whoever may.
  expect(
    await admin`
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
  await owner
    .begin(async (sql) => {
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
      throw "undo";
    })
    .catch((error) => expect(error).toBe("undo"));
  expect(await owner`select pg_reload_conf() as reloaded`).toEqual([{ reloaded: true }]);
});

test("a new table in public is out of the API's reach until it is granted", async () => {
  await owner.unsafe("create table public.posts (id bigserial primary key, title text)");
  await owner`insert into public.posts (title) values ('hello')`;
  const read = (sql: TransactionSql) => sql`select title from public.posts`;
  const write = (sql: TransactionSql) =>
    sql`insert into public.posts (title) values ('mine') returning title`;
  for (const role of ["anon", "authenticated", "service_role"]) {
    await expect(as(role, {}, read)).rejects.toMatchObject(denied);
    await expect(as(role, {}, write)).rejects.toMatchObject(denied);
  }
  await owner.unsafe(`
    grant select on public.posts to anon, authenticated;
    grant insert on public.posts to authenticated;
    grant usage on sequence public.posts_id_seq to authenticated;
  `);
  expect(await as("anon", {}, read)).toEqual([{ title: "hello" }]);
  expect(await as("authenticated", {}, write)).toEqual([{ title: "mine" }]);
  await expect(as("anon", {}, write)).rejects.toMatchObject(denied);
  await expect(as("service_role", {}, read)).rejects.toMatchObject(denied);
  await owner.unsafe("drop table public.posts");
});

test("a new function in public is callable through PUBLIC alone, and not once that is revoked", async () => {
  await owner.unsafe(
    "create function public.greet() returns text language plpgsql as 'begin return ''hello''; end'",
  );
  const call = (sql: TransactionSql) => sql`select public.greet()`;
  expect(await as("anon", {}, call)).toEqual([{ greet: "hello" }]);
  await owner.unsafe("revoke execute on function public.greet() from public");
  for (const role of ["anon", "authenticated", "service_role"])
    await expect(as(role, {}, call)).rejects.toMatchObject(denied);
  await owner.unsafe("grant execute on function public.greet() to authenticated");
  expect(await as("authenticated", {}, call)).toEqual([{ greet: "hello" }]);
  await expect(as("anon", {}, call)).rejects.toMatchObject(denied);
  await owner.unsafe("drop function public.greet()");
});

test("changes of the schema are announced to the REST service, those of other schemas are not", async () => {
  const listener = connect("authenticator");
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
    await admin.unsafe("notify pgrst, 'marker'");
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
    await owner.unsafe(statement);
    expect(await marker(), statement).toEqual(["reload schema"]);
  }
  for (const statement of [
    "create temporary table scratch (id integer)",
    "alter table scratch add column name text",
    "drop table scratch",
    "create table auth.internal (id integer)",
    "drop table auth.internal",
  ]) {
    await admin.unsafe(statement);
    expect(await marker(), statement).toEqual([]);
  }
  await listener.end();
});

test("a second run changes nothing, not even what was changed since", async () => {
  await owner.unsafe("alter role anon set statement_timeout = '4s'");
  const state = () => admin`
    select
      (select json_agg(row(rolname, xmin) order by rolname) from pg_authid) as roles,
      (select json_agg(row(setdatabase, setrole, setconfig, xmin) order by setdatabase, setrole)
        from pg_db_role_setting) as settings,
      (select json_agg(row(nspname, nspacl, xmin) order by nspname) from pg_namespace where nspname !~ '^pg_temp|^pg_toast_temp')
        as schemas,
      (select json_agg(row(name, applied_at) order by name) from platform.bootstrap) as ledger
  `;
  const before = await state();
  await bootstrapDatabase(url("supabase_admin"), options);
  expect(await state()).toEqual(before);
  await owner.unsafe("alter role anon set statement_timeout = '3s'");
});

test("another password and expiry take effect with the next run", async () => {
  await bootstrapDatabase(url("supabase_admin"), { ...options, password: "anöther'", jwtExpiryS: 60 });
  const sql = connect("authenticator", "postgres", server.port, encodeURIComponent("anöther'"));
  expect(await sql`select current_setting('app.settings.jwt_exp') as expiry`).toEqual([{ expiry: "60" }]);
  await sql.end();
  const stale = connect("authenticator");
  await expect(stale`select`).rejects.toMatchObject({ code: "28P01" });
  await stale.end();
  await bootstrapDatabase(url("supabase_admin"), options);
});

test("a file that changed since it was applied is named in the log and not applied", async () => {
  const lines: string[] = [];
  await admin`update platform.bootstrap set sha256 = 'other' where name = '02-schemas.sql'`;
  const [before] = await admin`select sha256 from platform.bootstrap where name = '02-schemas.sql'`;
  await bootstrapDatabase(url("supabase_admin"), { ...options, log: createLog((line) => lines.push(line)) });
  expect(lines.join("\n")).toMatch(/02-schemas\.sql has changed/);
  expect(before?.sha256).toBe("other");
});

test("a file that came later is applied to an older database", async () => {
  const database = await createDatabase("older");
  await bootstrapDatabase(url("supabase_admin", database), options);
  const sql = connect("supabase_admin", database);
  await sql.unsafe(`
    drop event trigger pgrst_ddl_watch;
    drop event trigger pgrst_drop_watch;
    drop function extensions.pgrst_ddl_watch, extensions.pgrst_drop_watch;
    delete from platform.bootstrap where name = '06-schema-reload.sql';
  `);
  await bootstrapDatabase(url("supabase_admin", database), options);
  expect(await sql`select evtname from pg_event_trigger order by 1`).toEqual([
    { evtname: "pgrst_ddl_watch" },
    { evtname: "pgrst_drop_watch" },
  ]);
  await sql.end();
});

test("two databases of a new server are bootstrapped by several processes at once", async () => {
  await using fresh = await start(join(dir, "fresh"));
  const sql = connect("supabase_admin", "postgres", fresh.port);
  await sql.unsafe("create database second");
  await Promise.all(
    ["postgres", "second", "postgres", "second"].map((database) =>
      bootstrapDatabase(url("supabase_admin", database, fresh.port), options),
    ),
  );
  for (const database of ["postgres", "second"]) {
    const each = connect("postgres", database, fresh.port);
    expect(await each`select count(*)::integer as users from auth.users`).toEqual([{ users: 0 }]);
    expect(await each`select count(*)::integer as files from platform.bootstrap`).toEqual([{ files: 7 }]);
    await each.end();
  }
  await sql.end();
});

test("a database that is a Supabase one already is left as it is", async () => {
  const database = await createDatabase("hosted");
  const sql = connect("supabase_admin", database);
  await sql.unsafe("create schema auth; create table auth.users (id uuid primary key)");
  const lines: string[] = [];
  // As on hosted Supabase, by a role that could not change it anyway.
  await sql.unsafe("grant usage on schema auth to postgres");
  await bootstrapDatabase(url("postgres", database), {
    ...options,
    log: createLog((line) => lines.push(line)),
  });
  expect(lines.join("\n")).toMatch(/Supabase one already: left as it is/);
  expect(
    await sql`select nspname from pg_namespace where nspname in ('auth', 'storage', 'extensions', 'platform')`,
  ).toEqual([{ nspname: "auth" }]);
  await sql.end();
});

test("without a superuser's rights the error says what is missing", async () => {
  const database = await createDatabase("bare");
  await expect(bootstrapDatabase(url("postgres", database), options)).rejects.toMatchObject({
    name: "PlatformError",
    code: "bootstrap_needs_superuser",
  });
});

test("a run that fails halfway leaves nothing behind and names the file", async () => {
  const database = await createDatabase("occupied");
  const sql = connect("supabase_admin", database);
  await sql.unsafe("create schema realtime");
  await expect(bootstrapDatabase(url("supabase_admin", database), options)).rejects.toMatchObject({
    code: "bootstrap_failed",
    message: expect.stringMatching(/^02-schemas\.sql: .*realtime/),
  });
  expect(
    await sql`select nspname from pg_namespace where nspname in ('auth', 'extensions', 'platform')`,
  ).toEqual([]);
  await sql.end();
});

test("a plain server whose superuser is called postgres becomes a Supabase one, with a warning", async () => {
  const dataDir = join(dir, "plain");
  await initialise(dataDir, "postgres");
  await using plain = await startServer({
    dataDir,
    port: 0,
    password: "postgres",
    durable: false,
    log: silent,
  });
  const lines: string[] = [];
  await bootstrapDatabase(url("postgres", "postgres", plain.port), {
    ...options,
    log: createLog((line) => lines.push(line)),
  });
  expect(lines.join("\n")).toMatch(/postgres is a superuser of this server/);
  const sql = connect("postgres", "postgres", plain.port);
  expect(await sql`select rolsuper from pg_roles where rolname in ('postgres', 'supabase_admin')`).toEqual([
    { rolsuper: true },
    { rolsuper: true },
  ]);
  expect(
    await sql`select nspowner::regrole::text as owner from pg_namespace where nspname in ('auth', 'platform')`,
  ).toEqual([{ owner: "supabase_admin" }, { owner: "supabase_admin" }]);
  await sql.end();
  const rest = connect("authenticator", "postgres", plain.port);
  const [, uid] = await rest.begin((anon) => [anon`set local role anon`, anon`select auth.uid()`]);
  expect(uid).toEqual([{ uid: null }]);
  await rest.end();
});

/** A data folder as any distribution makes it. */
async function initialise(dataDir: string, superuser: string): Promise<void> {
  const user = await serverUser();
  const { initdb } = await findBinaries(user);
  const passwordFile = join(dir, "password");
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

test("the supabase CLI migrates, advises, compares and resets", { timeout: 180_000 }, async () => {
  const [first, second] = [await createDatabase("first"), await createDatabase("second")];
  for (const database of [first, second]) {
    await bootstrapDatabase(url("supabase_admin", database), options);
    // A job names its database, which the comparison must not take for a difference.
    await admin.unsafe(`alter database ${database} set cron.database_name = 'postgres'`);
  }
  const project = join(dir, "project");
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
     select cron.schedule('tidy', '0 3 * * *', 'delete from cron.job_run_details');`,
  );
  const supabase = async (...args: string[]) => {
    const { stdout } = await promisify(execFile)("supabase", [...args, "--output-format", "json"], {
      cwd: project,
      env: { ...process.env, SUPABASE_TELEMETRY_DISABLED: "1", SUPABASE_HOME: join(project, "home") },
    });
    return JSON.parse(stdout);
  };
  const remote = (database: string) => `${url("postgres", database)}?sslmode=disable`;
  const migrated = connect("postgres", second);
  const history = () => migrated`select version from supabase_migrations.schema_migrations`;

  await supabase("migration", "up", `--remote=${remote(first)}`, "--include-all", "--yes");
  await supabase("db", "push", `--remote=${remote(second)}`, "--include-all", "--yes");
  expect(await history()).toEqual([{ version: "20260101000000" }]);

  const advice = await supabase("db", "advisors", `--remote=${remote(first)}`, "--level", "info");
  expect(findings(advice)).toEqual(["unused_index notes_author_id_idx"]);

  const diff = () => supabase("db", "diff", "--from", remote(first), "--to", remote(second));
  expect(await diff()).toMatchObject({ diff: "" });
  await migrated.unsafe("alter table public.notes add column title text");
  expect((await diff()).diff).toMatch(/add column "?title"?/i);

  await supabase("db", "reset", `--remote=${remote(second)}`, "--yes");
  expect(await history()).toEqual([{ version: "20260101000000" }]);
  expect(await diff()).toMatchObject({ diff: "" });
  expect(await migrated`select count(*)::integer as files from platform.bootstrap`).toEqual([{ files: 7 }]);
  await migrated.end();
});

/** "lint object" of each, whatever the CLI wraps them in. */
function findings(advice: unknown): string[] {
  const list = Array.isArray(advice) ? advice : Object.values(advice as object).find(Array.isArray);
  return (list ?? []).map(
    ({ name, detail }: { name: string; detail: string }) => `${name} ${/`([^`]+)`/.exec(detail)?.[1]}`,
  );
}
