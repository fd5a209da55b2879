/**
 * Somebody may try Plaza out, delete what they wrote, and then import their posts. Until Postgres counts again, it
 * believes that a large table has one row. Pages look up posts by their keys nevertheless. If they read all posts for each
 * post, they would take longer than the 8 s that a person has.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let first: number;

beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  for (const table of [
    "posts",
    "private.post_counts",
    "likes",
    "bookmarks",
    "post_tags",
    "private.post_search",
  ]) {
    await db.admin.unsafe(`alter table ${table} set (autovacuum_enabled = off)`);
  }
  await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  await db.admin`
    insert into auth.users (instance_id, id, aud, role, email_confirmed_at, raw_user_meta_data)
    select
      '00000000-0000-0000-0000-000000000000', gen_random_uuid(), 'authenticated', 'authenticated', now(),
      jsonb_build_object('username', 'crowd_' || n)
    from generate_series(1, 300) as n`;
  await db.owner`insert into follows (follower_id, followee_id) select ${bob.id}, id from profiles where id <> ${bob.id} on conflict do nothing`;
  const authors = db.owner`(select array_agg(id) from profiles where username <> 'bob')`;
  const posts = (text: string, count: number) => db.owner`
    insert into posts (author_id, content)
    select ${authors}[1 + n % 301], ${text} || n from generate_series(1, ${count}) as n`;
  // The deleted posts leave empty pages before the post that stays.
  await posts("A trial ", 9000);
  await alice.asks((sql) => sql`insert into posts (content) values ('A trial')`);
  await db.owner`delete from posts where content like 'A trial %'`;
  await db.admin`vacuum analyze`;
  await posts("flood #tag ", 3000);
  const [post] = await db.owner`select min(id) as id from posts`;
  first = post?.id;
  await db.owner`
    insert into posts (author_id, content, reply_to_id)
    select ${authors}[1 + n % 301], 'reply ' || n, ${first} from generate_series(1, 200) as n`;
  await db.owner`
    insert into posts (author_id, content, quote_of_id)
    select ${authors}[1 + n % 301], 'quote ' || n, ${first} from generate_series(1, 200) as n`;
  await db.owner`insert into likes (user_id, post_id) select ${bob.id}, id from posts where reply_to_id is null`;
  await db.owner`insert into bookmarks (user_id, post_id) select ${bob.id}, id from posts where reply_to_id is null`;
});
afterAll(() => db?.[Symbol.asyncDispose]());

test.each([
  ["home_feed()", 20],
  ["public_feed()", 20],
  ["tag_feed('tag')", 20],
  ["profile_feed(username => 'crowd_1')", 11],
  ["profile_likes(username => 'bob')", 20],
  ["bookmarks_feed()", 20],
  ["replies(FIRST)", 20],
  ["quotes(FIRST)", 20],
  ["thread(FIRST)", 201],
  ["search_posts('flood')", 20],
  ["post(FIRST)", 1],
])("%s answers", async (page, rows) => {
  const shown = await bob.asks(async (sql) => {
    await sql`set local statement_timeout = '8s'`;
    return sql.unsafe(`select id from ${page.replace("FIRST", String(first))}`);
  });
  expect(shown).toHaveLength(rows);
});
