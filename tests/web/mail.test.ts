/** The inbox of the embedded platform on a phone. */
import { afterAll, expect, onTestFinished, test } from "vitest";
import { silent } from "../../platform/log.ts";
import { createMail } from "../../platform/mail/index.ts";
import { send } from "../platform/mail/catcher.ts";
import { browser, closeBrowser, expectGood } from "./browser.ts";

afterAll(closeBrowser);

test("mails are read on a phone: the list, the message above it, and the way back", async () => {
  const mail = await createMail({ smtpPort: 0, httpPort: 0, log: silent });
  onTestFinished(() => mail[Symbol.asyncDispose]());
  const longWord = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(4);
  await send(mail, { to: "bob@example.com", subject: longWord, text: `See https://example.com/${longWord}` });
  await send(mail, {
    to: "alice@example.com",
    subject: "Confirm your e-mail",
    text: "Your code is 12345678",
  });
  const page = await (await browser()).newPage({ viewport: { width: 390, height: 780 } });
  onTestFinished(() => page.close());
  await page.goto(mail.url);
  await page.getByText("Confirm your e-mail").waitFor();
  await expectGood(page, "mail-list");

  await page.getByRole("button", { name: /Donau/ }).click();
  await page.locator("#message #subject").waitFor();
  await expectGood(page, "mail-message");

  await page.getByRole("searchbox").fill("nobody-wrote-this");
  await page.getByText("Nothing matches.").waitFor();
  expect(await page.locator("#message").isVisible()).toBe(false);
  await expectGood(page, "mail-nothing");
});
