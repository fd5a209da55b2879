import { expect, test } from "vitest";
import { as, connect, denied, undone, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();

test("the roles are those of a hosted project", async () => {
  const roles = await server.admin`
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

test("the memberships are those of a hosted project, and postgres is not a member of a service's role", async () => {
  const members = await server.admin`
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
  const settings = await server.admin<{ rolname: string; rolconfig: string[] }[]>`
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

test("services log in with the password, and other roles have no password", async () => {
  for (const role of [
    "postgres",
    "authenticator",
    "supabase_auth_admin",
    "supabase_storage_admin",
    "supabase_realtime_admin",
  ]) {
    const sql = connect(server, role);
    expect(await sql`select current_user::text as role`).toEqual([{ role }]);
    await sql.end();
  }
  expect(
    await server.admin`select rolname from pg_authid where rolpassword is null and rolcanlogin order by 1`,
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
  const schemas = await server.owner`
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
    // postgres has `usage` through pg_read_all_data. See the README.
    { schema: "platform", ...managed },
    { schema: "public", owner: "pg_database_owner", usage: true, create: true },
    { schema: "realtime", ...managed },
    { schema: "storage", ...managed },
    { schema: "vault", ...managed },
  ]);
  for (const schema of ["auth", "storage", "realtime", "vault", "graphql"]) {
    await expect(server.owner.unsafe(`create table ${schema}.intruder (id integer)`)).rejects.toMatchObject(
      denied,
    );
  }
  await expect(as(server, "anon", {}, (sql) => sql`select from platform.bootstrap`)).rejects.toMatchObject(
    denied,
  );
});

test("the database belongs to postgres, times out after two minutes and keeps no JWT secret", async () => {
  expect(
    await server.owner`
      select datdba::regrole::text as owner,
        current_setting('statement_timeout') as statement_timeout,
        current_setting('app.settings.jwt_exp') as jwt_exp,
        current_setting('app.settings.jwt_secret', true) as jwt_secret
      from pg_database
      where datname = current_database()
    `,
  ).toEqual([{ owner: "postgres", statement_timeout: "2min", jwt_exp: "3600", jwt_secret: null }]);
});

test("the publication of realtime exists and is empty, and postgres can add tables", async () => {
  const tables = () =>
    server.owner`select tablename from pg_publication_tables where pubname = 'supabase_realtime'`;
  expect(
    await server.owner`
      select pubname, pubowner::regrole::text as owner, puballtables from pg_publication order by 1
    `,
  ).toEqual([
    { pubname: "supabase_realtime", owner: "postgres", puballtables: false },
    { pubname: "supabase_realtime_messages_publication", owner: "supabase_admin", puballtables: false },
  ]);
  expect(await tables()).toEqual([]);
  await server.owner.unsafe(
    "create table public.heard (id integer primary key); alter publication supabase_realtime add table public.heard",
  );
  expect(await tables()).toEqual([{ tablename: "heard" }]);
  await server.owner.unsafe("drop table public.heard");
});

test("the Auth server's tables have their names, columns and types", async () => {
  const columns = await server.owner<{ table: string; column: string; type: string }[]>`
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

test("the Auth server owns every table of auth, each with row-level security and a primary key", async () => {
  const others = await server.owner`
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

test("an address belongs to one account, except accounts of single sign-on", async () => {
  await expect(
    undone(server.owner, async (sql) => {
      const insert = (sso: boolean) =>
        sql`insert into auth.users (id, email, is_sso_user) values (gen_random_uuid(), 'alice@plaza.test', ${sso})`;
      await insert(false);
      await insert(true);
      await insert(true);
      await insert(false);
    }),
  ).rejects.toMatchObject({ code: "23505", constraint_name: "users_email_partial_key" });
});
