/**
 * Supabase's API keys at the gateway: which keys let a request in, and which JWT replaces a key
 * inside. An `sb_…` key is not a JWT. Rest and auth do not know it.
 * @see https://supabase.com/docs/guides/api/api-keys
 */
import { timingSafeEqual } from "node:crypto";
import type { Keys } from "../keys.ts";

/** Headers to set before a service gets the request. Undefined means to remove the header. */
export type Credentials = Record<string, string | undefined>;

/** Why a key does not let a request in. The gateway answers 401. */
export interface Refusal {
  /** For the header sb-error-code. */
  code: string;
  message: string;
  hint: string;
}

/** What a key is looked for in. */
export interface Keyed {
  url: string;
  headers: { get(name: string): string | null };
}

export interface ApiKeys {
  /** Returns the refusal if the request has no key of this project, or one that it may not use. */
  check(request: Keyed): Refusal | undefined;
  /**
   * Returns the refusal if a browser sends the secret key: then everybody can read it there. Like
   * hosted Supabase, we know a browser by its User-Agent. The legacy keys have no such check.
   */
  checkBrowser(request: Keyed): Refusal | undefined;
  /** For services that know only JWTs: the key's JWT, unless the request has a JWT of its own. */
  swapped(request: Keyed): Credentials;
  /**
   * For auth. Its endpoints for users need to know whether the client sent a token, so the JWT of a
   * key that came alone is in a header of ours. A client cannot set that header.
   */
  apart(request: Keyed): Credentials;
  /**
   * For functions, which check keys themselves. All headers stay as they came. The key's JWT is
   * added in a header of ours. @see https://github.com/supabase/cli/pull/5509
   */
  beside(request: Keyed): Credentials;
  /** The query string without keys of this project. A parameter of that name with another value is the service's. */
  hidden(search: string): string;
  /** For a websocket, which has its key in the URL: the key's JWT. A text that is not a key stays as it is. */
  token(request: Keyed): string | undefined;
}

/**
 * The header with the JWT of the request's API key, beside what the client sent itself. Only the
 * gateway sets it. Auth and the check before functions read it.
 */
export const keyTokenHeader = "sb-api-key";

export function createApiKeys(keys: Keys): ApiKeys {
  const jwts: [key: string, jwt: string][] = [
    [keys.publishableKey, keys.anonKey],
    [keys.secretKey, keys.serviceRoleKey],
    [keys.anonKey, keys.anonKey],
    [keys.serviceRoleKey, keys.serviceRoleKey],
  ];
  const jwtFor = (given: string) => jwts.find(([key]) => equal(key, given))?.[1];

  const checkBrowser = (request: Keyed): Refusal | undefined => {
    if (!/^mozilla\//i.test(request.headers.get("user-agent") ?? "")) return undefined;
    const given = [apiKey(request), request.headers.get("x-api-key"), bearer(request)];
    if (!given.some((key) => key && equal(keys.secretKey, key))) return undefined;
    return {
      code: "UNAUTHORIZED_INVALID_API_KEY_TYPE",
      message: "Forbidden use of secret API key in browser",
      hint: "Secret API keys can only be used in a protected environment and should never be used in a browser. Delete this secret API key immediately!",
    };
  };
  const swapped = (request: Keyed): Credentials => {
    const given = request.headers.get("authorization");
    // While nobody is signed in, supabase-js sends its key as the bearer token.
    if (given && !/^bearer sb_/i.test(given)) return { apikey: undefined };
    const jwt = jwtFor(apiKey(request) ?? bearer(request) ?? "");
    return { apikey: undefined, authorization: jwt && `Bearer ${jwt}` };
  };

  return {
    check(request) {
      const given = apiKey(request);
      if (!given) {
        return {
          code: "UNAUTHORIZED_MISSING_API_KEY",
          message: "No API key found in request",
          hint: "No `apikey` request header or url param was found.",
        };
      }
      if (jwtFor(given) === undefined) {
        return {
          code: "UNAUTHORIZED_INVALID_API_KEY",
          message: "Invalid API key",
          hint: "Double check your Supabase `anon` or `service_role` API key.",
        };
      }
      return checkBrowser(request);
    },
    checkBrowser,
    swapped,
    apart(request) {
      const { authorization, ...others } = swapped(request);
      return request.headers.get("authorization") !== null
        ? { ...swapped(request), [keyTokenHeader]: undefined }
        : { ...others, [keyTokenHeader]: authorization };
    },
    beside(request) {
      const jwt = jwtFor(apiKey(request) ?? "");
      return { [keyTokenHeader]: jwt && `Bearer ${jwt}` };
    },
    // The rest stays as it came: PostgREST reads it literally.
    hidden(search) {
      const kept = search
        .slice(1)
        .split("&")
        .filter((pair) => {
          const key = new URLSearchParams(pair).get("apikey");
          return key === null || jwtFor(key) === undefined;
        });
      return kept.length > 0 ? `?${kept.join("&")}` : "";
    },
    token(request) {
      const given = request.headers.get("x-api-key") ?? apiKey(request);
      return given && (jwtFor(given) ?? given);
    },
  };
}

function apiKey(request: Keyed): string | undefined {
  const header = request.headers.get("apikey");
  if (header) return header;
  if (!request.url.includes("apikey=")) return undefined;
  return new URL(request.url, "http://gateway").searchParams.get("apikey") ?? undefined;
}

function bearer(request: Keyed): string | undefined {
  return /^bearer (\S+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
