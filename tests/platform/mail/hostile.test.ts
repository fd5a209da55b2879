import { connect } from "node:net";
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { PlatformError } from "../../../platform/errors.ts";
import { silent } from "../../../platform/log.ts";
import { htmlToText } from "../../../platform/mail/html-to-text.ts";
import { createMail, type Mail } from "../../../platform/mail/index.ts";
import type { Message } from "../../../platform/mail/message.ts";
import { clear, get, send, sendRaw } from "./catcher.ts";

const limits = { messages: 5, messageBytes: 1_000_000, mailboxBytes: 2_000_000, recipients: 3 };

let mail: Mail;
beforeAll(async () => {
  mail = await createMail({ smtpPort: 0, httpPort: 0, log: silent, limits });
});
afterAll(() => mail[Symbol.asyncDispose]());
beforeEach(() => clear(mail));

const total = async () => (await get<{ total: number }>(mail, "/api/v1/messages")).total;

test("mallory's mail is served in a sandbox, and its scripts do not run", async () => {
  const html = `<script>fetch("/api/v1/messages",{method:"DELETE"})</script><img src=x onerror=alert(1)>
    <base href="https://evil.example/"><a href="javascript:alert(1)">x</a><iframe srcdoc="x"></iframe>`;
  await send(mail, { to: "alice@example.com", subject: "<script>alert(1)</script>", html });
  const view = await fetch(`${mail.url}/view/latest.html`);
  expect(view.headers.get("content-type")).toBe("text/html; charset=utf-8");
  const policy = view.headers.get("content-security-policy")?.split("; ") ?? [];
  expect(policy).toContain("sandbox allow-popups allow-popups-to-escape-sandbox");
  expect(policy).toContain("default-src 'none'");
  expect(policy.filter((rule) => /^(?:script|frame|connect|object)-src/.test(rule))).toEqual([]);
  expect(await view.text()).toContain('<base target="_blank">');
});

