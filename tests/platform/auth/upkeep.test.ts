import { afterAll, beforeAll, expect, test } from "vitest";
import { cleanUp } from "../../../platform/auth/cleanup.ts";
import { createPasswords } from "../../../platform/auth/passwords.ts";
import { createHarness, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

test("when Auth stops, nobody waits for a hash any longer", async () => {
  const passwords = createPasswords();
  const hashes = [1, 2, 3].map((index) => passwords.hash(`password ${index}`));
  const settled = Promise.allSettled(hashes);
  await passwords[Symbol.asyncDispose]();
  expect((await settled).some(({ status }) => status === "rejected")).toBe(true);
});

test("errors have the form of the API version that the client asks for", async () => {
  const ask = async (version: string) => {
    const headers = { "x-supabase-api-version": version };
    const response = await auth.send("GET", "/user", { headers });
    return [response.headers.get("x-supabase-api-version"), await response.json()];
  };
  const message = "This endpoint requires a Bearer token";
  const modern = { code: "no_authorization", message };
  const old = { code: 401, error_code: "no_authorization", msg: message };
  expect(await ask("2024-01-01")).toEqual(["2024-01-01", modern]);
  expect(await ask("2026-11-23")).toEqual(["2024-01-01", modern]);
  expect(await ask("2023-12-31")).toEqual([null, old]);
  expect(await ask("soon")).toEqual([null, old]);
});

test("a body that is not JSON, has wrong types or is too large is refused", async () => {
  const ask = async (body: unknown) => {
    const response = await auth.send("POST", "/signup", { body });
    return [response.status, (await response.json()).code];
  };
  expect(await ask("{")).toEqual([400, "bad_json"]);
  expect(await ask([])).toEqual([400, "bad_json"]);
  expect(await ask({ email: 5, password: "x" })).toEqual([400, "bad_json"]);
  expect(await ask({ email: "a@b.test", password: { length: 9 } })).toEqual([400, "bad_json"]);
  expect(await ask({ email: "a@b.test", password: "x".repeat(1_100_000) })).toEqual([
    413,
    "request_entity_too_large",
  ]);
  for (const email of [
    "plain",
    "a@b@c",
    "a b@c.test",
    "a@-b.test",
    "a@b.test\n",
    "a,b@c.test",
    `${"a".repeat(250)}@b.test`,
  ]) {
    expect([email, ...(await ask({ email, password: "long enough" }))]).toEqual([
      email,
      400,
      "validation_failed",
    ]);
  }
  // Unknown fields are ignored. A NUL in the metadata is refused: Postgres cannot store it.
  expect((await ask({ ...person("alice"), captcha: { deep: true } }))[0]).toBe(200);
  expect(await ask({ ...person("alice"), data: { a: "\u0000" } })).toEqual([400, "validation_failed"]);
});

test("keys, health and settings are there for everybody", async () => {
  const about = await (await auth.send("GET", "/.well-known/openid-configuration")).json();
  expect(about.jwks_uri).toBe(`${about.issuer}/.well-known/jwks.json`);
  const jwks = await (await auth.send("GET", "/.well-known/jwks.json")).json();
  expect(jwks.keys).toMatchObject([{ kty: "EC", alg: "ES256" }]);
  expect(jwks.keys[0]).not.toHaveProperty("d");
  expect(await (await auth.send("GET", "/health")).json()).toMatchObject({ name: "GoTrue" });
  const settings = await (await auth.send("GET", "/settings")).json();
  expect(settings).toMatchObject({ mailer_autoconfirm: false, saml_enabled: false });
});

test("hashing keeps the event loop free", async () => {
  await using passwords = createPasswords();
  await passwords.hash("warm up the thread");
  const hashes = Array.from({ length: 4 }, (_, index) => passwords.hash(`password ${index}`));
  const order: string[] = [];
  const tick = new Promise((resolve) => setImmediate(resolve)).then(() => order.push("tick"));
  await Promise.all([tick, ...hashes.map((hash) => hash.then(() => order.push("hash")))]);
  expect(order[0]).toBe("tick");
  const hash = await (hashes[0] as Promise<string>);
  expect(hash).toMatch(/^\$2b\$10\$/);
  expect(await passwords.matches("password 0", hash)).toBe(true);
  expect(await passwords.matches("password 1", hash)).toBe(false);
  expect(await passwords.matches("password 0", "no hash at all")).toBe(false);
  expect(await passwords.matches("", null)).toBe(false);
  const long = "x".repeat(72);
  expect(await passwords.matches(`${long}y`, await passwords.hash(long))).toBe(false);
});

test("the cleanup deletes rows that nobody can use any more, and no other rows", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  await alice.client.auth.refreshSession();
  await auth.send("POST", "/recover", {
    body: { email: alice.email, code_challenge: "a".repeat(43), code_challenge_method: "s256" },
  });
  const left = async () => {
    const [row] = await harness.sql`
      select
        (select count(*)::int from auth.refresh_tokens where user_id = ${alice.id}) as refresh_tokens,
        (select count(*)::int from auth.flow_state where user_id = ${alice.id}) as flow_states,
        (select count(*)::int from auth.one_time_tokens where user_id = ${alice.id}) as one_time_tokens,
        (select count(*)::int from auth.sessions where user_id = ${alice.id}) as sessions
    `;
    return row;
  };
  const clean = (sessions: { timebox?: number; inactivity_timeout?: number } = {}) =>
    cleanUp({ sql: harness.sql, config: { sessions } as never });
  await clean();
  expect(await left()).toEqual({ refresh_tokens: 2, flow_states: 1, one_time_tokens: 1, sessions: 1 });
  await harness.sql`
    update auth.refresh_tokens set updated_at = now() - interval '2 days' where user_id = ${alice.id}
  `;
  await harness.sql`
    update auth.flow_state set created_at = now() - interval '2 days' where user_id = ${alice.id}
  `;
  await harness.sql`
    update auth.one_time_tokens set expires_at = now() - interval '2 days' where user_id = ${alice.id}
  `;
  await clean({ timebox: 3_600_000 });
  expect(await left()).toEqual({ refresh_tokens: 1, flow_states: 0, one_time_tokens: 0, sessions: 1 });
  await harness.sql`
    update auth.sessions set created_at = now() - interval '2 days' where user_id = ${alice.id}
  `;
  await clean({ inactivity_timeout: 3_600_000 });
  expect((await left())?.sessions).toBe(1);
  await clean({ timebox: 3_600_000 });
  expect((await left())?.sessions).toBe(0);
});
