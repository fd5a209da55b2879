/**
 * Texts that try to be more than text, in every field of every page, in every parameter of an address, and from the
 * API. The tables below name them all: a new page, field or parameter that is not in them fails a test.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Person, signUp, target } from "../people.ts";
import { closeBrowser, complaintsOf, device, type Visitor, visitor, webUrl } from "./browser.ts";
import { follow, say } from "./chat.ts";
import { fieldsOfSources, parametersOfSources, routesOfSources } from "./fields.ts";

/** Sets `window.broken` if it ever becomes HTML, and asks another site for a picture. 50 letters fit everywhere. */
const bait = `"><img src=//evil/a onerror=broken=1>{{7*7}}`;
const links = ["javascript:broken=1", "//evil/a", "data:text/html,<script>broken=1</script>"];

interface Visit {
  /** Its path in web/app/routes.ts. */
  route: string;
  /** The same with values. */
  at?: string;
  /** Nobody is signed in. */
  isGuest?: boolean;
  /** What is pressed until the fields are there, by the names of buttons. */
  press?: (string | RegExp)[];
  /** All text fields that the page has then: the source file and the name. */
  fields?: string[];
  /** The button that sends them. */
  send?: string;
  /** The page shows the text of mallory, or the text that was sent. */
  shows?: boolean;
}

let alice: Visitor;
let mallory: Person;
let nobody: { context: BrowserContext; page: Page };
/** Requests to other sites. */
const strayed: string[] = [];
const visits: Visit[] = [];

