/**
 * The function's settings, from its environment. docs/how-to/send-mail.md lists them.
 */
import type { Webhook } from "standardwebhooks";
import { z } from "zod";
import { parseSecrets } from "./signature.ts";

export interface Settings {
  webhooks: Webhook[];
  appName: string;
  publicUrl: string | undefined;
  from: { name: string; address: string };
  delivery: Delivery;
}

export type Delivery = SmtpDelivery | ApiDelivery;

export interface SmtpDelivery {
  by: "smtp";
  host: string;
  port: number;
  /** From the first byte, by STARTTLS or not at all; never "if the server offers it". */
  security: "tls" | "starttls" | "none";
  login: { user: string; pass: string } | undefined;
}

export interface ApiDelivery {
  by: "api";
  url: string;
  key: string;
}

const optional = z
  .string()
  .trim()
  .optional()
  .transform((value) => value || undefined);
const isLoopback = (host: string) => /^(?:localhost|127(?:\.\d{1,3}){3}|\[?::1\]?)$/.test(host);

/** "Plaza <hello@example.com>" or "hello@example.com". */
const sender = z
  .string()
  .trim()
  .transform((text, context) => {
    const [, name = "", address = ""] =
      /^(?:"?([^"<>\r\n]*?)"?\s*<)?([^\s<>"]+@[^\s<>"]+)>?$/.exec(text) ?? [];
    if (address === "") context.addIssue({ code: "custom", message: "is no sender address" });
    return { name, address };
  });

const webhooks = z.string().transform((text, context) => {
  try {
    const parsed = parseSecrets(text);
    if (parsed.length > 0) return parsed;
  } catch {
    // Said below, without the secret.
  }
  context.addIssue({ code: "custom", message: "is not a list of v1,whsec_<base64> split by |" });
  return z.NEVER;
});

const api = z
  .url({ protocol: /^https?$/ })
  .refine((url) => url.startsWith("https:") || isLoopback(new URL(url).hostname), "must be https");

const environment = z.object({
  SEND_EMAIL_HOOK_SECRETS: webhooks,
  APP_NAME: optional,
  SUPABASE_PUBLIC_URL: z
    .union([z.literal("").transform(() => undefined), z.url({ protocol: /^https?$/ })])
    .optional(),
  MAIL_FROM: sender,
  MAIL_API_URL: z.union([z.literal("").transform(() => undefined), api]).optional(),
  MAIL_API_KEY: optional,
  SMTP_HOST: optional,
  SMTP_PORT: z.coerce.number().int().min(1).max(65535).optional(),
  SMTP_USER: optional,
  SMTP_PASS: optional,
  SMTP_SECURE: z
    .union([z.literal("").transform(() => undefined), z.enum(["tls", "starttls", "none"])])
    .optional(),
});

/**
 * @param get the value of an environment variable
 * @returns the settings, or which variables are wrong and how
 */
export function readSettings(get: (name: string) => string | undefined): Settings | { problem: string } {
  const found = environment.safeParse(
    Object.fromEntries(Object.keys(environment.shape).map((name) => [name, get(name)])),
  );
  if (!found.success) return { problem: z.prettifyError(found.error) };
  const env = found.data;
  const delivery = chooseDelivery(env);
  if (typeof delivery === "string") return { problem: delivery };
  return {
    webhooks: env.SEND_EMAIL_HOOK_SECRETS,
    appName: env.APP_NAME ?? "Plaza",
    publicUrl: env.SUPABASE_PUBLIC_URL,
    from: env.MAIL_FROM,
    delivery,
  };
}

/** The mail API where one is named, else SMTP. */
function chooseDelivery(env: z.output<typeof environment>): Delivery | string {
  if (env.MAIL_API_URL) {
    return env.MAIL_API_KEY
      ? { by: "api", url: env.MAIL_API_URL, key: env.MAIL_API_KEY }
      : "MAIL_API_URL is set, MAIL_API_KEY is missing";
  }
  if (!env.SMTP_HOST) return "Neither MAIL_API_URL nor SMTP_HOST is set";
  if (!env.SMTP_USER !== !env.SMTP_PASS) return "SMTP_USER and SMTP_PASS go together";
  const port = env.SMTP_PORT ?? 465;
  const security = env.SMTP_SECURE ?? securityOf(env.SMTP_HOST, port);
  const login = env.SMTP_USER && env.SMTP_PASS ? { user: env.SMTP_USER, pass: env.SMTP_PASS } : undefined;
  return { by: "smtp", host: env.SMTP_HOST, port, security, login };
}

function securityOf(host: string, port: number): SmtpDelivery["security"] {
  if (port === 465 || port === 2465) return "tls";
  return isLoopback(host) ? "none" : "starttls";
}
