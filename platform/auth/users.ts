/**
 * Rows of auth.users: finds and changes them, and shows one as the API does. new-users.ts makes them.
 * Source: supabase/auth internal/models/user.go.
 */

import { createHash } from "node:crypto";
import type { Db, Json } from "./db.ts";
import { emailTaken, internal } from "./errors.ts";
import { findIdentities, type Identity, identityJson, providersOf } from "./identities.ts";

export interface User {
  id: string;
  aud: string;
  role: string;
  email: string | null;
  encrypted_password: string | null;
  email_confirmed_at: Date | null;
  invited_at: Date | null;
  confirmation_token: string | null;
  confirmation_sent_at: Date | null;
  recovery_token: string | null;
  recovery_sent_at: Date | null;
  email_change_token_new: string | null;
  email_change_token_current: string | null;
  email_change: string | null;
  email_change_sent_at: Date | null;
  email_change_confirm_status: number | null;
  last_sign_in_at: Date | null;
  raw_app_meta_data: Json | null;
  raw_user_meta_data: Json | null;
  created_at: Date;
  updated_at: Date;
  phone: string | null;
  phone_confirmed_at: Date | null;
  confirmed_at: Date | null;
  banned_until: Date | null;
  reauthentication_token: string | null;
  reauthentication_sent_at: Date | null;
  is_sso_user: boolean;
  deleted_at: Date | null;
  is_anonymous: boolean;
  /** Only of a user who has just signed up. They are read from the database if absent. */
  identities?: Identity[];
}

/** The unique index on auth.users that keeps an address to one user. */
const emailKey = "users_email_partial_key";
/** The only audience that local and hosted projects use. */
export const audience = "authenticated";
export const instanceId = "00000000-0000-0000-0000-000000000000";

export async function findUserById(sql: Db, id: string): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    select * from auth.users where instance_id = ${instanceId} and id = ${id}
  `;
  return user;
}

/**
 * @param email in lower case
 * @param lock keeps other transactions from changing the user until this one ends
 */
export async function findUserByEmail(sql: Db, email: string, lock = false): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    select * from auth.users
    where instance_id = ${instanceId}
      and lower(email) = ${email}
      and aud = ${audience}
      and not is_sso_user
    ${lock ? sql`for update` : sql``}
  `;
  return user;
}

/** Finds the user who has an address, as their own or in an identity. Ignores the user `except`. */
export async function findEmailHolder(sql: Db, email: string, except?: string): Promise<User | undefined> {
  const [user] = await sql<User[]>`
    with holders (id) as (
      select user_id from auth.identities where email = ${email} and provider not like 'sso:%'
      union
      select id from auth.users
      where instance_id = ${instanceId} and lower(email) = ${email} and not is_sso_user
    )
    select users.*
    from auth.users
    join holders using (id)
    where aud = ${audience} and id is distinct from ${except ?? null}
    limit 1
  `;
  return user;
}

export type Changes = Partial<Omit<User, "id" | "created_at" | "updated_at" | "confirmed_at" | "identities">>;

/** Whether two users wanted one address at the same moment, and this is the later one. */
export function isEmailKey(cause: unknown): boolean {
  return cause instanceof Error && "constraint_name" in cause && cause.constraint_name === emailKey;
}

/**
 * @param beside another statement, to be done in the same one
 * @throws AuthError email_exists, unexpected_failure, or postgres's error when the database or a trigger refuses
 */
export async function updateUser(
  sql: Db,
  id: string,
  changes: Changes,
  beside?: PromiseLike<unknown>,
): Promise<User> {
  const columns = Object.fromEntries(
    Object.entries(changes).map(([column, value]) => [
      column,
      column.startsWith("raw_") ? sql.json(value as never) : value,
    ]),
  );
  const [row] = await sql<User[]>`
    ${beside ? sql`with beside as (${beside as never})` : sql``}
    update auth.users set ${sql(columns as never)}, updated_at = now() where id = ${id} returning *
  `.catch((cause) => {
    throw isEmailKey(cause) ? emailTaken(cause) : cause;
  });
  if (!row) throw internal("Error updating user");
  return row;
}

