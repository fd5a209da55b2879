import { createHash } from "node:crypto";
import { request } from "node:http";
import nodemailer from "nodemailer";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { silent } from "../../../platform/log.ts";
import { createMail, type Mail } from "../../../platform/mail/index.ts";
import type { MessageSummary } from "../../../platform/mail/mailbox.ts";
import type { Message } from "../../../platform/mail/message.ts";
import { clear, get, send } from "./catcher.ts";

interface List {
  total: number;
  unread: number;
  messages_count: number;
  messages_unread: number;
  start: number;
  tags: string[];
  messages: MessageSummary[];
}

let mail: Mail;
beforeAll(async () => {
  mail = await createMail({ smtpPort: 0, httpPort: 0, log: silent });
});
afterAll(() => mail[Symbol.asyncDispose]());
beforeEach(() => clear(mail));

const subjects = (list: List) => list.messages.map((message) => message.Subject);

test("the list shows a mail to alice as Mailpit does", async () => {
  await send(mail, {
    to: '"Alice, A." <alice@example.com>',
    cc: "bob@example.com",
    bcc: "carol@example.com",
    replyTo: "help@example.com",
    subject: "Grüße",
    text: "Hello Alice,\n\nhow are you?",
    html: "<p>Hello Alice</p>",
    messageId: "<one@example.com>",
    attachments: [{ filename: "map.txt", content: "north" }],
  });

  const list = await get<List>(mail, "/api/v1/messages");
  expect(list).toMatchObject({ total: 1, unread: 1, messages_count: 1, start: 0, tags: [] });
  const [summary] = list.messages;
  expect(summary).toEqual({
    ID: expect.stringMatching(/^[0-9A-Za-z]{22}$/),
    MessageID: "one@example.com",
    Read: false,
    From: { Name: "Plaza", Address: "plaza@example.com" },
    To: [{ Name: "Alice, A.", Address: "alice@example.com" }],
    Cc: [{ Name: "", Address: "bob@example.com" }],
    Bcc: [{ Name: "", Address: "carol@example.com" }],
    ReplyTo: [{ Name: "", Address: "help@example.com" }],
    Subject: "Grüße",
    Created: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    Username: "",
    Tags: [],
    Size: expect.any(Number),
    Attachments: 1,
    Snippet: "Hello Alice, how are you?",
  });
});

test("a message is complete, and reading it marks it as read", async () => {
  await send(mail, {
    to: "alice@example.com",
    subject: "Whole",
    text: "plain",
    html: "<b>rich</b>",
    date: new Date("2026-01-02T03:04:05Z"),
    attachments: [
      { filename: "north.txt", content: "north" },
      { filename: "dot.png", content: "not really", contentType: "image/png", cid: "dot" },
    ],
  });
  const { messages } = await get<List>(mail, "/api/v1/messages");
  const message = await get<Message>(mail, `/api/v1/message/${messages[0]?.ID}`);
  expect(message).toMatchObject({
    ID: messages[0]?.ID,
    From: { Name: "Plaza", Address: "plaza@example.com" },
    ReturnPath: "plaza@example.com",
    Date: "2026-01-02T03:04:05.000Z",
    Text: "plain\n",
    HTML: "<b>rich</b>\n",
    Attachments: [
      {
        FileName: "north.txt",
        ContentType: "text/plain",
        Size: 5,
        Checksums: { SHA256: createHash("sha256").update("north").digest("hex") },
      },
    ],
    Inline: [{ FileName: "dot.png", ContentType: "image/png", ContentID: "dot" }],
  });
  expect((await get<List>(mail, "/api/v1/messages")).unread).toBe(0);
});

test("attachments are downloads, and a browser shows only plain images", async () => {
  await send(mail, {
    to: "alice@example.com",
    subject: "Parts",
    text: "see",
    attachments: [
      { filename: 'e"vil\r\n.html', content: "<script>alert(1)</script>", contentType: "text/html" },
      { filename: "dot.png", content: "png", contentType: "image/png" },
      { filename: "dot.svg", content: "<svg/>", contentType: "image/svg+xml" },
    ],
  });
  const part = (id: number) => fetch(`${mail.url}/api/v1/message/latest/part/${id}`);
  const html = await part(1);
  expect(html.headers.get("content-type")).toBe("application/octet-stream");
  expect(html.headers.get("content-disposition")).toMatch(/^attachment; filename\*=UTF-8''[\w%.-]+$/);
  expect(await html.text()).toBe("<script>alert(1)</script>");
  expect((await part(2)).headers.get("content-type")).toBe("image/png");
  expect((await part(3)).headers.get("content-type")).toBe("application/octet-stream");
  expect((await part(4)).status).toBe(404);
});

