/** Without a network: a person still reads the posts of the last visit, writes wait, and both catch up. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import {
  closeBrowser,
  comeBack,
  complaintsOf,
  expectAccessible,
  kept,
  pictures,
  visitor,
} from "./browser.ts";

afterAll(closeBrowser);

test("alice goes into a tunnel: she reads, likes and writes there, and all of it arrives afterwards", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page, context } = alice;
  await alice.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  const { data: post } = await bob.client.rpc("write_post", { content: "Before the tunnel" }).throwOnError();
  await page.reload();
  await page.getByText("Before the tunnel").waitFor();
  await kept(page);

  await context.setOffline(true);
  await page.getByText("You are offline.").waitFor();
  await page.getByRole("button", { name: "Like" }).click();
  await page.locator(".post-action.heart.on").waitFor();
  await page.getByText("1 change waits and will be sent.").waitFor();
  await page.getByRole("link", { name: "New post" }).first().click();
  await page.getByLabel("Your post").fill("Written in the tunnel");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText("It will be sent when there is a connection.").first().waitFor();
  await page.getByText("Written in the tunnel").waitFor();
  await expectAccessible(page);
  await pictures(page, "offline");

  // The train is long, and the phone restarts the browser.
  await page.reload();
  await page.getByText("Before the tunnel").waitFor();
  await page.getByText("Written in the tunnel").waitFor();
  await page.getByText("2 changes wait and will be sent.").waitFor();
  await page.locator(".post-action.heart.on").waitFor();
  await bob.client.rpc("write_post", { content: "Meanwhile outside" }).throwOnError();
  const liked = () => alice.client.from("likes").select("post_id").eq("user_id", alice.id).throwOnError();

  await comeBack(context, page);
  await expect.poll(async () => (await liked()).data).toEqual([{ post_id: post.id }]);
  const written = () => alice.client.from("posts").select("content").eq("author_id", alice.id).throwOnError();
  await expect.poll(async () => (await written()).data).toEqual([{ content: "Written in the tunnel" }]);
  await expect.poll(() => page.getByText("You are offline.").count()).toBe(0);
  const pill = page.getByRole("button", { name: /new post/ });
  if ((await page.getByText("Meanwhile outside").count()) === 0) await pill.click();
  await page.getByText("Meanwhile outside").waitFor();
  expect(complaintsOf(context)).toEqual([]);
});

test("a post that the server refuses is kept, with the reason, and can be tried again", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { data: post } = await bob.client.rpc("write_post", { content: "Soon gone" }).throwOnError();
  const { page, context } = alice;
  await page.goto(`/compose?reply=${post.id}`);
  await page.getByLabel("Your answer").fill("A careful answer");
  await kept(page);
  await context.setOffline(true);
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText("It will be sent when there is a connection.").first().waitFor();
  await bob.client.from("posts").delete().eq("id", post.id).throwOnError();
  await page.reload();
  await page.getByText("A careful answer").waitFor();
  await comeBack(context, page);
  const line = page.locator(".unsent .draft").filter({ hasText: "A careful answer" });
  await line.getByText("This was not sent. This post is not there, or you cannot see it.").waitFor();
  await pictures(page, "not-sent");
  await expectAccessible(page);
  await line.getByRole("button", { name: "Try again" }).click();
  await line.getByText("This was not sent.").waitFor();
  await line.getByRole("button", { name: "Delete" }).click();
  await expect.poll(() => page.getByText("A careful answer").count()).toBe(0);
});
