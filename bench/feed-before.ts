/**
 * Compares the feeds with those of an earlier checkout. Each has a server of its own with the same
 * graph, and they take turns. So both run on the same machine at the same time. The CPU time is
 * what the operating system counts for the server's process of the connection.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type postgres from "postgres";
import { claimsOf, connect, type Kind, type Page, type Reader } from "./feed-contenders.ts";
import type { GraphServer } from "./graph.ts";
import { byTurns, type Contender, type Figures, type Ratio, ratio } from "./measure.ts";

/** A way to read a page, with the CPU time that the server took for it. */
interface Costed extends Contender {
  /** The mean over all operations, in milliseconds. */
  cpuMs(): number;
}

export interface Row {
  name: string;
  page: Page;
  before: Figures;
  after: Figures;
  /** The scan of 20 rows by key. */
  scan: Figures;
  beforeCpuMs: number;
  afterCpuMs: number;
  scanCpuMs: number;
}

/** Starts a server with this graph from the code and the migrations of another checkout. */
export async function startGraphServerOf(dir: string, users: number): Promise<GraphServer> {
  const { startGraphServer } = await import(join(dir, "bench", "graph.ts"));
  return startGraphServer(users);
}

/**
 * Measures home for each kind of reader, and the other feeds for random readers.
 *
 * @param kinds the readers, with their cursors
 */
export async function compareWithBefore(
  before: GraphServer,
  after: GraphServer,
  kinds: Kind[],
): Promise<Row[]> {
  const random = kinds.find(({ name }) => name === "random") as Kind;
  const others = await otherFeeds(after);
  const asked: [string, Kind, Page, string][] = [
    ...kinds.flatMap((kind) =>
      ([1, 50] as const).map((page): [string, Kind, Page, string] => [
        `home, ${kind.name}`,
        kind,
        page,
        "public.home_feed($1::bigint, 20)",
      ]),
    ),
    ...others.map(([name, call]): [string, Kind, Page, string] => [name, random, 1, call]),
  ];

  const rows: Row[] = [];
  for (const [name, kind, page, call] of asked) {
    await using earlier = await costed(before, call, kind, page);
    await using current = await costed(after, call, kind, page);
    await using scan = await costed(after, "public.bench_bare($1::bigint, 20)", kind, page);
    const [beforeFigures, afterFigures, scanFigures] = (await byTurns([earlier, current, scan], 9, 60)) as [
      Figures,
      Figures,
      Figures,
    ];
    rows.push({
      name,
      page,
      before: beforeFigures,
      after: afterFigures,
      scan: scanFigures,
      beforeCpuMs: earlier.cpuMs(),
      afterCpuMs: current.cpuMs(),
      scanCpuMs: scan.cpuMs(),
    });
  }
  return rows;
}

/** The other feeds, each where it has most to show. Ids are the same in both servers. */
async function otherFeeds({ adminUrl }: GraphServer): Promise<[name: string, call: string][]> {
  const sql = connect(adminUrl);
  const [found] = await sql`
    select
      (select post_tags.tag from post_tags group by post_tags.tag order by count(*) desc limit 1) as tag,
      (
        select recent.author_id from (select posts.author_id from posts order by posts.id desc limit 3000) as recent
        group by recent.author_id order by count(*) desc limit 1
      ) as author,
      (select likes.user_id from likes group by likes.user_id order by count(*) desc limit 1) as liker,
      (select counts.post_id from private.post_counts as counts order by counts.replies desc limit 1)::text as answered,
      (select counts.post_id from private.post_counts as counts order by counts.quotes desc limit 1)::text as quoted`;
  await sql.end();
  return [
    ["public", "public.public_feed($1::bigint, 20)"],
    ["tag", `public.tag_feed('${found?.tag}', $1::bigint, 20)`],
    ["profile", `public.profile_feed('${found?.author}', $1::bigint, 20)`],
    ["profile_replies", `public.profile_replies('${found?.author}', $1::bigint, 20)`],
    ["profile_likes", `public.profile_likes('${found?.liker}', $1::bigint, 20)`],
    ["replies", `public.replies(${found?.answered}, $1::bigint, 20)`],
    ["quotes", `public.quotes(${found?.quoted}, $1::bigint, 20)`],
  ];
}

/** Reads a page for each reader of the kind in turn, over a connection of its own. */
async function costed(
  { databaseUrl }: GraphServer,
  call: string,
  kind: Kind,
  page: Page,
): Promise<Costed & AsyncDisposable> {
  const sql: postgres.Sql = connect(databaseUrl, "authenticated");
  const [process] = await sql`select pg_backend_pid() as id`;
  const usedNs = () => Number(readFileSync(`/proc/${process?.id}/schedstat`, "utf8").split(" ", 1)[0]);
  let turn = 0;
  let reader = kind.readers[0] as Reader;
  let startNs = -1;
  let totalNs = 0;
  let operations = 0;
  const count = () => {
    if (startNs < 0) return;
    totalNs += usedNs() - startNs;
    operations++;
    startNs = -1;
  };
  return {
    name: call,
    // The last operation is counted here, so that reading the clock takes none of its time.
    async before() {
      count();
      reader = kind.readers[turn++ % kind.readers.length] as Reader;
      await sql`select set_config('request.jwt.claims', ${JSON.stringify(claimsOf(reader.id))}, false)`;
      startNs = usedNs();
    },
    run: () => sql.unsafe(`select * from ${call}`, [page === 1 ? null : reader.cursor], { prepare: true }),
    cpuMs() {
      count();
      return totalNs / operations / 1e6;
    },
    [Symbol.asyncDispose]: () => sql.end(),
  };
}

const ms = (value: number) => value.toFixed(2);
const ranged = ({ median, low, high }: Ratio) =>
  `${median.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;

/** The rows as a table. */
export function reportBefore(rows: Row[]): string {
  const home = rows.find(({ name, page }) => name === "home, random" && page === 1) as Row;
  return [
    "| feed | page | before, ms | after, ms | after ÷ before | CPU before, ms | CPU after, ms | ÷ | after ÷ scan | CPU ÷ scan | ÷ home |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...rows.map(
      ({ name, page, before, after, scan, beforeCpuMs, afterCpuMs, scanCpuMs }) =>
        `| ${name} | ${page} | ${ms(before.p50Ms)} | ${ms(after.p50Ms)} | ${ranged(ratio(after, before))} ` +
        `| ${ms(beforeCpuMs)} | ${ms(afterCpuMs)} | ${ms(afterCpuMs / beforeCpuMs)} ` +
        `| ${ranged(ratio(after, scan))} | ${(afterCpuMs / scanCpuMs).toFixed(1)} ` +
        `| ${name.startsWith("home") ? "" : ms(afterCpuMs / home.afterCpuMs)} |`,
    ),
  ].join("\n");
}
