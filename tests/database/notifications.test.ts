/**
 * What happens to alice is told to her once, and withdrawn when it is undone, or when she may no
 * longer see it.
 */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

const { told, unreadCount } = act;

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

test("a group whose newest notification was withdrawn and forgotten is marked by the id that its row has", async () => {
  const post = await act.write(alice, "hers");
  await act.like(bob, post);
  await act.like(carol, post);
  await act.unlike(carol, post);
  await act.deliver(db);
  await act.letTimePass(db, "2 days");
  await db.admin`call private.forget_old_notices()`;
  const [group] = await act.groups(alice);
  expect(group).toMatchObject({ kind: "like", count: 1, is_read: false });
  const id = group?.id as number;
  expect(await act.markGroup(alice, id, "read")).toBe(true);
  expect(await unreadCount(alice)).toBe(0);
  expect(await act.markGroup(alice, id, "unread")).toBe(true);
  expect(await unreadCount(alice)).toBe(1);
  expect(await act.markGroup(alice, id - 1, "read")).toBe(false);
});

/** The sentence about one person. */
const by = (kind: string, who = bob) => [`${kind} 1: ${who.username}`];

interface Case {
  /** What bob does. @returns its undoing by bob, if there is one */
  does(): Promise<(() => Promise<unknown>) | undefined>;
  /** Whether a private bob still tells it to somebody who does not follow him. */
  outlastsPrivate?: true;
}

/** Everything that bob does and alice is told, by its kind. */
const cases: Record<string, Case> = {
  follow: {
    does: async () => {
      await act.follow(bob, alice);
      return () => act.unfollow(bob, alice);
    },
    outlastsPrivate: true,
  },
  follow_request: {
    does: async () => {
      await act.setPrivate(alice, true);
      await act.follow(bob, alice);
      return () => bob.asks((sql) => sql`delete from follow_requests where requester_id = ${bob.id}`);
    },
    outlastsPrivate: true,
  },
  request_accepted: {
    does: async () => {
      await act.setPrivate(bob, true);
      await act.follow(alice, bob);
      await bob.asks((sql) => sql`select accept_follow_request(${alice.id})`);
      return () => bob.asks((sql) => sql`select remove_follower(${alice.id})`);
    },
    outlastsPrivate: true,
  },
  like: {
    does: async () => {
      const post = await act.write(alice, "hers");
      await act.like(bob, post);
      return () => act.unlike(bob, post);
    },
    outlastsPrivate: true,
  },
  repost: {
    does: async () => {
      const repost = await act.repost(bob, await act.write(alice, "hers"));
      return () => act.remove(bob, repost);
    },
  },
  reply: {
    does: async () => {
      const reply = await act.write(bob, "yes", { reply_to_id: await act.write(alice, "hers") });
      return () => act.remove(bob, reply);
    },
  },
  quote: {
    does: async () => {
      const quote = await act.write(bob, "look", { quote_of_id: await act.write(alice, "hers") });
      return () => act.remove(bob, quote);
    },
  },
  mention: {
    does: async () => {
      const post = await act.write(bob, `hi @${alice.username}`);
      return () => act.edit(bob, post, "hi");
    },
  },
  edited: {
    does: async () => {
      const post = await act.write(bob, "first");
      await act.repost(alice, post);
      await act.edit(bob, post, "second");
      return () => act.remove(bob, post);
    },
  },
  post: {
    does: async () => {
      await act.ring(alice, bob);
      const post = await act.write(bob, "news");
      return () => act.remove(bob, post);
    },
    // She follows him, and goes on seeing his posts.
    outlastsPrivate: true,
  },
};

