import { expect, test } from "vitest";
import {
  codeIn,
  freshUsername,
  guest,
  linkIn,
  type Mail,
  mailTo,
  service,
  signUp,
  target,
} from "../people.ts";

const attempt = (username: string | undefined, email = `${freshUsername("carol")}@example.com`) =>
  guest().auth.signUp({
    email,
    password: "correct horse battery",
    options: { data: username === undefined ? {} : { username } },
  });

/** Waits for a mail to this address that is newer than `before`. */
async function nextMail(address: string, before: Mail): Promise<Mail> {
  await expect.poll(async () => (await mailTo(address)).ID, { timeout: 20_000 }).not.toBe(before.ID);
  return mailTo(address);
}

/** Confirms with the code of the newest mail. @returns a client that is signed in, and its user */
async function confirm(email: string) {
  const client = guest();
  const token = codeIn(await mailTo(email));
  const { data, error } = await client.auth.verifyOtp({ email, token, type: "signup" });
  if (error || !data.user) throw error ?? new Error("no user");
  return { client, user: data.user };
}

const usernameOf = async (id: string) =>
  (await guest().from("profiles").select("username").eq("id", id).maybeSingle().throwOnError()).data
    ?.username;

test("a reserved or malformed username is a clear sign-up error, and carol chooses again", async () => {
  const email = `${freshUsername("carol")}@example.com`;
  for (const [username, status, code] of [
    ["admin", 400, "username_reserved"],
    ["no spaces", 400, "username_format"],
    ["ab", 400, "username_format"],
    ["x".repeat(31), 400, "username_format"],
    ["<script>", 400, "username_format"],
  ] as const) {
    const { error, data } = await attempt(username, email);
    expect(error?.status).toBe(status);
    expect(error?.message).toContain(`(${code})`);
    expect(data.user).toBeNull();
  }
  const { error } = await attempt(freshUsername("carol"), email);
  expect(error).toBeNull();
  expect(codeIn(await mailTo(email))).toMatch(/^\d{8}$/);
});

test("a form can ask first whether a username is free, and why not", async () => {
  const alice = await signUp("alice");
  const ask = async (username: string) => (await guest().rpc("username_available", { username })).data;
  expect(await ask(freshUsername("free"))).toEqual({ available: true, reason: null, message: null });
  expect(await ask(alice.username)).toEqual({
    available: false,
    reason: "username_taken",
    message: `The username ${alice.username} is taken`,
  });
  expect(await ask("admin")).toMatchObject({ available: false, reason: "username_reserved" });
  expect(await ask("a b")).toMatchObject({ available: false, reason: "username_format" });
  expect(await ask("")).toMatchObject({ available: false, reason: "username_format" });
});

test("six people sign up with the same username at the same time, and one of them gets it", async () => {
  const username = freshUsername("race");
  const emails = Array.from({ length: 6 }, () => `${freshUsername("racer")}@example.com`);
  const results = await Promise.all(emails.map((email) => attempt(username, email)));
  for (const { error } of results) expect(error).toBeNull();

  const people = await Promise.all(emails.map(confirm));
  const names = await Promise.all(people.map(({ user }) => usernameOf(user.id)));
  expect(names.filter((name) => name === username)).toHaveLength(1);
  expect(names.filter((name) => /^user_[0-9a-f]{12}$/.test(name ?? ""))).toHaveLength(5);

  const late = people.find((_, n) => names[n] !== username);
  const renamed = await late?.client
    .from("profiles")
    .update({ username: freshUsername("late") })
    .eq("id", late.user.id);
  expect(renamed?.error).toBeNull();
});

test("fourteen people change to the same username at the same time, and thirteen read that it is taken", async () => {
  const people = await Promise.all(Array.from({ length: 14 }, () => signUp("racer")));
  const wanted = freshUsername("prize");
  const answers = await Promise.all(
    people.map(async ({ client, id }, n) => {
      const username = n % 2 === 0 ? wanted : wanted.replace("prize", "Prize");
      return { username, ...(await client.from("profiles").update({ username }).eq("id", id)) };
    }),
  );
  expect(answers.filter(({ error }) => error === null)).toHaveLength(1);
  for (const { username, error, status } of answers) {
    if (error === null) continue;
    expect(status).toBe(409);
    expect(error).toMatchObject({
      code: "PT409",
      message: `The username ${username} is taken`,
      details: "username_taken",
    });
  }
});

