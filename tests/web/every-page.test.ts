/**
 * Every page of the client: axe in both themes, the keyboard, the smallest phone, 400% zoom, German, and right to
 * left. It leaves pictures of each. hostile-visits.ts says what there is to see on a page. A page that is not in that
 * table fails hostile-text.test.ts.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import {
  arrive,
  closeBrowser,
  complaintsOf,
  device,
  expectGood,
  expectNoSidewaysScroll,
  signedInDevice,
} from "./browser.ts";
import { routesOfSources } from "./fields.ts";
import { plant, type Visit } from "./hostile-visits.ts";

const phone = { width: 320, height: 640 };
/** A window of 1280 × 1024 pixels, zoomed to 400%. */
const zoomed = { width: 320, height: 256 };
/** What stays in its place while the page is scrolled may cover so much of the window. */
const mostCovered = 0.25;

let alice: { context: BrowserContext; page: Page };
let nobody: { context: BrowserContext; page: Page };
let visits: Visit[];

beforeAll(async () => {
  const [person, mallory] = await Promise.all([signUp("alice"), signUp("mallory")]);
  visits = await plant(person, mallory);
  // German has longer words than English.
  const options = { locale: "de-DE" };
  [alice, nobody] = await Promise.all([signedInDevice(person, options), device(options)]);
  for (const { context } of [alice, nobody]) await context.addInitScript(noteClickable);
});
afterAll(closeBrowser);

/** The same page may be there several times, for its fields. */
function pagesOf(route: string): { at: string; page: Page }[] {
  const found = new Map<string, Page>();
  for (const { at = route, isGuest, ...visit } of visits)
    if (visit.route === route) found.set(at, (isGuest ? nobody : alice).page);
  return [...found].map(([at, page]) => ({ at, page }));
}

for (const route of await routesOfSources()) {
  test(`${route} can be read and used by everybody`, async () => {
    const pages = pagesOf(route);
    expect(pages.length).toBeGreaterThan(0);
    for (const [index, { at, page }] of pages.entries()) {
      await page.setViewportSize(phone);
      await arrive(page, at);
      await expectTabInSight(page, at);
      await expectKeysReach(page, at);
      expect(await page.evaluate(() => document.documentElement.lang)).toBe("de");
      const name = route === "/" ? "home" : route.slice(1).replaceAll(/[^a-z]+/g, "-");
      await expectGood(page, `page-${name}${index > 0 ? `-${index}` : ""}`);
      // Also after the window was wider.
      await expectTabInSight(page, at);
      await expectRoomToRead(page, at);
      await page.evaluate(() => {
        document.documentElement.dir = "rtl";
      });
      await expectNoSidewaysScroll(page);
    }
    expect([...complaintsOf(alice.context), ...complaintsOf(nobody.context)]).toEqual([]);
  });
}

/** Marks what hears clicks. */
function noteClickable(): void {
  const add = EventTarget.prototype.addEventListener;
  EventTarget.prototype.addEventListener = function (type: string, ...rest) {
    if (this instanceof Element && /^(click|pointerdown|mousedown)$/i.test(type))
      this.toggleAttribute("data-hears-clicks", true);
    add.call(this, type, ...rest);
  };
}

/** What hears clicks is also there for the keyboard. A dialog also hears those beside it, as it hears Escape, and a notification those on its links. */
async function expectKeysReach(page: Page, at: string): Promise<void> {
  const clickable = page.locator("[data-hears-clicks]:not(dialog, .notification)").filter({ visible: true });
  expect({ at, some: (await clickable.count()) > 0 }).toEqual({ at, some: true });
  const unreached = await clickable.evaluateAll((all) =>
    (all as HTMLElement[])
      .filter(({ tabIndex }) => tabIndex < 0)
      .map(({ outerHTML }) => outerHTML.slice(0, 200)),
  );
  expect({ at, unreached }).toEqual({ at, unreached: [] });
}

/** Tabs mark the current one, and a small phone shows it. */
async function expectTabInSight(page: Page, at: string): Promise<void> {
  /** For each group of tabs, whether each current one is in sight. */
  const current = () =>
    page.locator(".tabs").evaluateAll((all) =>
      all.map((tabs) =>
        [...tabs.querySelectorAll("[aria-current]")].map((tab) => {
          const { left, right } = tab.getBoundingClientRect();
          return left >= 0 && right <= innerWidth;
        }),
      ),
    );
  const groups = await page.locator(".tabs").count();
  await expect.poll(current, { message: at }).toEqual(Array.from({ length: groups }, () => [true]));
}

/** At 400% zoom the page is read in a very small window, and most of that is for the text. */
async function expectRoomToRead(page: Page, at: string): Promise<void> {
  const before = page.viewportSize();
  await page.setViewportSize(zoomed);
  const covered = await page.evaluate(() => {
    scrollTo({ top: 100, behavior: "instant" });
    const fixed = [...document.querySelectorAll<HTMLElement>("body *")].filter((element) =>
      ["fixed", "sticky"].includes(getComputedStyle(element).position),
    );
    const shown = (element: HTMLElement) => {
      const { top, bottom } = element.getBoundingClientRect();
      return Math.max(0, Math.min(innerHeight, bottom) - Math.max(0, top));
    };
    return fixed.reduce((sum, element) => sum + shown(element), 0) / innerHeight;
  });
  expect({ at, isReadable: covered <= mostCovered, covered }).toMatchObject({ at, isReadable: true });
  if (before) await page.setViewportSize(before);
}

test("from right to left, usernames still begin with @, and arrows point the other way", async () => {
  const { page } = alice;
  await page.setViewportSize({ width: 800, height: 800 });
  await arrive(page, visits.find(({ route }) => route === "/@:username")?.at ?? "");
  const look = () =>
    page.evaluate(() => {
      const username = document.querySelector("main .username") as Element;
      const x = (part: ChildNode | null) => {
        const range = new Range();
        range.selectNode(part as ChildNode);
        return range.getBoundingClientRect().x;
      };
      const arrow = document.querySelector(".page-head .icon") as Element;
      return {
        text: username.textContent?.trim()[0],
        isAtFirst: x(username.firstChild) < x(username.lastChild),
        isAtStart: arrow.getBoundingClientRect().x < innerWidth / 2,
        arrow: getComputedStyle(arrow).scale,
      };
    });
  expect(await look()).toEqual({ text: "@", isAtFirst: true, isAtStart: true, arrow: "none" });
  await page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  expect(await look()).toEqual({ text: "@", isAtFirst: true, isAtStart: false, arrow: "-1 1" });
});

test("with reduced motion nothing slides or fades, and otherwise something does", async () => {
  const { page } = alice;
  await page.goto("/settings/privacy");
  await page.locator(".switch input").first().waitFor();
  const moving = () =>
    page.evaluate(
      () =>
        [...document.querySelectorAll("body *")].filter((element) => {
          const { transitionDuration, transitionProperty } = getComputedStyle(element);
          return transitionProperty !== "none" && transitionDuration !== "0s";
        }).length,
    );
  await page.emulateMedia({ reducedMotion: "no-preference" });
  expect(await moving()).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  expect(await moving()).toBe(0);
});
