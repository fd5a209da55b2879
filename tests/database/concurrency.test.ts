/**
 * Two requests meet at one moment. Each test says what each of them gets. town.test.ts lets
 * everybody do everything at once.
 */
import type postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createDatabase, type Database, openTransaction, type Person } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

describe("two at once", () => {
  interface Request {
    sql: postgres.ReservedSql;
    pid: number;
  }

  /** A request of a person, or of Auth. It stays open until it commits. */
  async function begin(who: Person | "auth", stack: AsyncDisposableStack): Promise<Request> {
    const sql = await db.admin.reserve();
    await sql`begin`;
    const [{ pid }] = (await sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    stack.defer(async () => {
      // If the test failed, the request may still wait for another one.
      await db.admin`select pg_cancel_backend(${pid})`;
      await sql`rollback`;
      sql.release();
    });
    if (who === "auth") await sql`select set_config('role', 'supabase_auth_admin', true)`;
    else {
      await sql`select set_config('role', 'authenticated', true),
        set_config('request.jwt.claims', ${JSON.stringify({ sub: who.id, role: "authenticated" })}, true)`;
    }
    return { sql, pid };
  }

  const toWait = ({ pid }: Request) =>
    vi.waitFor(async () => {
      const found = await db.as("service_role")(
        (sql) => sql`select from pg_locks where pid = ${pid} and not granted`,
      );
      expect(found).not.toHaveLength(0);
    });

  const sqlOf = (text: string) => (sql: postgres.Sql | postgres.TransactionSql | postgres.ReservedSql) =>
    sql.unsafe(text);

  /** Until the request found a locked row and sleeps before its next try. */
  const toTryAgain = ({ pid }: Request) =>
    vi.waitFor(async () => {
      const found =
        await db.admin`select from pg_stat_activity where pid = ${pid} and wait_event = 'PgSleep'`;
      expect(found).not.toHaveLength(0);
    });

  /** A post of alice, a deleted reply of hers, and two replies to that: bob's and carol's. */
  async function threadOf(name: string) {
    const people = await Promise.all(
      ["alice", "bob", "carol"].map((who) => db.signUp(`${who}_${name}`.slice(0, 30))),
    );
    const [alice, bob, carol] = people as [Person, Person, Person];
    const say = async ({ asks }: Person, to: number | null = null) => {
      const [post] = await asks(
        (sql) => sql`insert into posts (content, reply_to_id) values ('x', ${to}) returning id`,
      );
      return post?.id as number;
    };
    const root = await say(alice);
    const place = await say(alice, root);
    const replies: [number, number] = [await say(bob, place), await say(carol, place)];
    await alice.asks((sql) => sql`delete from posts where id = ${place}`);
    return { alice, bob, carol, root, place, replies };
  }

  test("mallory follows alice, and then her block commits: it ends the follow", async () => {
    const [alice, mallory] = [await db.signUp("alice_1"), await db.signUp("mallory_1")];
    await using stack = new AsyncDisposableStack();
    const [hers, his] = [await begin(alice, stack), await begin(mallory, stack)];
    await his.sql`insert into follows (followee_id) values (${alice.id})`;
    const blocking = hers.sql`insert into blocks (blocked_id) values (${mallory.id})`.then(
      () => hers.sql`commit`,
    );
    await toWait(hers);
    await his.sql`commit`;
    await blocking;
    expect(await db.admin`select from blocks where blocker_id = ${alice.id}`).toHaveLength(1);
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(0);
  });

  test("mallory follows alice while her block has not committed: he is refused", async () => {
    const [alice, mallory] = [await db.signUp("alice_2"), await db.signUp("mallory_2")];
    await using stack = new AsyncDisposableStack();
    const [hers, his] = [await begin(alice, stack), await begin(mallory, stack)];
    await hers.sql`insert into blocks (blocked_id) values (${mallory.id})`;
    const following = his.sql`insert into follows (followee_id) values (${alice.id})`.catch((error) => error);
    await toWait(his);
    await hers.sql`commit`;
    expect(await following).toMatchObject({ code: "PT404", detail: "profile_not_found" });
    await his.sql`rollback`;
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(0);
  });

  /** People in the order in which a block of alice takes the locks of the pairs. */
  async function inOrderOfPairs(alice: Person, people: Person[]): Promise<Person[]> {
    const ids = await db.admin`
      select id from unnest(${people.map(({ id }) => id)}::uuid[]) as id order by private.pair_key(${alice.id}, id)`;
    return ids.map(({ id }) => people.find((person) => person.id === id) as Person);
  }

  test("alice blocks bob and carol while both follow her: no deadlock", async () => {
    const alice = await db.signUp("alice_12");
    const [bob, carol] = (await inOrderOfPairs(alice, [
      await db.signUp("bob_12"),
      await db.signUp("carol_12"),
    ])) as [Person, Person];
    await using stack = new AsyncDisposableStack();
    const [hers, bobs, carols] = [
      await begin(alice, stack),
      await begin(bob, stack),
      await begin(carol, stack),
    ];
    await carols.sql`insert into follows (followee_id) values (${alice.id})`;
    const following = bobs.sql`insert into follows (followee_id) values (${alice.id})`.then(
      () => bobs.sql`commit`,
    );
    // For the counts of alice.
    await toWait(bobs);
    const blocking = hers.sql`insert into blocks (blocked_id) values (${bob.id}), (${carol.id})`.then(
      () => hers.sql`commit`,
    );
    await toWait(hers);
    await carols.sql`commit`;
    await Promise.all([following, blocking]);
    expect(await db.admin`select from blocks where blocker_id = ${alice.id}`).toHaveLength(2);
    expect(await differences(db.admin)).toEqual({});
  });

  test("alice blocks bob, who follows her, and carol, who begins to: no deadlock", async () => {
    const [alice, bob, erin] = [
      await db.signUp("alice_17"),
      await db.signUp("bob_17"),
      await db.signUp("erin_17"),
    ];
    const [dave, carol] = (await inOrderOfPairs(alice, [
      await db.signUp("carol_17"),
      await db.signUp("dave_17"),
    ])) as [Person, Person];
    await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
    await using stack = new AsyncDisposableStack();
    const [hers, carols] = [await begin(alice, stack), await begin(carol, stack)];
    const other = await openTransaction(db.admin, stack);
    await other`select pg_advisory_xact_lock_shared(private.pair_key(${alice.id}, ${dave.id}))`;
    // Carol has her turn for longer than alice waits for it.
    await carols.sql`insert into follows (followee_id) values (${erin.id})`;
    const blocking = hers.sql`
      insert into blocks (blocked_id) values (${bob.id}), (${dave.id}), (${carol.id})`.then(
      () => hers.sql`commit`,
    );
    // For the pair with dave.
    await toWait(hers);
    const following = carols.sql`insert into follows (followee_id) values (${alice.id})`.then(
      () => carols.sql`commit`,
    );
    await Promise.race([following, toWait(carols)]);
    await other`rollback`;
    await Promise.all([following, blocking]);
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(0);
    expect(await db.admin`select from blocks where blocker_id = ${alice.id}`).toHaveLength(3);
    expect(await differences(db.admin)).toEqual({});
  });

  test("carol asks alice while alice becomes public: she follows, and sends no request", async () => {
    const [alice, carol] = [await db.signUp("alice_3"), await db.signUp("carol_3")];
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    await using stack = new AsyncDisposableStack();
    const [hers, carols] = [await begin(alice, stack), await begin(carol, stack)];
    await hers.sql`update profiles set is_private = false where id = ${alice.id}`;
    const asking = carols.sql`select follow(${alice.id})`;
    // A query is sent when it is awaited.
    const asked = asking.then((rows) => rows);
    await toTryAgain(carols);
    await hers.sql`commit`;
    expect(await asked).toMatchObject([{ follow: "following" }]);
    await carols.sql`commit`;
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(1);
    expect(await differences(db.admin)).toEqual({});
  });

  test("alice becomes public while carol asks: the request is accepted", async () => {
    const [alice, carol] = [await db.signUp("alice_4"), await db.signUp("carol_4")];
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    await using stack = new AsyncDisposableStack();
    const [hers, carols] = [await begin(alice, stack), await begin(carol, stack)];
    await carols.sql`select follow(${alice.id})`;
    const opening = hers.sql`update profiles set is_private = false where id = ${alice.id}`.then(
      () => hers.sql`commit`,
    );
    await toWait(hers);
    await carols.sql`commit`;
    await opening;
    expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(1);
    expect(await differences(db.admin)).toEqual({});
  });

  test.each(["the deletion of her account", "that she takes it back"])(
    "alice becomes public, and undone is what would end carol's request: %s",
    async (what) => {
      const n = what.length;
      const [alice, carol, dave] = [
        await db.signUp(`alice_${n}`),
        await db.signUp(`carol_${n}`),
        await db.signUp(`dave_${n}`),
      ];
      await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
      for (const { asks } of [carol, dave]) await asks((sql) => sql`select follow(${alice.id})`);
      await using stack = new AsyncDisposableStack();
      const hers = await begin(alice, stack);
      const ending = await begin(what === "that she takes it back" ? carol : "auth", stack);
      if (what === "that she takes it back") await ending.sql`delete from follow_requests`;
      else await ending.sql`delete from auth.users where id = ${carol.id}`;
      const opening = hers.sql`update profiles set is_private = false where id = ${alice.id}`.then(
        () => hers.sql`commit`,
      );
      await Promise.race([opening, toTryAgain(hers)]);
      await ending.sql`rollback`;
      await opening;
      expect(await db.admin`select from follows where followee_id = ${alice.id}`).toHaveLength(2);
      expect(await differences(db.admin)).toEqual({});
    },
  );

  test("alice becomes public while a request of carol ends for long: she is told to try again", async () => {
    const [alice, carol] = [await db.signUp("alice_18"), await db.signUp("carol_18")];
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    await carol.asks((sql) => sql`select follow(${alice.id})`);
    await using stack = new AsyncDisposableStack();
    const [hers, ending] = [await begin(alice, stack), await begin("auth", stack)];
    await ending.sql`delete from auth.users where id = ${carol.id}`;
    const opening = hers.sql`update profiles set is_private = false where id = ${alice.id}`.catch(
      (error) => error,
    );
    expect(await opening).toMatchObject({ code: "PT503", detail: "profile_busy" });
    await hers.sql`rollback`;
    await ending.sql`rollback`;
    expect(await db.admin`select from follow_requests where target_id = ${alice.id}`).toHaveLength(1);
    expect(await differences(db.admin)).toEqual({});
  });

  test("alice replies in one window and becomes private in another: the reply is limited", async () => {
    const [alice, bob] = [await db.signUp("alice_5"), await db.signUp("bob_5")];
    const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('?') returning id`);
    await using stack = new AsyncDisposableStack();
    const [one, two] = [await begin(alice, stack), await begin(alice, stack)];
    await one.sql`insert into posts (content, reply_to_id) values ('!', ${post?.id})`;
    const closing = two.sql`update profiles set is_private = true where id = ${alice.id}`.then(
      () => two.sql`commit`,
    );
    await toWait(two);
    await one.sql`commit`;
    await closing;
    expect(await differences(db.admin)).toEqual({});
    const [seen] = await bob.asks((sql) => sql`select replies from post_counts where post_id = ${post?.id}`);
    expect(seen?.replies).toBe(0);
  });

  test("bob replies to a post that alice deletes at this moment: he is refused without waiting", async () => {
    const [alice, bob] = [await db.signUp("alice_6"), await db.signUp("bob_6")];
    const [post] = await alice.asks((sql) => sql`insert into posts (content) values ('?') returning id`);
    await using stack = new AsyncDisposableStack();
    const hers = await begin(alice, stack);
    await hers.sql`delete from posts where id = ${post?.id}`;
    for (const write of [
      (sql: postgres.TransactionSql) =>
        sql`insert into posts (content, reply_to_id) values ('!', ${post?.id})`,
      (sql: postgres.TransactionSql) => sql`insert into likes (post_id) values (${post?.id})`,
    ]) {
      const refused = await bob.asks(write).catch((error) => error);
      expect(refused).toMatchObject({ code: "PT404", detail: "post_not_found" });
    }
    await hers.sql`commit`;
    expect(await differences(db.admin)).toEqual({});
  });

  test("bob and carol delete the last replies to a deleted post at the same time: its place goes", async () => {
    const { alice, bob, carol, root, place, replies } = await threadOf("19");
    await using stack = new AsyncDisposableStack();
    const his = await begin(bob, stack);
    await his.sql`delete from posts where id = ${replies[0]}`;
    await carol.asks((sql) => sql`delete from posts where id = ${replies[1]}`);
    await his.sql`commit`;
    expect(await differences(db.admin)).toEqual({});
    expect(await db.admin`select from private.deleted_posts where id = ${place}`).toHaveLength(0);
    expect(await alice.asks((sql) => sql`select id from thread(${root})`)).toEqual([{ id: root }]);
  });

  test.each(["hers first", "the reply first"])(
    "alice deletes a post while the last reply below it, below a deleted one, is deleted: %s",
    async (order) => {
      const { alice, bob, carol, root, place, replies } = await threadOf(order.replace(/\W/g, ""));
      await carol.asks((sql) => sql`delete from posts where id = ${replies[1]}`);
      await using stack = new AsyncDisposableStack();
      const [hers, his] = [await begin(alice, stack), await begin(bob, stack)];
      const ending = order === "hers first" ? [hers, his] : [his, hers];
      for (const { sql } of ending) {
        await sql`delete from posts where id = ${sql === hers.sql ? root : replies[0]}`;
      }
      for (const { sql } of ending) {
        await sql`commit`;
        await db.admin`select private.forget_places()`;
      }
      expect(await differences(db.admin)).toEqual({});
      expect(await db.admin`select from private.deleted_posts where id in (${root}, ${place})`).toHaveLength(
        0,
      );
    },
  );

  test("alice's account is deleted while she writes drafts: it waits, and there is no deadlock", async () => {
    const alice = await db.signUp("alice_7");
    await alice.asks((sql) => sql`insert into drafts (content) values ('one')`);
    await using stack = new AsyncDisposableStack();
    const [hers, auth] = [await begin(alice, stack), await begin("auth", stack)];
    await hers.sql`update drafts set content = 'two' where author_id = ${alice.id}`;
    const deleting = auth.sql`delete from auth.users where id = ${alice.id}`.then(() => auth.sql`commit`);
    await toTryAgain(auth);
    await hers.sql`insert into drafts (content) values ('three')`;
    await hers.sql`commit`;
    await deleting;
    expect(await db.admin`select from profiles where id = ${alice.id}`).toHaveLength(0);
    expect(await db.admin`select from drafts where author_id = ${alice.id}`).toHaveLength(0);
  });

  test("bob meets alice while her account is being deleted: she is not there, and he never waits", async () => {
    const [alice, bob] = [await db.signUp("alice_8"), await db.signUp("bob_8")];
    const [list] = await db.admin`
      insert into lists (owner_id, name) values (${bob.id}, 'people') returning id`;
    const writes: Record<string, (sql: postgres.TransactionSql) => Promise<unknown>> = {
      follow: (sql) => sql`insert into follows (followee_id) values (${alice.id})`,
      "follow()": (sql) => sql`select follow(${alice.id})`,
      ask: (sql) => sql`insert into follow_requests (target_id) values (${alice.id})`,
      block: (sql) => sql`insert into blocks (blocked_id) values (${alice.id})`,
      mute: (sql) => sql`insert into mutes (muted_id) values (${alice.id})`,
      list: (sql) => sql`insert into list_members (list_id, profile_id) values (${list?.id}, ${alice.id})`,
    };
    await bob.asks((sql) => sql`update profiles set is_private = true where id = ${bob.id}`);
    await alice.asks((sql) => sql`select follow(${bob.id})`);
    const accept = () => bob.asks((sql) => sql`select accept_follow_request(${alice.id}) as accepted`);
    await using stack = new AsyncDisposableStack();
    const auth = await begin("auth", stack);
    await auth.sql`delete from auth.users where id = ${alice.id}`;
    for (const [name, write] of Object.entries(writes)) {
      const refused = await bob.asks(write).catch((error) => error);
      expect(refused, name).toMatchObject({ code: "PT404", detail: "profile_not_found" });
    }
    expect(await accept()).toEqual([{ accepted: false }]);
    // Her name means nobody, as if she were deleted already.
    await bob.asks((sql) => sql`insert into posts (content) values ('hello @alice_8')`);
    expect(await db.admin`select from post_mentions where profile_id = ${alice.id}`).toHaveLength(0);
    await auth.sql`rollback`;
    // She is still there after all, so all of this is possible.
    await bob.asks((sql) => sql`insert into posts (content) values ('hello @alice_8')`);
    expect(await db.admin`select from post_mentions where profile_id = ${alice.id}`).toHaveLength(1);
    expect(await accept()).toEqual([{ accepted: true }]);
    await bob.asks(writes.mute as (typeof writes)[string]);
  });

  test("bob moves a post for alice to another tag, and her account is deleted meanwhile: nothing of hers stays", async () => {
    const [alice, bob, carol] = [
      await db.signUp("alice_14"),
      await db.signUp("bob_14"),
      await db.signUp("carol_14"),
    ];
    const [post] = await bob.asks(
      (sql) => sql`insert into posts (content, audience) values ('#one @alice_14', 'mentioned') returning id`,
    );
    const edit = sqlOf(`update posts set content = '#two @alice_14 @carol_14' where id = ${post?.id}`);
    const addressed = () =>
      db.admin`select place, profile_id from private.addressed_posts where post_id = ${post?.id} order by place, profile_id`;
    const before = await addressed();
    expect(before).toHaveLength(2);
    {
      await using stack = new AsyncDisposableStack();
      const auth = await begin("auth", stack);
      await auth.sql`delete from auth.users where id = ${alice.id}`;
      // Whether she stays is not decided yet.
      expect(await bob.asks(edit).catch((error) => error)).toMatchObject({
        code: "PT503",
        detail: "profile_busy",
      });
      await auth.sql`rollback`;
    }
    expect(await addressed()).toEqual(before);

    await using stack = new AsyncDisposableStack();
    const [his, auth] = [await begin(bob, stack), await begin("auth", stack)];
    await edit(his.sql);
    const deleting = auth.sql`delete from auth.users where id = ${alice.id}`.then(() => auth.sql`commit`);
    await toTryAgain(auth);
    await his.sql`commit`;
    await deleting;
    expect(await addressed()).toEqual([
      { place: `by:${bob.id}`, profile_id: carol.id },
      { place: "tag:two", profile_id: carol.id },
    ]);
    expect(await differences(db.admin)).toEqual({});
  });

  test("bob reposts his post for alice, and her account is deleted meanwhile: nothing of hers stays", async () => {
    const [alice, bob] = [await db.signUp("alice_16"), await db.signUp("bob_16")];
    const [post] = await bob.asks(
      (sql) => sql`insert into posts (content, audience) values ('@alice_16', 'mentioned') returning id`,
    );
    const repost = sqlOf(`insert into posts (repost_of_id) values (${post?.id})`);
    {
      await using stack = new AsyncDisposableStack();
      const auth = await begin("auth", stack);
      await auth.sql`delete from auth.users where id = ${alice.id}`;
      expect(await bob.asks(repost).catch((error) => error)).toMatchObject({ code: "PT503" });
      await auth.sql`rollback`;
    }
    await using stack = new AsyncDisposableStack();
    const [his, auth] = [await begin(bob, stack), await begin("auth", stack)];
    await repost(his.sql);
    const deleting = auth.sql`delete from auth.users where id = ${alice.id}`.then(() => auth.sql`commit`);
    await toTryAgain(auth);
    await his.sql`commit`;
    await deleting;
    expect(await differences(db.admin)).toEqual({});
  });

  test("mallory's account is deleted, and he still has a token: he is told so", async () => {
    const [alice, mallory] = [await db.signUp("alice_9"), await db.signUp("mallory_9")];
    await mallory.asks((sql) => sql`insert into posts (content) values ('before')`);
    await db.admin`delete from auth.users where id = ${mallory.id}`;
    for (const write of [
      (sql: postgres.TransactionSql) => sql`insert into posts (content) values ('after')`,
      (sql: postgres.TransactionSql) => sql`insert into follows (followee_id) values (${alice.id})`,
      (sql: postgres.TransactionSql) => sql`select follow(${alice.id})`,
      (sql: postgres.TransactionSql) => sql`insert into lists (name) values ('mine')`,
    ]) {
      const refused = await mallory.asks(write).catch((error) => error);
      expect(refused).toMatchObject({ code: "PT401", detail: "account_not_found" });
    }
  });

  test("alice becomes private, and has not committed: others like, answer, quote and unfollow without waiting", async () => {
    const [alice, bob] = [await db.signUp("alice_10"), await db.signUp("bob_10")];
    const [post] = await alice.asks((sql) => sql`insert into posts (content) values ('?') returning id`);
    await bob.asks((sql) => sql`select follow(${alice.id})`);
    await using stack = new AsyncDisposableStack();
    const hers = await begin(alice, stack);
    await hers.sql`update profiles set is_private = true where id = ${alice.id}`;
    await bob.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
    await bob.asks((sql) => sql`insert into bookmarks (post_id) values (${post?.id})`);
    await bob.asks((sql) => sql`insert into posts (content, reply_to_id) values ('!', ${post?.id})`);
    await bob.asks((sql) => sql`insert into posts (content, quote_of_id) values ('"?"', ${post?.id})`);
    await bob.asks((sql) => sql`delete from likes where post_id = ${post?.id}`);
    await bob.asks((sql) => sql`delete from follows where followee_id = ${alice.id}`);
    // Only a repost has to know whether the post stays open. It waits for about a second.
    const repost = (sql: postgres.TransactionSql) =>
      sql`insert into posts (repost_of_id) values (${post?.id})`;
    expect(await bob.asks(repost).catch((error) => error)).toMatchObject({
      code: "PT503",
      detail: "posts_busy",
    });
    await hers.sql`rollback`;
    await bob.asks(repost);
    expect(await differences(db.admin)).toEqual({});
  });

  test("alice becomes private while bob reposts her: his repost is limited with her post", async () => {
    const [alice, bob] = [await db.signUp("alice_11"), await db.signUp("bob_11")];
    const [post] = await alice.asks((sql) => sql`insert into posts (content) values ('?') returning id`);
    await using stack = new AsyncDisposableStack();
    const [hers, his] = [await begin(alice, stack), await begin(bob, stack)];
    await his.sql`insert into posts (repost_of_id) values (${post?.id})`;
    const closing = hers.sql`update profiles set is_private = true where id = ${alice.id}`.then(
      () => hers.sql`commit`,
    );
    await toTryAgain(hers);
    await his.sql`commit`;
    await closing;
    const reposts = await db.admin`select is_open from posts where repost_of_id = ${post?.id}`;
    expect(reposts).toEqual([{ is_open: false }]);
    expect(await differences(db.admin)).toEqual({});
  });

  test("two runs publish the drafts that are due: every draft becomes one post", async () => {
    const writers = await Promise.all(Array.from({ length: 5 }, (_, n) => db.signUp(`writer_${n}`)));
    for (const writer of writers) {
      await writer.asks(
        (sql) => sql`
          insert into drafts (content, publish_at)
          select 'due ' || n, now() - n * interval '1 second' from generate_series(1, 8) as n
        `,
      );
    }
    const runs = await Promise.all(
      Array.from({ length: 4 }, () => db.owner`select private.publish_due_drafts() as published`),
    );
    const published = runs.reduce((sum, [run]) => sum + run?.published, 0);
    const [posts] = await db.admin`select count(*), count(distinct content || author_id) as different
      from posts where content like 'due %'`;
    expect([published, posts]).toEqual([40, { count: 40, different: 40 }]);
    expect(await db.admin`select from drafts`).toHaveLength(0);
  });
});
