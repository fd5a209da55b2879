/** A thread that passwords.ts starts. It hashes and compares passwords, one request at a time. */
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
 * Hashing uses all cores. With a lower priority it uses what the other answers leave, so a reader
 * does not wait for those who sign up. Only Linux has a priority for each thread.
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
