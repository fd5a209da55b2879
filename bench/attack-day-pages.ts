/**
 * What each page costs an honest reader after one attacker's day, and while the attacker
 * writes. The scenario attack prints it.
 */
import { setTimeout } from "node:timers/promises";
import postgres from "postgres";
import { superuser } from "../platform/postgres/server.ts";
import { databaseUrl, onAdmin } from "../sql/tools/server.ts";
import { createAttacker, spendDay } from "./attack-day.ts";
import { createLiveAttacker } from "./attack-live.ts";
import { attacker, connect, createTown, of, readers, type Town } from "./attack-town.ts";
import { byTurns, type Contender, type Figures } from "./measure.ts";

/** How many times its p99 a page may cost. */
export const goal = 1.2;
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 5);
/** The reads of a turn. With 200 of them, a p99 is not only the slowest read. */
const batch = 200;
/** Of pages that take long. */
const slowBatch = 100;
const slow = /^(thread|search_posts)/;

const honest = "md5('person 150')::uuid";
const theirs = `md5('${attacker}')::uuid`;

/** What everybody reads. */
const commonPages: Record<string, string> = {
  home_feed: "select * from home_feed()",
  public_feed: "select * from public_feed()",
  "tag_feed('garden')": "select * from tag_feed('garden')",
  "replies, of 500": "select * from replies(1)",
  quotes: "select * from quotes(2)",
  "thread of 300": "select * from thread(5)",
  "profile of the attacker": "select * from profile('person_201')",
  "profile_feed of the attacker": `select * from profile_feed(${theirs})`,
  "search_posts('beta')": "select * from search_posts('beta')",
};

const allPages: Record<string, string> = {
  ...commonPages,
  "thread of 500": "select * from thread(1)",
  "list_feed, own list": "select * from list_feed(md5('list')::uuid)",
  bookmarks_feed: "select * from bookmarks_feed()",
  "count_newer('home')": "select count_newer('home', 0)",
  "count_newer('public')": "select count_newer('public', 0)",
  "count_newer('tag')": "select count_newer('tag', 0, 'garden')",
  "replies, of 300": "select * from replies(5)",
  "card of the thread of 500": "select * from post_counts where post_id = 1",
  "posts?order=id.desc&limit=20": "select * from posts order by id desc limit 20",
  explain_visibility: "select * from explain_visibility(1)",
  profile: "select * from profile('person_150')",
  profile_feed: `select * from profile_feed(${honest})`,
  profile_replies: `select * from profile_replies(${honest})`,
  profile_likes: `select * from profile_likes(${honest})`,
  followers: `select * from followers(${honest})`,
  following: `select * from following(md5('${readers.stranger}')::uuid)`,
  "profile_replies of the attacker": `select * from profile_replies(${theirs})`,
  "profile_likes of the attacker": `select * from profile_likes(${theirs})`,
  "following of the attacker": `select * from following(${theirs})`,
  "search_posts('#garden beta')": "select * from search_posts('#garden beta')",
  "search_posts('from:person_201 beta')": "select * from search_posts('from:person_201 beta')",
  "search_people('person')": "select * from search_people('person')",
};

/** @param plain the town without the attack */
export async function measureDay(port: number, plain: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const liveTable = await compareLive(port, await createTown(port, "live", plain, async () => {}));
  const attacked = await createTown(port, "attacked", plain, async () => {});
  const startMs = performance.now();
  const done = await spendDay(
    await connect(stack, port, attacked, attacker),
    connectAdmin(stack, port, attacked),
  );
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  await letAutovacuumFinish(port);
  const actions = Object.entries(done).map(([action, times]) => `${action} ${times.toLocaleString("en")}`);

  return [
    "## One attacker's day",
    [
      "The attacker's account is older than a day. It does everything that `private.limits` allows in a day, as that",
      `person, with all triggers: ${actions.join(", ")}. This took`,
      `${seconds} s, because the minutes, the hours and the day of the budget were ended by hand. Then one more of each action was`,
      "refused with PT429. Two of three posts and quotes are for few. All of them mention the reader. Most replies are",
      "limited, and nearly half of them hang below others in the thread of 300. Afterwards autovacuum did what it would have",
      "done during the day, by its own thresholds.",
    ].join("\n"),
    [
      `p99 is that of a turn, and the median of ${rounds} turns. A turn is ${batch} reads, of threads and searches ${slowBatch}. **A/A** is`,
      "the p99 of the same town without the attack, by a second connection, divided by the first: so much differs by",
      "chance. **Shows** counts rows, quoted posts and people who reposted: a page that shows more costs more.",
    ].join("\n"),
    "### A reader who follows 100 people and the tag",
    await compare(port, plain, attacked, readers.stranger, allPages),
    "### A reader who also follows the attacker",
    await compare(port, plain, attacked, readers.follower, commonPages),
    "### A reader who blocks the attacker",
    await compare(port, plain, attacked, readers.blocker, commonPages),
    liveTable,
  ].join("\n\n");
}

