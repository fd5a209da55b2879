import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRedirects } from "../../../platform/auth/redirects.ts";
import { loadConfig } from "../../../platform/config.ts";
import { createHarness, follow, type Harness, member, person, type TestAuth } from "./harness.ts";

let harness: Harness;
let auth: TestAuth;

beforeAll(async () => {
  harness = await createHarness();
  auth = await harness.start();
});
afterAll(() => harness[Symbol.asyncDispose]());

const exchange = async (body: object) => {
  const response = await auth.send("POST", "/token?grant_type=pkce", { body });
  return { status: response.status, code: (await response.json()).code };
};

test("alice signs up with PKCE: the link brings a code that only her client can exchange for a session", async () => {
  const alice = person("alice");
  const client = auth.client("pkce");
  await client.auth.signUp({ ...alice, options: { emailRedirectTo: "https://plaza.example/cb?next=1" } });
  const mail = harness.receiver.last(alice.email);
  expect(mail.email_data.token_hash).toMatch(/^pkce_[0-9a-f]{56}$/);
  const { location } = await follow(auth, mail);
  const code = location.searchParams.get("code") ?? "";
  expect(location.searchParams.get("next")).toBe("1");
  expect(location.hash).toBe("");

  const stolen = await exchange({ auth_code: code, code_verifier: "x".repeat(60) });
  expect(stolen).toEqual({ status: 400, code: "bad_code_verifier" });
  const { data, error } = await client.auth.exchangeCodeForSession(code);
  expect(error).toBeNull();
  expect(data.user?.email).toBe(alice.email);
  const claims = await auth.keys.verify(data.session?.access_token ?? "");
  expect(claims.amr).toMatchObject([{ method: "email/signup" }]);
  expect(await exchange({ auth_code: code, code_verifier: "x".repeat(60) })).toEqual({
    status: 404,
    code: "flow_state_not_found",
  });
});

test("with PKCE the six digits of the mail work without the link", async () => {
  const alice = person("alice");
  const client = auth.client("pkce");
  await client.auth.signUp(alice);
  const { token } = harness.receiver.last(alice.email).email_data;
  const { data } = await client.auth.verifyOtp({ email: alice.email, token, type: "email" });
  expect(data.session).toBeTruthy();
});

test("recovery, magic link and change of address bring a PKCE code too", async () => {
  const alice = await member(auth, harness.receiver, "alice", "pkce");
  const client = alice.client;

  await client.auth.resetPasswordForEmail(alice.email);
  const recovery = await follow(auth, harness.receiver.last(alice.email));
  const recovered = await client.auth.exchangeCodeForSession(
    recovery.location.searchParams.get("code") ?? "",
  );
  expect(recovered.data.user?.id).toBe(alice.id);

  await client.auth.signInWithOtp({ email: alice.email });
  const magic = await follow(auth, harness.receiver.last(alice.email));
  const signedIn = await client.auth.exchangeCodeForSession(magic.location.searchParams.get("code") ?? "");
  expect(signedIn.data.user?.id).toBe(alice.id);

  const { email } = person("alice-new");
  await client.auth.updateUser({ email });
  const mail = harness.receiver.last(alice.email);
  const half = await follow(auth, mail, mail.email_data.token_hash_new);
  expect(half.location.searchParams.get("message")).toMatch(/^Confirmation link accepted/);
  const whole = await follow(auth, mail);
  const changed = await client.auth.exchangeCodeForSession(whole.location.searchParams.get("code") ?? "");
  expect(changed.data.user?.email).toBe(email);
});

test("a code is valid for five minutes, and only one caller gets its session", async () => {
  const verifier = "a".repeat(64);
  const code = async () => {
    const alice = await member(auth, harness.receiver, "alice");
    const challenge = { code_challenge: verifier, code_challenge_method: "plain" };
    await auth.send("POST", "/recover", { body: { email: alice.email, ...challenge } });
    const { location } = await follow(auth, harness.receiver.last(alice.email));
    return location.searchParams.get("code") ?? "";
  };
  const late = await code();
  await harness.sql`
    update auth.flow_state set created_at = now() - interval '6 minutes' where auth_code = ${late}
  `;
  expect(await exchange({ auth_code: late, code_verifier: verifier })).toEqual({
    status: 422,
    code: "flow_state_expired",
  });
  const shared = await code();
  const answers = await Promise.all(
    [1, 2, 3, 4].map(() => exchange({ auth_code: shared, code_verifier: verifier })),
  );
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404]);
});

