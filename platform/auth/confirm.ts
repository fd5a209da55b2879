/**
 * What happens to a user who used a valid token: Auth confirms the address, lets in
 * a user who forgot the password, or changes the address.
 * Source: supabase/auth internal/api/verify.go, internal/models/user.go.
 */

import { audit } from "./audit.ts";
import type { Context } from "./context.ts";
import type { Db } from "./db.ts";
import { internal, isEmailTaken } from "./errors.ts";
import { markEmailVerified, setEmailIdentity } from "./identities.ts";
import { unknownPassword } from "./passwords.ts";
import {
  changePassword,
  clearOneTimeTokens,
  confirmUser,
  refreshProviders,
  type User,
  updateUser,
} from "./users.ts";

/** What a token was sent for. */
export type TokenPurpose = "signup" | "invite" | "recovery" | "magiclink" | "email_change";

/** @returns undefined when the other address still has to confirm */
export async function confirm(
  context: Context,
  sql: Db,
  type: TokenPurpose,
  hash: string,
  user: User,
): Promise<User | undefined> {
  const confirmed =
    type === "email_change"
      ? await confirmEmailChange(context, sql, hash, user)
      : type === "signup" || type === "invite"
        ? await confirmSignup(context, sql, user)
        : await recover(sql, user);
  return confirmed && refreshProviders(sql, confirmed);
}

async function confirmSignup(context: Context, sql: Db, user: User): Promise<User> {
  let owner = user;
  if (!user.encrypted_password && user.invited_at) {
    // Nobody knows this password. The invited person chooses another one.
    owner = await changePassword(sql, user.id, await context.passwords.hash(unknownPassword()));
  }
  await audit(sql, owner, "user_signedup");
  const confirmed = await confirmUser(sql, owner);
  if (confirmed.email) await markEmailVerified(sql, confirmed.id, confirmed.email);
  return confirmed;
}

async function recover(sql: Db, user: User): Promise<User> {
  const owner = await updateUser(sql, user.id, { recovery_token: "" });
  await clearOneTimeTokens(sql, user.id);
  await audit(sql, owner, owner.email_confirmed_at ? "login" : "user_signedup");
  return owner.email_confirmed_at ? owner : confirmUser(sql, owner);
}

async function confirmEmailChange(
  context: Context,
  sql: Db,
  hash: string,
  user: User,
): Promise<User | undefined> {
  const { config } = context;
  const needsBoth = config.email.enable_confirmations && config.email.double_confirm_changes;
  if (needsBoth && user.email_change_confirm_status === 0 && user.email) {
    const { email_change_token_current: current } = user;
    const spent =
      current === hash || current === `pkce_${hash}`
        ? "email_change_token_current"
        : "email_change_token_new";
    await updateUser(sql, user.id, { [spent]: "", email_change_confirm_status: 1 });
    await sql`
      delete from auth.one_time_tokens where user_id = ${user.id} and token_type::text = ${spent}
    `;
    return undefined;
  }
  return applyEmailChange(sql, user);
}

/** Makes the new address the user's address. */
export async function applyEmailChange(sql: Db, user: User): Promise<User> {
  const email = user.email_change ?? "";
  await audit(sql, user, "user_modified");
  try {
    await setEmailIdentity(sql, user.id, email, true);
    const changed = await updateUser(sql, user.id, {
      email,
      email_change: "",
      email_change_token_current: "",
      email_change_token_new: "",
      email_change_confirm_status: 0,
      is_anonymous: false,
    });
    await clearOneTimeTokens(sql, user.id);
    return changed.email_confirmed_at ? changed : await confirmUser(sql, changed);
  } catch (cause) {
    // Another user may have taken the address in the meantime.
    throw isEmailTaken(cause) ? cause : internal("Error confirm email", cause);
  }
}
