/**
 * POST /signup. Source: supabase/auth internal/api/signup.go, anonymous.go.
 */
import { z } from "zod";
import { audit } from "./audit.ts";
import { type Call, type Context, type Db, json, record, text } from "./context.ts";
import { readEmail } from "./email.ts";
import { badRequest, invalid, unprocessable } from "./errors.ts";
import { createFlowState, type Pkce, readPkce } from "./flow-state.ts";
import { hookMetadata } from "./hooks/hooks.ts";
import { emailIdentityData, findIdentities, identityJson, insertEmailIdentity } from "./identities.ts";
import { readMetadata } from "./metadata.ts";
import { sendToken } from "./one-time-tokens.ts";
import { passwordProblem } from "./passwords.ts";
import { type Grant, startSession } from "./sessions.ts";
import {
  confirmUser,
  findEmailHolder,
  insertUser,
  type Json,
  type NewUser,
  type User,
  unsavedUser,
  updateUser,
  userFields,
} from "./users.ts";

const paramsSchema = z.object({
  email: text,
  phone: text,
  password: text,
  data: record,
  code_challenge: text,
  code_challenge_method: text,
});

export async function signUp(context: Context, call: Call): Promise<Response> {
  const params = await call.body(paramsSchema);
  if (params.email === "" && params.phone === "") {
    return json(await signUpAnonymously(context, call, readMetadata(params.data)));
  }
  context.limits.take("signup", call.ip);
  return json(await registerByEmail(context, call, params));
}

/**
 * Makes a user with an address still to be confirmed, or mails an unconfirmed
 * one again. Who asks for a confirmed address gets a made-up user in return.
 * @returns a session when addresses need no confirmation, else the user
 */
export async function registerByEmail(
  context: Context,
  call: Call,
  params: z.infer<typeof paramsSchema>,
): Promise<Grant | Json> {
  const { config } = context;
  if (!config.enable_signup) throw unprocessable("signup_disabled", "Signups not allowed for this instance");
  if (params.password === "") throw invalid("Signup requires a valid password");
  const problem = passwordProblem(config, params.password);
  if (problem) throw problem;
  if (params.email !== "" && params.phone !== "") {
    throw invalid("Only an email address or phone number should be provided on signup.");
  }
  const pkce = readPkce(params);
  if (params.phone !== "") throw badRequest("phone_provider_disabled", "Phone signups are disabled");
  if (!config.email.enabled) throw badRequest("email_provider_disabled", "Email signups are disabled");
  const email = readEmail(params.email);
  const data = readMetadata(params.data);

  const existing = await findEmailHolder(context.sql, email);
  // Hashed in any case: how long an answer takes must not tell who is registered.
  const passwordHash = await context.passwords.hash(params.password);
  if (existing?.email_confirmed_at) return refuseQuietly(context, existing, email, data);
  const candidate = newEmailUser(email, passwordHash, data);
  if (!existing) await askBeforeCreating(context, call, candidate);

  const registered = await context.sql.begin((sql) =>
    existing
      ? confirmOrAsk(context, call, sql, existing, pkce)
      : insertEmailUser(sql, candidate).then((user) => confirmOrAsk(context, call, sql, user, pkce)),
  );

  if (registered.email_confirmed_at) {
    return context.sql.begin(async (sql) => {
      await audit(sql, registered, "login", { provider: "email" });
      return startSession(context, call, sql, registered, "password");
    });
  }
  const identities = await findIdentities(context.sql, [registered.id]);
  return registered.invited_at
    ? { ...userFields(registered), user_metadata: {}, identities: [] }
    : { ...userFields(registered), identities: identities.map(identityJson) };
}

/** A user who will sign in by e-mail. */
export function newEmailUser(email: string, passwordHash: string, data: Json): NewUser & { id: string } {
  return {
    id: crypto.randomUUID(),
    email,
    passwordHash,
    appMetadata: { provider: "email", providers: ["email"] },
    userMetadata: data,
  };
}

/**
 * The before_user_created hook, if there is one. It runs in a transaction of its
 * own: what it wrote stays when the user cannot be made after all, as with GoTrue.
 * @throws AuthError the hook's
 */
export async function askBeforeCreating(context: Context, call: Call, user: NewUser): Promise<void> {
  if (!context.hooks.has("before_user_created")) return;
  await context.sql.begin((sql) =>
    context.hooks.run("before_user_created", sql, {
      metadata: hookMetadata("before_user_created", call.ip),
      user: { ...userFields(unsavedUser(user)), identities: [] },
    }),
  );
}

/** Inserts a user and the e-mail identity, which shows in the user's metadata. */
export async function insertEmailUser(sql: Db, candidate: NewUser & { id: string }): Promise<User> {
  const user = await insertUser(sql, candidate);
  const identity = emailIdentityData(user.id, user.email ?? "", false, candidate.userMetadata);
  await insertEmailIdentity(sql, user.id, identity);
  return updateUser(sql, user.id, {
    raw_user_meta_data: { ...(user.raw_user_meta_data ?? {}), ...identity },
  });
}

async function confirmOrAsk(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  pkce: Pkce | undefined,
): Promise<User> {
  if (!context.config.email.enable_confirmations) {
    await audit(sql, user, "user_signedup", { provider: "email" });
    return confirmUser(sql, user);
  }
  await audit(sql, user, "user_confirmation_requested", { provider: "email" });
  if (pkce) await createFlowState(sql, user.id, pkce, "email/signup");
  return sendToken(context, call, sql, user, "signup", pkce !== undefined);
}

/** As if it had worked, so that nobody learns who is registered; the missing identity is GoTrue's only hint. */
async function refuseQuietly(context: Context, existing: User, email: string, data: Json): Promise<Json> {
  await audit(context.sql, existing, "user_repeated_signup", { provider: "email" });
  if (!context.config.email.enable_confirmations) {
    throw unprocessable("user_already_exists", "User already registered");
  }
  await context.pace.pretend();
  return {
    ...userFields({
      ...unsavedUser(newEmailUser(email, "", data)),
      confirmation_sent_at: new Date(),
    }),
    identities: [],
  };
}

async function signUpAnonymously(context: Context, call: Call, data: Json): Promise<Grant> {
  if (!context.config.enable_anonymous_sign_ins) {
    throw unprocessable("anonymous_provider_disabled", "Anonymous sign-ins are disabled");
  }
  context.limits.take("anonymous", call.ip);
  if (!context.config.enable_signup) {
    throw unprocessable("signup_disabled", "Signups not allowed for this instance");
  }
  const candidate: NewUser = {
    id: crypto.randomUUID(),
    email: null,
    passwordHash: "",
    appMetadata: {},
    userMetadata: data,
    anonymous: true,
  };
  await askBeforeCreating(context, call, candidate);
  return context.sql.begin(async (sql) => {
    const user = await insertUser(sql, candidate);
    return startSession(context, call, sql, user, "anonymous");
  });
}
