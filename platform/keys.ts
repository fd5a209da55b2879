/**
 * The project's API keys, and the JWTs for them. Auth signs tokens with this module. The
 * gateway replaces API keys by JWTs with it. Rest and functions verify tokens with it.
 */
import {
  createLocalJWKSet,
  errors,
  importJWK,
  type JWK,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  SignJWT,
} from "jose";
import { PlatformError } from "./errors.ts";
import { createSigningKey, publicKeyOf, signingAlgorithms } from "./signing-keys.ts";

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
  /** Private JWKs. The first one signs users' tokens, and all of them verify. A new one if absent. */
  signingKeys?: JWK[];
}

export type Claims = JWTPayload & { role?: string };

export interface Keys {
  jwtSecret: string;
  publishableKey: string;
  secretKey: string;
  /** Legacy JWT keys: HS256, `iss: supabase-demo`, `exp: 1983812996`. */
  anonKey: string;
  serviceRoleKey: string;
  /** The public parts of the signing keys, as /auth/v1/.well-known/jwks.json serves them. */
  jwks: { keys: JWK[] };
  /** True if a key is one of the CLI's publicly known keys. Then the platform may listen only on loopback. */
  wellKnown: boolean;
  /** Signs the claims with the first signing key and adds none. The caller sets iat, exp and iss. */
  sign(claims: Claims): Promise<string>;
  /**
   * Verifies the token. A role that is not a text is refused: as a text it would name a role.
   * @param skewS by how many seconds clocks may differ. 0 if absent
   * @returns its claims
   * @throws jose's JOSEError (JWTExpired, …)
   */
  verify(token: string, skewS?: number): Promise<Claims>;
}

/** The most verified tokens to keep. A token leaves when it expires, or when newer ones need its place. */
const verifiedMax = 1000;

/** @throws PlatformError keys_invalid */
export async function createKeys(options: KeyOptions = {}): Promise<Keys> {
  const jwtSecret = options.jwtSecret ?? localDefaults.jwtSecret;
  if (jwtSecret.length < 32) {
    throw new PlatformError(
      "keys_invalid",
      `JWT_SECRET has ${jwtSecret.length} characters, and needs at least 32. It is in the environment, or in a .env file.`,
    );
  }
  const publishableKey = options.publishableKey ?? localDefaults.publishableKey;
  const secretKey = options.secretKey ?? localDefaults.secretKey;
  const secret = new TextEncoder().encode(jwtSecret);
  const signingKeys = options.signingKeys ?? [await createSigningKey()];
  const [signingKey] = signingKeys;
  if (!signingKey?.kid || !signingKey.alg) throw new RangeError("a signing key needs kid and alg");
  const { kid, alg } = signingKey;
  const privateKey = await importJWK(signingKey);
  const jwks = { keys: signingKeys.map(publicKeyOf) };
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
    jwks,
    wellKnown: jwtSecret === localDefaults.jwtSecret || secretKey === localDefaults.secretKey,
    sign: (claims) => new SignJWT(claims).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(privateKey),
    async verify(token, skewS = 0) {
      const known = verified.get(token);
      const nowS = Date.now() / 1000;
      // Somebody else may have let it in with more skew.
      const { exp = Number.POSITIVE_INFINITY, nbf = Number.NEGATIVE_INFINITY } = known ?? {};
      if (known && exp > nowS - skewS && nbf <= nowS + skewS) return known;
      verified.delete(token);
      const options: JWTVerifyOptions = {
        algorithms: [...signingAlgorithms, "HS256"],
        clockTolerance: skewS,
      };
      const { payload } = await jwtVerify<Claims>(
        token,
        (header, jws) => (header.alg === "HS256" ? secret : localSet(header, jws)),
        options,
      );
      if (payload.role !== undefined && typeof payload.role !== "string") {
        throw new errors.JWTClaimValidationFailed(
          '"role" claim must be a string',
          payload,
          "role",
          "invalid",
        );
      }
      if (verified.size >= verifiedMax) verified.delete(verified.keys().next().value as string);
      verified.set(token, payload);
      return payload;
    },
  };
}
