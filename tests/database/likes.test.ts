/** Likes and bookmarks: who sees bob's likes of alice's posts, and that nobody else sees his bookmarks. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
let post: number;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol", "mallory"].map((name) => db.signUp(name)));
  [alice, bob, carol, mallory] = people as [Person, Person, Person, Person];
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
  const [row] = await alice.asks((sql) => sql`insert into posts (content) values ('likeable') returning id`);
  post = row?.id;
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

const like = (who: Person, id = post) => who.asks((sql) => sql`insert into likes (post_id) values (${id})`);
const unlike = (who: Person, id = post) => who.asks((sql) => sql`delete from likes where post_id = ${id}`);
const set = (who: Person, values: Record<string, unknown>) =>
  who.asks((sql) => sql`update profiles set ${sql(values)} where id = ${who.id}`);
const counted = async (who: Person["asks"]) =>
  (await who((sql) => sql`select likes from post_counts where post_id = ${post}`))[0]?.likes ?? null;
const card = async (who: Person) =>
  (
    await who.asks((sql) => sql`select (post).liked, (post).likes, (post).bookmarked from thread(${post})`)
  )[0];

describe("bob likes a post of alice's", () => {
  beforeEach(async () => {
    await like(bob);
    return () => unlike(bob);
  });

  /** The people who find the like: as a row, and on bob's page of likes. */
  const seers = async () => {
    const rows: string[] = [];
    const page: string[] = [];
    const all = {
      alice: alice.asks,
      bob: bob.asks,
      carol: carol.asks,
      mallory: mallory.asks,
      anon: db.as("anon"),
    };
    for (const [name, asks] of Object.entries(all)) {
      if ((await asks((sql) => sql`select from likes where user_id = ${bob.id}`)).length > 0) rows.push(name);
      if ((await asks((sql) => sql`select from profile_likes(${bob.id})`)).length > 0) page.push(name);
    }
    return { rows, page };
  };

  test("and everybody sees it in the count, even people who do not see that it is bob's", async () => {
    for (const who of [alice.asks, bob.asks, carol.asks, db.as("anon")]) expect(await counted(who)).toBe(1);
    expect(await counted(mallory.asks)).toBe(null);
    expect(await card(bob)).toEqual({ liked: true, likes: 1, bookmarked: false });
    expect(await card(alice)).toEqual({ liked: false, likes: 1, bookmarked: false });
  });

  test("and she sees the like; others see it only if he shows his likes", async () => {
    expect(await seers()).toEqual({ rows: ["alice", "bob"], page: ["bob"] });
    await set(bob, { shows_likes: true });
    expect(await seers()).toEqual({
      rows: ["alice", "bob", "carol", "anon"],
      page: ["alice", "bob", "carol", "anon"],
    });
    await set(bob, { is_private: true });
    expect(await seers()).toEqual({ rows: ["alice", "bob"], page: ["bob"] });
    expect(await counted(carol.asks)).toBe(1);
    await carol.asks((sql) => sql`select follow(${bob.id})`);
    await bob.asks((sql) => sql`select accept_follow_request(${carol.id})`);
    expect(await seers()).toEqual({ rows: ["alice", "bob", "carol"], page: ["bob", "carol"] });
    await bob.asks((sql) => sql`select remove_follower(${carol.id})`);
    await set(bob, { is_private: false, shows_likes: false });
  });

  test("and people who do not see the post do not see the like", async () => {
    await set(bob, { shows_likes: true });
    expect((await seers()).page).toContain("carol");
    await set(alice, { is_private: true });
    expect(await seers()).toEqual({ rows: ["alice", "bob"], page: ["alice", "bob"] });
    await set(alice, { is_private: false });
    await set(bob, { shows_likes: false });
  });

  test("once; a second time is a conflict", async () => {
    expect(await refusal(like(bob))).toMatchObject({ code: "23505", constraint_name: "likes_pkey" });
    expect(await counted(alice.asks)).toBe(1);
  });

  test("and blocks alice: then she does not see the like, and it is not in her count", async () => {
    await like(carol);
    await bob.asks((sql) => sql`insert into blocks (blocked_id) values (${alice.id})`);
    expect(await seers()).toEqual({ rows: [], page: [] });
    expect([await counted(alice.asks), await counted(carol.asks), await counted(bob.asks)]).toEqual([
      1,
      2,
      null,
    ]);
    await bob.asks((sql) => sql`delete from blocks where blocked_id = ${alice.id}`);
    expect(await counted(alice.asks)).toBe(2);
    await bob.asks((sql) => sql`select follow(${alice.id})`);
    await unlike(carol);
  });
});

