/** Streams: alice misses no event, hears each once, and starts over when she is too far behind. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

const { cursorOf, eventsOf, sync } = act;

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

/** The messages on alice's topic, in order, without the id that each of them has. */
const sent = async (who = alice) => {
  const rows = await db.admin`
    select payload - 'id' as payload, event, private, extension from realtime.messages
    where topic = ${`user:${who.id}`}
    order by (payload ->> 'seq')::bigint`;
  return [...rows];
};
const seqs = (events: act.StreamEvent[]) => events.map(({ seq }) => seq);

describe("an event", () => {
  test("of a like has the group as the list shows it, and the numbers", async () => {
    const events = await eventsOf(alice, () => act.like(bob, post));
    const [group] = await act.groups(alice);
    const { post: card, ...rest } = group as act.Group;
    expect(events).toEqual([
      {
        seq: 1,
        kind: "notification",
        payload: { ...rest, post_id: post, unread: { notifications: 1, requests: 0 } },
      },
    ]);
    expect(card?.id).toBe(post);
  });

  test("of an unlike says that the group is gone, and nothing about it", async () => {
    await act.like(bob, post);
    const [group] = await act.groups(alice);
    const events = await eventsOf(alice, () => act.unlike(bob, post));
    expect(events).toEqual([
      {
        seq: 2,
        kind: "notification",
        payload: { group_id: group?.group_id, count: 0, unread: { notifications: 0, requests: 0 } },
      },
    ]);
  });

  test("of reading says up to where, also to alice's other devices", async () => {
    await act.like(bob, post);
    const [group] = await act.groups(alice);
    const events = await eventsOf(alice, () => act.markRead(alice, group?.id as number));
    expect(events).toEqual([
      { seq: 2, kind: "read", payload: { up_to: group?.id, unread: { notifications: 0, requests: 0 } } },
    ]);
    expect(await eventsOf(alice, () => act.markRead(alice, group?.id as number))).toEqual([]);
    const marked = await eventsOf(alice, () => act.markGroup(alice, group?.id as number, "unread"));
    expect(marked).toMatchObject([
      { seq: 3, kind: "notification", payload: { is_read: false, unread: { notifications: 1 } } },
    ]);
  });

  test("of a request that she does not want to be told has only the numbers", async () => {
    await act.setPrivate(alice, true);
    await act.prefer(alice, "follow_request", { delivery: "off" });
    const events = await eventsOf(alice, () => act.follow(bob, alice));
    expect(events).toEqual([
      { seq: 1, kind: "unread", payload: { unread: { notifications: 0, requests: 1 } } },
    ]);
  });

  test("of more than 50 changed groups is one that says to start over", async () => {
    const posts = await db.admin`
      insert into posts (author_id, content) select ${alice.id}, n::text from generate_series(1, 60) as n returning id`;
    const events = await eventsOf(alice, () =>
      bob.asks((sql) => sql`insert into likes ${sql(posts.map(({ id }) => ({ post_id: id })))}`),
    );
    expect(events).toMatchObject([
      { seq: 1, kind: "start_over", payload: { unread: { notifications: 60 } } },
    ]);
    expect((await sync(alice)).snapshot?.notifications).toHaveLength(20);
  });

  test("is not made by what changes nothing for her", async () => {
    await act.like(bob, post);
    const events = await eventsOf(alice, async () => {
      await act.like(carol, await act.write(bob, "his"));
      await act.follow(bob, carol);
      await act.write(bob, "no name");
      await bob.asks((sql) => sql`insert into likes (post_id) values (${post}) on conflict do nothing`);
    });
    expect(events).toEqual([]);
    expect(await cursorOf(alice)).toBe(1);
  });

  test("that is old never shows what is hidden since", async () => {
    await act.like(bob, post);
    await act.like(carol, post);
    await act.block(alice, bob);
    const { events } = await sync(alice, 0);
    expect(seqs(events)).toEqual([1, 2, 3]);
    for (const { payload } of events) {
      expect(payload).toMatchObject({ count: 1, actors: [{ username: carol.username }] });
    }
    expect(JSON.stringify(events)).not.toContain(bob.username);
    await act.unlike(carol, post);
    const gone = await sync(alice, 0);
    expect(gone.events.map(({ payload }) => payload.count)).toEqual([0, 0, 0, 0]);
  });
});

test("an event shows no post of an account that became private, even before the job has looked", async () => {
  await db.admin`
    insert into posts (author_id, content) select ${bob.id}, n::text from generate_series(1, 250) as n`;
  const events = await eventsOf(alice, () => act.write(bob, `@${alice.username}`));
  const [{ payload: before }] = events as [act.StreamEvent];
  expect(before).toMatchObject({ count: 1, kind: "mention" });
  await act.setPrivate(bob, true);
  expect(await db.admin`select from private.fan_outs where kind = 'account'`).toHaveLength(1);
  const [after] = (await sync(alice, 0)).events;
  expect(after?.payload).toMatchObject({ group_id: before.group_id, count: 0 });
  expect(Object.keys(after?.payload ?? {}).sort()).toEqual(["count", "group_id", "unread"]);
});

