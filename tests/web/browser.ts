/**
 * A real Chromium for the tests of the web client. A context is a person at a device of their own.
 */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { guest, type Person, signUp } from "../people.ts";
import { launchBrowser } from "./launch.ts";

/** Git ignores it. Look at the pictures after a change. */
const picturesDir = join(import.meta.dirname, ".screenshots");
/** The widths of a small phone, a tablet and a desktop, in CSS pixels. */
export const widths = [320, 768, 1280];
export const themes = ["light", "dark"] as const;

/** The address of the web client under test. */
export function webUrl(): string {
  const url = process.env.PLAZA_WEB_URL;
  if (!url) throw new Error("The tests of the web client run in the vitest project `web`");
  return url;
}

let launching: Promise<Browser> | undefined;

/** The browser of this test file. Close it in `afterAll` with `closeBrowser()`. */
export function browser(): Promise<Browser> {
  launching ??= launchBrowser();
  return launching;
}

export async function closeBrowser(): Promise<void> {
  await (await launching)?.close();
  launching = undefined;
}

/** A person at a device: the page, and the same person with supabase-js. */
export interface Visitor extends Person {
  context: BrowserContext;
  page: Page;
}

/** What the pages of a context did that they should not: errors, and what the policy refused. */
const complaints = new WeakMap<BrowserContext, string[]>();

/** A device where nobody is signed in. */
export async function device(
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const context = await (await browser()).newContext({
    baseURL: webUrl(),
    locale: "en-GB",
    reducedMotion: "reduce",
    viewport: { width: 1000, height: 800 },
    ...options,
  });
  const found: string[] = [];
  complaints.set(context, found);
  context.on("page", (page) => {
    page.on("pageerror", (error) => found.push(`${error}`));
    page.on("console", (message) => {
      // A request that is refused, or that has no network, is not a mistake of the page.
      if (message.type() === "error" && !/Failed to load resource|net::ERR|WebSocket/.test(message.text()))
        found.push(message.text());
    });
  });
  context.setDefaultTimeout(20_000);
  return { context, page: await context.newPage() };
}

/** Errors, and what the Content-Security-Policy refused, since the device was made. */
export function complaintsOf(context: BrowserContext): string[] {
  return complaints.get(context) ?? [];
}

/**
 * A new person, signed up through the API, with a page at home.
 * @param name what the test calls this person
 */
export async function visitor(
  name: string,
  options: BrowserContextOptions & { display_name?: string } = {},
): Promise<Visitor> {
  const { display_name, ...contextOptions } = options;
  const person = await signUp(name, display_name === undefined ? {} : { display_name });
  return { ...person, ...(await signedInDevice(person, contextOptions)) };
}

/** Another device of a person. It takes over the session of the person's client. */
export async function signedInDevice(
  person: Person,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const opened = await unopenedDevice(person, options);
  await opened.page.goto("/");
  return opened;
}

/** The same, before it opens the first page. So it has no file of the client yet. */
export async function unopenedDevice(
  person: Person,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: Page }> {
  const { context, page } = await device(options);
  const session = await sessionOf(person);
  await context.addInitScript(
    ([key, value]) => {
      if (localStorage.getItem(key) === null && sessionStorage.getItem("given") === null)
        localStorage.setItem(key, value);
      sessionStorage.setItem("given", "yes");
    },
    ["plaza.session", session] as const,
  );
  return { context, page };
}

/** A session of its own, so that two clients never use up one refresh token. */
async function sessionOf({ email, password }: Person): Promise<string> {
  const { data, error } = await guest().auth.signInWithPassword({ email, password });
  if (error) throw error;
  return JSON.stringify(data.session);
}

/** Opens a page, and waits until everything on it is there. */
export async function arrive(page: Page, at: string): Promise<void> {
  await page.goto(at);
  const headings = page.getByRole("heading", { level: 1 });
  await expect.poll(() => headings.count(), { message: `a heading at ${at}` }).toBe(1);
  // Some pages wait for two things. A part that is folded away waits until somebody opens it.
  const waiting = page.locator(".waiting").filter({ visible: true });
  await expect.poll(() => waiting.count(), { message: `an end of waiting at ${at}` }).toBe(0);
}

/** Fails if axe finds anything, in either theme. */
export async function expectAccessible(page: Page): Promise<void> {
  // A page that loads its file later has no heading before.
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  for (const colorScheme of themes) {
    await page.emulateMedia({ colorScheme });
    // Not addScriptTag: the page's policy would refuse it.
    if (colorScheme === themes[0]) await page.evaluate(axe.source);
    // Only the colours differ between the themes.
    const options = colorScheme === themes[0] ? {} : { runOnly: ["color-contrast"] };
    const found = await page.evaluate(
      (options) => (window as unknown as { axe: typeof axe }).axe.run(document, options),
      options,
    );
    const told = found.violations.map(({ id, help, nodes }) => ({
      id,
      help,
      where: nodes.map(({ html }) => html.slice(0, 200)),
    }));
    expect({ theme: colorScheme, at: page.url(), found: told }).toEqual({
      theme: colorScheme,
      at: page.url(),
      found: [],
    });
  }
}

/** Writes a picture of the page in both themes and three widths. @param name of the files */
export async function pictures(page: Page, name: string): Promise<void> {
  await mkdir(picturesDir, { recursive: true });
  const before = page.viewportSize();
  for (const colorScheme of themes) {
    for (const width of widths) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: width < 500 ? 640 : 800 });
      await page.screenshot({ path: join(picturesDir, `${name}-${colorScheme}-${width}.png`) });
    }
  }
  if (before) await page.setViewportSize(before);
}

/** Fails if the page is wider than its window. It must not, down to 320 pixels. */
export async function expectNoSidewaysScroll(page: Page): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize({ width: 320, height: 640 });
  const tooWide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  expect(tooWide).toBeLessThanOrEqual(0);
  if (before) await page.setViewportSize(before);
}

/** All that holds for every page: axe finds nothing, it fits a small phone, and there are pictures of it. */
export async function expectGood(page: Page, name: string): Promise<void> {
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, name);
}

/** The network is back. Chromium does not always tell this to a page that was loaded without one. */
export async function comeBack(context: BrowserContext, page: Page): Promise<void> {
  await context.setOffline(false);
  await page.evaluate(() => window.dispatchEvent(new Event("online")));
}

/** Waits until the page and its files are kept on the device. */
export async function kept(page: Page): Promise<void> {
  const isKept = () =>
    page.evaluate(
      async () => navigator.serviceWorker.controller !== null && (await caches.match("/")) !== undefined,
    );
  await expect.poll(isKept).toBe(true);
}