test("a form that is sent three times makes one account, and no answer is a 500", async () => {
  const username = freshUsername("alice");
  const email = `${username}@example.com`;
  const answers = await Promise.all([1, 2, 3].map(() => attempt(username, email)));
  expect(answers.some(({ error }) => error === null)).toBe(true);
  for (const { error } of answers) {
    if (error) expect(error).toMatchObject({ status: 429, code: "over_email_send_rate_limit" });
  }
  const ids = new Set(answers.flatMap(({ data }) => (data.user ? [data.user.id] : [])));
  expect(ids.size).toBe(1);
});

test("a mail scanner that opens alice's link with HEAD does not spend it", async () => {
  const email = `${freshUsername("alice")}@example.com`;
  await attempt(freshUsername("alice"), email);
  const link = linkIn(await mailTo(email));
  const scanned = await fetch(link, { method: "HEAD", redirect: "manual" });
  expect([scanned.status, scanned.headers.get("location")]).toEqual([405, null]);
  const opened = await fetch(link, { redirect: "manual" });
  expect(opened.status).toBe(303);
  expect(opened.headers.get("location")).toContain("access_token=");
});

test("alice cannot make her metadata so large that no server takes her token", async () => {
  const alice = await signUp("alice");
  const about = "x".repeat(20_000);
  const { error } = await alice.client.auth.updateUser({ data: { about } });
  expect(error).not.toBeNull();
  const { data } = await alice.client.auth.refreshSession();
  expect(data.user?.user_metadata).not.toHaveProperty("about");
  expect(data.session?.access_token.length).toBeLessThan(8000);
  expect((await alice.client.from("profiles").select("id").eq("id", alice.id)).data).toHaveLength(1);
});

test("signing up with a taken username answers the same for a registered and an unregistered address", async () => {
  const [alice, bob] = await Promise.all([signUp("alice"), signUp("bob")]);
  const unknown = `${freshUsername("carol")}@example.com`;
  const { url, publishableKey } = target();
  const send = (email: string) =>
    fetch(`${url}/auth/v1/signup`, {
      method: "POST",
      headers: { apikey: publishableKey, "content-type": "application/json" },
      body: JSON.stringify({ email, password: "correct horse battery", data: { username: alice.username } }),
    });
  const [known, fresh] = [await send(bob.email), await send(unknown)];
  expect([known.status, fresh.status]).toEqual([200, 200]);
  const headers = (response: Response) => [...response.headers.keys()].sort();
  expect(headers(known)).toEqual(headers(fresh));
  expect(known.headers.get("content-type")).toBe(fresh.headers.get("content-type"));

  const [ofKnown, ofFresh] = [await known.json(), await fresh.json()];
  expect(Object.keys(ofKnown).sort()).toEqual(Object.keys(ofFresh).sort());
  const { id, email, created_at, updated_at, confirmation_sent_at, ...rest } = ofKnown;
  expect(id).not.toBe(bob.id);
  expect(email).toBe(bob.email);
  for (const at of [created_at, updated_at, confirmation_sent_at]) {
    expect(Math.abs(Date.parse(at) - Date.now())).toBeLessThan(30_000);
  }
  // What Auth itself makes differ, on hosted Supabase too: docs/decisions/0007-sign-up.md.
  expect(rest).toMatchObject({ identities: [], user_metadata: { username: alice.username } });
  for (const field of Object.keys(rest).filter(
    (name) => !["identities", "user_metadata", "role"].includes(name),
  )) {
    expect(rest[field], field).toEqual(ofFresh[field]);
  }

  // The owner of the new address gets in, and chooses a name at once.
  const carol = await confirm(unknown);
  expect(await usernameOf(carol.user.id)).toMatch(/^user_[0-9a-f]{12}$/);
  expect(carol.user.user_metadata.username).toBe(alice.username);
  const renamed = await carol.client
    .from("profiles")
    .update({ username: freshUsername("carol") })
    .eq("id", carol.user.id);
  expect(renamed.error).toBeNull();
});

