/** A thread that passwords.ts starts. It hashes and compares passwords, one request at a time. */
import { parentPort } from "node:worker_threads";
import { compareSync, hashSync } from "bcryptjs";

export interface Request {
  id: number;
  password: string;
  /** The hash to compare with. When absent, the thread makes a hash instead. */
  hash?: string;
}

export interface Reply {
  id: number;
  result: string | boolean;
}

/** The cost of bcrypt, the same as GoTrue's. */
const cost = 10;

parentPort?.on("message", ({ id, password, hash }: Request) => {
  let result: string | boolean = false;
  try {
    result = hash === undefined ? hashSync(password, cost) : compareSync(password, hash);
  } catch {
    // The stored value is not a bcrypt hash, so no password matches it.
  }
  parentPort?.postMessage({ id, result } satisfies Reply);
});
