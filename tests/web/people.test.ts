/** People: profiles, following and asking, blocking, muting, and the settings. */
import { afterAll, expect, test } from "vitest";
import { type Person, signUp } from "../people.ts";
import {
  closeBrowser,
  complaintsOf,
  device,
  expectAccessible,
  expectGood,
  pictures,
  type Visitor,
  visitor,
} from "./browser.ts";

afterAll(closeBrowser);

/** Would run if text ever became HTML or an address a script. */
const attack = `<img src=x onerror="window.broken=1">`;
const arabic = "مرحبا بكم في الساحة";
const longWord = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten";

const main = ({ page }: Visitor) => page.getByRole("main");
const button = (person: Visitor, name: string | RegExp) => main(person).getByRole("button", { name });

async function choose(person: Visitor, item: string): Promise<void> {
  await button(person, /^More about @/).click();
  await person.page.getByRole("menuitem", { name: item }).click();
}

test("bob follows alice on her profile, asks to be told of her posts, and she finds him among her followers", async () => {
  const [alice, bob] = await Promise.all([
    visitor("alice"),
    visitor("bob", { display_name: `Bob ${attack}` }),
  ]);
  await alice.client.from("posts").insert({ content: "From the balcony" }).throwOnError();
  const { data: post } = await bob.client.rpc("write_post", { content: "From the street" }).single();
  await alice.client
    .from("likes")
    .insert({ post_id: (post as { id: number }).id })
    .throwOnError();

  await bob.page.goto(`/@${alice.username.toUpperCase()}`);
  await bob.page.getByText("From the balcony").waitFor();
  // The address has the name as its owner writes it.
  await expect.poll(() => new URL(bob.page.url()).pathname).toBe(`/@${alice.username}`);
  await button(bob, "Follow @").click();
  await button(bob, "Following @").waitFor();
  await main(bob).getByText("1 follower").waitFor();
  await button(bob, "Tell me of new posts").click();
  const follow = () => bob.client.from("follows").select("notifies").eq("followee_id", alice.id).single();
  await expect.poll(async () => (await follow()).data?.notifies).toBe(true);
  await expectGood(bob.page, "profile");

  await alice.page.goto(`/@${alice.username}/followers`);
  await main(alice).getByText(`Bob ${attack}`).waitFor();
  await expectGood(alice.page, "followers");
  await button(alice, "Follow back @").click();
  await button(alice, "Following @").waitFor();
  await choose(alice, "Remove this follower");
  await alice.page.getByRole("dialog").getByRole("button", { name: "Remove this follower" }).click();
  await expect.poll(async () => (await follow()).data).toBeNull();

  // Her likes are hers, until she shows them.
  await alice.page.goto(`/@${alice.username}/likes`);
  await alice.page.getByText("From the street").waitFor();
  await alice.page.getByText("Only you see this.").waitFor();
  await bob.page.goto(`/@${alice.username}/likes`);
  await bob.page.getByText("These likes are not shown to others").waitFor();
  for (const { page, context } of [alice, bob]) {
    expect(await page.evaluate(() => "broken" in window)).toBe(false);
    expect(complaintsOf(context)).toEqual([]);
  }
});