test("nobody finds or follows ursula before she confirms, but her username is reserved", async () => {
  const username = freshUsername("ursula");
  const email = `${username}@example.com`;
  const { data } = await attempt(username, email);
  const id = data.user?.id ?? "";
  const bob = await signUp("bob");
  const found = async () => ({
    profile: (await bob.client.rpc("profile", { username }).throwOnError()).data,
    search: (await bob.client.rpc("search_people", { query: username }).throwOnError()).data,
    followed: (await bob.client.rpc("follow", { profile_id: id })).error?.details ?? "following",
    available: (await guest().rpc("username_available", { username }).throwOnError()).data.available,
  });
  expect(await found()).toEqual({
    profile: [],
    search: [],
    followed: "profile_not_found",
    available: false,
  });
  await confirm(email);
  expect(await found()).toMatchObject({
    profile: [{ username }],
    search: [{ profile: { username } }],
    followed: "following",
  });
});

const mallorysPassword = "chosen by mallory";

/** Mallory signs up with bob's address, and a name she likes. */
async function mallorySignsUpBob() {
  const email = `${freshUsername("bob")}@example.com`;
  const username = freshUsername("mallory");
  const { error } = await guest().auth.signUp({
    email,
    password: mallorysPassword,
    options: { data: { username, display_name: "Mallory was here" } },
  });
  if (error) throw error;
  return { email, username, mail: await mailTo(email) };
}

const bobsWays: [string, "signup" | "recovery" | "email", (email: string) => Promise<unknown>][] = [
  ["signs up himself", "signup", (email) => attempt(freshUsername("bob"), email)],
  ["asks for the mail again", "signup", (email) => guest().auth.resend({ type: "signup", email })],
  ["asks for a new password", "recovery", (email) => guest().auth.resetPasswordForEmail(email)],
  ["asks for a link to sign in", "email", (email) => guest().auth.signInWithOtp({ email })],
];

test.each(bobsWays)(
  "mallory signs up with bob's address, then bob %s, and her password does not work",
  async (_, type, act) => {
    const { email, username, mail } = await mallorySignsUpBob();
    expect(mail.Text).toContain(`for the account @${username}.`);
    expect(await act(email)).toMatchObject({ error: null });
    const second = await nextMail(email, mail);
    expect(second.Text).not.toContain("mallory");

    const client = guest();
    const { data, error } = await client.auth.verifyOtp({ email, token: codeIn(second), type });
    expect(error).toBeNull();
    expect(data.user?.app_metadata).toMatchObject({ needs_password: true });
    const hers = () => guest().auth.signInWithPassword({ email, password: mallorysPassword });
    expect((await hers()).error).toMatchObject({ status: 400, code: "invalid_credentials" });

    const id = data.user?.id ?? "";
    const [profile] = (await guest().from("profiles").select().eq("id", id).throwOnError()).data ?? [];
    expect(profile).toMatchObject({ username: expect.stringMatching(/^user_/), display_name: "" });
    expect((await guest().rpc("username_available", { username })).data?.available).toBe(true);

    expect((await client.auth.updateUser({ password: "chosen by bob" })).error).toBeNull();
    const { data: now } = await client.auth.getUser();
    expect(now.user?.app_metadata).not.toHaveProperty("needs_password");
    expect((await hers()).error).toMatchObject({ code: "invalid_credentials" });
    const his = await guest().auth.signInWithPassword({ email, password: "chosen by bob" });
    expect(his.data.user?.id).toBe(id);
  },
);

test("nobody can take the username of a deleted account", async () => {
  const alice = await signUp("alice");
  expect((await service().auth.admin.deleteUser(alice.id)).error).toBeNull();
  expect((await guest().rpc("username_available", { username: alice.username })).data?.available).toBe(false);
});

test("signing up again with a confirmed address reveals nothing and sends no mail", async () => {
  const alice = await signUp("alice");
  const known = await mailTo(alice.email);
  const { data, error } = await attempt(freshUsername("mallory"), alice.email);
  expect(error).toBeNull();
  expect(data.user?.identities).toEqual([]);
  expect(data.user?.id).not.toBe(alice.id);
  expect((await mailTo(alice.email)).ID).toBe(known.ID);
});

