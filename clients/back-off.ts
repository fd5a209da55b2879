/** The pause before another try. sync.ts, topic.ts and outbox.ts use it, and so can `createClient()`. */

/** The shortest and the longest bound of a pause, in milliseconds. */
export interface BackOff {
  baseMs?: number;
  maxMs?: number;
}

/**
 * A random pause between nothing and a bound. The bound doubles with each failure ("full jitter").
 * If thousands of clients fail at one moment, they come back at different ones.
 *
 * Give it to supabase-js too: `createClient(url, key, { realtime: { reconnectAfterMs: backOffMs } })`.
 * @param failures how many tries failed in a row, from 1 on
 * @returns milliseconds
 */
export function backOffMs(failures: number, { baseMs = 1_000, maxMs = 30_000 }: BackOff = {}): number {
  return Math.random() * Math.min(maxMs, baseMs * 2 ** Math.min(failures - 1, 30));
}

/** Waits, and not longer than until everything is stopped. */
export function shortly(ms: number, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      stopped.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    stopped.addEventListener("abort", end);
  });
}
