/**
 * Hides by timing whether an address is known. Only a known address gets a mail, and
 * sending takes time. So for an unknown address we wait as long as one of the recent
 * mails took, picked at random.
 */
export interface Pace {
  /** Runs `send`. Remembers how long it took, if it succeeds. */
  mail<T>(send: () => Promise<T>): Promise<T>;
  /** Waits as long as a mail would take. Does not wait before the first mail was sent. */
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
