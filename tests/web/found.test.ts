/** Search and trends on the page. */
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { afterAll, describe, expect, test } from "vitest";
import { refreshTrends } from "../../edge-functions/_shared/trends/refresh.ts";
import { freshUsername, service, signUp } from "../people.ts";
import { trust } from "../trusted.ts";
import {
  closeBrowser,
  complaintsOf,
  device,
  expectAccessible,
  expectNoSidewaysScroll,
  pictures,
  visitor,
} from "./browser.ts";

afterAll(closeBrowser);

const hostile = `"><img src=x onerror="document.title='hacked'">`;

test("alice finds posts by the grammar, and people by their names", async () => {
  const word = `w${randomUUID().slice(0, 8)}`;
  const [alice, bob] = await Promise.all([
    visitor("alice"),
    signUp("bob", { display_name: `Bob ${word} ${"Longname".repeat(4)}` }),
  ]);
  await bob.client
    .from("posts")
    .insert([{ content: `${word} quiet garden` }, { content: `${word} loud garden مرحبا ${hostile}` }])
    .throwOnError();
  const { page } = alice;
  await page.goto("/search");
  await page.getByText("What you can search for").click();
  await page.getByText("with the words side by side").waitFor();
  await expectAccessible(page);
  const field = page.getByRole("searchbox", { name: "Search" });
  await field.fill(`${word} -quiet from:${bob.username}`);
  await field.press("Enter");
  await page.getByText("loud garden").waitFor();
  expect(await page.locator("article").count()).toBe(1);
  expect(await field.inputValue()).toBe(`${word} -quiet from:${bob.username}`);
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "search-posts");
  await field.fill(word);
  await field.press("Enter");
  await page.getByText("quiet garden").first().waitFor();
  await page.getByRole("link", { name: "People", exact: true }).click();
  await page.getByRole("article").filter({ hasText: bob.username }).waitFor();
  await expectAccessible(page);
  await expectNoSidewaysScroll(page);
  await pictures(page, "search-people");
  await page.goto(`/search?q=${encodeURIComponent(hostile)}`);
  expect(await field.inputValue()).toBe(hostile);
  await field.fill("since:yesterday garden");
  await field.press("Enter");
  await page.getByText("Write a date as 2026-01-31.").waitFor();
  expect(complaintsOf(alice.context)).toEqual([]);
});

// It does the work of the job itself instead of waiting for the next minute, so it needs the database.
describe.skipIf(!process.env.PLAZA_DB_URL)("trends", () => {
  test("tell in plain words why a tag trends", async () => {
    const tag = `t${Date.now().toString(36)}`;
    const crowd = await Promise.all(Array.from({ length: 40 }, confirmed));
    const noSeeds = await trust(crowd);
    const owner = postgres(process.env.PLAZA_DB_URL as string, { max: 1 });
    const posts = crowd.map((author_id, index) => ({
      author_id,
      content: `#${tag} is what person ${index} says about https://example.com/${tag}`,
      language: "en",
    }));
    await service().from("posts").insert(posts).throwOnError();
    await owner.begin((sql) => refreshTrends(sql));
    const { context, page } = await device();
    await page.goto("/trends?period=hour");
    const row = page.getByRole("listitem").filter({ has: page.getByRole("link", { name: `#${tag}` }) });
    await row.getByText("40 people talk about it").waitFor();
    await row.getByText("Why is this here?").click();
    await row.getByText(/In one hour: 40 people, where .* would be usual\./).waitFor();
    await row.getByText(/Counted again from the posts that are there now: 40 and 40 people\./).waitFor();
    await row.getByText("found the same").waitFor();
    await row.getByText("3 posts").click();
    await row
      .getByText(/is what person/)
      .first()
      .waitFor();
    await expectAccessible(page);
    await expectNoSidewaysScroll(page);
    await pictures(page, "trends");
    await page.getByRole("link", { name: "Links" }).click();
    await page
      .getByRole("link", { name: `example.com/${tag}` })
      .first()
      .waitFor();
    await expectAccessible(page);
    await page.getByRole("link", { name: "Posts", exact: true }).click();
    await page.getByText("Nothing trends at the moment").or(page.locator(".trend-why").first()).waitFor();
    await expectAccessible(page);
    await noSeeds();
    await owner.end();
    expect(complaintsOf(context)).toEqual([]);
  });
});

/** Somebody who never signs in. @returns their id */
async function confirmed(): Promise<string> {
  const username = freshUsername("crowd");
  const { data, error } = await service().auth.admin.createUser({
    email: `${username}@example.com`,
    email_confirm: true,
    user_metadata: { username },
  });
  if (error) throw error;
  return data.user.id;
}