/**
 * A day has 1,440 rounds of autovacuum. The simulated day is too short for one. So it gets some
 * rounds now, each a second after the other, until autovacuum finds nothing to do.
 */
async function letAutovacuumFinish(port: number): Promise<void> {
  await onAdmin(port, "alter system set autovacuum_naptime = '1s'");
  await onAdmin(port, "select pg_reload_conf()");
  await using stack = new AsyncDisposableStack();
  const admin = connectAdmin(stack, port, "postgres");
  for (let idle = 0; idle < 10; ) {
    await setTimeout(1000);
    const [workers] = await admin`
      select count(*)::integer from pg_stat_activity where backend_type = 'autovacuum worker'`;
    idle = workers?.count === 0 ? idle + 1 : 0;
  }
  await onAdmin(port, "alter system reset autovacuum_naptime");
  await onAdmin(port, "select pg_reload_conf()");
}

const head = [
  "| page | shows without | with | p50 ms without | with | p95 ms without | with | p99 ms without | with | p99 ratio | A/A |",
  "|---|---|---|---|---|---|---|---|---|---|---|",
];

async function compare(
  port: number,
  plain: string,
  attacked: string,
  reader: string,
  pages: Record<string, string>,
): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const without = await connect(stack, port, plain, reader);
  const again = await connect(stack, port, plain, reader);
  const with_ = await connect(stack, port, attacked, reader);
  const rows: string[] = [];
  for (const [page, query] of Object.entries(pages)) {
    const contenders = [without, again, with_].map((sql) => of(sql, query));
    rows.push(await row(page, [await shows(without, query), await shows(with_, query)], contenders));
  }
  return [...head, ...rows].join("\n");
}

/** The same town, in turns with and without an attacker who writes on another connection. */
async function compareLive(port: number, town: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const reader = await connect(stack, port, town, readers.stranger);
  const admin = connectAdmin(stack, port, town);
  const limits = await admin`select action, per_minute from private.limits`;
  const perMinute: Record<string, number> = Object.fromEntries(
    limits.map(({ action, per_minute }) => [action, per_minute]),
  );
  const writer = createAttacker(await connect(stack, port, town, attacker), admin);
  // Members need a list, messages a group, and edits a message.
  for (const first of ["list", "conversation", "message"]) await writer.act(first, 1);
  const live = stack.use(createLiveAttacker(writer, perMinute));
  const rows: string[] = [];
  for (const [page, query] of Object.entries(commonPages)) {
    const read = of(reader, query);
    const quiet = { ...read, before: live.rest };
    const shown = await shows(reader, query);
    rows.push(await row(page, [shown, shown], [quiet, quiet, { ...read, before: live.write }]));
  }
  await live.rest();
  const total = Object.values(perMinute).reduce((sum, times) => sum + times, 0);
  return [
    "### While the attacker writes",
    `Another connection does each action as often as a minute allows, evenly: ${total} writes a minute. Only its turns count. It came to ${live.writes}.`,
    [...head, ...rows].join("\n"),
  ].join("\n\n");
}

function connectAdmin(stack: AsyncDisposableStack, port: number, town: string): Town {
  const sql = postgres(databaseUrl(port, town, superuser), { max: 1, onnotice() {} });
  stack.defer(() => sql.end());
  return sql;
}

async function shows(sql: Town, query: string): Promise<number> {
  const rows = await sql.unsafe(query);
  return rows.reduce((sum, row) => sum + 1 + (row.quoted ? 1 : 0) + (row.reposted_by ? 1 : 0), 0);
}

/** @param contenders without, without again, with */
async function row(page: string, shown: [number, number], contenders: Contender[]): Promise<string> {
  const [one, same, other] = (await byTurns(contenders, rounds, slow.test(page) ? slowBatch : batch)) as [
    Figures,
    Figures,
    Figures,
  ];
  const ms = (["p50Ms", "p95Ms", "p99Ms"] as const).flatMap((of) => [
    one[of].toFixed(2),
    other[of].toFixed(2),
  ]);
  const p99 = other.p99Ms / one.p99Ms;
  const marked = p99 > goal ? `**${p99.toFixed(2)}**` : p99.toFixed(2);
  return `| ${[page, ...shown, ...ms, marked, (same.p99Ms / one.p99Ms).toFixed(2)].join(" | ")} |`;
}
