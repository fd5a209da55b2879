/**
 * Finds out who calls: the user of an access token, with their session, or an
 * administrator. Source: supabase/auth internal/api/auth.go.
 */
import { errors } from "jose";
import { keyTokenHeader } from "../gateway/api-keys.ts";
import type { Claims } from "../keys.ts";
import type { Call, Context } from "./context.ts";
import { AuthError, badRequest, forbidden } from "./errors.ts";
import { findSession, type Session } from "./sessions.ts";
import { findUserById, type User } from "./users.ts";

export interface Caller {
  user: User;
  claims: Claims;
  /** Absent when the token names no session. */
  session: Session | undefined;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
export const isUuid = (text: string): boolean => uuid.test(text);

/** @throws AuthError no_authorization, bad_jwt, user_not_found, session_not_found */
export async function requireUser(context: Context, call: Call): Promise<Caller> {
  const claims = await readToken(context, call.request.headers.get("authorization"));
  if (!claims.sub) throw forbidden("bad_jwt", "invalid claim: missing sub claim");
  if (!isUuid(claims.sub)) throw badRequest("bad_jwt", "invalid claim: sub claim must be a UUID");
  const user = await findUserById(context.sql, claims.sub);
  if (!user) throw forbidden("user_not_found", "User from sub claim in JWT does not exist");
  const sessionId = claims.session_id;
  if (sessionId === undefined || sessionId === "") return { user, claims, session: undefined };
  if (typeof sessionId !== "string" || !isUuid(sessionId)) {
    throw forbidden("bad_jwt", "invalid claim: session_id claim must be a UUID");
  }
  const session = await findSession(context.sql, sessionId);
  if (!session || session.user_id !== user.id) {
    throw forbidden("session_not_found", "Session from session_id claim in JWT does not exist");
  }
  return { user, claims, session };
}

/**
 * An API key alone is enough for an administrator. The gateway puts its JWT into sb-api-key.
 * @returns the administrator's role
 * @throws AuthError no_authorization, bad_jwt, not_admin
 */
export async function requireAdmin(context: Context, call: Call): Promise<string> {
  const { headers } = call.request;
  const { role } = await readToken(context, headers.get("authorization") ?? headers.get(keyTokenHeader));
  if (role !== "service_role" && role !== "supabase_admin") throw forbidden("not_admin", "User not allowed");
  return role;
}

async function readToken(context: Context, header: string | null): Promise<Claims> {
  const token = /^[Bb]earer (\S+)$/.exec(header ?? "")?.[1];
  if (!token) throw new AuthError(401, "no_authorization", "This endpoint requires a Bearer token");
  try {
    return await context.keys.verify(token);
  } catch (cause) {
    throw forbidden("bad_jwt", `invalid JWT: unable to parse or verify signature, ${reason(cause)}`);
  }
}

/** Says what is wrong with a token, in the words of GoTrue's JWT library. */
function reason(cause: unknown): string {
  if (cause instanceof errors.JWTClaimValidationFailed) {
    return `token has invalid claims: the claim ${cause.claim} has a wrong type or value`;
  }
  if (cause instanceof errors.JWTExpired) return "token has invalid claims: token is expired";
  if (cause instanceof errors.JWSSignatureVerificationFailed) {
    return "token signature is invalid: signature is invalid";
  }
  if (cause instanceof errors.JWKSNoMatchingKey) {
    return "token is unverifiable: error while executing keyfunc: unrecognized JWT kid";
  }
  return "token is malformed: token contains an invalid number of segments";
}
