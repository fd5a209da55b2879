/** Groups: what alice's list of notifications shows, how she pages it, and what she has read. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

const { groups, markGroup, markRead, told, unreadCount } = act;

let db: Database;
let crowd: Person[];
let alice: Person;
let round = 0;
beforeAll(async () => {
  db = await createDatabase();
  crowd = await act.signUpAll(db, "bob", "carol", "dave", "erin", "frank");
});
beforeEach(async () => {
  round++;
  alice = await db.signUp(`alice${round}`);
});
afterEach(async () => {
  expect(await differences(db.admin)).toEqual({});
});
afterAll(() => db?.[Symbol.asyncDispose]());

const person = (place: number) => crowd[place] as Person;
/** Several like a post, one after the other. */
const likes = async (post: number, from: number, to: number) => {
  for (const who of crowd.slice(from, to)) await act.like(who, post);
};
const newest = async () => (await groups(alice))[0] as act.Group;

describe("a group", () => {
  test("has one kind and one post, all people, the newest three, and the newest time", async () => {
    const [first, second] = [await act.write(alice, "one"), await act.write(alice, "two")];
    await likes(first, 0, 5);
    await likes(second, 0, 2);
    await act.repost(person(0), first);
    await act.follow(person(0), alice);
    await act.follow(person(1), alice);
    expect(await told(alice)).toEqual([
      "follow 2: carol, bob",
      "repost 1: bob",
      "like 2: carol, bob",
      "like 5: frank, erin, dave",
    ]);
    const [follow, repost, ofSecond, ofFirst] = await groups(alice);
    expect(follow?.post).toBeNull();
    expect([repost, ofSecond, ofFirst].map((group) => group?.post?.id)).toEqual([first, second, first]);
    const people = await act.actors(alice, ofFirst?.group_id as number);
    expect(people.map(({ profile }) => profile.username)).toEqual(["frank", "erin", "dave", "carol", "bob"]);
    expect(ofFirst?.id).toBe(people[0]?.id);
    expect(ofFirst?.group_id).toBe(people[4]?.id);
    const [last] = await db.admin`
      select max(created_at) as at from private.notifications where recipient_id = ${alice.id} and object_id = ${first} and kind = 'like'`;
    expect(new Date(ofFirst?.happened_at as string)).toEqual(last?.at);
  });

  test("comes first again when something is added, and keeps its group_id", async () => {
    const [first, second] = [await act.write(alice, "one"), await act.write(alice, "two")];
    await likes(first, 0, 1);
    const before = await newest();
    await likes(second, 0, 1);
    await likes(first, 1, 2);
    const after = await newest();
    expect(after).toMatchObject({ group_id: before.group_id, count: 2, post: { id: first } });
    expect(after.id).toBeGreaterThan(before.id);
    expect(await told(alice)).toEqual(["like 2: carol, bob", "like 1: bob"]);
  });

  test("that is read gets no more: the next like starts a new one", async () => {
    const post = await act.write(alice, "one");
    await likes(post, 0, 2);
    const old = await newest();
    expect(await markRead(alice, old.id)).toBe(0);
    await likes(post, 2, 4);
    expect(await told(alice)).toEqual(["like 2: erin, dave", "like 2: carol, bob"]);
    expect((await groups(alice)).map(({ is_read }) => is_read)).toEqual([false, true]);
    expect(await unreadCount(alice)).toBe(1);
    await act.unlike(person(1), post);
    expect(await told(alice)).toEqual(["like 2: erin, dave", "like 1: bob"]);
  });

  test("shows its next people when the newest take their likes back", async () => {
    const post = await act.write(alice, "one");
    await likes(post, 0, 5);
    for (const who of crowd.slice(3)) await act.unlike(who, post);
    expect(await told(alice)).toEqual(["like 3: dave, carol, bob"]);
    const { group_id } = await newest();
    expect(await act.actors(alice, group_id)).toHaveLength(3);
    for (const who of crowd.slice(0, 3)) await act.unlike(who, post);
    expect(await told(alice)).toEqual([]);
    expect(await act.actors(alice, group_id)).toHaveLength(0);
    expect(await unreadCount(alice)).toBe(0);
  });

  test("shows people as they are now", async () => {
    const post = await act.write(alice, "one");
    await likes(post, 0, 1);
    await person(0).asks((sql) => sql`update profiles set display_name = 'Bobby' where id = ${person(0).id}`);
    expect(await newest()).toMatchObject({
      actors: [{ username: "bob", display_name: "Bobby" }],
      fallback: "Bobby liked your post",
    });
    await person(0).asks((sql) => sql`update profiles set display_name = '' where id = ${person(0).id}`);
    expect(await newest()).toMatchObject({ fallback: "bob liked your post" });
  });

  test("belongs to alice: carol gets nobody of it, and cannot mark it", async () => {
    const post = await act.write(alice, "one");
    await likes(post, 0, 2);
    const { group_id, id } = await newest();
    expect(await act.actors(person(1), group_id)).toHaveLength(0);
    expect(await markGroup(person(1), id, "read")).toBe(false);
    expect(await markGroup(person(1), id, "unread")).toBe(false);
    expect(await act.actors(alice, group_id)).toHaveLength(2);
    expect(await unreadCount(alice)).toBe(1);
    expect(await markGroup(alice, id, "read")).toBe(true);
  });
});

