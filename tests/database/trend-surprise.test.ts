/**
 * The score of trends is written twice: in edge-functions/_shared/trends, which decides what trends, and in
 * sql/75-trends/50-surprise.sql, which explains it. Both give the same numbers for any history.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { between, forecasts } from "../../edge-functions/_shared/trends/baseline.ts";
import { busyness, score, type Window } from "../../edge-functions/_shared/trends/score.ts";
import { surprise } from "../../edge-functions/_shared/trends/tail.ts";
import { createDatabase, type Database } from "./database.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const runs = { numRuns: Number(process.env.PLAZA_TREND_RUNS ?? 300) };

/** @returns how far apart two numbers are, beside their size */
const apart = (a: number, b: number) => Math.abs(a - b) / Math.max(1, Math.abs(a), Math.abs(b));

const mean = fc.double({ min: 1 / 24, max: 5000, noNaN: true });
const spread = fc.double({ min: 0.01, max: 3, noNaN: true });

test("the surprise is the same, from one person to many thousands", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.nat(60), fc.nat(20_000)),
      fc.oneof(mean, fc.double({ min: 1 / 24, max: 30, noNaN: true })),
      spread,
      async (people, mean, spread) => {
        const [row] = await db.owner`
          select private.surprise(${people}::float8, ${mean}::float8, ${spread}::float8) as found
        `;
        expect(apart(row?.found, surprise(people, mean, spread)), `found ${row?.found}`).toBeLessThan(1e-6);
      },
    ),
    runs,
  );
});

/** Quiet, regular, restless and bursting terms, of any age. */
const history = fc
  .record({
    hours: fc.nat(28 * 24),
    level: fc.nat(300),
    noise: fc.array(fc.nat(400), { minLength: 1, maxLength: 50 }),
    bursts: fc.array(fc.tuple(fc.nat(28 * 24), fc.nat(30_000)), { maxLength: 4 }),
  })
  .map(({ hours, level, noise, bursts }) => {
    const people = Array.from({ length: hours }, (_, hour) =>
      Math.round(
        level * (1 + Math.sin((hour * Math.PI) / 12)) + (noise[hour % noise.length] as number) * 0.3,
      ),
    );
    for (const [hour, burst] of bursts) if (hour < hours) people[hour] = burst;
    return people;
  });

test("the forecasts are the same, for a history of any shape", async () => {
  await fc.assert(
    fc.asyncProperty(history, fc.nat(3600), async (history, seconds) => {
      const share = seconds / 3600;
      const [row] = await db.owner`
        select (found).people, (found).spread
        from private.forecasts(${history}::integer[]) as f
        cross join lateral private.between_forecasts(f.at_last, f.at_next, ${share}::float8) as found
      `;
      const expected = between(forecasts(history), share);
      expect(apart(row?.people, expected.people)).toBeLessThan(1e-9);
      expect(apart(row?.spread, expected.spread)).toBeLessThan(1e-9);
    }),
    { numRuns: Math.ceil(runs.numRuns / 3) },
  );
});

test("the score is the same, on a quiet and on a busy network", async () => {
  const window = fc.record({
    observed: fc.nat(200),
    people: fc.double({ min: 1 / 24, max: 100, noNaN: true }),
    spread,
    networkObserved: fc.nat(3000),
    networkPeople: fc.double({ min: 1, max: 3000, noNaN: true }),
  });
  const seen = { none: 0, some: 0 };
  await fc.assert(
    fc.asyncProperty(window, window, async (short, long) => {
      const [row] = await db.owner`
        select private.trend_score(${rowOf(short)}::private.trend_facts, ${rowOf(long)}::private.trend_facts) as found
      `;
      const [one, other] = [short, long].map((shown): Window => {
        const network = { observed: shown.networkObserved, people: shown.networkPeople, spread: 1 };
        return { ...shown, people: shown.people * busyness(network, shown) };
      }) as [Window, Window];
      const expected = score(one, other);
      seen[expected > 0 ? "some" : "none"]++;
      expect(apart(row?.found, expected)).toBeLessThan(1e-6);
    }),
    runs,
  );
  // Both kinds came up.
  expect(Math.min(seen.none, seen.some)).toBeGreaterThan(10);
});

function rowOf(shown: Window & { networkObserved: number; networkPeople: number }): string {
  return `(${shown.observed},${shown.people},${shown.spread},${shown.networkObserved},${shown.networkPeople})`;
}
