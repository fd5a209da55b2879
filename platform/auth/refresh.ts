/**
 * Refresh tokens. A client uses each one once and gets the next one. If a used token
 * comes back soon, the client asked twice or lost the answer, so it gets the token that
 * is valid now. If it comes back late, somebody has stolen it or its successor. Then
 * the session ends, for the owner and for the thief.
 * Source: supabase/auth internal/tokens/service.go (RefreshTokenGrant).
 */

import { setTimeout as sleep } from "node:timers/promises";
import { audit } from "./audit.ts";
import type { Call, Context } from "./context.ts";
import type { Db } from "./db.ts";
import { AuthError, badRequest } from "./errors.ts";
import {
  findSession,
  type Grant,
  grant,
  insertRefreshToken,
  refreshTokenLength,
  type Session,
} from "./sessions.ts";
import { findUserById, isBanned } from "./users.ts";

interface RefreshToken {
  id: string;
  token: string;
  user_id: string;
  session_id: string | null;
  parent: string | null;
  revoked: boolean;
  updated_at: Date;
}

/** How long a refresh waits for another refresh of the same session. */
const patienceMs = 5000;

/**
 * @throws AuthError refresh_token_not_found, refresh_token_already_used,
 *   session_not_found, session_expired, user_banned, conflict
 */
export async function refreshSession(context: Context, call: Call, token: string): Promise<Grant> {
  if (token.length !== refreshTokenLength) throw notFound();
  const deadlineMs = Date.now() + patienceMs;
  while (Date.now() < deadlineMs) {
    const result = await context.sql.begin((sql) => refreshOnce(context, call, sql, token));
    if (result === "reused") {
      throw badRequest("refresh_token_already_used", "Invalid Refresh Token: Already Used");
    }
    if (result !== "locked") return result;
    // We wait here and not in the database, so that the pool's connections stay free.
    await sleep(10 + Math.random() * 20);
  }
  throw new AuthError(
    409,
    "conflict",
    "Too many concurrent token refresh requests on the same session or refresh token",
  );
}

/** Returns "reused" instead of throwing, because the end of the family must be committed. */
async function refreshOnce(
  context: Context,
  call: Call,
  sql: Db,
  value: string,
): Promise<Grant | "locked" | "reused"> {
  const [seen] = await sql<RefreshToken[]>`select * from auth.refresh_tokens where token = ${value}`;
  const user = seen && (await findUserById(sql, seen.user_id));
  if (!seen || !user) throw notFound();
  if (isBanned(user)) throw badRequest("user_banned", "Invalid Refresh Token: User Banned");
  const session = seen.session_id ? await findSession(sql, seen.session_id) : undefined;
  if (!session) throw badRequest("session_not_found", "Invalid Refresh Token: No Valid Session Found");
  checkValidity(context, session, seen);

  const locked = await sql`
    select 1 from auth.sessions where id = ${session.id} for update skip locked
  `;
  if (locked.length === 0) return "locked";
  const [token] = await sql<RefreshToken[]>`select * from auth.refresh_tokens where token = ${value}`;
  if (!token) throw notFound();

  const next = token.revoked
    ? await tokenInForce(context, sql, session, token)
    : await swap(sql, user.id, session, token);
  if (next === undefined) {
    if (context.config.enable_refresh_token_rotation) {
      await sql`
        update auth.refresh_tokens
        set revoked = true, updated_at = now()
        where session_id = ${session.id} and not revoked
      `;
    }
    return "reused";
  }
  await audit(sql, user, "token_refreshed");
  if (!token.revoked) await audit(sql, user, "token_revoked");
  await sql`
    update auth.sessions
    set refreshed_at = now() at time zone 'UTC', user_agent = ${call.userAgent || null}, ip = ${call.ip || null}
    where id = ${session.id}
  `;
  return grant(context, call, sql, user, session.id, next, "token_refresh");
}

/** The token that a client gets for a used one. Undefined when it comes back too late. */
async function tokenInForce(
  context: Context,
  sql: Db,
  session: Session,
  used: RefreshToken,
): Promise<string | undefined> {
  const [active] = await sql<RefreshToken[]>`
    select * from auth.refresh_tokens
    where session_id = ${session.id} and not revoked
    order by id desc
    limit 1
  `;
  // An ended family stays ended, even when one of its tokens comes back soon.
  if (!active) return undefined;
  // The client never got the answer to its last refresh.
  if (active.parent === used.token) return active.token;
  const reusableUntilMs = used.updated_at.getTime() + context.config.refresh_token_reuse_interval * 1000;
  return Date.now() <= reusableUntilMs ? active.token : undefined;
}

async function swap(sql: Db, userId: string, session: Session, used: RefreshToken): Promise<string> {
  await sql`
    update auth.refresh_tokens set revoked = true, updated_at = now() where id = ${used.id}
  `;
  return insertRefreshToken(sql, userId, session.id, used.token);
}

function checkValidity(context: Context, session: Session, token: RefreshToken): void {
  const { timebox, inactivity_timeout: inactivity } = context.config.sessions;
  const nowMs = Date.now();
  const expired = (why = "") => badRequest("session_expired", `Invalid Refresh Token: Session Expired${why}`);
  if (session.not_after && nowMs > session.not_after.getTime()) throw expired();
  if (timebox && nowMs > session.created_at.getTime() + timebox) throw expired();
  const lastUse = session.refreshed_at ?? token.updated_at;
  if (inactivity && nowMs > lastUse.getTime() + inactivity) throw expired(" (Inactivity)");
}

function notFound(): AuthError {
  return badRequest("refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found");
}
