/**
 * How soon after one mail an address may get the next one (max_frequency). The database notes
 * when a user got a mail, but not when somebody asked for an address that nobody has. A second
 * request would then be refused for known addresses only. So this keeps, for every address, when
 * a mail was asked for, and answers the same for all of them. It is kept in memory.
 */
import { AuthError, tooManyRequests } from "./errors.ts";

/** What a person who is not signed in can ask for. */
export type Wish = "signup" | "resend" | "email_change" | "recovery" | "magiclink";

export interface MailFrequency {
  /**
   * Does what somebody wishes, unless a mail to this address was asked for a short while ago.
   * If `act` fails, the person may try again at once.
   * @param email in lower case
   * @throws AuthError over_email_send_rate_limit, and what `act` throws
   */
  grant<T>(wish: Wish, email: string, act: () => Promise<T>): Promise<T>;
}

/** GoTrue keeps a time for each of these. A sign-up has one of its own, which is shorter. */
type Clock = "signup" | "confirmation" | "recovery" | "email_change";

/**
 * The clocks that a wish looks at and sets. What a magic link sends depends on the address: a
 * link to sign in, or the mail of a sign-up. So it has the clocks of both.
 */
const clocks: Record<Wish, Clock[]> = {
  signup: ["signup"],
  resend: ["signup", "confirmation"],
  email_change: ["email_change"],
  recovery: ["recovery"],
  magiclink: ["signup", "confirmation", "recovery"],
};

/**
 * Two sign-ups within this time are one form that was sent twice. A later one may be the owner of
 * the address after a stranger: docs/decisions/0007-sign-up.md.
 */
const doubleClickMs = 5000;
/** The most clocks to keep. A new one replaces the oldest one. */
const keptMax = 50_000;

export function createMailFrequency(maxFrequencyMs: number, nowMs = () => Date.now()): MailFrequency {
  const askedMs = new Map<string, number>();
  const intervalMs = (clock: Clock) =>
    clock === "signup" ? Math.min(doubleClickMs, maxFrequencyMs) : maxFrequencyMs;
  return {
    async grant(wish, email, act) {
      const now = nowMs();
      const keys = clocks[wish].map((clock) => [clock, `${clock} ${email}`] as const);
      const waitMs = Math.max(
        ...keys.map(
          ([clock, key]) => (askedMs.get(key) ?? Number.NEGATIVE_INFINITY) + intervalMs(clock) - now,
        ),
      );
      if (waitMs > 0) throw tooSoon(waitMs);
      for (const [, key] of keys) {
        askedMs.delete(key);
        if (askedMs.size >= keptMax) askedMs.delete(askedMs.keys().next().value as string);
        askedMs.set(key, now);
      }
      try {
        return await act();
      } catch (cause) {
        for (const [, key] of keys) if (askedMs.get(key) === now) askedMs.delete(key);
        throw cause;
      }
    },
  };
}

const sentence = "For security purposes, you can only request this after";

/** GoTrue's answer to a request that came too soon. */
export function tooSoon(waitMs: number): AuthError {
  return tooManyRequests("over_email_send_rate_limit", `${sentence} ${Math.floor(waitMs / 1000)} seconds.`);
}

export function isTooSoon(error: unknown): boolean {
  return error instanceof AuthError && error.message.startsWith(sentence);
}
