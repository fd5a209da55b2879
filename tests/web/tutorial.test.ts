/** The page of docs/tutorial, step by step as a newcomer adds them, in a real browser and served by the same Vite. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { createServer, type ViteDevServer } from "vite";
import { afterAll, beforeAll, expect, test } from "vitest";
import { codeIn, freshUsername, mailTo, type Person, signUp, target } from "../people.ts";
import { closeBrowser, device } from "./browser.ts";
import { follow, say } from "./chat.ts";

const root = join(import.meta.dirname, "../..");
/** The steps of the tutorial, in its order. A heading is `## 1. Sign up`. */
const steps: { title: string; code: string }[] = [];
const dave = { username: freshUsername("dave"), password: "correct horse" };
const email = `${dave.username}@example.com`;
let dir: string;
let server: ViteDevServer;
let page: Page;
let alice: Person;

beforeAll(async () => {
  const text = await readFile(join(root, "docs/tutorial/first-page.md"), "utf8");
  const html = /```html\n([\s\S]+?)```/.exec(text)?.[1] ?? "";
  for (const [, title = "", code = ""] of text.matchAll(/^## \d+\. (.+)\n\n```js\n([\s\S]+?)```$/gm))
    steps.push({ title, code });
  // As deep as my-page, so that it finds the same files.
  dir = await mkdtemp(join(root, ".my-page-"));
  await writeFile(join(dir, "index.html"), html);
  await writeFile(join(dir, "page.js"), "");
  server = await createServer({
    root: dir,
    configFile: false,
    cacheDir: join(dir, ".vite"),
    server: { host: "127.0.0.1", port: 0, hmr: false },
    logLevel: "error",
  });
  await server.listen();
  alice = await signUp("alice");
  ({ page } = await device({ baseURL: server.resolvedUrls?.local[0] }));
});
afterAll(async () => {
  await closeBrowser();
  await server?.close();
  await rm(dir, { recursive: true, force: true });
});

/** The page with the steps up to this one. */
async function upTo(title: string): Promise<void> {
  const last = steps.findIndex((step) => step.title === title);
  expect(last, `a step "${title}"`).toBeGreaterThanOrEqual(0);
  const { url, publishableKey } = target();
  const code = steps
    .slice(0, last + 1)
    .map((step) => step.code)
    .join("\n")
    .replace("http://127.0.0.1:54321", url)
    .replace(/sb_publishable_[\w-]+/, publishableKey);
  expect(code).toContain(url);
  await writeFile(join(dir, "page.js"), code);
  await page.goto("/");
}

async function submit(id: string, values: Record<string, string>): Promise<void> {
  for (const [name, value] of Object.entries(values)) await page.fill(`#${id} [name=${name}]`, value);
  await page.click(`#${id} button`);
}

const problem = () => page.locator("#problem").textContent();
const lines = (list: string) => page.locator(`#${list} li`).allTextContents();

test("there are ten steps", () => {
  expect(steps).toHaveLength(10);
});

test("1: dave signs up, after the server refused a name", async () => {
  await upTo("Sign up");
  await submit("sign-up", { username: "x", email, password: dave.password });
  await expect.poll(problem).toContain("username");
  await submit("sign-up", { ...dave, email });
  await expect.poll(problem).toBe("");
});

test("2: dave confirms with the code of the mail, after a wrong one", async () => {
  await upTo("Confirm");
  await submit("confirm", { email, code: "000000" });
  await expect.poll(problem).not.toBe("");
  await submit("confirm", { email, code: codeIn(await mailTo(email)) });
  await page.locator("#member").waitFor();
  expect(await page.locator("#guest").isVisible()).toBe(false);
});

test("3: dave says who he is", async () => {
  await upTo("Your profile");
  await submit("profile", { display_name: "Dave", bio: "<b>I bake.</b>" });
  await page.getByText(`You are Dave (@${dave.username}). <b>I bake.</b>`).waitFor();
  // The form keeps what it shows.
  await submit("profile", { bio: "I bake bread." });
  await page.getByText(`You are Dave (@${dave.username}). I bake bread.`).waitFor();
});

test("4 to 6: dave writes, follows alice, and finds both at home", async () => {
  await alice.client.rpc("write_post", { content: "Good morning" }).throwOnError();
  await upTo("A post");
  await submit("write", { content: "My first bread" });
  await expect.poll(() => page.inputValue("#write [name=content]")).toBe("");
  await upTo("Follow");
  await submit("follow", { username: "nobody_has_this" });
  await expect.poll(problem).toBe("Nobody has this name.");
  await submit("follow", { username: alice.username });
  await expect.poll(problem).toBe("");
  await upTo("Home");
  await expect
    .poll(() => lines("home"))
    .toEqual([`${dave.username}:  My first bread ♡ 0`, `${alice.username}:  Good morning ♡ 0`]);
  await submit("write", { content: "My second bread" });
  await expect.poll(async () => (await lines("home"))[0]).toContain("My second bread");
});

test("7: dave likes alice's post, and takes it back", async () => {
  await upTo("Like");
  await page.getByRole("button", { name: "♡ 0" }).last().click();
  await page.getByRole("button", { name: "♥ 1" }).click();
  await expect.poll(() => page.getByRole("button", { name: "♡ 0" }).count()).toBe(3);
});

test("8 and 9: dave hears at once that alice follows him, and that she answers", async () => {
  await upTo("Live");
  await expect.poll(() => page.title()).toBe("(0) My plaza");
  const { data: found } = await alice.client
    .rpc("profile", { username: dave.username })
    .single()
    .throwOnError();
  await follow(alice, found as Person);
  await expect.poll(() => page.title()).toBe("(1) My plaza");
  await upTo("News");
  await expect.poll(() => lines("news")).toEqual([`${alice.username} followed you`]);
  const { data: posts } = await alice.client
    .from("posts")
    .select("id")
    .eq("author_id", (found as Person).id)
    .throwOnError();
  await alice.client.rpc("write_post", { content: "Enjoy!", reply_to_id: posts[0]?.id }).throwOnError();
  await expect
    .poll(() => lines("news"))
    .toEqual([`${alice.username} replied to you`, `${alice.username} followed you`]);
});

test("10: dave and alice chat", async () => {
  await upTo("Chat");
  await submit("chat", { username: alice.username });
  await expect.poll(() => page.inputValue("#chat [name=username]")).toBe("");
  await submit("say", { content: "Hello Alice" });
  await expect.poll(() => lines("messages")).toEqual([`${dave.username}: Hello Alice`]);
  const { data: chats } = await alice.client.rpc("conversations", { folder: "inbox" }).throwOnError();
  await say(alice, chats[0].id, "Hello Dave");
  await expect
    .poll(() => lines("messages"))
    .toEqual([`${dave.username}: Hello Alice`, `${alice.username}: Hello Dave`]);
  expect(await problem()).toBe("");
});

test("dave signs in again, and sees at once what is his: nothing is reloaded", async () => {
  await page.evaluate(() => localStorage.clear());
  await page.goto("/");
  await page.locator("#guest").waitFor();
  await submit("sign-in", { email, password: dave.password });
  await page.getByText("You are Dave").waitFor();
  // Sooner than the next look of setInterval.
  await expect.poll(() => lines("home"), { timeout: 15_000 }).toHaveLength(4);
  await submit("say", { content: "Hello?" });
  await expect.poll(problem).toBe("Open a chat first.");
  expect(await page.inputValue("#say [name=content]")).toBe("Hello?");
});

test("dave asks to follow somebody whose account is private, and reads that they have to accept", async () => {
  const frank = await signUp("frank");
  await frank.client.from("profiles").update({ is_private: true }).eq("id", frank.id).throwOnError();
  await submit("follow", { username: frank.username });
  await expect.poll(problem).toBe(`${frank.username} is private, and has to accept.`);
});
