import { hashSync } from "bcryptjs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHarness, follow, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

test("only the service role may use the admin API", async () => {
  const alice = await member(auth, harness.receiver, "alice");
  const paths: [string, string][] = [
    ["GET", "/admin/users"],
    ["POST", "/admin/users"],
    ["GET", `/admin/users/${alice.id}`],
    ["PUT", `/admin/users/${alice.id}`],
    ["DELETE", `/admin/users/${alice.id}`],
    ["POST", "/admin/generate_link"],
    ["POST", "/invite"],
  ];
  for (const [method, path] of paths) {
    const body = method === "GET" ? undefined : {};
    const asAlice = await auth.send(method, path, { token: alice.session.access_token, body });
    expect([path, asAlice.status, (await asAlice.json()).code]).toEqual([path, 403, "not_admin"]);
    const asAnon = await auth.send(method, path, { token: auth.keys.anonKey, body });
    expect([path, asAnon.status]).toEqual([path, 403]);
    const asNobody = await auth.send(method, path, { body });
    expect([path, asNobody.status, (await asNobody.json()).code]).toEqual([path, 401, "no_authorization"]);
  }
  expect((await auth.admin().auth.admin.getUserById(alice.id)).data.user?.email).toBe(alice.email);
});

test("an administrator makes, finds, changes and deletes a user", async () => {
  const admin = auth.admin().auth.admin;
  const bob = person("bob");
  const id = crypto.randomUUID();
  const made = await admin.createUser({
    ...bob,
    id,
    email_confirm: true,
    user_metadata: { username: "bob" },
    app_metadata: { plan: "gold" },
  });
  expect(made.error).toBeNull();
  expect(made.data.user).toMatchObject({
    id,
    email: bob.email,
    app_metadata: { provider: "email", providers: ["email"], plan: "gold" },
    user_metadata: { username: "bob", email_verified: true },
  });
  expect((await auth.client().auth.signInWithPassword(bob)).error).toBeNull();
  const again = await admin.createUser(bob);
  expect(again.error).toMatchObject({ code: "email_exists", status: 422 });

  const { email } = person("bobby");
  const changed = await admin.updateUserById(id, {
    email,
    email_confirm: true,
    password: "a new password",
    app_metadata: { plan: null },
    user_metadata: { city: "Porto" },
  });
  expect(changed.data.user).toMatchObject({ email, user_metadata: { username: "bob", city: "Porto" } });
  expect(changed.data.user?.app_metadata).not.toHaveProperty("plan");
  expect(changed.data.user?.identities?.[0]?.identity_data).toMatchObject({ email, email_verified: true });
  const signedIn = await auth.client().auth.signInWithPassword({ email, password: "a new password" });
  expect(signedIn.error).toBeNull();

  expect((await admin.deleteUser(id)).error).toBeNull();
  expect((await admin.getUserById(id)).error).toMatchObject({ code: "user_not_found", status: 404 });
  const rows = await harness.sql`select 1 from auth.identities where user_id = ${id}`;
  expect(rows).toHaveLength(0);
});

test("an administrator can make a user with the hash of a password", async () => {
  const admin = auth.admin().auth.admin;
  const carol = person("carol");
  const made = await admin.createUser({
    email: carol.email,
    password_hash: hashSync(carol.password, 4),
    email_confirm: true,
  });
  expect(made.error).toBeNull();
  expect((await auth.client().auth.signInWithPassword(carol)).error).toBeNull();
  const wrong = await auth.client().auth.signInWithPassword({ ...carol, password: "something else" });
  expect(wrong.error?.code).toBe("invalid_credentials");
  const refused = await admin.createUser({ email: person("carol").email, password_hash: "plain" });
  expect(refused.error?.status).toBe(500);
});

test("users are listed in pages, newest first", async () => {
  const admin = auth.admin().auth.admin;
  const names = ["one", "two", "three"].map(person);
  for (const who of names) await admin.createUser({ ...who, user_metadata: { full_name: "Listed_Person" } });
  const { data } = await admin.listUsers({ page: 1, perPage: 2 });
  expect(data.users).toHaveLength(2);
  expect(data.users[0]?.email).toBe(names[2]?.email);
  expect(data.users[0]?.identities).toHaveLength(1);
  expect(data).toMatchObject({ aud: "authenticated", nextPage: 2 });
  const [{ total = 0 } = {}] = await harness.sql<{ total: number }[]>`
    select count(*)::int as total from auth.users
  `;
  expect(data).toMatchObject({ total });

  const token = auth.keys.serviceRoleKey;
  const filtered = await auth.send("GET", "/admin/users?filter=listed_person&per_page=2&page=2", { token });
  expect(filtered.headers.get("x-total-count")).toBe("3");
  expect(filtered.headers.get("link")).toBe(
    '</admin/users?filter=listed_person&page=2&per_page=2>; rel="last"',
  );
  expect((await filtered.json()).users).toMatchObject([{ email: names[0]?.email }]);
  // In a search "_" and "%" stand for themselves.
  const literal = await auth.send("GET", "/admin/users?filter=Listed%25Person", { token });
  expect((await literal.json()).users).toEqual([]);
  const zeroth = await auth.send("GET", "/admin/users?filter=listed_person&per_page=2&page=0", { token });
  const first = await auth.send("GET", "/admin/users?filter=listed_person&per_page=2&page=1", { token });
  expect([zeroth.status, await zeroth.json()]).toEqual([200, await first.json()]);
  for (const query of ["page=x", "per_page=0", "page=-1", "page=1e400", "sort=email"]) {
    const response = await auth.send("GET", `/admin/users?${query}`, { token });
    expect([query, response.status]).toEqual([query, 400]);
  }
});

