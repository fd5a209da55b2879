/** Large and simultaneous changes: a transaction tells its first 100, the job the rest, nobody waits forever. */
import type { TransactionSql } from "postgres";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";
import * as act from "./notices.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let round = 0;
beforeAll(async () => {
  db = await createDatabase();
});
beforeEach(async () => {
  round++;
  [alice, bob] = (await act.signUpAll(db, `alice${round}`, `bob${round}`)) as [Person, Person];
});
afterEach(async () => {
  expect(await differences(db.admin)).toEqual({});
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** More people than sign-ups one by one would make in a short time. */
const crowd = (many: number, name: string) => db.admin`
  insert into auth.users (
    instance_id, id, aud, role, email, email_confirmed_at, raw_app_meta_data, raw_user_meta_data
  )
  select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated',
    ${name}::text || n || '@example.com', now(), '{}', jsonb_build_object('username', ${name}::text || '_' || n)
  from generate_series(1, ${many}::int) as n`;
const likedBy = (name: string, post: number) => db.admin`
  insert into likes (user_id, post_id)
  select id, ${post} from profiles where username like ${`${name}\\_%`}`;
const waiting = async () => (await db.admin`select from private.notice_queue`).length;

describe("a transaction with many changes", () => {
  test("tells 100 itself and leaves the rest to the job", async () => {
    await crowd(250, "many");
    const post = await act.write(alice, "hers");
    await likedBy("many", post);
    expect(await waiting()).toBe(150);
    expect(await act.groups(alice)).toMatchObject([{ count: 100 }]);
    await act.deliver(db);
    expect(await act.groups(alice)).toMatchObject([{ count: 250 }]);
    expect(await act.unreadCount(alice)).toBe(1);
  });

  test("of exactly 100 leaves nothing, and of 101 leaves one", async () => {
    await crowd(101, "hundred");
    const [first, second] = [await act.write(alice, "1"), await act.write(alice, "2")];
    await db.admin`
      insert into likes (user_id, post_id)
      select id, ${first} from profiles where username like 'hundred\\_%' limit 100`;
    expect(await waiting()).toBe(0);
    await likedBy("hundred", second);
    expect(await waiting()).toBe(1);
  });

  test("that is undone before the job looks leaves nothing to tell", async () => {
    await crowd(150, "fickle");
    const post = await act.write(alice, "hers");
    await likedBy("fickle", post);
    await db.admin`delete from likes where post_id = ${post}`;
    await act.deliver(db);
    expect(await act.told(alice)).toEqual([]);
    expect(await act.unreadCount(alice)).toBe(0);
  });
});

describe("a request to follow that is left to the job", () => {
  test.each(["accept", "decline"])("can be answered before the job looks at it: %s", async (answer) => {
    const name = `asked_${answer}`;
    await crowd(101, name);
    await db.admin`update profiles set is_private = true where username like ${`${name}\\_%`}`;
    await db.admin`
      insert into follow_requests (requester_id, target_id)
      select ${bob.id}, id from profiles where username like ${`${name}\\_%`}`;
    const [left] = await db.admin`select recipient_id as id from private.notice_queue`;
    const asked = db.as("authenticated", left?.id);
    const function_name = db.admin(`${answer}_follow_request`);
    expect(await asked((sql) => sql`select ${function_name}(${bob.id}) as answer`)).toEqual([
      { answer: true },
    ]);
    expect(await asked((sql) => sql`select requests from unread()`)).toEqual([{ requests: 0 }]);
    await act.deliver(db);
    expect(await db.admin`select requests from private.streams where user_id = ${left?.id}`).toEqual([
      { requests: 0 },
    ]);
    expect(await db.admin`select from follows where followee_id = ${left?.id}`).toHaveLength(
      answer === "accept" ? 1 : 0,
    );
  });

  test("can be taken back before the requests that are counted already", async () => {
    await crowd(101, "taken");
    await db.admin`update profiles set is_private = true where id = ${alice.id}`;
    await db.admin`
      insert into follow_requests (requester_id, target_id)
      select id, ${alice.id} from profiles where username like 'taken\\_%'`;
    const [left] = await db.admin`select actor_id as id from private.notice_queue`;
    await db.admin`delete from follow_requests where requester_id = ${left?.id}`;
    for (const most of [50, 50]) {
      await db.admin`
        delete from follow_requests
        where requester_id in (select requester_id from follow_requests where target_id = ${alice.id} limit ${most})`;
    }
    // The request that the job has not counted yet, and the step down of the last one.
    expect(await waiting()).toBe(2);
    expect(await act.told(alice)).toEqual([]);
    await act.deliver(db);
    expect(await db.admin`select requests from private.streams where user_id = ${alice.id}`).toEqual([
      { requests: 0 },
    ]);
  });
});

describe("much that ends at once", () => {
  test("a post with 1,500 likes and 30 replies is deleted: its notifications go", async () => {
    await crowd(1500, "fan");
    const post = await act.write(alice, "hers");
    const other = await act.write(alice, "other");
    await likedBy("fan", post);
    await db.admin`
      insert into posts (author_id, content, reply_to_id)
      select id, 'yes', ${post} from profiles where username like 'fan\\_%' limit 30`;
    await act.like(bob, other);
    await act.deliver(db);
    expect(await act.told(alice, { kinds: ["like"] })).toHaveLength(2);
    expect(await act.unreadCount(alice)).toBe(32);
    const about = () => db.admin`select from private.notifications where object_id = ${post}`;
    expect(await about()).toHaveLength(1500);

    await act.remove(alice, post);
    // The group is gone at once. The job deletes its rows.
    expect(await act.told(alice, { kinds: ["like"] })).toEqual([`like 1: ${bob.username}`]);
    expect(await act.unreadCount(alice)).toBe(31);
    await act.deliver(db);
    expect(await about()).toHaveLength(0);
    // The replies stay.
    expect(await act.told(alice, { kinds: ["reply"] })).toHaveLength(30);
  });

  test("bob, who liked 1,200 of her posts, is blocked: everything of his goes", async () => {
    await db.admin`
      insert into posts (author_id, content) select ${alice.id}, n::text from generate_series(1, 1200) as n`;
    await db.admin`insert into likes (user_id, post_id) select ${bob.id}, id from posts where author_id = ${alice.id}`;
    await act.deliver(db);
    expect(await act.unreadCount(alice)).toBe(1200);
    await act.block(alice, bob);
    expect(await act.told(alice)).toEqual([]);
    await act.deliver(db);
    expect(await act.unreadCount(alice)).toBe(0);
    const live = await db.admin`
      select from private.notifications where recipient_id = ${alice.id} and withdrawn_at is null`;
    expect(live).toHaveLength(0);
  });

  test("bob, who liked 1,200 of her posts, is muted, and unmuted", async () => {
    await db.admin`
      insert into posts (author_id, content) select ${alice.id}, n::text from generate_series(1, 1200) as n`;
    await db.admin`insert into likes (user_id, post_id) select ${bob.id}, id from posts where author_id = ${alice.id}`;
    await act.deliver(db);
    await act.mute(alice, bob);
    await act.deliver(db);
    expect(await act.unreadCount(alice)).toBe(0);
    await act.unmute(alice, bob);
    await act.deliver(db);
    expect(await act.unreadCount(alice)).toBe(1200);
  });

  test("an account that is told 2,500 things is deleted: nothing is left behind", async () => {
    await db.admin`
      insert into posts (author_id, content) select ${alice.id}, n::text from generate_series(1, 1250) as n`;
    await db.admin`insert into likes (user_id, post_id) select ${bob.id}, id from posts where author_id = ${alice.id}`;
    await db.admin`
      insert into posts (author_id, repost_of_id)
      select ${bob.id}, id from posts where author_id = ${alice.id}`;
    await act.deliver(db);
    const left = () => db.admin`select from private.notifications where recipient_id = ${alice.id}`;
    expect(await left()).toHaveLength(2500);
    await act.deleteAccount(db, alice);
    await act.deliver(db);
    expect(await left()).toHaveLength(0);
    for (const table of [
      "notification_groups where recipient_id",
      "stream_events where user_id",
      "streams where user_id",
    ]) {
      expect(await db.admin.unsafe(`select from private.${table} = '${alice.id}'`)).toHaveLength(0);
    }
  });
});

describe("at the same time", () => {
  test("likes, unlikes, blocks, deletions and readers meet, and nobody gets a deadlock", async () => {
    const people = await act.signUpAll(db, ...Array.from({ length: 12 }, (_, n) => `storm${round}_${n}`));
    const posts = await Promise.all(people.map((who) => act.write(who, "mine")));
    const any = <T>(list: T[], n: number) => list[(n * 7 + 3) % list.length] as T;
    const requests: Promise<unknown>[] = [];
    for (let n = 0; n < 240; n++) {
      const who = people[n % 12] as Person;
      const post = any(posts, n + Math.floor(n / 12));
      requests.push(
        [
          () => act.like(who, post),
          () => act.unlike(who, post),
          () =>
            act.write(who, `@storm${round}_${n % 12} @storm${round}_${(n + 5) % 12}`, { reply_to_id: post }),
          () => act.markRead(who, 2 ** 52),
          () => act.follow(who, any(people, n)),
          () => act.unfollow(who, any(people, n)),
          () => act.repost(who, post),
          () => act.groups(who),
          () => act.mute(who, any(people, n + 1)),
          () => act.deleteAccount(db, people[11 - (n % 3)] as Person),
          () => db.owner.unsafe("call private.deliver_waiting_notices()"),
          () => act.block(people[5] as Person, people[6] as Person),
        ][(n * 5) % 12 === 9 && n < 200 ? 0 : (n * 5 + Math.floor(n / 12)) % 12]?.() as Promise<unknown>,
      );
    }
    const outcomes = await Promise.allSettled(requests);
    const refusals = outcomes.flatMap((outcome) =>
      outcome.status === "rejected" ? [outcome.reason.code] : [],
    );
    // The thing is there already, it is gone, or it is the person's own.
    const fine = ["23505", "PT400", "PT401", "PT404", "PT409"];
    expect(refusals.filter((code) => !fine.includes(code))).toEqual([]);
    expect(outcomes.filter(({ status }) => status === "fulfilled").length).toBeGreaterThan(120);
  });

  test("two likes of one post at once are one group of two", async () => {
    const post = await act.write(alice, "hers");
    const people = await act.signUpAll(db, ...Array.from({ length: 10 }, (_, n) => `pair${round}_${n}`));
    await Promise.all(people.map((who) => act.like(who, post)));
    expect(await act.groups(alice)).toMatchObject([{ count: 10 }]);
    await Promise.all(people.map((who) => act.unlike(who, post)));
    expect(await act.told(alice)).toEqual([]);
  });

  test("bob likes while alice blocks him: she is told nothing afterwards, in any order", async () => {
    for (let n = 0; n < 15; n++) {
      const post = await act.write(alice, "hers");
      const liked = act.like(bob, post).catch((error: { code: string }) => error.code);
      const [outcome] = await Promise.all([liked, act.block(alice, bob)]);
      if (typeof outcome === "string") expect(outcome).toBe("PT404");
      expect(await act.told(alice)).toEqual([]);
      // A like that was left to the job is looked at while the block is there.
      await act.deliver(db);
      expect(await act.told(alice)).toEqual([]);
      await act.unblock(alice, bob);
    }
    // Without the block she is told.
    await act.like(bob, await act.write(alice, "last"));
    // She had many events in this second. So it may be left to the job.
    await act.deliver(db);
    expect(await act.told(alice)).toEqual([`like 1: ${bob.username}`]);
  });

  /** An edit of a post that 30 people answered. The job tells them. @returns the post */
  async function edited(name: string): Promise<number> {
    await crowd(30, name);
    const post = await act.write(alice, "before");
    await db.admin`
      insert into posts (author_id, content, reply_to_id)
      select id, 'answer', ${post} from profiles where username like ${`${name}\\_%`}`;
    await act.deliver(db);
    await act.edit(alice, post, "after");
    return post;
  }
  const told = async (post: number) =>
    (await db.admin`select from private.notifications where object_id = ${post} and withdrawn_at is null`)
      .length;
  const endings: [string, (sql: TransactionSql, post: number) => Promise<unknown>][] = [
    ["deletes the post", (sql, post) => sql`delete from posts where id = ${post}`],
    ["becomes private", (sql) => sql`update profiles set is_private = true where id = ${alice.id}`],
  ];

  test.each(endings)("the job tells of an edit while the author %s: it is withdrawn", async (_, end) => {
    const post = await edited(`during${round}`);
    let ended: Promise<unknown> | undefined;
    await db.admin.begin(async (sql) => {
      await sql`select private.deliver_batch()`;
      ended = alice.asks((own) => end(own, post));
      await vi.waitFor(async () =>
        expect(
          await db.admin`
            select from pg_stat_activity
            where datname = current_database() and (wait_event_type = 'Lock' or wait_event = 'PgSleep')`,
        ).not.toHaveLength(0),
      );
    });
    await ended;
    await act.deliver(db);
    expect(await told(post)).toBe(0);
  });

  test.each(endings)(
    "an author %s and has not committed: the job tells later, or nothing",
    async (_, end) => {
      const post = await edited(`before${round}`);
      const { promise: looked, resolve: hasLooked } = Promise.withResolvers<void>();
      const { promise: begun, resolve: hasBegun } = Promise.withResolvers<void>();
      const ended = alice.asks(async (sql) => {
        await end(sql, post);
        hasBegun();
        await looked;
      });
      await begun;
      for (let batch = 0; batch < 3; batch++) await db.admin`select private.deliver_batch()`;
      expect(await told(post)).toBe(0);
      const left = await db.admin`select from private.notice_queue where object_id = ${post} and is_left`;
      expect(left).toHaveLength(30);
      hasLooked();
      await ended;
      await act.deliver(db);
      expect(await told(post)).toBe(0);
    },
  );

  test("an edit that nobody races with is told to all", async () => {
    const post = await edited(`alone${round}`);
    await act.deliver(db);
    expect(await told(post)).toBe(30);
  });
});
