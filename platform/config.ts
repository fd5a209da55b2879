/**
 * Reads supabase/config.toml, which the supabase CLI reads too. This file names only
 * the settings that the platform uses. The CLI validates the others, and the log names them.
 * The platform ignores the blocks [remotes.…], which change settings for one hosted project.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { parse } from "smol-toml";
import { z } from "zod";
import { isTable, splitSettings } from "./config-split.ts";
import { typed } from "./config-text.ts";
import { PlatformError } from "./errors.ts";

const port = z.number().int().min(0).max(65535);

/** Turns a duration of config.toml into milliseconds. It is in Go's notation: "1s", "1m30s", "500ms". */
const durationMs = z.string().transform((text, context) => {
  const units: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map((part) => part[0]).join("") !== text) {
    context.addIssue({ code: "custom", message: `not a duration: ${text}` });
    return z.NEVER;
  }
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? "s"] ?? 0), 0);
});

const hook = z
  .object({
    enabled: z.boolean().default(false),
    uri: z.string().default(""),
    secrets: z.string().default(""),
  })
  .prefault({});

const functionEntry = z.object({
  enabled: z.boolean().default(true),
  verify_jwt: z.boolean().default(true),
  entrypoint: z.string().optional(),
  import_map: z.string().optional(),
});

const schema = z.object({
  project_id: z.string().default("plaza"),
  api: z
    .object({
      port: port.default(54321),
      schemas: z.array(z.string()).default(["public", "graphql_public"]),
      extra_search_path: z.array(z.string()).default(["public", "extensions"]),
      max_rows: z.number().int().positive().default(1000),
      /** Whether the API roles reach new tables, views, sequences and functions without a grant. Unset: yes. */
      auto_expose_new_tables: z.boolean().optional(),
    })
    .prefault({}),
  db: z
    .object({
      port: port.default(54322),
      seed: z
        .object({
          enabled: z.boolean().default(true),
          sql_paths: z.array(z.string()).default(["./seed.sql"]),
        })
        .prefault({}),
      /** Secrets that every start writes to the Vault, by name. */
      vault: z.record(z.string(), z.string()).default({}),
    })
    .prefault({}),
  local_smtp: z
    .object({ enabled: z.boolean().default(true), port: port.default(54324), smtp_port: port.default(54325) })
    .prefault({}),
  auth: z
    .object({
      site_url: z.string().min(1).default("http://127.0.0.1:3000"),
      external_url: z.string().optional(),
      additional_redirect_urls: z.array(z.string()).default([]),
      jwt_expiry: z.number().int().positive().max(604_800).default(3600),
      jwt_issuer: z.string().optional(),
      signing_keys_path: z.string().optional(),
      enable_refresh_token_rotation: z.boolean().default(true),
      refresh_token_reuse_interval: z.number().int().min(0).default(10),
      enable_signup: z.boolean().default(true),
      enable_anonymous_sign_ins: z.boolean().default(false),
      /** The Auth server takes a smaller number for 6. */
      minimum_password_length: z
        .number()
        .int()
        .min(0)
        .default(6)
        .transform((length) => Math.max(6, length)),
      password_requirements: z
        .enum(["", "letters_digits", "lower_upper_letters_digits", "lower_upper_letters_digits_symbols"])
        .default(""),
      rate_limit: z
        .object({
          /** Mails an hour, of all people together. Auth counts before it calls the send_email hook. */
          email_sent: z.number().int().min(0).default(2),
          anonymous_users: z.number().int().min(0).default(30),
          token_refresh: z.number().int().min(0).default(150),
          sign_in_sign_ups: z.number().int().min(0).default(30),
          token_verifications: z.number().int().min(0).default(30),
        })
        .prefault({}),
      email: z
        .object({
          enabled: z.boolean().default(true),
          double_confirm_changes: z.boolean().default(true),
          enable_confirmations: z.boolean().default(false),
          secure_password_change: z.boolean().default(false),
          max_frequency: durationMs.prefault("1s"),
          /** The Auth server takes any other number for 6. */
          otp_length: z
            .number()
            .int()
            .min(0)
            .default(6)
            .transform((length) => (length < 6 || length > 10 ? 6 : length)),
          otp_expiry: z.number().int().positive().default(3600),
        })
        .prefault({}),
      hook: z.object({ before_user_created: hook, custom_access_token: hook, send_email: hook }).prefault({}),
      sessions: z
        .object({ timebox: durationMs.optional(), inactivity_timeout: durationMs.optional() })
        .prefault({}),
    })
    .prefault({}),
  realtime: z
    .object({
      enabled: z.boolean().default(true),
      /** Whether Realtime refuses public channels. Hosted projects have this setting. The CLI does not know it. */
      private_only: z.boolean().default(false),
    })
    .prefault({}),
  edge_runtime: z
    .object({ enabled: z.boolean().default(true), secrets: z.record(z.string(), z.string()).default({}) })
    .prefault({}),
  functions: z.record(z.string(), functionEntry).default({}),
});

