/** Finds out who sends a request: the user of the JWT in its Authorization header, or somebody anonymous. */
import type { Claims, Keys } from "../keys.ts";
import { RestError } from "./errors.ts";

export interface Identity {
  role: string;
  anonymous: boolean;
  /** Role and user: who shares the pool with others. Undefined if anonymous; the client's network then counts. */
  caller: string | undefined;
  /** The value of the setting `request.jwt.claims`. */
  claimsJson: string;
}

export const anonymousRole = "anon";

const anonymous: Identity = {
  role: anonymousRole,
  anonymous: true,
  caller: undefined,
  claimsJson: JSON.stringify({ role: anonymousRole }),
};

/** The most seconds by which clocks may differ, as in PostgREST. */
const skewS = 30;

/** The identities of tokens seen before. They are kept as long as the keys keep the claims. */
const identities = new WeakMap<Claims, Identity>();

/** @throws RestError PGRST301, PGRST303 */
export async function identify(header: string | null, keys: Pick<Keys, "verify">): Promise<Identity> {
  const scheme = /^bearer(?:\s+|$)/i.exec(header ?? "");
  if (header === null || !scheme) return anonymous;
  const token = header.slice(scheme[0].length).trim();
  if (token === "") throw refused("PGRST301", "Empty JWT is sent in Authorization header");
  const parts = token.split(".").length;
  if (parts !== 3) throw refused("PGRST301", `Expected 3 parts in JWT; got ${parts}`);
  let claims: Claims;
  try {
    claims = await keys.verify(token, skewS);
  } catch (cause) {
    throw unverified(cause);
  }
  const known = identities.get(claims);
  if (known) return known;
  if (claims.iat !== undefined && claims.iat > Date.now() / 1000 + skewS) {
    throw refused("PGRST303", "JWT issued at future");
  }
  const role = claims.role ?? anonymousRole;
  const identity = {
    role,
    anonymous: role === anonymousRole,
    caller: role === anonymousRole ? undefined : `${role} ${claims.sub ?? ""}`,
    claimsJson: JSON.stringify({ ...claims, role }),
  };
  identities.set(claims, identity);
  return identity;
}

/** Says jose's errors in PostgREST's words. */
function unverified(cause: unknown): RestError {
  const { code, claim } = (cause ?? {}) as { code?: string; claim?: string };
  switch (code) {
    case "ERR_JWT_EXPIRED":
      return refused("PGRST303", "JWT expired");
    case "ERR_JWT_CLAIM_VALIDATION_FAILED":
      if (claim === "nbf") return refused("PGRST303", "JWT not yet valid");
      if (claim === "aud") return refused("PGRST303", "JWT not in audience");
      return refused(
        "PGRST303",
        `The JWT '${claim}' claim must be a ${claim === "role" ? "string" : "number"}`,
      );
    case "ERR_JOSE_ALG_NOT_ALLOWED":
    case "ERR_JOSE_NOT_SUPPORTED":
      return refused("PGRST301", "Wrong or unsupported encoding algorithm");
    case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
    case "ERR_JWKS_NO_MATCHING_KEY":
    case "ERR_JWKS_MULTIPLE_MATCHING_KEYS":
      return refused(
        "PGRST301",
        "No suitable key or wrong key type",
        "None of the keys was able to decode the JWT",
      );
  }
  return refused("PGRST301", "JWT cryptographic operation failed");
}

function refused(code: string, message: string, details: string | null = null): RestError {
  return new RestError(401, code, message, details, null, [
    ["WWW-Authenticate", `Bearer error="invalid_token", error_description=${JSON.stringify(message)}`],
  ]);
}
