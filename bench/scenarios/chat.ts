/**
 * The cost of chat. A message in a pair and in a group of 500, until it is acknowledged and until
 * every member's socket has it. How many fit into a second. The memory of sockets in rooms. Pages
 * with few and with many messages stored. The sums of unread messages. A ban and a block in many groups.
 */
import { statfs } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import type { Sql } from "postgres";
import { bans } from "../chat-bans.ts";
import { fanOut, memory, toSockets } from "../chat-live.ts";
import { actAs, gaps, groups, line, pair, people, rounds, send, store, text } from "../chat-town.ts";
import { connectHttp, encode } from "../http-client.ts";
import { byTurns, type Contender, type Figures, median, ratio, roundsOf, throughput } from "../measure.ts";
import { on, startTown, type Town, tokenOf } from "../notification-town.ts";
import { startPlatform } from "../platform-process.ts";

const batch = 20;
const crowd = 500;
const few = 10_000;
const many = Number(process.env.PLAZA_BENCH_MESSAGES ?? 1_000_000);

const parts = {
  send: untilAcknowledged,
  rates,
  sockets: toSockets,
  fanout: fanOut,
  memory,
  unread,
  bans,
  pages,
};
const asked = (process.env.PLAZA_BENCH_PARTS?.split(",") ?? Object.keys(parts)) as (keyof typeof parts)[];

export async function run(): Promise<string> {
  await using town = await startTown();
  await on(town.adminUrl, (sql) =>
    sql.unsafe(`
      create table public.bench_rows (id bigint generated always as identity primary key, body text);
      create table public.bench_counters (id integer primary key, value bigint not null);
      insert into public.bench_counters values (1, 0);
      grant insert on public.bench_rows to authenticated;
      grant select, update on public.bench_counters to authenticated;
    `),
  );
  const loads = [loadavg()[0] as number];
  const found: string[] = [];
  for (const name of asked) {
    const part = await parts[name](town);
    if (process.env.PLAZA_BENCH_VERBOSE) console.error(part);
    found.push(part);
    loads.push(loadavg()[0] as number);
  }
  const wrong = await gaps(town);
  if (wrong.length > 0) throw new Error(`The numbers of these conversations have gaps: ${wrong.join(", ")}`);
  return [
    "Commits wait for the disk. Postgres and the load share the cores with other programs: the load average was",
    `${loads.map((load) => load.toFixed(1)).join(", ")}, before and after each part. Where nothing else is said, statements are SQL, as PostgREST would send it.`,
    "At the end, no conversation's numbers have a gap.",
    ...found.flatMap((part) => ["", part]),
  ].join("\n");
}

const writeRow = (sql: Sql) => sql`insert into public.bench_rows (body) values (${text})`;
const count = (sql: Sql) => sql`update public.bench_counters set value = value + 1`;

// Until acknowledged ---------------------------------------------------------------

async function untilAcknowledged(town: Town): Promise<string> {
  const [two, large] = [await pair(town, 1, 2), (await groups(town, 1, [people(2, crowd - 1)]))[0] as string];
  const sql = await actAs(town, 1);
  const [row, inPair, inGroup] = (await byTurns(
    [
      { name: "one row", run: () => writeRow(sql) },
      { name: "a message in a pair", run: () => send(sql, two) },
      { name: `a message in a group of ${crowd}`, run: () => send(sql, large) },
    ],
    rounds,
    batch,
  )) as [Figures, Figures, Figures];
  await sql.end();
  return [
    "## Until acknowledged",
    `One client, medians of ${rounds} interleaved rounds of ${batch}. Goal: in a group at most 1.5 times in a pair.`,
    "",
    "| | p50 ms | p95 ms | ÷ in a pair | half of the rounds |",
    "|---|---|---|---|---|",
    ...[row, inPair, inGroup].map((one) => {
      const found = ratio(one, inPair);
      return line(
        one.name,
        one.p50Ms.toFixed(2),
        one.p95Ms.toFixed(2),
        found.median.toFixed(2),
        `${found.low.toFixed(2)}–${found.high.toFixed(2)}`,
      );
    }),
  ].join("\n");
}

// Messages a second ----------------------------------------------------------------

