import { expect, test } from "vitest";
import { signUp } from "../people.ts";

test("counts are embedded in profiles and posts", async () => {
  const [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  const { data: post } = await alice.client
    .from("posts")
    .insert({ content: "Hello" })
    .select("id")
    .single()
    .throwOnError();
  await bob.client.from("likes").insert({ post_id: post?.id }).throwOnError();
  const { data: profile } = await bob.client
    .from("profiles")
    .select("username, follow_counts(followers, following), author_counts(posts)")
    .eq("id", alice.id)
    .single()
    .throwOnError();
  expect(profile).toEqual({
    username: alice.username,
    follow_counts: { followers: 1, following: 0 },
    author_counts: { posts: 1 },
  });
  const { data: counted } = await alice.client
    .from("posts")
    .select("content, author:profiles!author_id(username), post_counts(likes, replies, reposts, quotes)")
    .eq("id", post?.id)
    .single()
    .throwOnError();
  expect(counted).toEqual({
    content: "Hello",
    author: { username: alice.username },
    post_counts: { likes: 1, replies: 0, reposts: 0, quotes: 0 },
  });
});
