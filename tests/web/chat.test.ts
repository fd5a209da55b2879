/** Chat: two people in two windows, without a network, and on two devices of one person. */
import type { Page } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import type { Person } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  expectAccessible,
  expectNoSidewaysScroll,
  kept,
  pictures,
  signedInDevice,
  type Visitor,
  visitor,
} from "./browser.ts";
import { follow, say } from "./chat.ts";

afterAll(closeBrowser);

const field = (page: Page) => page.getByRole("textbox", { name: "Write a message" });
/** What a message answers is not its text. */
const message = (page: Page, text: string) =>
  page.locator(".message").filter({ has: page.locator(".bubble > .text", { hasText: text }) });

async function write(page: Page, text: string): Promise<void> {
  await field(page).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
}

async function choose(page: Page, text: string, action: string): Promise<void> {
  const row = message(page, text).last();
  await row.hover();
  await row.getByRole("button", { name: "More about this message" }).click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

async function friends(): Promise<[Visitor, Visitor, number]> {
  const [alice, bob] = await Promise.all([
    visitor("alice", { display_name: "Alice" }),
    visitor("bob", { display_name: "Bob" }),
  ]);
  await Promise.all([follow(alice, bob), follow(bob, alice)]);
  const { data: id } = await alice.client.rpc("direct_conversation", { profile_id: bob.id }).throwOnError();
  return [alice, bob, id];
}

test("alice and bob write to each other, and see who types, what is read, and what is changed", async () => {
  const [alice, bob] = await friends();
  // Alice finds Bob by his name.
  await alice.page.goto("/chat");
  await alice.page.getByText("No conversations yet").waitFor();
  await alice.page.getByRole("link", { name: "New conversation" }).last().click();
  await alice.page.getByRole("searchbox", { name: "Find people" }).fill(bob.username);
  await alice.page.getByRole("button", { name: bob.username }).click();
  await pictures(alice.page, "chat-new");
  await expectAccessible(alice.page);
  await alice.page.getByRole("button", { name: "Write", exact: true }).click();
  await alice.page.getByText("Nobody has written yet").waitFor();
  await write(alice.page, "Hello Bob, look at https://example.com/garden #plaza");

  // Bob hears of it at home, and opens it.
  await bob.page
    .getByRole("link", { name: /Messages.*1 unread/ })
    .first()
    .click();
  await bob.page.getByRole("link", { name: /Alice/ }).click();
  await message(bob.page, "Hello Bob").waitFor();
  await message(alice.page, "Hello Bob").getByText("Read", { exact: true }).waitFor();
  await alice.page.getByText("here now").waitFor();
  expect(await bob.page.getByRole("link", { name: "example.com" }).getAttribute("rel")).toContain("ugc");

  await field(bob.page).pressSequentially("Good", { delay: 20 });
  await alice.page.getByText("Bob is typing").waitFor();
  await write(bob.page, "Good morning 🌻");
  await message(alice.page, "Good morning").waitFor();
  await expect.poll(() => alice.page.getByText("Bob is typing").count()).toBe(0);

  await choose(alice.page, "Good morning", "React");
  await alice.page.getByRole("button", { name: "🎉" }).click();
  await bob.page.getByRole("button", { name: "🎉, 1 person" }).click();
  await alice.page.getByRole("button", { name: "🎉, 2 people" }).waitFor();

  await choose(bob.page, "Hello Bob", "Answer");
  await write(bob.page, "I like it");
  await message(alice.page, "I like it")
    .getByRole("link", { name: /Alice.*Hello Bob/ })
    .waitFor();

  await choose(alice.page, "Hello Bob", "Edit");
  await field(alice.page).fill("Hello Bob, look at this");
  await alice.page.getByRole("button", { name: "Save" }).click();
  await message(bob.page, "look at this").getByText("edited").waitFor();
  await choose(bob.page, "look at this", "What it said before");
  await bob.page.getByRole("dialog").getByText("example.com/garden").waitFor();
  await bob.page.keyboard.press("Escape");

  await expectAccessible(alice.page);
  await expectNoSidewaysScroll(alice.page);
  await pictures(alice.page, "chat-room");

  await choose(bob.page, "I like it", "Delete for everyone");
  await bob.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await alice.page.getByText("This message was deleted.").waitFor();
  expect(await message(alice.page, "I like it").count()).toBe(0);
  expect([...complaintsOf(alice.context), ...complaintsOf(bob.context)]).toEqual([]);
});

test("without a network alice goes on writing, and both catch up", async () => {
  const [alice, bob, id] = await friends();
  await say(bob, id, "Before");
  await Promise.all([alice.page.goto("/chat"), bob.page.goto(`/chat/${id}`)]);
  await alice.page.getByRole("link", { name: /Bob/ }).click();
  await Promise.all([message(alice.page, "Before").waitFor(), message(bob.page, "Before").waitFor()]);
  await kept(alice.page);
  await alice.context.setOffline(true);
  await alice.page.getByText("You are offline.").waitFor();
  await write(alice.page, "From the train");
  await message(alice.page, "From the train").getByText("Waits for the network").waitFor();
  await say(bob, id, "Meanwhile");
  await message(bob.page, "Meanwhile").waitFor();
  expect(await message(bob.page, "From the train").count()).toBe(0);
  expect(await message(alice.page, "Meanwhile").count()).toBe(0);
  // Neither what was read nor what waits is lost with the page.
  await alice.page.goto("/chat");
  await alice.page.getByRole("link", { name: /Bob/ }).click();
  await message(alice.page, "Before").waitFor();
  await message(alice.page, "From the train").getByText("Waits for the network").waitFor();
  // What she wrote stays in sight while it is sent, also before the page has what she missed.
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await alice.page.route("**/rpc/sync", async (route) => {
    await held;
    await route.continue();
  });
  await alice.context.setOffline(false);
  await message(bob.page, "From the train").waitFor();
  await expect.poll(() => alice.page.locator(".bubble.waits").count()).toBe(0);
  expect(await message(alice.page, "From the train").count()).toBe(1);
  expect(await message(alice.page, "Meanwhile").count()).toBe(0);
  letGo();
  await message(alice.page, "Meanwhile").waitFor();
  expect(await message(alice.page, "From the train").count()).toBe(1);
  const texts = await alice.page.locator(".bubble > .text").allTextContents();
  expect(texts).toEqual(["Before", "Meanwhile", "From the train"]);
  expect(await alice.page.getByText("Waits for the network").count()).toBe(0);
});

test("a message that is refused stays over a reload, and can be sent again", async () => {
  const [alice, bob] = await friends();
  const { data: id } = await bob.client
    .rpc("create_group", { name: "Gardeners", member_ids: [alice.id] })
    .throwOnError();
  await alice.client.rpc("accept_conversation", { conversation_id: id });
  await alice.page.goto(`/chat/${id}`);
  await field(alice.page).waitFor();
  await alice.context.setOffline(true);
  await write(alice.page, "Too late");
  await bob.client.rpc("update_group", { conversation_id: id, is_locked: true }).throwOnError();
  await alice.context.setOffline(false);
  await message(alice.page, "Too late").getByText("Not sent.").waitFor();
  await alice.page.reload();
  await message(alice.page, "Too late").getByText("Not sent.").waitFor();
  await bob.client.rpc("update_group", { conversation_id: id, is_locked: false }).throwOnError();
  await field(alice.page).waitFor();
  await message(alice.page, "Too late").getByRole("button", { name: "Try again" }).click();
  await message(alice.page, "Too late").getByText("Sent", { exact: true }).waitFor();
  const { data } = await bob.client.rpc("messages", { conversation_id: id }).throwOnError();
  const said = (data as { content: string }[]).filter(({ content }) => content === "Too late");
  expect(said).toHaveLength(1);
});

test("alice reads on one device, and the other one knows; what she begins to write is on both", async () => {
  const [alice, bob, id] = await friends();
  const other = await signedInDevice(alice);
  await say(bob, id, "Are you there?");
  const badge = (page: Page) => page.getByRole("link", { name: /Messages.*1 unread/ });
  await Promise.all([badge(alice.page).first().waitFor(), badge(other.page).first().waitFor()]);
  // Bob also follows her.
  await expect.poll(() => other.page.title()).toBe("(2) Home · Plaza");
  await alice.page.goto(`/chat/${id}`);
  await message(alice.page, "Are you there?").waitFor();
  await expect.poll(() => badge(other.page).count()).toBe(0);
  await expect.poll(() => other.page.title()).toBe("(1) Home · Plaza");

  await field(alice.page).fill("I was about to say");
  await other.page.goto("/chat");
  await other.page.getByText("I was about to say").waitFor();
  await other.page.goto(`/chat/${id}`);
  await expect.poll(() => field(other.page).inputValue()).toBe("I was about to say");
  await write(other.page, "I was about to say something");
  await expect.poll(() => field(alice.page).inputValue()).toBe("");
});

test("a draft that comes to the server after its message does not come back into the field", async () => {
  const [alice, bob, id] = await friends();
  const { page, client } = alice;
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  /** The drafts that the page stores. The first one is under way until the test lets it go. */
  const stored: string[] = [];
  await page.route("**/rpc/set_conversation", async (route) => {
    const { draft } = route.request().postDataJSON() as { draft: string };
    if (stored.push(draft) === 1) await held;
    await route.continue();
  });
  await page.goto(`/chat/${id}`);
  await field(page).fill("See you at 0");
  await expect.poll(() => stored).toEqual(["See you at 0"]);
  await page.getByRole("button", { name: "Send" }).click();
  await message(page, "See you at 0").getByText("Sent", { exact: true }).waitFor();
  letGo();
  // The draft came to the server after the message. So the page empties it.
  await expect.poll(() => stored).toEqual(["See you at 0", ""]);
  const draft = async () =>
    (await client.rpc("conversations", { folder: "inbox" }).throwOnError()).data?.[0]?.draft;
  await expect.poll(draft).toBe("");
  await say(bob, id, "Fine");
  await message(page, "Fine").waitFor();
  expect(await field(page).inputValue()).toBe("");
});

test("a draft that the server tells of after its message left does not come back into the field", async () => {
  const [alice, bob, id] = await friends();
  const { page } = alice;
  /** The events with her draft, and her message. They come when the test lets them go. */
  const events: (() => void)[] = [];
  let isHeld = true;
  await page.routeWebSocket(/.*/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((text) => {
      if (isHeld && /draft\W+Now or/.test(String(text))) events.push(() => socket.send(text));
      else socket.send(text);
    });
  });
  let letGo = () => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  await page.route("**/rpc/send_message", async (route) => {
    await held;
    await route.continue();
  });
  await page.goto(`/chat/${id}`);
  await field(page).fill("Now or never");
  await expect.poll(() => events.length).toBe(1);
  await page.getByRole("button", { name: "Send" }).click();
  await page.locator(".bubble.waits").waitFor();
  const title = await page.title();
  isHeld = false;
  for (const tell of events) tell();
  // A later event of the same stream is here.
  await bob.client.rpc("write_post", { content: `Look, @${alice.username}` }).throwOnError();
  await expect.poll(() => page.title()).not.toBe(title);
  expect(await field(page).inputValue()).toBe("");
  letGo();
  await message(page, "Now or never").getByText("Sent", { exact: true }).waitFor();
  expect(await field(page).inputValue()).toBe("");
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("an error in a conversation is told once, and above the field", async () => {
  const [alice, bob, id] = await friends();
  const { page } = alice;
  await say(bob, id, "Well?");
  // A toast stands over the newest messages.
  await say(bob, id, "Once more\n".repeat(12));
  await page.goto(`/chat/${id}`);
  const toast = page.locator(".toast");
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 780 });
    for (const lines of [1, 5]) {
      await field(page).fill("Line\n".repeat(lines).trim());
      await choose(page, "Well?", "React");
      await page.getByRole("textbox", { name: "Another emoji" }).fill("no emoji");
      const refused = page.waitForResponse("**/rpc/react");
      await page.getByRole("dialog").getByRole("button", { name: "React" }).click();
      expect((await refused).status()).toBe(400);
      await toast.waitFor();
      const top = async () => (await page.locator(".composer").boundingBox())?.y ?? 0;
      const bottom = async () => {
        const box = await toast.boundingBox();
        return box ? box.y + box.height : Number.POSITIVE_INFINITY;
      };
      await expect.poll(async () => (await top()) - (await bottom())).toBeGreaterThan(0);
      expect(await toast.count()).toBe(1);
    }
  }
  await page.goto("/");
  await expect
    .poll(() => page.evaluate(() => document.documentElement.style.getPropertyValue("--composer")))
    .toBe("");
});

