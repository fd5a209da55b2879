/**
 * Watches a process as long as it lives, also without requests: a background task may go on. It ends a process that
 * blocks its event loop or uses too much memory, as Supabase's CPU and memory limits would.
 */
import { request } from "node:http";
import type { Log } from "../log.ts";
import type { FunctionLimits } from "./limits.ts";
import type { FunctionProcess } from "./process.ts";
import { residentMax } from "./resident.ts";

const intervalMs = 1_000;

/** Checks every second. Returns the function that stops the watch. */
export function watchHealth(
  process: FunctionProcess,
  limits: Pick<FunctionLimits, "memoryMb" | "unresponsiveMs">,
  log: Log,
): () => void {
  const end = (why: string) => {
    if (process.ending) return;
    log("error", why);
    process.kill("resources");
  };
  let checking = false;
  const timer = setInterval(async () => {
    if (checking) return;
    checking = true;
    const rssBytes = await askMemory(process.socketPath, limits.unresponsiveMs);
    checking = false;
    if (rssBytes === "late") end(`CPU time exceeded: no sign of life for ${limits.unresponsiveMs} ms`);
    else if (rssBytes > residentMax(limits.memoryMb)) end("Memory limit exceeded");
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** @returns bytes; 0 if the process cannot be reached, because it has just ended */
function askMemory(socketPath: string, timeoutMs: number): Promise<number | "late"> {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(timeoutMs);
    const asking = request({ socketPath, agent: false, path: "/_internal/health", signal });
    asking.once("error", () => resolve(signal.aborted ? "late" : 0));
    asking.once("response", async (response) => {
      try {
        const text = (await response.toArray()).join("");
        resolve(Number(JSON.parse(text).rssBytes));
      } catch {
        resolve(signal.aborted ? "late" : 0);
      }
    });
    asking.end();
  });
}
