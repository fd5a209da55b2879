/**
 * How large and how fast the web client is: its lines, its kilobytes, the requests of each page, the time to
 * the first post on a throttled phone, and a timeline of 5,000 posts. It starts a platform of its own and a
 * real Chromium. Beside it, 1 MB of scripts is loaded on the same phone: the size of Misskey's client.
 */
import { glob, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Browser, BrowserContext, CDPSession, Page } from "playwright-core";
import { createPlatform } from "../../platform/platform.ts";
import { newestBuild } from "../../platform/web/build.ts";
import { launchBrowser } from "../../tests/web/launch.ts";
import { median } from "../measure.ts";

const rounds = 7;
const longTimeline = 5_000;
/** Lighthouse's phone: a slow 4G network and a processor that is four times slower than this one. */
const phone = { latencyMs: 150, bytesPerS: (1.6 * 1024 * 1024) / 8, slower: 4 };
/** Pages, as the seed's alice sees them, and the read that their content comes with. */
const reads: [path: string, read: string][] = [
  ["/", "home_feed"],
  ["/public", "public_feed"],
  ["/tags/garden", "tag_feed"],
  ["/bookmarks", "bookmarks_feed"],
  ["/lists", "lists"],
  ["/drafts", "drafts"],
];

const root = join(import.meta.dirname, "../..");

export async function run(): Promise<string> {
  await using platform = await createPlatform({ ephemeralPorts: true, web: true });
  const { url, webUrl = "", keys } = platform;
  const browser = await launchBrowser();
  try {
    const admin = createClient(url, keys.secretKey, { auth: { persistSession: false } });
    const session = await sessionOf(url, keys.publishableKey, "alice@example.com", "plaza-demo");
    const sizes = await sizesOf(webUrl);
    const pages = await pagesOf(browser, webUrl, session);
    const first = await firstPosts(browser, webUrl, session);
    const reference = await oneMegabyte(browser);
    const scrolled = await scroll(browser, webUrl, session, admin);
    return [
      "| size | measured | goal |",
      "|---|---|---|",
      `| lines of \`web/\` (TypeScript and CSS) | ${await linesOf()} | |`,
      `| until the first posts: page, script, style and icon, gzipped | ${kb(sizes.first)} kB | 40 kB |`,
      `| first load: the same with supabase-js, gzipped | ${kb(sizes.first + sizes.supabase)} kB | 90 kB |`,
      `| all pages and languages that are loaded when they are opened, gzipped | ${kb(sizes.later)} kB in ${sizes.files} files | |`,
      "",
      `A phone has ${phone.latencyMs} ms of latency, 1.6 Mbit/s and a processor ${phone.slower} times slower. Median of ${rounds} rounds, with an empty cache.`,
      "",
      "| time to the first post of alice's home | this machine | a phone | a phone, second visit |",
      "|---|---|---|---|",
      `| the web client | ${ms(first.here)} | ${ms(first.phone)} | ${ms(first.again)} |`,
      `| only loading and compiling 1 MB of script, gzipped: the size of Misskey's client | ${ms(reference.here)} | ${ms(reference.phone)} | |`,
      "",
      `Before home asks for its posts, it waits for ${pages[0]?.before} answers of the API. The other pages load their own file first.`,
      "",
      "| page | requests to the API in the first three seconds, with sync and unread counts |",
      "|---|---|",
      ...pages.map(({ path, all }) => `| \`${path}\` | ${all} |`),
      "",
      `| a timeline of ${longTimeline.toLocaleString("en")} posts, scrolled to its end and back | measured |`,
      "|---|---|",
      `| rows read | ${scrolled.rows} |`,
      `| most rows in the document | ${scrolled.most} |`,
      `| frames that took longer than 50 ms | ${scrolled.slow} of ${scrolled.frames} |`,
      `| the longest frame | ${ms(scrolled.longestMs)} |`,
    ].join("\n");
  } finally {
    await browser.close();
  }
}

