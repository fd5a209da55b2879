/**
 * A temporary Postgres server with two databases to copy. `supabase` is like a new
 * project. `plaza` is built from the files of sql/. The tools in this folder and the
 * tests of the database use it.
 */
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createLog } from "../../platform/log.ts";
import { bootstrapDatabase } from "../../platform/postgres/bootstrap.ts";
import { installExtensions } from "../../platform/postgres/extensions.ts";
import { startServer, superuser } from "../../platform/postgres/server.ts";

export const projectDir = join(import.meta.dirname, "../..");
const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");

export interface DatabaseServer extends AsyncDisposable {
  port: number;
}

/** Starts the server and builds both databases. */
export async function startDatabaseServer(): Promise<DatabaseServer> {
  const stack = new AsyncDisposableStack();
  try {
    const dir = await mkdtemp(join(tmpdir(), "plaza-database-"));
    stack.defer(() => rm(dir, { recursive: true, force: true }));
    // The server may run as another user, who has to enter this folder.
    await chmod(dir, 0o755);
    const server = stack.use(
      await startServer({ dataDir: join(dir, "data"), port: 0, password, durable: false, log }),
    );
    await installExtensions(server.binaries.home);

    await onAdmin(server.port, "create database supabase");
    await bootstrapDatabase(databaseUrl(server.port, "supabase", superuser), {
      password,
      jwtExpiryS: 3600,
      log,
    });
    await onAdmin(server.port, "alter database supabase owner to postgres");
    await onAdmin(server.port, "create database plaza template supabase owner postgres");
    await build(databaseUrl(server.port, "plaza"));
    const owned = stack.move();
    return { port: server.port, [Symbol.asyncDispose]: () => owned.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

/** @param role logs in. Migrations and sql/ run as postgres, which is not a superuser. */
export function databaseUrl(port: number, name: string, role = "postgres"): string {
  return `postgresql://${role}:${password}@127.0.0.1:${port}/${name}`;
}

/** Runs one statement in the maintenance database, to which nobody else connects. */
export const onAdmin = (port: number, statement: string): Promise<void> =>
  onDatabase(port, "postgres", statement);

/** Runs one statement as a superuser. */
export async function onDatabase(port: number, name: string, statement: string): Promise<void> {
  const sql = postgres(databaseUrl(port, name, superuser), { max: 1, onnotice() {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

/** The files of sql/ in load order: by chapter, then by file. Names are relative to sql/. */
export async function sources(): Promise<{ name: string; text: string }[]> {
  const folder = join(projectDir, "sql");
  const names = (await readdir(folder, { recursive: true })).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(names.map(async (name) => ({ name, text: await readFile(join(folder, name), "utf8") })));
}

/** Builds the product from sql/ in an empty Supabase database. Each file is one transaction, as a migration is. */
export async function build(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice() {} });
  try {
    for (const { name, text } of await sources()) {
      await sql
        .begin((transaction) => transaction.unsafe(text).simple())
        .catch((cause) => {
          throw new Error(`sql/${name}: ${cause.message}${line(text, cause.position)}`, { cause });
        });
    }
  } finally {
    await sql.end();
  }
}

function line(text: string, position: string | undefined): string {
  return position ? ` (line ${text.slice(0, Number(position)).split("\n").length})` : "";
}
