/** A long conversation: only what is near is in the document, and the reader stays where they are. */
import postgres from "postgres";
import { afterAll, expect, test } from "vitest";
import { signUp } from "../people.ts";
import { closeBrowser, complaintsOf, expectAccessible, visitor } from "./browser.ts";
import { follow } from "./chat.ts";

afterAll(closeBrowser);

const amount = 2_000;

/** Bob sends them in one transaction. One by one they would take a minute, and cost him his budget. */
async function sendMany(conversation: number, sender: string): Promise<void> {
  const owner = postgres(process.env.PLAZA_DB_URL as string, { max: 1 });
  const claims = JSON.stringify({ sub: sender, role: "authenticated" });
  await owner.begin(async (sql) => {
    await sql`select set_config('plaza.is_free', 'yes', true), set_config('request.jwt.claims', ${claims}, true)`;
    await sql`set local role authenticated`;
    await sql`
      select count(sent.id)
      from generate_series(1, ${amount}::int) as n
      cross join lateral send_message(
        ${conversation}, 'many ' || n, 'Message ' || n || '.' || repeat(' A few words more.', n % 9)
      ) as sent`;
  });
  await owner.end();
}

test("alice reads a conversation of 2,000 messages to its beginning, jumps, and comes back to its end", async () => {
  const [alice, bob] = await Promise.all([visitor("alice"), signUp("bob")]);
  await Promise.all([follow(alice, bob), follow(bob, alice)]);
  const { data } = await alice.client.rpc("direct_conversation", { profile_id: bob.id }).throwOnError();
  const id = data as unknown as number;
  await sendMany(id, bob.id);
  const { page, context } = alice;
  await page.goto(`/chat/${id}`);
  const message = (number: number) => page.locator(".message", { hasText: `Message ${number}.` }).first();
  const box = page.getByRole("region", { name: "Messages of this conversation" });
  // She opens it where she stopped reading. So she goes to its end first.
  await page.locator(".message").first().waitFor();
  await box.evaluate((element) => element.scrollTo(0, element.scrollHeight));
  await message(amount).waitFor();

  /** The most messages that were in the document, while she scrolled to the beginning. */
  const readUp = () =>
    box.evaluate(async (element) => {
      const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
      const isOver = () => element.scrollTop <= 0 && element.querySelector('[data-seq="1"]') !== null;
      const seen = { most: 0, moved: [] as number[] };
      const startedMs = performance.now();
      while (!isOver() && performance.now() - startedMs < 60_000) {
        element.scrollTop -= 300;
        // What she looks at now may not move within the box, while other messages come in above or leave.
        const topOf = (each: Element) =>
          each.getBoundingClientRect().top - element.getBoundingClientRect().top;
        const seenNow = [...element.querySelectorAll(".message")].find((each) => topOf(each) > 50);
        const before = seenNow ? topOf(seenNow) : 0;
        await frame();
        await frame();
        const after = seenNow?.isConnected ? topOf(seenNow) : Number.POSITIVE_INFINITY;
        if (Math.abs(after - before) > 2) seen.moved.push(Math.round(after - before));
        seen.most = Math.max(seen.most, element.querySelectorAll(".message").length);
      }
      return seen;
    });
  const up = await readUp();
  await message(1).waitFor();
  expect(up.moved).toEqual([]);
  expect(up.most).toBeGreaterThan(20);
  expect(up.most).toBeLessThan(300);
  await expectAccessible(page);

  // The message with the focus stays in the document.
  await message(3).getByRole("button", { name: "More" }).focus();
  const focused = () =>
    page.evaluate(() => document.activeElement?.closest("[data-seq]")?.getAttribute("data-seq"));
  expect(await focused()).toBe("3");
  await box.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  await expect.poll(() => message(15).count()).toBe(1);
  await expect.poll(() => message(45).count()).toBe(0);
  expect(await focused()).toBe("3");

  // A link leads to a message far away, and a button back to the end.
  await page.evaluate((to) => {
    history.pushState(null, "", to);
    dispatchEvent(new PopStateEvent("popstate"));
  }, `/chat/${id}?at=1500`);
  await expect
    .poll(() =>
      message(1500).evaluate((each) => {
        const { top, bottom } = each.getBoundingClientRect();
        return top > 0 && bottom < innerHeight;
      }),
    )
    .toBe(true);
  await page.getByRole("button", { name: "To the newest" }).click();
  await message(amount).waitFor();
  await expect
    .poll(() => box.evaluate((element) => element.scrollHeight - element.scrollTop - element.clientHeight))
    .toBeLessThan(5);
  expect(await page.locator(".message").count()).toBeLessThan(300);
  expect(complaintsOf(context)).toEqual([]);
});
