/**
 * What trends cost: a refresh beside a recount, in towns whose history has 0.5, 5 and 50 million posts; and writing a
 * post with a tag, with the triggers of trends and without them. PLAZA_BENCH_POSTS=500000 measures one size.
 */
import { loadavg } from "node:os";
import postgres from "postgres";
import { refreshTrends } from "../../edge-functions/_shared/trends/refresh.ts";
import { byTurns, type Contender, type Figures, median, ratio } from "../measure.ts";
import { startTrendTowns, type TrendTowns } from "../trend-town.ts";

const sizes = process.env.PLAZA_BENCH_POSTS?.split(",").map(Number) ?? [500_000, 5_000_000, 50_000_000];
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 15);
const postsPerMinute = 100;
const batch = 5;

export async function run(): Promise<string> {
  await using towns = await startTrendTowns(sizes);
  const refreshes = await measureRefreshes(towns);
  const posting = await measurePosting(towns);
  return [
    [
      `A town of 5,000 people with ${sizes.map((size) => size.toLocaleString("en")).join(", ")} posts of 330 days. In each, the`,
      "last 36 days are the same 100,000 posts, because a refresh looks at the last week, and has counts of the last weeks.",
      "The rest is history. Everything is in one server with 4 GB of shared buffers, which does not wait for the disk at a",
      `commit. Filled in ${towns.seconds.map((seconds) => Math.round(seconds)).join(", ")} s. Load of the machine: ${loadavg()[0]?.toFixed(1)}.`,
    ].join("\n"),
    refreshes,
    posting,
  ].join("\n\n");
}

/** A minute of a town: posts arrive, and then a refresh counts and scores them. */
interface Minutes extends Contender {
  sql: postgres.Sql;
}

function minutesOf(towns: TrendTowns, size: number): Minutes {
  const sql = connect(towns.url(size, "owner"));
  let minute = 0;
  return {
    name: size.toLocaleString("en"),
    sql,
    async before() {
      minute++;
      // Half of the posts are about one of 25 things that nobody spoke of before.
      await sql`
        insert into posts (id, author_id, content)
        select
          private.new_id(${atOf(towns, minute - 1)}::timestamptz + n * interval '1 minute' / ${postsPerMinute + 1}),
          md5('person ' || 1 + abs(hashint8extended(n, ${minute})) % 4000)::uuid,
          case when n % 2 = 0 then '#news' || abs(hashint8extended(n, ${minute + 1})) % 25
            else '#topic' || floor(3000 ^ (abs(hashint8extended(n, ${minute + 2})) % 1000 / 1000.0)) end
        from generate_series(1, ${postsPerMinute}) as n
      `;
    },
    run: () => sql.begin((transaction) => refreshTrends(transaction, atOf(towns, minute))),
  };
}

const atOf = (towns: TrendTowns, minute: number) => new Date(towns.endMs + minute * 60_000);

async function measureRefreshes(towns: TrendTowns): Promise<string> {
  const minutes = sizes.map((size) => minutesOf(towns, size));
  const figures = await byTurns(minutes, rounds, batch);
  const smallest = figures[0] as Figures;
  const rows: string[] = [];
  for (const [place, size] of sizes.entries()) {
    const { sql } = minutes[place] as Minutes;
    const figure = figures[place] as Figures;
    const { seconds, same, most } = await recount(towns, size, sql);
    const than = ratio(figure, smallest);
    rows.push(
      `| ${figure.name} | ${figure.p50Ms.toFixed(1)} | ${than.median.toFixed(2)} (${than.low.toFixed(2)}–${than.high.toFixed(2)}) | ${seconds.toFixed(1)} | ` +
        `1/${Math.round((1000 * seconds) / figure.p50Ms).toLocaleString("en")} | ${same} of ${most} |`,
    );
    await sql.end();
  }
  return [
    `A refresh counts the ${postsPerMinute} posts of a minute, scores the terms, and writes what trends, all in one transaction.`,
    "A recount computes the counts and the hours of four weeks from the posts, and scores them in the same way. Two places",
    "of the lists are the same if tag, people and score are.",
    "",
    "| posts | a refresh, ms | beside the first town, by rounds | a recount, s | a refresh is | of the top 20, the same |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** Computes everything from the posts, compares the top of the list, and undoes it. */
async function recount(
  towns: TrendTowns,
  size: number,
  sql: postgres.Sql,
): Promise<{ seconds: number; same: number; most: number }> {
  const kept = await topOf(sql);
  const admin = connect(towns.url(size, "admin"));
  const undo = new Error("undo");
  let seconds = 0;
  let counted: string[] = [];
  await admin
    .begin(async (transaction) => {
      const startMs = performance.now();
      const [state] = await transaction`select refreshed_at from private.trend_state`;
      await transaction.unsafe(towns.recountText);
      await refreshTrends(transaction, state?.refreshed_at);
      seconds = (performance.now() - startMs) / 1000;
      counted = await topOf(transaction);
      throw undo;
    })
    .catch((error) => {
      if (error !== undo) throw error;
    });
  await admin.end();
  const most = Math.max(kept.length, counted.length);
  return { seconds, same: kept.filter((line, place) => line === counted[place]).length, most };
}

/** The first 20 tags of the day, with their people and scores. */
async function topOf(sql: postgres.Sql | postgres.TransactionSql): Promise<string[]> {
  const rows = await sql`
    select term, (long).observed as people, score
    from private.trends
    where kind = 'tag' and period = 'day'
    order by score desc, term
    limit 20
  `;
  return rows.map(({ term, people, score }) => `${term} ${people} ${score.toFixed(6)}`);
}

async function measurePosting(towns: TrendTowns): Promise<string> {
  const contenders = await Promise.all(
    (["with", "without"] as const).map(async (kind) => {
      const sql = connect(await towns.postingUrl(kind));
      let count = 0;
      return {
        name: kind,
        sql,
        run: () =>
          sql.begin(async (transaction) => {
            count++;
            const claims = JSON.stringify({
              sub: towns.authors[count % towns.authors.length],
              role: "authenticated",
            });
            await transaction`select set_config('role', 'authenticated', true), set_config('request.jwt.claims', ${claims}, true)`;
            await transaction`insert into posts (content) values (${`A post about #topic${count % 3000} and #more`})`;
          }),
      };
    }),
  );
  const [withTriggers, without] = (await byTurns(contenders, 2 * rounds + 1, 100)) as [Figures, Figures];
  for (const { sql } of contenders) await sql.end();
  const than = ratio(withTriggers, without);
  return [
    "Writing a post with two tags as a person, in a transaction of its own, with the triggers of trends and without them:",
    "",
    "| with, ms | without, ms | ratio, by rounds |",
    "|---|---|---|",
    `| ${withTriggers.p50Ms.toFixed(2)} | ${without.p50Ms.toFixed(2)} | ${than.median.toFixed(3)} (${than.low.toFixed(3)}–${than.high.toFixed(3)}) |`,
    "",
    `The median of ${withTriggers.p50sMs.length} rounds of 100 posts each: ${median(withTriggers.p50sMs).toFixed(2)} and ${median(without.p50sMs).toFixed(2)} ms.`,
  ].join("\n");
}

function connect(url: string): postgres.Sql {
  return postgres(url, {
    max: 1,
    onnotice() {},
    connection: { statement_timeout: 3_600_000, work_mem: "256MB" },
  });
}