test("a room of 120 messages is read in both directions", async () => {
  const [alice, bob, id] = await friends();
  for (let sent = 0; sent < 120; sent += 20) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => say(bob, id, `Message ${sent + index}.`)));
  }
  const pages = await Promise.all([{ after: 0 }, { after: 60 }].map((cursor) => textsOf(alice, id, cursor)));
  const texts = pages.flat();
  const newest = texts.at(-1) as string;
  const shown = () => alice.page.locator(".message .text").allTextContents();
  await alice.page.goto(`/chat/${id}?at=20`);
  await expect.poll(shown).toContain(texts[19]);
  expect(await shown()).not.toContain(newest);
  const box = alice.page.getByRole("region", { name: "Messages of this conversation" });
  await box.evaluate((element) => element.scrollTo(0, 0));
  await expect.poll(shown).toContain(texts[0]);
  // Down again, page by page, to the newest one.
  await expect
    .poll(async () => {
      await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
      return shown();
    })
    .toContain(newest);
  // The document has the messages near to the end, in order.
  const near = await shown();
  expect(near.length).toBeGreaterThan(10);
  expect(near).toEqual(texts.slice(-near.length));
  // And what is new comes at the end, and stays in view.
  await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await say(bob, id, "And one more");
  await message(alice.page, "And one more").waitFor();
  await expect
    .poll(() => box.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight))
    .toBeLessThan(5);
});

