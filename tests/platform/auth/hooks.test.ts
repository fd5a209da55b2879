import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { createHarness, type Harness, member, person, type TestAuth } from "./harness.ts";
import { type Answer, hookSecret } from "./receiver.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
  await harness.sql.unsafe(`
    create schema hooks;
    grant usage on schema hooks to supabase_auth_admin;
    create table hooks.asked (event jsonb, in_transaction text);
    grant insert on hooks.asked to supabase_auth_admin;

    create function hooks.before_user_created(event jsonb) returns jsonb language plpgsql as $$
    declare name text := event -> 'user' -> 'user_metadata' ->> 'username';
    begin
      insert into hooks.asked values (event, pg_current_xact_id()::text);
      if name = 'taken' then
        return '{"error": {"http_code": 409, "message": "The name is taken"}}';
      elsif name = 'odd' then
        return '{"error": {"http_code": 200, "message": "An odd status"}}';
      elsif name = 'slow' then
        perform pg_sleep(30);
      elsif name = 'raise' then
        raise exception 'secret detail';
      elsif name = 'null' then
        return null;
      end if;
      return '{}';
    end $$;

    create function hooks.claims(event jsonb) returns jsonb language plpgsql stable as $$
    begin
      if event -> 'claims' -> 'user_metadata' ? 'broken' then
        return jsonb_build_object('claims', (event -> 'claims') - 'role');
      elsif event -> 'claims' -> 'user_metadata' ? 'refused' then
        return '{"error": {"http_code": 403, "message": "Not today"}}';
      end if;
      return jsonb_build_object('claims', event -> 'claims' || jsonb_build_object(
        'plan', 'gold', 'method', event ->> 'authentication_method'
      ));
    end $$;

    create function hooks.send_email(event jsonb) returns jsonb language plpgsql as $$
    begin
      insert into hooks.asked values (event, pg_current_xact_id()::text);
      return '{}';
    end $$;
  `);
});
afterAll(() => harness[Symbol.asyncDispose]());
afterEach(() => {
  harness.receiver.answers.length = 0;
});

const rowsOf = (email: string) => harness.sql`select id from auth.users where email = ${email}`;

test("before_user_created as a Postgres function refuses with its own status and words", async () => {
  const hooked = await harness.start({
    hook: {
      before_user_created: { enabled: true, uri: "pg-functions://postgres/hooks/before_user_created" },
    },
  });
  const alice = person("alice");
  const signUp = (username: string) =>
    hooked.client().auth.signUp({ ...alice, options: { data: { username } } });

  expect((await signUp("taken")).error).toMatchObject({
    status: 409,
    message: "The name is taken",
    code: "unknown",
  });
  expect((await signUp("odd")).error).toMatchObject({ status: 500, message: "An odd status" });
  const raised = await signUp("raise");
  expect(raised.error?.status).toBe(500);
  expect(raised.error?.message).toBe(
    "Error running hook URI: pg-functions://postgres/hooks/before_user_created",
  );
  expect((await signUp("slow")).error?.status).toBe(500);
  expect(await rowsOf(alice.email)).toHaveLength(0);
  expect(harness.receiver.to(alice.email)).toHaveLength(0);

  expect((await signUp("null")).error).toBeNull();
  expect(await rowsOf(alice.email)).toHaveLength(1);
  const [asked] = await harness.sql<{ event: { user: { id: string } } }[]>`
    select event from hooks.asked where event -> 'user' ->> 'email' = ${alice.email} order by ctid desc limit 1
  `;
  expect(asked?.event).toMatchObject({
    metadata: { name: "before-user-created", ip_address: "203.0.113.1" },
    user: {
      email: alice.email,
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: { username: "null" },
      identities: [],
    },
  });
  const [row] = await rowsOf(alice.email);
  expect(asked?.event.user.id).toBe(row?.id);
  // As with GoTrue, what a hook wrote stays when it refuses, and goes when it fails.
  const names = await harness.sql<{ name: string }[]>`
    select event #>> '{user,user_metadata,username}' as name from hooks.asked
    where event -> 'user' ->> 'email' = ${alice.email} order by ctid
  `;
  expect(names.map(({ name }) => name)).toEqual(["taken", "odd", "null"]);
});

