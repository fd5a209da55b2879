/**
 * The folder of the server's Unix socket. A socket costs about half of what a TCP connection to the same machine
 * costs. Its path may have only some 100 bytes, and a data folder may be deeper. So the folder is in the
 * system's temporary folder. Only the server's user can enter it. Its name comes from the data folder and from
 * the process that starts the server. So the next start finds what a crash has left, and the end of
 * one process never deletes the folder of the next.
 */
import { createHash } from "node:crypto";
import { chown, mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { type OsUser, reachable } from "./binaries.ts";

/** In bytes. Linux allows 107, and macOS 103. */
const pathMax = 100;
const longestName = ".s.PGSQL.65535";

/** @returns undefined if the path is too long, or has characters that Postgres' setting takes for others */
export function socketFolderOf(dataDir: string): string | undefined {
  const data = createHash("sha256").update(dataDir).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), `plaza-${data}-${process.pid}`);
  const fits = Buffer.byteLength(join(folder, longestName)) <= pathMax;
  return fits && /^[\w./+~-]+$/.test(folder) ? folder : undefined;
}

/**
 * Deletes the folder and those of earlier processes, and makes a new one. No server of this data folder runs meanwhile.
 * @returns false if it cannot be made, or the server could not enter it. TCP works without it
 */
export async function makeSocketFolder(folder: string, user: OsUser | undefined): Promise<boolean> {
  try {
    const ofData = basename(folder).replace(/\d+$/, "");
    for (const name of await readdir(dirname(folder))) {
      if (name.startsWith(ofData)) await removeSocketFolder(join(dirname(folder), name));
    }
    // It fails if somebody else was faster. So the folder is never another user's.
    await mkdir(folder, { mode: 0o700 });
    if (user === undefined) return true;
    await chown(folder, user.uid, user.gid);
    return await reachable(dirname(folder), user);
  } catch {
    return false;
  }
}

export async function removeSocketFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
