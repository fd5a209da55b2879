/**
 * POST /token: a password, a refresh token or a PKCE code becomes a session.
 * Source: supabase/auth internal/api/token.go.
 */
import { z } from "zod";
import { audit } from "./audit.ts";
import { type Call, type Context, json, text } from "./context.ts";
import { badRequest, invalid, OAuthError, unprocessable } from "./errors.ts";
import { spendAuthCode } from "./flow-state.ts";
import { passwordProblem } from "./passwords.ts";
import { refreshSession } from "./refresh.ts";
import { startSession } from "./sessions.ts";
import { findUserByEmail, findUserById, isBanned } from "./users.ts";

export async function token(context: Context, call: Call): Promise<Response> {
  const grantType = call.url.searchParams.get("grant_type");
  const grants: Record<string, (context: Context, call: Call) => Promise<Response>> = {
    password: passwordGrant,
    refresh_token: refreshGrant,
    pkce: pkceGrant,
    id_token: idTokenGrant,
    web3: web3Grant,
  };
  if (grantType === null || !Object.hasOwn(grants, grantType)) {
    throw new OAuthError("unsupported_grant_type");
  }
  context.limits.take("token", call.ip);
  return (grants[grantType] as (typeof grants)[string])(context, call);
}

const passwordSchema = z.object({ email: text, phone: text, password: text });

async function passwordGrant(context: Context, call: Call): Promise<Response> {
  const { email, phone, password } = await call.body(passwordSchema);
  if (email !== "" && phone !== "") {
    throw invalid("Only an email address or phone number should be provided on login.");
  }
  if (phone !== "") throw unprocessable("phone_provider_disabled", "Phone logins are disabled");
  if (email === "") throw invalid("missing email or phone");
  if (!context.config.email.enabled) {
    throw unprocessable("email_provider_disabled", "Email logins are disabled");
  }
  const user = await findUserByEmail(context.sql, email.toLowerCase());
  const matches = await context.passwords.matches(password, user?.encrypted_password, call.request.signal);
  const refused = badRequest("invalid_credentials", "Invalid login credentials");
  if (!user?.encrypted_password) throw refused;
  if (isBanned(user)) throw badRequest("user_banned", "User is banned");
  if (!matches) throw refused;
  if (!user.email_confirmed_at) throw badRequest("email_not_confirmed", "Email not confirmed");

  const grant = await context.sql.begin(async (sql) => {
    await audit(sql, user, "login", { provider: "email" });
    return startSession(context, call, sql, user, "password");
  });
  // The policy is stricter now than when this password was set. The client may ask for a better one.
  const problem = passwordProblem(context.config, password);
  const weak = problem?.reasons ? { message: problem.message, reasons: problem.reasons } : undefined;
  return json({ ...grant, ...(weak ? { weak_password: weak } : {}) });
}

const refreshSchema = z.object({ refresh_token: text });

async function refreshGrant(context: Context, call: Call): Promise<Response> {
  const params = await call.body(refreshSchema);
  if (params.refresh_token === "") throw new OAuthError("invalid_request", "refresh_token required");
  return json(await refreshSession(context, call, params.refresh_token));
}

const pkceSchema = z.object({ auth_code: text, code_verifier: text });

async function pkceGrant(context: Context, call: Call): Promise<Response> {
  const { auth_code: code, code_verifier: verifier } = await call.body(pkceSchema);
  if (code === "" || verifier === "") {
    throw invalid("invalid request: both auth code and code verifier should be non-empty");
  }
  const grant = await context.sql.begin(async (sql) => {
    const flow = await spendAuthCode(sql, code, verifier);
    const user = await findUserById(sql, flow.user_id);
    if (!user) throw badRequest("user_not_found", "User not found");
    if (isBanned(user)) throw badRequest("user_banned", "User is banned");
    await audit(sql, user, "login", { provider_type: flow.provider_type });
    return startSession(context, call, sql, user, flow.authentication_method);
  });
  return json(grant);
}

const idTokenSchema = z.object({ provider: text, id_token: text });

async function idTokenGrant(_context: Context, call: Call): Promise<Response> {
  const params = await call.body(idTokenSchema);
  if (params.id_token === "") throw new OAuthError("invalid request", "id_token required");
  throw badRequest("provider_disabled", `Provider "${params.provider.slice(0, 50)}" is not enabled`);
}

async function web3Grant(): Promise<Response> {
  throw unprocessable("web3_provider_disabled", "Web3 provider is disabled");
}
