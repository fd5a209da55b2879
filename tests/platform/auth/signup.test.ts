import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHarness, follow, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

test("alice signs up, opens the link, and its fragment signs her in", async () => {
  const alice = person("alice");
  const { data, error } = await auth.client().auth.signUp({
    ...alice,
    options: { data: { username: "alice" }, emailRedirectTo: "https://plaza.example/welcome" },
  });
  expect(error).toBeNull();
  expect(data.session).toBeNull();
  expect(data.user).toMatchObject({
    aud: "authenticated",
    role: "authenticated",
    email: alice.email,
    phone: "",
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { username: "alice", email: alice.email, email_verified: false, sub: data.user?.id },
    is_anonymous: false,
  });
  expect(data.user?.identities).toHaveLength(1);
  expect(data.user?.email_confirmed_at).toBeUndefined();

  const mail = harness.receiver.last(alice.email);
  expect(mail.email_data).toMatchObject({
    email_action_type: "signup",
    redirect_to: "https://plaza.example/welcome",
    site_url: `${auth.url}/auth/v1`,
  });
  expect(mail.metadata).toMatchObject({ name: "send-email", ip_address: "203.0.113.1" });
  expect(mail.email_data.token).toMatch(/^\d{6}$/);
  const hash = createHash("sha224")
    .update(alice.email + mail.email_data.token)
    .digest("hex");
  expect(mail.email_data.token_hash).toBe(hash);

  const early = await auth.client().auth.signInWithPassword(alice);
  expect(early.error).toMatchObject({ code: "email_not_confirmed", status: 400 });

  const { status, location, fragment } = await follow(auth, mail);
  expect(status).toBe(303);
  expect(location.href.split("#")[0]).toBe("https://plaza.example/welcome");
  expect(Object.fromEntries(fragment)).toMatchObject({ type: "signup", token_type: "bearer", sb: "" });
  const client = auth.client();
  const session = await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });
  expect(session.data.user?.email_confirmed_at).toBeTruthy();
  expect(session.data.user?.user_metadata).toMatchObject({ username: "alice", email_verified: true });
  expect(session.data.user?.identities?.[0]).toMatchObject({
    provider: "email",
    id: data.user?.id,
    email: alice.email,
    identity_data: { email_verified: true, username: "alice" },
  });

  const again = await follow(auth, mail);
  expect(Object.fromEntries(again.fragment)).toMatchObject({
    error: "access_denied",
    error_code: "otp_expired",
    error_description: "Email link is invalid or has expired",
  });
});

test("alice confirms with the six digits, which work only once", async () => {
  const alice = person("alice");
  const client = auth.client();
  await client.auth.signUp(alice);
  const { token } = harness.receiver.last(alice.email).email_data;
  const wrong = await client.auth.verifyOtp({ email: alice.email, token: "000000x", type: "signup" });
  expect(wrong.error).toMatchObject({ code: "otp_expired", status: 403 });

  const right = await client.auth.verifyOtp({ email: alice.email.toUpperCase(), token, type: "email" });
  expect(right.data.session?.user.email).toBe(alice.email);
  expect((await client.auth.getUser()).data.user?.id).toBe(right.data.user?.id);

  const again = await auth.client().auth.verifyOtp({ email: alice.email, token, type: "signup" });
  expect(again.error?.code).toBe("otp_expired");
});

test("when many callers use the same code or link, only one gets a session", async () => {
  const alice = person("alice");
  await auth.client().auth.signUp(alice);
  const { token, token_hash } = harness.receiver.last(alice.email).email_data;
  const byCode = { email: alice.email, token, type: "email" } as const;
  const byLink = { token_hash, type: "email" } as const;
  for (const proof of [byCode, byLink]) {
    const asking = Array.from({ length: 6 }, () => auth.client().auth.verifyOtp(proof));
    const sessions = (await Promise.all(asking)).filter(({ data }) => data.session);
    expect(sessions).toHaveLength(1);
    // Store the same token again, as if it had just been sent.
    await harness.sql`update auth.users set confirmation_token = ${token_hash} where email = ${alice.email}`;
    await harness.sql`
      insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to)
      select gen_random_uuid(), id, 'confirmation_token', ${token_hash}, email
      from auth.users
      where email = ${alice.email}
    `;
  }
});

test("a link that is too old or has another purpose is refused", async () => {
  const alice = person("alice");
  await auth.client().auth.signUp(alice);
  const { token_hash } = harness.receiver.last(alice.email).email_data;
  const wrongType = await auth.client().auth.verifyOtp({ type: "recovery", token_hash });
  expect(wrongType.error?.code).toBe("otp_expired");
  await harness.sql`
    update auth.users set confirmation_sent_at = now() - interval '2 hours' where email = ${alice.email}
  `;
  const late = await auth.client().auth.verifyOtp({ type: "signup", token_hash });
  expect(late.error).toMatchObject({ code: "otp_expired", status: 403 });
});

