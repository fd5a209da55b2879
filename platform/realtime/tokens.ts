/**
 * Verifies tokens, and refuses bad ones in Realtime's words.
 * Source: supabase/realtime lib/realtime_web/channels/auth.
 */
import type { Claims, Keys } from "../keys.ts";
import type { Identity } from "./database-side.ts";

/** A token that is not valid. A join's reason begins with `code`. */
export class TokenError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "TokenError";
    this.code = code;
  }
}

export interface VerifiedToken {
  token: string;
  identity: Identity;
  expiresMs: number;
}

/**
 * Verifies a token.
 * @param headers the connection's, for policies
 * @throws TokenError
 */
export async function verifyToken(
  given: string,
  headers: Record<string, string>,
  keys: Pick<Keys, "verify">,
): Promise<VerifiedToken> {
  let claims: Claims;
  try {
    claims = await keys.verify(cleaned(given));
  } catch (cause) {
    throw refusal(cause);
  }
  const { role, exp } = claims;
  if (typeof role !== "string" || exp === undefined) {
    throw new TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
  }
  return { token: given, identity: { role, claims, headers }, expiresMs: exp * 1000 };
}

/** Removes line breaks and percent-encoding, which people copy along with a token. */
function cleaned(token: string): string {
  try {
    return decodeURIComponent(token).replace(/\s/g, "");
  } catch {
    return token;
  }
}

/** Translates an error of jose into Realtime's words. */
function refusal(cause: unknown): TokenError {
  const { code, payload } = (cause ?? {}) as { code?: string; payload?: Claims };
  switch (code) {
    case "ERR_JWT_EXPIRED": {
      const agoS = Math.max(0, Math.floor(Date.now() / 1000) - (payload?.exp ?? 0));
      return new TokenError("InvalidJWTToken", `Token has expired ${agoS} seconds ago`);
    }
    case "ERR_JWS_SIGNATURE_VERIFICATION_FAILED":
      return new TokenError("JwtSignatureError", "Failed to validate JWT signature");
    case "ERR_JWKS_NO_MATCHING_KEY":
    case "ERR_JWKS_MULTIPLE_MATCHING_KEYS":
    case "ERR_JOSE_ALG_NOT_ALLOWED":
    case "ERR_JOSE_NOT_SUPPORTED":
      return new TokenError(
        "JwtSignerError",
        "Failed to generate JWT signer, check your JWT secret or JWKS configuration",
      );
  }
  return new TokenError("MalformedJWT", "The token provided is not a valid JWT");
}
