/** Reads the function's settings from its environment. docs/how-to/send-mail.md lists them. */
import type { Webhook } from "standardwebhooks";
import { z } from "zod";
import { parseSecrets } from "./signature.ts";
import type { Addresses } from "./verify-url.ts";

export interface Settings extends Addresses {
  webhooks: Webhook[];
  appName: string;
  from: { name: string; address: string };
  delivery: Delivery;
}

export type Delivery = SmtpDelivery | ApiDelivery;

export interface SmtpDelivery {
  by: "smtp";
  host: string;
  port: number;
  security: Security;
  login: { user: string; pass: string } | undefined;
}

/** TLS from the first byte, TLS after STARTTLS, or no TLS. It is never "TLS if the server offers it". */
export type Security = "tls" | "starttls" | "none";

export interface ApiDelivery {
  by: "api";
  url: string;
  key: string;
}

/** "Plaza <hello@example.com>" or "hello@example.com". */
const sender = z.string().transform((text, context) => {
  const [, name = "", address = ""] = /^(?:"?([^"<>\r\n]*?)"?\s*<)?([^\s<>"]+@[^\s<>"]+)>?$/.exec(text) ?? [];
  if (address === "") context.addIssue({ code: "custom", message: "is not a sender address" });
  return { name, address };
});

const webhooks = z.string().transform((text, context) => {
  try {
    const parsed = parseSecrets(text);
    if (parsed.length > 0) return parsed;
  } catch {
    // The issue below says it without the secret.
  }
  context.addIssue({ code: "custom", message: "is not a list of v1,whsec_<base64> split by |" });
  return z.NEVER;
});

const webAddress = z.url({ protocol: /^https?$/ });

/** An empty variable counts as missing. */
const environment = z.object({
  SEND_EMAIL_HOOK_SECRETS: webhooks,
  APP_NAME: z.string().default("Plaza"),
  SUPABASE_PUBLIC_URL: webAddress.optional(),
  SUPABASE_URL: webAddress.optional(),
  MAIL_FROM: sender.optional(),
  MAIL_API_URL: webAddress
    .refine((url) => url.startsWith("https:") || isLoopback(new URL(url).hostname), "must be https")
    .optional(),
  MAIL_API_KEY: z.string().optional(),
  SMTP_HOST: z.string().optional(),
  SMTP_PORT: z.coerce.number().int().min(1).max(65535).default(465),
  SMTP_USER: z.string().optional(),
  SMTP_PASS: z.string().optional(),
  SMTP_SECURE: z.enum(["tls", "starttls", "none"]).optional(),
});
type Environment = z.output<typeof environment>;

/**
 * @param get the value of an environment variable
 * @returns the settings, or a text that says which variables are wrong and why
 */
export function readSettings(get: (name: string) => string | undefined): Settings | { problem: string } {
  const names = Object.keys(environment.shape);
  const found = environment.safeParse(
    Object.fromEntries(names.map((name) => [name, get(name)?.trim() || undefined])),
  );
  if (!found.success) return { problem: z.prettifyError(found.error) };
  const env = found.data;
  const delivery = chooseDelivery(env);
  if (typeof delivery === "string") return { problem: delivery };
  const from = env.MAIL_FROM ?? localSender(env, delivery);
  if (!from) return { problem: "MAIL_FROM is missing" };
  return {
    webhooks: env.SEND_EMAIL_HOOK_SECRETS,
    appName: env.APP_NAME,
    publicUrl: env.SUPABASE_PUBLIC_URL,
    // An http address is one inside a network of containers, which people cannot reach.
    projectUrl: env.SUPABASE_URL?.startsWith("https:") ? env.SUPABASE_URL : undefined,
    from,
    delivery,
  };
}

/** The mail API if the settings name one, else SMTP. */
function chooseDelivery(env: Environment): Delivery | string {
  if (env.MAIL_API_URL) {
    return env.MAIL_API_KEY
      ? { by: "api", url: env.MAIL_API_URL, key: env.MAIL_API_KEY }
      : "MAIL_API_URL is set, MAIL_API_KEY is missing";
  }
  if (!env.SMTP_HOST) return "Neither MAIL_API_URL nor SMTP_HOST is set";
  if (!env.SMTP_USER !== !env.SMTP_PASS) return "SMTP_USER and SMTP_PASS go together";
  return {
    by: "smtp",
    host: env.SMTP_HOST,
    port: env.SMTP_PORT,
    security: env.SMTP_SECURE ?? securityOf(env),
    login: env.SMTP_USER && env.SMTP_PASS ? { user: env.SMTP_USER, pass: env.SMTP_PASS } : undefined,
  };
}

/** No TLS only to a mail catcher: on this machine, or in a neighbour container without a login. */
function securityOf({ SMTP_HOST: host = "", SMTP_PORT: port, SMTP_USER: user }: Environment): Security {
  if (port === 465 || port === 2465) return "tls";
  const isBeside = !user && !/[.:]/.test(host);
  return isLoopback(host) || isBeside ? "none" : "starttls";
}

function localSender(env: Environment, delivery: Delivery): Settings["from"] | undefined {
  if (delivery.by !== "smtp" || delivery.security !== "none") return undefined;
  return { name: env.APP_NAME, address: "no-reply@localhost" };
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/.test(host);
}