test("alice has a private account: bob asks, she accepts, and he reads her posts; carol is declined", async () => {
  const [alice, bob, carol] = await Promise.all([
    visitor("alice", { display_name: `${arabic} 🌻` }),
    visitor("bob", { display_name: longWord.slice(0, 50) }),
    signUp("carol"),
  ]);
  await alice.page.goto("/settings/privacy");
  await alice.page.getByLabel("Private account").check();
  const profile = () => alice.client.from("profiles").select("is_private").eq("id", alice.id).single();
  await expect.poll(async () => (await profile()).data?.is_private).toBe(true);
  await expectGood(alice.page, "settings-privacy");
  await alice.client.from("posts").insert({ content: "Only for friends" }).throwOnError();

  await bob.page.goto(`/@${alice.username}`);
  await bob.page.getByText("This account is private").waitFor();
  expect(await bob.page.getByText("Only for friends").count()).toBe(0);
  await button(bob, "Ask to follow @").click();
  await button(bob, "Asked to follow @").waitFor();
  await expectGood(bob.page, "profile-private");
  await carol.client.rpc("follow", { profile_id: alice.id }).throwOnError();

  await alice.page.goto("/requests");
  const request = (name: string) => main(alice).getByRole("article").filter({ hasText: name });
  await request(bob.username).waitFor();
  await expectGood(alice.page, "requests");
  await request(bob.username).getByRole("button", { name: "Accept" }).click();
  await request(carol.username).getByRole("button", { name: "Decline" }).click();
  await main(alice).getByText("Nobody waits for your answer").waitFor();
  await expectGood(alice.page, "requests-empty");
  const followers = await alice.client.from("follows").select("follower_id").eq("followee_id", alice.id);
  expect(followers.data).toEqual([{ follower_id: bob.id }]);

  // The profile asks again when somebody looks at it.
  await bob.page.evaluate(() => window.dispatchEvent(new Event("focus")));
  await bob.page.getByText("Only for friends").waitFor();
  await button(bob, "Following @").click();
  await bob.page.getByRole("dialog").getByRole("button", { name: "Unfollow" }).click();
  await bob.page.getByText("This account is private").waitFor();
  expect([...complaintsOf(alice.context), ...complaintsOf(bob.context)]).toEqual([]);
});

test("bob's open page shows at once that alice accepted his request, and that carol asks to follow him", async () => {
  const [alice, bob, carol] = await Promise.all([signUp("alice"), visitor("bob"), signUp("carol")]);
  for (const { client, id } of [alice, bob])
    await client.from("profiles").update({ is_private: true }).eq("id", id).throwOnError();
  await alice.client.from("posts").insert({ content: "Only for friends" }).throwOnError();
  await bob.page.goto(`/@${alice.username}`);
  await button(bob, "Ask to follow @").click();
  await button(bob, "Asked to follow @").waitFor();
  await expect
    .poll(async () => (await alice.client.from("follow_requests").select("requester_id")).data?.length)
    .toBe(1);
  await alice.client.rpc("accept_follow_request", { requester_id: bob.id }).throwOnError();
  await bob.page.getByText("Only for friends").waitFor();
  await button(bob, "Following @").waitFor();

  await bob.page.goto(`/@${carol.username}`);
  await button(bob, "Follow @").waitFor();
  await carol.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  await button(bob, "Accept").waitFor();
  // The bell counts the request once.
  const bell = bob.page.getByRole("link", { name: /^Notifications/ }).first();
  await expect.poll(() => bell.textContent()).toMatch(/2 unread$/);
  expect(complaintsOf(bob.context)).toEqual([]);
});

test("an answer that comes late does not take back what bob's page shows", async () => {
  const [bob, carol] = await Promise.all([visitor("bob"), signUp("carol")]);
  await bob.client.from("profiles").update({ is_private: true }).eq("id", bob.id).throwOnError();
  await bob.page.goto(`/@${carol.username}`);
  await button(bob, "Follow @").waitFor();

  const [asked, late] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const isProfile = (url: URL) => url.pathname.endsWith("/rpc/profile");
  let isFirst = true;
  await bob.page.route(isProfile, async (route) => {
    const waits = isFirst;
    isFirst = false;
    const response = await route.fetch();
    asked.resolve();
    if (waits) await late.promise;
    await route.fulfill({ response });
  });
  // The page looks again when bob comes back to it.
  await bob.page.evaluate(() => dispatchEvent(new Event("focus")));
  await asked.promise;
  await carol.client.rpc("follow", { profile_id: bob.id }).throwOnError();
  await button(bob, "Accept").waitFor();
  const arrived = bob.page.waitForEvent("requestfinished", (request) => isProfile(new URL(request.url())));
  late.resolve();
  await arrived;
  await bob.page.evaluate(
    () => new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next))),
  );
  expect(await button(bob, "Accept").isVisible()).toBe(true);
});

