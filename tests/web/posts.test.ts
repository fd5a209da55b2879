/** Posts: writing, answering, changing, deleting, what is liked, and texts that try to be more than text. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  expectAccessible,
  expectNoSidewaysScroll,
  pictures,
  visitor,
} from "./browser.ts";

afterAll(closeBrowser);

test("alice writes a post, changes it, and deletes it", async () => {
  const { page, context, client, id } = await visitor("alice");
  await page.getByRole("link", { name: "New post" }).first().click();
  await page.getByLabel("Your post").fill("Tea at four #garden");
  await page.getByRole("button", { name: "Title, warning" }).click();
  await page.getByLabel("Title").fill("An invitation");
  await page.getByLabel("Content warning").fill("Cake");
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "compose");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText("Your post is out.").waitFor();
  // It is behind its warning.
  const post = page.getByRole("article").filter({ hasText: "Cake" });
  expect(await post.getByText("Tea at four").isVisible()).toBe(false);
  await post.getByText("Cake").click();
  expect(await post.getByText("Tea at four").isVisible()).toBe(true);
  const { data: written } = await client
    .from("posts")
    .select("*")
    .eq("author_id", id)
    .single()
    .throwOnError();
  expect(written).toMatchObject({
    title: "An invitation",
    content_warning: "Cake",
    audience: "everyone",
    language: "en",
  });

  await post.getByRole("button", { name: "More about this post" }).click();
  await page.getByRole("menuitem", { name: "Edit" }).click();
  await page.getByLabel("Your post").fill("Tea at five #garden");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Your change is saved.").waitFor();
  await page.goto(`/posts/${written.id}/versions`);
  await page.getByText("Tea at four").waitFor();
  await pictures(page, "versions");
  await expectAccessible(page);

  await page.goto("/");
  await post.getByRole("button", { name: "More about this post" }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await pictures(page, "delete");
  await expectAccessible(page);
  await page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await page.getByText("This post was deleted.").waitFor();
  await expect
    .poll(async () => (await client.from("posts").select("id").eq("author_id", id).throwOnError()).data)
    .toEqual([]);
  expect(complaintsOf(context)).toEqual([]);
});

test("alice quotes bob in German, only for her followers, and reposts him and takes it back", async () => {
  const [alice, bob, carol] = await Promise.all([visitor("alice"), visitor("bob"), visitor("carol")]);
  const { page, client, id } = alice;
  await bob.client.rpc("follow", { profile_id: id }).throwOnError();
  const { data: post } = await bob.client.rpc("write_post", { content: "Who swaps seeds?" }).throwOnError();
  await page.goto(`/posts/${post.id}`);
  await page.getByRole("button", { name: "Quote", exact: true }).click();
  await page.getByRole("blockquote").getByText("Who swaps seeds?").waitFor();
  await page.getByLabel("Your post").fill("Ich habe Kürbis");
  await page.getByLabel("Readers").selectOption("Followers");
  await page.getByLabel("Language").selectOption("German");
  await page.getByRole("button", { name: "Post", exact: true }).click();
  await page.getByText("Your post is out.").waitFor();
  const own = async () =>
    (
      await client
        .from("posts")
        .select("content, audience, language, quote_of_id, repost_of_id")
        .eq("author_id", id)
        .order("id")
        .throwOnError()
    ).data;
  const quote = {
    content: "Ich habe Kürbis",
    audience: "followers",
    language: "de",
    quote_of_id: post.id,
    repost_of_id: null,
  };
  expect(await own()).toEqual([quote]);
  await bob.page.reload();
  await bob.page.getByText("Ich habe Kürbis").waitFor();

  await page.goto(`/posts/${post.id}`);
  await page.getByRole("button", { name: "Repost", exact: true }).click();
  await expect.poll(own).toEqual([quote, expect.objectContaining({ repost_of_id: post.id })]);
  // Everybody sees the repost of an open post on alice's profile. The quote is not for carol.
  await carol.page.goto(`/@${alice.username}`);
  await carol.page.getByText("Who swaps seeds?").waitFor();
  expect(await carol.page.getByText("Ich habe Kürbis").count()).toBe(0);
  await page.getByRole("button", { name: "Take the repost back" }).click();
  await expect.poll(own).toEqual([quote]);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("what alice writes is still there after a reload, and is sent once", async () => {
  const { page, client, id } = await visitor("alice");
  await page.goto("/compose");
  await page.getByLabel("Your post").fill("Half a tho");
  await page.reload();
  expect(await page.getByLabel("Your post").inputValue()).toBe("Half a tho");
  await page.getByLabel("Your post").fill("A whole thought");
  const button = page.getByRole("button", { name: "Post", exact: true });
  await button.evaluate((element: HTMLButtonElement) => {
    element.click();
    element.click();
  });
  await page.getByText("Your post is out.").waitFor();
  const { data } = await client.from("posts").select("content").eq("author_id", id).throwOnError();
  expect(data).toEqual([{ content: "A whole thought" }]);
  await page.goto("/compose");
  expect(await page.getByLabel("Your post").inputValue()).toBe("");
});

test("bob answers alice in one window, and she sees it in hers without reloading", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), visitor("bob")]);
  const { data: post } = await alice.client
    .rpc("write_post", { content: "Who has a ladder?" })
    .throwOnError();
  await Promise.all([alice.page.goto(`/posts/${post.id}`), bob.page.goto(`/posts/${post.id}`)]);
  await alice.page.getByText("Who has a ladder?").waitFor();
  await bob.page.getByRole("link", { name: "Your answer" }).click();
  await bob.page.getByLabel("Your answer").fill("I do.");
  await bob.page.getByRole("button", { name: "Post", exact: true }).click();
  await bob.page.getByText("I do.").waitFor();
  // The notification comes over the socket, and the page says that there is an answer.
  await alice.page.getByRole("button", { name: "1 new answer" }).click();
  await alice.page.getByText("I do.").waitFor();
  await alice.page
    .getByRole("article")
    .filter({ hasText: "I do." })
    .getByRole("button", { name: "Like" })
    .click();
  await expect
    .poll(
      async () =>
        (await alice.client.from("likes").select("user_id").eq("user_id", alice.id).throwOnError()).data,
    )
    .toHaveLength(1);
  await alice.page.reload();
  await alice.page.locator(".post-action.heart.on").waitFor();
  // The keys go from the post to its answers.
  for (const text of ["Who has a ladder?", "I do."]) {
    await alice.page.keyboard.press("j");
    expect(await alice.page.evaluate(() => document.activeElement?.textContent)).toContain(text);
  }
  await expectAccessible(alice.page);
  await expectNoSidewaysScroll(alice.page);
  await pictures(alice.page, "thread");
  expect(complaintsOf(alice.context)).toEqual([]);
  expect(complaintsOf(bob.context)).toEqual([]);
});

const bait = [
  `<img src=x onerror="document.title='pwned'">`,
  `<script>document.title='pwned'</script>`,
  `"><svg onload=document.title='pwned'>`,
  "javascript:document.title='pwned'",
  `{{constructor.constructor("document.title='pwned'")()}}`,
];

test("text stays text: nothing that mallory writes runs, and every letter of it is shown", async () => {
  const [alice, mallory] = await Promise.all([
    visitor("alice"),
    signUp("mallory", { display_name: "<b>Mallory</b>" }),
  ]);
  const content = `${bait.join("\n")}\nhttps://xn--80ak6aa92e.com/?q="><script>1</script> and https://аррӏе.com/login`;
  const { data: row } = await mallory.client
    .rpc("write_post", { content, title: bait[0], content_warning: bait[1] })
    .throwOnError();
  await alice.page.goto(`/posts/${row.id}`);
  await alice.page.locator("summary").click();
  await alice.page.getByText(bait[2] ?? "").waitFor();
  const shown = await alice.page.locator("article .text").first().textContent();
  for (const each of bait) expect(shown).toContain(each);
  expect(await alice.page.title()).toBe("Post · Plaza");
  expect(await alice.page.locator("article img, article script, article b").count()).toBe(0);
  expect(await alice.page.getByText("<b>Mallory</b>").count()).toBeGreaterThan(0);
  const links = await alice.page.locator("article .text a[target]").evaluateAll((all) =>
    all.map((link) => ({
      rel: (link as HTMLAnchorElement).rel,
      protocol: (link as HTMLAnchorElement).protocol,
    })),
  );
  expect(links.length).toBeGreaterThan(0);
  for (const link of links)
    expect(link).toEqual({ rel: "nofollow noopener noreferrer ugc", protocol: "https:" });
  expect(shown).toContain("(xn--80ak6aa92e.com)");
  await expectNoSidewaysScroll(alice.page);
  expect(complaintsOf(alice.context)).toEqual([]);

  // The policy would stop a mistake of our own, too.
  await alice.page.evaluate(() => {
    try {
      // biome-ignore lint/plugin: the mistake that the policy has to stop
      document.body.innerHTML = "<img src=x onerror=\"document.title='pwned'\">";
    } catch (error) {
      document.title = `refused: ${(error as Error).name}`;
    }
  });
  expect(await alice.page.title()).toBe("refused: TypeError");
});

test("long names, long words, emoji and Arabic fit on the smallest phone", async () => {
  const { page, client, context } = await visitor("alice", { display_name: "W".repeat(50) });
  for (const content of [
    "w".repeat(300),
    `https://example.org/${"a".repeat(200)}`,
    "👩‍👩‍👧‍👦🏳️‍🌈".repeat(30),
    "مرحبا بالعالم، هذا منشور طويل بعض الشيء لنرى كيف يبدو #حديقة",
    "字".repeat(200),
    "A line\n".repeat(40),
  ]) {
    await client
      .rpc("write_post", { content, language: content.startsWith("مر") ? "ar" : null })
      .throwOnError();
  }
  await page.reload();
  await page.getByText("字字字").waitFor();
  await expectNoSidewaysScroll(page);
  await expectAccessible(page);
  await pictures(page, "hard-texts");
  const arabic = page.locator('article .text[lang="ar"]');
  expect(await arabic.evaluate((element) => getComputedStyle(element).direction)).toBe("rtl");
  await page.getByRole("button", { name: "Show all of it" }).click();
  expect(complaintsOf(context)).toEqual([]);
});

test("dave schedules a post, and finds it among his drafts", async () => {
  const { page, client, id } = await visitor("dave");
  await page.goto("/compose");
  await page.getByLabel("Your post").fill("Good morning from the past");
  await page.getByRole("button", { name: "Publish later" }).click();
  await expectAccessible(page);
  await page.getByRole("button", { name: "Schedule" }).click();
  await page.getByText("Will be published:").waitFor();
  await expectAccessible(page);
  await pictures(page, "drafts");
  await page.getByRole("button", { name: "Post now" }).click();
  await page.getByText("You have no drafts").waitFor();
  const { data } = await client.from("posts").select("content").eq("author_id", id).throwOnError();
  expect(data).toEqual([{ content: "Good morning from the past" }]);
});