test("before_user_created over HTTP is called for new users only", async () => {
  const hooked = await harness.start({
    hook: {
      before_user_created: { enabled: true, uri: "http://receiver.test/before", secrets: hookSecret },
      send_email: { enabled: true, uri: "pg-functions://postgres/hooks/send_email" },
    },
  });
  const alice = person("alice");
  harness.receiver.answers.push({
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify({ error: { http_code: 403, message: "By invitation only" } }),
  });
  const refused = await hooked.client().auth.signUp(alice);
  expect(refused.error).toMatchObject({ status: 403, message: "By invitation only" });

  const calls = harness.receiver.calls;
  expect((await hooked.client().auth.signUp(alice)).error).toBeNull();
  expect((await hooked.client().auth.signUp(alice)).error).toBeNull();
  expect(harness.receiver.calls).toBe(calls + 1);
  // A Postgres function may send the mails. It runs in the sign-up's transaction.
  const mails = await harness.sql`
    select 1 from hooks.asked where event -> 'email_data' ->> 'email_action_type' = 'signup'
      and event -> 'user' ->> 'email' = ${alice.email}
  `;
  expect(mails).toHaveLength(2);
});

test("custom_access_token writes the claims at sign-in and at refresh", async () => {
  const hooked = await harness.start({
    hook: { custom_access_token: { enabled: true, uri: "pg-functions://postgres/hooks/claims" } },
  });
  const alice = await member(hooked, harness.receiver, "alice");
  const first = await hooked.keys.verify(alice.session.access_token);
  expect(first).toMatchObject({ plan: "gold", method: "otp", sub: alice.id });
  const { data } = await alice.client.auth.refreshSession();
  const second = await hooked.keys.verify(data.session?.access_token ?? "");
  expect(second).toMatchObject({ plan: "gold", method: "token_refresh" });

  await alice.client.auth.updateUser({ data: { broken: true } });
  const broken = await hooked.client().auth.signInWithPassword(alice);
  expect(broken.error?.status).toBe(500);
  expect(broken.error?.message).toContain("output claims do not conform to the expected schema");
  await alice.client.auth.updateUser({ data: { broken: null, refused: true } });
  const refused = await hooked.client().auth.signInWithPassword(alice);
  expect(refused.error).toMatchObject({ status: 403, message: "Not today" });
  // The refused sign-ins left no session behind.
  const sessions = await harness.sql`select 1 from auth.sessions where user_id = ${alice.id}`;
  expect(sessions).toHaveLength(1);
});

test("when the mail fails, the sign-up fails as a whole and can be tried again", async () => {
  const alice = person("alice");
  const failures: [Answer, number, string, string][] = [
    [{ status: 500 }, 500, "unexpected_failure", "Unexpected status code returned from hook: 500"],
    [{ status: 400 }, 500, "unexpected_failure", "Invalid payload sent to hook"],
    [{ status: 401 }, 500, "unexpected_failure", "Hook requires authorization token"],
    [{ status: 503 }, 503, "unexpected_failure", "Service currently unavailable due to hook"],
    [
      { status: 302, headers: { location: "/elsewhere" } },
      500,
      "unexpected_failure",
      "Unexpected status code returned from hook: 302",
    ],
    [
      { status: 200, headers: { "content-type": "text/html" } },
      400,
      "hook_payload_invalid_content_type",
      "Invalid JSON response. Received content-type: text/html",
    ],
    [
      { status: 200, headers: {} },
      400,
      "hook_payload_invalid_content_type",
      "Invalid Content-Type: Missing Content-Type header",
    ],
    [{ status: 200, body: "no json" }, 500, "unexpected_failure", "Error unmarshaling JSON output."],
    [
      { status: 200, body: JSON.stringify({ pad: "x".repeat(210_000) }) },
      422,
      "hook_payload_over_size_limit",
      "Payload size exceeded size limit of 204800 bytes",
    ],
    [
      { status: 200, body: JSON.stringify({ error: { http_code: 451, message: "Not to this address" } }) },
      451,
      "unknown",
      "Not to this address",
    ],
    ["hang", 422, "hook_timeout", "Failed to reach hook within maximum time of 5.000000 seconds"],
  ];
  for (const [answer, status, code, message] of failures) {
    harness.receiver.answers.push(answer);
    const response = await auth.send("POST", "/signup", { body: alice });
    expect([response.status, await response.json()]).toEqual([status, { code, message }]);
    expect(await rowsOf(alice.email)).toHaveLength(0);
  }
  expect((await auth.client().auth.signUp(alice)).error).toBeNull();
  const { token_hash } = harness.receiver.last(alice.email).email_data;
  expect((await auth.client().auth.verifyOtp({ type: "signup", token_hash })).error).toBeNull();
});

