/**
 * The link that confirms an address. It goes to Auth's GET /verify, which signs in and
 * redirects (in Auth's source: internal/mailer/templatemailer, the ConfirmationURL). Or it goes to a
 * page of the frontend, if the frontend asked for that: the person confirms there with a click.
 */
import type { Payload } from "./payload.ts";

/** The project's public addresses, if the environment names them. */
export interface Addresses {
  /** The setting SUPABASE_PUBLIC_URL. */
  publicUrl?: string;
  /** The project's address for its functions. On hosted Supabase it is the public address too. */
  projectUrl?: string;
}

/**
 * The payload's site_url is not the address of the site, but the public address of Auth
 * (…/auth/v1). Auth may change that one day (https://github.com/supabase/auth/pull/2715).
 * If site_url does not end in /auth/v1, we use the project's own address before it.
 * @throws Error if none of them is a web address
 */
export function verifyUrl(payload: Payload, addresses: Addresses, tokenHash: string): string {
  const data = payload.email_data;
  const page = confirmPage(data.redirect_to);
  if (page) {
    page.hash = new URLSearchParams({ token_hash: tokenHash, type: data.email_action_type }).toString();
    return page.href;
  }
  const named = /\/auth\/v1\/*$/.test(data.site_url) ? data.site_url : undefined;
  const url = new URL(addresses.publicUrl ?? named ?? addresses.projectUrl ?? data.site_url);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw new Error("site_url is not a web address");
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

/**
 * The page, if the address to which the person returns has `link=token_hash` in its query. Mail scanners fetch
 * links. A link to Auth is used up by that, and a link to such a page is not. The token's hash goes into the
 * fragment, which no server sees. Auth has checked that the project allows this address.
 */
function confirmPage(redirectTo: string): URL | undefined {
  const page = URL.parse(redirectTo);
  if (!page || (page.protocol !== "https:" && page.protocol !== "http:")) return undefined;
  if (page.searchParams.get("link") !== "token_hash") return undefined;
  page.searchParams.delete("link");
  return page;
}
