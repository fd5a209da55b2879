/** Requests to Auth that look like others: HEAD, wrong methods, phones, keys in place of tokens. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGateway } from "../../../platform/gateway/index.ts";
import { silent } from "../../../platform/log.ts";
import { createHarness, follow, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

test("a mail scanner that sends HEAD spends no link and sees no token", async () => {
  const alice = person("alice");
  await auth.client().auth.signUp(alice);
  const mail = harness.receiver.last(alice.email);
  const query = new URLSearchParams({ token: mail.email_data.token_hash, type: "signup" });
  const scanned = await auth.send("HEAD", `/verify?${query}`);
  expect([scanned.status, scanned.headers.get("allow")]).toEqual([405, "GET, POST"]);
  expect(scanned.headers.get("location")).toBeNull();
  const { fragment } = await follow(auth, mail);
  expect(fragment.get("access_token")).toBeTruthy();
});

test("no HEAD does anything", async () => {
  const bob = await member(auth, harness.receiver, "bob");
  const { access_token: token } = bob.session;
  for (const path of ["/reauthenticate", "/user", "/settings", "/health", "/authorize"]) {
    const response = await auth.send("HEAD", path, { token });
    expect([path, response.status]).toEqual([path, 405]);
  }
  expect(harness.receiver.to(bob.email)).toHaveLength(1);
  expect((await auth.send("GET", "/reauthenticate", { token })).status).toBe(200);
  expect(harness.receiver.to(bob.email)).toHaveLength(2);
});

test("a method that a path does not have is not allowed, and a path that nobody knows is not found", async () => {
  const wrong = await auth.send("DELETE", "/verify");
  expect([wrong.status, wrong.headers.get("allow"), await wrong.text()]).toEqual([405, "GET, POST", ""]);
  const user = await auth.send("PATCH", `/admin/users/${crypto.randomUUID()}`);
  expect([user.status, user.headers.get("allow")]).toEqual([405, "GET, PUT, DELETE"]);
  expect((await auth.send("GET", "/nothing")).status).toBe(404);
  expect((await auth.send("HEAD", "/nothing")).status).toBe(404);
});

test("a code for a phone is judged as GoTrue does", async () => {
  const bob = await member(auth, harness.receiver, "bob");
  const ask = async (body: object) => {
    const response = await auth.send("POST", "/verify", { body: { token: "123456", ...body } });
    const { code, message } = await response.json();
    return [response.status, code, message];
  };
  const expired = [403, "otp_expired", "Token has expired or is invalid"];
  const phone = "+41 79 123 45 67";
  for (const type of ["sms", "phone_change", "signup", "unheard"]) {
    expect([type, ...(await ask({ type, phone }))]).toEqual([type, ...expired]);
  }
  const malformed = [400, "validation_failed", "Invalid phone number format (E.164 required)"];
  for (const bad of ["0123", "+", "12345678901234567", "alice"]) {
    expect([bad, ...(await ask({ type: "sms", phone: bad }))]).toEqual([bad, ...malformed]);
  }
  const one = [
    400,
    "validation_failed",
    "Only an email address or phone number should be provided on verify",
  ];
  expect(await ask({ type: "sms", phone, email: bob.email })).toEqual(one);
  expect(await ask({ type: "sms" })).toEqual(one);
  expect(await ask({ type: "sms", email: bob.email })).toEqual(expired);
  expect(await ask({ type: "sms", phone, token: "", token_hash: "x" })).toEqual([
    400,
    "validation_failed",
    "Only the token_hash and type should be provided",
  ]);
});

test("an endpoint for users says that it needs a token when it gets only a key", async () => {
  await using gateway = await createGateway({ host: "127.0.0.1", port: 0, keys: auth.keys, log: silent });
  gateway.mount("auth", auth.direct);
  const ask = async (path: string, headers: Record<string, string>) => {
    const response = await fetch(`${gateway.url}/auth/v1${path}`, {
      headers: { "x-supabase-api-version": "2024-01-01", ...headers },
    });
    const { code, message } = await response.json();
    return [response.status, code, message];
  };
  const { publishableKey, secretKey, anonKey, serviceRoleKey } = auth.keys;
  for (const apikey of [publishableKey, secretKey, anonKey, serviceRoleKey]) {
    const needed = [401, "no_authorization", "This endpoint requires a Bearer token"];
    expect(await ask("/user", { apikey })).toEqual(needed);
  }
  const anon = { apikey: publishableKey, authorization: `Bearer ${publishableKey}` };
  expect((await ask("/user", anon)).slice(0, 2)).toEqual([403, "bad_jwt"]);
  const alice = await member(auth, harness.receiver, "alice");
  const hers = { apikey: publishableKey, authorization: `Bearer ${alice.session.access_token}` };
  expect((await ask("/user", hers))[0]).toBe(200);

  // The secret key alone is enough for an administrator.
  expect((await ask("/admin/users", { apikey: secretKey }))[0]).toBe(200);
  expect((await ask("/admin/users", { apikey: publishableKey })).slice(0, 2)).toEqual([403, "not_admin"]);
  const both = { apikey: secretKey, authorization: `Bearer ${alice.session.access_token}` };
  expect((await ask("/admin/users", both)).slice(0, 2)).toEqual([403, "not_admin"]);
});

test("a role that is not a text opens nothing", async () => {
  const claims = { role: ["service_role"] as never, exp: Math.floor(Date.now() / 1000) + 60 };
  const asArray = await auth.send("GET", "/admin/users", { token: await auth.keys.sign(claims) });
  expect([asArray.status, (await asArray.json()).code]).toEqual([403, "bad_jwt"]);
  const asText = { ...claims, role: "service_role" };
  const right = await auth.send("GET", "/admin/users", { token: await auth.keys.sign(asText) });
  expect(right.status).toBe(200);
});

test("a text with U+0000 is refused wherever it is, and the same text without it is read", async () => {
  const service = auth.keys.serviceRoleKey;
  const asks: ((extra: string) => Promise<Response>)[] = [
    (extra) => auth.send("GET", `/verify?type=email&token=a${encodeURIComponent(extra)}`),
    (extra) => auth.send("GET", `/admin/users?filter=a${encodeURIComponent(extra)}`, { token: service }),
    ...[
      ["/token?grant_type=password", { email: "a@b.test", password: "long enough" }, "email"],
      ["/token?grant_type=refresh_token", { refresh_token: "abcdefghijk" }, "refresh_token"],
      ["/token?grant_type=pkce", { auth_code: "a", code_verifier: "b" }, "auth_code"],
      ["/verify", { type: "email", token_hash: "a" }, "token_hash"],
    ].map(
      ([path, body, name]) =>
        (extra: string) =>
          auth.send("POST", path as string, {
            body: {
              ...(body as object),
              [name as string]: (body as Record<string, string>)[name as string] + extra,
            },
          }),
    ),
  ];
  for (const ask of asks) {
    const refused = await ask("\0");
    expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
      400,
      "validation_failed",
    ]);
    const read = await ask("l");
    expect([200, 303, 400, 403, 404]).toContain(read.status);
    expect(await read.text()).not.toContain("validation_failed");
  }
});
