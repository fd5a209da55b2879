/**
 * GET and POST /verify: a link or a code from a mail becomes a session.
 * Source: supabase/auth internal/api/verify.go.
 */
import { z } from "zod";
import { confirm, type TokenPurpose } from "./confirm.ts";
import { type Call, type Context, json, text } from "./context.ts";
import type { Db } from "./db.ts";
import { readEmail } from "./email.ts";
import { AuthError, forbidden, invalid, unprocessable } from "./errors.ts";
import { type FlowMethod, issueAuthCode } from "./flow-state.ts";
import { failure, landing, type Outcome, redirect } from "./landing.ts";
import {
  findTokenOwner,
  hashOtp,
  isExpired,
  isPkceToken,
  isValid,
  type TokenType,
} from "./one-time-tokens.ts";
import { startSession } from "./sessions.ts";
import { findUserByEmail, isBanned, type User } from "./users.ts";

type Verification = TokenPurpose | "email";

const tokenTypes: Record<Verification, TokenType[]> = {
  signup: ["confirmation_token"],
  invite: ["confirmation_token"],
  recovery: ["recovery_token"],
  magiclink: ["recovery_token"],
  email_change: ["email_change_token_current", "email_change_token_new"],
  email: ["confirmation_token", "recovery_token"],
};

const halfConfirmed = "Confirmation link accepted. Please proceed to confirm link sent to the other email";

/** Answers a mail's link with a redirect. Its fragment or query tells how it went. */
export async function verifyLink(context: Context, call: Call): Promise<Response> {
  context.limits.take("verify", call.ip);
  const type = call.url.searchParams.get("type") ?? "";
  const hash = call.url.searchParams.get("token") ?? "";
  if (type === "") throw invalid("Verify requires a verification type");
  if (hash === "") throw invalid("Verify requires a token or a token hash");
  const pkce = isPkceToken(hash);
  try {
    const outcome = await context.sql.begin(async (sql): Promise<Outcome> => {
      const found = await ownerOfHash(context, sql, type, hash);
      const user = await confirm(context, sql, found.type, hash, found.user);
      if (!user) return { message: halfConfirmed };
      if (pkce) return { code: await issueAuthCode(sql, user.id, flowMethods[found.type]) };
      return { type: found.type, grant: await startSession(context, call, sql, user, "otp") };
    });
    return redirect(landing(call.redirectTo, outcome, pkce));
  } catch (cause) {
    // Only GoTrue's own errors may show in an address bar. Any other error goes to the log.
    if (!(cause instanceof AuthError)) throw cause;
    if (cause.status >= 500) context.log("error", `verify: ${cause.message}`);
    return redirect(landing(call.redirectTo, failure(cause), pkce));
  }
}

const paramsSchema = z.object({
  type: text,
  token: text,
  token_hash: text,
  email: text,
  phone: text,
  redirect_to: text,
});

/** Takes a code with its address, or a link's hash. Answers with a session. */
export async function verifyCode(context: Context, call: Call): Promise<Response> {
  context.limits.take("verify", call.ip);
  const params = await call.body(paramsSchema);
  if (params.type === "") throw invalid("Verify requires a verification type");
  if ((params.token === "") === (params.token_hash === "")) {
    throw invalid("Verify requires either a token or a token hash");
  }
  let email = "";
  let hash = params.token_hash;
  if (params.token === "") {
    if (params.email !== "" || params.phone !== "" || params.redirect_to !== "") {
      throw invalid("Only the token_hash and type should be provided");
    }
  } else {
    if ((params.email === "") === (params.phone === "")) {
      throw invalid("Only an email address or phone number should be provided on verify");
    }
    if (params.phone !== "") {
      checkPhone(params.phone);
      // Nobody here has a phone, so no code for one is valid.
      throw codeExpired();
    }
    email = readVerifyEmail(params.email);
    hash = hashOtp(email, params.token);
  }

  const result = await context.sql.begin(async (sql) => {
    const found =
      email === ""
        ? await ownerOfHash(context, sql, params.type, hash)
        : await ownerOfCode(context, sql, params.type, email, hash);
    const user = await confirm(context, sql, found.type, hash, found.user);
    if (!user) return { msg: halfConfirmed, code: "200" };
    return startSession(context, call, sql, user, "otp");
  });
  return json(result);
}

/** @throws AuthError validation_failed, when it is not a number in the form E.164 */
function checkPhone(phone: string): void {
  if (/^[1-9][0-9]{1,14}$/.test(phone.replace(/^\+/, "").replaceAll(" ", ""))) return;
  throw invalid("Invalid phone number format (E.164 required)");
}

function readVerifyEmail(email: string): string {
  try {
    return readEmail(email);
  } catch {
    throw unprocessable("validation_failed", "Invalid email format");
  }
}

interface Found {
  user: User;
  /** What the token is for. The type "email" has been replaced by the one that it stands for. */
  type: TokenPurpose;
}

async function ownerOfHash(context: Context, sql: Db, type: string, hash: string): Promise<Found> {
  if (!Object.hasOwn(tokenTypes, type)) throw invalid("Invalid email verification type");
  const verification = type as Verification;
  const user = await findTokenOwner(sql, hash, tokenTypes[verification]);
  if (!user) throw linkExpired();
  if (isBanned(user)) throw forbidden("user_banned", "User is banned");
  const found = user.recovery_token === hash ? "magiclink" : "signup";
  const exact = verification === "email" ? found : verification;
  if (isExpired(context, sentAt(user, exact))) throw linkExpired();
  return { user, type: exact };
}

async function ownerOfCode(
  context: Context,
  sql: Db,
  type: string,
  email: string,
  hash: string,
): Promise<Found> {
  if (!Object.hasOwn(tokenTypes, type)) throw codeExpired();
  const verification = type as Verification;
  const user =
    verification === "email_change"
      ? ((await findTokenOwner(sql, hash, tokenTypes.email_change)) ??
        (await findTokenOwner(sql, `pkce_${hash}`, tokenTypes.email_change)))
      : await findUserByEmail(sql, email, true);
  if (!user) throw codeExpired();
  if (isBanned(user)) throw forbidden("user_banned", "User is banned");
  const valid = (kind: TokenPurpose, expected: string | null) =>
    isValid(context, hash, expected, sentAt(user, kind));
  switch (verification) {
    case "email":
      if (valid("signup", user.confirmation_token)) return { user, type: "signup" };
      if (valid("magiclink", user.recovery_token)) return { user, type: "magiclink" };
      throw codeExpired();
    case "signup":
    case "invite":
      if (valid(verification, user.confirmation_token)) return { user, type: verification };
      throw codeExpired();
    case "recovery":
    case "magiclink":
      if (valid(verification, user.recovery_token)) return { user, type: verification };
      throw codeExpired();
    case "email_change": {
      const { email_change_token_current: current, email_change_token_new: next } = user;
      if (valid(verification, current) || valid(verification, next)) return { user, type: verification };
      throw codeExpired();
    }
  }
}

function sentAt(user: User, type: TokenPurpose): Date | null {
  if (type === "signup" || type === "invite") return user.confirmation_sent_at;
  if (type === "email_change") return user.email_change_sent_at;
  return user.recovery_sent_at;
}

const flowMethods: Record<TokenPurpose, FlowMethod> = {
  signup: "email/signup",
  invite: "invite",
  recovery: "recovery",
  magiclink: "magiclink",
  email_change: "email_change",
};

const linkExpired = () => forbidden("otp_expired", "Email link is invalid or has expired");
const codeExpired = () => forbidden("otp_expired", "Token has expired or is invalid");
