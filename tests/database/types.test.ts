/** supabase/database.types.ts, which gives frontends their types, matches sql/ and is strict. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import { expect, expectTypeOf, test } from "vitest";
import { projectDir } from "../../sql/tools/server.ts";
import { generateTypes, typesPath } from "../../sql/tools/supabase-cli.ts";
import type { CompositeTypes, Database, Entity } from "../../supabase/database.types.ts";
import { createDatabase } from "./database.ts";

test("the committed types are those of the database", async () => {
  await using db = await createDatabase();
  const committed = await readFile(join(projectDir, typesPath), "utf8");
  expect(committed, "run: npm run types:generate").toBe(await generateTypes(db.url));
  await db.owner`alter table posts add column mood text`;
  expect(await generateTypes(db.url)).not.toBe(committed);
});

test("a grant and a comment decide what the types say", async () => {
  await using db = await createDatabase();
  const card = async () => /\bcard: \{[^}]*\}/.exec(await generateTypes(db.url))?.[0];
  const versions = async () => /\bpost_versions: \{[\s\S]*?Update/.exec(await generateTypes(db.url))?.[0];
  expect(await card()).toContain("edited_at: string | null;");
  expect(await versions()).toContain("Insert: Record<string, never>;");
  await db.owner`comment on column public.card.edited_at is 'The time of the last edit.'`;
  await db.owner`grant insert (title) on post_versions to authenticated`;
  expect(await card()).toContain("edited_at: string;");
  expect(await versions()).toMatch(/Insert: \{\s*title: string;\s*\}/);
});

test("every action that has a budget is in the type of actions, and the other way round", async () => {
  await using db = await createDatabase();
  const actions = await db.admin`select action from private.limits order by action`;
  const named = await db.admin`select unnest(enum_range(null::limited_action))::text as action order by 1`;
  expect([...named]).toEqual([...actions]);
});

test("an entity has the members that its type names", async () => {
  await using db = await createDatabase();
  const alice = await db.signUp("alice");
  const [row] = await alice.asks(
    (sql) => sql`
      insert into posts (title, content) values ('About #gardens', 'With @bob: https://example.com')
      returning entities`,
  );
  expect(row?.entities).toEqual([
    { type: "tag", field: "title", start: 6, end: 14, tag: "gardens" },
    { type: "mention", field: "content", start: 5, end: 9, username: "bob" },
    { type: "link", field: "content", start: 11, end: 30, url: "https://example.com" },
  ] satisfies Entity[]);
});

// tsc checks the rest. No request is sent.
const plaza = createClient<Database>("http://127.0.0.1:1", "key");
type Answer<T extends (...args: never[]) => PromiseLike<{ data: unknown }>> = Awaited<ReturnType<T>>["data"];
type Card = CompositeTypes<"card">;
type Audience = "everyone" | "followers" | "mentioned";

test("a frontend's feeds and rows are typed, with null only where it can be", () => {
  const feed = () => plaza.rpc("home_feed", { page_size: 10, before: null }).throwOnError();
  type Item = Answer<typeof feed>[number];
  expectTypeOf<Item["id"]>().toEqualTypeOf<number>();
  expectTypeOf<Item["post"]>().toEqualTypeOf<Card>();
  expectTypeOf<Item["quoted"]>().toEqualTypeOf<Card | null>();
  expectTypeOf<Card["content"]>().toEqualTypeOf<string>();
  expectTypeOf<Card["edited_at"]>().toEqualTypeOf<string | null>();
  expectTypeOf<Card["audience"]>().toEqualTypeOf<Audience>();
  expectTypeOf<Card["entities"]>().toEqualTypeOf<Entity[]>();

  const posts = () =>
    plaza.from("posts").select("*, author:profiles!author_id(username), post_counts(likes)").throwOnError();
  type Post = Answer<typeof posts>[number];
  expectTypeOf<Post["audience"]>().toEqualTypeOf<Audience>();
  expectTypeOf<Post["entities"]>().toEqualTypeOf<Entity[]>();
  expectTypeOf<Post["author"]>().toEqualTypeOf<{ username: string }>();
  expectTypeOf<Post["post_counts"]>().toEqualTypeOf<{ likes: number }>();

  const people = () =>
    plaza.from("profiles").select("id, follow_counts(followers), author_counts(posts)").throwOnError();
  expectTypeOf<Answer<typeof people>>().toEqualTypeOf<
    { id: string; follow_counts: { followers: number }; author_counts: { posts: number | null } }[]
  >();
});

test("a function that answers one row is typed as one", () => {
  const me = () => plaza.rpc("me").throwOnError();
  expectTypeOf<Answer<typeof me>>().toEqualTypeOf<CompositeTypes<"own_profile">>();
  const written = () => plaza.rpc("write_post", { content: "Hello" }).throwOnError();
  expectTypeOf<Answer<typeof written>>().toEqualTypeOf<CompositeTypes<"feed_item">>();
  const post = () => plaza.rpc("post", { post_id: 1 }).maybeSingle().throwOnError();
  expectTypeOf<Answer<typeof post>>().toEqualTypeOf<CompositeTypes<"feed_item"> | null>();
  const followed = () => plaza.rpc("follow", { profile_id: "" }).throwOnError();
  expectTypeOf<Answer<typeof followed>>().toEqualTypeOf<"following" | "requested">();
  const named = () => plaza.rpc("username_available", { username: "alice" }).throwOnError();
  expectTypeOf<Answer<typeof named>["reason"]>().toEqualTypeOf<
    "username_format" | "username_reserved" | "username_taken" | null
  >();
});

test("only the columns that a client may write can be written", () => {
  type Tables = Database["public"]["Tables"];
  expectTypeOf<keyof Tables["posts"]["Update"]>().toEqualTypeOf<
    "title" | "content" | "content_warning" | "language"
  >();
  expectTypeOf<Tables["follows"]["Insert"]>().toEqualTypeOf<{
    follower_id?: string;
    followee_id: string;
    notifies?: boolean;
  }>();
  expectTypeOf<keyof Tables["follows"]["Update"]>().toEqualTypeOf<"notifies">();
  expectTypeOf<Tables["post_tags"]["Insert"]>().toEqualTypeOf<Record<string, never>>();

  plaza.from("posts").insert({ content: "Hello", audience: "followers" });
  // @ts-expect-error The database makes the id.
  plaza.from("posts").insert({ content: "Hello", id: 1 });
  // @ts-expect-error There is no such audience.
  plaza.from("posts").insert({ content: "Hello", audience: "nobody" });
  // @ts-expect-error The audience never changes.
  plaza.from("posts").update({ audience: "followers" });
  // @ts-expect-error Nobody writes tags. They are in the text of posts.
  plaza.from("post_tags").insert({ post_id: 1, tag: "garden" });
  // @ts-expect-error Auth makes profiles.
  plaza.from("profiles").insert({ username: "alice" });
});
