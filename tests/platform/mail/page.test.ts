import { Browser } from "happy-dom";
import { afterAll, beforeAll, expect, test } from "vitest";
import { silent } from "../../../platform/log.ts";
import { createMail, type Mail } from "../../../platform/mail/index.ts";
import { send } from "./catcher.ts";

/* The inbox page, in a browser without a screen. It runs the page's own script against a real catcher. */

let mail: Mail;
beforeAll(async () => {
  mail = await createMail({ smtpPort: 0, httpPort: 0, log: silent });
});
afterAll(() => mail[Symbol.asyncDispose]());

test("the open message closes when a search finds nothing, and not when the search finds something", async () => {
  await send(mail, { to: "alice@example.com", subject: "Welcome", text: "hello" });
  await send(mail, { to: "bob@example.com", subject: "Another", text: "hello" });
  const browser = new Browser({
    settings: { enableJavaScriptEvaluation: true, suppressInsecureJavaScriptEnvironmentWarning: true },
  });
  const page = browser.newPage();
  try {
    await page.goto(mail.url);
    const { document } = page.mainFrame;
    const shown = () => document.querySelector("#message:not([hidden]) #subject")?.textContent;
    const entries = () => [...document.querySelectorAll("#list .subject")].map((entry) => entry.textContent);
    const searchFor = (text: string) => {
      const input = document.querySelector("#search") as unknown as HTMLInputElement;
      input.value = text;
      input.dispatchEvent(new page.mainFrame.window.Event("input") as unknown as Event);
    };
    await expect.poll(entries).toEqual(["Another", "Welcome"]);
    expect(shown()).toBeUndefined();

    (document.querySelector("#list li:last-child button") as unknown as HTMLButtonElement).click();
    await expect.poll(shown).toBe("Welcome");
    searchFor("to:bob@example.com");
    await expect.poll(entries).toEqual(["Another"]);
    expect(shown()).toBe("Welcome");

    searchFor("nobody-wrote-this");
    await expect.poll(entries).toEqual([]);
    expect(shown()).toBeUndefined();
    expect(document.querySelector("#empty:not([hidden])")?.textContent).toBe("Nothing matches.");
  } finally {
    await browser.close();
  }
});