test("malformed challenges are refused before a mail goes out", async () => {
  const { email } = person("alice");
  const ask = async (challenge: object) => {
    const response = await auth.send("POST", "/otp", { body: { email, ...challenge } });
    return [response.status, (await response.json()).code];
  };
  const refused = [400, "validation_failed"];
  expect(await ask({ code_challenge: "a".repeat(43) })).toEqual(refused);
  expect(await ask({ code_challenge: "short", code_challenge_method: "s256" })).toEqual(refused);
  expect(await ask({ code_challenge: "ü".repeat(50), code_challenge_method: "s256" })).toEqual(refused);
  expect(await ask({ code_challenge: "a".repeat(43), code_challenge_method: "md5" })).toEqual(refused);
  expect(harness.receiver.to(email)).toEqual([]);
});

test("errors reach a client in the PKCE flow in the query", async () => {
  const response = await auth.send("GET", "/verify?token=pkce_0123&type=signup");
  const location = new URL(response.headers.get("location") ?? "");
  expect(location.origin).toBe("http://127.0.0.1:3000");
  expect(location.searchParams.get("error_code")).toBe("otp_expired");
  expect(location.hash).toContain("error_code=otp_expired");
});

test("mails and links lead to allowed URLs only", async () => {
  const redirectFor = async (redirectTo: string) => {
    const alice = person("alice");
    await auth.client().auth.signUp({ ...alice, options: { emailRedirectTo: redirectTo } });
    return harness.receiver.last(alice.email).email_data.redirect_to;
  };
  expect(await redirectFor("https://plaza.example/deep/page?x=1")).toBe(
    "https://plaza.example/deep/page?x=1",
  );
  expect(await redirectFor("plaza://callback")).toBe("plaza://callback");
  expect(await redirectFor("https://mallory.example/")).toBe("http://127.0.0.1:3000");
  // The link is checked too, because mallory may have changed it.
  const response = await auth.send("GET", "/verify?token=x&type=signup&redirect_to=https://mallory.example/");
  expect(response.headers.get("location")).toMatch(/^http:\/\/127\.0\.0\.1:3000\/?#/);
});

test("on a laptop a frontend on any port of localhost is allowed, and nothing that only looks like it", async () => {
  const env = { SEND_EMAIL_HOOK_SECRETS: "v1,whsec_x" };
  const { auth: config } = await loadConfig(join(import.meta.dirname, "../../.."), env);
  const { choose } = createRedirects(config.site_url, config.additional_redirect_urls);
  for (const url of [
    "http://localhost:5173",
    "http://localhost:5173/",
    "http://localhost:5173/welcome?next=/feed#top",
    "http://localhost:3000/deep/page.html",
    "http://127.0.0.1:4321/",
  ]) {
    expect(choose(url)).toBe(url);
  }
  for (const url of [
    "http://localhost:x@evil/",
    "http://localhost:5173@evil.example/",
    "http://localhost:5173.evil.example/",
    "http://localhost.evil.example:5173/",
    "https://evil.example/http://localhost:5173/",
    "javascript:alert(1)",
  ]) {
    expect(choose(url), url).toBe(config.site_url);
  }
});

test("the allow-list reads URLs as a browser does", () => {
  const globs = [
    "https://*.plaza.example/**",
    "https://plaza.example",
    "http://localhost:3000/*",
    "app{one,two}://cb?",
    "exp://**",
  ];
  const { choose } = createRedirects("https://site.example/home", globs);
  const allowed = [
    "https://site.example/anything",
    "http://site.example:8080",
    "https://m.plaza.example/a/b",
    "https://plaza.example",
    "http://localhost:3000/one",
    "http://127.0.0.1:5173/callback",
    "http://[::1]:9/x",
    "appone://cbx",
    "apptwo://cby",
    "exp://127.0.0.1:8081/--/cb",
    "exp://localhost:8081/--/cb",
    "https://plaza.example#/feed",
    "http://localhost:3000/one?x=1#top",
  ];
  for (const url of allowed) expect(choose(url)).toBe(url);
  const hostile = [
    "https://mallory.example",
    "https://site.example.mallory.example/",
    "https://site.example@mallory.example/",
    "https://alice:secret@site.example/",
    "https://mallory.example\\@site.example/",
    "https://mallory\\.plaza.example/",
    "https://mallory.example/.plaza.example/",
    "https://mallory.example#.plaza.example/",
    "https://a.b.plaza.example/",
    "//mallory.example",
    "/\\mallory.example",
    "javascript:alert(1)//site.example",
    "javascript://site.example/%0aalert(1)",
    "data://site.example/text/html,x",
    "http://2130706433/",
    "http://0x7f000001/",
    "http://10.0.0.1/",
    "https://[2001:db8::1]#.plaza.example/",
    "http://localhost:3000/one/two",
    "appthree://cbx",
    "javascript://127.0.0.1/%0aalert(1)",
    "exp://192.168.1.5:8081/--/cb",
    `https://site.example/${"a".repeat(5000)}`,
    "\u0000",
    "",
  ];
  for (const url of hostile) expect(choose(url), url).toBe("https://site.example/home");
});
