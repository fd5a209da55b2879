import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createClient } from "@supabase/supabase-js";
import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  exportJWK,
  generateKeyPair,
  jwtVerify,
  SignJWT,
} from "jose";
import { expect, onTestFinished, test } from "vitest";
import { createKeys, localDefaults } from "../../platform/keys.ts";
import { createSigningKey, publicKeyOf, readSigningKeys } from "../../platform/signing-keys.ts";

const nowS = () => Math.floor(Date.now() / 1000);

test("without options the keys are those of supabase start", async () => {
  const keys = await createKeys();
  expect(keys.wellKnown).toBe(true);
  expect(decodeJwt(keys.anonKey)).toEqual({ iss: "supabase-demo", role: "anon", exp: 1983812996 });
  expect(decodeJwt(keys.serviceRoleKey)).toMatchObject({ role: "service_role" });
  expect(decodeProtectedHeader(keys.anonKey)).toEqual({ alg: "HS256", typ: "JWT" });
  const secret = new TextEncoder().encode(localDefaults.jwtSecret);
  await expect(jwtVerify(keys.anonKey, secret)).resolves.toBeDefined();
  expect(() => createClient("http://127.0.0.1:54321", keys.publishableKey)).not.toThrow();
});

test("users' tokens are ES256 and verify against the JWKS, which does not have the private key", async () => {
  const signingKey = await createSigningKey();
  const keys = await createKeys({ signingKeys: [signingKey] });
  const token = await keys.sign({ sub: "alice", role: "authenticated", exp: nowS() + 60 });
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: "ES256", kid: signingKey.kid });
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys.jwks));
  expect(payload.sub).toBe("alice");
  expect(signingKey.d).toBeDefined();
  expect(JSON.stringify(keys.jwks)).not.toContain(signingKey.d);
});

/** What `supabase gen signing-key` writes: a private JWK as JSON. */
async function generateKey(algorithm: "ES256" | "RS256"): Promise<Record<string, string>> {
  const cli = join(import.meta.dirname, "../../node_modules/.bin/supabase");
  const { stdout } = await promisify(execFile)(cli, ["gen", "signing-key", "--algorithm", algorithm]);
  return JSON.parse(stdout.slice(stdout.indexOf("{"), stdout.lastIndexOf("}") + 1));
}

async function keysFile(content: unknown): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-keys-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const path = join(dir, "signing_keys.json");
  await writeFile(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("the first key of the CLI's file signs, all of them verify, and no private part is shown", async () => {
  const [rsa, ec] = [await generateKey("RS256"), await generateKey("ES256")];
  const keys = await createKeys({ signingKeys: await readSigningKeys(await keysFile([rsa, ec])) });
  const token = await keys.sign({ sub: "alice", role: "authenticated", exp: nowS() + 60 });
  expect(decodeProtectedHeader(token)).toEqual({ alg: "RS256", kid: rsa.kid, typ: "JWT" });
  await expect(keys.verify(token)).resolves.toMatchObject({ sub: "alice" });
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys.jwks));
  expect(payload.sub).toBe("alice");

  const before = await createKeys({ signingKeys: await readSigningKeys(await keysFile([ec])) });
  await expect(keys.verify(await before.sign({ sub: "alice" }))).resolves.toMatchObject({ sub: "alice" });
  const forged = { ...(await generateKey("RS256")), kid: rsa.kid };
  const stranger = await createKeys({ signingKeys: await readSigningKeys(await keysFile([forged])) });
  await expect(keys.verify(await stranger.sign({ sub: "mallory" }))).rejects.toThrow();

  const shown = JSON.stringify(keys.jwks);
  for (const member of ["d", "p", "q", "dp", "dq", "qi"]) {
    expect(rsa[member], member).toBeTruthy();
    expect(shown).not.toContain(rsa[member]);
    expect(keys.jwks.keys.some((key) => member in key)).toBe(false);
  }
  expect(shown).not.toContain(ec.d);
  expect(keys.jwks.keys).toEqual([
    { kty: "RSA", kid: rsa.kid, alg: "RS256", n: rsa.n, e: rsa.e, use: "sig", key_ops: ["verify"] },
    { kty: "EC", kid: ec.kid, alg: "ES256", crv: "P-256", x: ec.x, y: ec.y, use: "sig", key_ops: ["verify"] },
  ]);
});

