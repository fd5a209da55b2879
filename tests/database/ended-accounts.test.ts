/** An account is deleted while others write. Nobody waits in a circle, and nobody waits for long. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { group, one, say } from "./chat.ts";
import { createDatabase, type Database, openTransaction, type Person } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const signUp = (...names: string[]) => Promise.all(names.map((name) => db.signUp(name)));

const ends = async (who: Person) => {
  await db.admin`delete from auth.users where id = ${who.id}`;
};

const isThere = async (who: Person) => (await db.admin`select from profiles where id = ${who.id}`).length > 0;

/** Until this number of requests waits for a lock, or sleeps before it tries again. */
const toWait = (requests: number) =>
  expect
    .poll(async () => {
      const [found] = await db.admin`
        select count(*) from pg_stat_activity
        where (wait_event_type = 'Lock' or wait_event = 'PgSleep') and datname = current_database()`;
      return found?.count;
    })
    .toBe(requests);

/**
 * Deletes the account while somebody holds one of its conversations, and does the work meanwhile. The deletion
 * waits for the conversation. The work waits for the deletion. Then the conversation is free.
 */
async function meanwhile(leaving: Person, work: () => Promise<unknown>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const host = await db.signUp(`${leaving.username}_host`);
  const last = await group(host, "Last", [leaving]);
  const holder = await openTransaction(db.admin, stack);
  await holder`select from private.conversations where id = ${last} for no key update`;
  const both = Promise.all([
    ends(leaving),
    (async () => {
      await toWait(1);
      await work();
    })(),
    (async () => {
      await toWait(2);
      await holder`commit`;
    })(),
  ]);
  await both;
  expect(await isThere(leaving)).toBe(false);
  expect(await differences(db.admin)).toEqual({});
}

test("alice, who blocks bob, ends her account while carol adds bob to their group", async () => {
  const [alice, bob, carol] = (await signUp("alice_1", "bob_1", "carol_1")) as [Person, Person, Person];
  const room = await group(carol, "Room", [alice]);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  await meanwhile(alice, () => one(carol, "add_members($1, $2)", room, [bob.id]));
  const members = await db.admin`
    select user_id from private.conversation_members where conversation_id = ${room} and not is_apart`;
  expect(members.map((member) => member.user_id).sort()).toEqual([bob.id, carol.id].sort());
});

test("alice, who blocks bob, ends her account while bob blocks carol", async () => {
  const [alice, bob, carol] = (await signUp("alice_2", "bob_2", "carol_2")) as [Person, Person, Person];
  const room = await group(carol, "Room", [alice, bob]);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  await meanwhile(alice, () => bob.asks((sql) => sql`insert into blocks (blocked_id) values (${carol.id})`));
  const members = await db.admin`
    select user_id, is_apart from private.conversation_members where conversation_id = ${room}`;
  expect(Object.fromEntries(members.map((member) => [member.user_id, member.is_apart]))).toEqual({
    [bob.id]: true,
    [carol.id]: false,
  });
});

test("alice ends her account while carol becomes public, and she and bob asked to follow carol", async () => {
  const [alice, bob, carol] = (await signUp("alice_4", "bob_4", "carol_4")) as [Person, Person, Person];
  const makes = (isPrivate: boolean) =>
    carol.asks((sql) => sql`update profiles set is_private = ${isPrivate} where id = ${carol.id}`);
  await makes(true);
  for (const who of [alice, bob]) await who.asks((sql) => sql`select follow(${carol.id})`);
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  await meanwhile(alice, () => makes(false));
  expect(await db.admin`select follower_id from follows where followee_id = ${carol.id}`).toEqual([
    { follower_id: bob.id },
  ]);
  expect(await db.admin`select from follow_requests where target_id = ${carol.id}`).toHaveLength(0);
});

test("alice ends her account while bob deletes a reply that is among her bookmarks", async () => {
  const [alice, bob, carol] = (await signUp("alice_5", "bob_5", "carol_5")) as [Person, Person, Person];
  const [post] = await carol.asks((sql) => sql`insert into posts (content) values ('hers') returning id`);
  const [reply] = await bob.asks(
    (sql) => sql`insert into posts (content, reply_to_id) values ('his', ${post?.id}) returning id`,
  );
  await alice.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
  await alice.asks((sql) => sql`insert into bookmarks (post_id) values (${reply?.id})`);
  await meanwhile(alice, () => bob.asks((sql) => sql`delete from posts where id = ${reply?.id}`));
  const [counts] = await carol.asks(
    (sql) => sql`select likes, replies from post_counts where post_id = ${post?.id}`,
  );
  expect(counts).toEqual({ likes: 0, replies: 0 });
});

test("an account ends that many people block, and takes no lock for each of them", async () => {
  const alice = await db.signUp("alice_3");
  await using stack = new AsyncDisposableStack();
  const auth = await openTransaction(db.admin, stack);
  // Without their accounts, which nothing here needs.
  await auth`set local session_replication_role = replica`;
  await auth`
    insert into blocks (blocker_id, blocked_id)
    select gen_random_uuid(), ${alice.id} from generate_series(1, 200)`;
  await auth`set local session_replication_role = origin`;
  await auth`delete from auth.users where id = ${alice.id}`;
  expect(await auth`select from blocks where blocked_id = ${alice.id}`).toHaveLength(0);
  const [locks] = await auth`
    select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()`;
  expect(locks?.count).toBeLessThan(100);
});

test.each(["post_mentions", "list_members", "follow_requests", "mutes"])(
  "bob writes to alice's group and likes what she liked, while her %s are deleted",
  async (table) => {
    const [alice, bob] = (await signUp(`alice_${table}`, `bob_${table}`)) as [Person, Person];
    const room = await group(bob, "Room", [alice]);
    const [post] = await bob.asks(
      (sql) => sql`insert into posts (content) values (${`@${alice.username}`}) returning id`,
    );
    await alice.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
    await bob.asks((sql) => sql`insert into mutes (muted_id) values (${alice.id})`);
    await bob.asks(async (sql) => {
      const [list] = await sql`insert into lists (name) values ('people') returning id`;
      await sql`insert into list_members (list_id, profile_id) values (${list?.id}, ${alice.id})`;
    });
    await alice.asks((sql) => sql`update profiles set is_private = true where id = ${alice.id}`);
    await bob.asks((sql) => sql`select follow(${alice.id})`);

    await using stack = new AsyncDisposableStack();
    await db.admin.unsafe(`
      create or replace function private.stand_still() returns trigger language plpgsql as
        'begin perform pg_advisory_xact_lock(1); return old; end';
      create trigger stand_still before delete on ${table} for each row execute function private.stand_still()`);
    stack.defer(() => db.admin.unsafe(`drop trigger stand_still on ${table}`).then());
    const holder = await openTransaction(db.admin, stack);
    await holder`select pg_advisory_xact_lock(1)`;
    const ending = ends(alice);
    await toWait(1);
    const writing = Promise.all([
      say(bob, room, "hello"),
      bob.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`),
    ]).finally(() => holder`commit`);
    await Promise.all([writing, ending]);
    expect(await isThere(alice)).toBe(false);
    expect(await differences(db.admin)).toEqual({});
  },
);
