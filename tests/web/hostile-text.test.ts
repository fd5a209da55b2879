/**
 * Texts that try to be more than text, in every field of every page, in every parameter of an address, and from the
 * API. The tables here and in hostile-visits.ts name them all: a new page, field or parameter that is not in them fails a test.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { signUp, target } from "../people.ts";
import { arrive, closeBrowser, complaintsOf, device, type Visitor, visitor, webUrl } from "./browser.ts";
import { fieldsOfSources, parametersOfSources, routesOfSources } from "./fields.ts";
import { bait, plant, type Visit } from "./hostile-visits.ts";

const links = ["javascript:broken=1", "//evil/a", "data:text/html,<script>broken=1</script>"];

let alice: Visitor;
let nobody: { context: BrowserContext; page: Page };
let visits: Visit[];
/** Requests to other sites. */
const strayed: string[] = [];

beforeAll(async () => {
  const mallory = await signUp("mallory", { display_name: bait });
  [alice, nobody] = await Promise.all([visitor("alice"), device()]);
  visits = await plant(alice, mallory);
  for (const { context } of [alice, nobody])
    context.on("request", (request) => {
      const ours = [webUrl(), target().url].map((each) => new URL(each).host);
      if (!ours.includes(new URL(request.url()).host)) strayed.push(request.url());
    });
});
afterAll(closeBrowser);

/** Nothing ran, and nothing in the document came from a text. */
async function expectTame(page: Page): Promise<void> {
  const found = await page.evaluate(() => ({
    ran: "broken" in window,
    made: [
      ...document.querySelectorAll(
        "img, svg[onload], iframe, object, embed, base, [onerror], [onclick], a[href^='javascript:' i], a[href^='data:' i]",
      ),
    ].map((element) => element.outerHTML),
  }));
  expect({ at: page.url(), ...found }).toEqual({ at: page.url(), ran: false, made: [] });
}

/** The text fields that the document has, by name. */
function namesIn(page: Page): Promise<string[]> {
  return page
    .locator("input:not([type=checkbox], [type=radio]), textarea, [contenteditable]")
    .evaluateAll((all) => all.map((each) => each.getAttribute("name") ?? each.outerHTML).toSorted());
}

/** Also into fields for numbers and times, and without the browser's own checks: the page and the server have to refuse it. */
async function fillIn(page: Page, name: string): Promise<void> {
  await page
    .locator(`[name=${name}]`)
    .last()
    .evaluate((element, text) => {
      const field = element as HTMLInputElement;
      if (field.form) field.form.noValidate = true;
      const { prototype } = field.constructor as typeof HTMLInputElement;
      Object.getOwnPropertyDescriptor(prototype, "value")?.set?.call(field, text);
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }, bait);
}

test("every page and every field of the sources is in the table", async () => {
  expect([...new Set(visits.map(({ route }) => route))].toSorted()).toEqual(
    (await routesOfSources()).toSorted(),
  );
  const filled = new Set(visits.flatMap(({ fields = [] }) => fields));
  expect([...filled].toSorted()).toEqual(await fieldsOfSources());
});

test("text stays text in every field of every page, and where mallory wrote it", async () => {
  for (const { route, at = route, isGuest, press = [], fields = [], send, shows } of visits) {
    const { page } = isGuest ? nobody : alice;
    await arrive(page, at);
    for (const name of press)
      await page.getByRole("button", { name }).or(page.getByRole("menuitem", { name })).last().click();
    const names = fields.map((each) => each.split(" ")[1] ?? "").toSorted();
    await expect.poll(() => namesIn(page), { message: at }).toEqual(names);
    for (const name of names) await fillIn(page, name);
    if (send) {
      const button = page
        .locator("dialog[open], main")
        .last()
        .getByRole("button", { name: send, exact: true });
      await button.last().click();
      await expect.poll(() => button.and(page.locator("[aria-busy]")).count()).toBe(0);
    }
    if (shows) {
      const text = page.locator("main").getByText(bait.slice(2, 30)).filter({ visible: true });
      await expect.poll(() => text.count(), { message: `the text at ${at}` }).toBeGreaterThan(0);
    }
    await expectTame(page);
  }
  expect(strayed).toEqual([]);
  expect([...complaintsOf(alice.context), ...complaintsOf(nobody.context)]).toEqual([]);
});

/** By the name of the parameter, where it is read. `#` stands for the part of an address that only the page reads. */
const parameters: Record<string, string> = {
  at: "/chat/1?at=",
  draft: "/compose?draft=",
  ended: "/sign-in?ended=",
  folder: "/chat?folder=",
  in: "/search?q=a&in=",
  kind: "/trends?kind=",
  period: "/trends?period=",
  q: "/search?q=",
  "query.get(kind)": "/compose?reply=",
  scope: "/trends?scope=",
  show: "/notifications?show=",
  text: "/compose?text=",
  to: "/sign-in?to=",
  token_hash: "/confirm#type=signup&token_hash=",
  type: "/confirm#token_hash=1&type=",
  with: "/chat/new?with=",
};

test("an address with a hostile text stays an address", async () => {
  expect(Object.keys(parameters).toSorted()).toEqual(await parametersOfSources());
  const paths = (await routesOfSources()).filter((path) => path.includes(":"));
  const { page } = alice;
  for (const text of [bait, ...links]) {
    const value = encodeURIComponent(text);
    const all = [
      ...Object.values(parameters).map((path) => path + value),
      ...paths.map((path) => path.replaceAll(/:\w+/g, value)),
    ];
    // The shorter texts only where an address may lead on.
    for (const at of text === bait ? all : [`/sign-in?to=${value}`, `/tags/${value}`]) {
      await arrive(page, at);
      await expectTame(page);
    }
  }
  // Who signs in is not led away.
  const person = await signUp("carol");
  for (const to of [...links, "/\\evil", "https://evil.example"]) {
    const { page: other, context } = await device();
    await other.goto(`/sign-in?to=${encodeURIComponent(to)}`);
    await other.getByLabel("E-mail").fill(person.email);
    await other.getByLabel("Password").fill(person.password);
    await other.locator("form").getByRole("button", { name: "Sign in" }).click();
    await other.getByRole("heading", { name: "Home", exact: true }).waitFor();
    expect(new URL(other.url()).host).toBe(new URL(webUrl()).host);
    await context.close();
  }
  expect(strayed).toEqual([]);
  expect(complaintsOf(alice.context)).toEqual([]);
});
