/**
 * A throw-away server with towns to search in, a database each: built from sql/, filled
 * by search.sql, and indexed as a migration does it. A flooded town is a copy of
 * another, filled further by search-flood.sql.
 */
import { chmod, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { createLog } from "../platform/log.ts";
import { bootstrapDatabase } from "../platform/postgres/bootstrap.ts";
import { installExtensions } from "../platform/postgres/extensions.ts";
import { startServer, superuser } from "../platform/postgres/server.ts";
import { build } from "../sql/tools/server.ts";

export interface TownServer extends AsyncDisposable {
  url(database: string, role: string): string;
  /** Returns how many seconds the index took. */
  createTown(name: string, posts: number): Promise<number>;
  flood(name: string, town: string, authors: number): Promise<void>;
}

const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");
const settings = { shared_buffers: "4GB", max_wal_size: "16GB", checkpoint_timeout: "30min" };

export async function startTownServer(): Promise<TownServer> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const start = () => startServer({ dataDir: join(dir, "data"), port: 0, password, durable: false, log });
  {
    await using server = await start();
    await installExtensions(server.binaries.home);
    const sql = connect(`postgresql://${superuser}:${password}@127.0.0.1:${server.port}/postgres`);
    for (const [name, value] of Object.entries(settings))
      await sql.unsafe(`alter system set ${name} = '${value}'`);
    await sql.end();
  }
  const server = stack.use(await start());
  const url = (database: string, role: string) =>
    `postgresql://${role}:${password}@127.0.0.1:${server.port}/${database}`;

  const onServer = (statement: string) => on(url("postgres", superuser), (sql) => sql.unsafe(statement));
  await onServer("create database plaza");
  await bootstrapDatabase(url("plaza", superuser), { password, jwtExpiryS: 3600, log });
  await onServer("alter database plaza owner to postgres");
  await build(url("plaza", "postgres"));

  const owned = stack.move();
  return {
    url,
    async createTown(name, posts) {
      await onServer(`create database ${name} template plaza`);
      return on(url(name, superuser), async (sql) => {
        await runFile(sql, "search.sql", { posts });
        const startMs = performance.now();
        const indexes = await sql`
          select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
          from pg_index
          where indrelid = 'private.post_search'::regclass and not indisprimary`;
        for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
        await sql`select private.index_posts(array(select id from public.posts where repost_of_id is null order by id))`;
        for (const { definition } of indexes) await sql.unsafe(definition);
        await sql`vacuum (analyze)`;
        return (performance.now() - startMs) / 1000;
      });
    },
    async flood(name, town, authors) {
      await onServer(`create database ${name} template ${town}`);
      await on(url(name, superuser), async (sql) => {
        await runFile(sql, "search-flood.sql", { authors });
        await sql`vacuum (analyze)`;
      });
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

function connect(url: string): postgres.Sql {
  return postgres(url, {
    max: 1,
    onnotice: () => {},
    connection: { statement_timeout: 3_600_000, work_mem: "256MB", maintenance_work_mem: "1GB" },
  });
}

async function on<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = connect(url);
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

async function runFile(sql: postgres.Sql, name: string, variables: Record<string, number>): Promise<void> {
  const text = await readFile(join(import.meta.dirname, name), "utf8");
  await sql.unsafe(text.replace(/(?<!:):([a-z]+)\b/g, (_, name) => String(variables[name]))).simple();
}
