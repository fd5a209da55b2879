/**
 * Makes an answer about an unknown address take as long as one about a known
 * address, where only the known one gets a mail: the pause is the duration of a
 * recent mail, picked at random.
 */
export interface Pace {
  /** Runs `send` and remembers how long it took when it succeeds. */
  mail<T>(send: () => Promise<T>): Promise<T>;
  /** Waits as long as a mail would take; not at all before the first one. */
  pretend(): Promise<void>;
}

const keptMax = 32;
const pauseMaxMs = 5000;

export function createPace(): Pace {
  const durationsMs: number[] = [];
  return {
    async mail(send) {
      const startedMs = performance.now();
      const result = await send();
      durationsMs.push(Math.min(pauseMaxMs, performance.now() - startedMs));
      if (durationsMs.length > keptMax) durationsMs.shift();
      return result;
    },
    async pretend() {
      const pauseMs = durationsMs[Math.floor(Math.random() * durationsMs.length)];
      if (pauseMs) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    },
  };
}
