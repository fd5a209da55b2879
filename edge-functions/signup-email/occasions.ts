/**
 * Remembers which requests of Auth were answered, so that a request that comes again sends no
 * second mail. It may come from Auth, which lost the answer, or from somebody who recorded it:
 * its signature is good for five minutes. This is kept in memory. A mail API that knows
 * idempotency keys also refuses a copy that reaches another worker.
 */

export interface Occasions {
  /**
   * Does `act`, unless it was done or is being done for this occasion. A second caller gets the
   * outcome of the first one. If `act` throws, the occasion may be tried again.
   */
  once(occasion: string, act: () => Promise<void>): Promise<void>;
}

/** A signature is good for five minutes before and after its time. */
const keptMs = 10 * 60_000;
const keptMax = 10_000;

/** @param nowMs for tests */
export function createOccasions(nowMs = () => Date.now()): Occasions {
  /** In the order of their beginning. */
  const known = new Map<string, { beganMs: number; outcome: Promise<void> }>();
  return {
    async once(occasion, act) {
      const now = nowMs();
      const before = known.get(occasion);
      if (before && now - before.beganMs <= keptMs) return before.outcome;
      for (const [oldest, { beganMs }] of known) {
        if (known.size < keptMax && now - beganMs <= keptMs) break;
        known.delete(oldest);
      }
      const outcome = act();
      known.set(occasion, { beganMs: now, outcome });
      try {
        await outcome;
      } catch (cause) {
        known.delete(occasion);
        throw cause;
      }
    },
  };
}