beforeAll(async () => {
  [alice, mallory, nobody] = await Promise.all([
    visitor("alice"),
    signUp("mallory", { display_name: bait }),
    device(),
  ]);
  const avatar_url = `https://evil.example/${encodeURIComponent(bait)}`;
  await mallory.client
    .from("profiles")
    .update({ bio: bait, avatar_url, shows_likes: true })
    .eq("id", mallory.id)
    .throwOnError();
  await Promise.all([follow(alice, mallory), follow(mallory, alice)]);
  const { data: post } = await mallory.client
    .rpc("write_post", {
      title: bait,
      content: `${bait} @${alice.username} #garden https://evil.example/"onclick=broken=1`,
      language: "en",
    })
    .throwOnError();
  await mallory.client
    .rpc("write_post", { content: bait, content_warning: bait, reply_to_id: post.id })
    .throwOnError();
  await mallory.client
    .from("posts")
    .update({ content: `Edited ${bait} #garden` })
    .eq("id", post.id)
    .throwOnError();
  await mallory.client.from("likes").insert({ post_id: post.id }).throwOnError();
  await alice.client.from("bookmarks").insert({ post_id: post.id }).throwOnError();
  await alice.client.from("drafts").insert({ title: bait, content: bait }).throwOnError();
  const { data: list } = await mallory.client
    .from("lists")
    .insert({ name: bait, is_private: false })
    .select("id")
    .single()
    .throwOnError();
  const { data: own } = await alice.client
    .from("lists")
    .insert({ name: bait })
    .select("id")
    .single()
    .throwOnError();
  const { data: chat } = await mallory.client
    .rpc("direct_conversation", { profile_id: alice.id })
    .throwOnError();
  await say(mallory, chat, bait);
  const { data: group } = await alice.client
    .rpc("create_group", { name: bait, member_ids: [mallory.id] })
    .throwOnError();
  await alice.client
    .rpc("update_group", { conversation_id: group, description: bait, picture_url: avatar_url })
    .throwOnError();
  const { data: invite } = await alice.client.rpc("create_invite", { conversation_id: group }).throwOnError();
  const { data: notices } = await alice.client.rpc("notifications").throwOnError();
  await alice.client
    .from("mutes")
    .insert({ muted_id: (await signUp("dave", { display_name: bait })).id })
    .throwOnError();
  await alice.client
    .from("blocks")
    .insert({ blocked_id: (await signUp("erin", { display_name: bait })).id })
    .throwOnError();
  for (const { context } of [alice, nobody])
    context.on("request", (request) => {
      const ours = [webUrl(), target().url].map((each) => new URL(each).host);
      if (!ours.includes(new URL(request.url()).host)) strayed.push(request.url());
    });

  const profile = `/@${mallory.username}`;
  const about = { route: "/chat/:id/about", at: `/chat/${group}/about` };
  const groupForm = ["pages/chat/group-form.tsx name", "pages/chat/group-form.tsx description"];
  const searchBox = { fields: ["parts/search-box.tsx q"], send: "Search" };
  const message = "pages/chat/composer.tsx message";
  const compose = "pages/compose.tsx content";
  visits.push(
    { route: "/", shows: true },
    { route: "/public", shows: true },
    { route: "/public", shows: true, isGuest: true },
    { route: "/tags/:tag", at: "/tags/garden", shows: true },
    { route: "/lists", press: ["New list"], fields: ["pages/lists.tsx name"], send: "Save", shows: true },
    { route: "/lists/:id", at: `/lists/${list.id}`, shows: true },
    {
      route: "/lists/:id",
      at: `/lists/${own.id}`,
      press: ["People"],
      fields: ["pages/list.tsx query"],
      send: "Search",
      shows: true,
    },
    { route: "/bookmarks", shows: true },
    { route: "/posts/:id", at: `/posts/${post.id}`, shows: true },
    { route: "/posts/:id/:part", at: `/posts/${post.id}/versions`, shows: true },
    { route: "/posts/:id/:part", at: `/posts/${post.id}/likes`, shows: true },
    { route: "/compose", at: `/compose?quote=${post.id}`, fields: [compose], shows: true },
    {
      route: "/compose",
      press: ["Title, warning"],
      fields: [compose, "pages/compose.tsx title", "pages/compose.tsx content_warning"],
      send: "Post",
      shows: true,
    },
    {
      route: "/compose",
      press: ["Publish later"],
      fields: [compose, "pages/compose.tsx at"],
      send: "Schedule",
    },
    { route: "/drafts", shows: true },
    {
      route: "/sign-in",
      isGuest: true,
      fields: ["pages/sign-in.tsx email", "pages/sign-in.tsx password"],
      send: "Sign in",
    },
    { route: "/search", ...searchBox },
    { route: "/search", at: `/search?in=people&q=${mallory.username}`, ...searchBox },
    { route: "/trends" },
    { route: "/notifications", shows: true },
    { route: "/notifications/settings" },
    { route: "/notifications/:group", at: `/notifications/${notices[0].group_id}`, shows: true },
    { route: "/chat", shows: true },
    {
      route: "/chat/new",
      press: ["New group", /mallory/],
      fields: ["pages/chat/people-picker.tsx people", "pages/chat/new.tsx name"],
      send: "Make the group",
      shows: true,
    },
    { route: "/chat/settings" },
    { route: "/chat/search", ...searchBox },
    { route: "/chat/:id", at: `/chat/${chat}`, fields: [message], send: "Send", shows: true },
    {
      route: "/chat/:id",
      at: `/chat/${chat}`,
      press: ["More about this message", "React"],
      fields: [message, "pages/chat/message-actions.tsx emoji"],
      send: "React",
    },
    { ...about, fields: groupForm, send: "Save", shows: true },
    {
      ...about,
      press: ["New link"],
      fields: [...groupForm, "pages/chat/invites.tsx uses"],
      send: "Make the link",
    },
    { route: "/join/:code", at: `/join/${invite}`, shows: true },
    {
      route: "/sign-up",
      isGuest: true,
      fields: [
        "parts/account-fields.tsx username",
        "pages/sign-up.tsx display_name",
        "pages/sign-up.tsx email",
        "parts/account-fields.tsx password",
      ],
      send: "Join the plaza",
    },
    {
      route: "/confirm",
      isGuest: true,
      fields: ["pages/confirm.tsx email", "pages/confirm.tsx code"],
      send: "Confirm",
    },
    { route: "/recover", isGuest: true, fields: ["pages/recover.tsx email"], send: "Send me a mail" },
    { route: "/new-password", fields: ["parts/account-fields.tsx password"] },
    { route: "/people" },
    { route: "/requests" },
    { route: "/requests/:side", at: "/requests/sent" },
    { route: "/settings" },
    {
      route: "/settings/profile",
      fields: [
        "pages/settings/profile.tsx display_name",
        "parts/account-fields.tsx username",
        "pages/settings/profile.tsx bio",
        "pages/settings/profile.tsx links",
      ],
      send: "Save",
    },
    { route: "/settings/privacy" },
    { route: "/settings/look" },
    { route: "/settings/muted", shows: true },
    { route: "/settings/blocked", shows: true },
    {
      route: "/settings/password",
      fields: ["parts/account-fields.tsx own_password", "parts/account-fields.tsx password"],
      send: "Save",
    },
    {
      route: "/settings/email",
      fields: ["pages/settings/email.tsx email", "parts/account-fields.tsx own_password"],
      send: "Send the mails",
    },
    { route: "/settings/devices" },
    {
      route: "/settings/delete",
      fields: ["pages/settings/delete.tsx name", "parts/account-fields.tsx own_password"],
      send: "Delete my account",
    },
    { route: "/@:username/followers", at: `/@${alice.username}/followers`, shows: true },
    { route: "/@:username/following", at: `/@${alice.username}/following`, shows: true },
    { route: "/@:username", at: profile, shows: true },
    { route: "/@:username/:tab", at: `${profile}/replies`, shows: true },
  );
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

async function arrive(page: Page, at: string): Promise<void> {
  await page.goto(at);
  const headings = page.getByRole("heading", { level: 1 });
  await expect.poll(() => headings.count(), { message: `a heading at ${at}` }).toBe(1);
  await page.locator(".waiting").waitFor({ state: "detached" });
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

test("an address stays an address, whatever it says", async () => {
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
    await other.getByRole("heading", { name: "Home" }).waitFor();
    expect(new URL(other.url()).host).toBe(new URL(webUrl()).host);
    await context.close();
  }
  expect(strayed).toEqual([]);
  expect(complaintsOf(alice.context)).toEqual([]);
});