test("mallory cannot tell alice's block from her deleted account by the order of events", async () => {
  const lost: string[][] = [];
  for (const leaves of [act.block, act.deleteAccount]) {
    const suffix = `${round}_${lost.length}`;
    const [author, mallory] = (await act.signUpAll(db, `author${suffix}`, `mallory${suffix}`)) as [
      Person,
      Person,
    ];
    await act.ring(mallory, author);
    await act.write(author, "news");
    const liked = await act.write(mallory, "liked");
    await act.like(author, liked);
    await act.like(bob, liked);
    const kinds = new Map((await act.groups(mallory)).map(({ group_id, kind }) => [group_id, kind]));
    const events = await eventsOf(mallory, () =>
      leaves === act.block ? act.block(author, mallory) : act.deleteAccount(db, author),
    );
    lost.push(events.map(({ payload }) => `${kinds.get(payload.group_id as number)} ${payload.count}`));
  }
  expect(lost).toEqual([
    ["post 0", "like 1"],
    ["post 0", "like 1"],
  ]);
});

describe("the numbers", () => {
  test("have no gap when many act at once", async () => {
    const crowd = await act.signUpAll(db, ...Array.from({ length: 15 }, (_, n) => `crowd${round}_${n}`));
    await Promise.all([
      ...crowd.map((who) => act.like(who, post)),
      ...crowd.map((who) => act.follow(who, alice)),
      ...crowd.map((who) => act.write(who, "yes", { reply_to_id: post })),
      act.markRead(alice, 2 ** 52),
    ]);
    // Some found the stream locked, and left their part to the job.
    await act.deliver(db);
    const { events, cursor, has_more } = await sync(alice, 0, 500);
    expect(has_more).toBe(false);
    expect(seqs(events)).toEqual(Array.from({ length: cursor }, (_, n) => n + 1));
    const told = new Set(events.map(({ payload }) => (payload as { group_id?: number }).group_id));
    const groups = await act.groups(alice, { page_size: 100 });
    for (const { group_id } of groups) expect(told).toContain(group_id);
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(45);
    expect((await sent()).map(({ payload }) => payload.seq)).toEqual(seqs(events));
  });

  test("follow commits: what is rolled back takes none, and sends nothing", async () => {
    await act.like(bob, post);
    const failed = carol.asks(async (sql) => {
      await sql`insert into likes (post_id) values (${post})`;
      await sql`set constraints all immediate`;
      throw new Error("on purpose");
    });
    await expect(failed).rejects.toThrow("on purpose");
    expect(await cursorOf(alice)).toBe(1);
    expect(await sent()).toHaveLength(1);
    await act.like(carol, post);
    expect(seqs((await sync(alice, 0)).events)).toEqual([1, 2]);
    expect(await sent()).toHaveLength(2);
  });
});

test("the topic of a person gets exactly the events of each commit, private, as sync shows them", async () => {
  const steps: (() => Promise<unknown>)[] = [
    () => act.like(bob, post),
    () => act.follow(carol, alice),
    () => act.write(bob, `@${alice.username} @${carol.username}`),
    () => act.unlike(bob, post),
    async () => act.markRead(alice, (await act.groups(alice))[0]?.id as number),
    () => act.block(alice, bob),
  ];
  for (const step of steps) {
    const before = (await sent()).length;
    const events = await eventsOf(alice, step);
    expect(events.length).toBeGreaterThan(0);
    expect((await sent()).slice(before)).toEqual(
      events.map((payload) => ({ payload, event: "event", private: true, extension: "broadcast" })),
    );
  }
  expect(await sent(carol)).toMatchObject([{ payload: { seq: 1, kind: "notification" } }]);
  expect(await sent(bob)).toEqual([]);
});

