/**
 * What a page costs when others have filled the tables. Each attack is compared with the
 * same town without it, side by side on one server. One attacker does in a day all that
 * the limits allow. Others write 50,000 newest posts that the reader does not see. Then
 * there are large things, such as a post with 36,000 replies.
 */
import { loadavg } from "node:os";
import { onAdmin, startDatabaseServer } from "../../sql/tools/server.ts";
import { goal as dayGoal, measureDay } from "../attack-day-pages.ts";
import { addFlood, addLargeOnes, flood, floods } from "../attack-floods.ts";
import { connect, createTown, of, populate, readers } from "../attack-town.ts";
import { byTurns, type Contender, ratio } from "../measure.ts";

const goal = 3;

export async function run(): Promise<string> {
  const loads = [loadavg()[0] as number];
  await using server = await startDatabaseServer();
  const plain = await createTown(server.port, "plain", "plaza", populate);
  const lines = [await measureDay(server.port, plain)];
  loads.push(loadavg()[0] as number);

  for (const [index, [name, how]] of Object.entries(floods)
    .slice(0, Number(process.env.PLAZA_BENCH_FLOODS ?? 4))
    .entries()) {
    const flooded = await createTown(server.port, `flooded_${index}`, plain, (sql) => addFlood(sql, how));
    lines.push(
      `## ${flood.toLocaleString("en")} newest posts by ${name}`,
      await compare(server.port, plain, flooded),
    );
    await onAdmin(server.port, `drop database ${flooded} with (force)`);
  }
  const large = await createTown(server.port, "large", plain, addLargeOnes);
  lines.push("## Large ones", await compareLarge(server.port, large));
  loads.push(loadavg()[0] as number);
  return [intro(loads), ...lines].join("\n\n");
}

function intro(loads: number[]): string {
  const [first, afterDay, last] = loads.map((load) => load.toFixed(1));
  return [
    "Every table compares a town with a copy of it that is attacked, in turns. In the town, one of 20 posts, quotes and",
    "replies is for followers, and one of 50 for the people it mentions. All of it is SQL, on one connection for each",
    "town and reader, without HTTP. Postgres and the load share two cores with other programs: the load",
    `average was ${first} at first, ${afterDay} after the day, ${last} at the end. The goals: an attacker's day costs a page at most`,
    `${dayGoal} times its p99; a flood or a large thing costs it at most ${goal} times its median. **Bold** is a miss.`,
  ].join("\n");
}

const pages: Record<string, string> = {
  public_feed: "select * from public_feed()",
  "count_newer('public')": "select count_newer('public', 0)",
  "tag_feed('garden')": "select * from tag_feed('garden')",
  "count_newer('tag')": "select count_newer('tag', 0, 'garden')",
  replies: "select * from replies(1)",
  quotes: "select * from quotes(2)",
  thread: "select * from thread(1)",
  profile_feed: "select * from profile_feed(md5('person 201')::uuid)",
  profile_replies: "select * from profile_replies(md5('person 201')::uuid)",
  profile: "select * from profile('person_201')",
  "search_people('person')": "select * from search_people('person')",
  "search_posts('beta')": "select * from search_posts('beta')",
  "search_posts('#garden beta')": "select * from search_posts('#garden beta')",
  "search_posts('from:person_201 beta')": "select * from search_posts('from:person_201 beta')",
  "posts?order=id.desc&limit=20": "select * from posts order by id desc limit 20",
};

async function compare(port: number, plain: string, flooded: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const rows = ["| page | reader | p50 ms without | p50 ms with | ratio |", "|---|---|---|---|---|"];
  for (const [reader, id] of [
    ["anonymous", null],
    ["signed in", readers.stranger],
  ] as const) {
    const before = await connect(stack, port, plain, id);
    const after = await connect(stack, port, flooded, id);
    for (const [page, query] of Object.entries(pages)) {
      rows.push(await row(page, reader, of(before, query), of(after, query)));
    }
  }
  return rows.join("\n");
}

/** The same page of something large beside something small, in one database. */
async function compareLarge(port: number, name: string): Promise<string> {
  await using stack = new AsyncDisposableStack();
  const sql = await connect(stack, port, name, readers.stranger);
  const card = (id: number) => `select * from post_counts where post_id = ${id}`;
  return [
    "| page | reader | p50 ms small | p50 ms large | ratio |",
    "|---|---|---|---|---|",
    await row(
      "thread, 500 and 36,500 replies",
      "signed in",
      of(sql, "select * from thread(1)"),
      of(sql, "select * from thread(2)"),
    ),
    await row(
      "thread one deep, 500 and 36,500 replies",
      "signed in",
      of(sql, "select * from thread(1, 1)"),
      of(sql, "select * from thread(2, 1)"),
    ),
    await row(
      "following, of 100 and of 6,000",
      "signed in",
      of(sql, "select * from following(md5('person 1')::uuid)"),
      of(sql, "select * from following(md5('person 2')::uuid)"),
    ),
    await row(
      "counts of a card, 10 and 20,000 limited replies",
      "signed in",
      of(sql, card(3)),
      of(sql, card(4)),
    ),
  ].join("\n");
}

async function row(page: string, reader: string, small: Contender, large: Contender): Promise<string> {
  const [one, other] = await byTurns([small, large], 7, 10);
  if (!one || !other) throw new Error("two contenders give two figures");
  const { median, low, high } = ratio(other, one);
  const [a, b] = [one.p50Ms, other.p50Ms].map((ms) => ms.toFixed(2));
  const mark = median > goal ? "**" : "";
  return `| ${page} | ${reader} | ${a} | ${b} | ${mark}${median.toFixed(2)}${mark} (${low.toFixed(2)}–${high.toFixed(2)}) |`;
}
