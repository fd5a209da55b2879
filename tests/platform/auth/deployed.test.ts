/** Auth in a whole platform: which limits hold where, and signing keys of the project. */
import { generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AuthRetryableFetchError, createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { createPlatform, type Platform } from "../../../platform/platform.ts";

const options = { ephemeralPorts: true, seed: false };
const limits = { auth: { rate_limit: { token_verifications: 2, sign_in_sign_ups: 2, email_sent: 1 } } };

/** The status of each of some requests for a new account, and of some guesses of a code. */
async function statuses({ url, keys }: Platform) {
  const send = async (path: string, body: unknown) => {
    const headers = { apikey: keys.publishableKey, "content-type": "application/json" };
    const response = await fetch(`${url}/auth/v1${path}`, {
      method: "POST",
      headers,
      body: JSON.stringify(body),
    });
    return [response.status, (await response.json()).error_code ?? "ok"].join(" ");
  };
  const password = "correct horse battery";
  const signUps: string[] = [];
  const guesses: string[] = [];
  for (let n = 0; n < 4; n++) {
    signUps.push(await send("/signup", { email: `alice${n}@example.com`, password }));
    guesses.push(await send("/verify", { email: "alice0@example.com", token: "0", type: "signup" }));
  }
  return { signUps, guesses };
}

test("on loopback everybody may ask as often as they like", async () => {
  await using platform = await createPlatform({ ...options, config: limits });
  expect(await statuses(platform)).toEqual({
    signUps: Array(4).fill("200 ok"),
    guesses: Array(4).fill("403 otp_expired"),
  });
});

test("beyond loopback the limits of config.toml hold, and nobody has the password of the seed", async () => {
  const deployed = {
    ephemeralPorts: true,
    config: limits,
    host: "0.0.0.0",
    keys: {
      jwtSecret: crypto.randomUUID() + crypto.randomUUID(),
      publishableKey: "sb_publishable_own",
      secretKey: "sb_secret_own",
    },
  };
  await using platform = await createPlatform(deployed);
  const over = "429 over_request_rate_limit";
  expect(await statuses(platform)).toEqual({
    signUps: ["200 ok", "429 over_email_send_rate_limit", over, over],
    guesses: ["403 otp_expired", "403 otp_expired", over, over],
  });

  const admin = createClient(platform.url, platform.keys.secretKey, { auth: { persistSession: false } });
  const email = "alice@example.com";
  expect((await admin.from("profiles").select().eq("username", "alice")).data).toEqual([]);
  // Here alice has the seed's password, as on a laptop.
  const user = { email, password: "plaza-demo", email_confirm: true, user_metadata: { username: "alice" } };
  const { data, error } = await admin.auth.admin.createUser(user);
  expect(error).toBeNull();
  const start = () => createPlatform({ ...deployed, databaseUrl: platform.adminUrl });
  await expect(start()).rejects.toMatchObject({
    code: "seed_exposed",
    message: expect.stringContaining(email),
  });
  await admin.auth.admin.updateUserById(data.user?.id as string, { password: "correct horse battery" });
  await using _again = await start();
});

test("with an RS256 key of the project alice signs in, and every service takes her token", async () => {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const key = {
    ...privateKey.export({ format: "jwk" }),
    kid: "rsa",
    alg: "RS256",
    key_ops: ["sign", "verify"],
  };
  const dir = await mkdtemp(join(tmpdir(), "plaza-keys-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "signing_keys.json");
  await writeFile(path, JSON.stringify([key]));
  await using platform = await createPlatform({ ...options, config: { auth: { signing_keys_path: path } } });

  const client = createClient(platform.url, platform.keys.publishableKey, {
    auth: { persistSession: false },
  });
  const admin = createClient(platform.url, platform.keys.secretKey, { auth: { persistSession: false } });
  const alice = { email: "alice@example.com", password: "correct horse battery" };
  await admin.auth.admin.createUser({ ...alice, email_confirm: true, user_metadata: { username: "alice" } });
  const { data, error } = await client.auth.signInWithPassword(alice);
  expect(error).toBeNull();
  const claims = await client.auth.getClaims();
  expect(claims.data?.header).toMatchObject({ alg: "RS256", kid: "rsa" });
  expect(claims.data?.claims.sub).toBe(data.user?.id);
  const { status } = await client.from("posts").insert({ content: "Signed with RSA" });
  expect(status).toBe(201);
  const channel = client.channel("room", { config: { private: false } });
  const joined = await new Promise((resolve) => channel.subscribe(resolve));
  expect(joined).toBe("SUBSCRIBED");
  await client.removeAllChannels();

  const shown = await (await fetch(`${platform.url}/auth/v1/.well-known/jwks.json`)).text();
  expect(JSON.parse(shown).keys).toHaveLength(1);
  for (const member of ["d", "p", "q", "dp", "dq", "qi"] as const) {
    expect(key[member], member).toBeTruthy();
    expect(shown).not.toContain(key[member]);
  }
});

/** Each person is deleted while somebody else holds the rows of the query. */
const holds = {
  bob: `select from likes join profiles on profiles.id = user_id where username = 'bob'
    for update of likes`,
  alice: `select from likes join posts on posts.id = post_id join profiles on profiles.id = author_id
    where username = 'alice' for update of likes`,
  carol: "select from profiles where username = 'carol' for update",
};

test("an account whose rows somebody else holds is not deleted: 503, and afterwards it is", async () => {
  await using platform = await createPlatform({ ...options, seed: true });
  const { url, keys } = platform;
  const { auth } = createClient(url, keys.secretKey, { auth: { persistSession: false } });
  const sql = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => sql.end());

  for (const [username, hold] of Object.entries(holds)) {
    const [person] = await sql`select id from profiles where username = ${username}`;
    const id: string = person?.id;
    await sql.begin(async (holder) => {
      expect((await holder.unsafe(hold)).count, username).toBeGreaterThan(0);
      const [answer, { error }] = await Promise.all([
        fetch(`${url}/auth/v1/admin/users/${id}`, { method: "DELETE", headers: { apikey: keys.secretKey } }),
        auth.admin.deleteUser(id),
      ]);
      expect([answer.status, await answer.json()]).toMatchObject([503, { detail: "profile_busy" }]);
      expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(0);
      expect(error).toBeInstanceOf(AuthRetryableFetchError);
    });
    expect((await auth.admin.getUserById(id)).data.user?.email).toBe(`${username}@example.com`);

    expect((await auth.admin.deleteUser(id)).error).toBeNull();
    expect((await auth.admin.getUserById(id)).error).toMatchObject({ status: 404 });
    expect(await sql`select from profiles where id = ${id}`).toHaveLength(0);
  }
}, 120_000);
