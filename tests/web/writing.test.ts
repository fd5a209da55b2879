/** Writing when something is in the way: a budget that is spent, other devices, a slow network, long texts. */
import type { BrowserContext, Page, Route } from "playwright-core";
import { afterAll, expect, test } from "vitest";
import { service, signUp } from "../people.ts";
import {
  closeBrowser,
  comeBack,
  complaintsOf,
  expectAccessible,
  expectNoSidewaysScroll,
  kept,
  visitor,
} from "./browser.ts";

afterAll(closeBrowser);

/** Requests to this address that wait until the test lets them go. */
async function held(
  on: Page | BrowserContext,
  url: string | RegExp,
): Promise<{ asked(): number; release(): Promise<void> }> {
  const waiting: Route[] = [];
  let isOpen = false;
  await on.route(url, (route) => (isOpen ? route.continue() : void waiting.push(route)));
  return {
    asked: () => waiting.length,
    async release() {
      isOpen = true;
      await Promise.all(waiting.map((route) => route.continue()));
    },
  };
}

const limit = (profile_id: string, action: string, per_minute: number) =>
  service().rpc("set_limits", { profile_id, action, per_minute, per_hour: 100, per_day: 100 }).throwOnError();

test("who posts too often is told so, and when they can go on. What else they do arrives meanwhile", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page, client, context } = alice;
  await client.rpc("follow", { profile_id: bob.id }).throwOnError();
  const { data: post } = await bob.client.rpc("write_post", { content: "Good morning" }).throwOnError();
  await limit(alice.id, "post", 1);
  await client.rpc("write_post", { content: "Within" }).throwOnError();
  await page.goto("/compose");
  await page.getByLabel("Your post").fill("Beyond");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText(/That was too often\. You can go on at \d/).waitFor();
  expect(await page.getByLabel("Your post").inputValue()).toBe("Beyond");

  // The answer comes when she has gone on.
  const writing = await held(page, "**/rpc/write_post");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText("It is being sent.").first().waitFor();
  await writing.release();
  const line = page.locator(".unsent .draft").filter({ hasText: "Beyond" });
  await line.getByText("This was not sent. That was too often.").waitFor();
  await line.getByRole("button", { name: "Try again" }).waitFor();

  await page
    .getByRole("article")
    .filter({ hasText: "Good morning" })
    .getByRole("button", { name: "Like" })
    .click();
  const likes = async () =>
    (await client.from("likes").select("post_id").eq("user_id", alice.id).throwOnError()).data;
  await expect.poll(likes).toEqual([{ post_id: post.id }]);
  await limit(alice.id, "post", 100);
  await line.getByRole("button", { name: "Try again" }).click();
  const posts = async () =>
    (await client.from("posts").select("content").eq("author_id", alice.id).order("id").throwOnError()).data;
  await expect.poll(posts).toEqual([{ content: "Within" }, { content: "Beyond" }]);
  expect(complaintsOf(context)).toEqual([]);
});

