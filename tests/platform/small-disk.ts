/** A disk that a test can fill. */
import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export interface SmallDisk {
  /** The folder where it is mounted. */
  dir: string;
  /** Fills it to the last block. */
  fill(): Promise<void>;
  /** Gives the filled room back. */
  free(): Promise<void>;
}

/**
 * Mounts a disk in memory. It goes when the test ends.
 * @param parent an existing folder
 * @returns undefined where this user may not mount: then skip the test
 */
export function smallDisk(parent: string, mib: number): SmallDisk | undefined {
  const dir = join(parent, "disk");
  mkdirSync(dir);
  try {
    const options = ["-t", "tmpfs", "-o", `size=${mib}m,mode=755`, "plaza-test", dir];
    execFileSync("mount", options, { stdio: "ignore" });
  } catch {
    return undefined;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", dir]));
  const ballast = join(dir, "ballast");
  return {
    dir,
    async fill() {
      const { bavail, bsize } = await statfs(dir);
      // If somebody else writes at the same moment, there is less room than that, and it is full all the same.
      await writeFile(ballast, Buffer.alloc(bavail * bsize)).catch((error) => {
        if (error.code !== "ENOSPC") throw error;
      });
    },
    free: () => rm(ballast),
  };
}
