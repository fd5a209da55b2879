/** me() answers your own profile, your settings and your counts in one object. */
import { expect, test } from "vitest";
import { createDatabase, type Person, refusal } from "./database.ts";

const me = async (who: Person) => (await who.asks((sql) => sql`select to_jsonb(me()) as me`))[0]?.me;

test("alice reads her settings and counts, and how many people ask to follow her", async () => {
  await using db = await createDatabase();
  const [alice, bob, carol] = [await db.signUp("alice"), await db.signUp("bob"), await db.signUp("carol")];
  await bob.asks((sql) => sql`select follow(${alice.id})`);
  await alice.asks((sql) => sql`update profiles set is_private = true, bio = 'Hello' where id = ${alice.id}`);
  await carol.asks((sql) => sql`select follow(${alice.id})`);
  await alice.asks(
    (sql) => sql`insert into posts (content, audience) values ('one', 'followers'), ('two', 'mentioned')`,
  );

  expect(await me(alice)).toEqual({
    id: alice.id,
    username: "alice",
    display_name: "",
    bio: "Hello",
    avatar_url: null,
    links: [],
    is_private: true,
    is_searchable: true,
    is_discoverable: true,
    shows_likes: false,
    created_at: expect.any(String),
    followers: 1,
    following: 0,
    posts: 2,
    follow_requests: 1,
  });
  expect(await me(carol)).toMatchObject({ username: "carol", follow_requests: 0, posts: 0 });
});

test("somebody whose account is deleted is nobody, and somebody who is not signed in may not ask", async () => {
  await using db = await createDatabase();
  const alice = await db.signUp("alice");
  expect(await me(alice)).toMatchObject({ username: "alice" });
  await db.admin`delete from auth.users where id = ${alice.id}`;
  expect(await refusal(me(alice))).toMatchObject({ code: "PT401", detail: "account_not_found" });
  expect((await refusal(db.as("anon")((sql) => sql`select me()`))).code).toBe("42501");
});