const kb = (bytes: number) => (bytes / 1000).toFixed(1);
const ms = (value: number) => `${Math.round(value)} ms`;

async function linesOf(): Promise<number> {
  let lines = 0;
  for await (const file of glob(["web/**/*.ts", "web/**/*.tsx", "web/**/*.css"], {
    cwd: root,
    exclude: ["web/built/**", "web/dist/**"],
  })) {
    lines += (await readFile(join(root, file), "utf8")).split("\n").length - 1;
  }
  return lines;
}

interface Sizes {
  first: number;
  supabase: number;
  later: number;
  files: number;
}

async function sizesOf(webUrl: string): Promise<Sizes> {
  const packed = async (path: string) => {
    const answer = await fetch(webUrl + path, { headers: { "accept-encoding": "gzip" } });
    const bytes = Number(answer.headers.get("content-length"));
    return { bytes, text: await answer.text() };
  };
  const page = await packed("/");
  const firstPaths = [...page.text.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, path]) => path as string);
  let first = page.bytes;
  for (const path of firstPaths) first += (await packed(path)).bytes;
  const build = (await newestBuild(join(root, "web"))) as string;
  const isSupabase = (path: string) => path.startsWith("/assets/supabase-");
  let supabase = 0;
  let later = 0;
  let files = 0;
  for await (const file of glob("assets/*", { cwd: build })) {
    if (firstPaths.includes(`/${file}`)) continue;
    const { bytes } = await packed(`/${file}`);
    if (isSupabase(`/${file}`)) {
      supabase += bytes;
      continue;
    }
    later += bytes;
    files++;
  }
  return { first, supabase, later, files };
}

async function sessionOf(url: string, key: string, email: string, password: string): Promise<string> {
  const client = createClient(url, key, { auth: { persistSession: false } });
  const { data, error } = await client.auth.signInWithPassword({ email, password });
  if (error) throw error;
  return JSON.stringify(data.session);
}

async function signedIn(browser: Browser, webUrl: string, session: string): Promise<BrowserContext> {
  const context = await browser.newContext({ baseURL: webUrl, viewport: { width: 390, height: 780 } });
  await context.addInitScript((value) => localStorage.setItem("plaza.session", value), session);
  return context;
}

interface Asked {
  path: string;
  /** How many answers of the API there were when the page asked for its content. */
  before: number;
  /** What it asked the API in the first three seconds, with the sync and the unread counts. */
  all: number;
}

async function pagesOf(browser: Browser, webUrl: string, session: string): Promise<Asked[]> {
  const found: Asked[] = [];
  for (const [path, read] of reads) {
    const context = await signedIn(browser, webUrl, session);
    const page = await context.newPage();
    await page.goto(path);
    await shown(page);
    await page.waitForTimeout(3_000);
    const asked = await page.evaluate(() =>
      performance
        .getEntriesByType("resource")
        .filter(({ name }) => name.includes("/rest/v1/"))
        .map(({ name, startTime, duration }) => ({ name, startMs: startTime, endMs: startTime + duration })),
    );
    const own = asked.find(({ name }) => new URL(name).pathname.endsWith(`/${read}`));
    if (!own) throw new Error(`${path} did not read ${read}`);
    const before = asked.filter(({ endMs }) => endMs < own.startMs).length;
    found.push({ path, before, all: asked.length });
    await context.close();
  }
  return found;
}

/** Until there are rows, a form, or words that there are none. */
async function shown(page: Page): Promise<void> {
  await page.locator("main :is(article, form, .empty, li)").first().waitFor();
}

async function firstPosts(
  browser: Browser,
  webUrl: string,
  session: string,
): Promise<{ here: number; phone: number; again: number }> {
  const here: number[] = [];
  const onPhone: number[] = [];
  const again: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const isPhone of [false, true]) {
      const context = await signedIn(browser, webUrl, session);
      const page = await context.newPage();
      if (isPhone) await slowDown(await context.newCDPSession(page));
      (isPhone ? onPhone : here).push(await untilPost(page));
      if (isPhone) again.push(await untilPost(page));
      await context.close();
    }
  }
  return { here: median(here), phone: median(onPhone), again: median(again) };
}

