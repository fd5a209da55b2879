/** supabase/migrations and sql/ build the same database, and seed.sql fills it. */
import { randomUUID } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { refreshTrust } from "../../edge-functions/_shared/trust/refresh.ts";
import { projectDir } from "../../sql/tools/server.ts";
import { plain, supabase } from "../../sql/tools/supabase-cli.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";
import { differences } from "./recount.ts";

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

test("what was written before search folded a letter is found after it", async () => {
  await using upgraded = await createDatabase("supabase");
  const folder = join(projectDir, "supabase/migrations");
  const names = (await readdir(folder)).sort();
  const apply = async (name: string) =>
    upgraded.owner.begin(async (sql) => sql.unsafe(await readFile(join(folder, name), "utf8")).simple());
  const change = names.findIndex((name) => name.endsWith("_wider_searches.sql"));
  for (const name of names.slice(0, change)) await apply(name);
  const alice = await upgraded.signUp("alice");
  const bob = await upgraded.signUp("bob");
  await alice.asks((sql) => sql`update profiles set display_name = 'Þór' where id = ${alice.id}`);
  await alice.asks((sql) => sql`insert into posts (content) values ('Οδυσσεύς')`);
  const [group] = await alice.asks((sql) => sql`select create_group('Islands') as id`);
  await alice.asks((sql) => sql`select from send_message(${group?.id}, 'first', 'Hawaiʻi')`);
  for (const name of names.slice(change)) await apply(name);

  expect(await bob.asks((sql) => sql`select from search_posts('ΟΔΥΣΣΕΥΣ')`)).toHaveLength(1);
  expect(await bob.asks((sql) => sql`select from search_people('thor')`)).toHaveLength(1);
  expect(await alice.asks((sql) => sql`select from search_messages('Hawaii')`)).toHaveLength(1);
});

test("a person who still heard somebody they block hears them no more", async () => {
  await using upgraded = await createDatabase("supabase");
  const folder = join(projectDir, "supabase/migrations");
  const names = (await readdir(folder)).sort();
  const apply = async (name: string) =>
    upgraded.owner.begin(async (sql) => sql.unsafe(await readFile(join(folder, name), "utf8")).simple());
  const change = names.findIndex((name) => name.endsWith("_second_tries_and_partings.sql"));
  for (const name of names.slice(0, change)) await apply(name);
  const [host, alice, bob] = [
    await upgraded.signUp("host"),
    await upgraded.signUp("alice"),
    await upgraded.signUp("bob"),
  ];
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  const rooms: number[] = [];
  for (const members of [[alice.id, bob.id], [alice.id]]) {
    const [made] = await host.asks((sql) => sql`select create_group('Room', ${members}) as id`);
    rooms.push(made?.id);
  }
  // As a race left them.
  await upgraded.admin`update private.conversation_members set is_apart = not is_apart where user_id = ${alice.id}`;
  const epochs = async () =>
    (await upgraded.admin`select epoch from private.conversations order by id`).map(({ epoch }) => epoch);
  const before = await epochs();
  for (const name of names.slice(change)) await apply(name);

  const members = await upgraded.admin`
    select conversation_id, user_id from private.conversation_members where is_apart`;
  expect([...members]).toEqual([{ conversation_id: rooms[0], user_id: alice.id }]);
  const after = await epochs();
  // Only the topic that she may not hear has moved.
  expect([after[0] === before[0], after[1] === before[1]]).toEqual([false, true]);
});

