/**
 * Three ways to notice a trend in a series: Plaza's own module, Mastodon's formula, and a seasonal z-score. Each
 * gives every step of a series a score that uses the past only.
 */
import { between, type Forecast, forecasts } from "../edge-functions/_shared/trends/baseline.ts";
import { score } from "../edge-functions/_shared/trends/score.ts";
import type { Series } from "./trend-series.ts";

export interface Detector {
  name: string;
  scores(series: Series): Float64Array;
}

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

/** The people of the last `lengthMs`, step by step. */
function trailing({ timesMs, people }: Series, lengthMs: number): Float64Array {
  const sums = new Float64Array(people.length);
  let sum = 0;
  let oldest = 0;
  for (const [step, timeMs] of timesMs.entries()) {
    sum += people[step] as number;
    while ((timesMs[oldest] as number) <= timeMs - lengthMs) sum -= people[oldest++] as number;
    sums[step] = sum;
  }
  return sums;
}

/** The forecasts for the last `lengthMs`, step by step. A series has no network around it to be compared with. */
function expected({ timesMs }: Series, sums: Float64Array, lengthMs: number): Forecast[] {
  const history: number[] = [];
  // The history begins with the first window that is whole.
  let hour = Math.ceil(((timesMs[0] as number) + lengthMs) / hourMs);
  let found = forecasts(history);
  return timesMs.map((timeMs, step) => {
    if (timeMs >= hour * hourMs) {
      for (; timeMs >= hour * hourMs; hour++) history.push(sums[Math.max(0, step - 1)] as number);
      found = forecasts(history);
    }
    return between(found, (timeMs % hourMs) / hourMs);
  });
}

export const plaza: Detector = {
  name: "Plaza",
  scores(series) {
    const windows = [hourMs, dayMs / 2].map((lengthMs) => {
      const observed = trailing(series, lengthMs);
      return { observed, expected: expected(series, observed, lengthMs) };
    });
    const at = (window: number, step: number) => ({
      observed: windows[window]?.observed[step] as number,
      ...(windows[window]?.expected[step] as Forecast),
    });
    return Float64Array.from(series.people, (_, step) => score(at(0, step), at(1, step)));
  },
};

/**
 * Mastodon's formula with its shipped settings (app/models/trends/tags.rb): the people of this calendar day, beside
 * those of the whole day before. The highest score fades with a half-life of 4 hours, and is forgotten after 2 days.
 */
export const mastodon: Detector = {
  name: "Mastodon",
  scores({ timesMs, people }) {
    const days = new Map<number, number>();
    let highest = 0;
    let highestAtMs = Number.NEGATIVE_INFINITY;
    return Float64Array.from(people, (count, step) => {
      const timeMs = timesMs[step] as number;
      const day = Math.floor(timeMs / dayMs);
      const observed = (days.get(day) ?? 0) + count;
      days.set(day, observed);
      const before = days.get(day - 1) || 1;
      if (highestAtMs < timeMs - 2 * dayMs) highest = 0;
      const now = before > observed || observed < 5 ? 0 : (observed - before) ** 2 / before;
      if (now > highest) [highest, highestAtMs] = [now, timeMs];
      return highest * 0.5 ** ((timeMs - highestAtMs) / (4 * hourMs));
    });
  },
};

/** The last hour, beside the mean and the deviation of the same hour of all earlier days. */
export const zScore: Detector = {
  name: "seasonal z-score",
  scores(series) {
    const observed = trailing(series, hourMs);
    const hours = Array.from({ length: 24 }, () => ({ days: 0, mean: 0, squares: 0 }));
    return Float64Array.from(observed, (people, step) => {
      const timeMs = series.timesMs[step] as number;
      const hour = hours[Math.floor(timeMs / hourMs) % 24] as (typeof hours)[number];
      const deviation = Math.sqrt(Math.max(hour.squares / (hour.days - 1), hour.mean, 1));
      const z = hour.days < 2 ? 0 : Math.max(0, (people - hour.mean) / deviation);
      const next = series.timesMs[step + 1] ?? timeMs;
      if (Math.floor(next / hourMs) > Math.floor(timeMs / hourMs)) {
        hour.days++;
        const change = people - hour.mean;
        hour.mean += change / hour.days;
        hour.squares += change * (people - hour.mean);
      }
      return z;
    });
  },
};
