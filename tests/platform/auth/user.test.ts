import { afterAll, beforeAll, expect, test } from "vitest";
import { createHarness, follow, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

test("alice changes her metadata key by key", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  await alice.client.auth.updateUser({ data: { theme: "dark", city: "Lisbon" } });
  const { data } = await alice.client.auth.updateUser({ data: { city: null } });
  expect(data.user?.user_metadata).toMatchObject({ theme: "dark", email: alice.email });
  expect(data.user?.user_metadata).not.toHaveProperty("city");
  const forged = await auth.send("PUT", "/user", {
    token: alice.session.access_token,
    body: { app_metadata: { admin: true } },
  });
  expect([forged.status, (await forged.json()).code]).toEqual([403, "not_admin"]);
});

test("a new password ends the other sessions and the open links", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const phone = auth.client();
  await phone.auth.signInWithPassword(alice);
  await auth.client().auth.resetPasswordForEmail(alice.email);
  const recovery = harness.receiver.last(alice.email);

  const same = await alice.client.auth.updateUser({ password: alice.password });
  expect(same.error).toMatchObject({ code: "same_password", status: 422 });
  const weak = await alice.client.auth.updateUser({ password: "short" });
  expect(weak.error?.code).toBe("weak_password");
  expect((await phone.auth.getUser()).error).toBeNull();

  const changed = await alice.client.auth.updateUser({ password: "a better password" });
  expect(changed.error).toBeNull();
  expect((await alice.client.auth.getUser()).error).toBeNull();
  expect((await phone.auth.getUser()).error?.name).toBe("AuthSessionMissingError");
  const { token_hash } = recovery.email_data;
  const late = await auth.client().auth.verifyOtp({ type: "recovery", token_hash });
  expect(late.error?.code).toBe("otp_expired");
  const old = await auth.client().auth.signInWithPassword(alice);
  expect(old.error?.code).toBe("invalid_credentials");
  const next = await auth.client().auth.signInWithPassword({ ...alice, password: "a better password" });
  expect(next.error).toBeNull();
});

test("with secure_password_change, an old session needs a code by mail to change the password", async () => {
  const careful = await harness.start({ email: { secure_password_change: true } });
  const alice = await member(careful, harness.receiver, "alice");
  const fresh = await alice.client.auth.updateUser({ password: "while still fresh" });
  expect(fresh.error).toBeNull();

  await harness.sql`
    update auth.sessions set created_at = now() - interval '25 hours' where user_id = ${alice.id}
  `;
  const password = "a day later on";
  const refused = await alice.client.auth.updateUser({ password });
  expect(refused.error).toMatchObject({ code: "reauthentication_needed", status: 400 });
  expect((await alice.client.auth.reauthenticate()).error).toBeNull();
  const mail = harness.receiver.last(alice.email);
  expect(mail.email_data.email_action_type).toBe("reauthentication");
  const wrong = await alice.client.auth.updateUser({ password, nonce: "x" });
  expect(wrong.error).toMatchObject({ code: "reauthentication_not_valid", status: 422 });
  const nonce = mail.email_data.token;
  expect((await alice.client.auth.updateUser({ password, nonce })).error).toBeNull();
  const again = await alice.client.auth.updateUser({ password: "and once more", nonce });
  expect(again.error?.code).toBe("reauthentication_not_valid");
});

test("an address changes when both the old and the new one agree", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const { email } = person("alice-new");
  const asked = await alice.client.auth.updateUser({ email });
  expect(asked.data.user).toMatchObject({ email: alice.email, new_email: email });
  const mail = harness.receiver.last(alice.email);
  expect(mail.user.new_email).toBe(email);
  const { token_hash, token_hash_new } = mail.email_data;

  // As in GoTrue, token_hash_new belongs to the present address.
  const first = await follow(auth, mail, token_hash_new);
  expect(first.fragment.get("message")).toMatch(/^Confirmation link accepted/);
  const repeated = await follow(auth, mail, token_hash_new);
  expect(repeated.fragment.get("error_code")).toBe("otp_expired");
  expect((await alice.client.auth.getUser()).data.user?.email).toBe(alice.email);

  const second = await follow(auth, mail, token_hash);
  expect(second.fragment.get("access_token")).toBeTruthy();
  const { data } = await alice.client.auth.getUser();
  expect(data.user?.email).toBe(email);
  expect(data.user?.new_email).toBeUndefined();
  expect(data.user?.identities?.[0]).toMatchObject({ email, identity_data: { email } });
  expect((await auth.client().auth.signInWithPassword({ ...alice, email })).error).toBeNull();
});

test("an address changes by the two codes as well, in either order", async () => {
  for (const newFirst of [true, false]) {
    const alice = await member(auth, harness.receiver, "alice");
    const { email } = person("alice-new");
    await alice.client.auth.updateUser({ email });
    const { token, token_new } = harness.receiver.last(alice.email).email_data;
    const codes = [
      { email: alice.email, token },
      { email, token: token_new },
    ];
    if (newFirst) codes.reverse();
    const [one, two] = codes as [(typeof codes)[0], (typeof codes)[0]];
    const client = auth.client();
    const half = await client.auth.verifyOtp({ type: "email_change", ...one });
    expect([half.error, half.data.session]).toEqual([null, null]);
    const whole = await client.auth.verifyOtp({ type: "email_change", ...two });
    expect(whole.data.user?.email).toBe(email);
  }
});

