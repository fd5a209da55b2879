/** Scheduled posts: every author is served, and one author's drafts do not delay another's. */
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { createDatabase, type Database, openTransaction, type Person } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
let alice: Person;
let bob: Person;
let names = 0;
beforeAll(async () => {
  db = await createDatabase();
});
beforeEach(async () => {
  names++;
  [alice, bob] = [await db.signUp(`alice_${names}`), await db.signUp(`bob_${names}`)];
});
afterAll(async () => {
  expect(await differences(db.admin)).toEqual({});
  await db?.[Symbol.asyncDispose]();
});

/** Makes drafts that are due one second after the other. The last one is due now. */
const schedule = (who: Person, content: string, count = 1) =>
  who.asks(
    (sql) => sql`
      insert into drafts (content, publish_at)
      select ${content}::text || n, now() - (${count}::int - n) * interval '1 second'
      from generate_series(1, ${count}::int) as n`,
  );
/** What pg_cron runs: how many were published. */
const run = async () => (await db.owner`select private.publish_due_drafts() as published`)[0]?.published;
const posts = async (who: Person) =>
  (await db.admin`select content from posts where author_id = ${who.id} order by id`).map(
    ({ content }) => content,
  );
const drafts = async (who: Person) => [
  ...(await db.admin`select content, failure from drafts where author_id = ${who.id} order by content`),
];

test("alice's 100 drafts do not delay bob's draft, even with times long ago", async () => {
  await alice.asks(
    (sql) => sql`
      insert into drafts (content, publish_at)
      select 'long ago ' || n, '2001-01-01'::timestamptz + n * interval '1 second' from generate_series(1, 100) as n`,
  );
  await schedule(bob, "bob's ");
  expect(await run()).toBe(51);
  expect(await posts(bob)).toEqual(["bob's 1"]);
  expect(await posts(alice)).toEqual(Array.from({ length: 50 }, (_, n) => `long ago ${n + 1}`));
  expect(await run()).toBe(50);
  expect(await run()).toBe(0);
});