async function untilPost(page: Page): Promise<number> {
  await page.goto("/", { waitUntil: "commit" });
  // By the page's own clock, which begins with the navigation.
  return page.evaluate(
    () =>
      new Promise<number>((resolve) => {
        const look = () => {
          if (document.querySelector("article .text")) resolve(performance.now());
          else requestAnimationFrame(look);
        };
        look();
      }),
  );
}

async function slowDown(session: CDPSession): Promise<void> {
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: phone.latencyMs,
    downloadThroughput: phone.bytesPerS,
    uploadThroughput: phone.bytesPerS,
  });
  await session.send("Emulation.setCPUThrottlingRate", { rate: phone.slower });
}

/** A page with scripts of 1 MB as they travel (about 3 MB of source) that do nothing. */
async function oneMegabyte(browser: Browser): Promise<{ here: number; phone: number }> {
  const { gzipSync } = await import("node:zlib");
  const lines: string[] = [];
  for (let index = 0, seed = 1; index < 48_000; index++) {
    seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
    lines.push(`function f${index}(a,b){return a.x${seed.toString(36)}?b+${seed}:a*${index}}`);
  }
  const script = gzipSync(`${lines.join("\n")}\nwindow.done=performance.now();`);
  const server = createServer((request, response) => {
    if (request.url !== "/big.js") return response.end("<!doctype html><script src=/big.js></script>");
    response.writeHead(200, { "content-type": "text/javascript", "content-encoding": "gzip" });
    return response.end(script);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  const times = { here: [] as number[], phone: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    for (const where of ["here", "phone"] as const) {
      const context = await browser.newContext();
      const page = await context.newPage();
      if (where === "phone") await slowDown(await context.newCDPSession(page));
      await page.goto(base);
      times[where].push(await page.evaluate(() => (window as unknown as { done: number }).done));
      await context.close();
    }
  }
  server.closeAllConnections();
  server.close();
  return { here: median(times.here), phone: median(times.phone) };
}

interface Scrolled {
  rows: number;
  most: number;
  frames: number;
  slow: number;
  longestMs: number;
}

/** Scrolls alice's home to its end and back, and watches every frame. */
async function scroll(
  browser: Browser,
  webUrl: string,
  session: string,
  admin: SupabaseClient,
): Promise<Scrolled> {
  const { data: alice } = await admin
    .from("profiles")
    .select("id")
    .eq("username", "alice")
    .single()
    .throwOnError();
  for (let from = 0; from < longTimeline; from += 1_000) {
    const rows = Array.from({ length: 1_000 }, (_, index) => ({
      author_id: alice.id,
      content: `Post ${from + index}. ${"A few words more, so that posts differ. ".repeat((from + index) % 7)}`,
    }));
    await admin.from("posts").insert(rows).throwOnError();
  }
  const context = await signedIn(browser, webUrl, session);
  const page = await context.newPage();
  await page.goto("/");
  await shown(page);
  const found = await page.evaluate(async () => {
    const pause = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const result = { rows: 0, most: 0, frames: 0, slow: 0, longestMs: 0 };
    async function go(step: number, isOver: () => boolean): Promise<void> {
      let before = performance.now();
      while (!isOver()) {
        scrollBy({ top: step, behavior: "instant" });
        await pause();
        const now = performance.now();
        result.frames++;
        if (now - before > 50) result.slow++;
        result.longestMs = Math.max(result.longestMs, now - before);
        before = now;
        result.most = Math.max(result.most, document.querySelectorAll("article.row").length);
      }
    }
    await go(
      400,
      () =>
        document.querySelector(".feed-end") !== null &&
        innerHeight + scrollY >= document.body.scrollHeight - 2,
    );
    result.rows = Number([...document.querySelectorAll("article.row")].at(-1)?.getAttribute("aria-posinset"));
    await go(-400, () => scrollY <= 0);
    return result;
  });
  await context.close();
  return found;
}