test("every kind has a sentence for clients that do not know it", async () => {
  const actors = `array[(null, 'bob', 'Bob', null)::author]`;
  const rows = await db.admin.unsafe(`
    select kind, private.notification_text(kind, ${actors}, 1) as one, private.notification_text(kind, ${actors}, 2) as two,
      private.notification_text(kind, ${actors}, 1000) as many
    from unnest(enum_range(null::notification_kind)) as kind`);
  const texts = Object.fromEntries(rows.map(({ kind, one, two, many }) => [kind, [one, two, many]]));
  expect(texts.like).toEqual([
    "Bob liked your post",
    "Bob and 1 other liked your post",
    "Bob and 999 others liked your post",
  ]);
  expect(texts.filtered_requests).toEqual([
    "1 filtered request to follow you",
    "2 filtered requests to follow you",
    "1000 filtered requests to follow you",
  ]);
  expect(Object.keys(texts)).toHaveLength(13);
  for (const text of Object.values(texts).flat())
    expect(text).not.toMatch(/did something|null|undefined|^ | $/);
  expect(new Set(rows.map(({ one }) => one)).size).toBe(13);
});

describe("a page", () => {
  /** Seven groups: four of likes, three of replies. @returns their ids, newest first */
  const fill = async () => {
    for (let n = 0; n < 4; n++) {
      const post = await act.write(alice, `post ${n}`);
      await act.like(person(0), post);
      if (n < 3) await act.write(person(1), "yes", { reply_to_id: post });
    }
    return (await groups(alice)).map(({ id }) => id);
  };

  test("goes on below a row, and stays between two rows", async () => {
    const ids = await fill();
    expect(ids).toHaveLength(7);
    expect(ids).toEqual(ids.toSorted((one, other) => other - one));
    const page = async (of: Parameters<typeof groups>[1]) => (await groups(alice, of)).map(({ id }) => id);
    expect(await page({ page_size: 3 })).toEqual(ids.slice(0, 3));
    expect(await page({ page_size: 3, before: ids[2] as number })).toEqual(ids.slice(3, 6));
    expect(await page({ page_size: 3, before: ids[5] as number })).toEqual(ids.slice(6));
    expect(await page({ before: ids[6] as number })).toEqual([]);
    expect(await page({ after: ids[2] as number })).toEqual(ids.slice(0, 2));
    expect(await page({ after: ids[6] as number, before: ids[2] as number })).toEqual(ids.slice(3, 6));
    expect(await page({ after: ids[6] as number, page_size: 2 })).toEqual(ids.slice(0, 2));
  });

  test("has the kinds that alice asks for, in the same order", async () => {
    const ids = await fill();
    const kinds = (await groups(alice)).map(({ kind }) => kind);
    const of = (kind: string) => ids.filter((_, place) => kinds[place] === kind);
    const page = async (of: Parameters<typeof groups>[1]) => (await groups(alice, of)).map(({ id }) => id);
    expect(of("like")).toHaveLength(4);
    expect(await page({ kinds: ["like"] })).toEqual(of("like"));
    expect(await page({ kinds: ["reply", "reply"] })).toEqual(of("reply"));
    expect(await page({ kinds: ["like", "reply"] })).toEqual(ids);
    expect(await page({ kinds: ["follow"] })).toEqual([]);
    expect(await page({ kinds: [] })).toEqual([]);
    expect(await page({ kinds: ["like"], page_size: 2, before: of("like")[1] as number })).toEqual(
      of("like").slice(2),
    );
  });

  test("has 1 to 100 rows, also of the people of a group", async () => {
    await fill();
    const { group_id } = await newest();
    for (const size of [0, 101, -1]) {
      expect(await refusal(groups(alice, { page_size: size }))).toMatchObject({ detail: "page_size_range" });
      expect(await refusal(act.actors(alice, group_id, null, size))).toMatchObject({
        detail: "page_size_range",
      });
    }
    expect(await groups(alice, { page_size: 100 })).toHaveLength(7);
    expect(await act.actors(alice, group_id, null, 100)).toHaveLength(1);
  });

  test("of the people of a group goes on below a person", async () => {
    await likes(await act.write(alice, "one"), 0, 5);
    const { group_id } = await newest();
    const names = (rows: Awaited<ReturnType<typeof act.actors>>) =>
      rows.map(({ profile }) => profile.username);
    const first = await act.actors(alice, group_id, null, 2);
    expect(names(first)).toEqual(["frank", "erin"]);
    const second = await act.actors(alice, group_id, first[1]?.id, 2);
    expect(names(second)).toEqual(["dave", "carol"]);
    expect(names(await act.actors(alice, group_id, second[1]?.id, 2))).toEqual(["bob"]);
  });
});

