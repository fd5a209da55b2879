/** What people do with their own account: read it, write with it, rename it, delete it. */
import { expect, test } from "vitest";
import { freshUsername, guest, signUp } from "../people.ts";

test("alice deletes her account: her posts go, her sessions end, and her address is free again", async () => {
  const [alice, bob] = [await signUp("alice"), await signUp("bob")];
  const written = await alice.client.rpc("write_post", { content: `Hello @${bob.username}` }).throwOnError();
  expect(written.data.post.mentions).toMatchObject([{ username: bob.username, profile: { id: bob.id } }]);
  await bob.client.from("likes").insert({ post_id: written.data.id }).throwOnError();
  expect((await alice.client.rpc("likers", { post_id: written.data.id })).data).toMatchObject([
    { profile: { username: bob.username } },
  ]);
  const post = () => bob.client.rpc("post", { post_id: written.data.id }).maybeSingle().throwOnError();
  expect((await post()).data).toMatchObject({ post: { content: written.data.post.content, liked: true } });

  const { session } = (await alice.client.auth.getSession()).data;
  const elsewhere = guest();
  await elsewhere.auth.signInWithPassword({ email: alice.email, password: alice.password });
  const deleted = await elsewhere.rpc("delete_account");
  expect([deleted.error, deleted.status]).toEqual([null, 204]);

  expect((await post()).data).toBeNull();
  const refreshed = await guest().auth.refreshSession({ refresh_token: session?.refresh_token ?? "" });
  expect(refreshed.error).not.toBeNull();
  expect((await alice.client.auth.getUser()).error).not.toBeNull();
  // Her access token has not expired. It is the token of nobody.
  expect((await alice.client.rpc("me")).error).toMatchObject({ code: "PT401", details: "account_not_found" });
  expect((await alice.client.rpc("delete_account")).error).toMatchObject({ details: "fresh_sign_in_needed" });
  const again = await guest().auth.signInWithPassword({ email: alice.email, password: alice.password });
  expect(again.error).toMatchObject({ code: "invalid_credentials" });
  const anew = await guest().auth.signUp({ email: alice.email, password: "correct horse" });
  expect(anew.data.user?.identities).toHaveLength(1);
});

test("somebody who is not signed in deletes nothing, and reads no profile of their own", async () => {
  expect((await guest().rpc("delete_account")).error).toMatchObject({ code: "42501" });
  expect((await guest().rpc("me")).error).toMatchObject({ code: "42501" });
  const alice = await signUp("alice");
  expect((await alice.client.rpc("me")).data).toMatchObject({ id: alice.id, username: alice.username });
});

test("after a rename the page and the feeds of alice are found under both names", async () => {
  const alice = await signUp("alice");
  await alice.client.from("posts").insert({ content: "Hello" }).throwOnError();
  const username = freshUsername("other");
  await alice.client.from("profiles").update({ username }).eq("id", alice.id).throwOnError();
  for (const name of [alice.username, username]) {
    const page = await guest().rpc("profile", { username: name }).maybeSingle();
    expect(page.data).toMatchObject({ id: alice.id, username, posts: 1 });
    expect((await guest().rpc("profile_feed", { username: name }, { get: true })).data).toHaveLength(1);
  }
});

test("a client catches up with the rows that are newer than its first row", async () => {
  const alice = await signUp("alice");
  const write = async (content: string) =>
    (await alice.client.rpc("write_post", { content }).throwOnError()).data.id as number;
  const first = await write("0");
  const newer = [];
  for (let n = 1; n <= 5; n++) newer.unshift(await write(String(n)));
  const read: number[] = [];
  for (let before: number | undefined; ; before = read.at(-1)) {
    const { data } = await alice.client
      .rpc("home_feed", { after: first, before, page_size: 2 })
      .throwOnError();
    read.push(...data.map(({ id }: { id: number }) => id));
    if (data.length < 2) break;
  }
  expect(read).toEqual(newer);
});
