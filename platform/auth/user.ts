/**
 * GET and PUT /user, and GET /reauthenticate, which mails the code that a change of
 * password may need.
 * Source: supabase/auth internal/api/user.go, reauthenticate.go.
 */

import { z } from "zod";
import { audit } from "./audit.ts";
import { type Caller, requireUser } from "./authorize.ts";
import { applyEmailChange } from "./confirm.ts";
import { type Call, type Context, json, record, text } from "./context.ts";
import type { Db } from "./db.ts";
import { readEmail } from "./email.ts";
import { badRequest, emailTaken, forbidden, invalid, unprocessable } from "./errors.ts";
import { createFlowState, type Pkce, readPkce } from "./flow-state.ts";
import { changeMetadata } from "./metadata.ts";
import { hashOtp, isValid, sendEmailChange, sendToken } from "./one-time-tokens.ts";
import { passwordProblem } from "./passwords.ts";
import {
  changePassword,
  clearOneTimeTokens,
  findEmailHolder,
  type User,
  updateUser,
  userJson,
} from "./users.ts";

export async function getUser(context: Context, call: Call): Promise<Response> {
  const { user, claims } = await requireUser(context, call);
  const audience = Array.isArray(claims.aud) ? claims.aud[0] : claims.aud;
  if (audience !== user.aud) throw invalid("Token audience doesn't match request audience");
  return json(await userJson(context.sql, user));
}

const paramsSchema = z.object({
  email: text,
  phone: text,
  password: z.string().nullish(),
  nonce: text,
  data: record,
  app_metadata: record,
  code_challenge: text,
  code_challenge_method: text,
});
type Params = z.infer<typeof paramsSchema>;

export async function putUser(context: Context, call: Call): Promise<Response> {
  const caller = await requireUser(context, call);
  context.limits.take("user", call.ip);
  const params = await call.body(paramsSchema);
  const { user } = caller;
  const email = params.email === "" ? undefined : readEmail(params.email);
  const newEmail = email === user.email ? undefined : email;
  const pkce = readPkce(params);
  await checkParams(context, params, user, newEmail);
  const passwordHash = await newPasswordHash(context, caller, params);

  const changed = await context.sql.begin(async (sql) => {
    let current = user;
    if (passwordHash !== undefined) {
      current = await changePassword(sql, user.id, passwordHash, caller.session?.id);
      await audit(sql, current, "user_updated_password");
    }
    if (params.data) {
      current = await updateUser(sql, user.id, {
        raw_user_meta_data: changeMetadata(
          current.raw_user_meta_data,
          params.data,
          current.raw_app_meta_data,
        ),
      });
    }
    if (newEmail) current = await requestEmailChange(context, call, sql, current, newEmail, pkce);
    await audit(sql, current, "user_modified");
    return current;
  });
  return json(await userJson(context.sql, changed));
}

async function checkParams(
  context: Context,
  params: Params,
  user: User,
  newEmail: string | undefined,
): Promise<void> {
  if (params.phone !== "") throw unprocessable("phone_provider_disabled", "Phone logins are disabled");
  if (typeof params.password === "string") {
    const problem = passwordProblem(context.config, params.password);
    if (problem) throw problem;
    if (user.is_anonymous && !newEmail) {
      throw unprocessable(
        "validation_failed",
        "Updating password of an anonymous user without an email or phone is not allowed",
      );
    }
  }
  if (params.app_metadata) {
    throw forbidden("not_admin", "Updating app_metadata requires admin privileges");
  }
  if (newEmail && (await findEmailHolder(context.sql, newEmail, user.id))) throw emailTaken();
}

/** For this long after its start, a session can change the password without a code. */
const freshSessionMs = 24 * 60 * 60 * 1000;

/** The hash of the new password. Undefined when the password does not change. */
async function newPasswordHash(
  context: Context,
  { user, session }: Caller,
  { password, nonce }: Params,
): Promise<string | undefined> {
  if (!password) return undefined;
  const fresh = session !== undefined && Date.now() < session.created_at.getTime() + freshSessionMs;
  if (context.config.email.secure_password_change && !fresh) {
    if (nonce === "") {
      throw badRequest("reauthentication_needed", "Password update requires reauthentication");
    }
    await spendNonce(context, user, nonce);
  }
  if (await context.passwords.matches(password, user.encrypted_password)) {
    throw unprocessable("same_password", "New password should be different from the old password.");
  }
  return context.passwords.hash(password);
}

async function spendNonce(context: Context, user: User, nonce: string): Promise<void> {
  const { reauthentication_token: expected, reauthentication_sent_at: sentAt } = user;
  if (!isValid(context, hashOtp(user.email ?? "", nonce), expected, sentAt)) {
    throw unprocessable("reauthentication_not_valid", "Nonce has expired or is invalid");
  }
  await context.sql.begin(async (sql) => {
    await updateUser(sql, user.id, { reauthentication_token: "" });
    await clearOneTimeTokens(sql, user.id);
  });
}

async function requestEmailChange(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  newEmail: string,
  pkce: Pkce | undefined,
): Promise<User> {
  if (user.is_anonymous && !context.config.email.enable_confirmations) {
    return applyEmailChange(sql, { ...user, email_change: newEmail });
  }
  if (pkce) await createFlowState(sql, user.id, pkce, "email_change");
  return sendEmailChange(context, call, sql, user, newEmail, pkce !== undefined);
}

/** Mails the code that PUT /user expects as `nonce`. */
export async function reauthenticate(context: Context, call: Call): Promise<Response> {
  const { user } = await requireUser(context, call);
  if (!user.email) {
    throw invalid("Reauthentication requires the user to have an email or a phone number");
  }
  if (!user.email_confirmed_at) {
    throw unprocessable("email_not_confirmed", "Please verify your email first.");
  }
  await context.sql.begin(async (sql) => {
    await audit(sql, user, "user_reauthenticate_requested");
    return sendToken(context, call, sql, user, "reauthentication");
  });
  return json({});
}
