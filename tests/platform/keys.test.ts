import { createClient } from "@supabase/supabase-js";
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, SignJWT } from "jose";
import { expect, test } from "vitest";
import { createKeys, localDefaults } from "../../platform/keys.ts";

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
  const keys = await createKeys();
  const token = await keys.sign({ sub: "alice", role: "authenticated", exp: nowS() + 60 });
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: "ES256", kid: keys.signingKey.kid });
  const { payload } = await jwtVerify(token, createLocalJWKSet(keys.jwks));
  expect(payload.sub).toBe("alice");
  expect(keys.signingKey.d).toBeDefined();
  expect(JSON.stringify(keys.jwks)).not.toContain('"d"');
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
  const publicKey = new TextEncoder().encode(JSON.stringify(keys.jwks.keys[0]));
  const forged = await new SignJWT({ role: "service_role" })
    .setProtectedHeader({ alg: "HS256", kid: keys.signingKey.kid as string })
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

test("a short secret is refused", async () => {
  await expect(createKeys({ jwtSecret: "short" })).rejects.toThrow(RangeError);
});
