/** A list of suggestions that is spread over the circles of a person: edge-functions/_shared/suggestions/spread.ts. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { featureCount } from "../../edge-functions/_shared/suggestions/features.ts";
import { buildGraph } from "../../edge-functions/_shared/suggestions/graph.ts";
import { createSpread } from "../../edge-functions/_shared/suggestions/spread.ts";
import { createSuggester } from "../../edge-functions/_shared/suggestions/suggest.ts";

const [alice, bob] = [0, 1];

const someLists = fc.record({
  /** The slots of the candidates that each friend leads to. */
  friends: fc.array(fc.uniqueArray(fc.nat(29)), { maxLength: 40 }),
  scores: fc.array(fc.integer({ min: -8, max: 8 }), { minLength: 1, maxLength: 30 }),
});

test("the first place has who scores most, less a cost for each one before who is reached over the same friends", () => {
  fc.assert(
    fc.property(someLists, ({ friends, scores: unsorted }) => {
      const cost = 0.5;
      const scores = Float64Array.from(unsorted, (eighths) => eighths / 8)
        .sort()
        .reverse();
      const slots = Int32Array.from(scores, (_, place) => 29 - place);
      const paths = {
        asked: friends.length,
        slots: Int32Array.from(friends.flat()),
        ends: Int32Array.from({ length: 40 }, (_, friend) => friends.slice(0, friend + 1).flat().length),
      };
      const leading = [...slots].map(
        (slot) => new Set(friends.flatMap((reached, friend) => (reached.includes(slot) ? [friend] : []))),
      );
      const cosine = (one: number, other: number) => {
        const [a, b] = [leading[one], leading[other]] as [Set<number>, Set<number>];
        return a.intersection(b).size / Math.sqrt(a.size * b.size || 1);
      };
      const spread = createSpread(paths, 30, 30, cost);
      spread.arrange(slots, scores, scores.length);
      const order = [...spread.order.subarray(0, scores.length)];
      expect(order.toSorted((one, other) => one - other)).toEqual([...scores.keys()]);
      for (const [place, one] of order.entries()) {
        const before = order.slice(0, Math.min(place, 20));
        const expected = before.reduce(
          (sum, other) => sum - cost * cosine(other, one),
          scores[one] as number,
        );
        expect(spread.left[one]).toBeCloseTo(expected, 9);
        if (place > 0)
          expect(spread.left[one]).toBeLessThanOrEqual(spread.left[order[place - 1] as number] as number);
      }
    }),
  );
});

test("alice is shown somebody of a small circle among many of a large one", () => {
  const large = [10, 11, 12, 13, 14, 15];
  // One person leads to bob, and to others that alice follows too.
  const edges: [number, number][] = [
    ...[...large, 20].map((friend): [number, number] => [alice, friend]),
    ...large.flatMap((friend) => Array.from({ length: 12 }, (_, at): [number, number] => [friend, 30 + at])),
    ...[bob, ...large].map((other): [number, number] => [20, other]),
  ];
  const graph = buildGraph(
    50,
    Int32Array.from(edges, ([from]) => from),
    Int32Array.from(edges, ([, to]) => to),
  );
  // Only the sum of paths counts.
  const values = Array.from({ length: featureCount }, (_, feature) => Number(feature === 0));
  const placeOfBob = (cost: number) =>
    createSuggester(graph, {
      isDirected: true,
      seldom: values,
      often: values,
      cost: { seldom: cost, often: cost },
    })
      .suggest(alice, 20)
      .findIndex(({ person }) => person === bob);
  expect(placeOfBob(0)).toBe(12);
  expect(placeOfBob(2)).toBeLessThan(6);
});
