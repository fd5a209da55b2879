/**
 * The cost of notifications. A storm of likes on one post, beside likes of as many posts. A like
 * and a reply, beside the same without a notification. The time until a socket hears of a like.
 * The pages of somebody with a million notifications. A post that 100,000 bells ring for.
 */
import { once } from "node:events";
import { Agent, request } from "node:http";
import { loadavg } from "node:os";
import { setTimeout } from "node:timers/promises";
import type { Sql } from "postgres";
import { WebSocket } from "ws";
import { byTurns, type Contender, type Figures, median, quantile, ratio } from "../measure.ts";
import {
  connect,
  fill,
  on,
  people,
  recount,
  ring,
  startTown,
  type Town,
  tokenOf,
  writePosts,
} from "../notification-town.ts";
import { type RemotePlatform, startPlatform } from "../platform-process.ts";

const clients = 32;
const likes = 10_000;
const large = 1_000_000;
const bells = 100_000;
const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 31);
const content = "A reply of ordinary length, for everybody who reads the thread.";

/** Some need the platform, and some the many notifications that are made before them. */
const parts = {
  storm,
  sql: bySql,
  http: (town: Town) => withPlatform(town, byHttp),
  socket: (town: Town) => withPlatform(town, toSocket),
  pages,
  bells: manyBells,
};
const asked = (process.env.PLAZA_BENCH_PARTS?.split(",") ?? Object.keys(parts)) as (keyof typeof parts)[];

export async function run(): Promise<string> {
  await using town = await startTown();
  const loads = [loadavg()[0] as number];
  const found: string[] = [];
  for (const name of asked) {
    const part = await parts[name](town);
    if (process.env.PLAZA_BENCH_VERBOSE) console.error(part);
    found.push(part);
    loads.push(loadavg()[0] as number);
  }
  const wrong = await on(town.adminUrl, recount);
  if (wrong.length > 0) throw new Error(`These differ from a recount: ${wrong.join(", ")}`);
  return [
    "Commits wait for the disk. Postgres and the load share the cores with other programs: the load average was",
    `${loads.map((load) => load.toFixed(1)).join(", ")}, before and after each part. At the end, all counts of likes, groups, unread groups and`,
    "events equal a recount.",
    ...found.flatMap((part) => ["", part]),
  ].join("\n");
}

async function withPlatform(
  town: Town,
  part: (town: Town, platform: RemotePlatform) => Promise<string>,
): Promise<string> {
  await using platform = await startPlatform(town.adminUrl);
  return await part(town, platform);
}

const line = (...cells: (string | number)[]) => `| ${cells.join(" | ")} |`;

// A storm ----------------------------------------------------------------------

/** Every like is by another person. Its group is new, or gets one more. */
async function storm(town: Town): Promise<string> {
  const rounds = 7;
  await using stack = new AsyncDisposableStack();
  const admin = connect(town.adminUrl);
  stack.defer(() => admin.end());
  const posts = await writePosts(admin);
  await admin`vacuum (analyze)`;
  const connections = Array.from({ length: clients }, () => {
    const sql = connect(town.databaseUrl, "authenticated");
    stack.defer(() => sql.end());
    return sql;
  });
  /** @returns likes a second, of the posts that `postOf` names for the numbers of people */
  const rate = async (postOf: (person: number) => string) => {
    let person = 0;
    const startMs = performance.now();
    await Promise.all(
      connections.map(async (sql) => {
        while (person < likes) {
          person++;
          await like(sql, town.claimsOf(person), postOf(person));
        }
      }),
    );
    return likes / ((performance.now() - startMs) / 1000);
  };
  const author = (number: number) => posts[(number - 1) % people] as string;
  const liked = await admin`
    insert into public.posts (author_id, content)
      select ${town.idOf(people)}, 'A post that many people like.' from generate_series(1, ${2 * rounds})
      returning id`;
  const kinds: Record<string, (round: number) => Promise<number>> = {
    "as many posts": (round) => rate((person) => author(person + 1 + round)),
    "one post": (round) => rate(() => liked[round]?.id),
    "one post, without notifications": async (round) => {
      await setTriggers(admin, false);
      const found = await rate(() => liked[rounds + round]?.id);
      await setTriggers(admin, true);
      return found;
    },
  };
  const rates: Record<string, number[]> = {};
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(kinds)) {
      rates[name] ??= [];
      rates[name].push(await measure(round));
    }
  }
  const base = rates["as many posts"] as number[];
  return [
    "## A storm",
    `${likes.toLocaleString("en")} likes by as many people, from ${clients} connections, medians of ${rounds} interleaved rounds. Goal: on one`,
    "post at least 0.5 of the rate on as many posts, and at least 1,500 a second.",
    "",
    "| likes of | per second | ÷ as many posts |",
    "|---|---|---|",
    ...Object.entries(rates).map(([name, found]) =>
      line(
        name,
        Math.round(median(found)),
        median(found.map((each, round) => each / (base[round] as number))).toFixed(2),
      ),
    ),
  ].join("\n");
}

