/**
 * Watches the memory of a process from outside, from its start to its end. A function that blocks its event loop
 * cannot answer how much it uses, and it may take gigabytes meanwhile. Only Linux tells; health.ts asks
 * the process itself too.
 */
import { readFile } from "node:fs/promises";

const intervalMs = 250;
/** The memory of Deno itself, besides the heap. */
const baselineMb = 128;

/** The most memory that a process may have, in bytes. */
export const residentMax = (memoryMb: number) => (memoryMb + baselineMb) * 1024 * 1024;

/**
 * @param memoryMb the limit of its heap
 * @param exceeded is called once
 * @returns the function that stops the watch
 */
export function watchMemory(pid: number, memoryMb: number, exceeded: () => void): () => void {
  if (process.platform !== "linux") return () => {};
  let reading = false;
  const timer = setInterval(async () => {
    if (reading) return;
    reading = true;
    const bytes = await residentBytes(pid);
    reading = false;
    if (bytes <= residentMax(memoryMb)) return;
    clearInterval(timer);
    exceeded();
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** 0 if the process has ended. */
async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}