describe("the pointer", () => {
  test("reads everything up to an id, and never goes back", async () => {
    const posts = [await act.write(alice, "1"), await act.write(alice, "2"), await act.write(alice, "3")];
    for (const post of posts) await likes(post, 0, 1);
    const [third, second, first] = await groups(alice);
    const read = async () => (await groups(alice)).map(({ is_read }) => is_read);
    expect(await unreadCount(alice)).toBe(3);
    expect(await markRead(alice, second?.id as number)).toBe(1);
    expect(await read()).toEqual([false, true, true]);
    expect(await markRead(alice, first?.id as number)).toBe(1);
    expect(await read()).toEqual([false, true, true]);
    for (const nothing of [null, 0, -1, -(2 ** 53)]) expect(await markRead(alice, nothing)).toBe(1);
    expect(await read()).toEqual([false, true, true]);
    expect(await markRead(alice, third?.id as number)).toBe(0);
    expect(await read()).toEqual([true, true, true]);
  });

  test("of a future id stops at the newest notification: the next one is unread", async () => {
    const [first, second] = [await act.write(alice, "1"), await act.write(alice, "2")];
    await likes(first, 0, 1);
    const rows = await alice.asks((sql) => sql`select mark_read(9223372036854775807) as unread`);
    expect(rows[0]?.unread).toBe(0);
    await likes(second, 0, 1);
    await likes(first, 1, 2);
    expect(await told(alice)).toEqual(["like 1: carol", "like 1: bob", "like 1: bob"]);
    expect(await unreadCount(alice)).toBe(2);
  });

  test("leaves unread what was added since alice looked", async () => {
    const [first, second] = [await act.write(alice, "1"), await act.write(alice, "2")];
    await likes(first, 0, 1);
    await likes(second, 0, 1);
    const seen = await newest();
    await likes(first, 1, 2); // Its group has a member that she has not seen.
    expect(await markRead(alice, seen.id)).toBe(1);
    expect(await groups(alice)).toMatchObject([
      { count: 2, is_read: false, post: { id: first } },
      { count: 1, is_read: true, post: { id: second } },
    ]);
  });
});

