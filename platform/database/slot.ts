/**
 * A place for one session of a pool. A session that was lost, or has become old, is replaced when
 * somebody wants to use the place. So a pool always has all its places.
 */
import type { Session } from "./session.ts";

export interface Slot<T> extends AsyncDisposable {
  /** The session that is there. It may be lost at any moment. Its queries fail then. */
  take(): T | Promise<T>;
}

/** A server's memory for a session only grows. */
const lifeMs = { least: 30 * 60_000, spread: 30 * 60_000 };
/** While the server cannot be reached, a place tries it this often. */
const pauseMs = 100;
const endTimeoutMs = 2000;

/** @param make makes a session, which connects later, and what belongs to it */
export function createSlot<T extends { session: Session }>(make: () => T): Slot<T> {
  let current: T | undefined;
  let untilMs = 0;
  let failedAtMs = Number.NEGATIVE_INFINITY;

  function renew(): T {
    current = make();
    const { session } = current;
    untilMs = performance.now() + lifeMs.least + Math.random() * lifeMs.spread;
    void session.whenLost.then(() => {
      if (!session.ready) failedAtMs = performance.now();
    });
    return current;
  }

  async function renewLater(waitMs: number): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    return renew();
  }

  return {
    take() {
      const nowMs = performance.now();
      if (current && !current.session.lost && nowMs < untilMs) return current;
      if (current && !current.session.lost) void current.session.end(endTimeoutMs);
      const waitMs = failedAtMs + pauseMs - nowMs;
      return waitMs > 0 ? renewLater(waitMs) : renew();
    },
    async [Symbol.asyncDispose]() {
      await current?.session.end(endTimeoutMs);
    },
  };
}
