/** The first posts of home: what they wait for, and what is shown before they come. */
import type { BrowserContext, Page, Route } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import { closeBrowser, complaintsOf, device, unopenedDevice, visitor } from "./browser.ts";

afterAll(closeBrowser);

/** Requests that wait until the test lets them go, from when this resolves. */
async function held(
  on: Page | BrowserContext,
  url: string | RegExp,
): Promise<{ asked(): number; release(): Promise<void> }> {
  const waiting: Route[] = [];
  let isOpen = false;
  await on.route(url, (route) => {
    if (isOpen) return route.continue();
    waiting.push(route);
    return undefined;
  });
  return {
    asked: () => waiting.length,
    async release() {
      isOpen = true;
      // Those of a page that is gone cannot go on.
      await Promise.allSettled(waiting.map((route) => route.continue()));
    },
  };
}

test("home asks for its posts before any file is there, and draws them before it asks for supabase-js", async () => {
  const alice = await signUp("alice");
  const { client } = alice;
  await client.rpc("write_post", { content: "The first post" }).throwOnError();
  // A service worker, or a page before, would have the files already.
  const { page, context } = await unopenedDevice(alice, { serviceWorkers: "block" });
  const files = await held(page, /\/assets\//);
  const supabase = await held(page, /\/assets\/supabase-.*\.js/);
  const answered = page.waitForResponse((answer) => answer.url().endsWith("/rpc/home_feed"));
  // When the frame began that shows the first post.
  await page.addInitScript(() => {
    const look = () =>
      document.querySelector("article") ? performance.mark("post-is-there") : requestAnimationFrame(look);
    look();
  });
  await page.goto("/", { waitUntil: "commit" });
  expect((await answered).status()).toBe(200);
  expect(await page.locator("main").count()).toBe(0);
  await files.release();
  await page.getByText("The first post").waitFor();
  await expect.poll(supabase.asked).toBe(1);

  // What she does now waits for supabase-js.
  await page.getByRole("button", { name: "Like" }).click();
  await page.locator(".post-action.heart.on").waitFor();
  // Only hers: she also sees those of people who show them.
  const likes = async () =>
    (await client.from("likes").select("post_id").eq("user_id", alice.id).throwOnError()).data;
  expect(await likes()).toEqual([]);
  // The page is closed before that. Her like is not lost.
  await page.reload();
  await page.locator(".post-action.heart.on").waitFor();
  await expect.poll(supabase.asked).toBe(2);
  expect(await likes()).toEqual([]);
  await supabase.release();
  await expect.poll(likes).toHaveLength(1);
  const startOf = (part: string) =>
    page.evaluate(
      (name) => performance.getEntries().find((entry) => entry.name.includes(name))?.startTime ?? Number.NaN,
      part,
    );
  expect(await startOf("/assets/supabase-")).toBeGreaterThan(await startOf("post-is-there"));
  expect(complaintsOf(context)).toEqual([]);
});

test("a guest sees the public posts as early", async () => {
  const bob = await signUp("bob");
  await bob.client.rpc("write_post", { content: "For guests" }).throwOnError();
  const { page } = await device({ serviceWorkers: "block" });
  const supabase = await held(page, /\/assets\/supabase-.*\.js/);
  await page.goto("/");
  await page.getByText("For guests").first().waitFor();
  // The page's header names its script and its style before the page does. Each is asked for once.
  const names = await page.evaluate(() => performance.getEntriesByType("resource").map(({ name }) => name));
  const files = names.filter((name) => name.includes("/assets/first-")).map((name) => name.split(".").at(-1));
  expect(files.sort()).toEqual(["css", "js"]);
  await expect.poll(supabase.asked).toBe(1);
  await supabase.release();
});

test("a guest who reads German gets the German words together with the script, and not after it", async () => {
  const { page, context } = await device({ serviceWorkers: "block", locale: "de-AT" });
  const script = await held(page, /\/assets\/first-.*\.js/);
  const words = page.waitForRequest(/\/assets\/de-.*\.js/);
  await page.goto("/", { waitUntil: "commit" });
  await words;
  expect(await page.locator("main").count()).toBe(0);
  await script.release();
  await page.getByRole("heading", { name: "Willkommen auf der Plaza" }).waitFor();
  expect(complaintsOf(context)).toEqual([]);
});

test("if the token is no longer valid, supabase-js gets a new one, and home comes after that", async () => {
  const { page, client } = await visitor("alice", { serviceWorkers: "block" });
  await client.rpc("write_post", { content: "Still here" }).throwOnError();
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  const age = () =>
    page.evaluate(() => {
      const session = JSON.parse(localStorage.getItem("plaza.session") ?? "{}");
      localStorage.setItem("plaza.session", JSON.stringify({ ...session, expires_at: 1_000 }));
      for (const key of Object.keys(localStorage)) if (key.includes(".feed.")) localStorage.removeItem(key);
    });
  await age();
  const before: string[] = [];
  page.on("request", (request) => before.push(new URL(request.url()).pathname));
  await page.reload();
  await page.getByText("Still here").waitFor();
  const own = before.filter((path) => /\/token$|\/home_feed$/.test(path));
  expect(own[0]).toMatch(/\/token$/);
});

test("the posts of the last visit show at once. Those who read them are not moved by new ones", async () => {
  const { page, client, id } = await visitor("alice", { serviceWorkers: "block" });
  const write = (content: string) => client.from("posts").insert({ author_id: id, content }).throwOnError();
  for (let index = 1; index <= 12; index++) await write(`Old ${index}. ${"word ".repeat(60)}`);
  await page.reload();
  await page.getByText("Old 12.").waitFor();
  // They are kept once the page has time.
  await page.waitForFunction(() => Object.values(localStorage).some((kept) => kept.includes("Old 12.")));
  await write("New on top");

  // Nobody reads yet: the new post comes in.
  let feed = await held(page, "**/rpc/home_feed");
  await page.reload();
  await page.getByText("Old 12.").waitFor();
  expect(await page.getByText("New on top").count()).toBe(0);
  await feed.release();
  await page.getByText("New on top").waitFor();
  await page.unroute("**/rpc/home_feed");

  // She reads: the new post waits, and what is gone leaves.
  await write("Newer on top");
  await client.from("posts").delete().like("content", "Old 12.%").throwOnError();
  feed = await held(page, "**/rpc/home_feed");
  await page.reload();
  await page.getByText("Old 11.").waitFor();
  await page.evaluate(() => scrollTo({ top: 900, behavior: "instant" }));
  await feed.release();
  await page.getByRole("button", { name: "1 new post" }).waitFor();
  expect(await page.getByText("Newer on top").count()).toBe(0);
  await expect.poll(() => page.getByText("Old 12.").count()).toBe(0);
  await page.getByRole("button", { name: "1 new post" }).click();
  await page.getByText("Newer on top").waitFor();
});