test("a hook that says when it will be back is called up to three times", async () => {
  const later: Answer = { status: 429, headers: { "retry-after": "1" } };
  const before = harness.receiver.calls;
  harness.receiver.answers.push(later, { ...later, status: 503 });
  expect((await auth.client().auth.signUp(person("alice"))).error).toBeNull();
  expect(harness.receiver.calls).toBe(before + 3);

  harness.receiver.answers.push(later, later, later);
  const response = await auth.send("POST", "/signup", { body: person("bob") });
  expect([response.status, (await response.json()).message]).toEqual([
    503,
    "Service currently unavailable due to hook",
  ]);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(harness.receiver.calls).toBe(before + 6);
});

test("a hook may answer 202, or 204 without a body", async () => {
  harness.receiver.answers.push({ status: 204, headers: {} }, { status: 202 });
  expect((await auth.client().auth.signUp(person("alice"))).error).toBeNull();
  expect((await auth.client().auth.signUp(person("alice"))).error).toBeNull();
});

test("when a mail fails, the link of the mail before it still works", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  await auth.client().auth.resetPasswordForEmail(alice.email);
  const { token_hash } = harness.receiver.last(alice.email).email_data;
  harness.receiver.answers.push({ status: 500 });
  expect((await auth.client().auth.resetPasswordForEmail(alice.email)).error?.status).toBe(500);
  expect((await auth.client().auth.verifyOtp({ type: "recovery", token_hash })).error).toBeNull();
});

test("each secret adds a signature, and a receiver needs to know only one", async () => {
  const rotated = await harness.start({
    hook: {
      send_email: {
        enabled: true,
        uri: "http://receiver.test/send-email",
        secrets: `v1,whsec_${Buffer.from("the next secret").toString("base64")}|${hookSecret}`,
      },
    },
  });
  expect((await rotated.client().auth.signUp(person("alice"))).error).toBeNull();
  const wrong = await harness.start({
    hook: { send_email: { enabled: true, uri: "http://receiver.test/x", secrets: "v1,whsec_d3Jvbmc=" } },
  });
  expect((await wrong.client().auth.signUp(person("alice"))).error?.status).toBe(500);
});

test("Auth does not start with a hook that cannot work", async () => {
  const start = (uri: string, secrets = "") =>
    harness.start({ hook: { send_email: { enabled: true, uri, secrets } } });
  const refusal = { code: "auth_hook_invalid" };
  await expect(start("http://receiver.test/x")).rejects.toMatchObject(refusal);
  await expect(start("http://receiver.test/x", "whsec_abc")).rejects.toMatchObject(refusal);
  await expect(start("ftp://receiver.test/x", hookSecret)).rejects.toMatchObject(refusal);
  await expect(start("pg-functions://postgres/hooks/f(); drop table x")).rejects.toMatchObject(refusal);
});
