/** supabase/migrations leads to what sql/ says, and seed.sql fills it. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plain, supabase } from "./cli.ts";
import { createDatabase, type Database } from "./database.ts";

let migrated: Database;
let built: Database;
beforeAll(async () => {
  [migrated, built] = [await createDatabase("supabase"), await createDatabase()];
  await supabase("db", "push", "--yes", "--include-all", "--include-seed", `--remote=${plain(migrated.url)}`);
});
afterAll(async () => {
  await migrated?.[Symbol.asyncDispose]();
  await built?.[Symbol.asyncDispose]();
});

const diff = async (from: Database, to: Database) => {
  const answer = await supabase("db", "diff", "--from", plain(from.url), "--to", plain(to.url));
  expect(answer).toHaveProperty("diff");
  return answer.diff as string;
};

/** Rows that are part of the product, in tables that no schema diff looks into. */
const reference = (db: Database) => db.admin`table private.reserved_usernames order by username`;

test("the database of sql/ and that of the migrations are the same, both ways", async () => {
  expect(await diff(built, migrated)).toBe("");
  expect(await diff(migrated, built)).toBe("");
  expect([...(await reference(migrated))]).toEqual([...(await reference(built))]);
  expect(await reference(built)).not.toHaveLength(0);
});

test("a difference would be found, whatever it is of", async () => {
  await using other = await createDatabase();
  await other.admin.unsafe(`
    alter table public.posts add column mood text;
    alter table public.posts drop constraint posts_title_format;
    drop policy "authors delete their own posts" on public.posts;
    grant delete on public.posts to anon;
    drop trigger posts_keep_version on public.posts;
    drop index public.posts_author_id_id_idx;
    comment on table public.profiles is 'Changed.';
    alter function private.home_feed stable security invoker;
    drop trigger users_create_profile on auth.users;
  `);
  const found = await diff(built, other);
  for (const part of [
    "mood",
    "posts_title_format",
    "authors delete their own posts",
    "anon",
    "posts_keep_version",
    "posts_author_id_id_idx",
    "Changed.",
    "private.home_feed",
    "users_create_profile",
  ]) {
    expect(found).toContain(part);
  }
});

describe("the seed", () => {
  test("is a small town with a week of posts, whose ids tell their time", async () => {
    const posts = await migrated.admin`
      select username, posts.created_at,
        abs(extract(epoch from posts.created_at) * 1000 - ((posts.id >> 12) + 1767225600000)) < 2 as told
      from posts join profiles on profiles.id = author_id order by posts.id
    `;
    expect(posts.every((post) => post.told)).toBe(true);
    expect(new Set(posts.map((post) => post.username))).toEqual(
      new Set(["alice", "bob", "carol", "dave", "erin", "frank"]),
    );
    const days = (posts.at(-1)?.created_at.getTime() - posts[0]?.created_at.getTime()) / 86_400_000;
    expect(days).toBeGreaterThan(5);
    const [history] = await migrated.admin`select count(*) from post_versions`;
    expect(history?.count).toBe(1);
  });

  test("lets everybody in with the password plaza-demo", async () => {
    const people = await migrated.admin`
      select email, encrypted_password = extensions.crypt('plaza-demo', encrypted_password) as welcome,
        email_confirmed_at is not null as confirmed,
        (select count(*) from auth.identities where user_id = users.id and provider = 'email') as identities
      from auth.users
    `;
    expect(people).toHaveLength(6);
    for (const person of people)
      expect(person).toMatchObject({ welcome: true, confirmed: true, identities: 1 });
  });

  test("fills bob's home feed, and carol's with her own posts alone", async () => {
    const feedOf = async (username: string) => {
      const [person] = await migrated.admin`select id from profiles where username = ${username}`;
      const rows = await migrated.as(
        "authenticated",
        person?.id,
      )((sql) => sql`select distinct (author).username from home_feed(page_size => 100)`);
      return rows.map((row) => row.username).sort();
    };
    expect(await feedOf("bob")).toEqual(["alice", "bob", "dave"]);
    expect(await feedOf("carol")).toEqual(["carol"]);
  });
});