describe("sync", () => {
  /** Three likes, each an event of alice's. */
  const three = async () => {
    for (const content of ["1", "2", "3"]) await act.like(bob, await act.write(alice, content));
  };

  test("without a cursor answers a snapshot and its cursor", async () => {
    expect(await sync(carol)).toEqual({
      stream: `user:${carol.id}`,
      start_over: true,
      cursor: 0,
      has_more: false,
      events: [],
      snapshot: { notifications: [], unread: { notifications: 0, requests: 0 } },
    });
    await three();
    const page = await sync(alice);
    expect(page).toMatchObject({ start_over: true, cursor: 3, has_more: false, events: [] });
    const listed = (await act.groups(alice)).map(({ post: card, ...rest }) => ({
      ...rest,
      post_id: card?.id,
    }));
    expect(page.snapshot).toEqual({ notifications: listed, unread: { notifications: 3, requests: 0 } });
  });

  test("with a cursor that is null answers a snapshot", async () => {
    const [page] = await alice.asks(
      (sql) => sql`select * from sync(${sql.json({ [`user:${alice.id}`]: null })})`,
    );
    expect(page).toMatchObject({ start_over: true, events: [], snapshot: { notifications: [] } });
  });

  test("pages the newer events, and says when there are more", async () => {
    await three();
    const first = await sync(alice, 0, 2);
    expect(first).toMatchObject({ start_over: false, cursor: 2, has_more: true, snapshot: null });
    expect(seqs(first.events)).toEqual([1, 2]);
    const second = await sync(alice, first.cursor, 2);
    expect(second).toMatchObject({ start_over: false, cursor: 3, has_more: false, snapshot: null });
    expect(seqs(second.events)).toEqual([3]);
    expect(await sync(alice, 3)).toMatchObject({ start_over: false, cursor: 3, has_more: false, events: [] });
  });

  test("starts over with a cursor that is ahead, and with one that is too old", async () => {
    await three();
    expect(await sync(alice, 4)).toMatchObject({ start_over: true, cursor: 3 });
    await db.admin`delete from private.stream_events where user_id = ${alice.id} and seq = 1`;
    expect(await sync(alice, 0)).toMatchObject({ start_over: true, cursor: 3, events: [] });
    expect(await sync(alice, 1)).toMatchObject({ start_over: false, cursor: 3 });
  });

  test("answers only the caller's own stream, even if they name others", async () => {
    await act.like(bob, post);
    const rows = await bob.asks(
      (sql) => sql`select * from sync(${sql.json({ [`user:${alice.id}`]: 0, "user:": 1, nonsense: 2 })})`,
    );
    expect(rows.map(({ stream }) => stream)).toEqual([`user:${bob.id}`]);
    expect((await sync(alice, 0)).events).toHaveLength(1);
  });

  test.each(["[]", "null", "1", '"x"', '{"a": "1"}', '{"a": 1.5}', '{"a": -1}', '{"a": 1e30}'])(
    "refuses %s as cursors",
    async (cursors) => {
      const asks = alice.asks((sql) => sql`select from sync(${cursors}::text::jsonb)`);
      expect(await refusal(asks)).toMatchObject({ code: "PT400", detail: "cursors_format" });
      expect(await alice.asks((sql) => sql`select from sync('{"a": 1}')`)).toHaveLength(1);
    },
  );

  test.each([0, 501, -1, null])("refuses %s as page_size", async (size) => {
    const asks = alice.asks((sql) => sql`select from sync('{}', ${size})`);
    expect(await refusal(asks)).toMatchObject({ code: "PT400", detail: "page_size_range" });
    expect(await alice.asks((sql) => sql`select from sync('{}', 500)`)).toHaveLength(1);
  });

  test("tells a deleted account that it is gone", async () => {
    expect((await sync(alice)).start_over).toBe(true);
    await act.deleteAccount(db, alice);
    expect(await refusal(sync(alice))).toMatchObject({ code: "PT401", detail: "account_not_found" });
    expect(await refusal(act.unread(alice))).toMatchObject({ code: "PT401", detail: "account_not_found" });
    expect(await refusal(act.markRead(alice, 1))).toMatchObject({
      code: "PT401",
      detail: "account_not_found",
    });
  });
});

test("unread() answers all numbers and the newest cursor", async () => {
  expect(await act.unread(alice)).toEqual({
    notifications: 0,
    requests: 0,
    messages: 0,
    message_requests: 0,
    cursors: { [`user:${alice.id}`]: 0 },
  });
  await act.setPrivate(alice, true);
  await act.follow(bob, alice);
  await act.follow(carol, alice);
  // Both requests are one group.
  expect(await act.unread(alice)).toEqual({
    notifications: 1,
    requests: 2,
    messages: 0,
    message_requests: 0,
    cursors: { [`user:${alice.id}`]: 2 },
  });
  await alice.asks((sql) => sql`select decline_follow_request(${bob.id})`);
  expect(await act.unread(alice)).toMatchObject({ notifications: 1, requests: 1 });
  await act.deleteAccount(db, carol);
  expect(await act.unread(alice)).toMatchObject({ notifications: 0, requests: 0 });
});

