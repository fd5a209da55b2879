import { beforeAll, expect, test } from "vitest";
import { guest, type Person, service, signUp } from "../people.ts";

/* What row-level security lets each person do. The tests ask over HTTP, as a frontend does. */

let alice: Person;
let mallory: Person;
let postId: number;

beforeAll(async () => {
  [alice, mallory] = [await signUp("alice"), await signUp("mallory")];
  const { data } = await alice.client
    .from("posts")
    .insert({ title: "Mine", content: "alice wrote this" })
    .select("id")
    .single()
    .throwOnError();
  postId = data?.id;
});

const post = async () =>
  (await guest().from("posts").select("title, content").eq("id", postId).single()).data;
const original = { title: "Mine", content: "alice wrote this" };

test("somebody who is not signed in reads posts and profiles, and writes nothing", async () => {
  expect(await post()).toEqual(original);
  const anyone = guest();
  const insert = await anyone.from("posts").insert({ title: "x", content: "x", author_id: alice.id });
  expect(insert.status).toBe(401);
  expect(insert.error?.code).toBe("42501");
  const update = await anyone.from("posts").update({ content: "x" }).eq("id", postId);
  expect(update.error?.code).toBe("42501");
  const feed = await anyone.rpc("home_feed");
  expect(feed.status).toBe(401);
  expect(await post()).toEqual(original);
});

test("mallory cannot change or delete what alice wrote, and cannot write in her name", async () => {
  const update = await mallory.client.from("posts").update({ content: "mallory" }).eq("id", postId).select();
  expect(update).toMatchObject({ error: null, data: [] });
  const remove = await mallory.client.from("posts").delete().eq("id", postId).select();
  expect(remove).toMatchObject({ error: null, data: [] });
  const forged = await mallory.client.from("posts").insert({ author_id: alice.id, content: "forged" });
  expect(forged.error?.code).toBe("42501");
  expect(forged.status).toBe(403);
  const profile = await mallory.client
    .from("profiles")
    .update({ bio: "mallory" })
    .eq("id", alice.id)
    .select();
  expect(profile).toMatchObject({ error: null, data: [] });
  const follow = await mallory.client
    .from("follows")
    .insert({ follower_id: alice.id, followee_id: mallory.id });
  expect(follow.error?.code).toBe("42501");
  expect(await post()).toEqual(original);
});

test("alice may change her own profile, but only the columns that a client may write", async () => {
  const bio = await alice.client
    .from("profiles")
    .update({ bio: "Hello" })
    .eq("id", alice.id)
    .select("bio")
    .single();
  expect(bio.data).toEqual({ bio: "Hello" });
  for (const values of [{ created_at: "2020-01-01" }, { id: mallory.id }]) {
    const update = await alice.client.from("profiles").update(values).eq("id", alice.id);
    expect(update.error?.code).toBe("42501");
  }
  const backdated = await alice.client.from("posts").update({ created_at: "2020-01-01" }).eq("id", postId);
  expect(backdated.error?.code).toBe("42501");
});

test("nobody follows themselves; a second follow is refused, or ignored if the client asks for that", async () => {
  const oneself = await alice.client.from("follows").insert({ followee_id: alice.id });
  expect(oneself).toMatchObject({ status: 400, error: { details: "follow_yourself" } });
  await alice.client.from("follows").insert({ followee_id: mallory.id }).throwOnError();
  const twice = await alice.client.from("follows").insert({ followee_id: mallory.id });
  expect(twice).toMatchObject({ status: 409, error: { code: "23505" } });
  const upsert = await alice.client
    .from("follows")
    .upsert({ followee_id: mallory.id }, { ignoreDuplicates: true, onConflict: "follower_id,followee_id" });
  expect(upsert.error).toBeNull();
  const counts = await guest()
    .from("follow_counts")
    .select("followers")
    .eq("profile_id", mallory.id)
    .single();
  expect(counts.data).toEqual({ followers: 1 });
});

test("an answer to a broken rule says which rule in words, with a code for programs", async () => {
  const empty = await alice.client.from("posts").insert({ content: "  \n " });
  expect(empty).toMatchObject({ status: 400, error: { details: "content_length" } });
  const avatar = await alice.client
    .from("profiles")
    .update({ avatar_url: "javascript:alert(1)" })
    .eq("id", alice.id);
  expect(avatar).toMatchObject({ status: 400, error: { details: "avatar_url_format" } });
  const page = await alice.client.rpc("home_feed", { page_size: 1000 });
  expect(page).toMatchObject({ status: 400, error: { details: "page_size_range" } });
});

test("nobody reaches the private schemas over the API, not even with the secret key", async () => {
  for (const client of [guest(), alice.client, service()]) {
    const held = await client.schema("private").from("held_usernames").select();
    expect(held.error?.code).toBe("PGRST106");
    const users = await client.schema("auth").from("users").select();
    expect(users.error?.code).toBe("PGRST106");
  }
});
