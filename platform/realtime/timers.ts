/** Timers that are counted while they run, so that tests can see that none is left behind. */
import type { Context } from "./state.ts";

/**
 * Calls `run` after a delay.
 * @returns a function that stops the timer; calling it later does no harm
 */
export function after(context: Context, delayMs: number, run: () => void): () => void {
  let running = true;
  context.tallies.timers++;
  const end = () => {
    if (!running) return false;
    running = false;
    context.tallies.timers--;
    return true;
  };
  const timer = setTimeout(() => {
    if (end()) run();
  }, delayMs);
  return () => {
    clearTimeout(timer);
    end();
  };
}