test("a change of a post is told as saved only if it is, and its text is kept until then", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page, client, context } = alice;
  const write = async (person: typeof bob, content: string) =>
    (await person.client.rpc("write_post", { content }).throwOnError()).data.id;
  const [gone, slow, bobs] = [
    await write(alice, "Gone"),
    await write(alice, "Slow"),
    await write(bob, "Bob's"),
  ];
  const notThere = page.getByText("This post is not there, or you cannot see it.");
  const field = page.getByLabel("Your post");
  const save = page.getByRole("button", { name: "Save" });
  await page.goto(`/compose?edit=${bobs}`);
  await notThere.waitFor();

  // Another device deletes it while she writes.
  await page.goto(`/compose?edit=${gone}`);
  await field.fill("Gone with the wind");
  await client.from("posts").delete().eq("id", gone).throwOnError();
  await save.click();
  await notThere.waitFor();
  expect(await field.inputValue()).toBe("Gone with the wind");
  await page.reload();
  await notThere.waitFor();
  await page.getByText("Gone with the wind").waitFor();

  // The refusal comes when the editor is closed. The server takes this for blank.
  await page.goto(`/compose?edit=${slow}`);
  await field.fill("\u200b");
  let changing = await held(page, "**/rest/v1/posts?*");
  await save.click();
  await page.getByText("It is being sent.").waitFor();
  await changing.release();
  await page.getByText("This was not sent. Write something first").waitFor();
  await page.getByRole("button", { name: "Edit" }).click();
  expect(await field.inputValue()).toBe("\u200b");

  // The page is closed before the answer. The next one knows.
  await field.fill("Slow and steady");
  await page.unrouteAll();
  changing = await held(page, "**/rest/v1/posts?*");
  await save.click();
  await expect.poll(changing.asked).toBe(1);
  // The editor leads back after a while. A reload at the same moment would be cut off.
  await field.waitFor({ state: "hidden" });
  await page.unrouteAll({ behavior: "ignoreErrors" });
  await page.reload();
  const content = async () =>
    (await client.from("posts").select("content").eq("id", slow).single().throwOnError()).data.content;
  await expect.poll(content).toBe("Slow and steady");
  const texts = () => page.evaluate((id) => localStorage.getItem(`plaza.drafts.${id}`), alice.id);
  await expect.poll(texts).not.toContain("steady");
  expect(await texts()).toContain("wind");
  expect(complaintsOf(context)).toEqual([]);
});

test("a scheduled draft that dave publishes in a tunnel is published once, and does not stay scheduled", async () => {
  const { page, client, context, id } = await visitor("dave");
  const publish_at = new Date(Date.now() + 3_600_000).toISOString();
  const draft = async (content: string) =>
    (await client.from("drafts").insert({ content, publish_at }).select("id").single().throwOnError()).data
      .id;
  const [first, second] = [await draft("At one"), await draft("At two")];
  const posts = async () =>
    (await client.from("posts").select("content").eq("author_id", id).order("id").throwOnError()).data.map(
      ({ content }) => content,
    );
  const drafts = async () => (await client.from("drafts").select("content").throwOnError()).data;
  const publish = async (draft_id: string, content: string) => {
    await page.goto(`/compose?draft=${draft_id}`);
    await page.getByLabel("Your post").fill(content);
    await kept(page);
    await context.setOffline(true);
    await page.getByText("You are offline.").waitFor();
    await page.getByRole("button", { name: "Post", exact: true }).click();
    await page.getByText("It will be sent when there is a connection.").first().waitFor();
  };
  await publish(first, "At one, better");
  await comeBack(context, page);
  await expect.poll(drafts).toEqual([{ content: "At two" }]);
  expect(await posts()).toEqual(["At one, better"]);

  // Meanwhile its time comes. The new text is not lost.
  await publish(second, "At two, better");
  await client.rpc("publish_draft", { draft_id: second }).throwOnError();
  await comeBack(context, page);
  const line = page.locator(".unsent .draft").filter({ hasText: "At two, better" });
  await line.getByText("This draft is not there any more. It may be published.").waitFor();
  expect(await posts()).toEqual(["At one, better", "At two"]);
  expect(complaintsOf(context)).toEqual([]);
});

test("alice is told that everyone may read her answer to a private account's post", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page, context } = alice;
  await alice.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  const { data: open } = await bob.client.rpc("write_post", { content: "For all" }).throwOnError();
  await page.goto(`/compose?reply=${open.post.id}`);
  await page.getByLabel("Readers").waitFor();
  const hint = page.getByText("Everyone can read your answer");
  expect(await hint.count()).toBe(0);
  await bob.client.from("profiles").update({ is_private: true }).eq("id", bob.id).throwOnError();
  await page.reload();
  await hint.waitFor();
  await expectAccessible(page);
  await page.getByLabel("Readers").selectOption("Followers");
  await expect.poll(() => hint.count()).toBe(0);
  expect(complaintsOf(context)).toEqual([]);
});

