/** A thread that hash-threads.ts starts. It hashes and compares passwords, one request at a time. */
import { readlinkSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { parentPort } from "node:worker_threads";
import { loadBcrypt } from "./bcrypt.ts";

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

/**
 * With a low priority, hashing takes little from the other answers, and still gets a share of each core. With the
 * lowest one, a sign-in took more than 5 s while other programs used all cores, and readers waited no less. Only
 * Linux has a priority for each thread. It counts less between Linux's groups of processes: Postgres is another one.
 */
function giveWay(): void {
  try {
    const thread = Number(readlinkSync("/proc/thread-self").split("/").at(-1));
    setPriority(thread, constants.priority.PRIORITY_BELOW_NORMAL);
  } catch {
    // Not Linux, or not allowed. Then hashing has the same priority as everything else.
  }
}

giveWay();
const bcrypt = await loadBcrypt();

parentPort?.on("message", ({ id, password, hash }: Request) => {
  let result: string | boolean = false;
  try {
    result = hash === undefined ? bcrypt.hash(password) : bcrypt.matches(password, hash);
  } catch {
    // The stored value is not a bcrypt hash, so no password matches it.
  }
  parentPort?.postMessage({ id, result } satisfies Reply);
});