test("100 others have 100 drafts each, and the second run at the latest publishes bob's draft", async () => {
  await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', 'crowd_' || n)
    from generate_series(1, 100) as n`;
  await db.as("service_role")(
    (sql) => sql`
      insert into drafts (author_id, content, publish_at)
      select id, 'x', '2001-01-01' from profiles cross join generate_series(1, 100) where username like 'crowd\\_%'`,
  );
  await schedule(bob, "bob's ");
  expect(await run()).toBe(100);
  const [served] = await db.admin`
    select count(distinct author_id) from posts join profiles on profiles.id = author_id
    where username like 'crowd\\_%'`;
  expect(served?.count).toBe(100);
  expect(await run()).toBe(100);
  expect(await posts(bob)).toEqual(["bob's 1"]);
  await db.admin`delete from drafts`;
  await run();
  expect(await db.admin`select from private.draft_queue`).toHaveLength(0);
});

test("alice is writing at this moment: nobody waits for her, and the next run serves her", async () => {
  await schedule(alice, "alice's ");
  await schedule(bob, "bob's ");
  await using stack = new AsyncDisposableStack();
  const writing = await openTransaction(db.admin, stack);
  await writing`select set_config('role', 'authenticated', true),
    set_config('request.jwt.claims', ${JSON.stringify({ sub: alice.id, role: "authenticated" })}, true)`;
  await writing`insert into posts (content) values ('by hand')`;
  expect(await run()).toBe(1);
  expect([await posts(alice), await posts(bob)]).toEqual([[], ["bob's 1"]]);
  await writing`commit`;
  expect(await run()).toBe(1);
  expect(await posts(alice)).toEqual(["by hand", "alice's 1"]);
});

test("a time in the past means now, and a run waits for a draft that was delayed", async () => {
  await schedule(alice, "now ");
  const [later] = await alice.asks(
    (sql) => sql`insert into drafts (content, publish_at) values ('later', now()) returning id`,
  );
  await alice.asks(
    (sql) => sql`update drafts set publish_at = now() + interval '1 hour' where id = ${later?.id}`,
  );
  expect(await run()).toBe(1);
  expect(await posts(alice)).toEqual(["now 1"]);
  const [waiting] =
    await db.admin`select due_at > now() + interval '59 minutes' as waits from private.draft_queue`;
  expect(waiting?.waits).toBe(true);
  await alice.asks((sql) => sql`update drafts set publish_at = now() where id = ${later?.id}`);
  expect(await run()).toBe(1);
});

test.each([
  ["banned", "banned_until = now() + interval '1 hour'"],
  ["deleted", "deleted_at = now()"],
  ["not confirmed", "email_confirmed_at = null"],
])("a draft of an account that is %s stays and says why", async (_, state) => {
  await schedule(alice, "alice's ");
  await schedule(bob, "bob's ");
  await db.admin.unsafe(`update auth.users set ${state} where id = '${alice.id}'`);
  expect(await run()).toBe(1);
  expect([await posts(alice), await posts(bob)]).toEqual([[], ["bob's 1"]]);
  expect(await drafts(alice)).toEqual([{ content: "alice's 1", failure: "account_inactive" }]);

  await db.admin`
    update auth.users set banned_until = now() - interval '1 second', deleted_at = null, email_confirmed_at = now()
    where id = ${alice.id}`;
  expect(await run()).toBe(0);
  await alice.asks((sql) => sql`update drafts set publish_at = now()`);
  expect(await run()).toBe(1);
  expect(await posts(alice)).toEqual(["alice's 1"]);
});

test("a draft spends its author's budget, and waits if nothing is left", async () => {
  await db.as("service_role")((sql) => sql`select set_limits(${alice.id}, 2, 9, 9, 'post')`);
  await schedule(alice, "alice's ", 5);
  await schedule(bob, "bob's ");
  expect(await run()).toBe(3);
  expect(await posts(alice)).toEqual(["alice's 1", "alice's 2"]);
  expect(await drafts(alice)).toMatchObject(Array(3).fill({ failure: null }));
  const [queued] = await db.admin`
    select due_at > now() + interval '50 seconds' as waits, due_at < now() + interval '70 seconds' as soon
    from private.draft_queue where author_id = ${alice.id}`;
  expect(queued).toEqual({ waits: true, soon: true });
  expect(await run()).toBe(0);

  // A minute later.
  await db.admin`update private.usage set minute_until = now()`;
  await db.admin`update private.draft_queue set due_at = now()`;
  expect(await run()).toBe(2);
  const [left] = await alice.asks((sql) => sql`select "left" from limits() where action = 'post'`);
  expect(left?.left).toBe(0);
});

test("a draft that fails for a passing reason delays its author for a minute, and nobody else", async () => {
  await db.admin.unsafe(`
    create function public.trouble() returns trigger language plpgsql as
      $$ begin raise sqlstate '55P03' using message = 'trouble of the moment'; end; $$;
    create trigger trouble before insert on posts for each row when (new.content = 'trouble') execute function trouble()`);
  await alice.asks((sql) => sql`insert into drafts (content, publish_at) values ('trouble', now())`);
  await schedule(bob, "bob's ");
  expect(await run()).toBe(1);
  expect(await drafts(alice)).toEqual([{ content: "trouble", failure: null }]);
  expect(await run()).toBe(0);
  await db.admin`drop trigger trouble on posts`;
  await db.admin`update private.draft_queue set due_at = now()`;
  expect(await run()).toBe(1);
  expect(await posts(alice)).toEqual(["trouble"]);
});

test("drafts of private authors are published while carol, who answered the same posts, becomes public", async () => {
  const carol = await db.signUp(`carol_${names}`);
  for (const { id, asks } of [alice, bob, carol]) {
    await asks((sql) => sql`update profiles set is_private = true where id = ${id}`);
  }
  const dave = await db.signUp(`dave_${names}`);
  const [first, second] = await dave.asks(
    (sql) => sql`insert into posts (content) values ('first'), ('second') returning id`,
  );
  for (const post of [first, second]) {
    await carol.asks((sql) => sql`insert into posts (content, reply_to_id) values ('me', ${post?.id})`);
  }
  // The job publishes alice's draft, which answers the second post, before bob's.
  await alice.asks(
    (sql) =>
      sql`insert into drafts (content, reply_to_id, publish_at) values ('soon', ${second?.id}, now() - interval '1 hour')`,
  );
  await bob.asks(
    (sql) => sql`insert into drafts (content, reply_to_id, publish_at) values ('now', ${first?.id}, now())`,
  );

  const waiting = (what: string) =>
    vi.waitFor(async () => {
      const found = await db.admin`
        select from pg_stat_activity
        where datname = current_database() and wait_event_type = 'Lock' and query like ${`%${what}%`}`;
      expect(found).toHaveLength(1);
    }, 5_000);
  const holder = await db.admin.reserve();
  await holder`begin`;
  await holder`select pg_advisory_xact_lock(private.queue_key('posts', ${bob.id}))`;
  const job = run();
  await waiting("publish_due_drafts");
  const becomesPublic = carol.asks(
    (sql) => sql`update profiles set is_private = false where id = ${carol.id}`,
  );
  await waiting("set is_private = false");
  await holder`commit`;
  holder.release();
  await becomesPublic;
  expect(await job).toBe(2);
  expect([await drafts(alice), await drafts(bob)]).toEqual([[], []]);
});