/** Both statements are sent at once. The second is a transaction of its own. */
const like = (sql: Sql, claims: string, post: string) =>
  Promise.all([
    sql`select set_config('request.jwt.claims', ${claims}, false)`,
    sql`insert into public.likes (post_id) values (${post})`,
  ]);

/** Without these two triggers, nobody is notified of a like or a reply. */
async function setTriggers(admin: Sql, on: boolean): Promise<void> {
  const change = on ? "enable" : "disable";
  await admin.unsafe(`alter table public.likes ${change} trigger likes_cause`);
  await admin.unsafe(`alter table public.posts ${change} trigger posts_cause`);
}

// What a notification adds -------------------------------------------------------

interface Action {
  before(claims: string): Promise<unknown>;
  like(post: string): Promise<unknown>;
  reply(post: string): Promise<unknown>;
}

async function bySql(town: Town): Promise<string> {
  const sql = connect(town.databaseUrl, "authenticated");
  try {
    return await compareCosts(town, "SQL", {
      before: (claims) => sql`select set_config('request.jwt.claims', ${claims}, false)`,
      like: (post) => sql`insert into public.likes (post_id) values (${post})`,
      reply: (post) => sql`insert into public.posts (content, reply_to_id) values (${content}, ${post})`,
    });
  } finally {
    await sql.end();
  }
}

async function byHttp(town: Town, platform: RemotePlatform): Promise<string> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let token = "";
  const send = (path: string, body: object) =>
    new Promise<void>((resolve, reject) => {
      const headers = {
        apikey: platform.publishableKey,
        authorization: `Bearer ${token}`,
        "content-type": "application/json",
        prefer: "return=minimal",
      };
      const sending = request(platform.url + path, { method: "POST", agent, headers }, (response) => {
        response.resume();
        response.once("end", () =>
          response.statusCode === 201 ? resolve() : reject(new Error(`${path}: ${response.statusCode}`)),
        );
      });
      sending.once("error", reject);
      sending.end(JSON.stringify(body));
    });
  try {
    return await compareCosts(town, "HTTP", {
      before: async (claims) => {
        token = await tokenOf(claims, platform);
      },
      like: (post) => send("/rest/v1/likes", { post_id: Number(post) }),
      reply: (post) => send("/rest/v1/posts", { content, reply_to_id: Number(post) }),
    });
  } finally {
    agent.destroy();
  }
}

