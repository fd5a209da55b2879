/**
 * Codes and links by mail. A code has a few digits. The link carries a hash of the
 * address and the code. The database keeps only that hash, in two places: in the row
 * of the user, and in auth.one_time_tokens, where links look it up.
 * Source: supabase/auth internal/api/mail.go, internal/models/one_time_token.go.
 */

import { createHash, randomInt } from "node:crypto";
import { LastStatements } from "../database/pool.ts";
import type { Call, Context } from "./context.ts";
import type { Db } from "./db.ts";
import { confirmsBoth, sendMail } from "./mail/send.ts";
import { tooSoon } from "./mail-frequency.ts";
import { type Changes, type User, updateUser } from "./users.ts";

export type TokenType =
  | "confirmation_token"
  | "recovery_token"
  | "reauthentication_token"
  | "email_change_token_new"
  | "email_change_token_current";

type SentAt = "confirmation_sent_at" | "recovery_sent_at" | "reauthentication_sent_at";

const kinds = {
  signup: { type: "confirmation_token", sentAt: "confirmation_sent_at" },
  invite: { type: "confirmation_token", sentAt: "confirmation_sent_at" },
  recovery: { type: "recovery_token", sentAt: "recovery_sent_at" },
  magiclink: { type: "recovery_token", sentAt: "recovery_sent_at" },
  reauthentication: { type: "reauthentication_token", sentAt: "reauthentication_sent_at" },
} as const satisfies Record<string, { type: TokenType; sentAt: SentAt }>;

export type TokenKind = keyof typeof kinds;

/** Makes a random code. Every code of `digits` digits is equally likely. */
export function createOtp(digits: number): string {
  return Array.from({ length: digits }, () => randomInt(10)).join("");
}

/** The SHA-224 hash of address and code, in hex. @param email in lower case */
export function hashOtp(email: string, otp: string): string {
  return createHash("sha224")
    .update(email + otp)
    .digest("hex");
}

const pkcePrefix = "pkce_";

export function isPkceToken(token: string): boolean {
  return token.startsWith(pkcePrefix);
}

/**
 * Makes a token and mails it.
 * @param pkce whether the link works only for a client that holds a code verifier
 * @param changes what else to write into the user's row
 * @returns what stores the token, as the end of the transaction. Its result is the user with the token
 * @throws AuthError over_email_send_rate_limit, and what sendMail throws
 */
export async function sendToken(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  kind: TokenKind,
  pkce = false,
  changes: Changes = {},
): Promise<LastStatements<User>> {
  const { type, sentAt } = kinds[kind];
  // Only administrators invite, and max_frequency does not apply to them.
  if (kind !== "invite") checkFrequency(context, user[sentAt]);
  const otp = createOtp(context.config.email.otp_length);
  const hash = (pkce ? pkcePrefix : "") + hashOtp(user.email ?? "", otp);
  await sendMail(
    context,
    call,
    sql,
    { ...user, [type]: hash },
    { action: kind, token: otp, tokenHash: hash },
  );
  return new LastStatements(() => saveToken(context, sql, user, kind, hash, changes));
}

/** Stores a hash so that it can be used, but sends no mail. */
export async function saveToken(
  context: Context,
  sql: Db,
  user: User,
  kind: TokenKind,
  hash: string,
  changes: Changes = {},
): Promise<User> {
  const { type, sentAt } = kinds[kind];
  const now = new Date();
  const saved = await updateUser(
    sql,
    user.id,
    { ...changes, [type]: hash, [sentAt]: now, ...(kind === "invite" ? { invited_at: now } : {}) },
    oneTimeToken(context, sql, user.id, user.email ?? "", hash, type),
  );
  // As in GoTrue, the answer has the time of this mail, also if a trigger keeps another one.
  return { ...user, ...saved, [sentAt]: now };
}

/**
 * Mails a code to the new address and, with double_confirm_changes, another one to
 * the present address. @throws what sendToken throws
 */
export async function sendEmailChange(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  newEmail: string,
  pkce = false,
): Promise<User> {
  checkFrequency(context, user.email_change_sent_at);
  const prefix = pkce ? pkcePrefix : "";
  const digits = context.config.email.otp_length;
  const both = confirmsBoth(context, user);
  const otpNew = createOtp(digits);
  const otpCurrent = both ? createOtp(digits) : "";
  const changes = {
    email_change: newEmail,
    email_change_token_new: prefix + hashOtp(newEmail, otpNew),
    email_change_token_current: both ? prefix + hashOtp(user.email ?? "", otpCurrent) : "",
    email_change_confirm_status: 0,
  };
  await sendMail(
    context,
    call,
    sql,
    { ...user, ...changes },
    {
      action: "email_change",
      token: otpCurrent,
      tokenHash: changes.email_change_token_new,
      tokenNew: otpNew,
    },
  );
  return saveEmailChange(context, sql, user, changes);
}

/** Stores the hashes of a change of address so that they can be used, but sends no mail. */
export async function saveEmailChange(
  context: Context,
  sql: Db,
  user: User,
  changes: {
    email_change: string;
    email_change_token_new?: string;
    email_change_token_current?: string;
    email_change_confirm_status: number;
  },
): Promise<User> {
  const saved = await updateUser(sql, user.id, { ...changes, email_change_sent_at: new Date() });
  const { email_change_token_current: current, email_change_token_new: next } = changes;
  if (current) {
    const type = "email_change_token_current";
    await oneTimeToken(context, sql, user.id, user.email ?? "", current, type);
  }
  if (next) {
    const type = "email_change_token_new";
    await oneTimeToken(context, sql, user.id, changes.email_change, next, type);
  }
  return saved;
}

/** The statement that stores a token: a query of its own, or a part of another one. */
function oneTimeToken(
  context: Context,
  sql: Db,
  userId: string,
  relatesTo: string,
  hash: string,
  type: TokenType,
) {
  return sql`
    insert into auth.one_time_tokens (id, user_id, token_type, token_hash, relates_to, expires_at)
    values (
      ${crypto.randomUUID()}, ${userId}, ${type}, ${hash}, ${relatesTo.toLowerCase()},
      now() + make_interval(secs => ${context.config.email.otp_expiry})
    )
    on conflict (user_id, token_type) do update
    set
      id = excluded.id,
      token_hash = excluded.token_hash,
      relates_to = excluded.relates_to,
      created_at = excluded.created_at,
      updated_at = excluded.updated_at,
      expires_at = excluded.expires_at
  `;
}

/**
 * Finds the user of a token and locks the row. If two calls have the same
 * token, the second one waits and then finds the token used.
 */
export async function findTokenOwner(sql: Db, hash: string, types: TokenType[]): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    select users.*
    from auth.one_time_tokens tokens
    join auth.users on users.id = tokens.user_id
    where tokens.token_hash = ${hash} and tokens.token_type::text = any(${types})
    for update
  `;
  return user;
}

/** Whether a code is the one that was sent, and has not expired. */
export function isValid(
  context: Context,
  hash: string,
  expected: string | null,
  sentAt: Date | null,
): boolean {
  if (!expected || isExpired(context, sentAt)) return false;
  return expected === hash || expected === pkcePrefix + hash;
}

export function isExpired(context: Context, sentAt: Date | null): boolean {
  return sentAt === null || Date.now() > sentAt.getTime() + context.config.email.otp_expiry * 1000;
}

function checkFrequency(context: Context, sentAt: Date | null): void {
  const waitMs = sentAt ? sentAt.getTime() + context.config.email.max_frequency - Date.now() : 0;
  if (waitMs > 0) throw tooSoon(waitMs);
}