test("a draft stays scheduled while it is edited, and shows what it answers", async () => {
  const [dave, bob] = await Promise.all([visitor("dave"), signUp("bob")]);
  const { page, client, context } = dave;
  const { data: post } = await bob.client.rpc("write_post", { content: "Who has a ladder?" }).throwOnError();
  const at = new Date(Date.now() + 3 * 3_600_000);
  at.setUTCSeconds(0, 0);
  const { data: draft } = await client
    .from("drafts")
    .insert({ content: "I do, tomorow", publish_at: at.toISOString(), reply_to_id: post.id })
    .select("id")
    .single()
    .throwOnError();
  const publishAt = async () => {
    const { data } = await client
      .from("drafts")
      .select("publish_at")
      .eq("id", draft.id)
      .single()
      .throwOnError();
    return data.publish_at && new Date(data.publish_at).toISOString();
  };
  await page.goto("/drafts");
  expect(await page.getByRole("link", { name: "Answers a post" }).getAttribute("href")).toBe(
    `/posts/${post.id}`,
  );
  await expectAccessible(page);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("blockquote").getByText("Who has a ladder?").waitFor();
  await page.getByText("Will be published:").waitFor();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await page.getByRole("button", { name: "Publish later" }).click();
  const chosen = await page.getByLabel("Day and time").evaluate((field: HTMLInputElement) => field.value);
  expect(await page.evaluate((local) => new Date(local).toISOString(), chosen)).toBe(at.toISOString());
  await page.keyboard.press("Escape");
  await page.getByLabel("Your answer").fill("I do, tomorrow");
  await page.getByRole("button", { name: "Keep as draft" }).click();
  await page.getByText("The post is scheduled.").waitFor();
  expect(await publishAt()).toBe(at.toISOString());

  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("button", { name: "Do not publish it by itself" }).click();
  await page.getByRole("button", { name: "Keep as draft" }).click();
  await page.getByText("The draft is kept.").waitFor();
  expect(await publishAt()).toBeNull();

  await page.goto("/compose");
  expect(await page.getByRole("button", { name: "Publish later" }).isDisabled()).toBe(true);
  expect(complaintsOf(context)).toEqual([]);
});

test("what is kept on the device and what is on the server do not go past each other", async () => {
  const { page, client, context, id } = await visitor("alice");
  const field = page.getByLabel("Your post");
  const { data: draft } = await client
    .from("drafts")
    .insert({ content: "First wording" })
    .select("id")
    .single()
    .throwOnError();
  await page.goto("/drafts");
  await page.getByRole("link", { name: "Edit" }).click();
  await field.fill("Second wording");

  // Another device saves a later text. She gets that one, and can have her own.
  await client.from("drafts").update({ content: "Third wording" }).eq("id", draft.id).throwOnError();
  await page.reload();
  await page.getByText("This was changed on another device.").waitFor();
  expect(await field.inputValue()).toBe("Third wording");
  await expectAccessible(page);
  await page.getByRole("button", { name: "Show what I wrote" }).click();
  expect(await field.inputValue()).toBe("Second wording");

  // The list shows and publishes what she sees.
  await page.goto("/drafts");
  await page.getByText("Second wording").waitFor();
  await page.getByRole("button", { name: "Post now" }).click();
  await page.getByText("You have no drafts").waitFor();
  const posts = async () =>
    (await client.from("posts").select("id, content").eq("author_id", id).order("id").throwOnError()).data;
  const [post] = await posts();
  expect(post?.content).toBe("Second wording");
  const texts = () => page.evaluate((id) => localStorage.getItem(`plaza.drafts.${id}`), id);
  expect(await texts()).toBe("{}");

  // The same for a post.
  await page.goto(`/compose?edit=${post?.id}`);
  await field.fill("Half a tho");
  await client.from("posts").update({ content: "Fourth wording" }).eq("id", post?.id).throwOnError();
  await page.goto("/");
  await page.goto(`/compose?edit=${post?.id}`);
  await page.getByRole("button", { name: "Show what I wrote" }).waitFor();
  expect(await field.inputValue()).toBe("Fourth wording");

  expect(complaintsOf(context)).toEqual([]);

  // Two tabs.
  const tab = await context.newPage();
  for (const [each, words] of [
    [page, "one"],
    [tab, "two"],
  ] as const) {
    await each.goto("/compose");
    await each.getByLabel("Your post").fill(words);
  }
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText("Your post is out.").waitFor();
  await tab.goto("/compose?text=%23tea");
  await expect.poll(() => tab.getByLabel("Your post").inputValue()).toBe("two #tea ");
});

