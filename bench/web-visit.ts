/** One visit of home, on this machine or on a slow phone, and what Lighthouse would tell of it. `scenarios/web.ts` calls it. */
import type { CDPSession, Page } from "playwright-core";

/** Lighthouse's phone: a slow 4G network and a processor that is four times slower than this one. */
export const phone = { latencyMs: 150, bytesPerS: (1.6 * 1024 * 1024) / 8, slower: 4 };
/** What a visit of alice's home took, in milliseconds since the navigation. */
export interface Visit {
  /** Until the text of a post is in the document. */
  postMs: number;
  /** Until a click on its Like, at that moment, shows. */
  answersMs: number;
  /** From that click until it shows. */
  replyMs: number;
  /** What Lighthouse tells: the first and the largest paint, the time that long tasks block, and how far things jump. */
  firstPaintMs: number;
  largestPaintMs: number;
  blockedMs: number;
  shift: number;
}

/** Long tasks, paints and jumps are watched until then, as long after the first post. */
const watchedMs = 3_000;

/** Opens home, and likes the first post in the moment when it is there. */
export async function visit(page: Page): Promise<Visit> {
  await page.goto("/", { waitUntil: "commit" });
  // By the page's own clock, which begins with the navigation.
  return page.evaluate(async (watchedMs) => {
    const seen = { firstPaintMs: 0, largestPaintMs: 0, blockedMs: 0, shift: 0 };
    const on = (type: string, each: (entry: PerformanceEntry & { value?: number }) => void) =>
      new PerformanceObserver((list) => list.getEntries().forEach(each)).observe({ type, buffered: true });
    on("paint", ({ name, startTime }) => {
      if (name === "first-contentful-paint") seen.firstPaintMs = startTime;
    });
    on("largest-contentful-paint", ({ startTime }) => {
      seen.largestPaintMs = startTime;
    });
    on("longtask", ({ duration }) => {
      seen.blockedMs += duration - 50;
    });
    on("layout-shift", ({ value = 0 }) => {
      seen.shift += value;
    });
    const until = (isTrue: () => boolean) =>
      new Promise<number>((resolve) => {
        const look = () => (isTrue() ? resolve(performance.now()) : requestAnimationFrame(look));
        look();
      });
    const postMs = await until(() => document.querySelector("article .text") !== null);
    const like = () => document.querySelector<HTMLElement>("article .post-action.heart");
    const before = like()?.ariaPressed;
    like()?.click();
    const answersMs = await until(() => like()?.ariaPressed !== before);
    await new Promise((resolve) => setTimeout(resolve, watchedMs));
    return { postMs, answersMs, replyMs: answersMs - postMs, ...seen };
  }, watchedMs);
}

/** Makes the page's network and processor those of the phone. */
export async function slowDown(session: CDPSession): Promise<void> {
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: phone.latencyMs,
    downloadThroughput: phone.bytesPerS,
    uploadThroughput: phone.bytesPerS,
  });
  await session.send("Emulation.setCPUThrottlingRate", { rate: phone.slower });
}
