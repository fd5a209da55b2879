/**
 * Makes rows of auth.users. users.ts finds and changes them.
 * Source: supabase/auth internal/models/user.go.
 */
import { type Action, auditEntry } from "./audit.ts";
import type { Db, Json } from "./db.ts";
import { type AuthError, emailTaken, internal } from "./errors.ts";
import { emailIdentity, emailIdentityData, type Identity } from "./identities.ts";
import { audience, findUserById, instanceId, isEmailKey, type User } from "./users.ts";

export interface NewUser {
  id?: string;
  email: string | null;
  role?: string;
  /** A bcrypt hash. Empty for a user without a password. */
  passwordHash: string;
  appMetadata: Json;
  userMetadata: Json;
  anonymous?: boolean;
}

/**
 * @param sql a transaction; triggers on auth.users run in it too
 * @throws AuthError email_exists, unexpected_failure when the database or a trigger refuses the row
 */
export async function insertUser(sql: Db, user: NewUser): Promise<User> {
  const id = user.id ?? crypto.randomUUID();
  try {
    // Read it again, because triggers may have changed the row after it was inserted. Both
    // statements are sent together.
    const [, inserted] = await Promise.all([userRow(sql, { ...user, id }).execute(), findUserById(sql, id)]);
    return inserted as User;
  } catch (cause) {
    throw refused(cause);
  }
}

/**
 * Inserts somebody who signs up by e-mail, their identity, and a record of it for auditors.
 * @param sql a transaction; triggers on auth.users run in it too
 * @returns the user. Its metadata has the identity's data too, which the row does not have yet: the next
 *   change of the user has to write it
 * @throws what insertUser throws
 */
export async function insertEmailUser(
  sql: Db,
  user: NewUser & { id: string },
  action: Action,
): Promise<User> {
  const data = emailIdentityData(user.id, user.email ?? "", false, user.userMetadata);
  const entry = auditEntry(sql, unsavedUser(user), action, { provider: "email" });
  try {
    const [[identity], inserted] = await Promise.all([
      sql<Identity[]>`
        with
          inserted as (${userRow(sql, user)}),
          recorded as (${entry})
        ${emailIdentity(sql, user.id, data)}
      `.execute(),
      // Triggers may have changed the metadata after the row was inserted.
      findUserById(sql, user.id),
    ]);
    const { raw_user_meta_data: kept, ...row } = inserted as User;
    return { ...row, raw_user_meta_data: { ...kept, ...data }, identities: [identity as Identity] };
  } catch (cause) {
    throw refused(cause);
  }
}

function userRow(sql: Db, user: NewUser & { id: string }) {
  return sql`
    insert into auth.users (
      instance_id, id, aud, role, email, encrypted_password,
      confirmation_token, recovery_token, email_change_token_new, email_change,
      raw_app_meta_data, raw_user_meta_data, is_sso_user, is_anonymous, created_at, updated_at
    )
    values (
      ${instanceId}, ${user.id}, ${audience}, ${user.role ?? audience}, ${user.email},
      ${user.passwordHash}, '', '', '', '',
      ${sql.json(user.appMetadata as never)}, ${sql.json(user.userMetadata as never)},
      false, ${user.anonymous ?? false}, now(), now()
    )
  `;
}

function refused(cause: unknown): AuthError {
  return isEmailKey(cause) ? emailTaken(cause) : internal("Database error saving new user", cause);
}

/** A user that is not stored yet. Hooks are asked about it before it becomes a row. */
export function unsavedUser(user: NewUser): User {
  const now = new Date();
  return {
    id: user.id ?? crypto.randomUUID(),
    aud: audience,
    role: user.role ?? "",
    email: user.email,
    encrypted_password: user.passwordHash,
    email_confirmed_at: null,
    invited_at: null,
    confirmation_token: "",
    confirmation_sent_at: null,
    recovery_token: "",
    recovery_sent_at: null,
    email_change_token_new: "",
    email_change_token_current: "",
    email_change: "",
    email_change_sent_at: null,
    email_change_confirm_status: 0,
    last_sign_in_at: null,
    raw_app_meta_data: user.appMetadata,
    raw_user_meta_data: user.userMetadata,
    created_at: now,
    updated_at: now,
    phone: null,
    phone_confirmed_at: null,
    confirmed_at: null,
    banned_until: null,
    reauthentication_token: "",
    reauthentication_sent_at: null,
    is_sso_user: false,
    deleted_at: null,
    is_anonymous: user.anonymous ?? false,
  };
}
