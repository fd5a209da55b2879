/**
 * A bounded number of places with a bounded queue before them, first come
 * first served.
 */
export interface SlotOptions {
  places: number;
  queuedMax: number;
  waitMs: number;
  /** The error of whoever finds the queue full. */
  full(): Error;
  /** The error of whoever waited in vain. */
  late(): Error;
}

export interface Slots {
  /**
   * Resolves with the function that frees the place again; calling it twice does no harm.
   * @throws full(), late(), or the signal's reason
   */
  take(signal: AbortSignal): Promise<() => void>;
}

export function createSlots(options: SlotOptions): Slots {
  let taken = 0;
  const waiting = new Set<() => void>();

  function hold(): () => void {
    taken++;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      taken--;
      waiting.values().next().value?.();
    };
  }

  return {
    async take(signal) {
      signal.throwIfAborted();
      if (taken < options.places) return hold();
      if (waiting.size >= options.queuedMax) throw options.full();
      return new Promise((resolve, reject) => {
        const leave = () => {
          waiting.delete(turn);
          clearTimeout(timer);
          signal.removeEventListener("abort", abort);
        };
        const turn = () => {
          leave();
          resolve(hold());
        };
        const abort = () => {
          leave();
          reject(signal.reason);
        };
        const timer = setTimeout(() => {
          leave();
          reject(options.late());
        }, options.waitMs);
        signal.addEventListener("abort", abort, { once: true });
        waiting.add(turn);
      });
    },
  };
}
