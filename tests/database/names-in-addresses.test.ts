/** A username leads to the page and the feeds of its owner, also a former one while it is held. */
import { expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

const pages = ["profile_feed", "profile_replies", "profile_likes", "followers", "following"];

/** What the pages under a name show. */
async function under(db: Database, name: string, who = db.as("anon")) {
  const [page] = await who((sql) => sql`select id, username from profile(${name})`);
  const rows: Record<string, number> = {};
  for (const call of pages) {
    rows[call] = (await who((sql) => sql`select from ${sql(call)}(username => ${name})`)).length;
  }
  return { page, rows };
}

const one = { profile_feed: 1, profile_replies: 1, profile_likes: 1, followers: 1, following: 1 };
const none = { profile_feed: 0, profile_replies: 0, profile_likes: 0, followers: 0, following: 0 };

async function town(db: Database): Promise<[Person, Person]> {
  const [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  await alice.asks((sql) => sql`update profiles set shows_likes = true where id = ${alice.id}`);
  const [post] = await alice.asks((sql) => sql`insert into posts (content) values ('one') returning id`);
  await alice.asks((sql) => sql`insert into posts (content, reply_to_id) values ('two', ${post?.id})`);
  await alice.asks((sql) => sql`insert into likes (post_id) values (${post?.id})`);
  await alice.asks((sql) => sql`select follow(${bob.id})`);
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  return [alice, bob];
}

test("alice's former name leads to her while it is held for her, and then to nobody", async () => {
  await using db = await createDatabase();
  const [alice] = await town(db);
  expect(await under(db, "ALICE")).toEqual({ page: { id: alice.id, username: "alice" }, rows: one });

  await alice.asks((sql) => sql`update profiles set username = 'alice_2' where id = ${alice.id}`);
  for (const name of ["alice_2", "Alice"]) {
    expect(await under(db, name)).toEqual({ page: { id: alice.id, username: "alice_2" }, rows: one });
  }
  await db.admin`update private.held_usernames set held_until = now()`;
  expect(await under(db, "alice")).toEqual({ page: undefined, rows: none });
});

test("the name of a deleted account leads to nobody, and so do alice's names for people she blocks", async () => {
  await using db = await createDatabase();
  const [alice, bob] = await town(db);
  await alice.asks((sql) => sql`update profiles set username = 'alice_2' where id = ${alice.id}`);
  expect((await under(db, "alice", bob.asks)).rows).toEqual(one);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  for (const name of ["alice", "alice_2"]) {
    expect(await under(db, name, bob.asks)).toEqual({ page: undefined, rows: none });
  }
  await db.admin`delete from auth.users where id = ${alice.id}`;
  for (const name of ["alice", "alice_2"]) {
    expect(await under(db, name)).toEqual({ page: undefined, rows: none });
  }
});

test("a request names a person by the id or by the username, and not by both", async () => {
  await using db = await createDatabase();
  const alice = await db.signUp("alice");
  for (const call of pages) {
    for (const args of ["", `'${alice.id}', username => 'alice'`]) {
      const refused = await refusal(alice.asks((sql) => sql.unsafe(`select from ${call}(${args})`)));
      expect([refused.code, refused.detail], `${call}(${args})`).toEqual(["PT400", "person_required"]);
    }
  }
});
