/**
 * A throw-away server with towns for the scenario trend-refresh. The smallest one is built from sql/ and filled by
 * trend-town.sql and trend-recount.sql. Each larger one is a copy of the one before, with more history.
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

export interface TrendTowns extends AsyncDisposable {
  /** When the towns end: a whole hour. */
  endMs: number;
  /** How long it took to fill each. */
  seconds: number[];
  /** Computes the tables of trends from the posts. */
  recountText: string;
  /** People who may post as often as they like. */
  authors: string[];
  url(size: number, role: "owner" | "admin"): string;
  /** A copy of the smallest town, with the triggers of trends or without them. */
  postingUrl(kind: "with" | "without"): Promise<string>;
}

const password = "postgres";
const log = createLog((line) => process.stderr.write(`${line}\n`), "warn");
const settings = { shared_buffers: "4GB", max_wal_size: "8GB", checkpoint_timeout: "30min" };
const smallest = 500_000;

/** @param sizes how many posts each town has, ascending; the first one has 500,000 */
export async function startTrendTowns(sizes: number[]): Promise<TrendTowns> {
  if (sizes[0] !== smallest) throw new Error(`The first town has ${smallest} posts`);
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o711);
  const start = () => startServer({ dataDir: join(dir, "data"), port: 0, password, durable: false, log });
  {
    await using server = await start();
    await installExtensions(server.binaries.home);
    await on(urlOf(server.port, "postgres", superuser), async (sql) => {
      for (const [name, value] of Object.entries(settings))
        await sql.unsafe(`alter system set ${name} = '${value}'`);
    });
  }
  const server = stack.use(await start());
  const url = (name: string, role: string) => urlOf(server.port, name, role);
  const onServer = (statement: string) => on(url("postgres", superuser), (sql) => sql.unsafe(statement));
  const endMs = Math.floor(Date.now() / 3_600_000) * 3_600_000;
  const end = `'${new Date(endMs).toISOString()}'`;

  await onServer(`create database ${nameOf(smallest)}`);
  await bootstrapDatabase(url(nameOf(smallest), superuser), { password, jwtExpiryS: 3600, log });
  await onServer(`alter database ${nameOf(smallest)} owner to postgres`);
  await build(url(nameOf(smallest), "postgres"));
  const recountText = await textOf("trend-recount.sql", {});
  const authors = Array.from({ length: 50 }, (_, place) => 101 + place);
  const seconds: number[] = [];
  const ids: string[] = [];
  for (const [place, size] of sizes.entries()) {
    const startMs = performance.now();
    if (place > 0)
      await onServer(`create database ${nameOf(size)} template ${nameOf(sizes[place - 1] as number)}`);
    await on(url(nameOf(size), superuser), async (sql) => {
      if (place === 0) {
        await sql.unsafe(await textOf("trend-town.sql", { end }));
        await sql.begin((transaction) => transaction.unsafe(recountText));
        const rows = await sql`select md5('person ' || n)::uuid as id from unnest(${authors}::int[]) as n`;
        ids.push(...rows.map(({ id }) => id));
        for (const id of ids)
          await sql`select private.set_limits(${id}, 1000000000, 1000000000, 1000000000, null)`;
      } else {
        await addHistory(
          sql,
          await textOf("trend-history.sql", { end, posts: size - (sizes[place - 1] as number), place }),
        );
      }
      await sql`vacuum (analyze)`;
    });
    seconds.push((performance.now() - startMs) / 1000);
    process.stderr.write(`${size} posts in ${Math.round(seconds.at(-1) as number)} s\n`);
  }

  const owned = stack.move();
  return {
    endMs,
    seconds,
    recountText,
    authors: ids,
    url: (size, role) => url(nameOf(size), role === "owner" ? "postgres" : superuser),
    async postingUrl(kind) {
      const name = `posting_${kind}`;
      await onServer(`create database ${name} template ${nameOf(smallest)}`);
      await on(url(name, superuser), async (sql) => {
        const triggers = await sql`
          select tgname as name from pg_trigger where tgrelid = 'public.posts'::regclass and tgname like '%change_trends%'`;
        if (kind === "without")
          for (const { name } of triggers) await sql`alter table posts disable trigger ${sql(name)}`;
        if (triggers.length === 0) throw new Error("there are no triggers to measure");
      });
      return url(name, "postgres");
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const nameOf = (size: number) => `town_${size}`;
const urlOf = (port: number, name: string, role: string) =>
  `postgresql://${role}:${password}@127.0.0.1:${port}/${name}`;

/** The checks and indexes of posts are made afterwards: that is many times faster. */
async function addHistory(sql: postgres.Sql, text: string): Promise<void> {
  const indexes = await sql`
    select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition
    from pg_index
    where indrelid = 'public.posts'::regclass and not indisprimary`;
  const checks = await sql`
    select conname as name, pg_get_constraintdef(oid) as definition
    from pg_constraint
    where conrelid = 'public.posts'::regclass and contype = 'c'`;
  for (const { name } of indexes) await sql.unsafe(`drop index ${name}`);
  for (const { name } of checks) await sql.unsafe(`alter table public.posts drop constraint ${name}`);
  await sql.unsafe(text).simple();
  for (const { definition } of indexes) await sql.unsafe(definition);
  for (const { name, definition } of checks)
    await sql.unsafe(`alter table public.posts add constraint ${name} ${definition} not valid`);
}

async function on<T>(url: string, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, {
    max: 1,
    onnotice() {},
    connection: { statement_timeout: 3_600_000, work_mem: "256MB", maintenance_work_mem: "1GB" },
  });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

async function textOf(name: string, variables: Record<string, string | number>): Promise<string> {
  const text = await readFile(join(import.meta.dirname, name), "utf8");
  return text.replace(/(?<!:):([a-z]+)\b/g, (_, name) => String(variables[name]));
}
