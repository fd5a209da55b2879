/**
 * The check before functions with `verify_jwt = true`. Every token that the project signed
 * passes, with any role. An `sb_…` key is not a token. If a caller has only such a key, the
 * gateway puts the key's JWT into the header sb-api-key
 * (github.com/supabase/cli/pull/5509).
 */
import { decodeProtectedHeader } from "jose";
import { keyTokenHeader } from "../gateway/api-keys.ts";
import type { Keys } from "../keys.ts";
import { FunctionError } from "./errors.ts";

/** @throws FunctionError UNAUTHORIZED_… (supabase.com/docs/guides/functions/error-codes, "Authentication Errors") */
export async function verifyJwt(request: Request, keys: Pick<Keys, "verify">): Promise<void> {
  const header = request.headers.get("authorization");
  const minted = /^(?:Bearer )?(\S+)$/i.exec(request.headers.get(keyTokenHeader) ?? "")?.[1];
  if (!header && !minted) {
    throw new FunctionError("UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header");
  }
  const bearer = /^Bearer (\S+)$/i.exec(header ?? "")?.[1];
  const token = !bearer || bearer.startsWith("sb_") ? (minted ?? bearer) : bearer;
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