/** Every notification is the first of its group, which is the dearest case. */
async function compareCosts(town: Town, name: string, action: Action): Promise<string> {
  const batch = 30;
  const admin = connect(town.adminUrl);
  const posts = await writePosts(admin);
  await admin`vacuum (analyze)`;
  let tells = true;
  let person = 0;
  const contender = (act: (post: string) => Promise<unknown>, wantsTold: boolean): Contender => ({
    name: "",
    async before() {
      if (tells !== wantsTold) await setTriggers(admin, wantsTold);
      tells = wantsTold;
      person = (person % (people - 1)) + 1;
      await action.before(town.claimsOf(person));
    },
    run: () => act(posts[person] as string),
  });
  const rows: string[] = [];
  for (const [kind, goal] of [
    ["like", 1.6],
    ["reply", 1.3],
  ] as const) {
    const [alone, told] = (await byTurns(
      [contender(action[kind], false), contender(action[kind], true)],
      rounds,
      batch,
    )) as [Figures, Figures];
    const { median, low, high } = ratio(told, alone);
    rows.push(
      line(
        `a ${kind}`,
        alone.p50Ms.toFixed(2),
        told.p50Ms.toFixed(2),
        median.toFixed(2),
        `${low.toFixed(2)}–${high.toFixed(2)}`,
        goal,
      ),
    );
  }
  if (!tells) await setTriggers(admin, true);
  await admin.end();
  return [
    `## What a notification adds, by ${name}`,
    `One client, medians of ${rounds} interleaved rounds of ${batch}. Alone means: in the same tables, with the trigger off that`,
    "causes the notification. Every notification starts a group.",
    "",
    `| ${name} | alone, p50 ms | with its notification, p50 ms | ratio | half of the rounds | goal |`,
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

// To the socket ------------------------------------------------------------------

/** Person 4 listens. Others like a post of theirs, one after another. */
async function toSocket(town: Town, platform: RemotePlatform): Promise<string> {
  const listener = 4;
  const [warm, measured] = [20, 300];
  // What a person gets beyond 10 events in a second waits for the job.
  const msBetweenLikes = 110;
  const sql = connect(town.databaseUrl, "authenticated");
  const [post] = await on(
    town.adminUrl,
    (admin) => admin`
      insert into public.posts (author_id, content) values (${town.idOf(listener)}, 'A post to like.') returning id`,
  );
  const socket = await listen(
    platform,
    town.idOf(listener),
    await tokenOf(town.claimsOf(listener), platform),
  );
  const [ack, heard]: [number[], number[]] = [[], []];
  for (let round = 0; round < warm + measured; round++) {
    await sql`select set_config('request.jwt.claims', ${town.claimsOf(10 + round)}, false)`;
    await setTimeout(msBetweenLikes);
    const arrived = once(socket, "message", { signal: AbortSignal.timeout(10_000) }).then(() =>
      performance.now(),
    );
    const startMs = performance.now();
    const acknowledged = sql`insert into public.likes (post_id) values (${post?.id})`.then(() =>
      performance.now(),
    );
    const [ackMs, heardMs] = await Promise.all([acknowledged, arrived]);
    if (round < warm) continue;
    ack.push(ackMs - startMs);
    heard.push(heardMs - startMs);
  }
  socket.terminate();
  await sql.end();
  const of = (times: number[], q: number) =>
    quantile(
      times.toSorted((a, b) => a - b),
      q,
    );
  return [
    "## To the socket",
    `${measured.toLocaleString("en")} likes, one every ${msBetweenLikes} ms, one subscriber. Goal: the p50 at most 1 ms after the acknowledgement.`,
    "",
    "| a like | p50 ms | p99 ms | p50 − acknowledged |",
    "|---|---|---|---|",
    line("acknowledged", of(ack, 0.5).toFixed(2), of(ack, 0.99).toFixed(2), ""),
    line(
      "heard on `user:<id>`",
      of(heard, 0.5).toFixed(2),
      of(heard, 0.99).toFixed(2),
      (of(heard, 0.5) - of(ack, 0.5)).toFixed(2),
    ),
  ].join("\n");
}

/** A socket that gets only the events of this person. */
async function listen(platform: RemotePlatform, id: string, token: string): Promise<WebSocket> {
  const query = `apikey=${platform.publishableKey}&vsn=2.0.0`;
  const socket = new WebSocket(`${platform.url.replace("http", "ws")}/realtime/v1/websocket?${query}`);
  await once(socket, "open");
  const ready = new Promise<void>((resolve, reject) => {
    socket.on("message", function hear(data) {
      const text = data.toString();
      if (text.includes('"status":"error"')) reject(new Error(`not joined: ${text}`));
      if (!text.includes('"system"')) return;
      socket.off("message", hear);
      resolve();
    });
  });
  const config = { private: true, presence: { enabled: false }, broadcast: { replication_ready: true } };
  socket.send(JSON.stringify(["1", "1", `realtime:user:${id}`, "phx_join", { config, access_token: token }]));
  await ready;
  return socket;
}

// Many notifications --------------------------------------------------------------

async function pages(town: Town): Promise<string> {
  await on(town.adminUrl, (sql) => fill(sql, { large, others: large }));
  await using stack = new AsyncDisposableStack();
  const reader = async (person: number) => {
    const sql = connect(town.databaseUrl, "authenticated");
    stack.defer(() => sql.end());
    await sql`select set_config('request.jwt.claims', ${town.claimsOf(person)}, false)`;
    const rows = await sql`select id, group_id from notifications(page_size => 100)`;
    return { sql, rows: rows as unknown as { id: string; group_id: string }[], id: town.idOf(person) };
  };
  const [many, few] = [await reader(1), await reader(2)];
  const page = (of: typeof many, text: string, values: string[] = []): Contender => ({
    name: text,
    run: () => of.sql.unsafe(text, values, { prepare: true }),
  });
  const both = (text: string, values: (of: typeof many) => string[] = () => []) => [
    page(few, text, values(few)),
    page(many, text, values(many)),
  ];
  const key = (table: string) => page(many, `select * from ${table} where id = $1`, [many.id]);
  const rows = await compare([
    ["notifications()", both("select * from notifications()")],
    [
      "notifications(before), 100 groups on",
      both("select * from notifications($1)", ({ rows }) => [rows[99]?.id as string]),
    ],
    [
      "notification_actors(), of 5 and of 5,000",
      both("select * from notification_actors($1)", ({ rows }) => [rows[99]?.group_id as string]).with(
        1,
        page(many, "select * from notification_actors($1)", [String(4096 * 1050)]),
      ),
    ],
    ["sync(), which starts over", both("select * from sync()")],
    ["unread()", both("select * from unread()")],
  ]);
  const beside = await compare([
    ["unread() beside a profile by key", [key("profiles"), page(many, "select * from unread()")]],
  ]);
  return [
    "## Many notifications",
    `Somebody with 1,000 notifications beside somebody with ${large.toLocaleString("en")}, and ${large.toLocaleString("en")} of others. SQL, medians of`,
    "interleaved rounds. Goal: at most 1.5 times; and `unread()` at most 1.5 times a read by primary key.",
    "",
    "| | 1,000: p50 ms | 1,000,000: p50 ms | ratio |",
    "|---|---|---|---|",
    ...rows,
    "",
    "| | by key: p50 ms | p50 ms | ratio |",
    "|---|---|---|---|",
    ...beside,
  ].join("\n");
}

async function compare(pairs: [string, Contender[]][]): Promise<string[]> {
  const lines: string[] = [];
  for (const [name, pair] of pairs) {
    const [one, other] = (await byTurns(pair, 15, 40)) as [Figures, Figures];
    const found = ratio(other, one);
    lines.push(
      line(
        name,
        one.p50Ms.toFixed(2),
        other.p50Ms.toFixed(2),
        `${found.median.toFixed(2)} (${found.low.toFixed(2)}–${found.high.toFixed(2)})`,
      ),
    );
  }
  return lines;
}

// Many bells ----------------------------------------------------------------------

/** Person 3 has many bells, and person 5 none. */
async function manyBells(town: Town): Promise<string> {
  await on(town.adminUrl, (sql) => ring(sql, bells));
  const sql = connect(town.databaseUrl, "authenticated");
  const admin = connect(town.adminUrl);
  const author = (person: number): Contender => ({
    name: "",
    before: () => sql`select set_config('request.jwt.claims', ${town.claimsOf(person)}, false)`,
    run: () => sql`insert into public.posts (content) values (${content})`,
  });
  const [none, many] = (await byTurns([author(5), author(3)], 15, 20)) as [Figures, Figures];
  // One post is left to tell of. The others are as if they had been told.
  await admin`delete from private.fan_outs where id < (select max(id) from private.fan_outs)`;
  const startMs = performance.now();
  for (let waits = true; waits; ) {
    await admin`call private.deliver_waiting_notices()`;
    const [left] = await admin`
      select exists (select from private.fan_outs) or exists (select from private.notice_queue) as waits`;
    waits = left?.waits;
  }
  const seconds = (performance.now() - startMs) / 1000;
  const [told] =
    await admin`select count(*)::integer as people from private.notifications where kind = 'post'`;
  await Promise.all([sql.end(), admin.end()]);
  if (told?.people !== bells) throw new Error(`${told?.people} people were told of the post, not ${bells}`);
  const found = ratio(many, none);
  return [
    "## Many bells",
    "",
    "| a post | p50 ms | p95 ms |",
    "|---|---|---|",
    line("for which no bell rings", none.p50Ms.toFixed(2), none.p95Ms.toFixed(2)),
    line(`for which ${bells.toLocaleString("en")} ring`, many.p50Ms.toFixed(2), many.p95Ms.toFixed(2)),
    "",
    `That is ${found.median.toFixed(2)} times (${found.low.toFixed(2)}–${found.high.toFixed(2)}). The job tells the ${bells.toLocaleString("en")} people in ${seconds.toFixed(0)} s, ${Math.round(bells / seconds).toLocaleString("en")} a second,`,
    "when it runs without a pause. pg_cron lets it work for 4 of 5 seconds.",
  ].join("\n");
}
