/**
 * Shows a waiting person what the platform does. A step that takes longer than a second
 * keeps its line, with its duration.
 */

export interface Progress {
  /** Ends the previous step and starts this one. */
  step(name: string): void;
  end(): void;
}

const patienceMs = 1000;
/** Goes to the start of the line and empties it. */
const emptyLine = "\r\x1b[K";

/** On a terminal a step shows at once, and a quick one disappears again. */
export function createProgress(out: NodeJS.WritableStream & { isTTY?: boolean }): Progress {
  let current: { name: string; sinceMs: number; shown: boolean } | undefined;
  let timer: NodeJS.Timeout | undefined;

  const finish = () => {
    clearTimeout(timer);
    if (!current?.shown) return;
    const tookMs = performance.now() - current.sinceMs;
    const quick = tookMs < patienceMs;
    out.write(quick ? emptyLine : ` ${(tookMs / 1000).toFixed(1)} s\n`);
  };
  return {
    step(name) {
      finish();
      const step = { name, sinceMs: performance.now(), shown: false };
      const show = () => {
        step.shown = true;
        out.write(`${name} …`);
      };
      current = step;
      if (out.isTTY) show();
      else timer = setTimeout(show, patienceMs);
    },
    end() {
      finish();
      current = undefined;
    },
  };
}
