import { afterAll, beforeAll, expect, test } from "vitest";
import { createHarness, type Harness, member, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

const refresh = async (token: string, at = auth) => {
  const response = await at.send("POST", "/token?grant_type=refresh_token", {
    body: { refresh_token: token },
  });
  return { status: response.status, body: await response.json() };
};
/** Changes the database as if everything had happened two minutes ago. */
const age = (userId: string) => harness.sql`
  update auth.refresh_tokens set updated_at = updated_at - interval '2 minutes' where user_id = ${userId}
`;

test("alice signs in with her password and with no other password", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const right = await auth.client().auth.signInWithPassword(alice);
  expect(right.data.user?.id).toBe(alice.id);
  expect(right.data.user?.last_sign_in_at).toBeTruthy();
  const claims = await auth.keys.verify(right.data.session?.access_token ?? "");
  expect(claims.amr).toMatchObject([{ method: "password" }]);

  const wrong = await auth.client().auth.signInWithPassword({ ...alice, password: "wrong" });
  const unknown = await auth.client().auth.signInWithPassword({ email: "no@plaza.test", password: "wrong" });
  expect(wrong.error).toMatchObject({ code: "invalid_credentials", status: 400 });
  expect(unknown.error?.message).toBe(wrong.error?.message);
  expect(unknown.error?.code).toBe(wrong.error?.code);
});

test("alice can sign in with a password that is too weak by now, and gets a warning", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const strict = await harness.start({ minimum_password_length: 40 });
  const { data, error } = await strict.client().auth.signInWithPassword(alice);
  expect(error).toBeNull();
  expect(data.weakPassword?.reasons).toEqual(["length"]);
});

test("a refresh token is used once and gives the next", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const { data } = await alice.client.auth.refreshSession();
  expect(data.session?.refresh_token).toMatch(/^[a-z2-7]{12}$/);
  expect(data.session?.refresh_token).not.toBe(alice.session.refresh_token);
  const [before, after] = await Promise.all(
    [alice.session.access_token, data.session?.access_token ?? ""].map((token) => auth.keys.verify(token)),
  );
  expect(after?.session_id).toBe(before?.session_id);
  expect(after?.amr).toEqual(before?.amr);
});

test("tabs that refresh at the same time all get the same token", async () => {
  // A slow hook keeps the first refresh open until the others have come.
  await harness.sql.unsafe(`
    create function public.slow_claims(event jsonb) returns jsonb language plpgsql as $$
    begin
      perform pg_sleep(0.1);
      return event;
    end $$;
    grant execute on function public.slow_claims to supabase_auth_admin;
  `);
  const uri = "pg-functions://postgres/public/slow_claims";
  const slow = await harness.start({ hook: { custom_access_token: { enabled: true, uri } } });
  const alice = await member(slow, harness.receiver, "alice");
  const asking = Array.from({ length: 8 }, () => refresh(alice.session.refresh_token, slow));
  const answers = await Promise.all(asking);
  expect(answers.map(({ status }) => status)).toEqual(Array(8).fill(200));
  expect(new Set(answers.map(({ body }) => body.refresh_token)).size).toBe(1);
  const rows = await harness.sql`select revoked from auth.refresh_tokens where user_id = ${alice.id}`;
  expect(rows).toHaveLength(2);
});

test("a client that lost the answer may ask again, however late", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const first = await refresh(alice.session.refresh_token);
  await age(alice.id);
  const again = await refresh(alice.session.refresh_token);
  expect(again.body.refresh_token).toBe(first.body.refresh_token);
});

test("within the interval even an older token gets the token that is valid now", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const second = await refresh(alice.session.refresh_token);
  const third = await refresh(second.body.refresh_token);
  const again = await refresh(alice.session.refresh_token);
  expect(again.body.refresh_token).toBe(third.body.refresh_token);
});

test("mallory's late use of a stolen token ends the session for both, at once and for good", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const second = await refresh(alice.session.refresh_token);
  const third = await refresh(second.body.refresh_token);
  await age(alice.id);
  const stolen = await refresh(alice.session.refresh_token);
  expect(stolen).toMatchObject({ status: 400, body: { code: "refresh_token_already_used" } });
  const heir = await refresh(third.body.refresh_token);
  expect(heir).toMatchObject({ status: 400, body: { code: "refresh_token_already_used" } });
});

test("without rotation a late reuse is refused, but the session lives on", async () => {
  const lax = await harness.start({ enable_refresh_token_rotation: false, refresh_token_reuse_interval: 0 });
  const alice = await member(lax, harness.receiver, "alice");
  const second = await refresh(alice.session.refresh_token, lax);
  const third = await refresh(second.body.refresh_token, lax);
  await age(alice.id);
  expect((await refresh(alice.session.refresh_token, lax)).body.code).toBe("refresh_token_already_used");
  expect((await refresh(third.body.refresh_token, lax)).status).toBe(200);
});