test("an emoji is one character, as on the server, and nothing is cut in silence", async () => {
  const { page, client, context, id } = await visitor("alice");
  const emoji = "😀";
  await page.goto("/compose");
  await page.getByLabel("Your post").fill(emoji.repeat(10_001));
  await page.getByText("That is 1 character too long.").waitFor();
  const post = page.getByRole("button", { name: "Post", exact: true });
  expect(await post.isDisabled()).toBe(true);
  await page.getByLabel("Your post").fill(emoji.repeat(10_000));
  await page.getByText("0 characters left").waitFor();
  await post.click();
  await page.getByText("Your post is out.").waitFor();
  const { data } = await client.from("posts").select("content").eq("author_id", id).single().throwOnError();
  expect(data.content).toBe(emoji.repeat(10_000));

  await page.goto("/settings/profile");
  const name = page.getByLabel("Name", { exact: true });
  await name.focus();
  await page.keyboard.insertText(emoji.repeat(51));
  await page.getByRole("button", { name: "Save" }).click();
  const problem = () => name.evaluate((field: HTMLInputElement) => field.validationMessage);
  expect(await problem()).toBe("That is 1 character too long.");
  await page.keyboard.press("Backspace");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  const { data: profile } = await client
    .from("profiles")
    .select("display_name")
    .eq("id", id)
    .single()
    .throwOnError();
  expect(profile.display_name).toBe(emoji.repeat(50));

  const { data: room } = await client.rpc("direct_conversation", { profile_id: id }).throwOnError();
  await page.goto(`/chat/${room}`);
  const message = page.locator("textarea[name=message]");
  await message.fill(emoji.repeat(10_001));
  await page.getByText("That is 1 character too long.").waitFor();
  await message.fill(emoji.repeat(6_000));
  await page.getByRole("button", { name: "Send" }).click();
  const messages = async () =>
    (await client.rpc("messages", { conversation_id: room }).throwOnError()).data.map(
      ({ content }: { content: string }) => content,
    );
  await expect.poll(messages).toEqual([emoji.repeat(6_000)]);
  expect(complaintsOf(context)).toEqual([]);
});

test("a slow answer does not pull alice away from where she went meanwhile", async () => {
  const { page, client, context, id } = await visitor("alice");
  const goTo = async (name: string) => {
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();
    await page.getByRole("heading", { name, level: 1 }).waitFor();
  };
  /** Clicks, goes to the search and types there, and only then the server answers. */
  const during = async (button: string, url: string, end: () => Promise<unknown>) => {
    const answer = await held(page, url);
    await page.getByRole("button", { name: button, exact: true }).click();
    await expect.poll(answer.asked).toBe(1);
    await goTo("Search");
    await page.getByRole("searchbox").fill(button);
    await Promise.all([end(), answer.release()]);
    // Two frames later, it would have gone elsewhere.
    await page.evaluate(
      () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
    );
    expect(new URL(page.url()).pathname).toBe("/search");
    expect(await page.getByRole("searchbox").inputValue()).toBe(button);
    await page.unrouteAll();
  };
  await page.setViewportSize({ width: 1280, height: 800 });
  const compose = async (content: string) => {
    await page.getByRole("link", { name: "New post" }).first().click();
    await page.getByLabel("Your post").fill(content);
  };
  await compose("Slow post");
  await during("Post", "**/rpc/write_post", () => page.getByText("Your post is out.").waitFor());
  await compose("Slow draft");
  await during("Keep as draft", "**/rest/v1/drafts?*", () => page.getByText("The draft is kept.").waitFor());
  await page.goto("/chat/new");
  await during("Notes to yourself", "**/rpc/direct_conversation", async () => {
    const answer = await page.waitForResponse("**/rpc/direct_conversation");
    await answer.finished();
  });
  const { data } = await client.from("posts").select("content").eq("author_id", id).throwOnError();
  expect(data).toEqual([{ content: "Slow post" }]);
  expect(complaintsOf(context)).toEqual([]);
});
