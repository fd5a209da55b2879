/** People delete their own account, soon after they signed in. */
import { randomUUID } from "node:crypto";
import type postgres from "postgres";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** A session that began a while ago. @returns its id */
async function session(who: Person, age: string, aal = "aal1"): Promise<string> {
  const id = randomUUID();
  await db.admin`
    insert into auth.sessions (id, user_id, created_at, updated_at, aal)
    values (${id}, ${who.id}, now() - ${age}::interval, now(), ${aal}::auth.aal_level)
  `;
  return id;
}

/** Asks as PostgREST does for a token of this session. */
const deletes = (who: Person, sessionId?: string) =>
  who.asks(async (sql) => {
    const claims = { sub: who.id, role: "authenticated", session_id: sessionId };
    await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true)`;
    return sql`select delete_account()`;
  });

const isThere = async (table: string, column: string, id: string) =>
  (await db.admin.unsafe(`select from ${table} where ${column} = '${id}'`)).length > 0;

const isRefused = async (who: Person, sessionId?: string) => {
  const refused: postgres.PostgresError = await refusal(deletes(who, sessionId));
  expect([refused.code, refused.detail]).toEqual(["PT403", "fresh_sign_in_needed"]);
  expect(await isThere("profiles", "id", who.id)).toBe(true);
};

test("alice deletes her account: everything she made is gone, and her sessions end", async () => {
  const [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  await alice.asks((sql) => sql`insert into posts (content) values ('mine')`);
  const [post] = await bob.asks((sql) => sql`insert into posts (content) values ('his') returning id`);
  await alice.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
  await alice.asks((sql) => sql`select follow(${bob.id})`);
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  // More rows than a person may delete in one request.
  await db.admin`
    insert into posts (author_id, content) select ${alice.id}, n::text from generate_series(1, 150) as n`;
  const fresh = await session(alice, "9 minutes");
  await session(alice, "9 days");

  const before = { posts: true, likes: true, follows: true, sessions: true, users: true };
  const found = async () => ({
    posts: await isThere("posts", "author_id", alice.id),
    likes: await isThere("likes", "user_id", alice.id),
    follows: await isThere("follows", "followee_id", alice.id),
    sessions: await isThere("auth.sessions", "user_id", alice.id),
    users: await isThere("auth.users", "id", alice.id),
  });
  expect(await found()).toEqual(before);
  await deletes(alice, fresh);
  expect(await found()).toEqual(Object.fromEntries(Object.keys(before).map((table) => [table, false])));
  const [counts] = await bob.asks((sql) => sql`select followers, following, likes from me(), post_counts`);
  expect(counts).toEqual({ followers: 0, following: 0, likes: 0 });
  const [held] = await db.admin`select profile_id from private.held_usernames where username = 'alice'`;
  expect(held).toEqual({ profile_id: null });
});

test("a session that began more than 10 minutes ago, that ended, or of somebody else is refused", async () => {
  const [carol, mallory] = [await db.signUp("carol"), await db.signUp("mallory")];
  await isRefused(carol, await session(carol, "11 minutes"));
  await isRefused(carol, await session(mallory, "1 minute"));
  await isRefused(carol, randomUUID());
  await isRefused(carol);
  await deletes(carol, await session(carol, "1 minute"));
  expect(await isThere("profiles", "id", carol.id)).toBe(false);
  expect(await isThere("profiles", "id", mallory.id)).toBe(true);
});

test("an account with a second factor is deleted by a session that used it", async () => {
  const dave = await db.signUp("dave");
  await db.admin`
    insert into auth.mfa_factors (id, user_id, factor_type, status, created_at, updated_at)
    values (gen_random_uuid(), ${dave.id}, 'totp', 'verified', now(), now())
  `;
  await isRefused(dave, await session(dave, "1 minute", "aal1"));
  await deletes(dave, await session(dave, "1 minute", "aal2"));
  expect(await isThere("profiles", "id", dave.id)).toBe(false);
});

test("an account is deleted while its owner posts and likes, others block it, and a backend writes, without a deadlock", async () => {
  for (let n = 0; n < 8; n++) {
    const [leaving, other] = [await db.signUp(`leaving_${n}`), await db.signUp(`other_${n}`)];
    const [post] = await other.asks((sql) => sql`insert into posts (content) values ('his') returning id`);
    await leaving.asks((sql) => sql`insert into posts (content) select 'x' from generate_series(1, 20)`);
    const fresh = await session(leaving, "1 minute");
    const outcomes = await Promise.allSettled([
      leaving.asks((sql) => sql`select write_post('x', reply_to_id => ${post?.id})`),
      leaving.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`),
      leaving.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`),
      other.asks((sql) => sql`insert into blocks (blocked_id) values (${leaving.id})`),
      db.as("service_role")(
        (sql) => sql`update profiles set bio = 'x' where id in (${leaving.id}, ${other.id})`,
      ),
      deletes(leaving, fresh),
    ]);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(["PT401", "PT404"]).toContain(outcome.reason.code);
    }
    expect(outcomes.at(-1)?.status).toBe("fulfilled");
  }
  expect(await differences(db.admin)).toEqual({});
});
