/**
 * Shows a waiting person what the platform does. A step that takes longer than a second
 * gets a line, and its duration when it ends.
 */

export interface Progress {
  /** Ends the previous step and starts this one. */
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
