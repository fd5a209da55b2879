/** The posts that trend: what many people who count like, answer, quote and repost. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Person, refusal } from "./database.ts";
import { type CrowdTown, createCrowdTown } from "./trend-crowd.ts";

let town: CrowdTown;
/** The present, in minutes of the town. The periods of posts end now. */
let now: number;
let alice: Person;
let bob: Person;
let carol: Person;
let fresh: number;
let dayOld: number;
beforeAll(async () => {
  town = await createCrowdTown(30);
  now = (Date.now() - town.at(0).getTime()) / 60_000;
  for (const name of ["alice", "bob", "carol"]) await town.db.signUp(name);
  const people = await town.db
    .admin`select id, username from profiles where username in ('alice', 'bob', 'carol')`;
  [alice, bob, carol] = ["alice", "bob", "carol"].map((username) => {
    const { id } = people.find((one) => one.username === username) as { id: string };
    return { id, username, asks: town.db.as("authenticated", id) };
  }) as [Person, Person, Person];
  [dayOld] = (await town.write([alice], now - 20 * 60, "Yesterday", { language: "en" })) as [number];
  [fresh] = (await town.write([bob], now - 30, "Today #chess", { language: "de" })) as [number];
  await like(town.crowd.slice(0, 12), dayOld);
  await like(town.crowd.slice(0, 6), fresh);
  await town.refresh(now);
}, 60_000);
afterAll(() => town?.[Symbol.asyncDispose]());

async function like(people: Person[], post: number): Promise<void> {
  for (const who of people) await who.asks((sql) => sql`insert into likes (post_id) values (${post})`);
}

const posts = (who: Person["asks"], call = "trending_posts()") =>
  who((sql) => sql.unsafe(`select id, to_jsonb(post) as post, reply_to, quoted, people, score from ${call}`));
const ids = async (who: Person["asks"], call?: string) => (await posts(who, call)).map(({ id }) => id);

test("a newer post comes before one of the day before with twice as many people", async () => {
  const rows = await posts(carol.asks);
  expect(rows).toEqual([
    expect.objectContaining({ id: fresh, people: 6, reply_to: null, quoted: null }),
    expect.objectContaining({ id: dayOld, people: 12 }),
  ]);
  expect(rows[0]?.post).toMatchObject({
    id: fresh,
    content: "Today #chess",
    likes: 6,
    author: { username: "bob" },
  });
  expect(rows[0]?.score).toBeGreaterThan(rows[1]?.score);
  expect(await ids(town.db.as("anon"))).toEqual([fresh, dayOld]);
});

test("a period has only posts that were written in it", async () => {
  expect(await ids(carol.asks, "trending_posts('hour')")).toEqual([fresh]);
  expect(await ids(carol.asks, "trending_posts('week')")).toEqual([fresh, dayOld]);
});

test("a post with five times as many people comes first, and is not in a period that began after it", async () => {
  const [older] = (await town.write([carol], now - 180, "Three hours ago")) as [number];
  await like(town.crowd, older);
  await town.refresh(now);
  expect(await ids(alice.asks, "trending_posts('day')")).toEqual([older, fresh, dayOld]);
  expect(await ids(alice.asks, "trending_posts('hour')")).toEqual([fresh]);
  await carol.asks((sql) => sql`delete from posts where id = ${older}`);
});

test("two people, and people who do not count, are not enough", async () => {
  const [few, bought] = (await town.write([carol, carol], now - 10, "Few")) as [number, number];
  await like(town.crowd.slice(0, 2), few);
  await like([alice, bob], bought);
  const strangers = [];
  for (let one = 0; one < 5; one++) strangers.push(await town.db.signUp(`stranger_${one}`));
  await like(strangers, bought);
  await town.refresh(now);
  expect(await ids(carol.asks)).toEqual([fresh, dayOld]);
  // A third one who counts is.
  await like(town.crowd.slice(2, 3), few);
  await town.refresh(now);
  expect(await ids(alice.asks)).toContain(few);
  await carol.asks((sql) => sql`delete from posts where author_id = ${carol.id}`);
  expect(await ids(alice.asks)).toEqual([fresh, dayOld]);
});

test("the language, blocks and mutes are honoured", async () => {
  expect(await ids(carol.asks, "trending_posts(language => 'de')")).toEqual([fresh]);
  await carol.asks((sql) => sql`insert into mutes (muted_id) values (${bob.id})`);
  expect(await ids(carol.asks)).toEqual([dayOld]);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${carol.id})`);
  expect(await ids(carol.asks)).toEqual([]);
  await alice.asks((sql) => sql`delete from blocks`);
  await carol.asks((sql) => sql`delete from mutes`);
  expect(await ids(carol.asks)).toEqual([fresh, dayOld]);
});

test("a person behind a block does not count", async () => {
  const [post] = (await town.write([carol], now - 5, "For three")) as [number];
  const fans = town.crowd.slice(0, 4) as [Person, Person, Person, Person];
  await like(fans, post);
  await town.refresh(now);
  const row = async (who: Person) => {
    const found = (await posts(who.asks)).find(({ id }) => id === post);
    return { people: found?.people, score: found?.score };
  };
  const before = await row(alice);
  expect(before.people).toBe(4);
  await fans[0].asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
  expect(await row(bob)).toEqual(before);
  const after = await row(alice);
  expect(after.people).toBe(3);
  expect(after.score).toBeLessThan(before.score);
  // Two are too few to be listed.
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${fans[1].id})`);
  expect(await ids(alice.asks)).toEqual([fresh, dayOld]);
  for (const who of [fans[0], alice]) await who.asks((sql) => sql`delete from blocks`);
  expect(await row(alice)).toEqual(before);
  await carol.asks((sql) => sql`delete from posts where id = ${post}`);
});

test("the scope network has posts by the people around the viewer", async () => {
  const around = "trending_posts(scope => 'network')";
  expect(await ids(carol.asks, around)).toEqual([]);
  await carol.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  expect(await ids(carol.asks, around)).toEqual([dayOld]);
  await alice.asks((sql) => sql`insert into follows (followee_id) values (${bob.id})`);
  expect(await ids(carol.asks, around)).toEqual([fresh, dayOld]);
});

test("a post that says a hidden tag is left out", async () => {
  const moderator = town.db.as("service_role");
  await moderator((sql) => sql`select hide_trend('tag', 'chess', 'a quarrel')`);
  expect(await ids(carol.asks)).toEqual([dayOld]);
  await moderator((sql) => sql`select show_trend('tag', 'chess')`);
  expect(await ids(carol.asks)).toEqual([fresh, dayOld]);
});

test("a post is gone at once when its author closes the account or does not want to be discovered", async () => {
  await bob.asks((sql) => sql`update profiles set is_discoverable = false where id = ${bob.id}`);
  expect(await ids(carol.asks)).toEqual([dayOld]);
  await bob.asks((sql) => sql`update profiles set is_discoverable = true where id = ${bob.id}`);
  expect(await ids(carol.asks)).toEqual([fresh, dayOld]);
  await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
  expect(await ids(carol.asks)).toEqual([fresh]);
});

test("a page has at most 100 rows", async () => {
  const { detail } = await refusal(carol.asks((sql) => sql`select trending_posts(page_size => 0)`));
  expect(detail).toBe("page_size_range");
  expect(await ids(carol.asks, "trending_posts(page_size => 1)")).toEqual([fresh]);
});
