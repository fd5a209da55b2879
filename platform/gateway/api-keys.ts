/**
 * Supabase's API keys at the gateway: which ones let a request in, and which
 * JWT stands for them inside. `sb_…` keys are not JWTs and never reach a service.
 * @see https://supabase.com/docs/guides/api/api-keys
 */
import { timingSafeEqual } from "node:crypto";
import type { Keys } from "../keys.ts";

export interface ApiKeys {
  /** The error body when the request carries no key of this project. */
  check(request: Request): { message: string; hint: string } | undefined;
  /** The `authorization` header a service should see; undefined: none. */
  authorization(request: Request): string | undefined;
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
    authorization(request) {
      const given = request.headers.get("authorization");
      // supabase-js sends its key as the bearer token while nobody is signed in.
      if (given && !/^bearer sb_/i.test(given)) return given;
      const jwt = jwtFor(apiKey(request) ?? given?.slice("bearer ".length) ?? "");
      return jwt && `Bearer ${jwt}`;
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
