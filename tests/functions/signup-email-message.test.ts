/** The mails as they go to an SMTP server, read again by a program that is not ours. */
import * as fc from "fast-check";
import PostalMime from "postal-mime";
import { expect, test } from "vitest";
import { writeMessage } from "../../edge-functions/signup-email/message.ts";
import { renderMails } from "../../edge-functions/signup-email/render.ts";

const at = new Date("2026-02-03T04:05:06Z");
const plaza = { name: "Plaza", address: "hello@plaza.example" };
const write = (change: object, from = plaza) =>
  writeMessage(
    { to: "alice@example.com", subject: "Hi", text: "text", html: "<p>", ...change },
    from,
    "1f",
    at,
  );

test("a reader finds everything in the mail that was written into it", async () => {
  const mail = { subject: "Confirm", text: "Hello\n\n.\n-- \nPlaza\n", html: "<p>\n.</p>\n" };
  const email = await PostalMime.parse(write(mail));
  expect(email).toMatchObject({
    from: plaza,
    to: [{ name: "", address: "alice@example.com" }],
    messageId: "<1f@plaza.example>",
    date: "2026-02-03T04:05:06.000Z",
    subject: "Confirm",
    attachments: [],
  });
  // The reader adds the line break before the next part.
  expect([email.text, email.html]).toEqual([`${mail.text}\n`, `${mail.html}\n`]);
  expect(email.headers).toContainEqual(
    expect.objectContaining({ key: "auto-submitted", value: "auto-generated" }),
  );
});

// Render takes line breaks and control characters out of subjects. Every text begins and ends with a letter.
const oneLine = fc
  .string({ unit: "grapheme", minLength: 1, maxLength: 200 })
  .map((text) => `a${text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, " ")}z`);
const lines = fc
  .array(fc.oneof(oneLine, fc.constant("."), fc.constant("--=_1f--"), fc.constant("x".repeat(2000))), {
    maxLength: 8,
  })
  .map((all) => `${["a", ...all, "z"].join("\n")}\n`);

test("every text arrives unchanged, in short lines of ASCII", async () => {
  await fc.assert(
    fc.asyncProperty(oneLine, oneLine, lines, lines, async (name, subject, text, html) => {
      const raw = write({ subject, text, html }, { ...plaza, name });
      expect(raw).toMatch(/^[\t\r\n\x20-\x7e]*$/);
      expect(raw.replaceAll("\r\n", "")).not.toMatch(/[\r\n]/);
      expect(Math.max(...raw.split("\r\n").map((line) => line.length))).toBeLessThanOrEqual(998);
      const email = await PostalMime.parse(raw);
      expect([email.from?.name, email.subject]).toEqual([name, subject]);
      const read = (found = "") => found.replaceAll("\r\n", "\n").trimEnd();
      expect([email.text, email.html].map(read)).toEqual([text.trimEnd(), html.trimEnd()]);
    }),
    { examples: [['"Plaza" \\ Co., <x@y>', "=?UTF-8?Q?no?=", "z\n", "z\n"]] },
  );
});

test("an address in a domain with other letters goes in the form that every server reads", async () => {
  const email = await PostalMime.parse(write({}, { name: "", address: "hallo@bücher.example" }));
  expect(email.from?.address).toBe("hallo@xn--bcher-kva.example");
  expect(email.messageId).toBe("<1f@xn--bcher-kva.example>");
});

test("no text of a payload can add a header or another part", async () => {
  const evil = "x\r\nBcc: mallory@example.com\r\n\r\n--=_1f\r\nContent-Type: text/html\r\n\r\n<script>";
  const user = { email: "alice@example.com", user_metadata: { username: evil } };
  const email_data = { email_action_type: "signup", token: "1", token_hash: "2", site_url: "http://x" };
  const payload = { user, email_data } as unknown as Parameters<typeof renderMails>[0];
  const [mail] = renderMails(payload, { appName: evil });
  const email = await PostalMime.parse(write(mail ?? {}));
  expect(email.bcc).toBeUndefined();
  expect(email.attachments).toEqual([]);
  expect(email.html).not.toContain("<script>");
  expect(email.subject).toContain("Bcc: mallory@example.com");
});