test("a banned user cannot sign in in any way until the ban is lifted", async () => {
  const admin = auth.admin().auth.admin;
  const mallory = await member(auth, harness.receiver, "mallory");
  await auth.client().auth.resetPasswordForEmail(mallory.email);
  const link = harness.receiver.last(mallory.email);
  const banned = await admin.updateUserById(mallory.id, { ban_duration: "24h" });
  expect(Date.parse(banned.data.user?.banned_until ?? "")).toBeGreaterThan(Date.now());

  const byPassword = await auth.client().auth.signInWithPassword(mallory);
  expect(byPassword.error).toMatchObject({ code: "user_banned", status: 400 });
  expect((await mallory.client.auth.refreshSession()).error?.code).toBe("user_banned");
  expect((await follow(auth, link)).fragment.get("error_code")).toBe("user_banned");
  const { token } = link.email_data;
  const byCode = await auth.client().auth.verifyOtp({ email: mallory.email, token, type: "recovery" });
  expect(byCode.error).toMatchObject({ code: "user_banned", status: 403 });

  for (const duration of ["forever", "2562048h", "999999999999h"]) {
    const malformed = await admin.updateUserById(mallory.id, { ban_duration: duration });
    expect(malformed.error).toMatchObject({ code: "validation_failed", status: 400 });
  }
  const longest = await admin.updateUserById(mallory.id, { ban_duration: "2562047h" });
  expect(longest.data.user?.banned_until).toMatch(/^23/);
  await admin.updateUserById(mallory.id, { ban_duration: "none" });
  expect((await auth.client().auth.signInWithPassword(mallory)).error).toBeNull();
});

test("a softly deleted user leaves a row that holds nothing personal", async () => {
  const admin = auth.admin().auth.admin;
  const carol = await member(auth, harness.receiver, "carol");
  expect((await admin.deleteUser(carol.id, true)).error).toBeNull();
  const { data } = await admin.getUserById(carol.id);
  expect(data.user?.deleted_at).toBeTruthy();
  expect(JSON.stringify(data.user)).not.toContain(carol.email);
  expect(data.user?.user_metadata).toEqual({});
  expect((await auth.client().auth.signInWithPassword(carol)).error?.code).toBe("invalid_credentials");
  expect((await carol.client.auth.getUser()).error).not.toBeNull();
  // The address is free again.
  expect((await auth.client().auth.signUp(carol)).data.user?.identities).toHaveLength(1);
});

test("an invited person opens the link and chooses a password", async () => {
  const admin = auth.admin().auth.admin;
  const { email } = person("dave");
  const invited = await admin.inviteUserByEmail(email, {
    data: { username: "dave" },
    redirectTo: "https://plaza.example/welcome",
  });
  expect(invited.data.user?.invited_at).toBeTruthy();
  const mail = harness.receiver.last(email);
  expect(mail.email_data.email_action_type).toBe("invite");

  // Mallory signs up with the same address and sees none of the invitation's data.
  const peek = await auth.client().auth.signUp({ email, password: "mallory's guess" });
  expect(peek.data.user?.user_metadata).toEqual({});

  const fresh = await admin.inviteUserByEmail(email);
  expect(fresh.error).toBeNull();
  const { fragment } = await follow(auth, harness.receiver.last(email));
  const client = auth.client();
  await client.auth.setSession({
    access_token: fragment.get("access_token") ?? "",
    refresh_token: fragment.get("refresh_token") ?? "",
  });
  expect((await client.auth.updateUser({ password: "dave's own password" })).error).toBeNull();
  expect(
    (await auth.client().auth.signInWithPassword({ email, password: "dave's own password" })).error,
  ).toBeNull();
  expect((await admin.inviteUserByEmail(email)).error).toMatchObject({ code: "email_exists", status: 422 });
});

