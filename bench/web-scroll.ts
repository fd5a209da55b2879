/**
 * A timeline of thousands of posts, scrolled to its end and back. Beside it, the same rows stand in pages without a
 * script. If those are slow too, the browser or the machine is slow. `scenarios/web.ts` calls it.
 *
 * A frame may also be late because the processor does something else. So each task of the main thread is measured twice:
 * how long it took, and how much processor time it had.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";

export interface Scrolled {
  frames: number;
  /** Frames that took longer than 50 ms, and the longest one. */
  slow: number;
  longestMs: number;
  /** Tasks of the page's main thread that took longer than 50 ms, and those that needed so much processor time. */
  longTasks: number;
  heavyTasks: number;
  /** The most processor time of a task, and that of all tasks for each frame. */
  heaviestMs: number;
  cpuPerFrameMs: number;
  /** The place of the last row, and the most rows that were in the document. */
  rows: number;
  most: number;
}

/** So far in each frame, in CSS pixels. */
const step = 400;
/** A task that takes longer is a long task, for browsers and for us. */
const longMs = 50;

/**
 * Scrolls to the end and back, and watches every frame. A feed has more rows as long as it has no `.feed-end`.
 * @param leastFrames it scrolls again until it has seen this number of frames
 */
export async function scrollThrough(browser: Browser, page: Page, leastFrames = 0): Promise<Scrolled> {
  await browser.startTracing(page, { categories: ["toplevel"] });
  const found = await page.evaluate(
    async ({ step, longMs, leastFrames }) => {
      const result = { rows: 0, most: 0, frames: 0, slow: 0, longestMs: 0 };
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      async function go(by: number, isOver: () => boolean): Promise<void> {
        let lastMs = performance.now();
        while (!isOver()) {
          scrollBy({ top: by, behavior: "instant" });
          await frame();
          const nowMs = performance.now();
          result.frames++;
          if (nowMs - lastMs > longMs) result.slow++;
          result.longestMs = Math.max(result.longestMs, nowMs - lastMs);
          lastMs = nowMs;
          result.most = Math.max(result.most, document.querySelectorAll("article.row").length);
        }
      }
      const hasAll = () =>
        !document.querySelector(".feed-foot") || document.querySelector(".feed-end") !== null;
      const lastPlace = () =>
        [...document.querySelectorAll("article.row")].at(-1)?.getAttribute("aria-posinset");
      do {
        await go(step, () => hasAll() && innerHeight + scrollY >= document.body.scrollHeight - 2);
        result.rows = Number(lastPlace());
        await go(-step, () => scrollY <= 0);
      } while (result.frames < leastFrames);
      return result;
    },
    { step, longMs, leastFrames },
  );
  const tasks = tasksIn(await browser.stopTracing());
  return {
    ...found,
    longTasks: tasks.filter(({ wallMs }) => wallMs > longMs).length,
    heavyTasks: tasks.filter(({ cpuMs }) => cpuMs > longMs).length,
    heaviestMs: tasks.reduce((most, { cpuMs }) => Math.max(most, cpuMs), 0),
    cpuPerFrameMs: tasks.reduce((sum, { cpuMs }) => sum + cpuMs, 0) / found.frames,
  };
}

interface Task {
  wallMs: number;
  cpuMs: number;
}

/** An event of Chromium's trace. Times are in microseconds. */
interface TraceEvent {
  name: string;
  ph: string;
  pid: number;
  tid: number;
  dur?: number;
  tdur?: number;
  args?: { name?: string };
}

/** @returns the tasks of the main thread of the page: of the renderer that did most */
function tasksIn(trace: Buffer): Task[] {
  const { traceEvents: events }: { traceEvents: TraceEvent[] } = JSON.parse(trace.toString());
  const mains = events.filter(({ name, args }) => name === "thread_name" && args?.name === "CrRendererMain");
  const byThread = mains.map(({ pid, tid }) =>
    events
      .filter((each) => each.pid === pid && each.tid === tid && each.name === "ThreadControllerImpl::RunTask")
      .map(({ dur = 0, tdur = 0 }) => ({ wallMs: dur / 1_000, cpuMs: tdur / 1_000 })),
  );
  const most = byThread.toSorted((a, b) => b.length - a.length)[0] ?? [];
  if (!most.some(({ cpuMs }) => cpuMs > 0)) throw new Error("The trace has no processor times");
  return most;
}

/** The rows and the style of a page of the client, repeated up to this number. No script changes anything. */
export async function scrollStill(
  browser: Browser,
  like: Page,
  { rows, leastFrames }: { rows: number; leastFrames?: number },
): Promise<Scrolled> {
  const { made, style } = await like.evaluate(async () => ({
    made: [...document.querySelectorAll("article.row")].map((row) => row.outerHTML),
    style: await Promise.all(
      [...document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")].map(async ({ href }) =>
        (await fetch(href)).text(),
      ),
    ),
  }));
  const all = Array.from({ length: rows }, (_, index) =>
    (made[index % made.length] ?? "").replace(/aria-posinset="\d+"/, `aria-posinset="${index + 1}"`),
  );
  const html = `<!doctype html><html lang="en"><style>${style.join("\n")}</style><body><div class="shell"><main><div class="feed">${all.join("")}</div></main></div></body></html>`;
  const server = createServer((_, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(html);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const context = await browser.newContext({ viewport: like.viewportSize() });
  try {
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return await scrollThrough(browser, page, leastFrames);
  } finally {
    await context.close();
    server.closeAllConnections();
    server.close();
  }
}
