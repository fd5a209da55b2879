/**
 * A temporary server for the scenario notifications, with the settings of a production
 * server: a commit waits for the disk. Its towns are databases with the same people. The
 * town `plain` writes no notifications, because the triggers that cause them are off.
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createLog } from "../platform/log.ts";
import { bootstrapDatabase } from "../platform/postgres/bootstrap.ts";
import { installExtensions } from "../platform/postgres/extensions.ts";
import { startServer, superuser } from "../platform/postgres/server.ts";
import { build } from "../sql/tools/server.ts";

export type Town = "told" | "plain";

export interface TownServer extends AsyncDisposable {
  url(database: Town, role?: string): string;
}

/** Everybody has an id that follows from their number, from 1 on. Each of them has written one post. */
export const people = 10_001;

const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");
const settings = { shared_buffers: "4GB", max_wal_size: "16GB", checkpoint_timeout: "30min" };

export async function startTownServer(): Promise<TownServer> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const start = (durable: boolean) =>
    startServer({ dataDir: join(dir, "data"), port: 0, password, durable, log });
  const urlOn = (port: number, database: string, role: string) =>
    `postgresql://${role}:${password}@127.0.0.1:${port}/${database}`;
  {
    await using server = await start(false);
    await installExtensions(server.binaries.home);
    await on(urlOn(server.port, "postgres", superuser), async (sql) => {
      for (const [name, value] of Object.entries(settings))
        await sql.unsafe(`alter system set ${name} = '${value}'`);
      await sql.unsafe("create database told");
    });
    await bootstrapDatabase(urlOn(server.port, "told", superuser), { password, jwtExpiryS: 3600, log });
    await on(urlOn(server.port, "told", superuser), (sql) =>
      sql.unsafe("alter database told owner to postgres"),
    );
    await build(urlOn(server.port, "told", "postgres"));
    await on(urlOn(server.port, "told", superuser), populate);
    await on(urlOn(server.port, "postgres", superuser), (sql) =>
      sql.unsafe("create database plain template told"),
    );
    await on(urlOn(server.port, "plain", superuser), silence);
  }
  const server = stack.use(await start(true));
  const owned = stack.move();
  return {
    url: (database, role = superuser) => urlOn(server.port, database, role),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Connects once, does something, and ends the connection. */
export async function on<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice() {}, connection: { statement_timeout: 600_000 } });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

async function populate(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
      select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
        'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now() - interval '30 days'
      from generate_series(1, ${people}) as n;
    update public.profiles set created_at = now() - interval '30 days';
  `);
  await writePosts(sql);
  await sql.unsafe("vacuum (analyze)");
}

/** A new post by everybody. */
export async function writePosts(sql: postgres.Sql): Promise<void> {
  await sql.unsafe(`
    insert into public.posts (author_id, content)
      select md5('person ' || n)::uuid, 'A post of ordinary length, with a #tag, for everybody who follows its author.'
      from generate_series(1, ${people}) as n`);
}

/** The triggers that cause notifications are off. So nothing is queued, and nothing is delivered. */
async function silence(sql: postgres.Sql): Promise<void> {
  const triggers = await sql`
    select tgname as name, tgrelid::regclass::text as table
    from pg_trigger
    join pg_proc on pg_proc.oid = tgfoid
    where not tgisinternal and pg_proc.pronamespace = 'private'::regnamespace and proname ~ '_cause(_|$)'`;
  if (triggers.length < 10) throw new Error("The triggers that cause notifications have other names by now");
  for (const { name, table } of triggers) await sql.unsafe(`alter table ${table} disable trigger ${name}`);
}
