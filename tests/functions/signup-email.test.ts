import { createServer, type IncomingHttpHeaders } from "node:http";
import { type AddressInfo, createServer as createTcpServer, type Server } from "node:net";
import { SMTPServer } from "smtp-server";
import { Webhook } from "standardwebhooks";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { silent } from "../../platform/log.ts";
import { createMail, type Mail } from "../../platform/mail/index.ts";
import type { Message } from "../../platform/mail/message.ts";
import { freePort } from "../../platform/postgres/server.ts";
import {
  expectHookError,
  type Hook,
  newSecret,
  oldSecret,
  sender,
  startHook,
  strangeSecret,
} from "./signup-email-hook.ts";
import { actions, payloadOf } from "./signup-email-payloads.ts";

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

describe("by SMTP", () => {
  let mail: Mail;
  let hook: Hook;
  beforeAll(async () => {
    mail = await createMail({ smtpPort: 0, httpPort: 0, log: silent });
    hook = await startHook({ ...sender, SMTP_HOST: "127.0.0.1", SMTP_PORT: String(mail.smtpPort) });
  });
  afterAll(async () => {
    await hook[Symbol.asyncDispose]();
    await mail[Symbol.asyncDispose]();
  });
  beforeEach(() => fetch(`${mail.url}/api/v1/messages`, { method: "DELETE" }));

  /** Newest first. */
  async function inbox(): Promise<Message[]> {
    const { messages } = (await (await fetch(`${mail.url}/api/v1/messages`)).json()) as {
      messages: Message[];
    };
    const one = async ({ ID }: Message) => (await fetch(`${mail.url}/api/v1/message/${ID}`)).json();
    return (await Promise.all(messages.map(one))) as Message[];
  }

  test.each(actions)("%s reaches alice's inbox", async (action) => {
    const response = await hook.post(payloadOf(action));
    expect([response.status, await response.json()]).toEqual([200, {}]);
    const [message, ...others] = await inbox();
    expect(others).toHaveLength(action === "email_change" ? 1 : 0);
    expect(message).toMatchObject({
      From: { Name: "Plaza", Address: "hello@plaza.example" },
      To: [
        {
          Name: "",
          Address: action === "email_changed_notification" ? "alice.old@example.com" : "alice@example.com",
        },
      ],
      Bcc: [],
      HTML: expect.stringContaining("</html>"),
      Text: expect.stringContaining("-- \nPlaza"),
    });
  });

  test("a change of address sends each address its own code", async () => {
    await hook.post(payloadOf("email_change"));
    const codes = Object.fromEntries(
      (await inbox()).map(({ To, Text }) => [To[0]?.Address, /code: (\d+)/.exec(Text)?.[1]]),
    );
    expect(codes).toEqual({ "alice.new@example.com": "222222", "alice@example.com": "305805" });
  });

  test("the mail has the code and the link of the payload", async () => {
    const redirect = "https://app.example.com/?a=1&b=ü#x";
    await hook.post(payloadOf("signup", { email_data: { token: "012345", redirect_to: redirect } }));
    const [message] = await inbox();
    expect(message?.Subject).toBe("Confirm your e-mail address for Plaza");
    expect(message?.Text).toContain("Or enter this code: 012345");
    const link = new URL(/^http.*$/m.exec(message?.Text ?? "")?.[0] ?? "");
    expect(link.searchParams.get("redirect_to")).toBe(redirect);
    expect(message?.HTML).toContain(`href="${link.href.replaceAll("&", "&#38;")}"`);
  });

  test("while a secret rotates, the old and the new one are valid, and no other", async () => {
    expect((await hook.post(payloadOf("signup"), { secret: oldSecret })).status).toBe(200);
    expect((await hook.post(payloadOf("signup"), { secret: newSecret })).status).toBe(200);
    const response = await hook.post(payloadOf("signup"), { secret: strangeSecret });
    expect(response.status).toBe(401);
    expect(await response.json()).toEqual({ error: { http_code: 401, message: "Invalid signature" } });
    expect(await inbox()).toHaveLength(2);
  });

  test("the hook accepts Auth's list of signatures, one for each secret", async () => {
    const body = JSON.stringify(payloadOf("signup"));
    const [id, at] = [crypto.randomUUID(), new Date()];
    const signatures = [strangeSecret, newSecret].map((secret) =>
      new Webhook(secret.slice(3)).sign(id, at, body),
    );
    const headers = {
      "webhook-id": id,
      "webhook-timestamp": String(Math.floor(at.getTime() / 1000)),
      "webhook-signature": signatures.join(", "),
    };
    const request = new Request("http://127.0.0.1/signup-email", { method: "POST", headers, body });
    expect((await hook.fetch(request)).status).toBe(200);
    expect(await inbox()).toHaveLength(1);
  });

  test("old, early, missing and broken signatures are refused", async () => {
    const minutes = (count: number) => new Date(Date.now() + count * 60_000);
    for (const at of [minutes(-6), minutes(6)]) {
      expect((await hook.post(payloadOf("signup"), { at })).status).toBe(401);
    }
    const body = JSON.stringify(payloadOf("signup"));
    const id = crypto.randomUUID();
    const time = String(Math.floor(Date.now() / 1000));
    const good = new Webhook(newSecret.slice(3)).sign(id, new Date(Number(time) * 1000), body);
    const attempts: Record<string, string>[] = [
      {},
      { "webhook-id": id, "webhook-timestamp": time },
      { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": "v1" },
      { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": "v1,AAAA" },
      { "webhook-id": id, "webhook-timestamp": "now", "webhook-signature": good },
      { "webhook-id": "another", "webhook-timestamp": time, "webhook-signature": good },
    ];
    const status = async (headers: Record<string, string>, sent = body) =>
      (
        await hook.fetch(
          new Request("http://127.0.0.1/signup-email", { method: "POST", headers, body: sent }),
        )
      ).status;
    for (const headers of attempts) expect(await status(headers), JSON.stringify(headers)).toBe(401);
    const whole = { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": good };
    expect(await status(whole, body.replace("alice@example.com", "mallory@example.com"))).toBe(401);
    expect(await inbox()).toHaveLength(0);
    // The signature itself is valid.
    expect(await status(whole)).toBe(200);
    expect(await inbox()).toHaveLength(1);
  });

  test("the hook refuses other methods, bodies that are too large, and other payloads", async () => {
    const url = "http://127.0.0.1/signup-email";
    expect((await hook.fetch(new Request(url))).status).toBe(405);
    const large = "x".repeat(600_000);
    expect((await hook.post(payloadOf("signup", { user: { user_metadata: { large } } }))).status).toBe(413);
    const piece = new TextEncoder().encode(large.slice(0, 100_000));
    const stream = new ReadableStream({
      start(controller) {
        for (let n = 0; n < 6; n++) controller.enqueue(piece);
        controller.close();
      },
    });
    const chunked = new Request(url, { method: "POST", body: stream, duplex: "half" } as RequestInit);
    expect((await hook.fetch(chunked)).status).toBe(413);

    for (const [payload, field] of [
      ["text", "the body"],
      [{}, "user"],
      [payloadOf("unheard_of"), "email_data.email_action_type"],
      [payloadOf("signup", { user: { email: "" } }), "user.email"],
      [payloadOf("signup", { user: { email: "alice@example.com, mallory@example.com" } }), "user.email"],
      [
        payloadOf("signup", { user: { email: "alice@example.com\r\nBcc: mallory@example.com" } }),
        "user.email",
      ],
      [payloadOf("signup", { email_data: { token_hash: "" } }), "email_data.token_hash"],
      [payloadOf("signup", { email_data: { site_url: "javascript:alert(1)" } }), "email_data.site_url"],
      [payloadOf("email_change", { user: { new_email: "" } }), "user.new_email"],
      [payloadOf("reauthentication", { email_data: { token: "" } }), "email_data.token"],
    ] as const) {
      const response = await hook.post(payload);
      expect(response.status, field).toBe(400);
      expect(await response.json()).toMatchObject({
        error: { http_code: 400, message: expect.stringContaining(field) },
      });
    }
    expect(await inbox()).toHaveLength(0);
  });

  test("a request that comes again, at once or later, is answered but sends no second mail", async () => {
    const payload = payloadOf("signup");
    const id = crypto.randomUUID();
    const at = new Date();
    // Mallory recorded the first request. Auth, which lost the answer, signs again with a new id.
    const again = [
      () => hook.post(payload, { id, at }),
      () => hook.post(payload, { id, at }),
      () => hook.post(payload),
    ];
    for (const response of await Promise.all(again.map((post) => post()))) {
      expect([response.status, await response.json()]).toEqual([200, {}]);
    }
    expect((await hook.post(payload, { id, at })).status).toBe(200);
    expect(await inbox()).toHaveLength(1);
    await hook.post(payloadOf("signup"));
    expect(await inbox()).toHaveLength(2);
  });

  test("a request that comes again to another worker gives the same Message-ID", async () => {
    const payload = payloadOf("email_change");
    await hook.post(payload);
    await using other = await startHook({
      ...sender,
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: String(mail.smtpPort),
    });
    await other.post(payload);
    await hook.post(payloadOf("email_change"));
    const ids = (await inbox()).map(({ MessageID }) => MessageID).reverse();
    expect(ids.slice(2, 4)).toEqual(ids.slice(0, 2));
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]).toMatch(/^[0-9a-f]{32}@plaza\.example$/);
  });
});

describe("when a mail server fails", () => {
  const stack: AsyncDisposable[] = [];
  afterEach(async () => {
    for (const started of stack.splice(0).reverse()) await started[Symbol.asyncDispose]();
  });
  const closing = (server: { close(done: () => void): void }): AsyncDisposable => ({
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(resolve)),
  });
  const hookTo = async (port: number) => {
    const hook = await startHook({ ...sender, SMTP_HOST: "127.0.0.1", SMTP_PORT: String(port) });
    stack.push(hook);
    return hook;
  };

  test("Auth gets an error, and the next attempt succeeds after the server is back", async () => {
    const smtpPort = await freePort();
    const hook = await hookTo(smtpPort);
    await expectHookError(await hook.post(payloadOf("signup")));
    await expect.poll(() => hook.log.join("\n")).toContain("signup: mail 1 of 1: Error");
    expect(hook.log.join("\n")).not.toContain("alice");

    const mail = await createMail({ smtpPort, httpPort: 0, log: silent });
    stack.push(mail);
    expect(await (await hook.post(payloadOf("signup"))).json()).toEqual({});
    expect(await (await fetch(`${mail.url}/api/v1/message/latest`)).json()).toMatchObject({
      To: [{ Address: "alice@example.com" }],
    });
  });

  test("the hook stops waiting for a silent server before Auth's time limit", async () => {
    const silentServer = createTcpServer();
    const port = await listen(silentServer);
    stack.push(closing(silentServer));
    await expectHookError(await (await hookTo(port)).post(payloadOf("signup")));
  });

  test.each([
    ["alice.new@example.com", "mail 1 of 2", []],
    ["alice@example.com", "mail 2 of 2", ["alice.new@example.com"]],
  ])("a change of address fails if the server refuses %s", async (refused, said, sent) => {
    const taken: string[] = [];
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      logger: false,
      closeTimeout: 200,
      onRcptTo: ({ address }, _session, done) =>
        done(
          address === refused ? Object.assign(new Error(`no ${address} here`), { responseCode: 550 }) : null,
        ),
      onData(stream, session, done) {
        taken.push(...session.envelope.rcptTo.map(({ address }) => address));
        stream.resume().on("end", () => done());
      },
    });
    const port = await listen(server.listen(0, "127.0.0.1"));
    stack.push(closing(server));
    const hook = await hookTo(port);
    await expectHookError(await hook.post(payloadOf("email_change")));
    expect(taken).toEqual(sent);
    await expect.poll(() => hook.log.join("\n")).toContain(said);
    expect(hook.log.join("\n")).not.toContain("example.com");
  });

  test("a server that does not offer the required STARTTLS gets no mail", async () => {
    const mail = await createMail({ smtpPort: 0, httpPort: 0, log: silent });
    const hook = await startHook({
      ...sender,
      SMTP_HOST: "127.0.0.1",
      SMTP_PORT: String(mail.smtpPort),
      SMTP_SECURE: "starttls",
    });
    stack.push(mail, hook);
    await expectHookError(await hook.post(payloadOf("signup")));
    expect(await (await fetch(`${mail.url}/api/v1/messages`)).json()).toMatchObject({ total: 0 });
  });

  test.each(["tls", "starttls"])("a server with a bad certificate gets no mail (%s)", async (security) => {
    const senders: string[] = [];
    // The server has the library's own certificate, whose key is public.
    const server = new SMTPServer({
      secure: security === "tls",
      authOptional: true,
      logger: false,
      closeTimeout: 200,
      onMailFrom: ({ address }, _session, done) => {
        senders.push(address);
        done();
      },
      onData: (stream, _session, done) => void stream.resume().on("end", () => done()),
    });
    server.on("error", () => {});
    const port = await listen(server.listen(0, "127.0.0.1"));
    stack.push(closing(server));
    const smtp = { SMTP_HOST: "127.0.0.1", SMTP_PORT: String(port), SMTP_SECURE: security };
    const hook = await startHook({ ...sender, ...smtp });
    stack.push(hook);
    await expectHookError(await hook.post(payloadOf("signup")));
    expect(senders).toEqual([]);
  });

  test("a hook without its settings names the missing ones, and only in the log", async () => {
    const hook = await startHook({ MAIL_FROM: "hello@plaza.example" });
    stack.push(hook);
    const response = await hook.post(payloadOf("signup"));
    expect([response.status, await response.text()]).toEqual([500, expect.not.stringContaining("SECRETS")]);
    await expect.poll(() => hook.log.join("\n")).toContain("SEND_EMAIL_HOOK_SECRETS");
  });
});

