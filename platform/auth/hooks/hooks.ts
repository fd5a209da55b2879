/**
 * Hooks: code of the project that Auth calls. before_user_created may refuse a
 * sign-up, custom_access_token writes a token's claims, send_email sends the mails.
 * A hook is a Postgres function or an HTTP endpoint. It refuses by answering
 * {"error": {"http_code", "message"}}.
 * Source: supabase/auth internal/hooks, internal/conf/configuration.go.
 */
import { z } from "zod";
import type { Config } from "../../config.ts";
import { PlatformError } from "../../errors.ts";
import type { Log } from "../../log.ts";
import type { Db, Json } from "../db.ts";
import { AuthError, internal } from "../errors.ts";
import { callHttpHook } from "./http.ts";
import { callPostgresHook, functionName } from "./postgres.ts";

export type HookName = keyof Config["auth"]["hook"];

export interface Hooks {
  has(name: HookName): boolean;
  /**
   * Calls a hook. Only call this when `has` says that there is one.
   * @param sql the transaction in which a Postgres function runs
   * @param input the payload, as JSON
   * @returns the hook's answer, or {} when it answered nothing
   * @throws AuthError the hook's own error; hook_timeout, hook_timeout_after_retry,
   *   hook_payload_invalid_content_type, hook_payload_over_size_limit, unexpected_failure
   */
  run(name: HookName, sql: Db, input: Json): Promise<Json>;
}

const metadataNames: Record<HookName, string> = {
  before_user_created: "before-user-created",
  custom_access_token: "customize-access-token",
  send_email: "send-email",
};

/** The part that is the same in every payload: which hook, when, and the client's address. */
export function hookMetadata(name: HookName, ip: string): Json {
  return {
    uuid: crypto.randomUUID(),
    time: new Date(),
    name: metadataNames[name],
    ...(ip ? { ip_address: ip } : {}),
  };
}

/** @throws PlatformError auth_hook_invalid */
export function createHooks(
  config: Config["auth"]["hook"],
  resolveUrl: (uri: string) => string,
  post: typeof fetch,
  log: Log,
): Hooks {
  for (const [name, hook] of Object.entries(config)) if (hook.enabled) checkHook(name, hook);
  return {
    has: (name) => config[name].enabled,
    async run(name, sql, input) {
      const { uri, secrets } = config[name];
      const startedMs = performance.now();
      let output: z.infer<typeof outputSchema>;
      try {
        const answer = uri.startsWith("pg-functions:")
          ? await callPostgresHook(sql, functionName(uri) as string, input)
          : await callHttpHook(resolveUrl(uri), secretsOf(secrets), JSON.stringify(input), post);
        const parsed = outputSchema.safeParse(answer ?? {});
        if (!parsed.success) throw internal("Error unmarshaling JSON output.", parsed.error);
        output = parsed.data;
      } catch (cause) {
        const tookMs = Math.round(performance.now() - startedMs);
        const why = (cause as Error).message.replace(/\s+/g, " ");
        log("warn", `hook ${name} failed after ${tookMs} ms: ${why}`);
        throw cause instanceof AuthError ? cause : internal(`Error running hook URI: ${uri}`, cause);
      }
      // A hook may refuse, which is not a failure. The client is told; the operator need not be.
      if (output.error?.message) {
        const status = errorStatus(output.error.http_code);
        log(status < 500 ? "debug" : "warn", `hook ${name} answered ${status}`);
        throw new AuthError(status, "", output.error.message);
      }
      return output;
    },
  };
}

const outputSchema = z.looseObject({
  error: z
    .object({ http_code: z.number().int().nullish(), message: z.string().nullish() })
    .nullish()
    .catch(null),
});

/** The hook's status when it is an error status, else 500. */
function errorStatus(httpCode: number | null | undefined): number {
  return httpCode && httpCode >= 400 && httpCode <= 599 ? httpCode : 500;
}

const secretForm = /^v1,whsec_[A-Za-z0-9+/]+={0,2}$/;

function secretsOf(secrets: string): string[] {
  return secrets.split("|").map((secret) => secret.replace(/^v1,/, ""));
}

function checkHook(name: string, hook: { uri: string; secrets: string }): void {
  const say = (what: string) =>
    new PlatformError("auth_hook_invalid", `[auth.hook.${name}] in supabase/config.toml: ${what}`);
  if (hook.uri.startsWith("pg-functions:")) {
    if (functionName(hook.uri) === undefined) {
      throw say(`uri must be pg-functions://<database>/<schema>/<function>, not ${hook.uri}`);
    }
  } else if (/^https?:\/\//.test(hook.uri)) {
    if (!hook.secrets.split("|").every((secret) => secretForm.test(secret))) {
      throw say("secrets must be v1,whsec_<base64>; separate several of them with |.");
    }
  } else throw say(`uri must begin with pg-functions:, http: or https:, not ${hook.uri}`);
}
