/** The lists that the workers compute, by a job and by a pass: who gets places on them, and what their order tells. */
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { computeEverybody } from "../../edge-functions/_shared/suggestions/everybody.ts";
import { refreshSuggestions } from "../../edge-functions/_shared/suggestions/refresh.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import { suggestionsOf } from "./suggestion-claims.ts";

let db: Database;
let sql: postgres.Sql;
/** They have old accounts, are active and are trusted. */
const town = new Map<string, Person>();
beforeAll(async () => {
  db = await createDatabase();
  sql = postgres(db.url, { max: 3, prepare: false, onnotice() {} });
  for (const name of ["alice", "bob", "carol", "dave", "mallory", "petra", "quinn", "frank"])
    town.set(name, await db.signUp(name));
  // Nobody asks these anything, so they are made at once: friends, readers, and a ring without trust.
  await db.admin`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    select md5(name)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
      name || '@example.com', jsonb_build_object('username', name), now()
    from (
      select 'friend_' || n as name from generate_series(1, 100) as n
      union all
      select 'ring_' || n from generate_series(1, 150) as n
    ) as made`;
}, 60_000);
afterAll(async () => {
  await sql?.end();
  await db?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  for (const table of ["follows", "mutes", "blocks", "posts"]) await db.admin.unsafe(`delete from ${table}`);
  for (const table of ["lists", "dismissals", "pools"])
    await db.admin.unsafe(`delete from private.suggestion_${table}`);
  await db.admin`
    update profiles set is_private = false, is_discoverable = true, created_at = now() - interval '20 days'`;
  await db.admin`delete from private.trust`;
  await db.admin`insert into private.trust (profile_id) select id from profiles where username not like 'ring%'`;
});

const person = (name: string) => town.get(name) as Person;
/** The usernames that match a pattern follow those that match another one. */
const follow = (followers: string, followees: string) => db.admin`
  insert into follows (follower_id, followee_id)
  select follower.id, followee.id
  from profiles as follower cross join profiles as followee
  where follower.username ~ ${`^(${followers})$`} and followee.username ~ ${`^(${followees})$`}
    and follower.id <> followee.id
  on conflict do nothing`;

const byJob = (viewer: Person) => db.owner.begin((transaction) => refreshSuggestions(transaction, viewer.id));
async function byPass(_viewer: Person) {
  await db.owner`
    update private.suggestion_turns set changed_at = null, due_at = now() - interval '1 minute', fingerprint = null`;
  expect(await computeEverybody(sql, { least: 1 })).toMatchObject({ failed: 0 });
}
async function listOf(viewer: Person): Promise<string[]> {
  const rows = await db.admin`
    select profiles.username
    from private.suggestion_lists as list
    cross join unnest(list.profile_ids) with ordinality as one (id, place)
    join profiles on profiles.id = one.id
    where list.viewer_id = ${viewer.id}
    order by one.place`;
  return rows.map(({ username }) => username);
}

