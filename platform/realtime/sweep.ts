/** Closes connections that are silent, or have no channel, for too long. One timer serves all. */
import type { Context } from "./state.ts";

/** The close code that Supabase Realtime sends to a silent client. */
const normalClosure = 1000;

export function startSweep(context: Context): Disposable {
  const { idleMs, emptySocketMs, sweepMs } = context.limits;
  const timer = setInterval(() => {
    context.parties.sweep();
    const now = performance.now();
    for (const { ws, channels, lastInputMs, emptyMs, busy } of context.connections) {
      if (busy) continue;
      if (now - lastInputMs > idleMs) ws.close(normalClosure);
      else if (channels.size === 0 && now - emptyMs > emptySocketMs) ws.terminate();
    }
  }, sweepMs);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
