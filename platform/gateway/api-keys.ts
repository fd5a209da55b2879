/**
 * Supabase's API keys at the gateway: which keys let a request in, and which JWT replaces a key
 * inside. An `sb_…` key is not a JWT. Rest and auth do not know it.
 * @see https://supabase.com/docs/guides/api/api-keys
 */
import { timingSafeEqual } from "node:crypto";
import type { Keys } from "../keys.ts";

/** Headers to set before a service gets the request. Undefined means to remove the header. */
export type Credentials = Record<string, string | undefined>;

export interface ApiKeys {
  /** Returns the error's body if the request has no key of this project. */
  check(request: Request): { message: string; hint: string } | undefined;
  /** For services that know only JWTs: the key's JWT, unless the request has a JWT of its own. */
  swapped(request: Request): Credentials;
  /**
   * For functions, which check keys themselves. All headers stay as they came. The key's JWT is
   * added in a header of ours. @see https://github.com/supabase/cli/pull/5509
   */
  beside(request: Request): Credentials;
  /** For a websocket, which has its key in the URL: the key's JWT. A text that is not a key stays as it is. */
  token(request: Request): string | undefined;
}

export function createApiKeys(keys: Keys): ApiKeys {
  const jwts: [key: string, jwt: string][] = [
    [keys.publishableKey, keys.anonKey],
    [keys.secretKey, keys.serviceRoleKey],
    [keys.anonKey, keys.anonKey],
    [keys.serviceRoleKey, keys.serviceRoleKey],
  ];
  const jwtFor = (given: string) => jwts.find(([key]) => equal(key, given))?.[1];

  return {
    check(request) {
      const given = apiKey(request);
      if (!given) {
        return {
          message: "No API key found in request",
          hint: "No `apikey` request header or url param was found.",
        };
      }
      if (jwtFor(given) === undefined) {
        return {
          message: "Invalid API key",
          hint: "Double check your Supabase `anon` or `service_role` API key.",
        };
      }
      return undefined;
    },
    swapped(request) {
      const given = request.headers.get("authorization");
      // While nobody is signed in, supabase-js sends its key as the bearer token.
      if (given && !/^bearer sb_/i.test(given)) return { apikey: undefined };
      const jwt = jwtFor(apiKey(request) ?? given?.slice("bearer ".length) ?? "");
      return { apikey: undefined, authorization: jwt && `Bearer ${jwt}` };
    },
    beside(request) {
      const jwt = jwtFor(apiKey(request) ?? "");
      return { "sb-api-key": jwt && `Bearer ${jwt}` };
    },
    token(request) {
      const given = request.headers.get("x-api-key") ?? apiKey(request);
      return given && (jwtFor(given) ?? given);
    },
  };
}

function apiKey(request: Request): string | undefined {
  const header = request.headers.get("apikey");
  if (header) return header;
  if (!request.url.includes("apikey=")) return undefined;
  return new URL(request.url).searchParams.get("apikey") ?? undefined;
}

function equal(a: string, b: string): boolean {
  const left = Buffer.from(a);
  const right = Buffer.from(b);
  return left.length === right.length && timingSafeEqual(left, right);
}
