/**
 * Everybody does everything at once. There is no deadlock. A request fails only for a
 * reason that its sender could know. The counts equal a recount.
 */
import postgres from "postgres";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let deleting: postgres.Sql;
beforeAll(async () => {
  db = await createDatabase();
  deleting = postgres(databaseUrl(db.port, db.name, "supabase_auth_admin"), { max: 4, onnotice() {} });
});
afterAll(async () => {
  await deleting?.end();
  await db?.[Symbol.asyncDispose]();
});

/** Makes numbers from a seed, so that you can repeat a failing run. The order of the requests may differ. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return (state >>> 8) % sides;
  };
}

/** The refusals that a request at a bad moment may get. */
const expected = new Set(["PT400", "PT403", "PT404", "PT409", "23503", "23505", "42501"]);

test("a small town does everything at once, and people leave", async () => {
  const people = await Promise.all(Array.from({ length: 10 }, (_, n) => db.signUp(`town_${n}`)));
  const leaving = people.slice(0, 2);
  const tally: Record<string, number> = {};

  const act = async (roll: (sides: number) => number) => {
    const who = people[roll(people.length)] as Person;
    const whom = Array.from({ length: 1 + roll(3) }, () => people[roll(people.length)] as Person);
    const ids = whom.map(({ id }) => id);
    const [one] = ids as [string];
    // Everybody works on the newest posts.
    const some = await db.admin`select id, author_id from posts order by id desc limit 12`;
    const posts = some.map((row) => row.id as number);
    const target = posts[roll(Math.max(1, posts.length))] ?? null;
    const few = [...new Set(posts.filter(() => roll(3) === 0))];
    const actions: ((sql: postgres.TransactionSql) => Promise<unknown>)[] = [
      (sql) => sql`select follow(${one})`,
      (sql) => sql`
        insert into follows (followee_id) select unnest(${ids}::uuid[]) on conflict do nothing`,
      (sql) => sql`delete from follows where follower_id = ${who.id} and followee_id = any (${ids}::uuid[])`,
      (sql) => sql`insert into blocks (blocked_id) select unnest(${ids}::uuid[]) on conflict do nothing`,
      (sql) => sql`delete from blocks where blocker_id = ${who.id}`,
      (sql) => sql`select accept_follow_request(${one})`,
      (sql) => sql`select remove_follower(${one})`,
      (sql) => sql`update profiles set is_private = not is_private where id = ${who.id}`,
      (sql) => sql`insert into posts (content, reply_to_id) values (${`#town ${target}`}, ${target})`,
      (sql) => sql`
        insert into posts (content, audience) values ('a', 'followers'), ('b', 'everyone'), ('c', 'mentioned')`,
      (sql) =>
        sql`insert into posts (content, quote_of_id, reply_to_id) values ('q', ${target}, ${few[0] ?? null})`,
      (sql) => sql`insert into posts (repost_of_id) values (${target})`,
      (sql) => sql`insert into likes (post_id) select unnest(${few}::bigint[]) on conflict do nothing`,
      (sql) =>
        sql`insert into likes (post_id) select unnest(${few.toReversed()}::bigint[]) on conflict do nothing`,
      (sql) => sql`delete from likes where user_id = ${who.id} and post_id = any (${few}::bigint[])`,
      (sql) => sql`insert into bookmarks (post_id) values (${target})`,
      (sql) => sql`delete from posts where author_id = ${who.id} and id = any (${few}::bigint[])`,
      (sql) => sql`update posts set content = 'edited #town' where author_id = ${who.id} and id = ${target}`,
      (sql) => sql`select count(*) from home_feed()`,
    ];
    const index = roll(actions.length);
    try {
      await who.asks(actions[index] as (sql: postgres.TransactionSql) => Promise<unknown>);
      tally[index] = (tally[index] ?? 0) + 1;
    } catch (error) {
      const { code, detail, where } = error as postgres.PostgresError;
      expect(expected, `${actions[index]}: ${error}\n${detail}\n${where}`).toContain(code);
    }
  };

  const worker = async (seed: number, times = 120) => {
    const roll = dice(seed);
    for (let n = 0; n < times; n++) await act(roll);
  };
  await Promise.all([
    ...Array.from({ length: 12 }, (_, n) => worker(n + 1)),
    // Twice while the others work.
    ...leaving.map(async ({ id }, n) => {
      await worker(99 + n, 40 * (n + 1));
      await deleting`delete from auth.users where id = ${id}`;
    }),
  ]);
  expect(await differences(db.admin)).toEqual({});
  // Every action has succeeded at least once.
  expect(Object.keys(tally)).toHaveLength(19);
}, 180_000);

describe("two at once", () => {
  interface Request {
    sql: postgres.ReservedSql;
    pid: number;
  }

  /** A person's request. It stays open until it commits. */
  async function begin(who: Person, stack: AsyncDisposableStack): Promise<Request> {
    const sql = await db.admin.reserve();
    stack.defer(() => sql.release());
    await sql`begin`;
    const [{ pid }] = (await sql`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
    await sql`select set_config('role', 'authenticated', true),
      set_config('request.jwt.claims', ${JSON.stringify({ sub: who.id, role: "authenticated" })}, true)`;
    return { sql, pid };
  }

  const toWait = ({ pid }: Request) =>
    vi.waitFor(async () => {
      const found = await db.as("service_role")(
        (sql) => sql`select from pg_locks where pid = ${pid} and not granted`,
      );
      expect(found).not.toHaveLength(0);
    });

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

  test("carol asks alice while alice becomes public: she follows, and sends no request", async () => {
    const [alice, carol] = [await db.signUp("alice_3"), await db.signUp("carol_3")];
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    await using stack = new AsyncDisposableStack();
    const [hers, carols] = [await begin(alice, stack), await begin(carol, stack)];
    await hers.sql`update profiles set is_private = false where id = ${alice.id}`;
    const asking = carols.sql`select follow(${alice.id})`;
    // A query is sent when it is awaited.
    const asked = asking.then((rows) => rows);
    await toWait(carols);
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
