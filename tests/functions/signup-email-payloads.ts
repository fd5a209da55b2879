/** Payloads about alice, as Supabase Auth sends them to the Send Email hook. */
import type { Action } from "../../edge-functions/signup-email/payload.ts";

export const actions = [
  "signup",
  "invite",
  "recovery",
  "magiclink",
  "email",
  "email_change",
  "reauthentication",
  "password_changed_notification",
  "email_changed_notification",
  "phone_changed_notification",
  "identity_linked_notification",
  "identity_unlinked_notification",
  "mfa_factor_enrolled_notification",
  "mfa_factor_unenrolled_notification",
] as const satisfies Action[];

export function payloadOf(
  action: string,
  change: { user?: Record<string, unknown>; email_data?: Record<string, unknown> } = {},
) {
  const now = new Date().toISOString();
  return {
    metadata: {
      uuid: crypto.randomUUID(),
      time: now,
      name: "send-email",
      ip_address: "127.0.0.1",
    },
    user: {
      id: "8484b834-f29e-4af2-bf42-80644d154f76",
      aud: "authenticated",
      role: "",
      email: "alice@example.com",
      phone: "491700000000",
      ...(action !== "signup" &&
        action !== "invite" && { email_confirmed_at: now, confirmation_sent_at: now }),
      ...(action === "email_change" && { new_email: "alice.new@example.com" }),
      app_metadata: { provider: "email", providers: ["email"] },
      user_metadata: { username: "alice", email: "alice@example.com", email_verified: false },
      identities: [],
      created_at: now,
      updated_at: now,
      is_anonymous: false,
      ...change.user,
    },
    email_data: {
      token: "305805",
      token_hash: "hash-of-the-token",
      redirect_to: "http://127.0.0.1:3000",
      email_action_type: action,
      site_url: "http://127.0.0.1:54321/auth/v1",
      token_new: action === "email_change" ? "222222" : "",
      token_hash_new: action === "email_change" ? "hash-for-current" : "",
      old_email: action === "email_changed_notification" ? "alice.old@example.com" : "",
      old_phone: "491711111111",
      provider: "github",
      factor_type: "totp",
      ...change.email_data,
    },
  };
}