test("a town of the earlier migrations becomes one of these, and nothing is left over", async () => {
  await using upgraded = await createDatabase("supabase");
  const folder = join(projectDir, "supabase/migrations");
  const names = (await readdir(folder)).sort();
  const apply = async (name: string) =>
    upgraded.owner.begin(async (sql) => sql.unsafe(await readFile(join(folder, name), "utf8")).simple());
  const before = names.findIndex((name) => name.endsWith("_bounded_pages_and_budgets.sql"));
  for (const name of names.slice(0, before)) await apply(name);
  const [alice, bob, paula] = [
    await upgraded.signUp("alice"),
    await upgraded.signUp("bob"),
    await upgraded.signUp("paula"),
  ];
  const newcomer = randomUUID();
  await upgraded.admin`
    insert into auth.users (instance_id, id, aud, role, email, confirmation_sent_at, raw_app_meta_data, raw_user_meta_data)
    values ('00000000-0000-0000-0000-000000000000', ${newcomer}, 'authenticated', 'authenticated',
      'newcomer@example.com', now(), '{}', '{"username": "newcomer"}')`;
  const write = async (person: Person, post: Record<string, unknown>): Promise<number> => {
    const [row] = await person.asks((sql) => sql`insert into posts ${sql(post)} returning id`);
    return row?.id;
  };
  await bob.asks((sql) => sql`insert into follows (followee_id) values (${paula.id})`);
  const open = await write(alice, { content: "granite #garden", language: "en-us" });
  const limited = await write(alice, { content: "basalt #garden", audience: "followers" });
  await write(paula, { content: "reply #garden", reply_to_id: open });
  await write(paula, { content: "quote", quote_of_id: open });
  await write(paula, { repost_of_id: open });
  await write(bob, { repost_of_id: await write(paula, { content: "soon private" }) });
  await write(alice, { content: "for @bob", audience: "mentioned", reply_to_id: open });
  const blank = await write(alice, { content: "\u200b", title: "one\u2028two" });
  await alice.asks(
    (sql) => sql`insert into drafts (content, publish_at) values ('later', now() + interval '1 day')`,
  );
  await bob.asks(
    (sql) => sql`update profiles set display_name = ${"a\u2028b"}, bio = ${"\u3164"} where id = ${bob.id}`,
  );
  await paula.asks((sql) => sql`update profiles set is_private = true where id = ${paula.id}`);

  for (const name of names.slice(before)) await apply(name);

  expect(await differences(upgraded.admin)).toEqual({});
  const [text] = await upgraded.admin`select title, content from posts where id = ${blank}`;
  expect(text).toEqual({ title: "one two", content: "…" });
  const [kept] = await upgraded.admin`select language from posts where id = ${open}`;
  expect(kept?.language).toBe("en-US");
  const [profile] = await upgraded.admin`select display_name, bio from profiles where id = ${bob.id}`;
  expect(profile).toEqual({ display_name: "a b", bio: "" });
  // Nobody until confirmed, and then under the name of the sign-up.
  expect(await upgraded.admin`select from profiles where id = ${newcomer}`).toHaveLength(0);
  await upgraded.admin`update auth.users set email_confirmed_at = now() where id = ${newcomer}`;
  expect(await upgraded.admin`select username from profiles where id = ${newcomer}`).toEqual([
    { username: "newcomer" },
  ]);
  // Pages and search find what they found, for those who see it.
  const tagged = (person: Person) => person.asks((sql) => sql`select id from tag_feed('garden') order by id`);
  expect((await tagged(alice)).map((row) => row.id)).toEqual([open, limited]);
  expect(await tagged(bob)).toHaveLength(2);
  const [card] = await bob.asks(
    (sql) => sql`select to_jsonb(post) as post from thread(${open}) where depth = 0`,
  );
  expect(card?.post).toMatchObject({ is_open: true, replies: 2, quotes: 1, reposts: 1 });
  const [hers] = await upgraded.as("anon")(
    (sql) => sql`select replies, quotes, reposts from post_counts where post_id = ${open}`,
  );
  expect(hers).toEqual({ replies: 0, quotes: 0, reposts: 0 });
  expect(await upgraded.as("anon")((sql) => sql`select id from search_posts('granite')`)).toEqual([
    { id: open },
  ]);
  expect(await alice.asks((sql) => sql`select id from search_people('bob')`)).toHaveLength(1);
  await upgraded.admin`update drafts set publish_at = now() - interval '1 minute'`;
  await upgraded.admin`update private.draft_queue set due_at = now() - interval '1 minute'`;
  const [published] = await upgraded.owner`select private.publish_due_drafts() as posts`;
  expect(published?.posts).toBe(1);
});

test("Postgres before 17 is refused in words", async () => {
  const folder = join(projectDir, "supabase/migrations");
  const newest = (await readdir(folder)).sort().at(-1) as string;
  const guard = /^do \$\$\nbegin\n {2}if current_setting\('server_version_num'\)[\s\S]*?^\$\$;$/m;
  for (const text of [
    await readFile(join(folder, newest), "utf8"),
    await readFile(join(projectDir, "sql/00-foundations/10-privileges.sql"), "utf8"),
  ]) {
    const [found = ""] = guard.exec(text) ?? [];
    expect(found).toContain("170000");
    expect(text.indexOf(found)).toBeLessThan(2000);
    await built.owner.unsafe(found);
    // As if the server were older than what is asked for.
    expect(await refusal(built.owner.unsafe(found.replace("170000", "990000")))).toMatchObject({
      message: expect.stringMatching(/^Plaza needs Postgres 17 or newer\. This is Postgres 17/),
    });
  }
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

  test("suggests people to carol before any job has run, and trusts everybody as the job will", async () => {
    const [carol] = await migrated.admin`select id from profiles where username = 'carol'`;
    const suggested = await migrated.as(
      "authenticated",
      carol?.id,
    )((sql) => sql`select (profile).username from suggestions()`);
    expect(suggested.map((row) => row.username).sort()).toEqual(["alice", "bob", "dave", "erin"]);
    await migrated.owner`select private.collect_interactions()`;
    expect(await refreshTrust(migrated.owner)).toMatchObject({ people: 6, counting: 6, written: 0 });
  });
});
