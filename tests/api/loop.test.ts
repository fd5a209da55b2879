import { expect, test } from "vitest";
import { codeIn, freshUsername, guest, linkIn, mailTo, signUp } from "../people.ts";

/*
 * The product's main loop, as a frontend does it: two people sign up, confirm from
 * the e-mail that arrived, write, follow, and read the home feed.
 */

test("alice and bob sign up, alice writes, bob follows her and reads her posts in his home feed", async () => {
  const alice = await signUp("alice", { display_name: "Alice" });
  const bob = await signUp("bob");

  const { data: profile } = await bob.client
    .from("profiles")
    .select("username, display_name, bio, avatar_url, links")
    .eq("id", alice.id)
    .single()
    .throwOnError();
  expect(profile).toEqual({
    username: alice.username,
    display_name: "Alice",
    bio: "",
    avatar_url: null,
    links: [],
  });

  const { data: posts } = await alice.client
    .from("posts")
    .insert([
      { title: "First", content: "Hello" },
      { title: "Second", content: "<script>alert('x')</script> & '; drop table posts; --" },
    ])
    .select("id, author_id, title, content, created_at, edited_at")
    .throwOnError();
  expect(posts).toHaveLength(2);
  expect(posts?.every((post) => post.author_id === alice.id && post.edited_at === null)).toBe(true);

  const before = await bob.client.rpc("home_feed").throwOnError();
  expect(before.data).toEqual([]);

  await bob.client.from("follows").insert({ followee_id: alice.id }).throwOnError();
  const { data: feed } = await bob.client.rpc("home_feed").throwOnError();
  const author = { id: alice.id, username: alice.username, display_name: "Alice", avatar_url: null };
  expect(feed).toMatchObject(
    [...(posts ?? [])]
      .reverse()
      .map(({ author_id: _, ...post }) => ({ id: post.id, post: { ...post, author } })),
  );

  const counts = await bob.client
    .from("follow_counts")
    .select()
    .eq("profile_id", alice.id)
    .single()
    .throwOnError();
  expect(counts.data).toMatchObject({ followers: 1, following: 0 });

  await bob.client.from("follows").delete().eq("followee_id", alice.id).throwOnError();
  expect((await bob.client.rpc("home_feed").throwOnError()).data).toEqual([]);
});

test("the link in the mail confirms too, and leads back to the site with a session", async () => {
  const username = freshUsername("alice");
  const email = `${username}@example.com`;
  const client = guest();
  const password = crypto.randomUUID();
  const { error } = await client.auth.signUp({ email, password, options: { data: { username } } });
  expect(error).toBeNull();

  const early = await client.auth.signInWithPassword({ email, password });
  expect(early.error).toMatchObject({ code: "email_not_confirmed" });

  const answer = await fetch(linkIn(await mailTo(email)), { redirect: "manual" });
  expect(answer.status).toBe(303);
  const location = new URL(answer.headers.get("location") ?? "");
  expect(new URLSearchParams(location.hash.slice(1)).get("access_token")).toBeTruthy();

  const signedIn = await client.auth.signInWithPassword({ email, password });
  expect(signedIn.error).toBeNull();
  const { data } = await client.from("profiles").select("username").eq("id", signedIn.data.user?.id).single();
  expect(data).toEqual({ username });
});

test("a code works once, and only for the address that it was sent to", async () => {
  const bob = await signUp("bob");
  const username = freshUsername("alice");
  const email = `${username}@example.com`;
  const client = guest();
  await client.auth.signUp({ email, password: crypto.randomUUID(), options: { data: { username } } });
  const token = codeIn(await mailTo(email));

  const stolen = await guest().auth.verifyOtp({ email: bob.email, token, type: "signup" });
  expect(stolen.error).toMatchObject({ code: "otp_expired" });
  const used = await client.auth.verifyOtp({ email, token, type: "signup" });
  expect(used.error).toBeNull();
  const again = await guest().auth.verifyOtp({ email, token, type: "signup" });
  expect(again.error).toMatchObject({ code: "otp_expired" });
});

test("bob gets the same feed page by page as in one request", async () => {
  const alice = await signUp("alice");
  const bob = await signUp("bob");
  for (const person of [alice, bob]) {
    await person.client
      .from("posts")
      .insert(Array.from({ length: 15 }, (_, n) => ({ title: `${n}`, content: `post ${n}` })))
      .throwOnError();
  }
  await bob.client.from("follows").insert({ followee_id: alice.id }).throwOnError();
  const { data: whole } = await bob.client.rpc("home_feed", { page_size: 100 }).throwOnError();
  expect(whole).toHaveLength(30);

  const pages: { id: number }[] = [];
  for (let before: number | undefined; ; ) {
    const { data: page } = await bob.client.rpc("home_feed", { before, page_size: 7 }).throwOnError();
    pages.push(...page);
    before = page.at(-1)?.id;
    if (page.length < 7) break;
  }
  expect(pages).toEqual(whole);
});

test("an edited post shows its new text, and its earlier texts stay readable", async () => {
  const alice = await signUp("alice");
  const bob = await signUp("bob");
  const { data: post } = await alice.client
    .from("posts")
    .insert({ title: "Draft", content: "one" })
    .select("id")
    .single()
    .throwOnError();
  await alice.client.from("posts").update({ content: "two" }).eq("id", post?.id).throwOnError();
  await alice.client.from("posts").update({ content: "three" }).eq("id", post?.id).throwOnError();

  const { data: read } = await bob.client
    .from("posts")
    .select("content, edited_at, post_versions(version, content)")
    .eq("id", post?.id)
    .order("version", { referencedTable: "post_versions" })
    .single()
    .throwOnError();
  expect(read).toMatchObject({
    content: "three",
    edited_at: expect.any(String),
    post_versions: [
      { version: 1, content: "one" },
      { version: 2, content: "two" },
    ],
  });

  await alice.client.from("posts").delete().eq("id", post?.id).throwOnError();
  const gone = await bob.client
    .from("posts")
    .select("id, post_versions(version)")
    .eq("id", post?.id)
    .throwOnError();
  expect(gone.data).toEqual([]);
});
