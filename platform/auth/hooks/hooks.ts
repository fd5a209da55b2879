/**
 * The project's own code in Auth's path: before_user_created may refuse a
 * sign-up, custom_access_token writes a token's claims, send_email sends the
 * mails. A hook is a Postgres function or an HTTP endpoint; it refuses with
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
   * Asks a hook. Only to be called when there is one.
   * @param sql the transaction that a Postgres function takes part in
   * @param input the payload, as JSON
   * @returns what the hook answered; {} when it answered nothing
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

/** What every payload says of its call. */
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
          : await callHttpHook(resolveUrl(uri), secretsOf(secrets), JSON.stringify(input));
        const parsed = outputSchema.safeParse(answer ?? {});
        if (!parsed.success) throw internal("Error unmarshaling JSON output.", parsed.error);
        output = parsed.data;
      } catch (cause) {
        const tookMs = Math.round(performance.now() - startedMs);
        const why = (cause as Error).message.replace(/\s+/g, " ");
        log("warn", `hook ${name} failed after ${tookMs} ms: ${why}`);
        throw cause instanceof AuthError ? cause : internal(`Error running hook URI: ${uri}`, cause);
      }
      // To refuse is a hook's business, not its failure: told to the client, not to the operator.
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

/** A hook chooses its status, among those that are errors. */
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
      throw say("secrets must be v1,whsec_<base64>, several of them with | between.");
    }
  } else throw say(`uri must begin with pg-functions:, http: or https:, not ${hook.uri}`);
}
