/**
 * Watches a process that has requests. It ends a process that blocks its event loop or
 * uses too much memory, as Supabase's CPU and memory limits would.
 */
import { request } from "node:http";
import type { Log } from "../log.ts";
import type { FunctionLimits } from "./limits.ts";
import type { FunctionProcess } from "./process.ts";

const intervalMs = 1_000;
/** The memory of Deno itself, besides the heap. */
const baselineMb = 128;

/** Checks every second while `busy()` is true. Returns the function that stops the watch. */
export function watchHealth(
  process: FunctionProcess,
  busy: () => boolean,
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
    if (checking || !busy()) return;
    checking = true;
    const rssBytes = await askMemory(process.socketPath, limits.unresponsiveMs).catch(() => undefined);
    checking = false;
    if (rssBytes === undefined) end(`CPU time exceeded: no sign of life for ${limits.unresponsiveMs} ms`);
    else if (rssBytes > (limits.memoryMb + baselineMb) * 1024 * 1024) end("Memory limit exceeded");
  }, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}

function askMemory(socketPath: string, timeoutMs: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = request({
      socketPath,
      agent: false,
      path: "/_internal/health",
      signal: AbortSignal.timeout(timeoutMs),
    });
    asking.once("error", reject);
    asking.once("response", async (response) => {
      try {
        const text = (await response.toArray()).join("");
        resolve(Number(JSON.parse(text).rssBytes));
      } catch (error) {
        reject(error);
      }
    });
    asking.end();
  });
}