describe.each(Object.keys(cases))("%s", (kind) => {
  const { does, outlastsPrivate } = cases[kind] as Case;
  const isCounted = kind === "edited" ? 0 : 1;

  test("alice is told once, bob and carol are not, and the undoing withdraws it", async () => {
    const undo = await does();
    expect(await told(alice)).toEqual(by(kind));
    expect(await unreadCount(alice)).toBe(isCounted);
    for (const other of [bob, carol]) expect(await told(other)).not.toContain(by(kind)[0]);
    await undo?.();
    expect(await told(alice)).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);
  });

  test("alice's block withdraws it, and unblocking does not bring it back", async () => {
    await does();
    expect(await told(alice)).toEqual(by(kind));
    await act.block(alice, bob);
    expect(await told(alice)).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);
    await act.unblock(alice, bob);
    expect(await told(alice)).toEqual([]);
  });

  test("bob's block withdraws it", async () => {
    await does();
    expect(await told(alice)).toEqual(by(kind));
    await act.block(bob, alice);
    expect(await told(alice)).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);
  });

  test("bob's deleted account withdraws it", async () => {
    await does();
    expect(await told(alice)).toEqual(by(kind));
    await act.deleteAccount(db, bob);
    expect(await told(alice)).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);
  });

  test("alice's deleted account leaves nothing behind", async () => {
    await does();
    const left = () => db.admin`
      select 'stream' as what from private.streams where user_id = ${alice.id}
      union all select 'event' from private.stream_events where user_id = ${alice.id}
      union all select 'group' from private.notification_groups where recipient_id = ${alice.id}
      union all select 'notification' from private.notifications where recipient_id = ${alice.id}`;
    expect(new Set((await left()).map(({ what }) => what)).size).toBe(4);
    await act.deleteAccount(db, alice);
    expect(await left()).toHaveLength(0);
  });

  test("it stays or goes when bob makes his account private", async () => {
    await does();
    expect(await told(alice)).toEqual(by(kind));
    await act.setPrivate(bob, true);
    expect(await told(alice)).toEqual(outlastsPrivate ? by(kind) : []);
  });

  test("a transaction that fails tells nothing", async () => {
    const before = await act.sync(alice);
    const failed = bob.asks(async (sql) => {
      await sql`insert into posts (content) values (${`@${alice.username}`})`;
      throw new Error("on purpose");
    });
    await expect(failed).rejects.toThrow("on purpose");
    expect(await act.sync(alice)).toEqual(before);
    await does();
    expect(await told(alice)).toEqual(by(kind));
  });
});

describe("going private", () => {
  test("alice follows bob, and loses his reply and his repost when she unfollows the private bob", async () => {
    const post = await act.write(alice, "hers");
    await act.follow(alice, bob);
    await act.setPrivate(bob, true);
    await act.write(bob, "yes", { reply_to_id: post });
    await act.repost(bob, post);
    expect(await told(alice)).toEqual([...by("repost"), ...by("reply")]);
    await act.unfollow(alice, bob);
    expect(await told(alice)).toEqual([]);
    await act.setPrivate(bob, false);
    expect(await told(alice)).toEqual([]);
  });

  test("bob has 450 posts: the job withdraws what his transaction left", async () => {
    await db.admin`
      insert into posts (author_id, content)
      select ${bob.id}, '@' || ${alice.username}::text || ' ' || n from generate_series(1, 450) as n`;
    await act.deliver(db);
    expect(await unreadCount(alice)).toBe(450);
    await act.setPrivate(bob, true);
    // Nobody sees what is not looked at yet.
    expect(await told(alice)).toEqual([]);
    await act.deliver(db);
    expect(await unreadCount(alice)).toBe(0);
  });
});

describe("a post for a few", () => {
  test("alice is told of bob's reply to her, and not any more when he takes her out of it", async () => {
    const post = await act.write(alice, "hers");
    const reply = await act.write(bob, `@${carol.username}`, { reply_to_id: post, audience: "mentioned" });
    expect(await told(alice)).toEqual(by("reply"));
    expect(await told(carol)).toEqual(by("mention"));
    await act.edit(bob, reply, `@${alice.username}`);
    expect(await told(carol)).toEqual([]);
    expect(await told(alice)).toEqual(by("reply"));
  });

  test("carol, who is named and may not read it, is not told", async () => {
    await act.follow(alice, bob);
    const post = await act.write(bob, `@${alice.username} @${carol.username}`, { audience: "followers" });
    expect(await told(alice)).toEqual(by("mention"));
    expect(await told(carol)).toEqual([]);
    expect(await db.admin`select from post_mentions where post_id = ${post}`).toHaveLength(2);
  });
});

describe("one thing", () => {
  test("is told once: a reply that quotes her and names her is a reply", async () => {
    const [first, second] = [await act.write(alice, "one"), await act.write(alice, "two")];
    await act.ring(alice, bob);
    await act.write(bob, `@${alice.username}`, { reply_to_id: first, quote_of_id: second });
    expect(await told(alice)).toEqual(by("reply"));
    await act.write(bob, `@${alice.username}`, { quote_of_id: second });
    expect(await told(alice)).toEqual([...by("quote"), ...by("reply")]);
    await act.write(bob, `@${alice.username}`);
    expect(await told(alice)).toEqual([...by("mention"), ...by("quote"), ...by("reply")]);
  });

  test("of which she was told by her bell stays that, when bob names her later", async () => {
    await act.ring(alice, bob);
    const post = await act.write(bob, "news");
    await act.edit(bob, post, `news @${alice.username}`);
    expect(await told(alice)).toEqual(by("post"));
  });

  test("that alice does herself is not told to her", async () => {
    const post = await act.write(alice, `@${alice.username}`);
    await act.like(alice, post);
    await act.repost(alice, post);
    await act.write(alice, "yes", { reply_to_id: post, quote_of_id: post });
    await act.edit(alice, post, "changed");
    expect(await told(alice)).toEqual([]);
    expect(await db.admin`select from likes where post_id = ${post}`).toHaveLength(1);
  });
});