test("signing up again before confirming sends another mail to the same user", async () => {
  const alice = person("alice");
  const first = await auth.client().auth.signUp(alice);
  const second = await auth.client().auth.signUp({ ...alice, password: "another password" });
  expect(second.data.user?.id).toBe(first.data.user?.id);
  expect(harness.receiver.to(alice.email)).toHaveLength(2);

  // The first password stays, because the second caller may be somebody else.
  const { token_hash } = harness.receiver.last(alice.email).email_data;
  await auth.client().auth.verifyOtp({ type: "email", token_hash });
  const { error } = await auth.client().auth.signInWithPassword(alice);
  expect(error).toBeNull();
});

test("a form that is sent twice makes one user, and mails once", async () => {
  const slow = await harness.start({ email: { max_frequency: "1m" } });
  const alice = person("alice");
  const answers = await Promise.all([1, 2, 3].map(() => slow.client().auth.signUp(alice)));
  const refused = answers.flatMap(({ error }) => (error ? [error] : []));
  expect(refused).toHaveLength(2);
  for (const error of refused) {
    expect(error).toMatchObject({ status: 429, code: "over_email_send_rate_limit" });
  }
  expect(await harness.sql`select from auth.users where email = ${alice.email}`).toHaveLength(1);
  expect(harness.receiver.to(alice.email)).toHaveLength(1);
  const { token } = harness.receiver.last(alice.email).email_data;
  await slow.client().auth.verifyOtp({ email: alice.email, token, type: "signup" });
  expect((await slow.client().auth.signInWithPassword(alice)).error).toBeNull();
});

test("mallory cannot learn by signing up that bob is registered", async () => {
  const bob = await member(auth, harness.receiver, "bob");
  const options = { data: { username: "mallory" } };
  const known = await auth.client().auth.signUp({ email: bob.email, password: "mallory's guess", options });
  const unknown = await auth.client().auth.signUp({ ...person("nobody"), options });
  expect(known.error).toBeNull();
  expect(Object.keys(known.data.user ?? {}).sort()).toEqual(Object.keys(unknown.data.user ?? {}).sort());
  expect(known.data.user?.id).not.toBe(bob.id);
  expect(known.data.user?.user_metadata).toEqual({ username: "mallory" });
  expect(known.data.user?.email_confirmed_at).toBeUndefined();
  // This is the one hint that GoTrue gives. Its documentation tells clients to look at it.
  expect(known.data.user?.identities).toEqual([]);
  expect(harness.receiver.to(bob.email)).toHaveLength(1);
  expect((await auth.client().auth.signInWithPassword(bob)).error).toBeNull();
});

test("without confirmations alice is signed in at once, and bob is told that he is registered", async () => {
  const open = await harness.start({ email: { enable_confirmations: false } });
  const alice = person("alice");
  const { data } = await open.client().auth.signUp(alice);
  expect(data.session?.user.email_confirmed_at).toBeTruthy();
  const again = await open.client().auth.signUp(alice);
  expect(again.error).toMatchObject({ code: "user_already_exists", status: 422 });
});

test("the access token has every claim that Supabase's has", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const claims = await auth.keys.verify(alice.session.access_token);
  const nowS = Math.floor(Date.now() / 1000);
  expect(claims).toEqual({
    iss: `${auth.url}/auth/v1`,
    sub: alice.id,
    aud: "authenticated",
    exp: (claims.iat ?? 0) + 3600,
    iat: expect.any(Number),
    email: alice.email,
    phone: "",
    app_metadata: { provider: "email", providers: ["email"] },
    user_metadata: { email: alice.email, email_verified: true, phone_verified: false, sub: alice.id },
    role: "authenticated",
    aal: "aal1",
    amr: [{ method: "otp", timestamp: expect.any(Number) }],
    session_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
    is_anonymous: false,
  });
  expect(Math.abs((claims.iat ?? 0) - nowS)).toBeLessThan(60);
  const { data } = await alice.client.auth.getClaims();
  expect(data?.claims.sub).toBe(alice.id);
  expect(data?.header.alg).toBe("ES256");
});

