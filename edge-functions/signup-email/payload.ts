/**
 * The payload that Supabase Auth sends to the Send Email hook, and its validation
 * (https://supabase.com/docs/guides/auth/auth-hooks/send-email-hook; in Auth's
 * source: internal/hooks/v0hooks and internal/mailer).
 */
import { z } from "zod";

/** The kinds of mail in which the person confirms by a link, a code, or either. */
const verifications = [
  "signup",
  "invite",
  "recovery",
  "magiclink",
  "email",
  "email_change",
  "reauthentication",
] as const;

/** The kinds of mail about something that already happened. A project can switch them on. */
const notices = [
  "password_changed_notification",
  "email_changed_notification",
  "phone_changed_notification",
  "identity_linked_notification",
  "identity_unlinked_notification",
  "mfa_factor_enrolled_notification",
  "mfa_factor_unenrolled_notification",
] as const;

/** One address, as Auth allows it: no quotes, no list, nothing that ends a header. */
const email = z
  .string()
  .max(320)
  .regex(/^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?$/);
const optionalEmail = z
  .union([z.literal(""), email])
  .nullish()
  .transform((value) => value || undefined);
const text = (max: number) =>
  z
    .string()
    .max(max)
    .nullish()
    .transform((value) => value ?? "");

export const payloadSchema = z
  .object({
    user: z.object({
      email: optionalEmail,
      new_email: optionalEmail,
      phone: text(40),
      /** Empty until the address is confirmed. */
      email_confirmed_at: text(64),
      /** When the mail before this one was sent; empty at the first one. */
      confirmation_sent_at: text(64),
      user_metadata: z
        .record(z.string(), z.unknown())
        .nullish()
        .transform((value) => value ?? {}),
    }),
    email_data: z.object({
      email_action_type: z.enum([...verifications, ...notices]),
      token: text(64),
      token_hash: text(256),
      token_new: text(64),
      token_hash_new: text(256),
      redirect_to: text(4096),
      site_url: text(2048),
      old_email: optionalEmail,
      old_phone: text(40),
      provider: text(100),
      factor_type: text(100),
    }),
  })
  .superRefine(({ user, email_data: data }, context) => {
    const need = (value: unknown, path: string[]) => {
      if (!value) context.addIssue({ code: "custom", path, message: "is missing" });
    };
    switch (data.email_action_type) {
      case "email_change":
        need(user.new_email, ["user", "new_email"]);
        need(data.token_hash, ["email_data", "token_hash"]);
        if (data.token_hash_new) need(user.email, ["user", "email"]);
        break;
      case "email_changed_notification":
        need(data.old_email, ["email_data", "old_email"]);
        break;
      case "reauthentication":
        need(user.email, ["user", "email"]);
        need(data.token, ["email_data", "token"]);
        break;
      default:
        need(user.email, ["user", "email"]);
        if (isVerification(data.email_action_type)) need(data.token_hash, ["email_data", "token_hash"]);
    }
  });

export type Payload = z.output<typeof payloadSchema>;
export type Action = Payload["email_data"]["email_action_type"];

function isVerification(action: Action): boolean {
  return (verifications as readonly string[]).includes(action);
}
