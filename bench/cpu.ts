/**
 * Reads from Linux how much CPU processes have used, with their system calls. `requests` divides it by the number
 * of requests. The system counts in steps of 10 ms, so measure a few hundred requests at a time.
 */
import { readdirSync, readFileSync } from "node:fs";

const tickMs = 10;

interface Usage {
  parent: number;
  /** The CPU of the process itself. */
  ownMs: number;
  /** The CPU of the children that have ended. */
  endedMs: number;
}

function usageOf(pid: number | string): Usage | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, "utf8");
  } catch {
    // It has ended.
    return undefined;
  }
  // The name in parentheses may have spaces.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const at = (field: number) => Number(fields[field - 3]);
  return { parent: at(4), ownMs: (at(14) + at(15)) * tickMs, endedMs: (at(16) + at(17)) * tickMs };
}

/** The CPU of one process since its start, in milliseconds. */
export function processCpuMs(pid: number): number {
  return usageOf(pid)?.ownMs ?? Number.NaN;
}

/**
 * The CPU of a Postgres server and of all its processes, in milliseconds.
 * @param backend the process of any session
 */
export function serverCpuMs(backend: number): number {
  const postmaster = usageOf(backend)?.parent;
  if (postmaster === undefined) return Number.NaN;
  const { ownMs, endedMs } = usageOf(postmaster) as Usage;
  const children = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(usageOf)
    .filter((usage) => usage?.parent === postmaster);
  return ownMs + endedMs + children.reduce((sum, usage) => sum + (usage?.ownMs ?? 0), 0);
}
