/** What people do by mistake or in a hurry: double clicks, going back, reloads, two tabs, sessions that end. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import { closeBrowser, complaintsOf, expectGood, visitor } from "./browser.ts";

afterAll(closeBrowser);

test("a double click is one click", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page, client } = alice;
  await bob.client.rpc("write_post", { content: "Good morning" }).throwOnError();
  await page.goto(`/@${bob.username}`);
  await page.getByText("Good morning").waitFor();
  await page.getByRole("button", { name: /^Follow @/ }).dblclick();
  await page.getByRole("button", { name: /^Following @/ }).waitFor();
  await page.getByRole("button", { name: "Like" }).dblclick();
  await page.locator(".post-action.heart.on").waitFor();
  const rows = async () => [
    (await client.from("follows").select("followee_id").eq("follower_id", alice.id).throwOnError()).data,
    (await client.from("likes").select("user_id").eq("user_id", alice.id).throwOnError()).data,
  ];
  await expect.poll(rows).toEqual([[{ followee_id: bob.id }], [{ user_id: alice.id }]]);
  // A second click later takes it back.
  await page.getByRole("button", { name: "Like" }).click();
  await expect.poll(async () => (await rows())[1]).toEqual([]);
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("a button shows that it works in the next frame, while the server still thinks, and sends once", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  const { page, client, context } = alice;
  await bob.client.rpc("write_post", { content: "Good morning" }).throwOnError();
  /** Every change waits for this. */
  let letGo = () => {};
  const answers = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const sent: string[] = [];
  await page.route(/\/rest\/v1\/(profiles|likes)/, async (route) => {
    const method = route.request().method();
    if (method === "GET") return route.continue();
    sent.push(`${method} ${new URL(route.request().url()).pathname}`);
    await answers;
    return route.continue();
  });
  /** What the button says of itself before a click, and two frames after it. */
  const shown = (selector: string, clicks: number) =>
    page
      .locator(selector)
      .first()
      .evaluate(async (element: HTMLElement, times) => {
        const state = () => element.getAttribute("aria-busy") ?? element.getAttribute("aria-pressed");
        const before = state();
        for (let time = 0; time < times; time++) element.click();
        await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
        return [before, state()];
      }, clicks);

  await page.goto(`/@${bob.username}`);
  await page.getByText("Good morning").waitFor();
  expect(await shown(".post-action.heart", 1)).toEqual(["false", "true"]);
  await page.getByRole("link", { name: "Settings", exact: true }).first().click();
  await page.getByRole("link", { name: /^Your profile/ }).click();
  await page.getByLabel("About you").fill("A gardener");
  expect(await shown("form .button.main", 2)).toEqual([null, "true"]);
  await expect.poll(() => sent.toSorted()).toEqual(["PATCH /rest/v1/profiles", "POST /rest/v1/likes"]);
  const bio = async () =>
    (await client.from("profiles").select("bio").eq("id", alice.id).single().throwOnError()).data.bio;
  expect(await bio()).toBe("");
  letGo();
  await page.getByText("Saved.").waitFor();
  expect(await bio()).toBe("A gardener");
  expect(sent).toHaveLength(2);
  expect(complaintsOf(context)).toEqual([]);
});

test("going back closes a dialog", async () => {
  const { page } = await visitor("alice");
  await page.getByRole("link", { name: "Everyone" }).first().click();
  await page.getByRole("heading", { name: "Everyone" }).waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "Home", exact: true }).waitFor();
  await expect.poll(() => page.getByRole("dialog").count()).toBe(0);
});

test("a half-written profile is still there after a reload, and only until it is saved", async () => {
  const { page } = await visitor("alice");
  await page.goto("/settings/profile");
  await page.getByLabel("About you").fill("A long story");
  await page.reload();
  await expect.poll(() => page.getByLabel("About you").inputValue()).toBe("A long story");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  expect(
    await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.includes("form"))),
  ).toEqual([]);
});