describe("one group", () => {
  let post: number;
  let other: number;
  beforeEach(async () => {
    [post, other] = [await act.write(alice, "1"), await act.write(alice, "2")];
    await likes(post, 0, 1);
    await likes(other, 0, 1);
  });
  const read = async () => (await groups(alice)).map(({ is_read }) => is_read);

  test("is marked as read by itself, and unread again, as often as she likes", async () => {
    const [, group] = await groups(alice);
    for (let n = 0; n < 2; n++) {
      expect(await markGroup(alice, group?.id as number, "read")).toBe(true);
      expect([await read(), await unreadCount(alice)]).toEqual([[false, true], 1]);
      expect(await markGroup(alice, group?.id as number, "unread")).toBe(true);
      expect([await read(), await unreadCount(alice)]).toEqual([[false, false], 2]);
    }
  });

  test("stays unread if something was added since she looked", async () => {
    const [, seen] = await groups(alice);
    await likes(post, 1, 2);
    expect(await markGroup(alice, seen?.id as number, "read")).toBe(true);
    expect([await read(), await unreadCount(alice)]).toEqual([[false, false], 2]);
    expect(await markGroup(alice, (await newest()).id, "read")).toBe(true);
    expect([await read(), await unreadCount(alice)]).toEqual([[true, false], 1]);
  });

  test("that she marked as unread collects, until the pointer passes it", async () => {
    const top = await newest();
    await markRead(alice, top.id);
    expect(await unreadCount(alice)).toBe(0);
    await markGroup(alice, top.id, "unread");
    expect(await unreadCount(alice)).toBe(1);
    await likes(other, 1, 2);
    expect(await told(alice)).toEqual(["like 2: carol, bob", "like 1: bob"]);
    // The pointer is below its newest notification: it stays marked.
    expect(await markRead(alice, top.id)).toBe(1);
    expect(await markRead(alice, (await newest()).id)).toBe(0);
    expect(await read()).toEqual([true, true]);
  });

  test("that is older than the pointer is unread again, and mark_read with the same id reads it", async () => {
    const [top, group] = await groups(alice);
    await markRead(alice, top?.id as number);
    await markGroup(alice, group?.id as number, "unread");
    expect([await read(), await unreadCount(alice)]).toEqual([[true, false], 1]);
    expect(await markRead(alice, top?.id as number)).toBe(0);
    expect(await read()).toEqual([true, true]);
  });

  test("that is not there, or shows nobody, cannot be marked", async () => {
    const { id } = await newest();
    for (const wrong of [null, 0, 1, id + 1]) {
      expect(await markGroup(alice, wrong, "read")).toBe(false);
      expect(await markGroup(alice, wrong, "unread")).toBe(false);
    }
    await act.unlike(person(0), other);
    expect(await markGroup(alice, id, "read")).toBe(false);
    await act.like(person(0), other);
    expect(await markGroup(alice, id, "read")).toBe(true);
    expect(await unreadCount(alice)).toBe(1);
  });

  test("is found by the id of any of its notifications", async () => {
    const [, { id: first } = { id: 0 }] = await groups(alice);
    await likes(post, 1, 3);
    const { id, group_id } = await newest();
    expect(group_id).toBe(first);
    expect(await markGroup(alice, group_id, "unread")).toBe(true);
    expect(await markGroup(alice, id, "read")).toBe(true);
    expect(await read()).toEqual([true, false]);
  });
});