test("bob takes a request back, where he sees what he asked", async () => {
  const [alice, bob] = await Promise.all([signUp("alice"), visitor("bob")]);
  await alice.client.from("profiles").update({ is_private: true }).eq("id", alice.id).throwOnError();
  await bob.client.rpc("follow", { profile_id: alice.id }).throwOnError();
  await bob.page.goto("/requests/sent");
  await bob.page.getByRole("heading", { name: "Your requests to follow others" }).waitFor();
  await main(bob).getByText(alice.username).waitFor();
  await button(bob, "Take it back").click();
  await main(bob).getByText("You wait for nobody's answer").waitFor();
  const asked = () => bob.client.from("follow_requests").select().eq("target_id", alice.id);
  await expect.poll(async () => (await asked()).data).toEqual([]);
});

test("alice blocks mallory: they disappear for each other, until she unblocks", async () => {
  const [alice, mallory] = await Promise.all([visitor("alice"), visitor("mallory")]);
  await mallory.client.from("posts").insert({ content: "Listen to me" }).throwOnError();
  await alice.client.rpc("follow", { profile_id: mallory.id }).throwOnError();
  await alice.page.reload();
  await alice.page.getByText("Listen to me").waitFor();
  await main(alice).getByText(mallory.username).first().click();
  await choose(alice, "Block");
  await alice.page.getByRole("dialog").getByRole("button", { name: "Block" }).click();
  await main(alice).getByText(`You block @${mallory.username}`).waitFor();
  await expectGood(alice.page, "profile-blocked");
  // Home was read before. Her posts left it too.
  await alice.page.goBack();
  await alice.page.getByText("Your home is quiet").waitFor();
  expect(await alice.page.getByText("Listen to me").count()).toBe(0);

  await mallory.page.goto(`/@${alice.username}`);
  await mallory.page.getByText("This person is not there, or you cannot see them.").waitFor();
  await expectGood(mallory.page, "profile-gone");

  await alice.page.goto("/settings/blocked");
  await main(alice).getByText(mallory.username).waitFor();
  await expectGood(alice.page, "settings-blocked");
  await button(alice, "Unblock").click();
  await main(alice).getByText("You block nobody").waitFor();
  await mallory.page.reload();
  await button(mallory, "Follow @").waitFor();
  expect([...complaintsOf(alice.context), ...complaintsOf(mallory.context)]).toEqual([]);
});

