import { expect, test } from "vitest";
import { codeIn, freshUsername, guest, linkIn, type Mail, mailTo, service, signUp } from "../people.ts";

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

test("a taken, reserved or malformed username is a clear sign-up error, and carol chooses again", async () => {
  const alice = await signUp("alice");
  const email = `${freshUsername("carol")}@example.com`;
  for (const [username, status, code] of [
    [alice.username.toUpperCase(), 409, "username_taken"],
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
  expect(codeIn(await mailTo(email))).toMatch(/^\d{6}$/);
});

test("a form can ask first whether a username is free", async () => {
  const alice = await signUp("alice");
  const ask = async (username: string) => (await guest().rpc("username_available", { username })).data;
  expect(await ask(alice.username)).toBe(false);
  expect(await ask("admin")).toBe(false);
  expect(await ask(freshUsername("free"))).toBe(true);
});

test("six people sign up with the same username at the same time, and one of them gets it", async () => {
  const username = freshUsername("race");
  const results = await Promise.all(Array.from({ length: 6 }, () => attempt(username)));
  expect(results.filter(({ error }) => error === null)).toHaveLength(1);
  const { count } = await guest()
    .from("profiles")
    .select("*", { count: "exact", head: true })
    .eq("username", username);
  expect(count).toBe(1);
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
