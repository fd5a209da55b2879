/** The people who like a post and who repost it: who reads them, page by page, at a bounded cost. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let alice: Person;
let carol: Person;
let fans: Person[];
let post: number;
beforeAll(async () => {
  db = await createDatabase();
  [alice, carol] = [await db.signUp("alice"), await db.signUp("carol")];
  [{ id: post }] = (await alice.asks(
    (sql) => sql`insert into posts (content) values ('everybody likes it') returning id`,
  )) as unknown as [{ id: number }];
  fans = [];
  for (let n = 0; n < 5; n++) {
    const fan = await db.signUp(`fan_${n}`);
    fans.push(fan);
    // fan_1 and fan_3 do not show what they like.
    await fan.asks((sql) => sql`update profiles set shows_likes = ${n % 2 === 0} where id = ${fan.id}`);
    await fan.asks((sql) => sql`insert into likes (post_id) values (${post})`);
    await fan.asks((sql) => sql`insert into posts (repost_of_id) values (${post})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

type List = "likers" | "reposters";

async function read(who: Person, list: List, pageSize = 100): Promise<string[]> {
  const names: string[] = [];
  for (let before: number | null = null; ; ) {
    const page = (await who.asks(
      (sql) => sql`select id, (profile).username from ${sql(list)}(${post}, ${before}, ${pageSize})`,
    )) as { id: number; username: string }[];
    names.push(...page.map(({ username }) => username));
    if (page.length < pageSize) return names;
    before = page.at(-1)?.id ?? null;
  }
}

test("alice reads everybody who likes her post, and carol the people who show their likes", async () => {
  expect(await read(alice, "likers")).toEqual(["fan_4", "fan_3", "fan_2", "fan_1", "fan_0"]);
  expect(await read(carol, "likers")).toEqual(["fan_4", "fan_2", "fan_0"]);
  expect(await read(fans[1] as Person, "likers")).toEqual(["fan_4", "fan_2", "fan_1", "fan_0"]);
  expect(await read(carol, "reposters")).toEqual(["fan_4", "fan_3", "fan_2", "fan_1", "fan_0"]);
});

test("pages neither skip nor repeat anybody", async () => {
  for (const list of ["likers", "reposters"] as const) {
    for (const who of [alice, carol]) {
      for (const pageSize of [1, 2]) expect(await read(who, list, pageSize)).toEqual(await read(who, list));
    }
  }
});

test("a repost by a private account is for its followers", async () => {
  const fan = fans[2] as Person;
  await carol.asks((sql) => sql`select follow(${fan.id})`);
  await fan.asks((sql) => sql`update profiles set is_private = true where id = ${fan.id}`);
  expect(await read(carol, "reposters")).toContain("fan_2");
  expect(await read(alice, "reposters")).not.toContain("fan_2");
  expect(await read(alice, "likers")).toContain("fan_2");
});

test("a page reads at most 2,000 likes that carol may not know about, and hidden people are not among them", async () => {
  const [row] = await alice.asks((sql) => sql`insert into posts (content) values ('famous') returning id`);
  const famous = row?.id as number;
  const likers = async () =>
    (await carol.asks((sql) => sql`select (profile).username from likers(${famous})`)).map(
      (one) => one.username,
    );
  const shy = (count: number) => db.admin`
    with added as (
      insert into auth.users (id, email, email_confirmed_at, raw_user_meta_data)
      select gen_random_uuid(), gen_random_uuid() || '@example.com', now(), '{}'
      from generate_series(1, ${count}::integer)
      returning id
    )
    select array_agg(id) as ids from added
  `;
  const like = (ids: string[]) =>
    db.admin`insert into likes (user_id, post_id) select unnest(${ids}::uuid[]), ${famous}`;
  const [{ ids }] = (await shy(2000)) as unknown as [{ ids: string[] }];

  await (fans[0] as Person).asks((sql) => sql`insert into likes (post_id) values (${famous})`);
  await like(ids.slice(0, 1999));
  expect(await likers()).toEqual(["fan_0"]);
  await like(ids.slice(1999));
  expect(await likers()).toEqual([]);
  await db.admin`insert into blocks (blocker_id, blocked_id) values (${ids[0] as string}, ${carol.id})`;
  expect(await likers()).toEqual(["fan_0"]);
});