test("when bob signs in in another tab, nothing of alice stays in hers, and her text waits for her", async () => {
  const [alice, bob] = await Promise.all([visitor("alice", { display_name: "Alice" }), signUp("bob")]);
  const { page, context } = alice;
  await page.goto("/compose");
  await page.getByLabel("Your post").fill("Half a thought");
  const tab = await context.newPage();
  const signIn = async ({ email, password }: { email: string; password: string }) => {
    await tab.goto("/sign-in");
    await tab.getByLabel("E-mail").fill(email);
    await tab.getByLabel("Password").fill(password);
    await tab.locator("form").getByRole("button", { name: "Sign in" }).click();
    await tab.getByRole("heading", { name: "Home", exact: true }).waitFor();
  };
  const signOut = async () => {
    await tab.goto("/settings");
    await tab.getByRole("main").getByRole("button", { name: "Sign out" }).click();
    await tab.getByText("Welcome to the plaza").waitFor();
  };
  await signOut();
  // The other tab says what happened, and leads back later.
  await page.getByText("You are not signed in any more.").waitFor();
  await expectGood(page, "session-ended");
  await signIn(bob);
  await page.goto("/compose");
  await page.getByLabel("Your post").waitFor();
  expect(await page.getByLabel("Your post").inputValue()).toBe("");
  expect(await page.content()).not.toContain(alice.username);
  await signOut();
  await signIn(alice);
  await page.goto("/compose");
  await expect.poll(() => page.getByLabel("Your post").inputValue()).toBe("Half a thought");
});

test("a session that ended leads to signing in, and then back to the text", async () => {
  const alice = await visitor("alice");
  const { page } = alice;
  await page.goto("/compose");
  await page.getByLabel("Your post").fill("Half a thought");
  await page.evaluate(() => {
    const session = JSON.parse(localStorage.getItem("plaza.session") ?? "");
    localStorage.setItem(
      "plaza.session",
      JSON.stringify({ ...session, expires_at: 1, refresh_token: "used" }),
    );
  });
  await page.reload();
  await page.getByText("You are not signed in any more.").waitFor();
  await page.getByLabel("E-mail").fill(alice.email);
  await page.getByLabel("Password").fill(alice.password);
  await page.locator("form").getByRole("button", { name: "Sign in" }).click();
  await expect.poll(() => page.getByLabel("Your post").inputValue()).toBe("Half a thought");
});

test("an account that alice deleted on another device is signed out here too", async () => {
  const alice = await visitor("alice");
  await alice.client.rpc("write_post", { content: "Goodbye" }).throwOnError();
  await alice.page.reload();
  await alice.page.getByText("Goodbye").waitFor();
  await alice.client.auth.signInWithPassword({ email: alice.email, password: alice.password });
  await alice.client.rpc("delete_account").throwOnError();
  await alice.page.goto("/bookmarks");
  await alice.page.getByText("You are not signed in any more.").waitFor();
  expect(await alice.page.evaluate(() => localStorage.getItem("plaza.session"))).toBeNull();
});

test("a mistake beside the page leaves the page, and the rest of the navigation, as they are", async () => {
  const [{ page }, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  await bob.client.rpc("write_post", { content: "Still readable" }).throwOnError();
  await page.setViewportSize({ width: 1280, height: 800 });
  // A page with nothing of others. Other tests write posts meanwhile.
  await page.goto(`/@${bob.username}`);
  await page.locator(".own .username").waitFor();
  // A name that no version of the API answers.
  await page.route("**/rpc/me", async (route) => {
    const answer = await route.fetch();
    return route.fulfill({ response: answer, json: { ...(await answer.json()), username: null } });
  });
  await page.evaluate(() => localStorage.removeItem("plaza.me"));
  const broken = page.waitForEvent("console", (message) => message.type() === "error");
  await page.reload();
  await broken;
  await page.locator(".own").waitFor({ state: "detached" });
  await page.getByText("Still readable").waitFor();
  await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "Search" }).click();
  await page.getByRole("heading", { name: "Search", level: 1 }).waitFor();
});
