/**
 * Rate limits, kept in memory. Each client address has a token bucket for each
 * endpoint, which is refilled evenly over five minutes. All people together may cause a
 * number of mails an hour. docs/reference/auth-limits.md says when which limit holds.
 * Source: supabase/auth internal/api/apilimiter, internal/ratelimit.
 */
import type { Config } from "../config.ts";
import { tooManyRequests } from "./errors.ts";

const endpoints = [
  "signup",
  "anonymous",
  "recover",
  "resend",
  "magiclink",
  "otp",
  "user",
  "token",
  "verify",
] as const;
export type Endpoint = (typeof endpoints)[number];

export interface Limits {
  /** @throws AuthError over_request_rate_limit */
  take(endpoint: Endpoint, ip: string): void;
  /** Counts a mail. @throws AuthError over_email_send_rate_limit */
  takeMail(): void;
  /** Refuses as takeMail does, but counts nothing. @throws AuthError over_email_send_rate_limit */
  checkMail(): void;
}

/** For a platform that only this machine can reach: as with `supabase start`, there are none. */
export const noLimits: Limits = { take() {}, takeMail() {}, checkMail() {} };

const windowS = 300;
const hourS = 3600;
/** The most calls of one client at once, even when its rate is larger. */
const burstMax = 30;
/** The most buckets of an endpoint. A new one replaces the one that was not used for longest. */
const bucketsMax = 10_000;

export function createLimits(config: Config["auth"]["rate_limit"], nowMs = () => Date.now()): Limits {
  const rates: Record<Endpoint, Rate> = {
    signup: fiveMinutes(config.sign_in_sign_ups),
    anonymous: { perS: config.anonymous_users / hourS, burst: config.anonymous_users },
    recover: fiveMinutes(config.sign_in_sign_ups),
    resend: fiveMinutes(config.sign_in_sign_ups),
    magiclink: fiveMinutes(config.sign_in_sign_ups),
    otp: fiveMinutes(config.sign_in_sign_ups),
    user: fiveMinutes(config.sign_in_sign_ups),
    token: fiveMinutes(config.token_refresh),
    verify: fiveMinutes(config.token_verifications),
  };
  const buckets = Object.fromEntries(
    endpoints.map((endpoint) => [endpoint, createBuckets(rates[endpoint], nowMs)]),
  );
  let mailsSent = 0;
  let mailWindowEndsMs = 0;
  const checkMail = () => {
    if (nowMs() >= mailWindowEndsMs) {
      mailsSent = 0;
      mailWindowEndsMs = nowMs() + hourS * 1000;
    }
    if (mailsSent >= config.email_sent)
      throw tooManyRequests("over_email_send_rate_limit", "email rate limit exceeded");
  };

  return {
    take(endpoint, ip) {
      if (ip !== "" && !buckets[endpoint]?.take(ip))
        throw tooManyRequests("over_request_rate_limit", "Request rate limit reached");
    },
    checkMail,
    takeMail() {
      checkMail();
      mailsSent++;
    },
  };
}

interface Rate {
  perS: number;
  burst: number;
}

function fiveMinutes(count: number): Rate {
  return { perS: count / windowS, burst: Math.min(burstMax, count) };
}

function createBuckets(rate: Rate, nowMs: () => number): { take(key: string): boolean } {
  const buckets = new Map<string, { tokens: number; atMs: number }>();
  return {
    take(key) {
      const now = nowMs();
      const known = buckets.get(key);
      const refilled = known ? known.tokens + ((now - known.atMs) / 1000) * rate.perS : rate.burst;
      const tokens = Math.min(rate.burst, refilled);
      // We delete first, so that the map stays in order of use.
      buckets.delete(key);
      if (buckets.size >= bucketsMax) buckets.delete(buckets.keys().next().value as string);
      buckets.set(key, { tokens: tokens >= 1 ? tokens - 1 : tokens, atMs: now });
      return tokens >= 1;
    },
  };
}