test("without double confirmation the new address alone decides", async () => {
  const single = await harness.start({ email: { double_confirm_changes: false } });
  const alice = await member(single, harness.receiver, "alice");
  const { email } = person("alice-new");
  await alice.client.auth.updateUser({ email });
  const { token, token_new, token_hash_new } = harness.receiver.last(alice.email).email_data;
  expect([token_new, token_hash_new]).toEqual(["", ""]);
  const { data } = await single.client().auth.verifyOtp({ type: "email_change", email, token });
  expect(data.user?.email).toBe(email);
});

test("alice cannot take bob's address, nor one that carol took after alice asked for it", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const bob = await member(auth, harness.receiver, "bob");
  const taken = await alice.client.auth.updateUser({ email: bob.email });
  expect(taken.error).toMatchObject({ code: "email_exists", status: 422 });

  const { email } = person("carol");
  await alice.client.auth.updateUser({ email });
  const mail = harness.receiver.last(alice.email);
  const carol = await auth.client().auth.signUp({ email, password: "carol's password" });
  expect(carol.error).toBeNull();
  await follow(auth, mail, mail.email_data.token_hash_new);
  const late = await follow(auth, mail);
  expect(late.fragment.get("error_code")).toBe("email_exists");
  expect(late.fragment.get("error_description")).toMatch(/already been registered/);
  expect((await alice.client.auth.getUser()).data.user?.email).toBe(alice.email);
});

test("a forgotten password: the link signs in, a new one is set, and nobody else learns of it", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const known = await auth.send("POST", "/recover", { body: { email: alice.email } });
  const unknown = await auth.send("POST", "/recover", { body: { email: person("nobody").email } });
  expect([known.status, await known.text()]).toEqual([200, "{}"]);
  expect([unknown.status, await unknown.text()]).toEqual([200, "{}"]);

  const { fragment } = await follow(auth, harness.receiver.last(alice.email));
  expect(fragment.get("type")).toBe("recovery");
  const client = auth.client();
  await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });
  expect((await client.auth.updateUser({ password: "remembered at last" })).error).toBeNull();
});

test("a magic link signs bob in, and signs up a new person", async () => {
  const bob = await member(auth, harness.receiver, "bob");
  expect((await auth.client().auth.signInWithOtp({ email: bob.email })).error).toBeNull();
  const mail = harness.receiver.last(bob.email);
  expect(mail.email_data.email_action_type).toBe("magiclink");
  const { token } = mail.email_data;
  const signedIn = await auth.client().auth.verifyOtp({ email: bob.email, token, type: "email" });
  expect(signedIn.data.user?.id).toBe(bob.id);

  const { email } = person("carol");
  await auth.client().auth.signInWithOtp({ email, options: { data: { username: "carol" } } });
  const first = harness.receiver.last(email);
  expect(first.email_data.email_action_type).toBe("signup");
  const joined = await follow(auth, first);
  expect(joined.fragment.get("access_token")).toBeTruthy();

  const onlyKnown = { email: person("nobody").email, options: { shouldCreateUser: false } };
  expect((await auth.client().auth.signInWithOtp(onlyKnown)).error).toBeNull();
  expect(harness.receiver.to(onlyKnown.email)).toEqual([]);
  expect(await harness.sql`select 1 from auth.users where email = ${onlyKnown.email}`).toHaveLength(0);
});

test("a mail is sent again on request, but only to a user who still needs it", async () => {
  const carol = person("carol");
  await auth.client().auth.signUp(carol);
  const old = harness.receiver.last(carol.email).email_data.token_hash;
  expect((await auth.client().auth.resend({ type: "signup", email: carol.email })).error).toBeNull();
  const { token_hash } = harness.receiver.last(carol.email).email_data;
  const first = await auth.client().auth.verifyOtp({ type: "signup", token_hash: old });
  expect(first.error?.code).toBe("otp_expired");
  expect((await auth.client().auth.verifyOtp({ type: "signup", token_hash })).error).toBeNull();

  const sent = harness.receiver.mails.length;
  const answers = [
    await auth.send("POST", "/resend", { body: { type: "signup", email: carol.email } }),
    await auth.send("POST", "/resend", { body: { type: "signup", email: person("nobody").email } }),
    await auth.send("POST", "/resend", { body: { type: "email_change", email: carol.email } }),
  ];
  for (const answer of answers) expect([answer.status, await answer.text()]).toEqual([200, "{}"]);
  expect(harness.receiver.mails).toHaveLength(sent);
  const { error } = await auth.client().auth.resend({ type: "sms", phone: "+351123456789" });
  expect(error?.code).toBe("phone_provider_disabled");
});

test("features that are left out answer as if they were switched off", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const enrolled = await alice.client.auth.mfa.enroll({ factorType: "totp" });
  expect(enrolled.error).toMatchObject({ code: "mfa_totp_enroll_not_enabled", status: 422 });
  const level = await alice.client.auth.mfa.getAuthenticatorAssuranceLevel();
  expect(level.data).toMatchObject({ currentLevel: "aal1", nextLevel: "aal1" });
  expect((await alice.client.auth.mfa.listFactors()).data?.all).toEqual([]);
  const linked = await alice.client.auth.linkIdentity({
    provider: "github",
    options: { skipBrowserRedirect: true },
  });
  expect(linked.error).toMatchObject({ code: "manual_linking_disabled", status: 404 });
  const sso = await auth.client().auth.signInWithSSO({ domain: "plaza.test" });
  expect(sso.error).toMatchObject({ code: "saml_provider_disabled", status: 404 });
  const oauth = await auth.send("GET", "/authorize?provider=github");
  expect([oauth.status, (await oauth.json()).code]).toEqual([400, "validation_failed"]);
  const phone = await auth.client().auth.signInWithOtp({ phone: "+351123456789" });
  expect(phone.error?.code).toBe("phone_provider_disabled");
  expect((await auth.send("GET", "/nowhere")).status).toBe(404);
});
