/**
 * A place for one session of a pool. A session that was lost, or has become old, is replaced when
 * somebody wants to use the place. So a pool always has all its places.
 */
import type { Session } from "./session.ts";

export interface Slot<T> extends AsyncDisposable {
  /** The session that is there. It may be lost at any moment. Its queries fail then. */
  take(): T | Promise<T>;
  /** Tells that nobody uses the session now. It ends after a minute, unless somebody takes it before. */
  rest(): void;
}

/** While the server cannot be reached, a place tries it this often. */
const pauseMs = 100;
const endTimeoutMs = 2000;
/** A session that nobody uses costs the server 5 to 10 MB. A new one is ready in some milliseconds. */
const idleMsDefault = 60_000;

/**
 * For a pool. A server's memory for a session only grows. Each place adds up to the same time again, so
 * that not all sessions are replaced at once.
 */
export const poolLifeMs = 30 * 60_000;

/**
 * @param make makes a session, which connects later, and what belongs to it
 * @param lifeMs the age of a session that is replaced. By default sessions stay
 * @param idleMs how long a session may rest. Longer, and it ends
 */
export function createSlot<T extends { session: Session }>(
  make: () => T,
  lifeMs = Number.POSITIVE_INFINITY,
  idleMs = idleMsDefault,
): Slot<T> {
  let current: T | undefined;
  let untilMs = 0;
  let failedAtMs = Number.NEGATIVE_INFINITY;
  let renewing: Promise<T> | undefined;
  let idleTimer: NodeJS.Timeout | undefined;
  let resting = false;

  function renew(): T {
    current = make();
    const { session } = current;
    untilMs = performance.now() + lifeMs * (1 + Math.random());
    void session.whenLost.then(() => {
      if (!session.ready) failedAtMs = performance.now();
    });
    return current;
  }

  async function renewLater(waitMs: number): Promise<T> {
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    renewing = undefined;
    return renew();
  }

  /** Ends the session, if it still rests when its time is over. */
  function endIdle(): void {
    if (!resting || !current) return;
    void current.session.end(endTimeoutMs);
    current = undefined;
  }

  return {
    take() {
      resting = false;
      const nowMs = performance.now();
      if (current && !current.session.lost) {
        if (nowMs < untilMs) return current;
        void current.session.end(endTimeoutMs);
      }
      const waitMs = failedAtMs + pauseMs - nowMs;
      if (waitMs <= 0) return renew();
      renewing ??= renewLater(waitMs);
      return renewing;
    },
    rest() {
      resting = true;
      idleTimer = idleTimer?.refresh() ?? setTimeout(endIdle, idleMs).unref();
    },
    async [Symbol.asyncDispose]() {
      clearTimeout(idleTimer);
      await current?.session.end(endTimeoutMs);
    },
  };
}
