/**
 * The link that proves an address: Auth's GET /verify, which signs in and redirects
 * (in Auth's source: internal/mailer/templatemailer, the ConfirmationURL).
 */
import type { Payload } from "./payload.ts";

/** Where the project is reached from outside, as far as the environment says. */
export interface Addresses {
  /** Said outright. */
  publicUrl?: string;
  /** Of the project as functions see it; on hosted Supabase the public one too. */
  projectUrl?: string;
}

/**
 * The payload's site_url holds, in spite of its name, the external address of Auth
 * (…/auth/v1). Should it hold that of the site one day, as has been proposed
 * (https://github.com/supabase/auth/pull/2715), then the project's own goes before it.
 * @throws Error when there is no web address among them
 */
export function verifyUrl(payload: Payload, addresses: Addresses, tokenHash: string): string {
  const data = payload.email_data;
  const named = /\/auth\/v1\/*$/.test(data.site_url) ? data.site_url : undefined;
  const url = new URL(addresses.publicUrl ?? named ?? addresses.projectUrl ?? data.site_url);
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
