/**
 * A server with a Supabase database, for the tests of one file. It starts before the
 * first test and ends after the last.
 */
import { readdirSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres, { type Sql, type TransactionSql } from "postgres";
import { afterAll, beforeAll, onTestFinished } from "vitest";
import { silent } from "../../../platform/log.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../../platform/postgres/extensions.ts";
import { type PostgresServer, startServer } from "../../../platform/postgres/server.ts";

export const bootstrapOptions = { password: "postgres", jwtExpiryS: 3600, log: silent };

/** How many files the bootstrap applies to a database. */
export const bootstrapFiles = readdirSync(
  new URL("../../../platform/postgres/bootstrap", import.meta.url),
).length;

/** The server's error if a role has no right. */
export const denied = { code: "42501" };

export interface SupabaseServer {
  /** The server's folder. It is removed with the server. */
  dir: string;
  port: number;
  /** A connection of the superuser. */
  admin: Sql;
  /** A connection of the role that runs migrations. */
  owner: Sql;
}

/** The returned object is filled before the first test of the file. */
export function useSupabaseServer(): SupabaseServer {
  const use = {} as SupabaseServer;
  let server: PostgresServer | undefined;
  beforeAll(async () => {
    use.dir = await mkdtemp(join(tmpdir(), "plaza-supabase-"));
    await chmod(use.dir, 0o755);
    server = await startWithExtensions(join(use.dir, "data"));
    use.port = server.port;
    await bootstrapDatabase(urlOf(use, "supabase_admin"), bootstrapOptions);
    use.admin = connect(use, "supabase_admin");
    use.owner = connect(use, "postgres");
  });
  afterAll(async () => {
    await Promise.all([use.admin?.end(), use.owner?.end()]);
    await server?.[Symbol.asyncDispose]();
    if (use.dir) await rm(use.dir, { recursive: true, force: true });
  });
  return use;
}

export async function startWithExtensions(dataDir: string): Promise<PostgresServer> {
  const server = await startServer({ dataDir, port: 0, password: "postgres", durable: false, log: silent });
  await installExtensions(server.binaries.home);
  return server;
}

export function urlOf(
  { port }: { port: number },
  user: string,
  database = "postgres",
  password = "postgres",
): string {
  return `postgresql://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${database}`;
}

export function connect(server: { port: number }, user: string, database?: string, password?: string): Sql {
  return postgres(urlOf(server, user, database, password), { max: 1, onnotice() {} });
}

/** Creates an empty database, and drops it after the test. */
export async function createDatabase({ admin }: SupabaseServer, name: string): Promise<string> {
  await admin.unsafe(`create database ${name}`);
  onTestFinished(async () => {
    await admin.unsafe(`drop database ${name} with (force)`);
  });
  return name;
}

/** Runs the test's work in a transaction, and undoes it. */
export async function undone<T>(sql: Sql, work: (sql: TransactionSql) => Promise<T>): Promise<T> {
  const undo = Symbol();
  let result: T | undefined;
  await sql
    .begin(async (transaction) => {
      result = await work(transaction);
      throw undo;
    })
    .catch((error) => {
      if (error !== undo) throw error;
    });
  return result as T;
}

/** Runs work as an API role with a user's claims, as the REST service does, and undoes it. */
export function as<T>(
  { owner }: SupabaseServer,
  role: string,
  claims: object | undefined,
  work: (sql: TransactionSql) => Promise<T>,
): Promise<T> {
  return undone(owner, async (sql) => {
    await sql.unsafe(`set local role ${role}`);
    if (claims) await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
    return work(sql);
  });
}
