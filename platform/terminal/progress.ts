/**
 * Tells a waiting person what is being done: a step that takes longer than a
 * second gets a line, and its duration once it is over.
 */

export interface Progress {
  /** Ends the step before and begins this one. */
  step(name: string): void;
  end(): void;
}

const patienceMs = 1000;

export function createProgress(out: NodeJS.WritableStream): Progress {
  let current: { name: string; sinceMs: number; shown: boolean } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const finish = () => {
    clearTimeout(timer);
    if (current?.shown) out.write(` ${((performance.now() - current.sinceMs) / 1000).toFixed(1)} s\n`);
    current = undefined;
  };
  return {
    step(name) {
      finish();
      const step = { name, sinceMs: performance.now(), shown: false };
      current = step;
      timer = setTimeout(() => {
        step.shown = true;
        out.write(`${step.name} …`);
      }, patienceMs);
    },
    end: finish,
  };
}