describe("nobody likes", () => {
  test("in bob's name, or takes his like back", async () => {
    const forged = carol.asks((sql) => sql`insert into likes (user_id, post_id) values (${bob.id}, ${post})`);
    expect(await refusal(forged)).toMatchObject({ code: "42501" });
    await like(bob);
    expect((await alice.asks((sql) => sql`delete from likes where post_id = ${post}`)).count).toBe(0);
    expect(await counted(alice.asks)).toBe(1);
    await unlike(bob);
    expect(await counted(alice.asks)).toBe(0);
  });

  test("a post that they do not see", async () => {
    const [limited] = await alice.asks(
      (sql) => sql`insert into posts (content, audience) values ('for bob', 'followers') returning id`,
    );
    for (const [who, id] of [
      [carol, limited?.id],
      [mallory, post],
      [bob, -post],
    ] as const) {
      expect(await refusal(like(who, id))).toMatchObject({ code: "PT404", detail: "post_not_found" });
    }
    await like(bob, limited?.id);
    await unlike(bob, limited?.id);
  });
});

test("the page of likes has the newest like first, by the id of the like", async () => {
  const ids: number[] = [];
  for (const content of ["one", "two", "three"]) {
    const [row] = await alice.asks(
      (sql) => sql`insert into posts (content) values (${content}) returning id`,
    );
    ids.push(row?.id);
  }
  for (const n of [2, 0, 1]) await like(bob, ids[n]);
  const page = (before: number | null, size: number) =>
    bob.asks((sql) => sql`select id, (post).content from profile_likes(${bob.id}, ${before}, ${size})`);
  const [first, second] = await page(null, 2);
  expect([first?.content, second?.content]).toEqual(["two", "one"]);
  expect((await page(second?.id, 2)).map((row) => row.content)).toEqual(["three"]);
  await bob.asks((sql) => sql`delete from likes`);
  expect(await page(null, 2)).toEqual([]);
});

test("only bob sees his bookmark; nobody counts it, and it is deleted with the post", async () => {
  const [row] = await alice.asks((sql) => sql`insert into posts (content) values ('keep') returning id`);
  const id = row?.id as number;
  await bob.asks((sql) => sql`insert into bookmarks (post_id) values (${id}), (${post})`);
  const kept = (who: Person) => who.asks((sql) => sql`select (post).content from bookmarks_feed()`);
  expect(await kept(bob)).toEqual([{ content: "likeable" }, { content: "keep" }]);
  expect(await card(bob)).toMatchObject({ bookmarked: true });
  for (const who of [alice, carol]) {
    expect(await who.asks((sql) => sql`select from bookmarks`)).toHaveLength(0);
    expect(await kept(who)).toEqual([]);
    expect(await card(who)).toMatchObject({ bookmarked: false });
  }
  expect(await refusal(db.as("anon")((sql) => sql`select from bookmarks`))).toMatchObject({ code: "42501" });
  const forged = carol.asks((sql) => sql`insert into bookmarks (user_id, post_id) values (${bob.id}, ${id})`);
  expect(await refusal(forged)).toMatchObject({ code: "42501" });

  await alice.asks((sql) => sql`delete from posts where id = ${id}`);
  expect(await kept(bob)).toEqual([{ content: "likeable" }]);
  await bob.asks((sql) => sql`delete from bookmarks`);
  expect(await kept(bob)).toEqual([]);
});
