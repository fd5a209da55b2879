/** From scores to alarms, and from alarms to hits, false alarms and delays. The rules are the same for every detector. */
import { quantile } from "./measure.ts";
import type { Series } from "./trend-series.ts";

const hourMs = 3_600_000;
/** The first day does not count: nobody can compare it with a day before. */
const warmUpMs = 24 * hourMs;
/** An alarm ends when its score stays below half of the threshold for so long … */
const quietMs = 6 * hourMs;
/** … and an alarm that is still on after a day counts as another one. So an alarm that is always on gains nothing. */
const longestMs = 24 * hourMs;

export interface Outcome {
  /** Alarms that began outside all windows. */
  falseAlarms: number;
  weeks: number;
  /** For each window the minutes from its start until an alarm is on. Undefined: never. */
  delaysMin: (number | undefined)[];
  /** The windows in which an alarm also began. */
  began: number;
}

/** @param scores one for each step of the series */
export function outcome(series: Series, scores: Float64Array, threshold: number): Outcome {
  const { timesMs, windows } = series;
  const startMs = (timesMs[0] as number) + warmUpMs;
  const delaysMin: (number | undefined)[] = windows.map(() => undefined);
  const began = new Set<number>();
  let falseAlarms = 0;
  let beganMs = Number.NEGATIVE_INFINITY;
  let loudMs = Number.NEGATIVE_INFINITY;
  let isOn = false;
  for (const [step, timeMs] of timesMs.entries()) {
    if (timeMs < startMs) continue;
    const now = scores[step] as number;
    if (now >= threshold / 2) loudMs = timeMs;
    else if (timeMs - loudMs >= quietMs) isOn = false;
    if (now < threshold) continue;
    const window = windows.findIndex(([start, end]) => start <= timeMs && timeMs <= end);
    if (!isOn || timeMs - beganMs >= longestMs) {
      isOn = true;
      beganMs = timeMs;
      if (window < 0) falseAlarms++;
      else began.add(window);
    }
    if (window >= 0) delaysMin[window] ??= (timeMs - (windows[window]?.[0] as number)) / 60_000;
  }
  const weeks = ((timesMs.at(-1) as number) - startMs) / (7 * 24 * hourMs);
  return { falseAlarms, weeks, delaysMin, began: began.size };
}

/** The outcome of a series with the threshold that was chosen on the other series. */
export interface Result extends Outcome {
  threshold: number;
}

/**
 * For each series the lowest threshold that, on all other series together, gives at most `rate` false alarms a
 * series and week. With a single series there are no others, so it chooses its own.
 *
 * @param scores of each series, in its order
 */
export function leaveOneOut(all: Series[], scores: Float64Array[], rates: number[]): Result[][] {
  const thresholds = candidates(scores);
  const outcomes = thresholds.map((threshold) =>
    all.map((series, index) => outcome(series, scores[index] as Float64Array, threshold)),
  );
  return rates.map((rate) =>
    all.map((_, index) => {
      let chosen = 0;
      for (const [place, found] of outcomes.entries()) {
        const others = all.length === 1 ? found : found.filter((_, other) => other !== index);
        if (falseAlarmRate(others) > rate) break;
        chosen = place;
      }
      return { ...(outcomes[chosen]?.[index] as Outcome), threshold: thresholds[chosen] as number };
    }),
  );
}

export function falseAlarmRate(outcomes: Outcome[]): number {
  return sum(outcomes.map((one) => one.falseAlarms)) / sum(outcomes.map((one) => one.weeks));
}

/** Highest first: from the highest score down to one that a step in five has. */
function candidates(scores: Float64Array[]): number[] {
  const sorted = scores.flatMap((some) => [...some].filter((one) => one > 0)).sort((a, b) => a - b);
  const steps = scores.reduce((total, some) => total + some.length, 0);
  const count = 600;
  const found = Array.from({ length: count }, (_, place) => {
    const share = 0.2 ** (1 - place / count) * (1 / steps) ** (place / count);
    return quantile(sorted, 1 - Math.min(1, (share * steps) / sorted.length));
  });
  return [...new Set([...found, sorted.at(-1) as number])].filter((one) => one > 0).sort((a, b) => b - a);
}

export function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