/** The texts, in the order of the server. */
async function textsOf(who: Person, conversation_id: number, cursor: object): Promise<string[]> {
  const { data } = await who.client
    .rpc("messages", { conversation_id, page_size: 60, ...cursor })
    .throwOnError();
  return (data as { content: string }[]).map(({ content }) => content);
}

test("what people write stays text, and long words and Arabic fit", async () => {
  const [alice, bob, id] = await friends();
  const hostile = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`;
  const long = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(6);
  const arabic = "مرحبا بكم في الساحة! كيف حالك اليوم؟";
  for (const text of [hostile, long, arabic, "👩‍👩‍👧‍👦🏳️‍🌈🎉", "Line one\n\nLine three"])
    await say(bob, id, text);
  await say(alice, id, `${arabic} 👍`);
  await alice.page.goto(`/chat/${id}`);
  await message(alice.page, hostile).waitFor();
  await message(alice.page, arabic).first().waitFor();
  expect(await alice.page.locator(".messages img, .messages script").count()).toBe(0);
  await expectNoSidewaysScroll(alice.page);
  await expectAccessible(alice.page);
  await pictures(alice.page, "chat-words");
  await field(alice.page).fill(hostile);
  await alice.page.goto(`/chat/search?q=${encodeURIComponent("hacked")}`);
  await alice.page.getByRole("listitem").filter({ hasText: "onerror" }).waitFor();
  await expectAccessible(alice.page);
  await pictures(alice.page, "chat-search");
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("a stranger's message waits among the requests", async () => {
  const [alice, mallory] = await Promise.all([
    visitor("alice", { display_name: "Alice" }),
    visitor("mallory", { display_name: "Mallory <b>bold</b>" }),
  ]);
  const { data: id } = await mallory.client
    .rpc("direct_conversation", { profile_id: alice.id })
    .throwOnError();
  await say(mallory, id, "You do not know me");
  await alice.page.goto("/chat");
  await alice.page.getByText("No conversations yet").waitFor();
  await alice.page.getByRole("link", { name: "Requests (1)" }).click();
  await alice.page.getByRole("link", { name: /Mallory <b>bold<\/b>/ }).click();
  await alice.page.getByText("You do not know me").waitFor();
  expect(await field(alice.page).count()).toBe(0);
  await expectAccessible(alice.page);
  await alice.page.getByRole("button", { name: "Accept" }).click();
  await write(alice.page, "Now I do");
  await mallory.page.goto(`/chat/${id}`);
  await message(mallory.page, "Now I do").waitFor();
  await alice.page.goto("/chat");
  await alice.page.getByRole("link", { name: /Mallory/ }).waitFor();
  await alice.page.getByRole("button", { name: /More about Mallory/ }).click();
  await alice.page.getByRole("menuitem", { name: "Pin" }).click();
  await alice.page.locator(".conversation-head .icon").waitFor();
  await expectAccessible(alice.page);
  await pictures(alice.page, "chat-list");
  for (const [path, name] of [
    ["/chat/settings", "chat-settings"],
    [`/chat/${id}/about`, "chat-about-direct"],
  ] as const) {
    await alice.page.goto(path);
    await alice.page.getByText("Show what I have read").waitFor();
    await expectAccessible(alice.page);
    await expectNoSidewaysScroll(alice.page);
    await pictures(alice.page, name);
  }
});
