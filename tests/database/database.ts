/**
 * Makes a database for one test file, copied from the server's templates, and people in it.
 * They act as through the API. They log in as authenticator, each request is a transaction,
 * and role and claims are set as PostgREST sets them.
 */
import { randomBytes, randomUUID } from "node:crypto";
import postgres, { type ReservedSql, type Sql, type TransactionSql } from "postgres";
import { superuser } from "../../platform/postgres/server.ts";
import { databaseUrl, onAdmin } from "../../sql/tools/server.ts";
import { useTestServer } from "./server.ts";

export type Role = "anon" | "authenticated" | "service_role";

/** Sends one request to the API as somebody: `await alice((sql) => sql`…`)`. */
export type Caller = <T>(work: (sql: TransactionSql) => Promise<T>) => Promise<T>;

export interface Person {
  id: string;
  username: string;
  asks: Caller;
}

export interface Database extends AsyncDisposable {
  name: string;
  port: number;
  /** Connects as the role postgres. Row-level security does not hold for it. */
  url: string;
  /** The role postgres. */
  owner: Sql;
  /** A superuser, who may read everything and change times. */
  admin: Sql;
  as(role: Role, userId?: string): Caller;
  /**
   * A new person with a confirmed address. The username is this one unless the metadata says
   * otherwise. Their budgets are too large to be met, unless they are `limited`.
   */
  signUp(
    username: string,
    metadata?: Record<string, unknown>,
    options?: { limited?: boolean },
  ): Promise<Person>;
}

/** bigint arrives as a number, because ids and counts fit into one. */
const types = { bigint: { to: 20, from: [20], parse: Number, serialize: String } };

export async function createDatabase(template: "plaza" | "supabase" = "plaza"): Promise<Database> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await useTestServer());
  const name = `test_${randomBytes(6).toString("hex")}`;
  await onAdmin(server.port, `create database ${name} template ${template} owner postgres`);
  stack.defer(() => onAdmin(server.port, `drop database ${name} with (force)`));

  const connect = (role: string, max: number) => {
    const sql = postgres(databaseUrl(server.port, name, role), { max, types, onnotice() {} });
    stack.defer(() => sql.end());
    return sql;
  };
  const owner = connect("postgres", 2);
  const admin = connect(superuser, 4);
  const api = connect("authenticator", 16);
  const auth = connect("supabase_auth_admin", 8);

  const as =
    (role: Role, userId?: string): Caller =>
    async (work) => {
      const claims = JSON.stringify(userId ? { sub: userId, role } : { role });
      const result = await api.begin(async (sql) => {
        await sql`select set_config('role', ${role}, true), set_config('request.jwt.claims', ${claims}, true)`;
        return work(sql);
      });
      return result as Awaited<ReturnType<typeof work>>;
    };

  return {
    name,
    port: server.port,
    url: databaseUrl(server.port, name),
    owner,
    admin,
    as,
    async signUp(username, metadata = { username }, { limited = false } = {}) {
      const id = randomUUID();
      await auth`
        insert into auth.users (
          instance_id, id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data
        )
        values (
          '00000000-0000-0000-0000-000000000000', ${id}, 'authenticated', 'authenticated',
          ${`${id}@example.com`}, now(), '{}', ${auth.json(metadata as postgres.JSONValue)}
        )
      `;
      // A database of earlier migrations has no limits.
      const [limits] = await owner`select to_regproc('public.set_limits') is not null as are_there`;
      if (limits?.are_there && !limited) {
        await owner`select set_limits(${id}, 1000000, 1000000, 1000000)`;
      }
      const [profile] = await admin`select username from public.profiles where id = ${id}`;
      return { id, username: profile?.username, asks: as("authenticated", id) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/**
 * Opens a transaction on a connection of its own. A test that fails before its end must not leave it open: the
 * next test would wait for it. So it ends with the stack at the latest.
 */
export async function openTransaction(sql: Sql, stack: AsyncDisposableStack): Promise<ReservedSql> {
  const own = await sql.reserve();
  stack.defer(async () => {
    await own`rollback`;
    own.release();
  });
  await own`begin`;
  return own;
}

/** @returns the error of a request; fails when the request succeeds, or when the error is not from Postgres */
export async function refusal(request: Promise<unknown>): Promise<postgres.PostgresError> {
  const outcome = await request.then(
    (value) => new Error(`not refused: ${JSON.stringify(value)}`),
    (error: unknown) => error,
  );
  if (outcome instanceof postgres.PostgresError) return outcome;
  throw outcome;
}
