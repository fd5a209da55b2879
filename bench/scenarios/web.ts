/**
 * How large and how fast the web client is: its lines, its kilobytes, the requests of each page, the time to
 * the first post on a throttled phone, and a timeline of 5,000 posts. It starts a platform of its own and a
 * real Chromium. Beside it, 1 MB of scripts is loaded on the same phone: the size of Misskey's client. And the same
 * rows are scrolled in a page without a script.
 */
import { glob, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { createPlatform } from "../../platform/platform.ts";
import { newestBuild } from "../../platform/web/build.ts";
import { launchBrowser } from "../../tests/web/launch.ts";
import { median } from "../measure.ts";
import { type Scrolled, scrollStill, scrollThrough } from "../web-scroll.ts";
import { phone, slowDown, type Visit, visit } from "../web-visit.ts";

const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 7);
const longTimeline = 5_000;
/** In one document they take minutes already. */
const allRows = 2_000;
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
      "| alice's home, from the click on a link to it | this machine | a phone | a phone, second visit | goal on a phone |",
      "|---|---|---|---|---|",
      `| the first post is there | ${ms(first.here.postMs)} | ${ms(first.phone.postMs)} | ${ms(first.again.postMs)} | |`,
      `| a like that is clicked at that moment shows | ${ms(first.here.answersMs)} | ${ms(first.phone.answersMs)} | ${ms(first.again.answersMs)} | 1000 ms |`,
      `| from that click until it shows | ${ms(first.here.replyMs)} | ${ms(first.phone.replyMs)} | ${ms(first.again.replyMs)} | 100 ms |`,
      `| first contentful paint | ${ms(first.here.firstPaintMs)} | ${ms(first.phone.firstPaintMs)} | ${ms(first.again.firstPaintMs)} | |`,
      `| largest contentful paint | ${ms(first.here.largestPaintMs)} | ${ms(first.phone.largestPaintMs)} | ${ms(first.again.largestPaintMs)} | |`,
      `| total blocking time | ${ms(first.here.blockedMs)} | ${ms(first.phone.blockedMs)} | ${ms(first.again.blockedMs)} | |`,
      `| cumulative layout shift | ${first.here.shift.toFixed(3)} | ${first.phone.shift.toFixed(3)} | ${first.again.shift.toFixed(3)} | |`,
      `| only loading and compiling 1 MB of script, gzipped: the size of Misskey's client | ${ms(reference.here)} | ${ms(reference.phone)} | | |`,
      "",
      `Before home asks for its posts, it waits for ${pages[0]?.before} answers of the API. The other pages load their own file first.`,
      "",
      "| page | requests to the API in the first three seconds, with sync and unread counts |",
      "|---|---|",
      ...pages.map(({ path, all }) => `| \`${path}\` | ${all} |`),
      "",
      `A timeline of ${longTimeline.toLocaleString("en")} posts, scrolled to its end and back by 400 pixels a frame. Beside it, the same rows in pages without a script: as many as the client has in its document, and ${allRows.toLocaleString("en")}. One round: a trace of every task takes much memory.`,
      "",
      "| | the web client | no script, as few rows | no script, many rows |",
      "|---|---|---|---|",
      ...scrollLines(scrolled),
      "",
      "A frame is also late when the processor does something else: the tasks that took long but needed little processor time waited for the machine.",
    ].join("\n");
  } finally {
    await browser.close();
  }
}

function scrollLines(timelines: Timelines): string[] {
  const line = (name: string, of: (scrolled: Scrolled) => string | number) =>
    `| ${name} | ${of(timelines.client)} | ${of(timelines.few)} | ${of(timelines.all)} |`;
  return [
    line("rows", ({ rows }) => rows),
    line("most rows in the document", ({ most }) => most),
    line("frames that took longer than 50 ms", ({ slow, frames }) => `${slow} of ${frames}`),
    line("the longest frame", ({ longestMs }) => ms(longestMs)),
    line("tasks of the main thread that took longer than 50 ms", ({ longTasks }) => longTasks),
    line("tasks that needed more than 50 ms of processor time", ({ heavyTasks }) => heavyTasks),
    line("the most processor time of a task", ({ heaviestMs }) => ms(heaviestMs)),
    line(
      "processor time of the main thread for a frame",
      ({ cpuPerFrameMs }) => `${cpuPerFrameMs.toFixed(1)} ms`,
    ),
  ];
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

type Visits = Record<keyof Visit, number>;

async function firstPosts(
  browser: Browser,
  webUrl: string,
  session: string,
): Promise<{ here: Visits; phone: Visits; again: Visits }> {
  const visits = { here: [] as Visit[], phone: [] as Visit[], again: [] as Visit[] };
  for (let round = 0; round < rounds; round++) {
    for (const isPhone of [false, true]) {
      const context = await signedIn(browser, webUrl, session);
      const page = await context.newPage();
      if (isPhone) await slowDown(await context.newCDPSession(page));
      visits[isPhone ? "phone" : "here"].push(await visit(page));
      if (isPhone) visits.again.push(await visit(page));
      await context.close();
    }
  }
  return { here: medians(visits.here), phone: medians(visits.phone), again: medians(visits.again) };
}

function medians(visits: Visit[]): Visits {
  const names = Object.keys(visits[0] ?? {}) as (keyof Visit)[];
  return Object.fromEntries(names.map((name) => [name, median(visits.map((each) => each[name]))])) as Visits;
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

interface Timelines {
  client: Scrolled;
  /** As many rows as the client has in its document. Nothing changes: what the browser itself needs to scroll. */
  few: Scrolled;
  /** Many rows, all of them in the document from the start. */
  all: Scrolled;
}

/** Alice's home, and the same rows in pages without a script. They take turns. */
async function scroll(
  browser: Browser,
  webUrl: string,
  session: string,
  admin: SupabaseClient,
): Promise<Timelines> {
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
  const client = await scrollThrough(browser, page);
  const few = await scrollStill(browser, page, { rows: client.most, leastFrames: client.frames });
  const all = await scrollStill(browser, page, { rows: allRows });
  await context.close();
  return { client, few, all };
}
