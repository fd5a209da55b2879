/**
 * Checks the server of `--database-url` before anything uses it. A Supabase database that is not ours is
 * left as it is, so it must have all that the services need.
 */
import postgres, { type Sql } from "postgres";
import { PlatformError } from "../errors.ts";

/** The first version that the bootstrap runs on. */
const versionLeast = 15;
const connectTimeoutS = 10;

/** The services log in as these, with the password of the URL. */
const loginRoles = ["postgres", "authenticator", "supabase_auth_admin"];

const needed = {
  roles: ["anon", "authenticated", "service_role", ...loginRoles],
  /** The newest column that a service uses stands for the older ones. */
  columns: [
    "auth.users.is_anonymous",
    "auth.identities.provider_id",
    "auth.sessions.user_agent",
    "auth.refresh_tokens.session_id",
    "auth.mfa_factors.user_id",
    "auth.mfa_amr_claims.session_id",
    "auth.one_time_tokens.token_hash",
    "auth.flow_state.auth_code_issued_at",
    "auth.audit_log_entries.payload",
    "realtime.messages.binary_payload",
  ],
  functions: ["auth.uid()", "auth.jwt()", "realtime.topic()", "realtime.send(jsonb, text, text, boolean)"],
};

/**
 * @param databaseUrl the server, as its superuser
 * @throws PlatformError database_url_invalid, database_unreachable, database_unfit,
 *   database_needs_superuser, database_roles_refused
 */
export async function checkGivenServer(databaseUrl: string): Promise<void> {
  const url = parse(databaseUrl);
  const sql = connect(url);
  try {
    const [server] = await sql`
      select
        current_setting('server_version_num')::integer / 10000 as version,
        current_setting('wal_level') as wal_level,
        (select rolsuper from pg_catalog.pg_roles where rolname = current_user) as superuser,
        to_regclass('platform.bootstrap') is null and to_regclass('auth.users') is not null as foreign
    `.catch((cause: Error) => {
      throw new PlatformError(
        "database_unreachable",
        `The server at ${url.host} does not let ${url.username} in: ${cause.message}`,
        { cause },
      );
    });
    if (server?.version < versionLeast) {
      throw unfit(`it has version ${server?.version}, and version ${versionLeast} is the first that works`);
    }
    if (server?.wal_level !== "logical") {
      throw unfit("Realtime needs the setting wal_level = logical. Change it, and start the server again");
    }
    if (!server?.foreign) return;
    if (!server.superuser) throw needsSuperuser(url.username);
    const missing = await missingIn(sql);
    if (missing.length > 0) {
      throw unfit(
        `it has a part of Supabase, but not ${missing.join(", ")}. Start its own Auth and Realtime once, in ` +
          "their present versions: they make these. Or name an empty database",
      );
    }
    await checkLogins(url);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

function parse(databaseUrl: string): URL {
  const url = URL.canParse(databaseUrl) ? new URL(databaseUrl) : undefined;
  if (url && /^postgres(ql)?:$/.test(url.protocol) && url.hostname && url.username) return url;
  throw new PlatformError(
    "database_url_invalid",
    "--database-url has the form postgresql://supabase_admin:PASSWORD@HOST:PORT/postgres.",
  );
}

function connect(url: URL, role = url.username): Sql {
  const own = new URL(url);
  own.username = role;
  return postgres(own.href, {
    max: 1,
    connect_timeout: connectTimeoutS,
    onnotice: () => {},
    connection: { application_name: "plaza-check" },
  });
}

/** What the database lacks, each as a person would look for it. */
async function missingIn(sql: Sql): Promise<string[]> {
  const rows = await sql<{ name: string }[]>`
    select 'the role ' || name as name
    from unnest(${needed.roles}::text[]) as needed (name)
    where to_regrole(name) is null
    union all
    select 'the column ' || name
    from unnest(${needed.columns}::text[]) as needed (name)
    where not exists (
      select
      from pg_catalog.pg_attribute
      where attrelid = to_regclass(split_part(name, '.', 1) || '.' || split_part(name, '.', 2))
        and attname = split_part(name, '.', 3)
        and not attisdropped
    )
    union all
    select 'the function ' || name
    from unnest(${needed.functions}::text[]) as needed (name)
    where to_regprocedure(name) is null
  `;
  return rows.map(({ name }) => name);
}

async function checkLogins(url: URL): Promise<void> {
  const refused: string[] = [];
  for (const role of loginRoles) {
    const sql = connect(url, role);
    await sql`select`.catch((error: Error) => refused.push(`${role} (${error.message})`));
    await sql.end({ timeout: 1 });
  }
  if (refused.length === 0) return;
  throw new PlatformError(
    "database_roles_refused",
    `The services log in with the password of --database-url. The server refuses ${refused.join(", ")}. ` +
      "Give these roles the superuser's password, as Supabase's own images do.",
  );
}

function unfit(why: string): PlatformError {
  return new PlatformError("database_unfit", `The platform cannot use this database: ${why}.`);
}

function needsSuperuser(username: string): PlatformError {
  return new PlatformError(
    "database_needs_superuser",
    `This is a Supabase database, and ${username} is not its superuser. Log in as supabase_admin: the platform's ` +
      "services read the replication stream and act as other roles. A hosted project gives that role to " +
      "nobody: there you deploy with supabase db push (docs/how-to/deploy.md).",
  );
}