test("an administrator generates links that work, and no mail is sent", async () => {
  const admin = auth.admin().auth.admin;
  const sent = harness.receiver.mails.length;
  const eve = person("eve");
  const made = await admin.generateLink({
    type: "signup",
    ...eve,
    options: { redirectTo: "https://plaza.example/in" },
  });
  expect(made.data.properties).toMatchObject({
    verification_type: "signup",
    redirect_to: "https://plaza.example/in",
  });
  const visit = async (link = "") => {
    const response = await fetch(link, { redirect: "manual" });
    return new URLSearchParams(new URL(response.headers.get("location") ?? "").hash.slice(1));
  };
  expect((await visit(made.data.properties?.action_link)).get("access_token")).toBeTruthy();
  const again = await admin.generateLink({ type: "signup", ...eve });
  expect(again.error).toMatchObject({ code: "email_exists", status: 422 });

  const magic = await admin.generateLink({ type: "magiclink", email: eve.email });
  const { email_otp: token = "", hashed_token = "" } = magic.data.properties ?? {};
  const byCode = await auth.client().auth.verifyOtp({ email: eve.email, token, type: "magiclink" });
  expect(byCode.data.session).toBeTruthy();
  const spent = await auth.client().auth.verifyOtp({ token_hash: hashed_token, type: "magiclink" });
  expect(spent.error?.code).toBe("otp_expired");

  const newEmail = person("eve-new").email;
  const change = { email: eve.email, newEmail };
  const current = await admin.generateLink({ type: "email_change_current", ...change });
  const next = await admin.generateLink({ type: "email_change_new", ...change });
  expect((await visit(current.data.properties?.action_link)).get("message")).toMatch(/accepted/);
  expect((await visit(next.data.properties?.action_link)).get("access_token")).toBeTruthy();
  expect((await admin.getUserById(byCode.data.user?.id ?? "")).data.user?.email).toBe(newEmail);

  const unknown = await admin.generateLink({ type: "recovery", email: person("nobody").email });
  expect(unknown.error).toMatchObject({ code: "user_not_found", status: 404 });
  const newcomer = await admin.generateLink({ type: "magiclink", email: person("frank").email });
  expect(newcomer.data.properties?.verification_type).toBe("signup");
  expect(harness.receiver.mails).toHaveLength(sent);
});

test("the metadata that an administrator gives with a link or an invitation stays as it is", async () => {
  const admin = auth.admin().auth.admin;
  const data = { username: "heidi", deep: { a: [1] } };
  const { email, password } = person("heidi");
  const link = await admin.generateLink({ type: "signup", email, password, options: { data } });
  expect(link.data.user?.user_metadata).toEqual(data);
  expect(link.data.user?.identities?.[0]?.identity_data).toEqual({
    sub: link.data.user?.id,
    email,
    email_verified: false,
    phone_verified: false,
  });
  const more = await admin.generateLink({
    type: "signup",
    email,
    password,
    options: { data: { city: "Bern" } },
  });
  expect(more.data.user?.user_metadata).toEqual({ ...data, city: "Bern" });
  const invited = await admin.inviteUserByEmail(person("ivan").email, { data });
  expect(invited.data.user?.user_metadata).toEqual(data);
  // Who signs up gets the data of the identity too.
  const signedUp = await auth.client().auth.signUp({ ...person("judy"), options: { data } });
  expect(signedUp.data.user?.user_metadata).toMatchObject({ ...data, sub: signedUp.data.user?.id });
});

test("the factors of a user who does not exist are not found, and bob has no factors", async () => {
  const bob = await member(auth, harness.receiver, "bob");
  const ask = async (method: string, path: string) => {
    const response = await auth.send(method, path, { token: auth.keys.serviceRoleKey });
    return [response.status, await response.json()] as const;
  };
  expect(await ask("GET", `/admin/users/${bob.id}/factors`)).toEqual([200, []]);
  const unknown = crypto.randomUUID();
  const notFound = { code: "user_not_found", message: "User not found" };
  expect(await ask("GET", `/admin/users/${unknown}/factors`)).toEqual([404, notFound]);
  expect(await ask("DELETE", `/admin/users/${unknown}/factors/${unknown}`)).toEqual([404, notFound]);
  expect((await ask("GET", "/admin/users/bob/factors"))[0]).toBe(404);
  const [status, body] = await ask("DELETE", `/admin/users/${bob.id}/factors/${unknown}`);
  expect([status, body.code]).toEqual([404, "mfa_factor_not_found"]);
});

test("what administrators and users do is recorded", async () => {
  const admin = auth.admin().auth.admin;
  const grace = await member(auth, harness.receiver, "grace");
  await admin.updateUserById(grace.id, { user_metadata: { x: 1 } });
  const rows = await harness.sql<{ action: string; actor: string }[]>`
    select payload ->> 'action' as action, payload ->> 'actor_username' as actor
    from auth.audit_log_entries
    where payload ->> 'actor_id' = ${grace.id} or payload -> 'traits' ->> 'user_id' = ${grace.id}
    order by created_at
  `;
  expect(rows.map(({ action, actor }) => [action, actor])).toEqual([
    ["user_confirmation_requested", grace.email],
    ["user_signedup", grace.email],
    ["user_modified", "service_role"],
  ]);
});
