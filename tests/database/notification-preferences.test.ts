/** Preferences: which people and things notify alice, and how loudly. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

const { prefer, told, unread, unreadCount } = act;

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
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
});
afterEach(async () => {
  expect(await differences(db.admin)).toEqual({});
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Makes an account older than the 7 days of established. */
const age = (who: Person, interval = "7 days 1 minute") =>
  db.admin`update profiles set created_at = now() - ${interval}::interval where id = ${who.id}`;

/** For each kind that alice can prefer: what bob does to her. */
const does: Record<string, (who?: Person) => Promise<unknown>> = {
  follow: (who = bob) => act.follow(who, alice),
  follow_request: async (who = bob) => {
    await act.setPrivate(alice, true);
    await act.follow(who, alice);
  },
  request_accepted: async (who = bob) => {
    await act.setPrivate(who, true);
    await act.follow(alice, who);
    await who.asks((sql) => sql`select accept_follow_request(${alice.id})`);
  },
  like: async (who = bob) => act.like(who, await act.write(alice, "hers")),
  repost: async (who = bob) => act.repost(who, await act.write(alice, "hers")),
  reply: async (who = bob) => act.write(who, "yes", { reply_to_id: await act.write(alice, "hers") }),
  quote: async (who = bob) => act.write(who, "look", { quote_of_id: await act.write(alice, "hers") }),
  mention: (who = bob) => act.write(who, `@${alice.username}`),
  edited: async (who = bob) => {
    const post = await act.write(who, "first");
    await act.repost(alice, post);
    await act.edit(who, post, "second");
  },
  post: async (who = bob) => {
    await act.ring(alice, who);
    await act.write(who, "news");
  },
};
const kinds = Object.keys(does);
const happens = (kind: string, who = bob) => (does[kind] as (who: Person) => Promise<unknown>)(who);

describe("how it arrives", () => {
  test.each(kinds)("%s: loud is counted, quiet is listed, off is not there", async (kind) => {
    await prefer(alice, kind, { delivery: "off" });
    await happens(kind);
    expect(await told(alice, { kinds: [kind] })).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);

    await prefer(alice, kind, { delivery: "quiet" });
    await happens(kind, carol);
    const quiet = await act.groups(alice, { kinds: [kind] });
    expect(quiet).toMatchObject([{ count: 1, is_quiet: true, is_read: false }]);
    expect(await unreadCount(alice)).toBe(0);

    await prefer(alice, kind, { delivery: "loud" });
    const dave = await db.signUp(`dave${round}`);
    await happens(kind, dave);
    const [loud] = await act.groups(alice, { kinds: [kind] });
    expect(loud).toMatchObject({ count: 1, is_quiet: false, actors: [{ username: dave.username }] });
    expect(await unreadCount(alice)).toBe(1);
  });

  test("without a preference everything is loud, but an edit is quiet", async () => {
    // A request needs a private account, and makes alice's one. So it comes last.
    for (const kind of [...kinds.filter((kind) => kind !== "follow_request"), "follow_request"]) {
      const who = await db.signUp(`${kind}_${round}`);
      await happens(kind, who);
      const found = await act.groups(alice, { kinds: [kind] });
      expect(found, kind).toMatchObject([{ is_quiet: kind === "edited" }]);
    }
  });

  test("a preference holds from now on, and changes nothing that was told before", async () => {
    await happens("like");
    const [group] = await act.groups(alice);
    await prefer(alice, "like", { delivery: "off" });
    expect(await act.groups(alice)).toEqual([group]);
    expect(await unreadCount(alice)).toBe(1);
    await happens("like", carol);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
    await alice.asks((sql) => sql`delete from notification_preferences where kind = 'like'`);
    await happens("like", carol);
    expect(await told(alice)).toEqual([`like 1: ${carol.username}`, `like 1: ${bob.username}`]);
  });

  test("the next best kind is told when alice does not want the best", async () => {
    await prefer(alice, "reply", { delivery: "off" });
    const post = await act.write(alice, "hers");
    await act.write(bob, `@${alice.username}`, { reply_to_id: post });
    expect(await told(alice)).toEqual([`mention 1: ${bob.username}`]);
    await prefer(alice, "mention", { delivery: "off" });
    await act.write(bob, `@${alice.username}`, { reply_to_id: post, quote_of_id: post });
    expect(await told(alice)).toEqual([`quote 1: ${bob.username}`, `mention 1: ${bob.username}`]);
    await act.ring(alice, bob);
    await act.write(bob, `@${alice.username}`);
    expect((await told(alice))[0]).toBe(`post 1: ${bob.username}`);
  });

  test("a like that comes back within a day asks the preference again", async () => {
    const post = await act.write(alice, "hers");
    await act.like(bob, post);
    await act.unlike(bob, post);
    await prefer(alice, "like", { delivery: "off" });
    await act.like(bob, post);
    expect(await told(alice)).toEqual([]);
    await act.unlike(bob, post);
    await prefer(alice, "like", { delivery: "loud" });
    await act.like(bob, post);
    expect(await told(alice)).toEqual([`like 1: ${bob.username}`]);
  });
});

