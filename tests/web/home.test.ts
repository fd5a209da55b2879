/** Home: signing in, the feed, and posts that come while somebody reads. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
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

test("alice signs in on the page, and sees the posts of bob, because she follows him", async () => {
  const [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  await bob.client.from("posts").insert({ content: "Good morning, plaza" }).throwOnError();
  await alice.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  const { context, page } = await device();
  await page.goto("/sign-in");
  await page.getByLabel("E-mail").fill(alice.email);
  await page.getByLabel("Password").fill("wrong");
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByText("The e-mail address or the password is wrong.").waitFor();
  expect(await page.getByLabel("E-mail").inputValue()).toBe(alice.email);
  await page.getByLabel("Password").fill(alice.password);
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Good morning, plaza").waitFor();
  expect(await page.title()).toBe("Home · Plaza");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "home");
  expect(complaintsOf(context)).toEqual([]);
});

test("a new post waits behind a button, and nothing moves until alice asks for it", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  await alice.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  await bob.client.from("posts").insert({ content: "The first" }).throwOnError();
  await alice.page.reload();
  await alice.page.getByText("The first").waitFor();
  await bob.client.from("posts").insert({ content: "The second" }).throwOnError();
  // The page asks again when it is looked at.
  await alice.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  const pill = alice.page.getByRole("button", { name: "1 new post" });
  await pill.waitFor();
  // A screen reader tells it.
  expect(await alice.page.locator(".unseen[aria-live=polite]").textContent()).toBe("1 new post");
  expect(await alice.page.getByText("The second").count()).toBe(0);
  await pill.click();
  await alice.page.getByText("The second").waitFor();
  expect(await alice.page.evaluate(() => document.activeElement?.textContent)).toContain("The second");
  expect(complaintsOf(alice.context)).toEqual([]);
});
