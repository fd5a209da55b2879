/**
 * The project's API keys, and the JWTs for them. Auth signs tokens with this module. The
 * gateway replaces API keys by JWTs with it. Rest and functions verify tokens with it.
 */
import {
  createLocalJWKSet,
  exportJWK,
  generateKeyPair,
  importJWK,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  SignJWT,
} from "jose";

/** The local values of the supabase CLI. Clients that were written for `supabase start` carry them. */
export const localDefaults = {
  jwtSecret: "super-secret-jwt-token-with-at-least-32-characters-long",
  publishableKey: "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH",
  secretKey: "sb_secret_N7UND0UgjKTVK-Uodkm0Hg_xSvEMPvz",
} as const;

export interface KeyOptions {
  /** At least 32 characters. It signs the legacy keys and verifies HS256 tokens. */
  jwtSecret?: string;
  publishableKey?: string;
  secretKey?: string;
  /** The private ES256 JWK that signs users' tokens. A new one if absent. */
  signingKey?: JWK;
}

export type Claims = JWTPayload & { role?: string };

export interface Keys {
  jwtSecret: string;
  publishableKey: string;
  secretKey: string;
  /** Legacy JWT keys: HS256, `iss: supabase-demo`, `exp: 1983812996`. */
  anonKey: string;
  serviceRoleKey: string;
  /** The private signing key. The caller keeps it. */
  signingKey: JWK;
  /** The public keys, as /auth/v1/.well-known/jwks.json serves them. */
  jwks: { keys: JWK[] };
  /** True if a key is one of the CLI's publicly known keys. Then the platform may listen only on loopback. */
  wellKnown: boolean;
  /** Signs the claims with ES256 and adds none. The caller sets iat, exp and iss. */
  sign(claims: Claims): Promise<string>;
  /** Verifies the token. @returns its claims. @throws jose's JOSEError (JWTExpired, …) */
  verify(token: string): Promise<Claims>;
}

/** The most verified tokens to keep. A token leaves when it expires, or when newer ones need its place. */
const verifiedMax = 1000;

/** @throws RangeError if jwtSecret has fewer than 32 characters */
export async function createKeys(options: KeyOptions = {}): Promise<Keys> {
  const jwtSecret = options.jwtSecret ?? localDefaults.jwtSecret;
  if (jwtSecret.length < 32) throw new RangeError("jwtSecret needs at least 32 characters");
  const publishableKey = options.publishableKey ?? localDefaults.publishableKey;
  const secretKey = options.secretKey ?? localDefaults.secretKey;
  const secret = new TextEncoder().encode(jwtSecret);
  const signingKey = options.signingKey ?? (await createSigningKey());
  const { d: _private, ...publicKey } = signingKey;
  const jwks = { keys: [{ ...publicKey, key_ops: ["verify"] }] };
  const privateKey = await importJWK(signingKey, "ES256");
  const localSet = createLocalJWKSet(jwks);

  const legacy = (role: string) =>
    new SignJWT({ iss: "supabase-demo", role, exp: 1983812996 })
      .setProtectedHeader({ alg: "HS256", typ: "JWT" })
      .sign(secret);

  const verified = new Map<string, Claims>();

  return {
    jwtSecret,
    publishableKey,
    secretKey,
    anonKey: await legacy("anon"),
    serviceRoleKey: await legacy("service_role"),
    signingKey,
    jwks,
    wellKnown: jwtSecret === localDefaults.jwtSecret || secretKey === localDefaults.secretKey,
    sign: (claims) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: "ES256", kid: signingKey.kid as string, typ: "JWT" })
        .sign(privateKey),
    async verify(token) {
      const known = verified.get(token);
      const nowS = Date.now() / 1000;
      if (known && (known.exp === undefined || known.exp > nowS)) return known;
      verified.delete(token);
      const options: JWTVerifyOptions = { algorithms: ["ES256", "HS256"] };
      const { payload } = await jwtVerify<Claims>(
        token,
        (header, jws) => (header.alg === "HS256" ? secret : localSet(header, jws)),
        options,
      );
      if (verified.size >= verifiedMax) verified.delete(verified.keys().next().value as string);
      verified.set(token, payload);
      return payload;
    },
  };
}

/** A new private ES256 key with a random kid. */
export async function createSigningKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(privateKey)), kid: crypto.randomUUID(), use: "sig", alg: "ES256" };
}
