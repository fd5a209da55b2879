/** What counts as a trend: edge-functions/_shared/trends. bench/scenarios/trends.ts measures how well it does. */
import { describe, expect, test } from "vitest";
import { between, forecasts } from "../../edge-functions/_shared/trends/baseline.ts";
import { busyness, entersAt, leavesAt, score, trends } from "../../edge-functions/_shared/trends/score.ts";
import { logGamma, surprise } from "../../edge-functions/_shared/trends/tail.ts";

/** @param people for an hour of a day, both from 0 */
const history = (days: number, people: (hour: number, day: number) => number) =>
  Array.from({ length: days * 24 }, (_, hour) => people(hour % 24, Math.floor(hour / 24)));

const quietAtNight = (hour: number) => (hour < 8 ? 2 : 40);

describe("the tail", () => {
  test("is the sum of the probabilities from the number on", () => {
    for (const [people, mean, spread] of [
      [1, 0.2, 0.15],
      [7, 3, 0.4],
      [60, 20, 0.15],
      [25, 20, 0.01],
    ] as const) {
      const shape = 1 / spread;
      let below = 0;
      for (let count = 0; count < people; count++) {
        const log = logGamma(count + shape) - logGamma(count + 1) - logGamma(shape);
        below += Math.exp(log - shape * Math.log1p(mean / shape) + count * Math.log(mean / (shape + mean)));
      }
      expect(10 ** -surprise(people, mean, spread)).toBeCloseTo(1 - below, 8);
    }
  });

  test("has a logarithm for a burst whose probability is too small for a number", () => {
    const found = surprise(100_000, 2, 0.05);
    expect(found).toBeGreaterThan(400);
    expect(found).toBeLessThan(Number.POSITIVE_INFINITY);
  });

  test("gives no surprise at or below the forecast", () => {
    expect(surprise(20, 20, 0.15)).toBe(0);
    expect(surprise(21, 20, 0.15)).toBeGreaterThan(0);
  });
});

describe("what is expected", () => {
  test("follows the hours of the day", () => {
    const night = forecasts(history(14, quietAtNight));
    const day = forecasts(history(14, quietAtNight).slice(0, -10));
    expect(night.now.people).toBeLessThan(10);
    expect(day.now.people).toBeGreaterThan(30);
  });

  test("is hardly raised by yesterday's burst", () => {
    const calm = forecasts(history(14, () => 10)).now;
    const burst = forecasts(history(14, (_, day) => (day === 13 ? 1000 : 10))).now;
    expect(burst.people).toBeGreaterThan(calm.people);
    expect(burst.people).toBeLessThan(1.6 * calm.people);
  });

  test("does not let a day of 60 people excuse the next 60 people", () => {
    const quiet = (hour: number) => (hour % 3 === 0 ? 1 : 0);
    const raised = forecasts(history(8, (hour, day) => (day === 4 ? 60 : quiet(hour)))).now;
    const calm = forecasts(history(8, quiet)).now;
    expect(raised.spread).toBeGreaterThan(calm.spread);
    expect(surprise(60, raised.people, raised.spread)).toBeGreaterThan(2 * entersAt);
  });

  test("takes a tag that is always restless for what it is", () => {
    const restless = forecasts(history(14, (hour, day) => ((hour * 7 + day * 5) % 3 === 0 ? 40 : 4))).now;
    const steady = forecasts(history(14, () => 16)).now;
    expect(restless.spread).toBeGreaterThan(3 * steady.spread);
    expect(surprise(60, restless.people, restless.spread)).toBeLessThan(
      surprise(60, steady.people, steady.spread) / 2,
    );
  });

  test("does not look further back than 28 days", () => {
    const recent = history(28, quietAtNight);
    expect(forecasts([...history(20, () => 5000), ...recent])).toEqual(forecasts(recent));
  });

  test("moves through the hour from one forecast to the next", () => {
    const both = { last: { people: 10, spread: 0.1 }, now: { people: 20, spread: 0.3 } };
    expect(between(both, 0)).toEqual(both.last);
    expect(between(both, 1)).toEqual(both.now);
    expect(between(both, 0.5).people).toBe(15);
  });
});

describe("a trend", () => {
  const none = forecasts([]).now;

  test("is 60 people with a tag that nobody used before", () => {
    const window = { observed: 60, ...none };
    expect(trends(score(window, window), false)).toBe(true);
  });

  test("is not four people, however unlikely they are", () => {
    const window = { observed: 4, people: 0.001, spread: 0.01 };
    expect(surprise(window.observed, window.people, window.spread)).toBeGreaterThan(entersAt);
    expect(score(window, window)).toBe(0);
    expect(score({ ...window, observed: 6 }, { ...window, observed: 6 })).toBeGreaterThan(entersAt);
  });

  test("is not a popular tag at its usual hour, and is a popular tag at twice and a half", () => {
    const usual = forecasts(history(28, () => 400)).now;
    expect(score({ observed: 430, ...usual }, { observed: 430, ...usual })).toBe(0);
    expect(score({ observed: 1000, ...usual }, { observed: 1000, ...usual })).toBeGreaterThan(entersAt);
  });

  test("surprises in both windows: one that is surprised alone counts less than half", () => {
    const surprised = { observed: 60, people: 10, spread: 0.1 };
    const calm = { observed: 10, people: 10, spread: 0.1 };
    const alone = surprise(60, 10, 0.1);
    expect(score(surprised, surprised)).toBeCloseTo(alone, 9);
    expect(score(surprised, calm)).toBeCloseTo(alone / 4, 9);
    expect(score(calm, surprised)).toBe(score(surprised, calm));
  });

  test("stays on the list until it is clearly over", () => {
    const between = (entersAt + leavesAt) / 2;
    expect(trends(between, false)).toBe(false);
    expect(trends(between, true)).toBe(true);
    expect(trends(leavesAt - 0.1, true)).toBe(false);
  });

  test("is not what everybody does: a busy network raises what is expected", () => {
    const tag = { observed: 30, people: 10, spread: 0.15 };
    const network = { observed: 3000, people: 1000, spread: 0.15 };
    const factor = busyness(network, tag);
    expect(factor).toBeGreaterThan(2.8);
    expect(score(tag, tag)).toBeGreaterThan(0);
    expect(score({ ...tag, people: 10 * factor }, { ...tag, people: 10 * factor })).toBe(0);
    expect(busyness({ ...network, observed: 1000 }, { ...tag, observed: 10 })).toBeCloseTo(1);
    // The tag itself does not make the network busy.
    expect(
      busyness({ observed: 1100, people: 1010, spread: 0.15 }, { observed: 100, people: 10, spread: 0.15 }),
    ).toBe(1);
  });
});
