/**
 * When a tag trends. It has two windows, the last hour and the last half day. Each compares its distinct people
 * with what was expected. A sudden burst shows in the hour, and a slow wave in the half day.
 */
import type { Forecast } from "./baseline.ts";
import { surprise } from "./tail.ts";

/** The people of a window, and what was expected of it. */
export interface Window extends Forecast {
  /** Distinct people, weighted by trust. */
  observed: number;
}

/** Below this, it is a group of friends and not a trend. */
export const leastObserved = 5;
/** A trend is at least this many times what was expected. */
export const leastRatio = 1.5;
/** A tag begins to trend at one in a hundred thousand … */
export const entersAt = 5;
/** … and ends below one in a thousand. Between the two it stays as it is, so the list does not flicker. */
export const leavesAt = 3;

/**
 * Both windows should be surprised. So the score is the square of the mean of the roots, and not simply the mean: a
 * window that is very surprised counts less if the other one is not. The root of a surprise grows as a deviation does,
 * so this adds deviations up. It notices bursts earlier than the mean (bench/results/trend-windows.md).
 *
 * @returns −log10 of a probability that lies between those of the two windows. 0 if both windows have too few
 *   people, or little more than expected
 */
export function score(hour: Window, halfDay: Window): number {
  const windows = [hour, halfDay];
  const counts = windows.some(
    ({ observed, people }) =>
      observed >= leastObserved && observed - people >= leastObserved && observed >= leastRatio * people,
  );
  if (!counts) return 0;
  const roots = windows.map(({ observed, people, spread }) => Math.sqrt(surprise(observed, people, spread)));
  return (roots.reduce((sum, root) => sum + root, 0) / roots.length) ** 2;
}

/** Whether a tag trends now. @param trended whether it did at the last refresh */
export function trends(score: number, trended: boolean): boolean {
  return score >= (trended ? leavesAt : entersAt);
}

/**
 * How busy the network is, compared with what was expected: everybody but the people of the tag. A busy network
 * makes every tag busy. That does not make a trend.
 *
 * @param network the people who used any tag in the window
 * @param tag the window of the tag
 * @returns the factor for the people expected of the tag, 0.5 to 4
 */
export function busyness(network: Window, tag: Window): number {
  const others = Math.max(0, network.observed - tag.observed);
  const expected = Math.max(0, network.people - tag.people);
  // With few people the factor says nothing, so it starts at 1.
  return Math.min(4, Math.max(0.5, (others + enough) / (expected + enough)));
}

const enough = 20;
