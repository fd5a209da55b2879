/** What mallory writes to lead people astray, or to fill their window. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import { closeBrowser, complaintsOf, expectGood, visitor } from "./browser.ts";
import { follow, say } from "./chat.ts";

afterAll(closeBrowser);

test("a link shows its whole host, and the real one if the words show another", async () => {
  const [alice, mallory] = await Promise.all([visitor("alice"), signUp("mallory")]);
  const { page } = alice;
  const path = "login/your-account/verify/now/please";
  const longHost = "www.paypal.com.signin.account.verification.secure-login.evil.example";
  await mallory.client
    .from("posts")
    .insert([
      { content: `https://аррӏе.com/${path}/xn--80ak6aa92e.com` },
      { content: `https://${longHost}/${path}` },
      { content: `https://Example.com:8080/${path}` },
    ])
    .throwOnError();
  await mallory.client
    .from("profiles")
    .update({ links: [`https://${longHost}/${path}`, "https://www.plaza.example/"] })
    .eq("id", mallory.id)
    .throwOnError();
  await page.goto(`/@${mallory.username}`);
  const post = (words: string) => page.getByRole("article").filter({ hasText: words });
  await post("аррӏе").getByText("(xn--80ak6aa92e.com)").waitFor();
  await post("paypal")
    .getByRole("link", { name: `https://${longHost}…`, exact: true })
    .waitFor();
  const own = page.locator(".profile-links li");
  expect(await own.allTextContents()).toEqual([`${longHost.replace("www.", "")}…`, "plaza.example"]);
  // All of it is in the window.
  for (const width of await own.evaluateAll((all) => all.map((each) => each.scrollWidth - each.clientWidth)))
    expect(width).toBeLessThanOrEqual(0);
  // An honest link has no second host.
  await post("Example.com:8080").waitFor();
  expect(await page.locator(".punycode").count()).toBe(1);
  await expectGood(page, "deceit-links");
  expect(complaintsOf(alice.context)).toEqual([]);
});

test("blank lines in a message, a profile or a group do not fill the window, and a click shows all of it", async () => {
  const [alice, mallory] = await Promise.all([
    visitor("alice", { viewport: { width: 390, height: 780 } }),
    signUp("mallory"),
  ]);
  const { page } = alice;
  await Promise.all([follow(alice, mallory), follow(mallory, alice)]);
  const { data: id } = await mallory.client
    .rpc("direct_conversation", { profile_id: alice.id })
    .throwOnError();
  await say(mallory, id, `Above${"\n".repeat(1_000)}Below`);
  const bio = `Above${"\n".repeat(480)}Below`;
  await mallory.client.from("profiles").update({ bio }).eq("id", mallory.id).throwOnError();
  const { data: group } = await alice.client
    .rpc("create_group", { name: "Gardeners", member_ids: [mallory.id] })
    .throwOnError();
  await alice.client.rpc("update_group", { conversation_id: group, description: bio }).throwOnError();

  for (const [path, part] of [
    [`/chat/${id}`, ".bubble"],
    [`/@${mallory.username}`, ".profile-head"],
    [`/chat/${group}/about`, ".join"],
  ] as const) {
    await page.goto(path);
    const text = page.locator(`${part} .text`);
    await expect.poll(() => text.textContent()).toBe("Above…");
    expect((await page.locator(part).boundingBox())?.height).toBeLessThan(700);
    await page.locator(part).getByRole("button", { name: "Show all of it" }).click();
    expect(await text.textContent()).toContain("Below");
  }
  expect(complaintsOf(alice.context)).toEqual([]);
});
