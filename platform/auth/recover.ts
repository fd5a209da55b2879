/**
 * Endpoints where a person who is not signed in asks for a mail: POST /recover,
 * /resend, /magiclink and /otp. They answer {} for known and unknown addresses.
 * Source: supabase/auth internal/api/recover.go, resend.go, magic_link.go, otp.go.
 */
import { z } from "zod";
import { audit } from "./audit.ts";
import { type Call, type Context, json, record, text } from "./context.ts";
import type { Db } from "./db.ts";
import { readEmail } from "./email.ts";
import { AuthError, badRequest, invalid, unprocessable } from "./errors.ts";
import { createFlowState, type Pkce, readPkce } from "./flow-state.ts";
import { isTooSoon } from "./mail-frequency.ts";
import { readMetadata } from "./metadata.ts";
import { sendEmailChange, sendToken } from "./one-time-tokens.ts";
import { unknownPassword } from "./passwords.ts";
import { register } from "./signup.ts";
import { findUserByEmail, type User } from "./users.ts";

const recoverSchema = z.object({ email: text, code_challenge: text, code_challenge_method: text });

export async function recover(context: Context, call: Call): Promise<Response> {
  context.limits.take("recover", call.ip);
  if (!context.config.email.enabled) throw badRequest("email_provider_disabled", "Email logins are disabled");
  const params = await call.body(recoverSchema);
  if (params.email === "") throw invalid("Password recovery requires an email");
  const email = readEmail(params.email);
  const pkce = readPkce(params);
  return context.mailFrequency.grant("recovery", email, async () => {
    const user = await findUserByEmail(context.sql, email);
    return user ? mailLink(context, call, user, "recovery", pkce) : pretend(context);
  });
}

const resendTypes = ["signup", "email_change", "sms", "phone_change"];
const resendSchema = z.object({ type: text, email: text, phone: text });

export async function resend(context: Context, call: Call): Promise<Response> {
  context.limits.take("resend", call.ip);
  const params = await call.body(resendSchema);
  if (!resendTypes.includes(params.type)) {
    throw invalid("Missing one of these types: signup, email_change, sms, phone_change");
  }
  if (params.type === "signup" && params.email === "") {
    throw invalid("Type provided requires an email address");
  }
  if (params.type === "sms" && params.phone === "") {
    throw invalid("Type provided requires a phone number");
  }
  if (params.email !== "" && params.phone !== "") {
    throw invalid("Only an email address or phone number should be provided.");
  }
  if (params.phone !== "") throw badRequest("phone_provider_disabled", "Phone logins are disabled");
  if (params.email === "") throw invalid("Missing email address or phone number");
  if (!context.config.email.enabled) throw badRequest("email_provider_disabled", "Email logins are disabled");

  const email = readEmail(params.email);
  const wish = params.type === "signup" ? "resend" : "email_change";
  return context.mailFrequency.grant(wish, email, async () => {
    const user = await findUserByEmail(context.sql, email);
    if (wish === "resend" && user && !user.email_confirmed_at) {
      return send(context, async (sql) => {
        await audit(sql, user, "user_confirmation_requested");
        return sendToken(context, call, sql, user, "signup");
      });
    }
    const newEmail = user?.email_change;
    if (wish === "email_change" && user && newEmail) {
      return send(context, (sql) => sendEmailChange(context, call, sql, user, newEmail));
    }
    return pretend(context);
  });
}

const otpSchema = z.object({
  email: text,
  phone: text,
  create_user: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  data: record,
  channel: text,
  code_challenge: text,
  code_challenge_method: text,
});

export async function otp(context: Context, call: Call): Promise<Response> {
  context.limits.take("otp", call.ip);
  const params = await call.body(otpSchema);
  if (params.email !== "" && params.phone !== "") {
    throw invalid("Only an email address or phone number should be provided");
  }
  if (params.email !== "" && params.channel !== "") {
    throw invalid("Channel should only be specified with Phone OTP");
  }
  readPkce(params);
  if (params.phone !== "") throw badRequest("phone_provider_disabled", "Unsupported phone provider");
  if (params.email === "") throw invalid("One of email or phone must be set");
  return sendMagicLink(context, call, params, params.create_user);
}

const magicLinkSchema = otpSchema.pick({
  email: true,
  data: true,
  code_challenge: true,
  code_challenge_method: true,
});

export async function magicLink(context: Context, call: Call): Promise<Response> {
  context.limits.take("magiclink", call.ip);
  return sendMagicLink(context, call, await call.body(magicLinkSchema), true);
}

/**
 * Sends a magic link. An unknown address is signed up: its confirmation mail is the link. If it may
 * not be signed up, the answer is the same, but there is no mail.
 */
async function sendMagicLink(
  context: Context,
  call: Call,
  params: z.infer<typeof magicLinkSchema>,
  createUser: boolean,
): Promise<Response> {
  if (!context.config.email.enabled) {
    throw unprocessable("email_provider_disabled", "Email logins are disabled");
  }
  if (params.email === "") {
    throw unprocessable("validation_failed", "Password recovery requires an email");
  }
  const email = readEmail(params.email);
  const pkce = readPkce(params);
  const data = readMetadata(params.data);
  return context.mailFrequency.grant("magiclink", email, async () => {
    const known = await findUserByEmail(context.sql, email);
    if (!known?.email_confirmed_at) {
      if (!context.config.enable_signup || (!known && !createUser)) return pretend(context);
      const registration = { email, data, pkce, password: unknownPassword() };
      const registered = () => register(context, call, registration);
      if (context.config.email.enable_confirmations) return unlessTooSoon(context, registered);
      await registered().catch((cause) => {
        // Another request made the user in the meantime, so there is one to mail to.
        if (!(cause instanceof AuthError && cause.code === "user_already_exists")) throw cause;
      });
    }
    const user = await findUserByEmail(context.sql, email);
    return user ? mailLink(context, call, user, "magiclink", pkce) : pretend(context);
  });
}

function mailLink(
  context: Context,
  call: Call,
  user: User,
  kind: "recovery" | "magiclink",
  pkce: Pkce | undefined,
): Promise<Response> {
  return send(context, async (sql) => {
    if (pkce) await createFlowState(sql, user.id, pkce, kind);
    await audit(sql, user, "user_recovery_requested");
    return sendToken(context, call, sql, user, kind, pkce !== undefined);
  });
}

function send(context: Context, mail: (sql: Db) => Promise<unknown>): Promise<Response> {
  return unlessTooSoon(context, () => context.sql.begin(mail));
}

/**
 * Answers {} also when the database knows of a mail that was sent a short while ago, for example by
 * an administrator. A 429 would say that the address is known: only mailFrequency may answer it.
 */
async function unlessTooSoon(context: Context, act: () => Promise<unknown>): Promise<Response> {
  try {
    await act();
  } catch (cause) {
    if (!isTooSoon(cause)) throw cause;
    await context.pace.pretend();
  }
  return json({});
}

/** Answers as if a mail had been sent. */
async function pretend(context: Context): Promise<Response> {
  if (context.config.email.enable_confirmations) context.limits.checkMail();
  await context.pace.pretend();
  return json({});
}