test("made-up refresh tokens are not found", async () => {
  const answer = { status: 400, body: { code: "refresh_token_not_found" } };
  expect(await refresh("aaaaaaaaaaaa")).toMatchObject(answer);
  expect(await refresh("short")).toMatchObject(answer);
  expect(await refresh("' or true --")).toMatchObject(answer);
  expect((await refresh("")).body).toEqual({
    error: "invalid_request",
    error_description: "refresh_token required",
  });
});

test("sessions end after their time box, and after long inactivity", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const boxed = await harness.start({ sessions: { timebox: "1h" } });
  const idle = await harness.start({ sessions: { inactivity_timeout: "1h" } });
  await harness.sql`
    update auth.sessions set created_at = created_at - interval '2 hours' where user_id = ${alice.id}
  `;
  const late = await refresh(alice.session.refresh_token, boxed);
  expect(late).toMatchObject({ status: 400, body: { code: "session_expired" } });
  const active = await refresh(alice.session.refresh_token, idle);
  expect(active.status).toBe(200);
  await harness.sql`
    update auth.sessions set refreshed_at = refreshed_at - interval '2 hours' where user_id = ${alice.id}
  `;
  const forgotten = await refresh(active.body.refresh_token, idle);
  expect(forgotten.body.code).toBe("session_expired");
});

test("alice signs out here, elsewhere or everywhere", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const [phone, laptop, tablet] = [auth.client(), auth.client(), auth.client()];
  for (const client of [phone, laptop, tablet]) await client.auth.signInWithPassword(alice);
  const signedIn = async () =>
    Promise.all([phone, laptop, tablet].map(async (client) => !(await client.auth.getUser()).error));

  await phone.auth.signOut({ scope: "local" });
  expect(await signedIn()).toEqual([false, true, true]);
  await laptop.auth.signOut({ scope: "others" });
  expect(await signedIn()).toEqual([false, true, false]);
  await phone.auth.signInWithPassword(alice);
  await laptop.auth.signOut({ scope: "global" });
  expect(await signedIn()).toEqual([false, false, false]);
});

test("the access token of an ended session is refused, though it has not expired", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const token = alice.session.access_token;
  expect((await auth.send("GET", "/user", { token })).status).toBe(200);
  expect((await auth.send("POST", "/logout", { token })).status).toBe(204);
  const refused = await auth.send("GET", "/user", { token });
  expect(refused.status).toBe(403);
  expect(await refused.json()).toEqual({
    code: "session_not_found",
    message: "Session from session_id claim in JWT does not exist",
  });
  expect((await refresh(alice.session.refresh_token)).body.code).toBe("refresh_token_not_found");
  const wrongScope = await auth.send("POST", "/logout?scope=moon", {
    token: (await member(auth, harness.receiver, "alice")).session.access_token,
  });
  expect(await wrongScope.json()).toMatchObject({ code: "validation_failed" });
});

test("malformed tokens, tokens of nobody and tokens that mallory made are refused", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const of = async (token: string) => {
    const response = await auth.send("GET", "/user", { token });
    return [response.status, (await response.json()).code];
  };
  expect(await of("")).toEqual([401, "no_authorization"]);
  expect(await of("not.a.token")).toEqual([403, "bad_jwt"]);
  expect(await of(auth.keys.anonKey)).toEqual([403, "bad_jwt"]);
  const [head, body] = alice.session.access_token.split(".");
  expect(await of(`${head}.${body}.AAAA`)).toEqual([403, "bad_jwt"]);
  const claims = await auth.keys.verify(alice.session.access_token);
  expect(await of(await auth.keys.sign({ ...claims, exp: 1 }))).toEqual([403, "bad_jwt"]);
  const nobody = await auth.keys.sign({ ...claims, sub: crypto.randomUUID() });
  expect(await of(nobody)).toEqual([403, "user_not_found"]);
  // A token with the session of another user is refused.
  const bob = await member(auth, harness.receiver, "bob");
  const mixed = await auth.keys.sign({ ...claims, sub: bob.id });
  expect(await of(mixed)).toEqual([403, "session_not_found"]);
});

test("other grants get the answer of a GoTrue without those providers", async () => {
  const ask = async (grant: string, body: unknown = {}) => {
    const response = await auth.send("POST", `/token?grant_type=${grant}`, { body });
    return [response.status, await response.json()];
  };
  expect(await ask("toString")).toEqual([400, { error: "unsupported_grant_type" }]);
  expect(await ask("id_token", { provider: "google", id_token: "x" })).toMatchObject([
    400,
    { code: "provider_disabled" },
  ]);
  expect(await ask("web3")).toMatchObject([422, { code: "web3_provider_disabled" }]);
  expect(await ask("password", { phone: "123", password: "x" })).toMatchObject([
    422,
    { code: "phone_provider_disabled" },
  ]);
});