describe("from these people", () => {
  /** Whether a like of this person is told. */
  const isTold = async (who: Person) => {
    const post = await act.write(alice, "hers");
    await act.like(who, post);
    return (await act.groups(alice)).some((group) => group.post?.id === post);
  };

  test("everyone, established accounts, people that alice follows, or nobody", async () => {
    const dave = await db.signUp(`dave${round}`);
    await age(carol);
    await age(dave, "6 days 23 hours");
    await act.follow(alice, bob);
    const asked = { follows: bob, established: carol, young: dave };
    const expected = {
      everyone: { follows: true, established: true, young: true },
      established: { follows: true, established: true, young: false },
      following: { follows: true, established: false, young: false },
      nobody: { follows: false, established: false, young: false },
    };
    for (const [from_whom, answers] of Object.entries(expected)) {
      await prefer(alice, "like", { from_whom });
      for (const [who, answer] of Object.entries(answers)) {
        expect(await isTold(asked[who as keyof typeof asked]), `${from_whom}, ${who}`).toBe(answer);
      }
    }
  });

  test.each(kinds.filter((kind) => !["follow_request", "request_accepted", "post"].includes(kind)))(
    "%s by a stranger is not told to alice, who wants only people she follows",
    async (kind) => {
      await prefer(alice, kind, { from_whom: "following" });
      await happens(kind);
      expect(await told(alice, { kinds: [kind] })).toEqual([]);
      await act.follow(alice, carol);
      await happens(kind, carol);
      expect(await told(alice, { kinds: [kind] })).toEqual([`${kind} 1: ${carol.username}`]);
    },
  );
});

describe("filtered requests", () => {
  beforeEach(async () => {
    await act.setPrivate(alice, true);
    await prefer(alice, "follow_request", { from_whom: "established" });
  });

  test("requests of new accounts are one quiet group, and still wait for an answer", async () => {
    const dave = await db.signUp(`dave${round}`);
    await age(carol);
    for (const who of [bob, carol, dave]) await act.follow(who, alice);
    expect(await told(alice)).toEqual([
      `filtered_requests 2: ${dave.username}, ${bob.username}`,
      `follow_request 1: ${carol.username}`,
    ]);
    expect(await act.groups(alice)).toMatchObject([{ is_quiet: true, post: null }, { is_quiet: false }]);
    expect(await unread(alice)).toMatchObject({ notifications: 1, requests: 3 });
    expect(await told(alice, { kinds: ["filtered_requests"] })).toHaveLength(1);

    await alice.asks((sql) => sql`select accept_follow_request(${bob.id})`);
    expect(await told(alice, { kinds: ["filtered_requests"] })).toEqual([
      `filtered_requests 1: ${dave.username}`,
    ]);
    await dave.asks((sql) => sql`delete from follow_requests where requester_id = ${dave.id}`);
    expect(await told(alice)).toEqual([`follow_request 1: ${carol.username}`]);
    expect(await unread(alice)).toMatchObject({ notifications: 1, requests: 1 });
  });

  test("have no preference of their own", async () => {
    const own = prefer(alice, "filtered_requests", { delivery: "loud" });
    expect(await refusal(own)).toMatchObject({ code: "PT400", detail: "preference_kind" });
  });

  test("off means off, for everybody", async () => {
    await prefer(alice, "follow_request", { from_whom: "established", delivery: "off" });
    await age(carol);
    for (const who of [bob, carol]) await act.follow(who, alice);
    expect(await told(alice)).toEqual([]);
    expect(await unread(alice)).toMatchObject({ notifications: 0, requests: 2 });
  });

  test("a request that is accepted because alice goes public is withdrawn and no follow is lost", async () => {
    await act.follow(bob, alice);
    await act.setPrivate(alice, false);
    expect(await told(alice, { kinds: ["filtered_requests", "follow_request"] })).toEqual([]);
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(1);
    expect(await unread(alice)).toMatchObject({ requests: 0 });
  });
});

