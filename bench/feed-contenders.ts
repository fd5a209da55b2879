/**
 * The contenders of the feed benchmark: the home feed, and the queries that it is compared
 * with. Each operation reads one page, for the next reader of a kind, over one prepared
 * connection or HTTP.
 */
import { readFile } from "node:fs/promises";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { SignJWT } from "jose";
import postgres from "postgres";
import type { GraphServer } from "./graph.ts";
import type { Contender } from "./measure.ts";
import type { RemotePlatform } from "./platform-process.ts";

/** "10", "100", "1,000", "10,000": readers who follow this number of people. "random": random readers. */
export interface Kind {
  name: string;
  readers: Reader[];
}

export interface Reader {
  id: string;
  /** The last row before their 50th page, or before their last full page. */
  cursor: string | null;
}

export type Page = 1 | 50;

export interface FeedContenders extends AsyncDisposable {
  kinds: Kind[];
  /** Reads a page with an SQL function, as a role. */
  bySql(name: string, role: "authenticated" | "postgres", kind: Kind, page: Page): Contender;
  /** Runs a query with $1, the reader's id. A longer time counts as the limit. */
  byQuery(text: string, role: "authenticated" | "postgres", kind: Kind, limitMs: number): Contender;
  byHttp(platform: RemotePlatform, kind: Kind, page: Page): Promise<Contender>;
}

/** Creates the functions and tables of feed-contenders.sql in the server's database. */
export async function createFeedContenders({ databaseUrl, graph }: GraphServer): Promise<FeedContenders> {
  const connections = {
    authenticated: connect(databaseUrl, "authenticated"),
    postgres: connect(databaseUrl),
  };
  const agent = new Agent({ keepAlive: true });
  const owner = connections.postgres;
  await owner.unsafe(await readFile(join(import.meta.dirname, "feed-contenders.sql"), "utf8")).simple();
  const kinds: Kind[] = [];
  for (const [name, ids] of [...graph.readers, ["random", graph.anyReaders] as const]) {
    const readers: Reader[] = [];
    for (const id of ids) {
      const [prepared] = await owner`select private.bench_prepare(${id})::text as cursor`;
      readers.push({ id, cursor: prepared?.cursor });
    }
    kinds.push({ name: name.toLocaleString("en"), readers });
  }
  await owner`vacuum (analyze) private.bench_timelines`;
  for (const { readers } of kinds) await compareRows(connections.authenticated, readers[0] as Reader);

  /** Takes the next reader for each operation, and sets that reader's claims before it. */
  function takeTurns(kind: Kind, sql: postgres.Sql, run: (reader: Reader) => Promise<unknown>) {
    let turn = 0;
    let reader = kind.readers[0] as Reader;
    return {
      before() {
        reader = kind.readers[turn++ % kind.readers.length] as Reader;
        return sql`select set_config('request.jwt.claims', ${JSON.stringify(claimsOf(reader.id))}, false)`;
      },
      run: () => run(reader),
    };
  }

  return {
    kinds,
    bySql(name, role, kind, page) {
      const sql = connections[role];
      const text = `select * from ${name}($1::bigint, 20)`;
      return {
        name: `${name} as ${role}`,
        ...takeTurns(kind, sql, ({ cursor }) =>
          sql.unsafe(text, [page === 1 ? null : cursor], { prepare: true }),
        ),
      };
    },
    byQuery(text, role, kind, limitMs) {
      const sql = connections[role];
      const { before, run } = takeTurns(kind, sql, ({ id }) =>
        sql.unsafe(text, [id], { prepare: true }).catch((error: postgres.PostgresError) => {
          if (error.code !== "57014") throw error;
        }),
      );
      return {
        name: text,
        async before() {
          await sql`select set_config('statement_timeout', ${String(limitMs)}, false)`;
          await before();
        },
        run,
      };
    },
    async byHttp(platform, kind, page) {
      const key = new TextEncoder().encode(platform.jwtSecret);
      const requests = await Promise.all(
        kind.readers.map(async ({ id, cursor }) => {
          const token = await new SignJWT(claimsOf(id)).setProtectedHeader({ alg: "HS256" }).sign(key);
          const path = `/rest/v1/rpc/home_feed${page === 1 ? "" : `?before=${cursor}`}`;
          return { path, headers: { apikey: platform.publishableKey, authorization: `Bearer ${token}` } };
        }),
      );
      let turn = 0;
      return {
        name: "home_feed over HTTP",
        run() {
          const { path, headers } = requests[turn++ % requests.length] as (typeof requests)[0];
          return new Promise<void>((resolve, reject) => {
            get(platform.url + path, { agent, headers }, (response) => {
              response.resume();
              response.once("end", () =>
                response.statusCode === 200
                  ? resolve()
                  : reject(new Error(`${path}: ${response.statusCode}`)),
              );
            }).once("error", reject);
          });
        },
      };
    },
    async [Symbol.asyncDispose]() {
      agent.destroy();
      await Promise.all(Object.values(connections).map((sql) => sql.end()));
    },
  };
}

/** @throws Error if a contender returns fewer rows, or if the timeline returns other rows */
async function compareRows(sql: postgres.Sql, { id, cursor }: Reader): Promise<void> {
  await sql`select set_config('request.jwt.claims', ${JSON.stringify(claimsOf(id))}, false)`;
  for (const before of [null, cursor]) {
    const [answers] = await sql`
      select
        array(select items.id from public.home_feed(${before}::bigint) as items) as feed,
        array(select items.id from public.bench_timeline(${before}::bigint) as items) as timeline,
        (select count(*)::integer from public.bench_key_range(${before}::bigint)) as range`;
    const { feed, timeline, range } = answers as unknown as {
      feed: string[];
      timeline: string[];
      range: number;
    };
    if (feed.length !== 20 || range !== 20 || feed.join() !== timeline.join()) {
      throw new Error(`Not the same rows for ${id}: ${feed.length}, ${timeline.length}, ${range}.`);
    }
  }
}

export function claimsOf(id: string) {
  const nowS = Math.floor(Date.now() / 1000);
  return { sub: id, role: "authenticated", aud: "authenticated", iat: nowS, exp: nowS + 36_000 };
}

export function connect(url: string, role?: string): postgres.Sql {
  return postgres(url, { max: 1, onnotice: () => {}, connection: role ? { role } : {} });
}