/** Each client is a person, because the writes of one person wait for each other. */
async function rates(town: Town): Promise<string> {
  const [clients, conversations, durationMs] = [16, 1_000, 3_000];
  const turns = Math.ceil(rounds / 4);
  const one = (await groups(town, 1, [people(2, crowd - 1)]))[0] as string;
  const writers = await Promise.all(
    people(1, clients).map(async (person) => {
      const partners = people(person + 1, Math.ceil(conversations / clients)).map((partner) => [partner]);
      return { sql: await actAs(town, person), own: await groups(town, person, partners) };
    }),
  );
  const rate = (run: (writer: (typeof writers)[number]) => Promise<unknown>) => {
    let turn = 0;
    const next = () => run(writers[turn++ % clients] as (typeof writers)[number]);
    return throughput({ name: "", run: next }, clients, durationMs);
  };
  const kinds: Record<string, () => Promise<number>> = {
    "one row": () => rate(({ sql }) => writeRow(sql)),
    "one row, the same for all": () => rate(({ sql }) => count(sql)),
    [`a message in one of ${conversations.toLocaleString("en")}`]: () =>
      rate(({ sql, own }) => send(sql, own[Math.floor(Math.random() * own.length)] as string)),
    [`a message in one group of ${crowd}`]: () => rate(({ sql }) => send(sql, one)),
  };
  const found = await roundsOf(kinds, turns);
  await Promise.all(writers.map(({ sql }) => sql.end()));
  const floor = Object.values(found)[0] as number[];
  return [
    "## Messages a second",
    `${clients} clients, medians of ${turns} interleaved rounds of ${durationMs / 1000} s. The floor is a commit of one row. In one conversation the`,
    "writers wait for each other, as they do for a row that all of them update.",
    "",
    "| commits | per second | ÷ one row |",
    "|---|---|---|",
    ...Object.entries(found).map(([name, each]) =>
      line(
        name,
        Math.round(median(each)),
        median(each.map((perS, n) => perS / (floor[n] as number))).toFixed(2),
      ),
    ),
  ].join("\n");
}

// Unread ---------------------------------------------------------------------------

/** People who are in no room of the other parts. */
/** By SQL, and by HTTP as a client asks. */
async function unread(town: Town): Promise<string> {
  const readers: { person: number; conversations: number; withUnread: number }[] = [
    { person: 9_020, conversations: 5, withUnread: 3 },
    { person: 9_021, conversations: 2_000, withUnread: 3 },
    { person: 9_022, conversations: 5, withUnread: 0 },
  ];
  // The job that pg_cron calls every second. It tells the members of the large groups of the parts before.
  await on(town.adminUrl, (sql) => sql.unsafe("call private.deliver_chat('1 hour')"));
  await using stack = new AsyncDisposableStack();
  const platform = stack.use(await startPlatform(town.adminUrl));
  const http = stack.use(await connectHttp(platform.url));
  const contenders: Contender[] = [];
  for (const { person, conversations, withUnread } of readers) {
    const ids = await groups(town, person + 10, Array(conversations).fill([person]));
    const reader = await actAs(town, person);
    stack.defer(() => reader.end());
    await Promise.all(ids.map((id) => reader`select mark_conversation_read(${id}, 1000000)`));
    const writer = await actAs(town, person + 10);
    for (const id of ids.slice(0, withUnread)) await send(writer, id);
    await writer.end();
    const headers = {
      apikey: platform.publishableKey,
      authorization: `Bearer ${await tokenOf(town.claimsOf(person), platform)}`,
    };
    const get = (path: string) => {
      const request = encode("GET", path, headers);
      return async () => {
        const status = await http.send(request);
        if (status !== 200) throw new Error(`${path}: ${status}`);
      };
    };
    contenders.push(
      { name: "a profile by key", run: () => reader`select * from profiles where id = ${town.idOf(person)}` },
      { name: "unread()", run: () => reader`select * from unread()` },
      { name: "a profile by key, HTTP", run: get(`/rest/v1/profiles?id=eq.${town.idOf(person)}`) },
      { name: "unread(), HTTP", run: get("/rest/v1/rpc/unread") },
      { name: "conversations()", run: () => reader`select * from conversations()` },
    );
  }
  await on(town.adminUrl, (sql) => sql`vacuum (analyze)`);
  const found = await byTurns(contenders, rounds, batch);
  const kinds = contenders.length / readers.length;
  const row = (reader: (typeof readers)[number], way: string, key: Figures, counts: Figures) => {
    const { median, low, high } = ratio(counts, key);
    return line(
      reader.conversations.toLocaleString("en"),
      reader.withUnread,
      way,
      key.p50Ms.toFixed(3),
      counts.p50Ms.toFixed(3),
      median.toFixed(2),
      `${low.toFixed(2)}–${high.toFixed(2)}`,
    );
  };
  const figuresOf = (n: number) => found.slice(kinds * n) as [Figures, Figures, Figures, Figures, Figures];
  return [
    "## Unread",
    "Goal: `unread()` at most 1.5 times a read by primary key.",
    "",
    "| in conversations | unread messages in | by | a profile by key, p50 ms | unread(), p50 ms | ÷ by key | half of the rounds |",
    "|---|---|---|---|---|---|---|",
    ...readers.flatMap((reader, n) => {
      const [key, counts, keyByHttp, countsByHttp] = figuresOf(n);
      return [row(reader, "SQL", key, counts), row(reader, "HTTP", keyByHttp, countsByHttp)];
    }),
    "",
    "| in conversations | conversations(), p50 ms | ÷ a profile by key |",
    "|---|---|---|",
    ...readers.map(({ conversations }, n) => {
      const [key, , , , list] = figuresOf(n);
      return line(
        conversations.toLocaleString("en"),
        list.p50Ms.toFixed(2),
        ratio(list, key).median.toFixed(2),
      );
    }),
  ].join("\n");
}

