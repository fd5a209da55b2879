/**
 * Ends the processes of an earlier server that still use the data folder. Their owner was
 * killed, or somebody killed the postmaster.
 */

import { execFile } from "node:child_process";
import { readdir, readFile, readlink, realpath, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { PlatformError } from "../errors.ts";
import { isAlive } from "../is-alive.ts";
import { endProcess } from "./owned-process.ts";

/** The postmaster's children notice its death by themselves, unless they are busy. */
const orphansMs = 3000;

/** @throws PlatformError postgres_already_running */
export async function endLeftovers(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, "postmaster.pid");
  const pid = Number((await readFile(pidFile, "utf8").catch(() => "")).split("\n")[0]);
  if (pid > 0 && (await isPostgres(pid, dataDir))) {
    const ended = await endProcess(
      () => isPostgres(pid, dataDir),
      (signal) => process.kill(pid, signal),
    );
    if (!ended) {
      throw new PlatformError(
        "postgres_already_running",
        `Postgres (process ${pid}) uses ${dataDir}, and we cannot end it: stop it with kill -9 ${pid}.`,
      );
    }
  }
  await endOrphans(dataDir);
  // Now no server uses the folder. The system may have given the process id in the file to another
  // process. Postgres would take that process for a server, and refuse to start.
  await rm(pidFile, { force: true });
}

async function endOrphans(dataDir: string): Promise<void> {
  const deadline = Date.now() + orphansMs;
  for (let orphans = await processesIn(dataDir); orphans.length > 0; orphans = await processesIn(dataDir)) {
    if (Date.now() > deadline) {
      for (const pid of orphans) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // It has ended by itself.
        }
      }
      if (Date.now() > deadline + orphansMs) return;
    }
    await delay(50);
  }
}

/** True if this process is the folder's server. The system reuses process ids, so the pid file proves nothing. */
async function isPostgres(pid: number, dataDir: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  if (process.platform === "linux") {
    const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
    return commandLine.split("\0").includes(dataDir);
  }
  const { stdout } = await promisify(execFile)("ps", ["-ww", "-o", "command=", "-p", String(pid)]).catch(
    () => ({ stdout: "" }),
  );
  return stdout.includes(`-D ${dataDir} `);
}

/**
 * The processes of Postgres that work in this folder. Only Linux tells. Elsewhere Postgres refuses to
 * start beside them, and the next attempt succeeds.
 */
async function processesIn(dataDir: string): Promise<number[]> {
  if (process.platform !== "linux") return [];
  const folder = await realpath(dataDir).catch(() => dataDir);
  const names = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    names.map(async (name) => {
      const [where, program] = await Promise.all([
        readlink(`/proc/${name}/cwd`).catch(() => ""),
        readlink(`/proc/${name}/exe`).catch(() => ""),
      ]);
      return where === folder && /\/postgres( \(deleted\))?$/.test(program) ? [Number(name)] : [];
    }),
  );
  return found.flat();
}
