/**
 * The Auth server: GoTrue's protocol over the tables of the schema auth. supabase-js
 * calls it through the gateway, which takes /auth/v1 off the path.
 */
import { bodyBytes } from "../body.ts";
import { clientNetwork } from "../client-network.ts";
import type { Config } from "../config.ts";
import { createDatabasePool } from "../database/pool.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { createRoom } from "../room.ts";
import { startCleanup } from "./cleanup.ts";
import { bodyMaxBytes, type Context } from "./context.ts";
import { crowded, errorResponse } from "./errors.ts";
import { createHooks } from "./hooks/hooks.ts";
import { createMailer } from "./mail/mailer.ts";
import { createMailFrequency } from "./mail-frequency.ts";
import { createPace } from "./pace.ts";
import { createPasswords } from "./passwords.ts";
import { createLimits, noLimits } from "./rate-limit.ts";
import { createRedirects } from "./redirects.ts";
import { createRoutes } from "./routes.ts";

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
  /** Whether the limits of [auth.rate_limit] hold: docs/reference/auth-limits.md. */
  limited: boolean;
  /** The server for Auth's own mails, which it sends when no send_email hook is enabled. */
  smtp: { host: string; port: number };
  /** Turns a configured hook URI into the address that works from this process. */
  resolveHookUrl(uri: string): string;
  /** Sends a request to a hook. fetch by default. */
  postHook?: typeof fetch;
  /** Whether others than Auth's clients are served now. Then hashing leaves them a core. False by default. */
  othersActive?: () => boolean;
  log: Log;
  /** Connections to the database. */
  poolSize?: number;
}

export interface Auth extends AsyncDisposable {
  /** @param request with /auth/v1 taken off its path, and x-forwarded-for set */
  fetch(request: Request): Promise<Response>;
}

/**
 * The most requests at a time. More would only make the pool's queue grow. A lone client gets half of them, so
 * that one who sends its bodies slowly cannot keep the others out.
 */
const requestsMax = 1000;
/** In bytes: what the large ones among their bodies may take together. */
const bodiesMax = 64 * 1024 * 1024;
/** A sign-up holds a database connection while the hook sends its mail. */
const poolSizeDefault = 20;
/** The longest wait for one of them. */
const poolWaitMs = 10_000;

/** @throws PlatformError auth_hook_invalid */
export async function createAuth(options: AuthOptions): Promise<Auth> {
  const { config, log } = options;
  const hooks = createHooks(config.hook, options.resolveHookUrl, options.postHook ?? fetch, log);
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
    passwords: createPasswords(options.othersActive),
    hooks,
    mailer: createMailer(options.smtp, "no-reply@localhost"),
    limits: options.limited ? createLimits(config.rate_limit) : noLimits,
    mailFrequency: createMailFrequency(config.email.max_frequency),
    redirects: createRedirects(config.site_url, config.additional_redirect_urls),
    pace: createPace(),
    log,
  };
  const cleanup = startCleanup(context);
  const answer = createRoutes(context);
  const places = createRoom(requestsMax);
  const bodies = createRoom(bodiesMax);
  return {
    async fetch(request) {
      const { headers } = request;
      const client = clientNetwork(headers.get("x-forwarded-for") ?? "");
      using place = places.take(client, 1);
      using body = place && bodies.take(client, bodyBytes(headers, bodyMaxBytes));
      return body ? await answer(request) : errorResponse(crowded(), request, log);
    },
    async [Symbol.asyncDispose]() {
      cleanup[Symbol.dispose]();
      context.mailer.close();
      await Promise.all([database[Symbol.asyncDispose](), context.passwords[Symbol.asyncDispose]()]);
    },
  };
}
