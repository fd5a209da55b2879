/**
 * bcrypt, in native code where a prebuilt package exists for this machine. Elsewhere it is
 * JavaScript, which takes about a third longer. Both read each other's hashes.
 */

/** The cost of a new hash, the same as GoTrue's. */
const cost = 10;

/** Its functions work for tens of milliseconds and wait for nothing. So call them in a thread. */
export interface Bcrypt {
  native: boolean;
  hash(password: string): string;
  /** @returns false also for a text that is not a bcrypt hash */
  matches(password: string, hash: string): boolean;
}

/** @param importNative for tests */
export async function loadBcrypt(importNative = () => import("@node-rs/bcrypt")): Promise<Bcrypt> {
  try {
    const { hashSync, verifySync } = await importNative();
    return { native: true, hash: (password) => hashSync(password, { cost }), matches: verifySync };
  } catch {
    const { hashSync, compareSync } = await import("bcryptjs");
    return { native: false, hash: (password) => hashSync(password, cost), matches: compareSync };
  }
}

/** Whether a text is a bcrypt hash that a password can be compared with. */
export function isBcrypt(hash: string): boolean {
  const found = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash);
  return found !== null && Number(found[1]) >= 4 && Number(found[1]) <= 31;
}