describe("by a mail API", () => {
  let status = 200;
  let requests: { headers: IncomingHttpHeaders; body: Record<string, unknown> }[] = [];
  const api = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    requests.push({ headers: request.headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(status, { "content-type": "application/json", location: "/elsewhere" }).end("{}");
  });
  let hook: Hook;
  beforeAll(async () => {
    const port = await listen(api);
    const url = `http://127.0.0.1:${port}/emails`;
    hook = await startHook({ ...sender, APP_NAME: "Agora", MAIL_API_URL: url, MAIL_API_KEY: "re_secret" });
  });
  afterAll(async () => {
    await hook[Symbol.asyncDispose]();
    await new Promise((resolve) => {
      api.close(resolve);
      api.closeAllConnections();
    });
  });
  beforeEach(() => {
    status = 200;
    requests = [];
  });

  test("the hook sends mails in Resend's form, each with its own key", async () => {
    expect(await (await hook.post(payloadOf("email_change"))).json()).toEqual({});
    expect(requests.map(({ body }) => body.to)).toEqual([["alice.new@example.com"], ["alice@example.com"]]);
    expect(requests[0]?.headers.authorization).toBe("Bearer re_secret");
    expect(requests[0]?.body).toEqual({
      from: "Plaza <hello@plaza.example>",
      to: ["alice.new@example.com"],
      subject: "Confirm your new e-mail address for Agora",
      html: expect.stringContaining("</html>"),
      text: expect.stringContaining("Agora"),
      headers: { "Auto-Submitted": "auto-generated" },
    });
    const keys = requests.map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).toBe(2);
  });

  test("a mail that could not be sent is sent when the same request comes again", async () => {
    const payload = payloadOf("signup");
    status = 500;
    await expectHookError(await hook.post(payload));
    status = 200;
    expect(await (await hook.post(payload)).json()).toEqual({});
    expect(await (await hook.post(payload)).json()).toEqual({});
    expect(requests).toHaveLength(2);
  });

  test.each([401, 422, 429, 500, 307])("an answer %i becomes a hook error", async (answer) => {
    status = answer;
    await expectHookError(await hook.post(payloadOf("email_change")));
    expect(requests).toHaveLength(1);
    expect(hook.log.join("\n")).not.toContain("re_secret");
  });
});
