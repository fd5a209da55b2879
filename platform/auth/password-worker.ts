/** A thread of passwords.ts: hashes and compares, one request at a time. */
import { parentPort } from "node:worker_threads";
import { compareSync, hashSync } from "bcryptjs";

export interface Request {
  id: number;
  password: string;
  /** Compare with this one; absent: make one. */
  hash?: string;
}

export interface Reply {
  id: number;
  result: string | boolean;
}

/** bcrypt's cost in GoTrue. */
const cost = 10;

parentPort?.on("message", ({ id, password, hash }: Request) => {
  let result: string | boolean = false;
  try {
    result = hash === undefined ? hashSync(password, cost) : compareSync(password, hash);
  } catch {
    // A stored value that is no bcrypt hash matches nothing.
  }
  parentPort?.postMessage({ id, result } satisfies Reply);
});