// Pages ----------------------------------------------------------------------------

/** Two more towns. In one, few messages are stored, and in the other one many. */
async function pages(): Promise<string> {
  await roomOnDisk();
  await using stack = new AsyncDisposableStack();
  const readers: { sql: Sql; big: string; stored: number }[] = [];
  for (const stored of [few, many]) {
    const town = stack.use(await startTown());
    const big = await pair(town, 1, 2);
    const own = await groups(town, 2, Array(100).fill([1]));
    await groups(town, 3, Array(900).fill([4]));
    await store(town, big, stored);
    // Something new in as many conversations as a page shows, and in the one with the history.
    const writer = await actAs(town, 2);
    for (const id of [...own.slice(0, 20), big]) await send(writer, id);
    await writer.end();
    const sql = await actAs(town, 1);
    stack.defer(() => sql.end());
    readers.push({ sql, big, stored });
  }
  const calls: [name: string, run: (reader: (typeof readers)[number]) => Promise<unknown>][] = [
    ["messages(), the newest 50", ({ sql, big }) => sql`select * from messages(${big})`],
    [
      "messages(before), halfway back",
      ({ sql, big, stored }) => sql`select * from messages(${big}, before => ${stored / 4})`,
    ],
    [
      "messages(around), halfway back",
      ({ sql, big, stored }) => sql`select * from messages(${big}, around => ${stored / 4})`,
    ],
    ["conversations()", ({ sql }) => sql`select * from conversations()`],
    ["unread()", ({ sql }) => sql`select * from unread()`],
  ];
  const rows: string[] = [];
  for (const [name, run] of calls) {
    const contenders = readers.map((reader) => ({ name, run: () => run(reader) }));
    const [small, large] = (await byTurns(contenders, rounds, batch)) as [Figures, Figures];
    const found = ratio(large, small);
    rows.push(
      line(
        name,
        small.p50Ms.toFixed(2),
        large.p50Ms.toFixed(2),
        found.median.toFixed(2),
        `${found.low.toFixed(2)}–${found.high.toFixed(2)}`,
      ),
    );
  }
  const label = (stored: number) => stored.toLocaleString("en");
  return [
    "## Pages",
    `Two towns with ${label(few)} and with ${label(many)} messages stored, half of them in one conversation of the reader, who is in 101 of`,
    `the 1,001. Medians of ${rounds} interleaved rounds of ${batch}. Goal: at most 1.3 times.`,
    "",
    `| | ${label(few)}: p50 ms | ${label(many)}: p50 ms | ratio | half of the rounds |`,
    "|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

/** @throws Error if the stored messages would fill the disk */
async function roomOnDisk(): Promise<void> {
  const bytesPerMessage = 1_500;
  const { bavail, bsize } = await statfs(tmpdir());
  if (bavail * bsize < many * bytesPerMessage) {
    throw new Error(
      `${many} messages need about ${Math.round((many * bytesPerMessage) / 2 ** 30)} GiB in ${tmpdir()}`,
    );
  }
}
