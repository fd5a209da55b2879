/**
 * POST /signup. Source: supabase/auth internal/api/signup.go, anonymous.go.
 */
import { z } from "zod";
import { LastStatements } from "../database/pool.ts";
import { audit } from "./audit.ts";
import { type Call, type Context, json, record, text } from "./context.ts";
import type { Db, Json } from "./db.ts";
import { readEmail } from "./email.ts";
import { badRequest, invalid, isEmailTaken, unprocessable } from "./errors.ts";
import { createFlowState, type Pkce, readPkce } from "./flow-state.ts";
import { hookMetadata } from "./hooks/hooks.ts";
import { emailIdentityData, insertEmailIdentity } from "./identities.ts";
import { readMetadata } from "./metadata.ts";
import { insertEmailUser, insertUser, type NewUser, unsavedUser } from "./new-users.ts";
import { sendToken } from "./one-time-tokens.ts";
import { passwordProblem } from "./passwords.ts";
import { type Grant, startSession } from "./sessions.ts";
import { type Changes, confirmUser, findEmailHolder, type User, userFields, userJson } from "./users.ts";

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
  const registration = readRegistration(context, params);
  const registered = () => register(context, call, registration);
  return json(
    context.config.email.enable_confirmations
      ? await context.mailFrequency.grant("signup", registration.email, registered)
      : await registered(),
  );
}

/** What somebody wants to sign up with. */
export interface Registration {
  /** In lower case. */
  email: string;
  password: string;
  data: Json;
  pkce: Pkce | undefined;
}

/** @throws AuthError signup_disabled, weak_password, validation_failed, …_provider_disabled */
function readRegistration({ config }: Context, params: z.infer<typeof paramsSchema>): Registration {
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
  return { email, password: params.password, data: readMetadata(params.data), pkce };
}

/**
 * Makes a user who still has to confirm the address. If there is an unconfirmed user
 * with this address, mails them again. If the address is confirmed, answers with a
 * made-up user, so that the caller does not learn that it is registered.
 * @returns a session when addresses need no confirmation, else the user
 * @throws AuthError user_already_exists, when addresses need no confirmation
 */
export async function register(
  context: Context,
  call: Call,
  { email, password, data, pkce }: Registration,
): Promise<Grant | Json> {
  // We hash in any case. Otherwise the time of the answer would tell who is registered. We hash
  // first, so that a crowd of sign-ups reaches the database one after the other.
  const passwordHash = await context.passwords.hash(password, call.request.signal);
  const existing = await findEmailHolder(context.sql, email);
  if (existing?.email_confirmed_at) return refuseQuietly(context, existing, email, data);
  const candidate = newEmailUser(email, passwordHash, data);
  if (!existing) await askBeforeCreating(context, call, candidate);

  const action = context.config.email.enable_confirmations ? "user_confirmation_requested" : "user_signedup";
  const ask = (known?: User) =>
    context.sql.begin(async (sql) => {
      if (known) {
        await audit(sql, known, action, { provider: "email" });
        return confirmOrAsk(context, call, sql, known, pkce);
      }
      const user = await insertEmailUser(sql, candidate, action);
      const { raw_user_meta_data } = user;
      return confirmOrAsk(context, call, sql, user, pkce, { raw_user_meta_data });
    });
  let registered: User;
  try {
    registered = await ask(existing);
  } catch (cause) {
    // A form that was sent twice: the other request made the user in the meantime.
    const made = isEmailTaken(cause) ? await findEmailHolder(context.sql, email) : undefined;
    if (!made) throw cause;
    if (made.email_confirmed_at) return refuseQuietly(context, made, email, data);
    registered = await ask(made);
  }

  if (registered.email_confirmed_at) {
    return context.sql.begin(async (sql) => {
      await audit(sql, registered, "login", { provider: "email" });
      return startSession(context, call, sql, registered, "password");
    });
  }
  return registered.invited_at
    ? { ...userFields(registered), user_metadata: {}, identities: [] }
    : userJson(context.sql, registered);
}

/** The values of a new user who will sign in by e-mail. */
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
 * Calls the before_user_created hook, if there is one. It runs in a transaction of its
 * own. So what it wrote stays even when it refuses, or when making the user fails later. GoTrue does the same.
 * @throws AuthError the hook's own error
 */
export async function askBeforeCreating(context: Context, call: Call, user: NewUser): Promise<void> {
  if (!context.hooks.has("before_user_created")) return;
  const input = {
    metadata: hookMetadata("before_user_created", call.ip),
    user: { ...userFields(unsavedUser(user)), identities: [] },
  };
  await context.sql.begin(
    (sql) => new LastStatements(() => context.hooks.run("before_user_created", sql, input)),
  );
}

/** Inserts a user for an administrator, and the e-mail identity. The metadata stays as given. */
export async function insertInvitedUser(sql: Db, candidate: NewUser & { id: string }): Promise<User> {
  const user = await insertUser(sql, candidate);
  await insertEmailIdentity(sql, user.id, emailIdentityData(user.id, user.email ?? "", false));
  return user;
}

/** @param changes what else to write into the user's row, with the token */
async function confirmOrAsk(
  context: Context,
  call: Call,
  sql: Db,
  user: User,
  pkce: Pkce | undefined,
  changes: Changes = {},
): Promise<User | LastStatements<User>> {
  if (!context.config.email.enable_confirmations) return confirmUser(sql, user);
  if (pkce) await createFlowState(sql, user.id, pkce, "email/signup");
  return sendToken(context, call, sql, user, "signup", pkce !== undefined, changes);
}

/**
 * Answers as if the sign-up had worked, so that nobody learns who is registered. As in GoTrue,
 * `identities` is empty.
 */
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
