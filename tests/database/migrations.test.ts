/** supabase/migrations and sql/ build the same database, and seed.sql fills it. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { projectDir } from "../../sql/tools/server.ts";
import { plain, supabase } from "../../sql/tools/supabase-cli.ts";
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

/** A job is stored with the name of its database, which differs between the two. */
const diff = async (from: Database, to: Database) => {
  for (const { admin } of [from, to]) await admin`update cron.job set database = 'postgres'`;
  const answer = await supabase("db", "diff", "--from", plain(from.url), "--to", plain(to.url));
  expect(answer).toHaveProperty("diff");
  return answer.diff as string;
};

/** Rows that are part of the product. A schema diff does not compare them. */
const reference = (db: Database) => db.admin`table private.reserved_usernames order by username`;

test("the database of sql/ and that of the migrations are the same, both ways", async () => {
  expect(await diff(built, migrated)).toBe("");
  expect(await diff(migrated, built)).toBe("");
  expect([...(await reference(migrated))]).toEqual([...(await reference(built))]);
  expect(await reference(built)).not.toHaveLength(0);
});

test("the comparison finds a difference of every kind", async () => {
  await using other = await createDatabase();
  await other.admin.unsafe(`
    alter table public.posts add column mood text;
    alter table public.posts drop constraint posts_title_format;
    drop policy "authors delete their own posts" on public.posts;
    grant delete on public.posts to anon;
    drop trigger posts_keep_version on public.posts;
    drop index public.posts_author_id_id_idx;
    comment on table public.profiles is 'Changed.';
    alter function private.feed stable security invoker;
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
    "private.feed",
    "users_create_profile",
  ]) {
    expect(found).toContain(part);
  }
});

test("the migrations change older rows to fit the new rules", async () => {
  await using upgraded = await createDatabase("supabase");
  const folder = join(projectDir, "supabase/migrations");
  const [first, ...later] = (await readdir(folder)).sort();
  const apply = async (name: string | undefined) =>
    upgraded.owner.begin(async (sql) =>
      sql.unsafe(await readFile(join(folder, name as string), "utf8")).simple(),
    );
  await apply(first);
  const alice = await upgraded.signUp("alice");
  const bob = await upgraded.signUp("bob");
  await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  const [post] = await alice.asks(
    (sql) => sql`insert into posts (title, content) values ('Hi', '#Garden with @bob') returning id`,
  );
  for (const name of later) await apply(name);

  const [item] = await bob.asks((sql) => sql`select to_jsonb(feed) as item from home_feed() as feed`);
  expect(item?.item.post).toMatchObject({
    id: post?.id,
    audience: "everyone",
    entities: [{ type: "tag", tag: "garden" }, { type: "mention" }],
    mentions: [{ username: "bob", profile: { id: bob.id } }],
  });
  expect(await alice.asks((sql) => sql`select id from tag_feed('garden')`)).toHaveLength(1);
  const [follower] = await alice.asks(
    (sql) => sql`select to_jsonb(f) as row from followers(${alice.id}) as f`,
  );
  expect(follower?.row).toMatchObject({ id: expect.any(Number), profile: { username: "bob" } });
  const [counts] = await bob.asks(
    (sql) => sql`
      select followers, posts from follow_counts join author_counts on author_id = profile_id
      where profile_id = ${alice.id}
    `,
  );
  expect(counts).toEqual({ followers: 1, posts: 1 });
  await alice.asks((sql) => sql`delete from posts where id = ${post?.id}`);
  expect(
    (await alice.asks((sql) => sql`select posts from author_counts where author_id = ${alice.id}`))[0],
  ).toEqual({
    posts: 0,
  });
});

describe("the seed", () => {
  test("is a small town with a week of posts, with ids made of their times", async () => {
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

  test("fills bob's home feed, also with dave's reposts, and carol's only with her own posts", async () => {
    const feedOf = async (username: string) => {
      const [person] = await migrated.admin`select id from profiles where username = ${username}`;
      const rows = await migrated.as(
        "authenticated",
        person?.id,
      )((sql) => sql`select distinct ((post).author).username from home_feed(page_size => 100)`);
      return rows.map((row) => row.username).sort();
    };
    expect(await feedOf("bob")).toEqual(["alice", "bob", "dave", "erin"]);
    expect(await feedOf("carol")).toEqual(["carol"]);
  });
});
