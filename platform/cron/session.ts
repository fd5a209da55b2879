/**
 * A session of the job's user, for one command. If we have the user's password, the user logs
 * in. Otherwise the superuser logs in and the session becomes the user's.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import postgres from "postgres";
import { serviceRoles } from "../postgres/bootstrap.ts";
import { type Answers, createAnswers } from "./wire.ts";

export interface Session extends AsyncDisposable {
  pid: number;
  sql: postgres.Sql;
  answers: Answers;
}

export interface SessionOptions {
  /** The address of any database of the server, with a superuser. */
  databaseUrl: string;
  database: string;
  username: string;
}

const connectTimeoutMs = 10_000;
const closeTimeoutS = 1;

/**
 * @param signal ends the session at once. The server notices within a second
 * @throws the error of the driver or the server, or that the user may not log in
 */
export async function openSession(options: SessionOptions, signal: AbortSignal): Promise<Session> {
  const { databaseUrl, database, username } = options;
  const superuser = decodeURIComponent(new URL(databaseUrl).username);
  const known = username === superuser || (serviceRoles as readonly string[]).includes(username);

  const answers = createAnswers();
  const sockets = new Set<Socket>();
  const destroy = () => {
    for (const socket of sockets) socket.destroy();
  };
  signal.addEventListener("abort", destroy);
  const sql = postgres(databaseUrl, {
    database,
    username: known ? username : superuser,
    max: 1,
    prepare: false,
    fetch_types: false,
    connect_timeout: connectTimeoutMs / 1000,
    max_lifetime: null,
    onnotice: () => {},
    connection: {
      application_name: "pg_cron",
      // If we leave, the session must not go on working.
      client_connection_check_interval: 1000,
    },
    // Called for the session, and then once for each request to cancel its command.
    async socket({ host, port, path }: { host: string[]; port: number[]; path: string | false }) {
      signal.throwIfAborted();
      const socket = path ? connect(path) : connect(port[0] ?? 5432, host[0]);
      socket.on("error", () => {});
      socket.on("close", () => sockets.delete(socket));
      if (sockets.size === 0) socket.on("data", answers.read);
      sockets.add(socket);
      await once(socket, "connect", { signal: AbortSignal.timeout(connectTimeoutMs) });
      return socket;
    },
  } as unknown as postgres.Options<Record<string, never>>);
  const close = async () => {
    await sql.end({ timeout: closeTimeoutS });
    destroy();
    signal.removeEventListener("abort", destroy);
  };

  try {
    if (!known) await become(sql, username);
    const [row] = await sql`select pg_catalog.pg_backend_pid() as pid`;
    return { pid: row?.pid, sql, answers, [Symbol.asyncDispose]: close };
  } catch (cause) {
    await close();
    throw cause;
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