test("every answer has a policy, and the policy of the page allows nothing from a mail or another site", async () => {
  await send(mail, { to: "alice@example.com", subject: "x", html: "<p>x</p>" });
  for (const path of [
    "/",
    "/inbox.js",
    "/api/v1/messages",
    "/api/v1/message/latest/raw",
    "/view/latest.txt",
    "/no",
  ]) {
    const { headers } = await fetch(mail.url + path);
    const policy = headers.get("content-security-policy") ?? "";
    expect(policy, path).toContain("default-src 'none'; script-src 'self';");
    expect(policy, path).not.toContain("unsafe");
    expect(headers.get("x-content-type-options"), path).toBe("nosniff");
  }
  const page = await (await fetch(mail.url)).text();
  expect(page).toContain('sandbox="allow-popups allow-popups-to-escape-sandbox"');
  expect(page).not.toMatch(/<script>|\son\w+=|style=|(?:src|href)="(?:https?:)?\/\//);
  expect(await (await fetch(`${mail.url}/inbox.js`)).text()).not.toMatch(
    /innerHTML|outerHTML|insertAdjacent|srcdoc/,
  );
});

test("inline images are shown from the mail itself", async () => {
  await send(mail, {
    to: "alice@example.com",
    subject: "Picture",
    html: '<html><head lang="en"></head><p>look</p><img src="cid:dot"><img src="cid:missing"></html>',
    attachments: [{ filename: "dot.png", content: "png", cid: "dot" }],
  });
  const { ID } = await get<Message>(mail, "/api/v1/message/latest");
  const html = await (await fetch(`${mail.url}/view/${ID}.html`)).text();
  expect(html).toContain(`<head lang="en"><base target="_blank"></head>`);
  expect(html).toContain(`<img src="/api/v1/message/${ID}/part/1"><img src="cid:missing">`);
});

test("a name cannot add a header", async () => {
  await send(mail, {
    to: [{ name: "Alice\r\nBcc: carol@example.com", address: "alice@example.com" }],
    subject: "Hello\r\nX-Injected: yes",
    text: "x",
  });
  const headers = await get<Record<string, string[]>>(mail, "/api/v1/message/latest/headers");
  expect(headers["X-Injected"]).toBeUndefined();
  expect((await get<Message>(mail, "/api/v1/message/latest")).Bcc).toEqual([]);
});

test.each([
  ["nothing", ""],
  ["no headers", "just some words"],
  [
    "an unknown charset",
    "Subject: =?x-none?B?!!!?=\r\nContent-Type: text/plain; charset=x-none\r\n\r\n\xff\xfe\x00",
  ],
  [
    "a broken multipart",
    "Subject: b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/",
  ],
  ["a prototype", "__proto__: 1\r\nconstructor: 2\r\ntoString: 3\r\nSubject: p\r\n\r\nx"],
  ["a bad date", "Date: Tue, 99 Nope 2026\r\nSubject: d\r\n\r\nx"],
  ["control characters", "Subject: a\x00b\x1b[31m\r\nFrom: \x00<>\r\n\r\n\x00"],
])("a mail with %s is kept, and read without harm", async (_what, raw) => {
  expect(await sendRaw(mail, raw)).toMatch(/^250 /);
  const message = await get<Message>(mail, "/api/v1/message/latest");
  expect(message.Bcc).toEqual([{ Name: "", Address: "alice@example.com" }]);
  expect(new Date(message.Date).getTime()).toBeGreaterThan(Date.parse("2026-01-01"));
  for (const path of ["/headers", "/raw"]) {
    expect((await fetch(`${mail.url}/api/v1/message/latest${path}`)).status).toBe(200);
  }
});

test.each([
  ["headers without end", `${"X-Long: ".padEnd(990, "x")}\r\n`.repeat(300)],
  ["thousands of headers", "A: 1\r\n".repeat(2000)],
  [
    "attachments without end",
    `Content-Type: multipart/mixed; boundary=x\r\n\r\n${"--x\r\nContent-Type: a/b\r\n\r\ny\r\n".repeat(200)}--x--`,
  ],
  [
    "parts within parts",
    Array.from(
      { length: 80 },
      (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
    ).join(""),
  ],
])("a mail with %s is refused, and the next mail is accepted", async (_what, raw) => {
  expect(await sendRaw(mail, raw)).toMatch(/^554 /);
  expect(await total()).toBe(0);
  expect(await sendRaw(mail, "Subject: next\r\n\r\nx")).toMatch(/^250 /);
});

test("a mail that hides its attachments from the first look is dropped at the second one", async () => {
  const hide = (count: number) => {
    const part = "--x\r\nContent-Type: a/b\r\nContent-Disposition: attachment; filename=a\r\n\r\ny\r\n";
    const inner = `Content-Type: multipart/mixed; boundary=x\r\n\r\n${part.repeat(count)}--x--`;
    const lines = Buffer.from(inner).toString("base64").replace(/.{76}/g, "$&\r\n");
    return `Content-Type: message/rfc(x)822\r\nContent-Transfer-Encoding: base64\r\n\r\n${lines}`;
  };
  expect(await sendRaw(mail, hide(20))).toMatch(/^250 /);
  expect((await get<Message>(mail, "/api/v1/message/latest")).Attachments).toHaveLength(20);
  expect(await sendRaw(mail, hide(200))).toMatch(/^250 /);
  expect((await get<Message>(mail, "/api/v1/message/latest")).Attachments).toHaveLength(20);
  expect(await total()).toBe(1);
});

test("a mail past the size limit is refused", async () => {
  const large = { to: "alice@example.com", subject: "large", text: "x ".repeat(600_000) };
  await expect(send(mail, large)).rejects.toMatchObject({ responseCode: 552 });
  // This client does not announce the size beforehand.
  expect(await sendRaw(mail, `Subject: large\r\n\r\n${"x".repeat(900)}\r\n`.repeat(1200))).toMatch(/^552 /);
  expect(await total()).toBe(0);
});

test("a mail to too many people is refused", async () => {
  const people = ["a", "b", "c", "d"].map((name) => `${name}@example.com`);
  expect(await sendRaw(mail, "Subject: some\r\n\r\nx", people.slice(0, 3))).toMatch(/^250 /);
  expect(await sendRaw(mail, "Subject: many\r\n\r\nx", people)).toMatch(/^452 /);
});

test("over the bounds, the oldest mails are dropped", async () => {
  for (let n = 1; n <= 7; n++) await send(mail, { to: "alice@example.com", subject: `${n}`, text: "x" });
  const list = () => get<{ messages: { Subject: string }[] }>(mail, "/api/v1/messages");
  expect((await list()).messages.map(({ Subject }) => Subject)).toEqual(["7", "6", "5", "4", "3"]);
  const big = { to: "alice@example.com", text: "x ".repeat(400_000) };
  for (const subject of ["big 1", "big 2", "big 3"]) await send(mail, { ...big, subject });
  expect((await list()).messages.map(({ Subject }) => Subject)).toEqual(["big 3", "big 2"]);
});

test("a request body over the limit is refused", async () => {
  const body = JSON.stringify({ IDs: ["x".repeat(300_000)] });
  expect((await fetch(`${mail.url}/api/v1/messages`, { method: "DELETE", body })).status).toBe(413);
});

test("the error names a taken port and the option that changes it", async () => {
  const httpPort = Number(new URL(mail.url).port);
  for (const [ports, option] of [
    [{ smtpPort: mail.smtpPort, httpPort: 0 }, "smtp_port"],
    [{ smtpPort: 0, httpPort }, "[local_smtp] port"],
  ] as const) {
    const failure = await createMail({ ...ports, log: silent }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(PlatformError);
    expect(failure).toMatchObject({ code: "port_taken", message: expect.stringContaining(option) });
  }
});

test("the catcher stops even if a client keeps a connection open", async () => {
  const other = await createMail({ smtpPort: 0, httpPort: 0, log: silent });
  const sockets = [other.smtpPort, Number(new URL(other.url).port)].map((port) => connect(port, "127.0.0.1"));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once("connect", resolve))));
  await other[Symbol.asyncDispose]();
  for (const socket of sockets) socket.destroy();
  await expect(fetch(other.url)).rejects.toThrow();
});

test("the text of an HTML mail has its words in order, without tags, comments and scripts", () => {
  const tag = fc.constantFrom(
    "<p>",
    "</p>",
    "<b class='x'>",
    "</b>",
    "<br/>",
    "<!-- no -->",
    "<script>no</script>",
  );
  const word = fc.stringMatching(/^[a-z]{1,5}$/);
  fc.assert(
    fc.property(fc.array(fc.record({ word, tag })), (pieces) => {
      const text = htmlToText(pieces.map((piece) => ` ${piece.word} ${piece.tag}`).join(""));
      expect(text.split(/\s+/).filter(Boolean)).toEqual(pieces.map((piece) => piece.word));
    }),
  );
});

test("the catcher reads the text of any HTML, even if it is broken", () => {
  const piece = fc.constantFrom(
    "<",
    ">",
    "<!--",
    "-->",
    "<script>",
    "</a>",
    "<a href='",
    "&#x0;",
    "&#9999999;",
    "\0",
  );
  fc.assert(fc.property(fc.array(piece), (pieces) => void htmlToText(pieces.join(""))));
  expect(htmlToText("1 < 2 &lt;3&gt; &nope;")).toBe("1 < 2 <3> &nope;");
});
