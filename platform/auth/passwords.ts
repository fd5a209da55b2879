/**
 * Hashes passwords in a few threads. bcrypt takes tens of milliseconds per password. In the
 * main thread that would stop all other answers.
 */
import { randomInt } from "node:crypto";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Config } from "../config.ts";
import { AuthError, internal, invalid, tooManyRequests } from "./errors.ts";
import type { Reply, Request } from "./password-worker.ts";

export interface Passwords extends AsyncDisposable {
  /** Makes a bcrypt hash. @throws AuthError over_request_rate_limit */
  hash(password: string): Promise<string>;
  /**
   * Whether the password has this hash. Without a hash, the password is compared with
   * one that no password matches, so that both cases take equally long.
   */
  matches(password: string, hash: string | null | undefined): Promise<boolean>;
}

/** bcrypt reads no more bytes than this. */
const passwordMaxBytes = 72;
/** The most jobs, waiting or at work. With more, clients would give up before their answer. */
const jobsMax = 500;
/** A real hash of a random text that nobody knows. */
const nobody = "$2b$10$4/QoQHySVC94tpo2PFILY.O7vy64hmtPnG/T9ONStiIv53L5tNrbG";

export function createPasswords(): Passwords {
  const threadsMax = Math.min(4, availableParallelism());
  const threads: Thread[] = [];
  const jobs = () => threads.reduce((sum, thread) => sum + thread.jobs, 0);

  const run = (password: string, hash?: string): Promise<string | boolean> => {
    if (jobs() >= jobsMax) throw tooManyRequests("over_request_rate_limit", "Request rate limit reached");
    let thread = threads.find((candidate) => candidate.jobs === 0);
    if (!thread && threads.length < threadsMax) {
      const started = startThread(() => threads.splice(threads.indexOf(started), 1));
      threads.push(started);
      thread = started;
    }
    thread ??= threads.reduce((a, b) => (b.jobs < a.jobs ? b : a));
    return thread.run(password, hash);
  };

  return {
    hash: async (password) => (await run(password)) as string,
    async matches(password, hash) {
      // Nobody can have set a longer password. bcrypt would cut it and might then find it equal.
      const fits = Buffer.byteLength(password) <= passwordMaxBytes;
      const same = await run(fits ? password : "", hash || nobody);
      return fits && Boolean(hash) && same === true;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...threads].map((thread) => thread.stop()));
    },
  };
}

interface Thread {
  /** The number of jobs, waiting or at work. */
  readonly jobs: number;
  run(password: string, hash?: string): Promise<string | boolean>;
  stop(): Promise<void>;
}

/** @param ended called once, when the thread takes no more jobs */
function startThread(ended: () => void): Thread {
  const worker = new Worker(new URL("./password-worker.ts", import.meta.url));
  const waiting = new Map<number, { resolve(result: string | boolean): void; reject(error: Error): void }>();
  let lastId = 0;
  let cause: unknown;
  worker.unref();
  worker.on("message", ({ id, result }: Reply) => {
    waiting.get(id)?.resolve(result);
    waiting.delete(id);
    if (waiting.size === 0) worker.unref();
  });
  worker.on("error", (error) => {
    cause = error;
  });
  worker.on("exit", () => {
    ended();
    for (const job of waiting.values()) job.reject(internal("Error hashing password", cause));
    waiting.clear();
  });
  return {
    get jobs() {
      return waiting.size;
    },
    run(password, hash) {
      const id = ++lastId;
      // A working thread keeps the process alive. An idle one does not.
      worker.ref();
      return new Promise((resolve, reject) => {
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, password, ...(hash === undefined ? {} : { hash }) } satisfies Request);
      });
    },
    async stop() {
      await worker.terminate();
    },
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
