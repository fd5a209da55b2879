/** The environment of a project: the values of its .env files, and the variables of its edge functions. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseEnv } from "node:util";
import type { Config } from "./config.ts";
import { PlatformError } from "./errors.ts";
import type { Keys } from "./keys.ts";
import type { Log } from "./log.ts";

export type Env = Record<string, string | undefined>;

/**
 * Reads the .env files as the CLI does in the project's root: what the root has goes over what
 * supabase/ has. In each folder, .local goes over the others, and the files of the environment (SUPABASE_ENV, or
 * `development`) over those of all environments.
 * @param env the variables of the process
 * @throws PlatformError env_unreadable
 */
export async function envFiles(projectDir: string, env: Env = {}): Promise<Env> {
  const stage = env.SUPABASE_ENV || "development";
  const names = [".env", `.env.${stage}`, ".env.local", `.env.${stage}.local`];
  const inner = names.filter((name) => stage !== "test" || name !== ".env.local");
  const found: Env = {};
  for (const name of [...inner.map((name) => `supabase/${name}`), ...names]) {
    Object.assign(found, await envFile(join(projectDir, name)));
  }
  return found;
}

async function envFile(path: string): Promise<Env> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return "";
    throw new PlatformError("env_unreadable", `Cannot read ${path} (${error.code}). Who owns it?`);
  });
  return expanded(parseEnv(text), text);
}

/** Puts in the values of `$NAME` and `${NAME}`, which stand further up in the file. A text in single quotes stays. */
function expanded(values: NodeJS.Dict<string>, text: string): Env {
  const found: Env = {};
  for (const [name, value = ""] of Object.entries(values)) {
    const isLiteral = new RegExp(`^\\s*(?:export\\s+)?${RegExp.escape(name)}\\s*=\\s*'`, "m").test(text);
    found[name] = isLiteral
      ? value
      : value.replace(/(\\)?\$(\()?\{?([A-Z0-9_]+)?\}?/g, (all, escaped, command, other) => {
          if (escaped || command) return all.slice(1);
          return other === undefined ? all : (found[other] ?? "");
        });
  }
  return found;
}

/** What config.toml's text is if the variable is not set. */
const isUnset = ([, value]: [string, string]) => /^env\(\w+\)$/.test(value);

export interface FunctionsEnvOptions {
  projectDir: string;
  config: Config;
  keys: Keys;
  /** SEND_EMAIL_HOOK_SECRETS and JOBS_SECRET come from here. */
  env: Env;
  gatewayUrl: string;
  databaseUrl: string;
  /** The port of the mail catcher. */
  smtpPort: number;
  log: Log;
}

/**
 * The variables that every function finds in `Deno.env`: Supabase's own names, and the
 * project's secrets ([edge_runtime.secrets] in config.toml, supabase/functions/.env).
 * The mail catcher is the SMTP server, unless the project names another.
 * @see https://supabase.com/docs/guides/functions/secrets#default-secrets
 */
export async function functionsEnv(options: FunctionsEnvOptions): Promise<Record<string, string>> {
  const { config, keys, env, gatewayUrl } = options;
  const secrets = Object.entries(config.edge_runtime.secrets);
  for (const [name, value] of secrets.filter(isUnset)) {
    options.log("warn", `the secret ${name} of [edge_runtime.secrets] is left out: there is no ${value}`);
  }
  const own = {
    ...Object.fromEntries(secrets.filter((secret) => !isUnset(secret))),
    ...(await envFile(join(options.projectDir, "supabase/functions/.env"))),
  };
  const mailer =
    "SMTP_HOST" in own || "MAIL_API_URL" in own
      ? {}
      : { SMTP_HOST: "127.0.0.1", SMTP_PORT: String(options.smtpPort) };
  const all: Env = {
    SEND_EMAIL_HOOK_SECRETS: env.SEND_EMAIL_HOOK_SECRETS,
    JOBS_SECRET: env.JOBS_SECRET,
    ...mailer,
    ...own,
    SUPABASE_URL: gatewayUrl,
    SUPABASE_PUBLIC_URL: gatewayUrl,
    SUPABASE_DB_URL: options.databaseUrl,
    SUPABASE_ANON_KEY: keys.anonKey,
    SUPABASE_SERVICE_ROLE_KEY: keys.serviceRoleKey,
    SUPABASE_PUBLISHABLE_KEYS: JSON.stringify({ default: keys.publishableKey }),
    SUPABASE_SECRET_KEYS: JSON.stringify({ default: keys.secretKey }),
    SUPABASE_JWKS: JSON.stringify(keys.jwks),
  };
  return Object.fromEntries(
    Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
