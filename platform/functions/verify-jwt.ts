/**
 * The gate in front of functions with `verify_jwt = true`: any token that the
 * project signed passes, whatever its role. The gateway has already put a JWT
 * in place of an API key.
 */
import { decodeProtectedHeader } from "jose";
import type { Keys } from "../keys.ts";
import { FunctionError } from "./errors.ts";

/** @throws FunctionError UNAUTHORIZED_… (supabase.com/docs/guides/functions/error-codes, "Authentication Errors") */
export async function verifyJwt(request: Request, keys: Pick<Keys, "verify">): Promise<void> {
  const header = request.headers.get("authorization");
  if (!header) throw new FunctionError("UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header");
  const token = /^Bearer (\S+)$/i.exec(header)?.[1];
  if (!token) {
    throw new FunctionError("UNAUTHORIZED_INVALID_JWT_FORMAT", "Auth header is not 'Bearer {token}'");
  }
  const algorithm = algorithmOf(token);
  if (algorithm !== "ES256" && algorithm !== "RS256" && algorithm !== "HS256") {
    const named = /^[\w-]{1,20}$/.test(algorithm) ? ` ${algorithm}` : "";
    throw new FunctionError("UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", `Unsupported JWT algorithm${named}`);
  }
  await keys.verify(token).catch(() => {
    throw new FunctionError(
      algorithm === "HS256" ? "UNAUTHORIZED_LEGACY_JWT" : "UNAUTHORIZED_ASYMMETRIC_JWT",
      "Invalid JWT",
    );
  });
}

function algorithmOf(token: string): string {
  try {
    return decodeProtectedHeader(token).alg ?? "";
  } catch {
    throw new FunctionError("UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT");
  }
}
