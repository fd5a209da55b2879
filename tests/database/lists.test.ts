/** Lists of people: who sees and changes them, who is on them, and what their feeds have. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  const people = await Promise.all(["alice", "bob", "carol", "mallory"].map((name) => db.signUp(name)));
  [alice, bob, carol, mallory] = people as [Person, Person, Person, Person];
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

const post = async (by: Person, values: Record<string, unknown>): Promise<number> => {
  const [row] = await by.asks((sql) => sql`insert into posts ${sql(values)} returning id`);
  return row?.id;
};
const make = async (by: Person, name: string, isPrivate: boolean, ...members: Person[]): Promise<string> => {
  const [row] = await by.asks(
    (sql) => sql`insert into lists (name, is_private) values (${name}, ${isPrivate}) returning id`,
  );
  for (const member of members) await add(by, row?.id, member);
  return row?.id;
};
const add = (by: Person, list: string, { id }: Person) =>
  by.asks((sql) => sql`insert into list_members values (${list}, ${id})`);
const remove = (by: Person, list: string, { id }: Person) =>
  by.asks((sql) => sql`delete from list_members where (list_id, profile_id) = (${list}, ${id})`);
const feed = async (who: Person["asks"], list: string) =>
  (await who((sql) => sql`select id from list_feed(${list})`)).map((row) => row.id as number);

describe("a list of alice's", () => {
  /** What somebody sees of a list: the list, its members, rows of its feed. */
  const sees = (who: Person["asks"], list: string) =>
    who(async (sql) => [
      (await sql`select from lists where id = ${list}`).length,
      (await sql`select from list_members where list_id = ${list}`).length,
      (await sql`select from list_feed(${list})`).length,
    ]);

  test("is seen only by her while it is private, and not by the people on it", async () => {
    await post(carol, { content: "on the list" });
    const list = await make(alice, "gardeners", true, bob, carol);
    expect(await sees(alice.asks, list)).toEqual([1, 2, 1]);
    for (const who of [bob.asks, carol.asks, mallory.asks, db.as("anon")]) {
      expect(await sees(who, list)).toEqual([0, 0, 0]);
    }
    await alice.asks((sql) => sql`update lists set is_private = false where id = ${list}`);
    for (const who of [bob.asks, carol.asks, db.as("anon")]) expect(await sees(who, list)).toEqual([1, 2, 1]);
    expect(await sees(mallory.asks, list)).toEqual([0, 0, 0]);

    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    expect(await sees(bob.asks, list)).toEqual([1, 2, 1]);
    for (const who of [carol.asks, db.as("anon")]) expect(await sees(who, list)).toEqual([0, 0, 0]);
    await alice.asks((sql) => sql`update profiles set is_private = false where id = ${alice.id}`);
  });

  test("is changed by nobody else, even if everybody sees it", async () => {
    const list = await make(alice, "public", false, carol);
    expect(await refusal(add(bob, list, bob))).toMatchObject({ code: "42501" });
    expect(await refusal(add(bob, list, mallory))).toMatchObject({ code: "42501" });
    expect((await remove(bob, list, carol)).count).toBe(0);
    expect((await carol.asks((sql) => sql`update lists set name = 'mine' where id = ${list}`)).count).toBe(0);
    expect((await carol.asks((sql) => sql`delete from lists where id = ${list}`)).count).toBe(0);

    expect(await refusal(add(alice, list, carol))).toMatchObject({ code: "23505" });
    await add(alice, list, bob);
    expect((await remove(alice, list, carol)).count).toBe(1);
    expect((await alice.asks((sql) => sql`delete from lists where id = ${list}`)).count).toBe(1);
    expect(await db.admin`select from list_members where list_id = ${list}`).toHaveLength(0);
  });

  test.each(["", "   ", "two\nlines", "x".repeat(51)])("cannot have the name “%s”", async (name) => {
    expect(await refusal(make(alice, name, true))).toMatchObject({
      code: "PT400",
      detail: "list_name_format",
    });
    await make(alice, "x".repeat(50), true);
  });

  test("has nobody on it who is hidden by a block, or who does not exist", async () => {
    const list = await make(alice, "some", true);
    const refused = { code: "PT404", detail: "profile_not_found" };
    for (const who of [mallory, { ...mallory, id: "99999999-9999-4999-8999-999999999999" }]) {
      expect(await refusal(add(alice, list, who))).toMatchObject(refused);
    }
    await add(alice, list, carol);
    await add(alice, list, alice);
  });
});

