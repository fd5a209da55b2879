/** Pages that are opened again: a link shows what is there now, and going back shows what was left. */
import { randomUUID } from "node:crypto";
import { afterAll, expect, test } from "vitest";
import { signUp, target } from "../people.ts";
import { closeBrowser, complaintsOf, type Visitor, visitor } from "./browser.ts";

afterAll(closeBrowser);

const main = ({ page }: Visitor) => page.getByRole("main");
const open = ({ page }: Visitor, place: string) =>
  page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: place, exact: true }).click();
const rows = (person: Visitor, words: string) => main(person).getByRole("article").filter({ hasText: words });

async function search({ page }: Visitor, words: string): Promise<void> {
  const field = page.getByRole("searchbox", { name: "Search" });
  await field.fill(words);
  await field.press("Enter");
}

test("home has the posts of bob after alice follows him, and none of carol after she unfollows her", async () => {
  const [alice, bob, carol] = await Promise.all([visitor("alice"), signUp("bob"), signUp("carol")]);
  await alice.client.rpc("follow", { profile_id: carol.id }).throwOnError();
  await carol.client.from("profiles").update({ is_private: true }).eq("id", carol.id).throwOnError();
  await carol.client.from("posts").insert({ content: "Only for friends" }).throwOnError();
  await bob.client.from("posts").insert({ content: "From the street" }).throwOnError();
  await alice.page.reload();
  await rows(alice, "Only for friends").waitFor();

  await open(alice, "Search");
  await search(alice, bob.username);
  await alice.page.getByRole("link", { name: "People", exact: true }).click();
  await main(alice)
    .getByRole("button", { name: `Follow @${bob.username}` })
    .click();
  const follows = async () =>
    (await alice.client.from("follows").select("followee_id").eq("follower_id", alice.id)).data;
  await expect.poll(follows).toHaveLength(2);
  await open(alice, "Home");
  await rows(alice, "From the street").waitFor();

  await rows(alice, "Only for friends").locator(".person-name").click();
  await main(alice).getByRole("button", { name: "Following @" }).click();
  await alice.page.getByRole("dialog").getByRole("button", { name: "Unfollow" }).click();
  await main(alice).getByText("This account is private").waitFor();
  await alice.page.goBack();
  await rows(alice, "From the street").waitFor();
  expect(await rows(alice, "Only for friends").count()).toBe(0);
  // Neither the next visit nor one without a network shows them.
  const stored = await alice.page.evaluate(() => JSON.stringify({ ...localStorage }));
  expect(stored).toContain("From the street");
  expect(stored).not.toContain("Only for friends");

  // Nobody tells alice that bob blocks her.
  await bob.client.from("blocks").insert({ blocked_id: alice.id }).throwOnError();
  await open(alice, "Search");
  await main(alice).getByRole("searchbox").waitFor();
  await open(alice, "Home");
  await alice.page.getByText("Your home is quiet").waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice opens bookmarks, a search, followers and a tag again, and sees what is new", async () => {
  const [alice, bob, carol] = await Promise.all([visitor("alice"), signUp("bob"), signUp("carol")]);
  const { page, client, context } = alice;
  const word = `w${randomUUID().slice(0, 8)}`;
  await client.from("posts").insert({ content: "Roses" }).throwOnError();
  await page.reload();
  await open(alice, "Bookmarks");
  await main(alice).getByText("No bookmarks yet").waitFor();
  await open(alice, "Home");
  await rows(alice, "Roses").getByRole("button", { name: "Bookmark" }).click();
  const bookmarks = async () => (await client.from("bookmarks").select("post_id").throwOnError()).data;
  await expect.poll(bookmarks).toHaveLength(1);
  await open(alice, "Bookmarks");
  await rows(alice, "Roses").waitFor();

  await open(alice, "Search");
  await search(alice, word);
  await main(alice).getByText("Nothing was found").waitFor();
  await bob.client
    .from("posts")
    .insert({ content: `Here is ${word}` })
    .throwOnError();
  await search(alice, word);
  await rows(alice, `Here is ${word}`).waitFor();

  await page.goto(`/@${bob.username}/followers`);
  const tab = (name: string) => main(alice).getByRole("link", { name, exact: true }).click();
  await main(alice).getByText("Nobody follows yet").waitFor();
  await tab("Following");
  await main(alice).getByText("Follows nobody yet").waitFor();
  await carol.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  await tab("Followers");
  await rows(alice, carol.username).waitFor();

  await page.goto(`/tags/${word}`);
  await page.getByRole("link", { name: "Write the first post" }).click();
  await page.getByLabel("Your post").press("End");
  await page.getByLabel("Your post").pressSequentially(" is new");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByRole("heading", { name: `#${word}` }).waitFor();
  await rows(alice, "is new").waitFor();
  expect(complaintsOf(context)).toEqual([]);
});

test("a request to follow appears on the page that is open", async () => {
  const [alice, carol] = await Promise.all([visitor("alice"), signUp("carol")]);
  await alice.client.from("profiles").update({ is_private: true }).eq("id", alice.id).throwOnError();
  await alice.page.goto("/requests");
  await main(alice).getByText("Nobody waits for your answer").waitFor();
  await carol.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  await rows(alice, carol.username).getByRole("button", { name: "Accept" }).waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("the Back of a page stays on the site, and goes to the page before also after a reload", async () => {
  const alice = await visitor("alice");
  const { page, client } = alice;
  const { data: post } = await client.rpc("write_post", { content: "Good morning" }).throwOnError();
  const back = () => main(alice).getByRole("button", { name: "Back" }).click();
  // Another site was open before.
  await page.goto(target().url);
  await page.goto(`/posts/${post.id}`);
  await main(alice).locator(".main-post .person-name").click();
  await page.waitForURL(`**/@${alice.username}`);
  await page.reload();
  await back();
  await page.getByRole("heading", { name: "Post", exact: true }).waitFor();
  await page.goForward();
  await page.waitForURL(`**/@${alice.username}`);
  await page.goBack();
  await page.getByRole("heading", { name: "Post", exact: true }).waitFor();
  await back();
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});
