/** Follows: one for each pair of people. The counts equal a recount, even when many things happen at once. */
import { randomInt } from "node:crypto";
import postgres from "postgres";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { databaseUrl } from "../../sql/tools/server.ts";
import { createDatabase, type Database, openTransaction, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
/** Auth, with a connection for each person who deletes their account at the same moment. */
let deleting: postgres.Sql;
beforeAll(async () => {
  db = await createDatabase();
  deleting = postgres(databaseUrl(db.port, db.name, "supabase_auth_admin"), { max: 6 });
  alice = await db.signUp("alice");
  bob = await db.signUp("bob");
});
afterAll(async () => {
  await deleting?.end();
  await db?.[Symbol.asyncDispose]();
});

const follow = (who: Person, ...followees: Person[]) =>
  who.asks(
    (sql) => sql`
      insert into follows ${sql(followees.map(({ id }) => ({ followee_id: id })))}
      on conflict (follower_id, followee_id) do nothing
    `,
  );
const unfollow = (who: Person, ...followees: Person[]) =>
  who.asks((sql) => sql`delete from follows where followee_id in ${sql(followees.map(({ id }) => id))}`);
const counts = async (person: Person) =>
  (await db.admin`select followers, following from follow_counts where profile_id = ${person.id}`)[0];

/** The rows of follow_counts that differ from a recount, and the people who have no row. */
const wrong = () => db.admin`
  select username, counted
  from profiles
  left join private.follow_counts as counted on profile_id = profiles.id
  where (followers, following) is distinct from (
    (select count(*) from follows where followee_id = profiles.id),
    (select count(*) from follows where follower_id = profiles.id)
  )
`;

test("bob follows alice, and unfollows her", async () => {
  await follow(bob, alice);
  expect(await counts(alice)).toEqual({ followers: 1, following: 0 });
  expect(await counts(bob)).toEqual({ followers: 0, following: 1 });
  await unfollow(bob, alice);
  expect(await counts(alice)).toEqual({ followers: 0, following: 0 });
  expect(await counts(bob)).toEqual({ followers: 0, following: 0 });
});

test("following or unfollowing again changes nothing", async () => {
  await follow(bob, alice);
  await follow(bob, alice);
  expect(await counts(alice)).toEqual({ followers: 1, following: 0 });
  await unfollow(bob, alice);
  await unfollow(bob, alice);
  expect(await counts(alice)).toEqual({ followers: 0, following: 0 });
});

test("a plain insert of a follow that exists is a conflict", async () => {
  await follow(bob, alice);
  const again = bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  expect(await refusal(again)).toMatchObject({ code: "23505", constraint_name: "follows_pkey" });
  expect(await counts(alice)).toEqual({ followers: 1, following: 0 });
  await unfollow(bob, alice);
});

test("bob cannot follow himself, and cannot make alice follow him", async () => {
  expect(await refusal(follow(bob, bob))).toMatchObject({ code: "PT400", detail: "follow_yourself" });
  const forged = bob.asks(
    (sql) => sql`insert into follows (follower_id, followee_id) values (${alice.id}, ${bob.id})`,
  );
  expect(await refusal(forged)).toMatchObject({ code: "42501" });
  expect(await wrong()).toEqual([]);
});

test("bob cannot follow somebody who is not there", async () => {
  const nobody = { ...alice, id: "99999999-9999-4999-8999-999999999999" };
  expect(await refusal(follow(bob, nobody))).toMatchObject({ code: "PT404", detail: "profile_not_found" });
});

test("a request that follows many people counts all of them", async () => {
  const people = await Promise.all(Array.from({ length: 10 }, (_, n) => db.signUp(`many_${n}`)));
  await follow(bob, alice, ...people);
  expect(await counts(bob)).toEqual({ followers: 0, following: 11 });
  await unfollow(bob, ...people.slice(0, 4));
  expect(await counts(bob)).toEqual({ followers: 0, following: 7 });
  expect(await wrong()).toEqual([]);
  await unfollow(bob, alice, ...people);
});

test("a new follower does not wait for an owner who edits the profile", async () => {
  const editing = await db.admin.reserve();
  try {
    await editing`begin`;
    await editing`update profiles set bio = 'writing…' where id = ${alice.id}`;
    await follow(bob, alice);
    expect(await counts(alice)).toEqual({ followers: 1, following: 0 });
  } finally {
    await editing`rollback`;
    editing.release();
  }
  await unfollow(bob, alice);
});

test("two requests by bob with the same people in another order both succeed", async () => {
  const [x, y] = [await db.signUp("first"), await db.signUp("second")];
  await using stack = new AsyncDisposableStack();
  const begin = async () => {
    const sql = await openTransaction(db.admin, stack);
    await sql`select set_config('role', 'authenticated', true),
      set_config('request.jwt.claims', ${JSON.stringify({ sub: bob.id })}, true)`;
    return sql;
  };
  const insert = (sql: postgres.ReservedSql, followees: Person) =>
    sql`insert into follows (followee_id) values (${followees.id}) on conflict do nothing`;

  const one = await begin();
  const two = await begin();
  const [{ pid }] = (await two`select pg_backend_pid() as pid`) as unknown as [{ pid: number }];
  await insert(one, x);
  let inserted = false;
  const other = insert(two, y).then(async () => {
    inserted = true;
    await insert(two, x);
    await two`commit`;
  });
  // The second request has its row, or waits for its turn. Now the first one asks for the same row.
  await vi.waitFor(async () => {
    const [waits] = await db.as("service_role")(
      (sql) => sql`select from pg_locks where pid = ${pid} and not granted`,
    );
    expect(inserted || waits !== undefined).toBe(true);
  });
  await insert(one, y);
  await one`commit`;
  await other;
  expect(await counts(bob)).toEqual({ followers: 0, following: 2 });
  await unfollow(bob, x, y);
});

test("people who all follow each other leave at the same moment", async () => {
  for (let round = 0; round < 5; round++) {
    const people = await Promise.all(Array.from({ length: 8 }, (_, n) => db.signUp(`leaver_${round}_${n}`)));
    await Promise.all(
      people.map((who) => follow(who, alice, ...people.filter((person) => person.id !== who.id))),
    );
    const leaving = people.slice(0, 6);
    await Promise.all(leaving.map(({ id }) => deleting`delete from auth.users where id = ${id}`));
    expect(await wrong()).toEqual([]);
  }
  expect(await counts(alice)).toEqual({ followers: 10, following: 0 });
});

test("the counts survive everybody following everybody at once, and people leaving", async () => {
  const crowd = await Promise.all(Array.from({ length: 12 }, (_, n) => db.signUp(`crowd_${n}`)));
  const someone = () => crowd[randomInt(crowd.length)] as Person;
  const some = (not: Person) =>
    Array.from({ length: 1 + randomInt(5) }, someone).filter((person) => person.id !== not.id);

  const request = async (): Promise<void> => {
    const who = someone();
    const followees = some(who);
    if (followees.length === 0) return;
    await (randomInt(3) === 0 ? unfollow(who, ...followees) : follow(who, ...followees));
  };
  const leave = async (person: Person): Promise<void> => {
    await deleting`delete from auth.users where id = ${person.id}`;
  };

  // All connections are in use. Four people delete their accounts in the middle of it.
  const worker = async () => {
    for (let n = 0; n < 40; n++) await request().catch(expectGone);
  };
  // Some requests are refused: people cannot follow a deleted account, or act after their own was deleted.
  const expectGone = (error: { code?: string }) => expect(["PT401", "PT404"]).toContain(error.code);
  const leaving = crowd.slice(0, 4);
  await Promise.all([
    ...Array.from({ length: 14 }, worker),
    (async () => {
      for (let n = 0; n < 30; n++) await request().catch(expectGone);
      await Promise.all(leaving.map(leave));
    })(),
  ]);

  expect(await wrong()).toEqual([]);
  const [left] = await db.admin`select count(*) from profiles where username like 'crowd_%'`;
  expect(left?.count).toBe(crowd.length - leaving.length);
  const [rest] = await db.admin`select count(*) from follows`;
  expect(rest?.count).toBeGreaterThan(0);
}, 120_000);
