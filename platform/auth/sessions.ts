/**
 * Sessions. A session begins when a user proves who they are. Refresh tokens keep it
 * going. Deleting its row ends it. Source: supabase/auth internal/models/sessions.go,
 * refresh_token.go, internal/tokens/service.go.
 */

import { randomBytes } from "node:crypto";
import { type Method, signAccessToken } from "./access-token.ts";
import type { Call, Context } from "./context.ts";
import type { Db, Json } from "./db.ts";
import { type User, updateUser, userJson } from "./users.ts";

export interface Session {
  id: string;
  user_id: string;
  created_at: Date;
  not_after: Date | null;
  /** When its token was last refreshed. Null before the first refresh. */
  refreshed_at: Date | null;
}

/** What a client gets when it signs in or refreshes. */
export interface Grant {
  access_token: string;
  token_type: "bearer";
  expires_in: number;
  /** Seconds since 1970. */
  expires_at: number;
  refresh_token: string;
  user: Json;
}

export async function findSession(sql: Db, id: string): Promise<Session | undefined> {
  const [session] = await sql<Session[]>`
    select id, user_id, created_at, not_after, refreshed_at at time zone 'UTC' as refreshed_at
    from auth.sessions
    where id = ${id}
  `;
  return session;
}

/** Begins a session. @throws AuthError the error of a custom_access_token hook */
export async function startSession(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  method: Method,
): Promise<Grant> {
  const sessionId = crypto.randomUUID();
  await sql`
    insert into auth.sessions (id, user_id, aal, user_agent, ip, created_at, updated_at)
    values (${sessionId}, ${user.id}, 'aal1', ${call.userAgent || null}, ${call.ip || null}, now(), now())
  `;
  await sql`
    insert into auth.mfa_amr_claims (id, session_id, authentication_method, created_at, updated_at)
    values (${crypto.randomUUID()}, ${sessionId}, ${method}, now(), now())
  `;
  const refreshToken = await insertRefreshToken(sql, user.id, sessionId, null);
  const signedIn = await updateUser(sql, user.id, { last_sign_in_at: new Date() });
  return grant(context, call, sql, signedIn, sessionId, refreshToken, method);
}

/** Signs an access token for a session. @returns it together with the refresh token */
export async function grant(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  sessionId: string,
  refreshToken: string,
  method: Method,
): Promise<Grant> {
  const { token, expiresAtS } = await signAccessToken(context, call, sql, user, sessionId, method);
  return {
    access_token: token,
    token_type: "bearer",
    expires_in: Math.max(0, expiresAtS - Math.floor(Date.now() / 1000)),
    expires_at: expiresAtS,
    refresh_token: refreshToken,
    user: await userJson(sql, user),
  };
}

/** Makes a refresh token. @param parent the token that it replaces */
export async function insertRefreshToken(
  sql: Db,
  userId: string,
  sessionId: string,
  parent: string | null,
): Promise<string> {
  const token = createRefreshToken();
  await sql`
    insert into auth.refresh_tokens (
      instance_id, token, user_id, session_id, parent, revoked, created_at, updated_at
    )
    values (
      '00000000-0000-0000-0000-000000000000', ${token}, ${userId}, ${sessionId}, ${parent}, false, now(), now()
    )
  `;
  return token;
}

const tokenAlphabet = "abcdefghijklmnopqrstuvwxyz234567";
export const refreshTokenLength = 12;

/** Twelve characters of five random bits each, as in GoTrue. */
function createRefreshToken(): string {
  return Array.from(randomBytes(refreshTokenLength), (byte) => tokenAlphabet[byte & 31]).join("");
}

export type LogoutScope = "global" | "local" | "others";

/** Ends sessions. The database deletes their refresh tokens with them. */
export async function endSessions(
  sql: Db,
  userId: string,
  sessionId: string,
  scope: LogoutScope,
): Promise<void> {
  if (scope === "local") await sql`delete from auth.sessions where id = ${sessionId}`;
  else if (scope === "others") {
    await sql`delete from auth.sessions where user_id = ${userId} and id <> ${sessionId}`;
  } else await sql`delete from auth.sessions where user_id = ${userId}`;
}
