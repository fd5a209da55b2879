/**
 * A session of the job's user. If we have the user's password, the user logs in. Otherwise the
 * superuser logs in and the session becomes the user's.
 */
import type postgres from "postgres";
import { createSession, type Session } from "../database/session.ts";
import { serviceRoles } from "../postgres/bootstrap.ts";
import { type Answers, createAnswers } from "./wire.ts";

export interface JobSession extends AsyncDisposable {
  pid: number;
  session: Session;
  answers: Answers;
  /** Whether the user logged in. Otherwise a command can take the superuser's rights back. */
  loggedIn: boolean;
}

export interface SessionOptions {
  /** The address of any database of the server, with a superuser. */
  databaseUrl: string;
  database: string;
  username: string;
}

const closeTimeoutMs = 1000;

/**
 * @param signal ends the session at once, while it is opened
 * @throws the error of the driver or the server, or that the user may not log in
 */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<JobSession> {
  const { databaseUrl, database, username } = options;
  const superuser = decodeURIComponent(new URL(databaseUrl).username);
  const loggedIn = username === superuser || (serviceRoles as readonly string[]).includes(username);

  const answers = createAnswers();
  const session = createSession({
    databaseUrl,
    database,
    username: loggedIn ? username : superuser,
    prepare: false,
    name: "pg_cron",
    // If we leave, the session must not go on working.
    settings: { client_connection_check_interval: 1000 },
    read: answers.read,
  });
  const cut = () => session.cut(new Error("the run was given up"));
  signal.addEventListener("abort", cut);
  if (signal.aborted) cut();
  const close = () => session.end(closeTimeoutMs);
  try {
    if (!loggedIn) await become(session.sql, username);
    const [row] = await session.sql`select pg_catalog.pg_backend_pid() as pid`;
    return { pid: row?.pid, session, answers, loggedIn, [Symbol.asyncDispose]: close };
  } catch (cause) {
    await close();
    throw cause;
  } finally {
    signal.removeEventListener("abort", cut);
  }
}

/** Makes the session the user's, with the settings that a log-in of the user would have. */
async function become(sql: postgres.Sql, username: string): Promise<void> {
  const [role] = await sql`
    select oid
    from pg_catalog.pg_roles
    where rolname = ${username}
      and rolcanlogin
      and pg_catalog.has_database_privilege(oid, current_database(), 'connect')
  `;
  if (!role) throw new Error(`the role ${username} may not log in`);
  // A setting may be made for the role in this database, for the role, for this database, or for all.
  // The first of these counts.
  await sql`
    select pg_catalog.set_config(
      name,
      coalesce(
        (pg_catalog.array_agg(value order by owner = 0, place = 0) filter (where owner in (0, ${role.oid})))[1],
        (select boot_val from pg_catalog.pg_settings where pg_settings.name = setting.name),
        ''
      ),
      false
    )
    from (
      select
        setrole as owner,
        setdatabase as place,
        split_part(item, '=', 1) as name,
        substr(item, strpos(item, '=') + 1) as value
      from pg_catalog.pg_db_role_setting, unnest(setconfig) as item
      where setrole in (0, ${role.oid}, (select oid from pg_catalog.pg_roles where rolname = current_user))
        and setdatabase in (0, (select oid from pg_catalog.pg_database where datname = current_database()))
    ) as setting
    group by name
  `;
  await sql`select pg_catalog.set_config('session_authorization', ${username}, false)`;
}