test("an HTML mail without a text part gets a text, with its links written out", async () => {
  await send(mail, {
    to: "alice@example.com",
    subject: "HTML only",
    html: `<head><title>no</title></head><!-- <p>no</p> --><style>p{}</style>
      <h1>Hello&nbsp;Alice</h1><p>Your code: <b>123456</b>. <a href="https://example.com/?a=1&amp;b=2">Confirm</a></p>`,
  });
  const { Text } = await get<Message>(mail, "/api/v1/message/latest");
  expect(Text).toBe("Hello Alice\n\nYour code: 123456. Confirm ( https://example.com/?a=1&b=2 )");
});

test("latest is the newest message, or the newest that matches", async () => {
  await send(mail, { to: "alice@example.com", subject: "first", text: "1" });
  await send(mail, { to: "bob@example.com", subject: "second", text: "2" });
  expect((await get<Message>(mail, "/api/v1/message/latest")).Subject).toBe("second");
  const query = encodeURIComponent('to:"alice@example.com"');
  expect((await get<Message>(mail, `/api/v1/message/latest?query=${query}`)).Subject).toBe("first");
});

test("headers and the raw mail are as received", async () => {
  await send(mail, {
    to: "alice@example.com",
    subject: "Raw",
    text: "hello",
    headers: { "x-twice": ["a", "b"] },
  });
  const headers = await get<Record<string, string[]>>(mail, "/api/v1/message/latest/headers");
  expect(headers).toMatchObject({ Subject: ["Raw"], To: ["alice@example.com"], "X-Twice": ["a", "b"] });
  const raw = await fetch(`${mail.url}/api/v1/message/latest/raw`);
  expect(raw.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(await raw.text()).toMatch(/^Subject: Raw\r\n/m);
  const file = await fetch(`${mail.url}/api/v1/message/latest/raw?dl=1`);
  expect(file.headers.get("content-disposition")).toMatch(/^attachment; filename="\w+\.eml"$/);
});

test("pages of the list follow each other, newest first", async () => {
  for (const subject of ["1", "2", "3"]) await send(mail, { to: "alice@example.com", subject, text: "x" });
  expect(subjects(await get<List>(mail, "/api/v1/messages?limit=2"))).toEqual(["3", "2"]);
  const second = await get<List>(mail, "/api/v1/messages?start=2&limit=2");
  expect(subjects(second)).toEqual(["1"]);
  expect(second).toMatchObject({ start: 2, total: 3, messages_count: 3 });
  expect(subjects(await get<List>(mail, "/api/v1/messages?limit=many&start=-1"))).toEqual(["3", "2", "1"]);
});

test("some mails are deleted by ID, the others stay", async () => {
  for (const subject of ["keep", "drop"]) await send(mail, { to: "alice@example.com", subject, text: "x" });
  const { messages } = await get<List>(mail, "/api/v1/messages");
  const body = JSON.stringify({ IDs: [messages[0]?.ID, "unknown"] });
  const response = await fetch(`${mail.url}/api/v1/messages`, { method: "DELETE", body });
  expect([response.status, await response.text()]).toEqual([200, "ok"]);
  expect(subjects(await get<List>(mail, "/api/v1/messages"))).toEqual(["keep"]);
  expect((await fetch(`${mail.url}/api/v1/message/${messages[0]?.ID}`)).status).toBe(404);
});

test("a deletion with an unreadable body deletes nothing", async () => {
  await send(mail, { to: "alice@example.com", subject: "stays", text: "x" });
  for (const body of ["{", "[]", '{"IDs":"all"}']) {
    expect((await fetch(`${mail.url}/api/v1/messages`, { method: "DELETE", body })).status).toBe(400);
  }
  expect((await get<List>(mail, "/api/v1/messages")).total).toBe(1);
  expect((await fetch(`${mail.url}/api/v1/messages`, { method: "DELETE", body: "{}" })).status).toBe(200);
  expect((await get<List>(mail, "/api/v1/messages")).total).toBe(0);
});

test("read marks can be set by ID, by search and for all mails", async () => {
  for (const to of ["alice@example.com", "bob@example.com"]) await send(mail, { to, subject: to, text: "x" });
  const put = (body: unknown) =>
    fetch(`${mail.url}/api/v1/messages`, { method: "PUT", body: JSON.stringify(body) });
  const unread = async () => (await get<List>(mail, "/api/v1/search?query=is:unread")).messages_count;
  const { messages } = await get<List>(mail, "/api/v1/messages");

  await put({ IDs: [messages[0]?.ID], Read: true });
  expect(await unread()).toBe(1);
  await put({ Search: "to:alice@example.com", Read: true });
  expect(await unread()).toBe(0);
  await put({ Read: false });
  expect(await unread()).toBe(2);
  expect((await put({ IDs: ["a"], Search: "b", Read: true })).status).toBe(400);
});

test("a search narrows by field, phrase and negation, and deletes what it finds", async () => {
  await send(mail, {
    to: "Alice <alice@example.com>",
    subject: "Confirm your address",
    text: "the code is 111111",
  });
  await send(mail, {
    to: "bob@example.com",
    cc: "carol@example.com",
    subject: "Reset",
    text: "your 100% code",
  });
  await send(mail, {
    to: "bob@example.com",
    from: "news@example.org",
    subject: "News",
    text: "nothing new",
    attachments: [{ filename: "plan.pdf", content: "x" }],
  });
  const found = async (query: string) =>
    subjects(await get<List>(mail, `/api/v1/search?query=${encodeURIComponent(query)}`)).sort();

  expect(await found("to:alice@example.com")).toEqual(["Confirm your address"]);
  expect(await found("TO:bob code")).toEqual(["Reset"]);
  expect(await found('subject:"your address"')).toEqual(["Confirm your address"]);
  expect(await found('"code is"')).toEqual(["Confirm your address"]);
  expect(await found('"is code"')).toEqual([]);
  expect(await found("100%")).toEqual(["Reset"]);
  expect(await found("-to:bob@example.com")).toEqual(["Confirm your address"]);
  expect(await found("!code")).toEqual(["News"]);
  expect(await found("from:news@example.org")).toEqual(["News"]);
  expect(await found("cc:carol addressed:carol")).toEqual(["Reset"]);
  expect(await found("has:attachment plan.pdf")).toEqual(["News"]);
  expect(await found("after:2020-01-01 before:2021-01-01")).toEqual([]);
  expect(await found("after:2020-01-01")).toHaveLength(3);
  expect(await found("%")).toHaveLength(3);

  const result = await get<List>(mail, "/api/v1/search?query=to:bob&limit=1");
  expect(result).toMatchObject({
    total: 3,
    messages_count: 2,
    messages_unread: 2,
    messages: [{ Subject: "News" }],
  });

  await fetch(`${mail.url}/api/v1/search?query=to:bob`, { method: "DELETE" });
  expect(subjects(await get<List>(mail, "/api/v1/messages"))).toEqual(["Confirm your address"]);
  for (const method of ["GET", "DELETE"]) {
    expect((await fetch(`${mail.url}/api/v1/search`, { method })).status).toBe(400);
  }
});

test("any login is accepted and kept as the message's user name", async () => {
  const transport = nodemailer.createTransport({
    host: "127.0.0.1",
    port: mail.smtpPort,
    auth: { user: "plaza", pass: "anything" },
  });
  await transport.sendMail({ from: "a@example.com", to: "alice@example.com", subject: "login", text: "x" });
  expect((await get<Message>(mail, "/api/v1/message/latest")).Username).toBe("plaza");
});

test("health and info answer", async () => {
  await send(mail, { to: "alice@example.com", subject: "counted", text: "x" });
  for (const path of ["/livez", "/readyz"]) expect((await fetch(mail.url + path)).status).toBe(200);
  expect(await get(mail, "/api/v1/info")).toMatchObject({
    Messages: 1,
    Unread: 1,
    RuntimeStats: { SMTPAccepted: expect.any(Number), SMTPRejected: 0 },
  });
  expect((await fetch(`${mail.url}/api/v1/nothing`)).status).toBe(404);
  expect((await fetch(`${mail.url}/api/v1/message/unknown`)).status).toBe(404);
});

test("a page that points its own name at the catcher is refused", async () => {
  const status = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const asked = request(`${mail.url}/api/v1/messages`, { headers: { host } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      asked.on("error", reject).end();
    });
  const { port } = new URL(mail.url);
  for (const own of [`127.0.0.1:${port}`, `localhost:${port}`, `[::1]:${port}`]) {
    expect(await status(own), own).toBe(200);
  }
  for (const other of [`evil.example:${port}`, `127.0.0.1.evil.example`, `localhost@evil.example`, "a b"]) {
    expect(await status(other), other).not.toBe(200);
  }
});

test("no other origin gets a CORS grant", async () => {
  const preflight = await fetch(`${mail.url}/api/v1/messages`, {
    method: "OPTIONS",
    headers: { origin: "https://evil.example", "access-control-request-method": "DELETE" },
  });
  const read = await fetch(`${mail.url}/api/v1/messages`, { headers: { origin: "https://evil.example" } });
  for (const { headers } of [preflight, read]) expect(headers.get("access-control-allow-origin")).toBeNull();
  expect(read.headers.get("cross-origin-resource-policy")).toBe("same-origin");
});