test("alice resets a forgotten password from the mail, and the old password no longer works", async () => {
  const alice = await signUp("alice");
  const before = await mailTo(alice.email);
  const client = guest();
  expect((await client.auth.resetPasswordForEmail(alice.email)).error).toBeNull();
  const token = codeIn(await nextMail(alice.email, before));
  expect((await client.auth.verifyOtp({ email: alice.email, token, type: "recovery" })).error).toBeNull();
  expect((await client.auth.updateUser({ password: "a new one entirely" })).error).toBeNull();

  const old = await guest().auth.signInWithPassword({ email: alice.email, password: alice.password });
  expect(old.error).toMatchObject({ code: "invalid_credentials" });
  const fresh = await guest().auth.signInWithPassword({ email: alice.email, password: "a new one entirely" });
  expect(fresh.error).toBeNull();
});

test("a password reset answers the same for an unknown address as for a known one", async () => {
  const alice = await signUp("alice");
  const known = await guest().auth.resetPasswordForEmail(alice.email);
  const unknown = await guest().auth.resetPasswordForEmail(`${freshUsername("nobody")}@example.com`);
  expect(unknown).toEqual(known);
});

test("a new e-mail address is confirmed at both addresses", async () => {
  const alice = await signUp("alice");
  const before = await mailTo(alice.email);
  const newEmail = `${freshUsername("alice")}@example.com`;
  const { data, error } = await alice.client.auth.updateUser({ email: newEmail });
  expect(error).toBeNull();
  expect(data.user).toMatchObject({ email: alice.email, new_email: newEmail });

  const atOld = linkIn(await nextMail(alice.email, before));
  const atNew = linkIn(await mailTo(newEmail));
  expect((await fetch(atOld, { redirect: "manual" })).status).toBe(303);
  const half = await guest().auth.signInWithPassword({ email: newEmail, password: alice.password });
  expect(half.error).toMatchObject({ code: "invalid_credentials" });
  expect((await fetch(atNew, { redirect: "manual" })).status).toBe(303);
  const whole = await guest().auth.signInWithPassword({ email: newEmail, password: alice.password });
  expect(whole.error).toBeNull();
  expect(whole.data.user?.id).toBe(alice.id);
});

test("a magic link signs bob in without a password", async () => {
  const bob = await signUp("bob");
  const before = await mailTo(bob.email);
  const client = guest();
  const asked = await client.auth.signInWithOtp({ email: bob.email, options: { shouldCreateUser: false } });
  expect(asked.error).toBeNull();
  const token = codeIn(await nextMail(bob.email, before));
  const { data, error } = await client.auth.verifyOtp({ email: bob.email, token, type: "email" });
  expect(error).toBeNull();
  expect(data.user?.id).toBe(bob.id);
});

test("a refreshed session still works, and a signed-out session does not", async () => {
  const alice = await signUp("alice");
  const refreshed = await alice.client.auth.refreshSession();
  expect(refreshed.error).toBeNull();
  const verified = await alice.client.auth.getClaims();
  expect(verified.data?.claims).toMatchObject({
    sub: alice.id,
    role: "authenticated",
    aud: "authenticated",
    email: alice.email,
    aal: "aal1",
    is_anonymous: false,
  });
  const token = refreshed.data.session?.refresh_token ?? "";
  await alice.client.auth.signOut();
  const dead = await guest().auth.refreshSession({ refresh_token: token });
  expect(dead.error).not.toBeNull();
});

test("a deleted account takes its profile, posts and follows with it", async () => {
  const alice = await signUp("alice");
  const bob = await signUp("bob");
  await alice.client.from("posts").insert({ content: "soon gone" }).throwOnError();
  await bob.client.from("follows").insert({ followee_id: alice.id }).throwOnError();
  expect((await bob.client.rpc("home_feed")).data).toHaveLength(1);

  const { error } = await service().auth.admin.deleteUser(alice.id);
  expect(error).toBeNull();
  expect((await bob.client.rpc("home_feed")).data).toEqual([]);
  const counts = await guest().from("follow_counts").select("following").eq("profile_id", bob.id).single();
  expect(counts.data).toEqual({ following: 0 });
  const profile = await guest().from("profiles").select().eq("id", alice.id).maybeSingle();
  expect(profile.data).toBeNull();
});
