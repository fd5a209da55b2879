/** What mallory writes to lead people astray. */
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import { closeBrowser, complaintsOf, expectGood, visitor } from "./browser.ts";

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
