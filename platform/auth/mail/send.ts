/**
 * Sends one mail to one user, through the project's send_email hook if there is one,
 * else with Auth's own mailer. Source: supabase/auth internal/api/mail.go (sendEmail).
 */

import type { Call, Context } from "../context.ts";
import type { Db } from "../db.ts";
import { AuthError, internal } from "../errors.ts";
import { hookMetadata } from "../hooks/hooks.ts";
import { type User, userJson } from "../users.ts";
import type { MailAction } from "./templates.ts";

export interface Mail {
  action: MailAction;
  /** The code for the user's present address. Empty when no mail goes there. */
  token: string;
  /** The hash, with the prefix pkce_ in the PKCE flow. */
  tokenHash: string;
  /** Only with email_change: the code for the new address. */
  tokenNew?: string;
}

const failures: Record<MailAction, string> = {
  signup: "Error sending confirmation email",
  invite: "Error sending invite email",
  magiclink: "Error sending magic link email",
  recovery: "Error sending recovery email",
  email_change: "Error sending email change email",
  reauthentication: "Error sending reauthentication email",
};

/**
 * @param sql the transaction that made the tokens. When sending fails, it undoes them
 * @param user with the new tokens
 * @throws AuthError the hook's, over_email_send_rate_limit, unexpected_failure
 */
export async function sendMail(context: Context, call: Call, sql: Db, user: User, mail: Mail): Promise<void> {
  try {
    // GoTrue counts before it calls the hook. When addresses need no confirmation, it counts nothing.
    if (context.config.email.enable_confirmations) context.limits.takeMail();
    await context.pace.mail(() =>
      context.hooks.has("send_email")
        ? sendByHook(context, call, sql, user, mail)
        : sendBySmtp(context, call, user, mail),
    );
  } catch (cause) {
    throw cause instanceof AuthError ? cause : internal(failures[mail.action], cause);
  }
}

async function sendByHook(context: Context, call: Call, sql: Db, user: User, mail: Mail): Promise<void> {
  // GoTrue swaps these two fields, and receivers rely on that: token_hash
  // belongs to the new address, token_hash_new to the present one.
  const both = mail.action === "email_change" && confirmsBoth(context, user);
  await context.hooks.run("send_email", sql, {
    metadata: hookMetadata("send_email", call.ip),
    user: await userJson(sql, user),
    email_data: {
      token: mail.action === "email_change" && !both ? (mail.tokenNew ?? "") : mail.token,
      token_hash: mail.tokenHash,
      redirect_to: call.redirectTo,
      email_action_type: mail.action,
      site_url: context.externalUrl,
      token_new: both ? (mail.tokenNew ?? "") : "",
      token_hash_new: both ? (user.email_change_token_current ?? "") : "",
      old_email: "",
      old_phone: "",
      provider: "",
      factor_type: "",
    },
  });
}

async function sendBySmtp(context: Context, call: Call, user: User, mail: Mail): Promise<void> {
  const link = (hash: string) => verifyLink(context, hash, mail.action, call.redirectTo);
  const send = (to: string, token: string, hash: string) =>
    context.mailer.send(to, {
      action: mail.action,
      token,
      ...(mail.action === "reauthentication" ? {} : { link: link(hash) }),
      ...(mail.action === "email_change" ? { newEmail: user.email_change ?? "" } : {}),
    });
  if (mail.action !== "email_change") {
    await send(user.email ?? "", mail.token, mail.tokenHash);
    return;
  }
  await send(user.email_change ?? "", mail.tokenNew ?? "", mail.tokenHash);
  if (confirmsBoth(context, user)) {
    await send(user.email ?? "", mail.token, user.email_change_token_current ?? "");
  }
}

/** Whether the present address too has to confirm a change of address. */
export function confirmsBoth(context: Context, user: User): boolean {
  return context.config.email.double_confirm_changes && Boolean(user.email);
}

/** The URL of a mail's link. */
export function verifyLink(context: Context, tokenHash: string, type: string, redirectTo: string): string {
  const query = new URLSearchParams({ token: tokenHash, type, redirect_to: redirectTo });
  return `${context.externalUrl}/verify?${query}`;
}