/** supabase/config.toml with defaults filled in. The names are those of the file. */
export type Config = z.infer<typeof schema>;
/** The same shape, with every setting optional. Code uses it to change single settings. */
export type ConfigOverrides = DeepPartial<z.input<typeof schema>>;

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { [K in keyof T]?: DeepPartial<T[K]> }
    : T;

/**
 * @param projectDir the folder that holds supabase/
 * @param env the values for `env(NAME)`
 * @param overrides replace settings of the file, before validation; later ones replace earlier ones
 * @throws PlatformError config_unreadable, config_invalid, config_env_missing
 */
export async function loadConfig(
  projectDir: string,
  env: Record<string, string | undefined>,
  ...overrides: ConfigOverrides[]
): Promise<Config> {
  const { known } = splitSettings(overrides.reduce(merge, await readSettings(projectDir)), schema);
  const result = schema.safeParse(typed(substitute(known, env), schema));
  if (!result.success)
    throw new PlatformError("config_invalid", `${pathOf(projectDir)}:\n${z.prettifyError(result.error)}`);
  return result.data;
}

/**
 * Not settings without effect: the CLI acts on the first when it applies the migrations, and
 * `[remotes.*]` is for other machines than this one.
 */
const notOurs = ["db.migrations", "remotes"];

/**
 * The names of the settings in config.toml that nothing on this machine acts on.
 * @throws PlatformError config_unreadable, config_invalid
 */
export async function settingsWithoutEffect(projectDir: string): Promise<string[]> {
  const { others } = splitSettings(await readSettings(projectDir), schema);
  return others.filter((name) => !notOurs.some((section) => `${name}.`.startsWith(`${section}.`)));
}

function pathOf(projectDir: string): string {
  return join(projectDir, "supabase", "config.toml");
}

async function readSettings(projectDir: string): Promise<unknown> {
  const path = pathOf(projectDir);
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new PlatformError("config_unreadable", `Cannot read ${path}: run from a Supabase project's root.`, {
      cause,
    });
  });
  try {
    return parse(text);
  } catch (cause) {
    throw new PlatformError("config_invalid", `${path}: ${(cause as Error).message}`, { cause });
  }
}

function merge(base: unknown, over: unknown): unknown {
  if (over === undefined) return base;
  if (!isTable(base) || !isTable(over)) return over;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = merge(merged[key], value);
  return merged;
}

/**
 * Replaces every string `env(NAME)`, as the CLI does. A section with `enabled = false` needs no values, and
 * neither do the secrets. There the text stays when the variable is not set.
 */
function substitute(
  value: unknown,
  env: Record<string, string | undefined>,
  needed = true,
  path = "",
): unknown {
  if (typeof value === "string") {
    const name = /^env\((\w+)\)$/.exec(value)?.[1];
    if (name === undefined) return value;
    const found = env[name];
    if (found === undefined && needed) {
      throw new PlatformError(
        "config_env_missing",
        `supabase/config.toml wants the environment variable ${name}.`,
      );
    }
    return found ?? value;
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, env, needed, path));
  if (!isTable(value)) return value;
  const wanted = needed && value.enabled !== false && !secretSections.includes(path);
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      key,
      substitute(item, env, wanted, path === "" ? key : `${path}.${key}`),
    ]),
  );
}

/** A secret that is not set is left out: writeVaultSecrets() and functionsEnv() say so. */
const secretSections = ["db.vault", "edge_runtime.secrets"];
