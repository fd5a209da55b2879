/**
 * POST /invite and /admin/generate_link, for the service role. The first invites
 * somebody by mail. The second makes the link of a mail, but sends no mail.
 * Source: supabase/auth internal/api/invite.go, mail.go (adminGenerateLink).
 */
import { z } from "zod";
import { audit } from "./audit.ts";
import { requireAdmin } from "./authorize.ts";
import { type Call, type Context, json, record, text } from "./context.ts";
import type { Db } from "./db.ts";
import { readEmail } from "./email.ts";
import { emailTaken, invalid, notFound } from "./errors.ts";
import { verifyLink } from "./mail/send.ts";
import { changeMetadata, readMetadata } from "./metadata.ts";
import { createOtp, hashOtp, saveEmailChange, saveToken, sendToken } from "./one-time-tokens.ts";
import { passwordProblem, unknownPassword } from "./passwords.ts";
import { askBeforeCreating, insertInvitedUser, newEmailUser } from "./signup.ts";
import { findEmailHolder, findUserByEmail, type User, updateUser, userJson } from "./users.ts";

const inviteSchema = z.object({ email: text, data: record });

export async function invite(context: Context, call: Call): Promise<Response> {
  const adminRole = await requireAdmin(context, call);
  const params = await call.body(inviteSchema);
  const email = readEmail(params.email);
  const known = await findUserByEmail(context.sql, email);
  if (known?.email_confirmed_at) throw emailTaken();
  const candidate = newEmailUser(email, "", readMetadata(params.data));
  if (!known) await askBeforeCreating(context, call, candidate);
  const invited = await context.sql.begin(async (sql) => {
    const user = known ?? (await insertInvitedUser(sql, candidate));
    await audit(sql, { adminRole }, "user_invited", { user_id: user.id, user_email: email });
    return sendToken(context, call, sql, user, "invite");
  });
  return json(await userJson(context.sql, invited));
}

const linkTypes = ["signup", "invite", "magiclink", "recovery", "email_change_current", "email_change_new"];
type LinkType = "signup" | "invite" | "magiclink" | "recovery" | "email_change_current" | "email_change_new";

const linkSchema = z.object({
  type: text,
  email: text,
  new_email: text,
  password: text,
  data: record,
  redirect_to: text,
});
type LinkParams = z.infer<typeof linkSchema>;

export async function generateLink(context: Context, call: Call): Promise<Response> {
  const adminRole = await requireAdmin(context, call);
  const params = await call.body(linkSchema);
  const email = readEmail(params.email);
  if (!linkTypes.includes(params.type)) {
    throw invalid(`Invalid email action link type requested: ${params.type.slice(0, 30)}`);
  }
  const redirectTo = context.redirects.choose(params.redirect_to, call.redirectTo);
  const known = await findUserByEmail(context.sql, email);
  const type = linkFor(params.type as LinkType, known);
  const candidate = known ? undefined : await newUser(context, call, type, email, params);
  const otp = createOtp(context.config.email.otp_length);

  const made = await context.sql.begin(async (sql) => {
    const user = known ?? (await insertInvitedUser(sql, candidate as NonNullable<typeof candidate>));
    if (type === "magiclink" || type === "recovery") await audit(sql, user, "user_recovery_requested");
    if (type === "invite") {
      await audit(sql, { adminRole }, "user_invited", { user_id: user.id, user_email: email });
    }
    if (type === "email_change_current" || type === "email_change_new") {
      return changeLink(context, sql, user, type, params.new_email, otp);
    }
    const named =
      known && type === "signup" && params.data
        ? await updateUser(sql, user.id, {
            raw_user_meta_data: changeMetadata(user.raw_user_meta_data, params.data, user.raw_app_meta_data),
          })
        : user;
    const hash = hashOtp(email, otp);
    return { hash, user: await saveToken(context, sql, named, type, hash) };
  });

  const verifyType = type.startsWith("email_change") ? "email_change" : type;
  return json({
    ...(await userJson(context.sql, made.user)),
    action_link: verifyLink(context, made.hash, verifyType, redirectTo),
    email_otp: otp,
    hashed_token: made.hash,
    verification_type: type,
    redirect_to: redirectTo,
  });
}

/** A person without an account cannot sign in, so a sign-in link for them becomes a sign-up link. */
function linkFor(wanted: LinkType, known: User | undefined): LinkType {
  if (known) {
    if (known.email_confirmed_at && (wanted === "signup" || wanted === "invite")) throw emailTaken();
    return wanted;
  }
  if (wanted === "magiclink") return "signup";
  if (wanted === "signup" || wanted === "invite") return wanted;
  throw notFound("user_not_found", "User with this email not found");
}

async function newUser(context: Context, call: Call, type: LinkType, email: string, params: LinkParams) {
  let passwordHash = "";
  if (type === "signup") {
    const password = params.type === "magiclink" ? unknownPassword() : params.password;
    if (password === "") throw invalid("Signup requires a valid password");
    const problem = passwordProblem(context.config, password);
    if (problem) throw problem;
    passwordHash = await context.passwords.hash(password);
  }
  const candidate = newEmailUser(email, passwordHash, readMetadata(params.data));
  await askBeforeCreating(context, call, candidate);
  return candidate;
}

async function changeLink(
  context: Context,
  sql: Db,
  user: User,
  type: "email_change_current" | "email_change_new",
  wanted: string,
  otp: string,
): Promise<{ hash: string; user: User }> {
  if (type === "email_change_current" && !context.config.email.double_confirm_changes) {
    throw invalid("Enable secure email change to generate link for current email");
  }
  const newEmail = readEmail(wanted);
  if (await findEmailHolder(sql, newEmail, user.id)) throw emailTaken();
  const hash = hashOtp(type === "email_change_current" ? (user.email ?? "") : newEmail, otp);
  const saved = await saveEmailChange(context, sql, user, {
    email_change: newEmail,
    email_change_confirm_status: 0,
    ...(type === "email_change_current"
      ? { email_change_token_current: hash }
      : { email_change_token_new: hash }),
  });
  return { hash, user: saved };
}
