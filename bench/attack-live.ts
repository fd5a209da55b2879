/** An attacker who really writes, at the rate that a minute allows, while others read. */
import { setTimeout as wait } from "node:timers/promises";
import type postgres from "postgres";
import type { Attacker } from "./attack-day.ts";

export interface LiveAttacker extends AsyncDisposable {
  /** Goes on writing. */
  write(): Promise<void>;
  /** Waits for the write that runs, and writes no more. */
  rest(): Promise<void>;
  /** How many writes there were. */
  writes: number;
}

/**
 * Spreads the actions evenly over the minute. Only the time in which the attacker writes
 * counts.
 *
 * @param perMinute how often each action may be done in a minute
 */
export function createLiveAttacker(attacker: Attacker, perMinute: Record<string, number>): LiveAttacker {
  const turns = Object.entries(perMinute)
    .flatMap(([action, times]) =>
      Array.from({ length: times }, (_, n) => ({ action, at: (n + 0.5) / times })),
    )
    .sort((a, b) => a.at - b.at);
  const paceMs = 60_000 / turns.length;
  let writing: Promise<void> | undefined;
  let isResting = true;

  async function work(): Promise<void> {
    for (let nextMs = performance.now(); !isResting; nextMs += paceMs) {
      await wait(Math.max(0, nextMs - performance.now()));
      // The clocks of the two differ a little, so a minute may have one turn too many.
      await attacker
        .act((turns[live.writes++ % turns.length] as { action: string }).action, 1)
        .catch((error: postgres.PostgresError) => {
          if (!error.message.includes("PT429")) throw error;
        });
    }
  }

  const live: LiveAttacker = {
    writes: 0,
    async write() {
      isResting = false;
      writing ??= work();
    },
    async rest() {
      isResting = true;
      await writing;
      writing = undefined;
    },
    [Symbol.asyncDispose]: () => live.rest(),
  };
  return live;
}