/** Merges `changes` into metadata. The value null removes a key. */
export function mergeMetadata(metadata: Json | null, changes: Json): Json {
  const merged: Json = { ...metadata };
  for (const [key, value] of Object.entries(changes)) {
    if (value === null) delete merged[key];
    else merged[key] = value;
  }
  return merged;
}

export async function clearOneTimeTokens(sql: Db, userId: string): Promise<void> {
  await sql`delete from auth.one_time_tokens where user_id = ${userId}`;
}

/** Marks the address as confirmed. The user's open tokens end. */
export async function confirmUser(sql: Db, user: User): Promise<User> {
  const confirmed = await updateUser(sql, user.id, {
    confirmation_token: "",
    email_confirmed_at: new Date(),
    raw_user_meta_data: mergeMetadata(user.raw_user_meta_data, { email_verified: true }),
  });
  await clearOneTimeTokens(sql, user.id);
  return confirmed;
}

/** Sets a new password. Ends all open tokens, and all sessions except `keepSession`. */
export async function changePassword(
  sql: Db,
  id: string,
  passwordHash: string | null,
  keepSession?: string,
): Promise<User> {
  const changed = await updateUser(sql, id, {
    encrypted_password: passwordHash,
    confirmation_token: "",
    confirmation_sent_at: null,
    recovery_token: "",
    recovery_sent_at: null,
    email_change_token_current: "",
    email_change_token_new: "",
    email_change_sent_at: null,
    reauthentication_token: "",
    reauthentication_sent_at: null,
  });
  await clearOneTimeTokens(sql, id);
  await sql`
    delete from auth.sessions where user_id = ${id} and id is distinct from ${keepSession ?? null}
  `;
  return changed;
}

/** Writes `provider` and `providers` of app_metadata again, from the user's identities. */
export async function refreshProviders(sql: Db, user: User): Promise<User> {
  const providers = await providersOf(sql, user.id);
  return updateUser(sql, user.id, {
    raw_app_meta_data: mergeMetadata(user.raw_app_meta_data, {
      providers,
      ...(providers[0] ? { provider: providers[0] } : {}),
    }),
  });
}

export function isBanned(user: User): boolean {
  return user.banned_until !== null && user.banned_until.getTime() > Date.now();
}

/** Replaces a value of a deleted person by a text that is unique and cannot be read back. */
export function obfuscate(userId: string, value: string): string {
  return createHash("sha256")
    .update(userId + value)
    .digest("base64url");
}

/** A user as the API and hooks show it, without identities. */
export function userFields(user: User): Json {
  const shown: Json = {
    id: user.id,
    aud: user.aud,
    role: user.role,
    email: user.email ?? "",
    email_confirmed_at: user.email_confirmed_at,
    invited_at: user.invited_at,
    phone: user.phone ?? "",
    phone_confirmed_at: user.phone_confirmed_at,
    confirmation_sent_at: user.confirmation_sent_at,
    confirmed_at: user.confirmed_at,
    recovery_sent_at: user.recovery_sent_at,
    new_email: user.email_change || null,
    email_change_sent_at: user.email_change_sent_at,
    reauthentication_sent_at: user.reauthentication_sent_at,
    last_sign_in_at: user.last_sign_in_at,
    app_metadata: user.raw_app_meta_data ?? {},
    user_metadata: user.raw_user_meta_data ?? {},
    created_at: user.created_at,
    updated_at: user.updated_at,
    banned_until: user.banned_until,
    deleted_at: user.deleted_at,
    is_anonymous: user.is_anonymous,
  };
  return Object.fromEntries(Object.entries(shown).filter(([, value]) => value !== null));
}

/** A user as the API shows it, with identities. */
export async function userJson(sql: Db, user: User): Promise<Json> {
  const identities = user.identities ?? (await findIdentities(sql, [user.id]));
  return { ...userFields(user), identities: identities.map(identityJson) };
}