test("a member of a key that nobody knows is not shown either", () => {
  const unknown = { kty: "oct", kid: "1", k: "secret", oth: [{ r: "secret" }], seed: "secret" };
  const shown = publicKeyOf(unknown as never);
  expect(JSON.stringify(shown)).not.toContain("secret");
});

test("a file without usable keys is refused with a sentence that shows no key", async () => {
  const good = await createSigningKey();
  const { privateKey } = await generateKeyPair("ES384", { extractable: true });
  const cases: [unknown, RegExp][] = [
    ["not JSON", /must be a JSON array/],
    [[], /must be a JSON array/],
    [good, /must be a JSON array/],
    [[{ ...good, kid: undefined }], /must be a JSON array/],
    [[{ ...good, d: undefined }], /must be a JSON array/],
    [[{ kty: "oct", k: "c2VjcmV0", kid: "1", alg: "HS256" }], /must be a JSON array/],
    [[{ ...(await exportJWK(privateKey)), kid: "1", alg: "ES384" }], /must be a JSON array/],
    [[good, good], /two keys with the same kid/],
    [[{ ...good, x: "AAAA" }], /damaged: number 1/],
  ];
  for (const [content, message] of cases) {
    const error = await readSigningKeys(await keysFile(content)).then(
      () => undefined,
      (cause: Error & { code: string }) => cause,
    );
    expect(error?.message).toMatch(message);
    expect(error?.code).toBe("config_invalid");
    expect(error?.message).not.toContain(good.d);
  }
  await expect(readSigningKeys("/nowhere/keys.json")).rejects.toMatchObject({ code: "config_invalid" });
  await expect(readSigningKeys(await keysFile([good]))).resolves.toHaveLength(1);
});

test("a role that is not a text is refused, in every form that could name a role", async () => {
  const keys = await createKeys();
  for (const role of [["service_role"], { toString: "service_role" }, 1, true, null]) {
    const claims = { sub: "mallory", role: role as never, exp: nowS() + 60 };
    await expect(keys.verify(await keys.sign(claims))).rejects.toMatchObject({
      code: "ERR_JWT_CLAIM_VALIDATION_FAILED",
    });
  }
  const text = await keys.sign({ sub: "alice", role: "service_role", exp: nowS() + 60 });
  await expect(keys.verify(text)).resolves.toMatchObject({ role: "service_role" });
});

test("a token with another key, with no key, or past its time is refused", async () => {
  const keys = await createKeys();
  const other = await createKeys({ jwtSecret: "another-secret-with-at-least-thirty-two-characters" });
  const claims = { sub: "mallory", role: "service_role", exp: nowS() + 60 };
  await expect(keys.verify(await keys.sign(claims))).resolves.toMatchObject(claims);
  await expect(keys.verify(await other.sign(claims))).rejects.toThrow();
  await expect(keys.verify(other.serviceRoleKey)).rejects.toThrow();
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString("base64url");
  await expect(keys.verify(`${encode({ alg: "none" })}.${encode(claims)}.`)).rejects.toThrow();
  await expect(keys.verify(await keys.sign({ ...claims, exp: nowS() - 1 }))).rejects.toMatchObject({
    code: "ERR_JWT_EXPIRED",
  });
});

test("a token that uses the public key as an HS256 secret is refused", async () => {
  const keys = await createKeys();
  const [known] = keys.jwks.keys;
  const publicKey = new TextEncoder().encode(JSON.stringify(known));
  const forged = await new SignJWT({ role: "service_role" })
    .setProtectedHeader({ alg: "HS256", kid: known?.kid as string })
    .sign(publicKey);
  await expect(keys.verify(forged)).rejects.toThrow();
});

test("a remembered token still expires", async () => {
  const keys = await createKeys();
  const token = await keys.sign({ sub: "alice", exp: nowS() + 1 });
  await expect(keys.verify(token)).resolves.toBeDefined();
  await expect
    .poll(
      () =>
        keys.verify(token).then(
          () => "valid",
          (error) => error.code,
        ),
      { timeout: 5000 },
    )
    .toBe("ERR_JWT_EXPIRED");
});

test("a short secret is refused, with the name of its variable", async () => {
  await expect(createKeys({ jwtSecret: "short" })).rejects.toMatchObject({
    code: "keys_invalid",
    message: expect.stringContaining("JWT_SECRET"),
  });
});
