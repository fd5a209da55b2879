/** Tags that bob follows: his home feed has posts with these tags, also by strangers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol"].map((name) => db.signUp(name)));
  [alice, bob, carol] = people as [Person, Person, Person];
  await bob.asks((sql) => sql`select follow(${alice.id})`);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const write = async (by: Person, content: string, audience = "everyone"): Promise<number> => {
  const [row] = await by.asks(
    (sql) => sql`insert into posts (content, audience) values (${content}, ${audience}) returning id`,
  );
  return row?.id;
};
const follow = (tag: string) => bob.asks((sql) => sql`insert into tag_follows (tag) values (${tag})`);
const unfollow = (tag: string) => bob.asks((sql) => sql`delete from tag_follows where tag = ${tag}`);
const home = async () =>
  (await bob.asks((sql) => sql`select id from home_feed()`)).map((row) => row.id as number);

test("bring posts by strangers into his home feed, in every spelling of the tag, while he follows it", async () => {
  const [tagged, plain] = [await write(carol, "look #GARDEN"), await write(carol, "look")];
  const closed = await write(carol, "closed #garden", "followers");
  const hers = await write(alice, "mine #garden");
  expect(await home()).toEqual([hers]);
  await follow("＃Garden");
  expect(await home()).toEqual([hers, tagged]);
  expect(await carol.asks((sql) => sql`select id from tag_feed('garden')`)).toHaveLength(3);
  expect(await db.admin`select from posts where id in (${plain}, ${closed})`).toHaveLength(2);

  await bob.asks((sql) => sql`insert into mutes (muted_id) values (${carol.id})`);
  expect(await home()).toEqual([hers]);
  await bob.asks((sql) => sql`delete from mutes`);
  await unfollow("garden");
  expect(await home()).toEqual([hers]);
});

test("add an edited post to his home feed, or remove it", async () => {
  await follow("late");
  const id = await write(carol, "early");
  expect(await home()).not.toContain(id);
  await carol.asks((sql) => sql`update posts set content = 'now #late' where id = ${id}`);
  expect(await home()).toContain(id);
  await carol.asks((sql) => sql`update posts set content = 'never' where id = ${id}`);
  expect(await home()).not.toContain(id);
});

test("are stored as posts have them, each once", async () => {
  await follow("#Straße");
  expect(await refusal(follow("STRAßE"))).toMatchObject({
    code: "23505",
    constraint_name: "tag_follows_pkey",
  });
  expect(await bob.asks((sql) => sql`select tag from tag_follows where tag like 's%'`)).toEqual([
    { tag: "straße" },
  ]);
});

test.each(["", "#", "two words", "2026", "x".repeat(101), "semi;colon"])(
  "are tags, which “%s” is not",
  async (tag) => {
    expect(await refusal(follow(tag))).toMatchObject({ code: "PT400", detail: "tag_format" });
  },
);

test("are seen by nobody else", async () => {
  await follow("secret");
  expect(await bob.asks((sql) => sql`select from tag_follows where tag = 'secret'`)).toHaveLength(1);
  expect(await alice.asks((sql) => sql`select from tag_follows`)).toHaveLength(0);
  expect((await alice.asks((sql) => sql`delete from tag_follows`)).count).toBe(0);
  const forged = alice.asks((sql) => sql`insert into tag_follows (user_id, tag) values (${bob.id}, 'weeds')`);
  expect(await refusal(forged)).toMatchObject({ code: "42501" });
});

test("are at most a hundred", async () => {
  const many = (n: number) =>
    carol.asks(
      (sql) => sql`insert into tag_follows (tag) select 'tag' || n from generate_series(1, ${n}::int) as n`,
    );
  await many(100);
  const more = carol.asks((sql) => sql`insert into tag_follows (tag) values ('more')`);
  expect(await refusal(more)).toMatchObject({ code: "PT409", detail: "tag_follows_full" });
});
