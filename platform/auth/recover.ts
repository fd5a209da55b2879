/**
 * Endpoints where a person who is not signed in asks for a mail: POST /recover,
 * /resend, /magiclink and /otp. They answer {} for known and unknown addresses.
 * Source: supabase/auth internal/api/recover.go, resend.go, magic_link.go, otp.go.
 */
import { z } from "zod";
import { audit } from "./audit.ts";
import { type Call, type Context, json, record, text } from "./context.ts";
import { readEmail } from "./email.ts";
import { badRequest, invalid, unprocessable } from "./errors.ts";
import { createFlowState, type Pkce, readPkce } from "./flow-state.ts";
import { sendEmailChange, sendToken } from "./one-time-tokens.ts";
import { unknownPassword } from "./passwords.ts";
import { registerByEmail } from "./signup.ts";
import { findUserByEmail, type User } from "./users.ts";

const recoverSchema = z.object({ email: text, code_challenge: text, code_challenge_method: text });

export async function recover(context: Context, call: Call): Promise<Response> {
  context.limits.take("recover", call.ip);
  if (!context.config.email.enabled) throw badRequest("email_provider_disabled", "Email logins are disabled");
  const params = await call.body(recoverSchema);
  if (params.email === "") throw invalid("Password recovery requires an email");
  const email = readEmail(params.email);
  const pkce = readPkce(params);
  const user = await findUserByEmail(context.sql, email);
  if (!user) return pretend(context);
  await mailLink(context, call, user, "recovery", pkce);
  return json({});
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

  const user = await findUserByEmail(context.sql, readEmail(params.email));
  if (params.type === "signup" && user && !user.email_confirmed_at) {
    await context.sql.begin(async (sql) => {
      await audit(sql, user, "user_confirmation_requested");
      await sendToken(context, call, sql, user, "signup");
    });
  } else if (params.type === "email_change" && user?.email_change) {
    const newEmail = user.email_change;
    await context.sql.begin((sql) => sendEmailChange(context, call, sql, user, newEmail));
  } else return pretend(context);
  return json({});
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
  if (!params.create_user && !(await findUserByEmail(context.sql, readEmail(params.email)))) {
    throw unprocessable("otp_disabled", "Signups not allowed for otp");
  }
  return sendMagicLink(context, call, params);
}

const magicLinkSchema = otpSchema.pick({
  email: true,
  data: true,
  code_challenge: true,
  code_challenge_method: true,
});

export async function magicLink(context: Context, call: Call): Promise<Response> {
  context.limits.take("magiclink", call.ip);
  return sendMagicLink(context, call, await call.body(magicLinkSchema));
}

/** Sends a magic link. An unknown address is signed up: its confirmation mail is the link. */
async function sendMagicLink(
  context: Context,
  call: Call,
  params: z.infer<typeof magicLinkSchema>,
): Promise<Response> {
  if (!context.config.email.enabled) {
    throw unprocessable("email_provider_disabled", "Email logins are disabled");
  }
  if (params.email === "") {
    throw unprocessable("validation_failed", "Password recovery requires an email");
  }
  const email = readEmail(params.email);
  const pkce = readPkce(params);
  const known = await findUserByEmail(context.sql, email);
  if (!known?.email_confirmed_at) {
    await registerByEmail(context, call, { ...params, phone: "", password: unknownPassword() });
    if (context.config.email.enable_confirmations) return json({});
  }
  const user = await findUserByEmail(context.sql, email);
  if (user) await mailLink(context, call, user, "magiclink", pkce);
  return json({});
}

async function mailLink(
  context: Context,
  call: Call,
  user: User,
  kind: "recovery" | "magiclink",
  pkce: Pkce | undefined,
): Promise<void> {
  await context.sql.begin(async (sql) => {
    if (pkce) await createFlowState(sql, user.id, pkce, kind);
    await audit(sql, user, "user_recovery_requested");
    await sendToken(context, call, sql, user, kind, pkce !== undefined);
  });
}

async function pretend(context: Context): Promise<Response> {
  await context.pace.pretend();
  return json({});
}