describe.each([
  ["a job", byJob],
  ["a pass", byPass],
])("by %s", (_, compute) => {
  test("the order does not tell mallory who a private account follows that follows her", async () => {
    const mallory = person("mallory");
    const lists: string[][] = [];
    // Everybody may read how many followers carol and dave have. So frank keeps the numbers equal.
    for (const [hidden, other] of [
      ["carol", "dave"],
      ["dave", "carol"],
    ] as const) {
      await db.admin`delete from follows`;
      await follow("petra|quinn", "mallory");
      await follow("quinn", "carol|dave");
      await follow("petra", hidden);
      await follow("frank", other);
      await db.admin`update profiles set is_private = username = 'petra'`;
      await compute(mallory);
      lists.push(await listOf(mallory));
    }
    expect(lists[0]).toEqual(expect.arrayContaining(["carol", "dave", "petra", "quinn"]));
    expect(lists[1]).toEqual(lists[0]);

    // Quinn is public. So her follows do decide.
    await db.admin`delete from follows where follower_id = ${person("quinn").id}`;
    await follow("quinn", "mallory|dave");
    await compute(mallory);
    expect(await listOf(mallory)).not.toContain("carol");
  });

  test("a private account that mallory follows leads her to the people that it follows", async () => {
    await follow("mallory", "petra");
    await follow("petra", "carol");
    await db.admin`update profiles set is_private = username = 'petra'`;
    await compute(person("mallory"));
    expect(await listOf(person("mallory"))).toEqual(["carol"]);
  });

  test("new accounts without trust get no places by following the people that alice follows", async () => {
    await follow("friend_[1-4][0-9]", "bob|friend_5[0-4]");
    await follow("ring_.*", "bob|ring_[1-9]");
    await follow("ring_.*", "alice");
    await follow("alice", "bob");
    await compute(person("alice"));
    const list = await listOf(person("alice"));
    expect(list.filter((name) => name.startsWith("friend")).length).toBeGreaterThan(20);
    expect(list.filter((name) => name.startsWith("ring"))).toEqual([]);
    // Bob is somebody that alice chose. If he follows such an account, she may see it.
    await follow("bob", "ring_1");
    await compute(person("alice"));
    expect(await listOf(person("alice"))).toContain("ring_1");
  });

  test("those who may not be suggested leave their places to others", async () => {
    const alice = person("alice");
    await follow("alice", "bob");
    await follow("bob", "friend_.*");
    await compute(alice);
    const first = (await suggestionsOf(alice, 100)).map(({ profile }) => profile);
    expect(first.length).toBeGreaterThanOrEqual(50);
    const [dismissed, muted, blocked] = [first.slice(0, 20), first.slice(20, 25), first.slice(25, 30)];
    const idle = first.slice(30);
    for (const { id } of dismissed) await alice.asks((ask) => ask`select dismiss_suggestion(${id})`);
    for (const { id } of muted) await alice.asks((ask) => ask`insert into mutes (muted_id) values (${id})`);
    for (const { id } of blocked)
      await alice.asks((ask) => ask`insert into blocks (blocked_id) values (${id})`);
    await db.admin`
      update profiles set created_at = now() - interval '60 days'
      where id = any (${idle.map(({ id }) => id)}::uuid[])`;
    onTestFinished(async () => {
      await db.admin`update profiles set created_at = now() - interval '20 days'`;
    });
    await compute(alice);
    const gone = first.map(({ username }) => username);
    const next = await listOf(alice);
    expect(next.filter((name) => gone.includes(name))).toEqual([]);
    expect(next.length).toBeGreaterThanOrEqual(100 - gone.length);
    expect((await suggestionsOf(alice, 100)).length).toBe(next.length);
  });
});

describe("without a list", () => {
  test("somebody who dismissed the first twenty popular people is shown others", async () => {
    await follow("friend_[1-9]", "friend_[2-9][0-9]");
    await db.owner`select private.refresh_suggestion_pools()`;
    const alice = person("alice");
    const first = await suggestionsOf(alice, 20);
    expect(first).toHaveLength(20);
    for (const { profile } of first) await alice.asks((ask) => ask`select dismiss_suggestion(${profile.id})`);
    const next = await suggestionsOf(alice, 20);
    expect(next).toHaveLength(20);
    const gone = first.map(({ profile }) => profile.id);
    expect(next.filter(({ profile }) => gone.includes(profile.id))).toEqual([]);
  });

  test("followers without trust do not hide the others", async () => {
    await follow("friend_[1-5]", "alice");
    await follow("ring_.*", "alice");
    expect(await suggestionsOf(person("alice"), 20)).toHaveLength(5);
  });

  test("a pool that grows moves nobody else that day", async () => {
    await follow("friend_[1-9]", "friend_[2-4][0-9]");
    await db.owner`select private.refresh_suggestion_pools()`;
    const names = async () =>
      (await suggestionsOf(person("alice"), 40)).map(({ profile }) => profile.username);
    const before = await names();
    await follow("friend_[1-9]", "friend_5[0-2]");
    await db.owner`select private.refresh_suggestion_pools()`;
    const after = (await names()).filter((name) => !name.startsWith("friend_5"));
    expect(before).toHaveLength(30);
    expect(after).toEqual(before);
  });
});
