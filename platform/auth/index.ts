/**
 * The Auth server: GoTrue's protocol over the tables of the schema auth. supabase-js
 * calls it through the gateway, which takes /auth/v1 off the path.
 */
import { Hono } from "hono";
import type { Config } from "../config.ts";
import { createDatabasePool } from "../database/pool.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { generateLink, invite } from "./admin-links.ts";
import { createUser, deleteUser, getUserById, listUsers, updateUserById } from "./admin-users.ts";
import { startCleanup } from "./cleanup.ts";
import { type Call, type Context, createCall } from "./context.ts";
import {
  adminFactor,
  authorize,
  enrollFactor,
  linkIdentity,
  listFactors,
  oauthServer,
  passkeys,
  sso,
  unknownPath,
  useFactor,
} from "./disabled.ts";
import { errorResponse, tooManyRequests } from "./errors.ts";
import { createHooks } from "./hooks/hooks.ts";
import { logout } from "./logout.ts";
import { createMailer } from "./mail/mailer.ts";
import { createPace } from "./pace.ts";
import { createPasswords } from "./passwords.ts";
import { createLimits } from "./rate-limit.ts";
import { magicLink, otp, recover, resend } from "./recover.ts";
import { createRedirects } from "./redirects.ts";
import { health, jwks, settings } from "./settings.ts";
import { signUp } from "./signup.ts";
import { token } from "./token.ts";
import { getUser, putUser, reauthenticate } from "./user.ts";
import { verifyCode, verifyLink } from "./verify.ts";

export interface AuthOptions {
  /** Connects as supabase_auth_admin. */
  databaseUrl: string;
  config: Config["auth"];
  keys: Keys;
  /**
   * The address of Auth as clients reach it: "http://127.0.0.1:54321/auth/v1". Links in mails begin
   * with it.
   */
  externalUrl: string;
  /** The server for Auth's own mails, which it sends when no send_email hook is enabled. */
  smtp: { host: string; port: number };
  /** Turns a configured hook URI into the address that works from this process. */
  resolveHookUrl(uri: string): string;
  log: Log;
  /** Connections to the database. */
  poolSize?: number;
}

export interface Auth extends AsyncDisposable {
  /** @param request with /auth/v1 taken off its path, and x-forwarded-for set */
  fetch(request: Request): Promise<Response>;
}

/** The most requests at a time. More would only make the pool's queue grow. */
const requestsMax = 1000;
/** A sign-up holds a database connection while the hook sends its mail. */
const poolSizeDefault = 20;
/** The longest wait for one of them. */
const poolWaitMs = 10_000;

type Endpoint = (context: Context, call: Call) => Promise<Response>;
type UserEndpoint = (context: Context, call: Call, userId: string) => Promise<Response>;

/** @throws PlatformError auth_hook_invalid */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { config, log } = options;
  const hooks = createHooks(config.hook, options.resolveHookUrl, log);
  const database = createDatabasePool({
    databaseUrl: options.databaseUrl,
    name: "auth",
    size: options.poolSize ?? poolSizeDefault,
    waitingMax: requestsMax,
    waitMs: poolWaitMs,
    notice: (message) => log("debug", `postgres: ${message}`),
  });
  const context: Context = {
    sql: database.sql,
    config,
    keys: options.keys,
    externalUrl: options.externalUrl.replace(/\/+$/, ""),
    passwords: createPasswords(),
    hooks,
    mailer: createMailer(options.smtp, "no-reply@localhost"),
    limits: createLimits(config.rate_limit),
    redirects: createRedirects(config.site_url, config.additional_redirect_urls),
    pace: createPace(),
    log,
  };
  const cleanup = startCleanup(context);
  const app = createRoutes(context);
  let requests = 0;
  return {
    async fetch(request) {
      if (requests >= requestsMax) {
        const error = tooManyRequests("over_request_rate_limit", "Request rate limit reached");
        return errorResponse(error, request, log);
      }
      requests++;
      try {
        return await app.fetch(request);
      } finally {
        requests--;
      }
    },
    async [Symbol.asyncDispose]() {
      cleanup[Symbol.dispose]();
      context.mailer.close();
      await Promise.all([database[Symbol.asyncDispose](), context.passwords[Symbol.asyncDispose]()]);
    },
  };
}

function createRoutes(context: Context): Hono {
  const app = new Hono();
  const at = (method: string, path: string, endpoint: Endpoint) =>
    app.on(method, path, (c) => endpoint(context, createCall(c.req.raw, context.redirects)));
  const atUser = (method: string, endpoint: UserEndpoint) =>
    app.on(method, "/admin/users/:id", (c) =>
      endpoint(context, createCall(c.req.raw, context.redirects), c.req.param("id") as string),
    );

  at("GET", "/health", health);
  at("GET", "/settings", settings);
  at("GET", "/.well-known/jwks.json", jwks);

  at("POST", "/signup", signUp);
  at("POST", "/token", token);
  at("GET", "/verify", verifyLink);
  at("POST", "/verify", verifyCode);
  at("POST", "/recover", recover);
  at("POST", "/resend", resend);
  at("POST", "/magiclink", magicLink);
  at("POST", "/otp", otp);
  at("POST", "/logout", logout);
  at("GET", "/reauthenticate", reauthenticate);
  at("GET", "/user", getUser);
  at("PUT", "/user", putUser);

  at("POST", "/invite", invite);
  at("POST", "/admin/generate_link", generateLink);
  at("GET", "/admin/users", listUsers);
  at("POST", "/admin/users", createUser);
  atUser("GET", getUserById);
  atUser("PUT", updateUserById);
  atUser("DELETE", deleteUser);

  at("GET", "/authorize", authorize);
  at("POST", "/sso", sso);
  at("ALL", "/sso/*", sso);
  at("ALL", "/passkeys", passkeys);
  at("ALL", "/passkeys/*", passkeys);
  at("ALL", "/oauth/*", oauthServer);
  at("ALL", "/user/identities/*", linkIdentity);
  at("POST", "/factors", enrollFactor);
  at("ALL", "/factors/*", useFactor);
  at("GET", "/admin/users/:id/factors", listFactors);
  at("ALL", "/admin/users/:id/factors/*", adminFactor);

  app.notFound((c) => errorResponseOf(unknownPath, c.req.raw, context));
  app.onError((error, c) => errorResponse(error, c.req.raw, context.log));
  return app;
}

function errorResponseOf(endpoint: () => Promise<Response>, request: Request, context: Context) {
  return endpoint().catch((error) => errorResponse(error, request, context.log));
}
