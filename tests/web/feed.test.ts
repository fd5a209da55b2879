/** Long feeds, the keyboard, and the pages of tags, lists and bookmarks. */
import { afterAll, expect, test } from "vitest";
import { service, signUp } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  device,
  expectAccessible,
  expectNoSidewaysScroll,
  pictures,
  visitor,
} from "./browser.ts";

afterAll(closeBrowser);

test("of a long timeline only what is near is in the document, and going back finds the same place", async () => {
  const { page, id, context } = await visitor("alice");
  const rows = Array.from({ length: 400 }, (_, index) => ({
    author_id: id,
    content: `Post number ${index}`,
  }));
  await service().from("posts").insert(rows).throwOnError();
  await page.reload();
  await page.getByText("Post number 399").waitFor();
  const first = await page.locator("article").first().getAttribute("aria-posinset");
  expect(first).toBe("1");
  let most = 0;
  await expect
    .poll(
      async () => {
        await page.evaluate(() => scrollBy({ top: 5_000, behavior: "instant" }));
        most = Math.max(most, await page.locator("article").count());
        return page.getByText("You have seen it all.").isVisible();
      },
      { interval: 50, timeout: 60_000 },
    )
    .toBe(true);
  expect(most).toBeLessThan(160);
  const last = page.locator("article").last();
  expect(await last.getAttribute("aria-posinset")).toBe("400");
  expect(await last.textContent()).toContain("Post number 0");

  // From the middle into a post, and back.
  await page.evaluate(() => scrollTo({ top: document.body.scrollHeight / 2, behavior: "instant" }));
  // Until the rows of this place are in the document.
  const inWindow = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll("article")].find((each) => {
          const { top, bottom } = each.getBoundingClientRect();
          return top > 80 && bottom < innerHeight - 80;
        })?.id,
    );
  await expect.poll(inWindow).toBeDefined();
  const middle = await inWindow();
  const place = await page.evaluate(() => scrollY);
  await page.locator(`#${middle} .post-time`).click();
  await page.getByRole("heading", { name: "Post" }).waitFor();
  await page.goBack();
  await expect.poll(() => page.evaluate(() => scrollY)).toBeGreaterThan(place - 50);
  await page.locator(`#${middle}`).waitFor();
  expect(complaintsOf(context)).toEqual([]);
});

test("alice reads, likes and answers without touching the mouse", async () => {
  const { page, client, id } = await visitor("alice");
  for (const content of ["One", "Two", "Three"]) await client.rpc("write_post", { content }).throwOnError();
  await page.reload();
  await page.getByText("Three", { exact: true }).waitFor();
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? "");
  await page.keyboard.press("j");
  expect(await focused()).toContain("Three");
  await page.keyboard.press("j");
  expect(await focused()).toContain("Two");
  await page.keyboard.press("PageDown");
  expect(await focused()).toContain("One");
  await page.keyboard.press("k");
  expect(await focused()).toContain("Two");
  await page.keyboard.press("l");
  await page.locator(".post-action.heart.on").waitFor();
  const liked = () => client.from("likes").select("post_id").eq("user_id", id).throwOnError();
  await expect.poll(async () => (await liked()).data).toHaveLength(1);

  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await expectAccessible(page);
  await pictures(page, "shortcuts");
  await page.getByLabel("Use shortcuts").uncheck();
  await page.keyboard.press("Escape");
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
  // The dialog gives the focus back. Until then the whole page has it.
  await expect.poll(focused).not.toContain("Three");
  const before = await focused();
  expect(before).toContain("Two");
  await page.keyboard.press("j");
  expect(await focused()).toBe(before);

  await page.keyboard.press("?");
  await page.getByLabel("Use shortcuts").check();
  await page.keyboard.press("Escape");
  await page.keyboard.press("n");
  await page.getByLabel("Your post").waitFor();
  await page.keyboard.type("No mouse? njl");
  expect(await page.getByLabel("Your post").inputValue()).toBe("No mouse? njl");
  await page.keyboard.press("Control+Enter");
  await page.getByText("Your post is out.").waitFor();
});

test("tags, bookmarks and lists: alice follows a tag, keeps a post, and makes a list of bob", async () => {
  const [alice, bob] = await Promise.all([
    visitor("alice"),
    signUp("bob", { display_name: "Bob of the Lists" }),
  ]);
  const { page, client, id, context } = alice;
  const tag = `garden${Date.now() % 1e9}`;
  await bob.client.rpc("write_post", { content: `Roses #${tag}` }).throwOnError();

  await page.goto(`/tags/${tag}`);
  await page.getByText("Roses").waitFor();
  await page.getByRole("button", { name: "Follow" }).click();
  await page.getByRole("button", { name: "Following" }).waitFor();
  const follows = () => client.from("tag_follows").select("tag").throwOnError();
  await expect.poll(async () => (await follows()).data).toEqual([{ tag }]);
  await expectAccessible(page);
  await pictures(page, "tag");

  await page.getByRole("button", { name: "Bookmark" }).click();
  await page.locator(".post-action.bookmark.on").waitFor();
  await expect
    .poll(async () => (await client.from("bookmarks").select("post_id").throwOnError()).data)
    .toHaveLength(1);
  await page.getByRole("link", { name: "Bookmarks" }).click();
  await page.getByText("Roses").waitFor();
  await expectAccessible(page);

  await page.getByRole("link", { name: "Lists", exact: true }).click();
  await page.getByText("You have no lists").waitFor();
  await expectAccessible(page);
  await pictures(page, "lists");
  await page.getByRole("button", { name: "New list" }).click();
  // The dialog begins at its first field.
  await expect.poll(() => page.evaluate(() => document.activeElement?.getAttribute("name"))).toBe("name");
  await page.getByLabel("Name").fill("Gardeners");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: "Gardeners" }).waitFor();
  await page.getByRole("button", { name: "People" }).click();
  await page.getByLabel("Find people").fill("Bob of the Lists");
  await page.getByRole("button", { name: "Search" }).click();
  await page.getByRole("button", { name: "Add" }).first().click();
  await page.getByRole("button", { name: "Remove" }).waitFor();
  await expectAccessible(page);
  await pictures(page, "list-people");
  await page.getByRole("button", { name: "Close" }).click();
  await page.getByText("Roses").waitFor();
  await expectNoSidewaysScroll(page);
  await pictures(page, "list");
  const { data } = await client.from("lists").select("name, is_private").eq("owner_id", id).throwOnError();
  expect(data).toEqual([{ name: "Gardeners", is_private: true }]);
  expect(complaintsOf(context)).toEqual([]);
});

test("who is not signed in reads what is for everyone, in German too, and is asked to sign in for the rest", async () => {
  const bob = await signUp("bob");
  await bob.client.rpc("write_post", { content: "Für alle" }).throwOnError();
  const { page, context } = await device({ locale: "de-DE" });
  await page.goto("/");
  await page.getByRole("heading", { name: "Willkommen auf der Plaza" }).waitFor();
  await page.getByText("Für alle").waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
  await expectAccessible(page);
  await pictures(page, "welcome");
  await page.goto("/bookmarks");
  await page.getByRole("heading", { name: "Anmelden" }).waitFor();
  expect(new URL(page.url()).searchParams.get("to")).toBe("/bookmarks");
  await page.goto("/nothing/here");
  await page.getByText("Diese Seite gibt es nicht.").waitFor();
  await expectAccessible(page);
  expect(complaintsOf(context)).toEqual([]);
});