describe("what a stream keeps", () => {
  test("is its newest 10,000 events", async () => {
    await db.admin`
      insert into private.stream_events (user_id, seq, kind)
      select ${alice.id}, seq, 'unread' from generate_series(1, 9999) as seq`;
    await db.admin`update private.streams set last_seq = 9999 where user_id = ${alice.id}`;
    const kept = async () =>
      (
        await db.admin`
        select min(seq) as first, count(*) as number from private.stream_events where user_id = ${alice.id}`
      )[0];
    await act.like(bob, post);
    expect(await kept()).toEqual({ first: 1, number: 10_000 });
    await act.like(carol, post);
    expect(await kept()).toEqual({ first: 2, number: 10_000 });
    // Two groups change at once.
    const second = await act.write(alice, "2");
    await bob.asks(async (sql) => {
      await sql`insert into likes (post_id) values (${second})`;
      await sql`insert into posts (content, reply_to_id) values ('yes', ${second})`;
    });
    expect(await kept()).toEqual({ first: 4, number: 10_000 });
    expect(await sync(alice, 3, 500)).toMatchObject({ start_over: false, cursor: 503, has_more: true });
    expect(await sync(alice, 2)).toMatchObject({ start_over: true, cursor: 10_003 });
  });

  test("is not older than 30 days: the job deletes older events, and the numbers go on", async () => {
    await act.like(bob, post);
    await act.letTimePass(db, "30 days 1 second");
    await act.like(carol, post);
    await db.owner.unsafe("call private.forget_old_notices()");
    const left = await db.admin`select seq from private.stream_events where user_id = ${alice.id}`;
    expect(left.map(({ seq }) => seq)).toEqual([2]);
    expect(await sync(alice, 0)).toMatchObject({ start_over: true, cursor: 2 });
    expect(await sync(alice, 1)).toMatchObject({ start_over: false, cursor: 2 });
    expect(await act.told(alice)).toEqual([`like 2: ${carol.username}, ${bob.username}`]);
    await act.letTimePass(db, "30 days 1 second");
    await db.owner.unsafe("call private.forget_old_notices()");
    expect(await sync(alice, 1)).toMatchObject({ start_over: true, cursor: 2 });
    expect(await sync(alice, 2)).toMatchObject({ start_over: false, cursor: 2 });
  });

  test("goes in batches of 2,000, and nobody waits for one: alice is told and reads meanwhile", async () => {
    await act.like(bob, post);
    await db.admin`
      insert into private.stream_events (user_id, seq, kind)
      select ${alice.id}, seq, 'unread' from generate_series(2, 2500) as seq`;
    await db.admin`update private.streams set last_seq = 2500 where user_id = ${alice.id}`;
    await act.letTimePass(db, "30 days 1 second");
    const forget = async (sql: { unsafe: typeof db.owner.unsafe }) =>
      (await sql.unsafe("select private.forget_events() as forgotten"))[0]?.forgotten;
    await db.owner.begin(async (sql) => {
      expect(await forget(sql)).toBe(2000);
      // The batch has not committed.
      const [event] = await act.eventsOf(alice, () => act.like(carol, post));
      expect(event).toMatchObject({ seq: 2501, payload: { count: 2 } });
      const [group] = await act.groups(alice);
      expect(await act.markRead(alice, group?.id ?? null)).toBe(0);
    });
    expect(await forget(db.owner)).toBe(500);
    expect(await forget(db.owner)).toBe(0);
  });

  test("after a restore, every client starts over", async () => {
    await act.like(bob, post);
    await db.owner`select private.restart_streams()`;
    await act.like(carol, post);
    const { cursor } = await sync(alice);
    expect(cursor).toBe(1_000_002);
    for (const old of [0, 1, 2, 500])
      expect(await sync(alice, old)).toMatchObject({ start_over: true, cursor });
    expect(await sync(alice, cursor)).toMatchObject({ start_over: false });
  });
});

test("withdrawn notifications are deleted after a day, with their empty groups, and the rest stays", async () => {
  const second = await act.write(alice, "2");
  await act.like(bob, post);
  await act.like(carol, post);
  await act.like(bob, second);
  await act.unlike(bob, post);
  await act.unlike(bob, second);
  const rows = async () => [
    (await db.admin`select from private.notifications where recipient_id = ${alice.id}`).length,
    (await db.admin`select from private.notification_groups where recipient_id = ${alice.id}`).length,
  ];
  await db.owner.unsafe("call private.forget_old_notices()");
  expect(await rows()).toEqual([3, 2]);
  await act.letTimePass(db, "1 day 1 second");
  await db.owner.unsafe("call private.forget_old_notices()");
  expect(await rows()).toEqual([1, 1]);
  expect(await act.told(alice)).toEqual([`like 1: ${carol.username}`]);
  await act.like(bob, second);
  expect(await act.told(alice)).toEqual([`like 1: ${bob.username}`, `like 1: ${carol.username}`]);
});