test("when a trigger on auth.users fails, the sign-up is refused and leaves nothing behind", async () => {
  await harness.sql.unsafe(`
    create table public.names (id uuid references auth.users on delete cascade, name text unique);
    create function public.keep_name() returns trigger language plpgsql security definer set search_path = '' as $$
    begin
      if new.raw_user_meta_data ? 'raise' then
        raise sqlstate 'PT409' using message = 'Raised for people', detail = 'raised';
      end if;
      if new.raw_user_meta_data ? 'name' then
        insert into public.names values (new.id, new.raw_user_meta_data ->> 'name');
      end if;
      return new;
    end $$;
    create trigger keep_name after insert on auth.users for each row execute function public.keep_name();
  `);
  const alice = person("alice");
  const mallory = person("mallory");
  await auth.client().auth.signUp({ ...alice, options: { data: { name: "taken" } } });
  const refused = await auth.send("POST", "/signup", { body: { ...mallory, data: { name: "taken" } } });
  expect(refused.status).toBe(500);
  expect(await refused.json()).toEqual({
    code: "unexpected_failure",
    message: "Database error saving new user",
  });
  const rows =
    await harness.sql`select email from auth.users where email in (${alice.email}, ${mallory.email})`;
  expect(rows.map((row) => row.email)).toEqual([alice.email]);
  expect(harness.receiver.to(mallory.email)).toEqual([]);

  const old = { "x-supabase-api-version": "" };
  const raised = await auth.send("POST", "/signup", {
    body: { ...mallory, data: { raise: 1 } },
    headers: old,
  });
  expect(raised.status).toBe(409);
  expect(await raised.json()).toEqual({ code: "PT409", message: "Raised for people", detail: "raised" });
  // supabase-js names a version. GoTrue would answer it 500.
  const toSupabaseJs = await auth.client().auth.signUp({ ...mallory, options: { data: { raise: 1 } } });
  expect(toSupabaseJs.error).toMatchObject({ status: 409, code: "raised", message: "Raised for people" });
  const unique = await auth.send("POST", "/signup", {
    body: { ...mallory, data: { name: "taken" } },
    headers: old,
  });
  expect(await unique.text()).not.toContain("duplicate key");

  const retried = await auth.client().auth.signUp({ ...mallory, options: { data: { name: "free" } } });
  expect(retried.error).toBeNull();
});

test("sign-ups can be switched off", async () => {
  const closed = await harness.start({ enable_signup: false });
  const { error } = await closed.client().auth.signUp(person("alice"));
  expect(error).toMatchObject({ code: "signup_disabled", status: 422 });
  const settings = await (await closed.send("GET", "/settings")).json();
  expect(settings).toMatchObject({ disable_signup: true, external: { email: true, phone: false } });
});

test("weak passwords are refused with their reasons", async () => {
  const strict = await harness.start({
    minimum_password_length: 10,
    password_requirements: "lower_upper_letters_digits_symbols",
  });
  const refused = await strict.client().auth.signUp({ email: person("alice").email, password: "Ab1" });
  expect(refused.error).toMatchObject({
    name: "AuthWeakPasswordError",
    status: 422,
    reasons: ["length", "characters"],
  });
  const long = await strict.client().auth.signUp({ email: person("alice").email, password: "é".repeat(37) });
  expect(long.error).toMatchObject({ code: "validation_failed", status: 400 });
  const accepted = await strict.client().auth.signUp({ ...person("alice"), password: "Abcdefgh1!" });
  expect(accepted.error).toBeNull();
});

test("anonymous sign-in works only when it is switched on", async () => {
  const refused = await auth.client().auth.signInAnonymously();
  expect(refused.error).toMatchObject({ code: "anonymous_provider_disabled", status: 422 });

  const open = await harness.start({ enable_anonymous_sign_ins: true });
  const client = open.client();
  const { data } = await client.auth.signInAnonymously({ options: { data: { theme: "dark" } } });
  expect(data.user).toMatchObject({ is_anonymous: true, email: "", user_metadata: { theme: "dark" } });
  const claims = await open.keys.verify(data.session?.access_token ?? "");
  expect(claims).toMatchObject({ is_anonymous: true, role: "authenticated", amr: [{ method: "anonymous" }] });

  // With an address they become permanent.
  const { email } = person("carol");
  expect((await client.auth.updateUser({ email })).error).toBeNull();
  const sent = harness.receiver.mails.findLast((mail) => mail.user.new_email === email);
  const verified = await client.auth.verifyOtp({
    type: "email_change",
    token: sent?.email_data.token ?? "",
    email,
  });
  expect(verified.data.user).toMatchObject({ id: data.user?.id, email, is_anonymous: false });
});

test("alice leaves while others are before her: nobody hashes her password, and there is no user for her", async () => {
  const people = Array.from({ length: 12 }, () => person("bob"));
  const alice = person("alice");
  const leaving = new AbortController();
  const signUp = (who: object, signal?: AbortSignal) =>
    auth.direct.fetch(
      new Request("http://auth/signup", {
        method: "POST",
        body: JSON.stringify(who),
        signal: signal ?? null,
      }),
    );
  const others = people.map((who) => signUp(who));
  const hers = signUp(alice, leaving.signal);
  // At most eight passwords are with a thread at a time, so hers waits. If she has not come so far, it is the same.
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  leaving.abort();
  expect((await hers).status).toBe(499);
  expect((await Promise.all(others)).map(({ status }) => status)).toEqual(Array(12).fill(200));
  const emails = [...people, alice].map(({ email }) => email);
  const rows = await harness.sql`select email from auth.users where email in ${harness.sql(emails)}`;
  expect(rows).toHaveLength(12);
  expect(harness.receiver.to(alice.email)).toEqual([]);
  expect((await signUp(alice)).status).toBe(200);
});