describe("again", () => {
  const loops: Record<string, (post: number) => [() => Promise<unknown>, () => Promise<unknown>]> = {
    follow: () => [() => act.follow(bob, alice), () => act.unfollow(bob, alice)],
    like: (post) => [() => act.like(bob, post), () => act.unlike(bob, post)],
    repost: (post) => [
      () => act.repost(bob, post),
      () => bob.asks((sql) => sql`delete from posts where repost_of_id = ${post}`),
    ],
  };

  test.each(Object.keys(loops))(
    "%s: bob does it again and again, and alice is told once a day",
    async (kind) => {
      const post = await act.write(alice, "hers");
      const [once, undo] = (loops[kind] as (typeof loops)[string])(post);
      await once();
      const [first] = await act.groups(alice);
      expect(first).toMatchObject({ kind, count: 1, is_read: false });
      await act.markRead(alice, first?.id as number);
      for (let n = 0; n < 3; n++) {
        await undo();
        expect(await told(alice)).toEqual([]);
        await once();
        expect(await act.groups(alice)).toEqual([{ ...first, is_read: true }]);
        expect(await unreadCount(alice)).toBe(0);
      }
      await undo();
      await act.letTimePass(db, "25 hours");
      await once();
      const [again, ...others] = await act.groups(alice);
      expect(others).toEqual([]);
      expect(again).toMatchObject({ kind, count: 1, is_read: false });
      expect(again?.id).toBeGreaterThan(first?.id as number);
      expect(await unreadCount(alice)).toBe(1);
    },
  );
});

describe("drafts", () => {
  const schedule = async () => {
    const [draft] = await alice.asks(
      (sql) => sql`
        insert into drafts (content, publish_at) values ('later', now() - interval '1 second') returning id`,
    );
    return draft?.id as string;
  };
  const run = () => db.owner`select private.publish_due_drafts()`;
  // A draft of a banned account fails.
  const ban = () =>
    db.admin`update auth.users set banned_until = now() + interval '1 hour' where id = ${alice.id}`;
  const pardon = () => db.admin`update auth.users set banned_until = null where id = ${alice.id}`;

  test("alice is told that her scheduled post was published, and not after she deleted it", async () => {
    await schedule();
    await run();
    const [{ id: post }] =
      (await db.admin`select id from posts where author_id = ${alice.id}`) as unknown as [{ id: number }];
    expect(await act.groups(alice)).toMatchObject([
      { kind: "draft_published", count: 1, post: { id: post }, draft_id: null, is_read: false },
    ]);
    await act.remove(alice, post);
    expect(await told(alice)).toEqual([]);
  });

  test("a post that she publishes by hand is not told to her", async () => {
    const draft = await schedule();
    await alice.asks((sql) => sql`select publish_draft(${draft})`);
    expect(await db.admin`select from posts where author_id = ${alice.id}`).toHaveLength(1);
    expect(await told(alice)).toEqual([]);
  });

  test.each(["tries again", "deletes it"])("she is told that one failed, until she %s", async (undo) => {
    const draft = await schedule();
    await ban();
    await run();
    expect(await act.groups(alice)).toMatchObject([
      { kind: "draft_failed", count: 1, post: null, draft_id: draft, is_read: false },
    ]);
    expect(await unreadCount(alice)).toBe(1);
    await pardon();
    await alice.asks((sql) =>
      undo === "deletes it"
        ? sql`delete from drafts where id = ${draft}`
        : sql`update drafts set publish_at = now() + interval '1 hour' where id = ${draft}`,
    );
    expect(await told(alice)).toEqual([]);
    expect(await unreadCount(alice)).toBe(0);
  });

  test("one that fails again, after she has read of it and edited it, is unread again", async () => {
    const draft = await schedule();
    await ban();
    await run();
    const [first] = await act.groups(alice);
    await act.markRead(alice, first?.id as number);
    await pardon();
    await alice.asks((sql) => sql`update drafts set content = 'Edited.' where id = ${draft}`);
    await ban();
    await run();
    expect(await act.groups(alice)).toMatchObject([
      { kind: "draft_failed", draft_id: draft, is_read: false },
    ]);
    expect(await unreadCount(alice)).toBe(1);
  });

  test("two that failed are told one by one", async () => {
    const drafts = [await schedule(), await schedule()];
    await ban();
    await run();
    const failed = (await act.groups(alice)).map(({ draft_id }) => draft_id);
    expect(failed.sort()).toEqual(drafts.sort());
  });
});