test("alice mutes bob from the menu of his post, takes it back, and blocks mallory from a list of people", async () => {
  const [alice, bob, mallory] = await Promise.all([visitor("alice"), signUp("bob"), signUp("mallory")]);
  for (const { client, id } of [bob, mallory]) {
    await client.from("posts").insert({ content: "Listen to me" }).throwOnError();
    await alice.client.rpc("follow", { profile_id: id }).throwOnError();
  }
  await alice.page.reload();
  const post = (person: Person) => main(alice).getByRole("article").filter({ hasText: person.username });
  const dialog = alice.page.getByRole("dialog");
  await post(bob).getByRole("button", { name: "More about this post" }).click();
  await pictures(alice.page, "post-menu");
  await alice.page.getByRole("menuitem", { name: `Mute @${bob.username}` }).click();
  await dialog.getByRole("button", { name: "Mute" }).click();
  // His posts leave, and the focus goes to the next one.
  await expect.poll(() => post(bob).count()).toBe(0);
  const focused = () => alice.page.evaluate(() => document.activeElement?.textContent);
  await expect.poll(focused).toContain(mallory.username);
  const mutes = async () => (await alice.client.from("mutes").select("muted_id")).data;
  await expect.poll(mutes).toEqual([{ muted_id: bob.id }]);
  await alice.page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(mutes).toEqual([]);

  await alice.page.goto(`/@${alice.username}/following`);
  await main(alice).getByText(mallory.username).waitFor();
  const row = post(mallory);
  await row.getByRole("button", { name: /^More about @/ }).click();
  await alice.page.getByRole("menuitem", { name: "Block" }).click();
  await expectAccessible(alice.page);
  await dialog.getByRole("button", { name: "Cancel" }).click();
  expect(await row.count()).toBe(1);
  await row.getByRole("button", { name: /^More about @/ }).click();
  await alice.page.getByRole("menuitem", { name: "Block" }).click();
  await dialog.getByRole("button", { name: "Block" }).click();
  await expect.poll(() => row.count()).toBe(0);
  const blocks = async () => (await alice.client.from("blocks").select("blocked_id")).data;
  await expect.poll(blocks).toEqual([{ blocked_id: mallory.id }]);
  await alice.page.getByRole("button", { name: "Undo" }).click();
  await expect.poll(blocks).toEqual([]);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("the menu of a post offers alice to unmute an author that she mutes, and a conversation", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const write = async (content: string, reply_to_id?: number) =>
    (await bob.client.rpc("write_post", { content, reply_to_id }).throwOnError()).data.id;
  const top = await write("Once more");
  const answer = await write("And again", top);
  await alice.client.from("mutes").insert({ muted_id: bob.id }).throwOnError();
  await alice.client.from("thread_mutes").insert({ post_id: top }).throwOnError();
  const mutes = async () => (await alice.client.from("mutes").select("muted_id")).data;
  const threads = async () => (await alice.client.from("thread_mutes").select("post_id")).data;
  expect([await mutes(), await threads()]).toEqual([[{ muted_id: bob.id }], [{ post_id: top }]]);

  // The page knows nothing of bob but his posts.
  await alice.page.goto(`/posts/${answer}`);
  const menu = main(alice).locator(".main-post").getByRole("button", { name: "More about this post" });
  const item = (name: string) => alice.page.getByRole("menuitem", { name, exact: true });
  await menu.click();
  await item(`Unmute @${bob.username}`).waitFor();
  expect(await item(`Mute @${bob.username}`).count()).toBe(0);
  await item(`Unmute @${bob.username}`).click();
  await alice.page.getByText(`@${bob.username} is not muted any more.`).waitFor();
  await expect.poll(mutes).toEqual([]);
  await menu.click();
  await item("Unmute this conversation").click();
  await expect.poll(threads).toEqual([]);
  await menu.click();
  await item("Mute this conversation").waitFor();
  await item(`Mute @${bob.username}`).waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice puts bob on a list, and takes him off", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const name = `Friends ${attack}`.slice(0, 50);
  await alice.client.from("lists").insert({ name }).throwOnError();
  await alice.page.goto(`/@${bob.username}`);
  await choose(alice, "Put on a list");
  await alice.page.getByLabel(name).check();
  const members = async () => (await alice.client.from("list_members").select("profile_id")).data;
  await expect.poll(members).toEqual([{ profile_id: bob.id }]);
  await expectGood(alice.page, "lists-of-person");
  await alice.page.keyboard.press("Escape");
  await choose(alice, "Put on a list");
  await alice.page.getByLabel(name).uncheck();
  await expect.poll(members).toEqual([]);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice mutes bob for a day, sees it in her settings, and ends it", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  await alice.page.goto(`/@${bob.username}`);
  await choose(alice, "Mute");
  await alice.page.getByLabel("For how long").selectOption("One day");
  await expectGood(alice.page, "mute");
  await alice.page.getByRole("dialog").getByRole("button", { name: "Mute" }).click();
  await main(alice).getByText("Muted until").waitFor();
  await alice.page.goto("/settings/muted");
  await main(alice).getByText(bob.username).waitFor();
  await expectGood(alice.page, "settings-muted");
  await button(alice, "Unmute").click();
  await main(alice).getByText("You mute nobody").waitFor();
  const mutes = () => alice.client.from("mutes").select("muted_id");
  await expect.poll(async () => (await mutes()).data).toEqual([]);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("alice writes strange things into every field of her profile, and they stay text", async () => {
  const alice = await visitor("alice");
  const { page } = alice;
  await page.goto("/settings");
  await main(alice).getByText("Name, username, about you").waitFor();
  await expectGood(page, "settings");
  await main(alice).getByRole("link", { name: "Your profile" }).click();
  const name = `${attack.slice(0, 38)} ${arabic.slice(0, 6)} 🌻`;
  const bio = `${attack}\n<script>window.broken=1</script>\n${arabic}\n${longWord}${longWord}\n👩‍👩‍👧‍👦🌻`;
  await page.getByLabel("Name", { exact: true }).fill(name);
  await page.getByLabel("About you").fill(bio);
  await page.getByLabel("Links").fill("javascript:alert(1)");
  await button(alice, "Save").click();
  await page.getByText("Up to five addresses that begin with https://").waitFor();
  // Nothing that she wrote is lost.
  expect(await page.getByLabel("About you").inputValue()).toBe(bio);
  await page.getByLabel("Links").fill("plaza.example/'onclick=alert(1)\nhttps://аррӏе.example/x");
  await page.getByLabel("Username").fill(attack.slice(0, 30));
  await page.getByText("A username has 3 to 30 letters").waitFor();
  await expectGood(page, "settings-profile");
  const renamed = `${alice.username.slice(0, 20)}_new`;
  await page.getByLabel("Username").fill(renamed);
  await page.getByText("It is free.").waitFor();
  await button(alice, "Save").click();
  await page.getByText("Saved.").waitFor();

  await page.goto(`/@${alice.username}`);
  await main(alice).getByText(`@${renamed}`).waitFor();
  await expect.poll(() => new URL(page.url()).pathname).toBe(`/@${renamed}`);
  await main(alice).getByText("(xn--80ak6aa92e.example)").waitFor();
  const links = main(alice).locator(".profile-links a");
  expect(await links.count()).toBe(2);
  for (const link of await links.all())
    expect(await link.getAttribute("rel")).toBe("nofollow noopener noreferrer ugc");
  await expectGood(page, "profile-strange");
  expect(await page.evaluate(() => "broken" in window)).toBe(false);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("dates are written as in the country of the reader, in the language that they chose", async () => {
  const author = await signUp("bob");
  const { data } = await author.client.rpc("write_post", { content: "Good day" }).throwOnError();
  const at = new Date(data.post.created_at);
  for (const [locale, own] of [
    ["en-GB", "en-GB"],
    ["en-US", "en-US"],
    ["fr-CA", "en"],
  ] as const) {
    const { page, context } = await device({ locale, timezoneId: "UTC" });
    await page.goto(`/posts/${data.post.id}`);
    const written = new Intl.DateTimeFormat(own, {
      dateStyle: "medium",
      timeStyle: "short",
      timeZone: "UTC",
    }).format(at);
    const shown = page.locator(".main-post time").filter({ hasText: /:/ }).first();
    await expect.poll(() => shown.textContent()).toBe(written);
    await context.close();
  }
});

test("alice reads the plaza in German and in the dark, also after a reload", async () => {
  const alice = await visitor("alice");
  const { page } = alice;
  await page.goto("/settings/look");
  await page.getByLabel("Language").selectOption("Deutsch");
  await page.getByRole("heading", { name: "Sprache und Aussehen" }).waitFor();
  await page.getByLabel("Farben").selectOption("Dunkel");
  await page.getByLabel("Kontrast").selectOption("Mehr Kontrast");
  await page.reload();
  await page.getByRole("heading", { name: "Sprache und Aussehen" }).waitFor();
  expect(await page.evaluate(() => ({ ...document.documentElement.dataset }))).toMatchObject({
    theme: "dark",
    contrast: "more",
  });
  await expectGood(page, "settings-look");
  expect(complaintsOf(alice.context)).toEqual([]);
});
