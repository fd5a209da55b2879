/**
 * After any history, the tables of trends are equal to a recount from posts, likes and profiles
 * (recount-trends.ts). The test chooses the clock: `at` of a refresh, and the ids of posts.
 */
import fc from "fast-check";
import type { Row, Sql } from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { createDatabase, type Database } from "./database.ts";
import {
  countsAt,
  type Facts,
  fansAt,
  firstId,
  heatAt,
  hourAt,
  peopleAt,
  readFacts,
  usesAt,
  voicesAt,
} from "./recount-trends.ts";

let db: Database;
let sql: Sql;
const people: string[] = [];
beforeAll(async () => {
  db = await createDatabase();
  sql = db.admin;
  for (const name of ["alice", "bob", "carol", "mallory", "erin", "frank"]) {
    people.push((await db.signUp(name)).id);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

const hourMs = 3_600_000;
const texts = [
  "Green #tea",
  "More #tea and #Coffee, please @alice",
  "#coffee",
  "The very same words of a long campaign #tea",
  "the VERY same words, of a long campaign! #coffee https://Example.com/a#part",
  "Look: https://example.com/a and HTTPS://EXAMPLE.com/b",
  "Nothing to see here",
  "Hello @bob",
];

type Flag = "is_private" | "is_discoverable";
type Action =
  | {
      does: "post";
      who: number;
      text: number;
      language: string | null;
      to: number;
      as: "reply" | "quote" | "repost" | "post";
    }
  | { does: "edit"; post: number; text: number; language: string | null }
  | { does: "delete"; post: number }
  | { does: "like"; who: number; post: number }
  | { does: "unlike"; like: number }
  | { does: "switch"; who: number; flag: Flag }
  | { does: "ban"; who: number; on: boolean }
  | { does: "trust"; who: number[] }
  | { does: "pass"; minutes: number }
  | { does: "refresh"; most: number };

const who = fc.nat(5);
const post = fc.nat(30);
const text = fc.nat(texts.length - 1);
const language = fc.constantFrom(null, "en", "pt-BR");
const as = fc.constantFrom(
  "post" as const,
  "post" as const,
  "reply" as const,
  "quote" as const,
  "repost" as const,
);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ does: fc.constant("post" as const), who, text, language, to: post, as }),
  },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("edit" as const), post, text, language }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("delete" as const), post }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant("like" as const), who, post }) },
  { weight: 2, arbitrary: fc.record({ does: fc.constant("unlike" as const), like: post }) },
  {
    weight: 2,
    arbitrary: fc.record({
      does: fc.constant("switch" as const),
      who,
      flag: fc.constantFrom<Flag>("is_private", "is_discoverable"),
    }),
  },
  { weight: 1, arbitrary: fc.record({ does: fc.constant("ban" as const), who, on: fc.boolean() }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant("trust" as const), who: fc.uniqueArray(who, { minLength: 1 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      does: fc.constant("pass" as const),
      minutes: fc.constantFrom(1, 5, 20, 59, 60, 130, 700, 1500, 5000, 9000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ does: fc.constant("refresh" as const), most: fc.constantFrom(1, 3, 10, 20_000) }),
  },
);

/** Empties the town and sets its clock. Everybody counts. */
async function reset(clock: number): Promise<void> {
  await sql`delete from posts`;
  await sql`update profiles set is_private = false, is_discoverable = true where is_private or not is_discoverable`;
  await sql`update auth.users set banned_until = null where banned_until is not null`;
  await sql`delete from private.trust_seeds`;
  await refreshTrust(sql);
  await sql`truncate private.trend_changes, private.trend_uses, private.trend_people, private.trend_voices,
    private.trend_counts, private.trend_hours, private.post_fans, private.post_heat`;
  await sql`update private.trend_state set refreshed_at = ${new Date(clock)}, closed_at = ${new Date(clock)}`;
}

const refresh = async (ms: number, most: number): Promise<number> => {
  const [row] = await sql`select private.refresh_trends(${new Date(ms)}, ${most}) as left`;
  return row?.left;
};
const closedAt = async (): Promise<number> =>
  (await sql`select closed_at from private.trend_state`)[0]?.closed_at.getTime();

const key = (row: Row) => `${row.kind}:${row.term}`;

/** What the tables have. */
async function tables() {
  const uses = await sql`select * from private.trend_uses order by post_id, kind, term`;
  const latest = await sql`select * from private.trend_people`;
  const voices = await sql`select * from private.trend_voices`;
  const counted = await sql`select * from private.trend_counts`;
  const fans = await sql`select * from private.post_fans join posts on posts.id = post_id`;
  const heat = await sql`select * from private.post_heat`;
  return {
    uses: uses.map((use) => [key(use), use.post_id, use.profile_id, use.language].join(" ")).sort(),
    people: latest.map((use) => [key(use), use.post_id, use.profile_id, use.language].join(" ")).sort(),
    voices: voices.map((use) => [key(use), use.post_id].join(" ")).sort(),
    counts: Object.fromEntries(
      counted.map((row) => [key(row), [row.in_hour, row.in_half_day, row.in_day, row.in_week]]),
    ),
    fans: fans.map(({ post_id, profile_id }) => `${post_id} ${profile_id}`).sort(),
    heat: Object.fromEntries(
      heat.map((row) => [row.post_id, [row.people, row.score?.toFixed(6) ?? null, row.language]]),
    ),
  };
}

function recount(facts: Facts, ms: number): Awaited<ReturnType<typeof tables>> {
  const line = ({ term, post, profile, language }: ReturnType<typeof usesAt>[number]) =>
    [term, post, profile, language].join(" ");
  const existing = new Set(facts.posts.map(({ id }) => id));
  return {
    uses: usesAt(facts, ms).map(line).sort(),
    people: peopleAt(facts, ms).map(line).sort(),
    voices: voicesAt(facts, ms)
      .map(({ term, post }) => [term, post].join(" "))
      .sort(),
    counts: countsAt(facts, ms),
    fans: [...fansAt(facts, ms)]
      .filter(([id]) => existing.has(id))
      .flatMap(([id, fans]) => [...fans].map((fan) => `${id} ${fan}`))
      .sort(),
    heat: heatAt(facts, ms),
  };
}

/** Lives through a history, and notes what the hours have to be. */
async function live(
  actions: Action[],
): Promise<{ clock: number; hours: Map<number, Record<string, number[]>> }> {
  let clock = Math.ceil(Date.now() / hourMs) * hourMs;
  const hours = new Map<number, Record<string, number[]>>();
  const posts: number[] = [];
  const at = (index: number) => posts[index % Math.max(posts.length, 1)] ?? 0;
  await reset(clock);

  const run: { [Does in Action["does"]]: (action: Extract<Action, { does: Does }>) => Promise<unknown> } = {
    async post({ who, text, language, to, as }) {
      clock += 7;
      const id = firstId(clock) + posts.length;
      const target = as === "post" ? undefined : { [`${as}_${as === "reply" ? "to" : "of"}_id`]: at(to) };
      const said = as === "repost" ? {} : { content: texts[text] ?? "", language };
      const row = { id, author_id: people[who] ?? "", created_at: new Date(clock), ...said, ...target };
      // Some posts do not exist, or are limited, or are reposted already.
      if (await sql`insert into posts ${sql(row)}`.then(() => true, isRefused)) posts.push(id);
    },
    edit: ({ post, text, language }) =>
      sql`update posts set content = ${texts[text] ?? ""}, language = ${language}
        where id = ${at(post)} and repost_of_id is null`,
    delete: ({ post }) => sql`delete from posts where id = ${at(post)}`,
    like: ({ who, post }) =>
      sql`insert into likes (user_id, post_id) values (${people[who] ?? ""}, ${at(post)}) on conflict do nothing`.catch(
        isRefused,
      ),
    unlike: ({ like }) =>
      sql`delete from likes where id = (
        select id from likes order by id offset ${like} % (select greatest(count(*), 1) from likes) limit 1)`,
    switch: ({ who, flag }) =>
      sql`update profiles set ${sql(flag)} = not ${sql(flag)} where id = ${people[who] ?? ""}`,
    ban: ({ who, on }) =>
      sql`update auth.users set banned_until = ${on ? new Date(clock + 1e12) : null} where id = ${people[who] ?? ""}`,
    async trust({ who }) {
      await sql`delete from private.trust_seeds`;
      for (const one of who) await sql`select set_trust_seed(${people[one] ?? ""})`;
      await refreshTrust(sql);
    },
    async pass({ minutes }) {
      clock += minutes * 60_000;
    },
    async refresh({ most }) {
      clock += 1;
      const before = await closedAt();
      const [others] = await sql`select count(*) from private.trend_changes where lane <> 'ordinary'`;
      await refresh(clock, most);
      // An hour does not wait for the rows of these lanes.
      const isExact = others?.count === 0 || most > 1000;
      const facts = await readFacts(sql);
      for (let ms = before + hourMs; ms <= (await closedAt()); ms += hourMs) {
        if (isExact) hours.set(ms, hourAt(facts, ms));
      }
    },
  };
  for (const action of actions) await run[action.does](action as never);
  return { clock: clock + 1, hours };
}

function isRefused(error: unknown): false {
  if (/^PT4/.test((error as { code?: string }).code ?? "")) return false;
  throw error;
}

let closedHours = 0;
let heatRows = 0;

const equalsRecount = async (actions: Action[]): Promise<void> => {
  const { clock, hours } = await live(actions);
  for (let tries = 0; (await refresh(clock, 50)) > 0; tries++) expect(tries).toBeLessThan(500);
  const found = await tables();
  expect(found).toEqual(recount(await readFacts(sql), clock));

  for (const [ms, expected] of hours) {
    const rows = await sql`select * from private.trend_hours where ended_at = ${new Date(ms)}`;
    const row = (hour: (typeof rows)[number]) => [hour.in_hour, hour.in_half_day, hour.in_day, hour.in_week];
    expect(Object.fromEntries(rows.map((hour) => [key(hour), row(hour)]))).toEqual(expected);
  }
  closedHours += hours.size;
  heatRows += Object.keys(found.heat).length;
};

const runs = Number(process.env.PLAZA_TREND_RUNS ?? 60);
test(
  `after any history, trends equal a recount (${runs} histories)`,
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 20, maxLength: 60, size: "max" }), equalsRecount),
      {
        numRuns: runs,
        endOnFailure: !process.env.PLAZA_TREND_SHRINK,
        seed: process.env.PLAZA_SEED ? Number(process.env.PLAZA_SEED) : undefined,
      },
    );
    // The histories say something.
    expect(closedHours).toBeGreaterThan(runs);
    expect(heatRows).toBeGreaterThan(runs / 4);
  },
  60_000 + runs * 4000,
);
