/**
 * The link that proves an address: Auth's GET /verify, which signs in and redirects
 * (in Auth's source: internal/mailer/templatemailer, the ConfirmationURL).
 */
import type { Payload } from "./payload.ts";

/**
 * @param publicUrl of the project; without it the payload's site_url, which in spite of
 *   its name holds the external address of Auth, with or without /auth/v1
 * @throws Error when that is no web address
 */
export function verifyUrl(payload: Payload, publicUrl: string | undefined, tokenHash: string): string {
  const data = payload.email_data;
  const url = new URL(publicUrl ?? data.site_url);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new Error("site_url is no web address");
  const path = url.pathname.replace(/\/+$/, "").replace(/\/auth\/v1$/, "");
  url.pathname = `${path}/auth/v1/verify`;
  url.hash = "";
  url.search = new URLSearchParams({
    token: tokenHash,
    type: data.email_action_type,
    ...(data.redirect_to && { redirect_to: data.redirect_to }),
  }).toString();
  return url.href;
}
