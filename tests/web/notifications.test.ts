/** Notifications: they come by themselves, and what is read is read on all devices. */
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  expectAccessible,
  expectNoSidewaysScroll,
  pictures,
  signedInDevice,
  visitor,
} from "./browser.ts";
import { follow } from "./chat.ts";

afterAll(closeBrowser);

const badge = (page: Page, count: number) =>
  page.getByRole("link", { name: new RegExp(`Notifications.*${count} unread`) });

test("a like shows at once, is read on both devices, and can be unread again", async () => {
  const [alice, bob, carol] = await Promise.all([
    visitor("alice"),
    signUp("bob", { display_name: "Bob" }),
    signUp("carol", { display_name: "Carol" }),
  ]);
  const other = await signedInDevice(alice);
  const { page } = alice;
  await page.goto("/notifications");
  await page.getByText("Nothing has happened yet").waitFor();
  const { data: post } = await alice.client
    .from("posts")
    .insert({ content: `My <b>first</b> post ${"extraordinarily ".repeat(30)}` })
    .select("id")
    .single()
    .throwOnError();
  await bob.client.from("likes").insert({ post_id: post.id }).throwOnError();
  await page.getByText("Bob likes your post").waitFor();
  await carol.client.from("likes").insert({ post_id: post.id }).throwOnError();
  await page.getByText("Carol and 1 other like your post").waitFor();
  expect(await page.locator("article").count()).toBe(1);
  await badge(other.page, 1).first().waitFor();
  await expect.poll(() => other.page.title()).toBe("(1) Home · Plaza");
  await follow(carol, alice);
  await bob.client
    .from("posts")
    .insert({ content: "مرحبا! What a garden", reply_to_id: post.id })
    .throwOnError();
  await page.getByText("Bob answered you").waitFor();
  await page.getByText("Carol follows you").waitFor();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "notifications");

  await page.getByRole("button", { name: "Mark everything as read" }).click();
  await expect.poll(() => badge(other.page, 3).count()).toBe(0);
  await expect.poll(() => other.page.title()).toBe("Home · Plaza");
  await page
    .getByRole("article")
    .filter({ hasText: "follows you" })
    .getByRole("button", { name: "Mark as unread" })
    .click();
  await badge(other.page, 1).first().waitFor();
  await other.page.goto("/notifications");
  await other.page.locator(".notification.fresh").filter({ hasText: "Carol follows you" }).waitFor();
  // She looks at who it is, so it is read.
  await other.page.getByRole("link", { name: "Carol" }).first().click();
  await expect.poll(() => badge(page, 1).count()).toBe(0);

  await page.getByRole("link", { name: "1 other" }).click();
  await page.getByRole("article").filter({ hasText: "Bob" }).waitFor();
  await expectAccessible(page);
  // An unlike takes it away.
  await page.goto("/notifications?show=mentions");
  await page.getByText("Bob answered you").waitFor();
  expect(await page.getByText("like your post").count()).toBe(0);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("a kind that is newer than the client is told by its sentence", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob", { display_name: "Bob" })]);
  const { data: post } = await alice.client
    .from("posts")
    .insert({ content: "A post" })
    .select("id")
    .single()
    .throwOnError();
  await bob.client.from("likes").insert({ post_id: post.id }).throwOnError();
  // A server of next year calls the same group by a new kind.
  await alice.page.route("**/rest/v1/rpc/notifications*", async (route) => {
    if (route.request().method() === "OPTIONS") return route.continue();
    const response = await route.fetch();
    const rows: object[] = await response.json();
    await route.fulfill({
      response,
      json: rows.map((row) => ({ ...row, kind: "waved", fallback: "Bob waved at you" })),
    });
  });
  await alice.page.goto("/notifications");
  await alice.page.getByRole("article").filter({ hasText: "Bob waved at you" }).waitFor();
  await alice.page.unrouteAll({ behavior: "wait" });
  await alice.page.reload();
  await alice.page.getByRole("article").filter({ hasText: "Bob likes your post" }).waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice chooses what she hears of, and answers a request that was filtered", async () => {
  const [alice, bob, mallory] = await Promise.all([
    visitor("alice"),
    signUp("bob", { display_name: "Bob" }),
    signUp("mallory", { display_name: `<img src=x onerror="document.title='hacked'">` }),
  ]);
  await alice.client.from("profiles").update({ is_private: true }).eq("id", alice.id).throwOnError();
  const { page } = alice;
  await page.goto("/notifications/settings");
  const part = page.getByRole("group", { name: "Requests to follow you" });
  await part.getByLabel("From", { exact: true }).selectOption({ label: "People you follow" });
  await page.getByRole("group", { name: "Likes" }).getByLabel("How").selectOption({ label: "Not at all" });
  await expect
    .poll(async () => (await alice.client.from("notification_preferences").select("kind")).data?.length)
    .toBe(2);
  await page.reload();
  await expect.poll(() => part.getByLabel("From", { exact: true }).inputValue()).toBe("following");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "notifications-settings");

  await page.goto("/notifications");
  await page.getByText("Nothing has happened yet").waitFor();
  await Promise.all([follow(bob, alice), follow(mallory, alice)]);
  await page.getByText("2 people outside your preferences ask to follow you").waitFor();
  await page.locator(".faces").waitFor();
  await page.getByRole("link", { name: "Accept or decline" }).click();
  const bobs = page.getByRole("article").filter({ hasText: "Bob" });
  await bobs.getByRole("button", { name: "Accept" }).click();
  await expect.poll(() => bobs.count()).toBe(0);
  await page.getByRole("article").filter({ hasText: "onerror" }).waitFor();
  await expectAccessible(page);
  await pictures(page, "notifications-people");
  const { data } = await alice.client
    .from("follows")
    .select("follower_id")
    .eq("followee_id", alice.id)
    .throwOnError();
  expect(data).toEqual([{ follower_id: bob.id }]);
  expect(complaintsOf(alice.context)).toEqual([]);
});
