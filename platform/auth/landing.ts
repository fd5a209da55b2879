/**
 * The redirect that ends a mail's link and tells the client how it went. It brings
 * tokens in the fragment, or for a client in the PKCE flow a code in the query.
 * Source: supabase/auth internal/api/verify.go (prepErrorRedirectURL and others).
 */
import type { AuthError } from "./errors.ts";
import type { Grant } from "./sessions.ts";

export type Outcome =
  | { message: string }
  | { code: string }
  | { type: string; grant: Grant }
  | { error: Record<string, string> };

/** Where the browser goes next, and what it brings there. */
export function landing(redirectTo: string, outcome: Outcome, pkce: boolean): string {
  const url = new URL(redirectTo);
  const told = new URLSearchParams();
  if ("code" in outcome) {
    url.searchParams.set("code", outcome.code);
    return url.href;
  }
  if ("grant" in outcome) {
    const { user: _user, ...tokens } = outcome.grant;
    for (const [key, value] of Object.entries({ ...tokens, type: outcome.type })) {
      told.set(key, String(value));
    }
  } else {
    const facts = "error" in outcome ? outcome.error : { message: outcome.message };
    for (const [key, value] of Object.entries(facts)) {
      told.set(key, value);
      // A client in the PKCE flow reads the query.
      if (pkce) url.searchParams.set(key, value);
    }
  }
  // Tells the client that this redirect comes from Auth.
  told.set("sb", "");
  told.sort();
  url.hash = told.toString();
  return url.href;
}

const oauthErrors: Record<number, string> = {
  400: "invalid_request",
  401: "unauthorized_client",
  403: "access_denied",
  500: "server_error",
  503: "temporarily_unavailable",
};

export function failure(error: AuthError): { error: Record<string, string> } {
  const oauth = oauthErrors[error.status];
  return {
    error: {
      ...(oauth ? { error: oauth } : {}),
      error_code: error.code || "unknown",
      error_description: error.message,
    },
  };
}

export function redirect(location: string): Response {
  return new Response(null, {
    status: 303,
    headers: { location, "cache-control": "no-store", "referrer-policy": "no-referrer" },
  });
}
