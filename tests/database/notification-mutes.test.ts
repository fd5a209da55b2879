/** Mutes: of a person with their notifications, and of a thread. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

const { mute, told, unmute, unreadCount } = act;

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let post: number;
let round = 0;
beforeAll(async () => {
  db = await createDatabase();
});
beforeEach(async () => {
  round++;
  [alice, bob, carol] = (await act.signUpAll(db, `alice${round}`, `bob${round}`, `carol${round}`)) as [
    Person,
    Person,
    Person,
  ];
  post = await act.write(alice, "hers");
});
afterEach(async () => {
  expect(await differences(db.admin)).toEqual({});
});
afterAll(() => db?.[Symbol.asyncDispose]());

describe("alice mutes bob", () => {
  test("his old and new notifications are hidden, and come back with the unmute", async () => {
    await act.like(carol, post);
    await act.like(bob, post);
    await act.follow(bob, alice);
    expect(await unreadCount(alice)).toBe(2);
    await mute(alice, bob);
    expect(await told(alice)).toEqual([`like 1: ${carol.username}`]);
    expect(await unreadCount(alice)).toBe(1);

    await act.write(bob, "yes", { reply_to_id: post });
    await act.repost(bob, post);
    expect(await told(alice)).toEqual([`like 1: ${carol.username}`]);
    expect(await unreadCount(alice)).toBe(1);

    await unmute(alice, bob);
    expect((await told(alice)).sort()).toEqual(
      [
        `follow 1: ${bob.username}`,
        `like 2: ${bob.username}, ${carol.username}`,
        `reply 1: ${bob.username}`,
        `repost 1: ${bob.username}`,
      ].sort(),
    );
    expect(await unreadCount(alice)).toBe(4);
  });

  test("his reply between two likes stands between them after the unmute", async () => {
    const dave = await db.signUp(`dave${round}`);
    await act.like(carol, post);
    await mute(alice, bob);
    await act.write(bob, "yes", { reply_to_id: post });
    await act.like(dave, post);
    await unmute(alice, bob);
    expect(await told(alice)).toEqual([
      `like 2: ${dave.username}, ${carol.username}`,
      `reply 1: ${bob.username}`,
    ]);
  });

  test("without hiding notifications, nothing changes; switching that on and off does", async () => {
    await act.like(bob, post);
    await mute(alice, bob, { hides_notifications: false });
    await act.follow(bob, alice);
    expect(await told(alice)).toHaveLength(2);
    const hides = (value: boolean) =>
      alice.asks((sql) => sql`update mutes set hides_notifications = ${value} where muted_id = ${bob.id}`);
    await hides(true);
    expect(await told(alice)).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);
    await hides(false);
    expect(await told(alice)).toHaveLength(2);
    expect(await unreadCount(alice)).toBe(2);
  });

  test("until a time: then the job brings his notifications back", async () => {
    await act.like(bob, post);
    await mute(alice, bob, { muted_until: new Date(Date.now() + 3_600_000) });
    await act.follow(bob, alice);
    await act.deliver(db);
    expect(await told(alice)).toEqual([]);
    await db.admin.begin(async (sql) => {
      await sql`set local session_replication_role = replica`;
      await sql`update mutes set muted_until = now() - interval '1 second' where muter_id = ${alice.id}`;
      await sql`update private.mute_ends set muted_until = now() - interval '1 second'`;
    });
    await act.deliver(db);
    expect(await told(alice)).toEqual([`follow 1: ${bob.username}`, `like 1: ${bob.username}`]);
    expect(await unreadCount(alice)).toBe(2);
    expect(await db.admin`select from private.mute_ends where muter_id = ${alice.id}`).toHaveLength(0);
  });

  test("a mute that she makes longer does not end early", async () => {
    await act.like(bob, post);
    await mute(alice, bob, { muted_until: new Date(Date.now() + 3_600_000) });
    await alice.asks((sql) => sql`update mutes set muted_until = null where muted_id = ${bob.id}`);
    await db.admin`update private.mute_ends set muted_until = now() - interval '1 second'`;
    await act.deliver(db);
    expect(await told(alice)).toEqual([]);
    await unmute(alice, bob);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
  });

  test("his unlike takes one away that she did not see, and it does not come back", async () => {
    await act.like(bob, post);
    await act.follow(bob, alice);
    await mute(alice, bob);
    await act.unlike(bob, post);
    await unmute(alice, bob);
    expect(await told(alice)).toEqual([`follow 1: ${bob.username}`]);
    expect(await unreadCount(alice)).toBe(1);
  });

  test("what he does twice during the mute is told once after it", async () => {
    await mute(alice, bob);
    await act.like(bob, post);
    await act.unlike(bob, post);
    await act.like(bob, post);
    expect(await told(alice)).toEqual([]);
    await unmute(alice, bob);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
  });

  test("and reads the rest: his hidden like in the same group comes back with an id that she can mark", async () => {
    await act.like(carol, post);
    await mute(alice, bob);
    await act.like(bob, post);
    await unmute(alice, bob);
    const [group] = await act.groups(alice);
    expect(group).toMatchObject({ count: 2 });
    expect(await act.markRead(alice, group?.id as number)).toBe(0);
    expect(await act.groups(alice)).toMatchObject([{ is_read: true }]);
  });

  test("the notifications of others, and bob's own, stay as they are", async () => {
    await act.like(bob, post);
    await act.like(alice, await act.write(bob, "his"));
    await act.like(bob, await act.write(carol, "carol's"));
    await mute(alice, bob);
    expect(await told(bob)).toEqual([`like 1: ${alice.username}`]);
    expect(await told(carol)).toEqual([`like 1: ${bob.username}`]);
    expect(await told(alice)).toEqual([]);
  });
});

describe("alice mutes a thread", () => {
  /** What bob does to a post of alice's, or below it. */
  const quiet: Record<string, (to: number) => Promise<unknown>> = {
    like: (to) => act.like(bob, to),
    repost: (to) => act.repost(bob, to),
    quote: (to) => act.write(bob, "look", { quote_of_id: to }),
    reply: (to) => act.write(bob, "yes", { reply_to_id: to }),
    mention: async (to) =>
      act.write(bob, `@${alice.username}`, { reply_to_id: await act.write(carol, "x", { reply_to_id: to }) }),
  };
  const happens = (kind: string, to: number) => quiet[kind]?.(to);

  test.each(Object.keys(quiet))(
    "%s: she is not told any more, and is told of another thread",
    async (kind) => {
      const [reply, other] = [
        await act.write(alice, "more", { reply_to_id: post }),
        await act.write(alice, "2"),
      ];
      await act.muteThread(alice, reply);
      await happens(kind, post);
      expect(await told(alice, { kinds: [kind] })).toEqual([]);
      await happens(kind, other);
      expect(await told(alice, { kinds: [kind] })).toEqual([`${kind} 1: ${bob.username}`]);
    },
  );

  test("edited: an edit in the thread is not told, an edit elsewhere is", async () => {
    const [first, second] = [await act.write(bob, "1"), await act.write(bob, "2")];
    for (const id of [first, second]) await act.repost(alice, id);
    await act.muteThread(alice, first);
    for (const id of [first, second]) await act.edit(bob, id, "changed");
    expect((await act.groups(alice)).map((group) => group.post?.id)).toEqual([second]);
  });

  test("follows and bells are told as before", async () => {
    await act.muteThread(alice, post);
    await act.ring(alice, bob);
    await act.follow(bob, alice);
    const news = await act.write(bob, "news");
    await act.muteThread(alice, news);
    expect(await told(alice)).toEqual([`post 1: ${bob.username}`, `follow 1: ${bob.username}`]);
  });

  test("what she was told before stays, and what happens after the mute is told again", async () => {
    await act.like(bob, post);
    await act.muteThread(alice, post);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
    await act.like(carol, post);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
    await alice.asks((sql) => sql`delete from thread_mutes`);
    await act.repost(carol, post);
    expect(await told(alice)).toEqual([`repost 1: ${carol.username}`, `like 1: ${bob.username}`]);
  });

  test("all its posts mute the same thread, even when its first post is deleted", async () => {
    const root = await act.write(carol, "root");
    const branch = await act.write(alice, "branch", { reply_to_id: root });
    const leaf = await act.write(alice, "leaf", { reply_to_id: branch });
    await act.remove(carol, root);
    const threads = await db.admin`select thread_id from posts where id in (${branch}, ${leaf})`;
    expect(threads.map(({ thread_id }) => thread_id)).toEqual([root, root]);
    await act.muteThread(alice, leaf);
    await act.like(bob, branch);
    const reply = await act.write(bob, "below", { reply_to_id: leaf });
    await act.write(bob, `@${alice.username}`, { reply_to_id: reply });
    expect(await told(alice)).toEqual([]);
    await act.like(bob, post);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
  });

  test("a thread whose post she does not see cannot be muted, and the answer does not tell why", async () => {
    const hidden = await act.write(bob, "for followers", { audience: "followers" });
    expect(await db.admin`select from posts where id = ${hidden}`).toHaveLength(1);
    for (const id of [hidden, 1]) {
      expect(await refusal(act.muteThread(alice, id))).toMatchObject({
        code: "PT404",
        detail: "post_not_found",
      });
    }
    await act.follow(alice, bob);
    await act.muteThread(alice, hidden);
  });

  test("the mute belongs to her: others are told, and neither read nor delete it", async () => {
    await act.muteThread(alice, post);
    const reply = await act.write(bob, "mine", { reply_to_id: post });
    await act.like(carol, reply);
    expect(await told(bob)).toEqual([`like 1: ${carol.username}`]);
    expect(await alice.asks((sql) => sql`select post_id, thread_id from thread_mutes`)).toEqual([
      { post_id: post, thread_id: post },
    ]);
    expect(await bob.asks((sql) => sql`select from thread_mutes`)).toHaveLength(0);
    expect((await bob.asks((sql) => sql`delete from thread_mutes`)).count).toBe(0);
    const forged = bob.asks(
      (sql) => sql`insert into thread_mutes (user_id, post_id) values (${alice.id}, ${reply})`,
    );
    expect(await refusal(forged)).toMatchObject({ code: "42501" });
  });
});
