import type { AddressInfo } from "node:net";
import PostalMime, { type Email } from "postal-mime";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { createLimits } from "../../../platform/auth/rate-limit.ts";
import { createHarness, type Harness, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

const rates = {
  email_sent: 2,
  anonymous_users: 2,
  token_refresh: 150,
  sign_in_sign_ups: 3,
  token_verifications: 30,
};

test("each address has a bucket that allows a burst and refills evenly", () => {
  let nowMs = 0;
  const limits = createLimits(rates, () => nowMs);
  const taken = (ip: string) => {
    for (let count = 0; ; count++) {
      try {
        limits.take("signup", ip);
      } catch (error) {
        expect(error).toMatchObject({ status: 429, code: "over_request_rate_limit" });
        return count;
      }
    }
  };
  expect(taken("a")).toBe(3);
  expect(taken("b")).toBe(3);
  nowMs += 100_000;
  expect(taken("a")).toBe(1);
  nowMs += 3_600_000;
  expect(taken("a")).toBe(3);
  // Each endpoint has its own buckets. A large rate allows a burst of 30.
  for (let count = 0; count < 30; count++) limits.take("token", "a");
  expect(() => limits.take("token", "a")).toThrow();
  nowMs += 2000;
  limits.take("token", "a");
});

test("mallory, who sends her bodies slowly, cannot keep bob out", async () => {
  const { direct } = await harness.start({}, { limited: false });
  const ends: (() => void)[] = [];
  const ask = (ip: string, bytes?: number) => {
    const body = new ReadableStream({
      start: (controller) => void ends.push(() => controller.close()),
    });
    const headers = { "x-forwarded-for": ip, ...(bytes ? { "content-length": String(bytes) } : {}) };
    const init = { method: "POST", body, duplex: "half", headers };
    return direct.fetch(new Request("http://auth/token?grant_type=password", init as RequestInit));
  };
  const statuses = async (answers: Promise<Response>[]) => {
    for (const end of ends.splice(0)) end();
    return (await Promise.all(answers)).map(({ status }) => status);
  };
  const mallorys = Array.from({ length: 501 }, () => ask("203.0.113.66"));
  expect((await mallorys[500])?.status).toBe(429);
  expect((await mallorys[500])?.headers.get("retry-after")).toBe("2");
  const bobs = ask("203.0.113.7");
  expect(await statuses([...mallorys.slice(0, 500), bobs])).toEqual(Array(501).fill(400));

  // Fewer of the largest bodies fit into memory.
  const large = Array.from({ length: 33 }, () => ask("203.0.113.66", 1024 * 1024));
  expect((await large[32])?.status).toBe(429);
  const other = ask("203.0.113.7", 1024 * 1024);
  expect(await statuses([...large.slice(0, 32), other])).toEqual(Array(33).fill(400));
});

test("the limiter has a bound on addresses, and forgets the least active ones first", () => {
  const limits = createLimits({ ...rates, sign_in_sign_ups: 2 }, () => 0);
  limits.take("signup", "busy");
  limits.take("signup", "busy");
  for (let count = 0; count < 9_000; count++) limits.take("signup", `x${count}`);
  expect(() => limits.take("signup", "busy")).toThrow();
  for (let count = 0; count < 9_000; count++) limits.take("signup", `y${count}`);
  expect(() => limits.take("signup", "busy")).toThrow();
});

test("Auth's own mails are counted by the hour", () => {
  let nowMs = 0;
  const limits = createLimits(rates, () => nowMs);
  limits.takeMail();
  limits.takeMail();
  expect(() => limits.takeMail()).toThrow("email rate limit exceeded");
  nowMs += 3_600_000;
  limits.takeMail();
});

test("requests from mallory's address are refused, requests from alice's are not", async () => {
  const rate_limit = { ...rates, email_sent: 1000, token_refresh: 2, token_verifications: 2 };
  const limited = await harness.start({ rate_limit });
  const ask = async (path: string, body: unknown, ip: string) => {
    const response = await limited.send("POST", path, { body, ip });
    return [response.status, (await response.json()).code];
  };
  const stopped = [429, "over_request_rate_limit"];
  const wrong = { email: "nobody@plaza.test", password: "x" };
  const guess = { email: "nobody@plaza.test", token: "123456", type: "email" };
  for (let count = 0; count < 2; count++) {
    expect(await ask("/token?grant_type=password", wrong, "198.51.100.1")).toEqual([
      400,
      "invalid_credentials",
    ]);
    expect(await ask("/verify", guess, "198.51.100.1")).toEqual([403, "otp_expired"]);
  }
  expect(await ask("/token?grant_type=password", wrong, "198.51.100.1")).toEqual(stopped);
  expect(await ask("/verify", guess, "198.51.100.1")).toEqual(stopped);
  expect(await ask("/token?grant_type=password", wrong, "198.51.100.2")).toEqual([
    400,
    "invalid_credentials",
  ]);

  for (const path of ["/signup", "/recover", "/resend", "/otp", "/magiclink"]) {
    for (let count = 0; count < 3; count++) {
      const body = { email: person("alice").email, password: "a long password", type: "signup" };
      const response = await limited.send("POST", path, { body, ip: "198.51.100.3" });
      expect([path, response.status]).toEqual([path, 200]);
    }
    expect([path, ...(await ask(path, wrong, "198.51.100.3"))]).toEqual([path, ...stopped]);
  }
});

test("a request is refused at once when too many others are being answered", async () => {
  const ask = (client = 0) => {
    const headers = { "x-forwarded-for": `203.0.${client >> 8}.${client & 255}` };
    return auth.direct.fetch(new Request("http://auth/health", { headers }));
  };
  const answers = await Promise.all(Array.from({ length: 1001 }, (_, client) => ask(client)));
  expect(answers.map(({ status }) => status).sort()).toEqual([...Array(1000).fill(200), 429]);
  expect(answers.find(({ status }) => status === 429)?.headers.get("retry-after")).toBe("2");
  expect((await ask()).status).toBe(200);
});

test("one user gets no mails more often than max_frequency allows", async () => {
  const slow = await harness.start({ email: { max_frequency: "1m" } });
  const alice = person("alice");
  expect((await slow.client().auth.signUp(alice)).error).toBeNull();
  const again = await slow.client().auth.signUp(alice);
  expect(again.error).toMatchObject({ code: "over_email_send_rate_limit", status: 429 });
  expect(again.error?.message).toMatch(
    /^For security purposes, you can only request this after \d+ seconds\.$/,
  );
  const resent = await slow.client().auth.resend({ type: "signup", email: alice.email });
  expect(resent.error?.code).toBe("over_email_send_rate_limit");
  expect(harness.receiver.to(alice.email)).toHaveLength(1);
});

test("without a hook, Auth sends its own mails over SMTP, escaped and limited", async () => {
  const mails: { to: string[]; email: Email }[] = [];
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    async onData(stream, session, done) {
      const chunks: Buffer[] = [];
      for await (const chunk of stream) chunks.push(chunk as Buffer);
      mails.push({
        to: session.envelope.rcptTo.map(({ address }) => address),
        email: await PostalMime.parse(Buffer.concat(chunks)),
      });
      done();
    },
  });
  await new Promise<void>((resolve) => smtp.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => new Promise<void>((resolve) => smtp.close(() => resolve())));
  const { port } = smtp.server.address() as AddressInfo;
  const own = await harness.start(
    { hook: { send_email: { enabled: false } }, rate_limit: { email_sent: 4 } },
    { smtpPort: port },
  );

  const alice = { ...person("alice'&"), password: "alice's password" };
  const client = own.client();
  const emailRedirectTo = 'https://plaza.example/?a=1&b="><script>';
  expect((await client.auth.signUp({ ...alice, options: { emailRedirectTo } })).error).toBeNull();
  const [signup] = mails;
  expect(signup?.to).toEqual([alice.email]);
  expect(signup?.email.subject).toBe("Confirm your e-mail address");
  expect(signup?.email.html).not.toContain("<script>");
  const link = /https?:\/\/\S+\/verify\?\S+/.exec(signup?.email.text ?? "")?.[0] ?? "";
  const landed = await fetch(link, { redirect: "manual" });
  expect(landed.status).toBe(303);
  const fragment = new URLSearchParams(new URL(landed.headers.get("location") ?? "").hash.slice(1));
  await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });

  const { email } = person("alice-new");
  expect((await client.auth.updateUser({ email })).error).toBeNull();
  expect(mails.slice(1).map(({ to }) => to[0])).toEqual([email, alice.email]);
  const codes = mails.slice(1).map((mail) => /code: (\d{6})/.exec(mail.email.text ?? "")?.[1] ?? "");
  const half = await client.auth.verifyOtp({ type: "email_change", email, token: codes[0] ?? "" });
  expect(half.error).toBeNull();
  const whole = await client.auth.verifyOtp({
    type: "email_change",
    email: alice.email,
    token: codes[1] ?? "",
  });
  expect(whole.data.user?.email).toBe(email);

  // Three mails went out in two calls. The limit counts calls.
  expect((await client.auth.reauthenticate()).error).toBeNull();
  expect((await client.auth.signInWithOtp({ email })).error).toBeNull();
  const over = await client.auth.resetPasswordForEmail(email);
  expect(over.error).toMatchObject({ code: "over_email_send_rate_limit", status: 429 });
  expect(mails.map(({ email: { subject } }) => subject)).toEqual([
    "Confirm your e-mail address",
    "Confirm your new e-mail address",
    "Confirm your new e-mail address",
    expect.stringMatching(/^\d{6} is your verification code$/),
    "Your sign-in link",
  ]);
});

test("a sign-up fails while the mail server is down, and works when tried again", async () => {
  const own = await harness.start({
    hook: { send_email: { enabled: false } },
    rate_limit: { email_sent: 100 },
  });
  const alice = person("alice");
  const refused = await own.client().auth.signUp(alice);
  expect(refused.error).toMatchObject({ status: 500, message: "Error sending confirmation email" });
  expect(await harness.sql`select 1 from auth.users where email = ${alice.email}`).toHaveLength(0);
  expect((await auth.client().auth.signUp(alice)).error).toBeNull();
});