describe("who may mention alice", () => {
  const mentions = (post: number) => db.admin`select from post_mentions where post_id = ${post}`;

  test("only people she follows: a name that others write means nobody", async () => {
    await prefer(alice, "mention", { from_whom: "following", delivery: "quiet" });
    const strangers = await act.write(bob, `@${alice.username}`);
    expect(await mentions(strangers)).toHaveLength(0);
    expect(await told(alice)).toEqual([]);
    await act.follow(alice, bob);
    const friends = await act.write(bob, `@${alice.username}`);
    expect(await mentions(friends)).toHaveLength(1);
    expect(await told(alice)).toEqual([`mention 1: ${bob.username}`]);
  });

  test("nobody: she cannot be addressed by a post for a few, and still names herself", async () => {
    const post = { audience: "mentioned" };
    const before = await act.write(bob, `@${alice.username}`, post);
    await prefer(alice, "mention", { from_whom: "nobody" });
    const after = await act.write(bob, `@${alice.username}`, post);
    const sees = async (id: number) =>
      (await alice.asks((sql) => sql`select from posts where id = ${id}`)).length === 1;
    expect([await sees(before), await sees(after)]).toEqual([true, false]);
    expect(await told(alice)).toEqual([`mention 1: ${bob.username}`]);
    expect(await mentions(await act.write(alice, `@${alice.username}`))).toHaveLength(1);
  });

  test("an edit cannot add her either, and keeps a mention that was there", async () => {
    const [named, unnamed] = [await act.write(bob, `@${alice.username} a`), await act.write(bob, "b")];
    await prefer(alice, "mention", { from_whom: "nobody" });
    await act.edit(bob, named, `@${alice.username} c`);
    await act.edit(bob, unnamed, `@${alice.username} d`);
    expect([(await mentions(named)).length, (await mentions(unnamed)).length]).toEqual([1, 0]);
    expect(await told(alice)).toEqual([`mention 1: ${bob.username}`]);
  });
});

describe("the table", () => {
  test("belongs to alice: bob neither reads nor changes it", async () => {
    await prefer(alice, "like", { delivery: "off" });
    expect(
      await alice.asks((sql) => sql`select kind, delivery, from_whom from notification_preferences`),
    ).toEqual([{ kind: "like", delivery: "off", from_whom: "everyone" }]);
    expect(await bob.asks((sql) => sql`select from notification_preferences`)).toHaveLength(0);
    const changed = await bob.asks((sql) => sql`update notification_preferences set delivery = 'loud'`);
    expect(changed.count).toBe(0);
    expect((await bob.asks((sql) => sql`delete from notification_preferences`)).count).toBe(0);
    const forged = bob.asks(
      (sql) => sql`insert into notification_preferences (user_id, kind) values (${alice.id}, 'reply')`,
    );
    expect(await refusal(forged)).toMatchObject({ code: "42501" });
  });

  test("refuses a kind or a word that there is not", async () => {
    expect(await refusal(prefer(alice, "applause", {}))).toMatchObject({ code: "22P02" });
    expect(await refusal(prefer(alice, "like", { delivery: "shrill" }))).toMatchObject({ code: "22P02" });
    expect(await refusal(prefer(alice, "like", { from_whom: "cats" }))).toMatchObject({ code: "22P02" });
    await prefer(alice, "like", { delivery: "quiet", from_whom: "following" });
  });
});
