/** Hashes and compares passwords, and says which new passwords the policy accepts. */
import { randomInt } from "node:crypto";
import type { Config } from "../config.ts";
import { AuthError, invalid } from "./errors.ts";
import { createHashThreads } from "./hash-threads.ts";

export interface Passwords extends AsyncDisposable {
  /**
   * Makes a bcrypt hash.
   * @param signal of the client: if it leaves before the work has begun, nobody does it
   * @throws AuthError over_request_rate_limit, request_timeout
   */
  hash(password: string, signal?: AbortSignal): Promise<string>;
  /**
   * Whether the password has this hash. Without a hash, the password is compared with
   * one that no password matches, so that both cases take equally long.
   * @param signal as with `hash`
   */
  matches(password: string, hash: string | null | undefined, signal?: AbortSignal): Promise<boolean>;
}

/** bcrypt reads no more bytes than this. */
const passwordMaxBytes = 72;
/** A real hash of a random text that nobody knows. */
const nobody = "$2b$10$4/QoQHySVC94tpo2PFILY.O7vy64hmtPnG/T9ONStiIv53L5tNrbG";

/** @param othersActive whether others are served now. Then hashing leaves them a core */
export function createPasswords(othersActive?: () => boolean): Passwords {
  const threads = createHashThreads(othersActive);
  return {
    hash: async (password, signal) => (await threads.run(password, undefined, signal)) as string,
    async matches(password, hash, signal) {
      // Nobody can have set a longer password. bcrypt would cut it and might then find it equal.
      const fits = Buffer.byteLength(password) <= passwordMaxBytes;
      const same = await threads.run(fits ? password : "", hash || nobody, signal);
      return fits && Boolean(hash) && same === true;
    },
    [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose](),
  };
}

/** For each value of password_requirements: a password needs one character of each of these sets. */
const lower = "abcdefghijklmnopqrstuvwxyz";
const upper = lower.toUpperCase();
const digits = "0123456789";
const symbols = "!@#$%^&*()_+-=[]{};'\\:\"|<>?,./`~";
const requirements: Record<string, string[]> = {
  letters_digits: [lower + upper, digits],
  lower_upper_letters_digits: [lower, upper, digits],
  lower_upper_letters_digits_symbols: [lower, upper, digits, symbols],
};

/**
 * Checks a new password against the policy.
 * @returns the error that GoTrue answers with, undefined for a good password. The error is
 *   weak_password with its reasons, or validation_failed when bcrypt would cut the password.
 * Source: supabase/auth internal/api/password.go.
 */
export function passwordProblem(config: Config["auth"], password: string): AuthError | undefined {
  if (Buffer.byteLength(password) > passwordMaxBytes) {
    return invalid(`Password cannot be longer than ${passwordMaxBytes} characters`);
  }
  const reasons: string[] = [];
  const messages: string[] = [];
  if (Buffer.byteLength(password) < config.minimum_password_length) {
    reasons.push("length");
    messages.push(`Password should be at least ${config.minimum_password_length} characters.`);
  }
  const sets = requirements[config.password_requirements] ?? [];
  if (sets.some((set) => ![...set].some((char) => password.includes(char)))) {
    reasons.push("characters");
    messages.push(`Password should contain at least one character of each: ${sets.join(", ")}.`);
  }
  if (reasons.length === 0) return undefined;
  return new AuthError(422, "weak_password", messages.join(" "), { reasons });
}

/** Makes a password for an account that is made without one. Nobody knows it, and every policy accepts it. */
export function unknownPassword(): string {
  const sets = [lower, upper, digits, symbols];
  const pick = (set: string) => set[randomInt(set.length)] as string;
  return [...sets, ...Array.from({ length: 44 }, () => sets.join(""))].map(pick).join("");
}