describe("a list's feed", () => {
  let dave: Person;
  let erin: Person;
  let list: string;
  beforeAll(async () => {
    [dave, erin] = [await db.signUp("dave"), await db.signUp("erin")];
    list = await make(bob, "two", false, dave, erin);
  });

  test("has the posts of its members, followed or not, as long as they are on it", async () => {
    const [first, second] = [await post(dave, { content: "one" }), await post(erin, { content: "two" })];
    await post(bob, { content: "the owner's" });
    await post(dave, { content: "for followers", audience: "followers" });
    for (const who of [bob.asks, carol.asks, db.as("anon")])
      expect(await feed(who, list)).toEqual([second, first]);
    await remove(bob, list, dave);
    expect(await feed(bob.asks, list)).toEqual([second]);
    await add(bob, list, dave);
    await db.admin`delete from posts where author_id in (${dave.id}, ${erin.id})`;
  });

  test("has their replies to each other, and to the person who reads it", async () => {
    const [daves, bobs] = [await post(dave, { content: "?" }), await post(bob, { content: "?" })];
    const carols = await post(carol, { content: "?" });
    const toDave = await post(erin, { content: "!", reply_to_id: daves });
    const toBob = await post(erin, { content: "!", reply_to_id: bobs });
    const toCarol = await post(erin, { content: "!", reply_to_id: carols });
    expect(await feed(bob.asks, list)).toEqual([toBob, toDave, daves]);
    expect(await feed(carol.asks, list)).toEqual([toCarol, toDave, daves]);
    await dave.asks((sql) => sql`delete from posts where id = ${daves}`);
    expect(await feed(bob.asks, list)).toEqual([toBob]);
    await db.admin`delete from posts where author_id in (${dave.id}, ${erin.id})`;
  });

  test("has a post once: the post itself, or else its first repost", async () => {
    const [carols, erins] = [await post(carol, { content: "apart" }), await post(erin, { content: "here" })];
    const first = await post(dave, { repost_of_id: carols });
    await post(erin, { repost_of_id: carols });
    await post(dave, { repost_of_id: erins });
    expect(await feed(bob.asks, list)).toEqual([first, erins]);
    const [row] = await bob.asks(
      (sql) => sql`select (post).content, (reposted_by).username from list_feed(${list})`,
    );
    expect(row).toEqual({ content: "apart", username: "dave" });
  });

  test("has nothing by people its reader mutes, or whose account the reader may not look into", async () => {
    const [daves, erins] = [await post(dave, { content: "one" }), await post(erin, { content: "two" })];
    const newest = async (who: Person["asks"]) => (await feed(who, list)).slice(0, 2);
    expect(await newest(bob.asks)).toEqual([erins, daves]);
    await bob.asks((sql) => sql`insert into mutes (muted_id) values (${erin.id})`);
    expect(await feed(bob.asks, list)).not.toContain(erins);
    expect(await newest(carol.asks)).toEqual([erins, daves]);
    await bob.asks((sql) => sql`delete from mutes`);
    await dave.asks((sql) => sql`update profiles set is_private = true where id = ${dave.id}`);
    for (const who of [bob.asks, carol.asks]) expect(await feed(who, list)).not.toContain(daves);
    await bob.asks((sql) => sql`select follow(${dave.id})`);
    await dave.asks((sql) => sql`select accept_follow_request(${bob.id})`);
    expect(await newest(bob.asks)).toEqual([erins, daves]);
    expect(await feed(carol.asks, list)).not.toContain(daves);
  });
});

test("carol can have 100 lists of 1,000 people; bob's lists do not count for her", async () => {
  const lists = await carol.asks(
    (sql) => sql`insert into lists (name) select 'list' from generate_series(1, 100) returning id`,
  );
  const last = lists[99]?.id;
  expect(await refusal(make(carol, "one more", true))).toMatchObject({ code: "PT409", detail: "lists_full" });
  await make(bob, "one more", true);
  // Nobody learns how many lists she has.
  for (const owner of [carol, alice]) {
    const inTheirName = bob.asks((sql) => sql`insert into lists (owner_id, name) values (${owner.id}, 'x')`);
    expect((await refusal(inTheirName)).code).toBe("42501");
  }

  await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select
      '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', 'member_' || n)
    from generate_series(1, 1000) as n`;
  for (let n = 0; n < 1000; n += 100) {
    await carol.asks(
      (sql) => sql`
        insert into list_members
        select ${last}, id from profiles where username like 'member\\_%' order by username limit 100 offset ${n}`,
    );
  }
  expect(await refusal(add(carol, last, bob))).toMatchObject({ code: "PT409", detail: "list_full" });
  await carol.asks(
    (sql) => sql`
      delete from list_members where profile_id = (select id from profiles where username = 'member_1')`,
  );
  await add(carol, last, bob);
  // A request that is sent again needs no room.
  const again = carol.asks(
    (sql) => sql`insert into list_members values (${last}, ${bob.id}) on conflict do nothing`,
  );
  expect((await again).count).toBe(0);

  // A member who blocks her counts like one whose account is deleted.
  expect(await refusal(add(carol, last, alice))).toMatchObject({ detail: "list_full" });
  await db.admin`
    insert into blocks (blocker_id, blocked_id)
    select id, ${carol.id} from profiles where username = 'member_2'`;
  await add(carol, last, alice);
});
