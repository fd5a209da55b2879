/**
 * What the rule of trust promises, for any network and any ring of accounts in it: edge-functions/_shared/trust. A ring
 * may have any number of accounts and do anything. It keeps at most what the others passed to it.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { passOn, rounds } from "../../edge-functions/_shared/trust/flow.ts";
import { createPairs, listsOf, mutual, without } from "../../edge-functions/_shared/trust/lists.ts";
import { buildNetwork, type Network } from "../../edge-functions/_shared/trust/network.ts";
import { computeTrust, type People } from "../../edge-functions/_shared/trust/trust.ts";
import { findVouched } from "../../edge-functions/_shared/trust/vouching.ts";

interface Gift {
  giver: number;
  receiver: number;
  isFriend: boolean;
}

/** The honest people come first, and then the ring. */
interface Plot {
  honest: number;
  ring: number;
  /** Among the honest people. */
  gifts: Gift[];
  /** From honest people to the ring. */
  deceived: Gift[];
  /** From the ring to anybody. */
  wired: Gift[];
  seeds: number[];
}

const giftsAmong = (givers: [number, number], receivers: [number, number], maxLength: number) =>
  fc.array(
    fc.record({
      giver: fc.integer({ min: givers[0], max: givers[1] - 1 }),
      receiver: fc.integer({ min: receivers[0], max: receivers[1] - 1 }),
      isFriend: fc.boolean(),
    }),
    { maxLength },
  );

const plots: fc.Arbitrary<Plot> = fc
  .record({ honest: fc.integer({ min: 2, max: 25 }), ring: fc.integer({ min: 1, max: 60 }) })
  .chain(({ honest, ring }) =>
    fc.record({
      honest: fc.constant(honest),
      ring: fc.constant(ring),
      gifts: giftsAmong([0, honest], [0, honest], 120),
      deceived: giftsAmong([0, honest], [honest, honest + ring], 20),
      wired: giftsAmong([honest, honest + ring], [0, honest + ring], 300),
      seeds: fc.uniqueArray(fc.nat(honest - 1), { minLength: 1, maxLength: 5 }),
    }),
  );

function networkOf(people: number, gifts: Gift[]): Network {
  const lists = (isFriend: boolean) => {
    const pairs = createPairs();
    for (const gift of gifts) if (gift.isFriend === isFriend) pairs.add(gift.giver, gift.receiver);
    return listsOf(people, pairs);
  };
  return buildNetwork(lists(false), lists(true));
}
const of = (plot: Plot) =>
  networkOf(plot.honest + plot.ring, [...plot.gifts, ...plot.deceived, ...plot.wired]);
const beginnersOf = ({ starts }: Network, seeds: number[]) =>
  Int32Array.from(seeds.filter((seed) => starts[seed] !== starts[seed + 1]));
const sum = (values: Iterable<number>) => [...values].reduce((total, value) => total + value, 0);
const tiny = 1e-9;

/** How much the honest people passed to the ring in all rounds: the same rule once more, in plain loops. */
function crossed({ honest, gifts, deceived, wired, ring }: Plot, beginners: Int32Array): number {
  const all = [...gifts, ...deceived, ...wired].filter(({ giver, receiver }) => giver !== receiver);
  const shares = Array.from({ length: honest + ring }, (_, person) => {
    const kinds = [true, false]
      .map(
        (kind) =>
          new Set(
            all
              .filter((gift) => gift.giver === person && gift.isFriend === kind)
              .map((gift) => gift.receiver),
          ),
      )
      .filter(({ size }) => size > 0);
    return kinds.flatMap((kind) => [...kind].map((to) => ({ to, share: 1 / kinds.length / kind.size })));
  });
  let moving = Array.from(shares, (_, person) => (beginners.includes(person) ? 1 / beginners.length : 0));
  let total = 0;
  for (let round = 1; round <= rounds; round++) {
    const next = moving.map(() => 0);
    for (const [giver, amount] of moving.entries()) {
      for (const { to, share } of shares[giver] ?? []) {
        next[to] = (next[to] ?? 0) + amount * share;
        if (giver < honest && to >= honest) total += amount * share;
      }
    }
    moving = next.map((amount) => amount * (1 - 1 / (rounds - round + 1)));
    for (const [person, amount] of [...moving.entries()].filter(([person]) => !shares[person]?.length)) {
      for (const beginner of beginners)
        moving[beginner] = (moving[beginner] ?? 0) + amount / beginners.length;
      moving[person] = 0;
    }
  }
  return total;
}

const people = (size: number, seeds: number[]): People => ({
  areOld: new Uint8Array(size).fill(1),
  areEarly: new Uint8Array(size),
  founders: 0,
  areSeeds: Uint8Array.from({ length: size }, (_, person) => +seeds.includes(person)),
  haveSeeds: seeds.length > 0,
});

describe("a ring", () => {
  test("keeps at most what honest people passed to it", () => {
    let some = 0;
    fc.assert(
      fc.property(plots, (plot) => {
        const network = of(plot);
        const beginners = beginnersOf(network, plot.seeds);
        const kept = sum(passOn(network, beginners).subarray(plot.honest));
        expect(kept).toBeLessThanOrEqual(crossed(plot, beginners) + tiny);
        some += +(kept > tiny);
      }),
      { numRuns: 500 },
    );
    expect(some).toBeGreaterThan(150);
  });

  test("that gives nothing back keeps all that was passed to it, and no more with more accounts", () => {
    const circle = (from: number, size: number) =>
      Array.from({ length: size }, (_, one) => ({
        giver: from + one,
        receiver: from + ((one + 1) % size),
        isFriend: true,
      }));
    let some = 0;
    fc.assert(
      fc.property(plots, fc.integer({ min: 2, max: 500 }), (plot, more) => {
        const { honest } = plot;
        const ring = Math.max(2, plot.ring);
        const closed = {
          ...plot,
          ring,
          wired: [...plot.wired.filter(({ receiver }) => receiver >= honest), ...circle(honest, ring)],
        };
        // Everybody in the ring also has to do with the new accounts.
        const larger = {
          ...closed,
          ring: ring + more,
          wired: [
            ...closed.wired,
            ...circle(honest + ring, more),
            ...Array.from({ length: more }, (_, one) => ({
              giver: honest + (one % ring),
              receiver: honest + ring + one,
              isFriend: one % 2 === 0,
            })),
          ],
        };
        const beginners = beginnersOf(of(plot), plot.seeds);
        const keeps = (plot: Plot) => sum(passOn(of(plot), beginners).subarray(honest));
        expect(keeps(closed)).toBeCloseTo(crossed(closed, beginners), 9);
        expect(keeps(larger)).toBeCloseTo(keeps(closed), 9);
        some += +(keeps(closed) > tiny);
      }),
      { numRuns: 200 },
    );
    expect(some).toBeGreaterThan(50);
  });

  test("weighs nothing without a gift from outside, and otherwise at most its part of all trust", () => {
    fc.assert(
      fc.property(plots, (plot) => {
        const size = plot.honest + plot.ring;
        const alone = computeTrust(people(size, plot.seeds), of({ ...plot, deceived: [] }));
        expect(sum(alone.weights.subarray(plot.honest))).toBe(0);

        const network = of(plot);
        const kept = passOn(network, beginnersOf(network, plot.seeds));
        const { weights, unit } = computeTrust(people(size, plot.seeds), network);
        if (unit === Number.POSITIVE_INFINITY) return;
        expect(sum(weights.subarray(plot.honest)) * unit).toBeLessThanOrEqual(
          sum(kept.subarray(plot.honest)) + 1e-6,
        );
      }),
      { numRuns: 500 },
    );
  });

  test("never counts if each of its accounts has at most one giver outside, and no named seed is one of them", () => {
    let tempted = 0;
    fc.assert(
      fc.property(plots, (plot) => {
        const size = plot.honest + plot.ring;
        const first = plot.deceived.filter(
          ({ receiver, giver }, place) =>
            !plot.deceived.slice(0, place).some((gift) => gift.receiver === receiver && gift.giver !== giver),
        );
        const everybody = new Uint8Array(size).fill(1);
        const network = of({ ...plot, deceived: first });
        const counts = findVouched(network, everybody, Int32Array.from(plot.seeds), 1);
        expect(sum(counts.subarray(plot.honest))).toBe(0);
        // With one voice as enough, rings would count: so these networks do tempt.
        tempted += +(
          sum(findVouched(network, everybody, Int32Array.from(plot.seeds), 2).subarray(plot.honest)) > 0
        );
      }),
      { numRuns: 300 },
    );
    expect(tempted).toBeGreaterThan(50);
  });
});

test("no trust is lost and none is made", () => {
  fc.assert(
    fc.property(plots, (plot) => {
      const network = of(plot);
      const beginners = beginnersOf(network, plot.seeds);
      const kept = passOn(network, beginners);
      expect(sum(kept)).toBeCloseTo(beginners.length > 0 ? 1 : 0, 9);
      expect(Math.min(...kept)).toBeGreaterThanOrEqual(0);
    }),
    { numRuns: 300 },
  );
});

test("half goes to the people that somebody answered, and half to friends", () => {
  const gift = (receiver: number, isFriend: boolean) => ({ giver: 0, receiver, isFriend });
  const shares = (gifts: Gift[]) => {
    const { receivers, shares } = networkOf(5, gifts);
    return Object.fromEntries([...receivers].map((receiver, place) => [receiver, shares[place]]));
  };
  const both = [
    gift(3, true),
    gift(1, false),
    gift(2, true),
    gift(1, false),
    gift(0, true),
    gift(3, false),
    gift(4, true),
  ];
  expect(shares(both)).toEqual({ 1: 1 / 4, 2: 1 / 6, 3: 1 / 4 + 1 / 6, 4: 1 / 6 });
  expect(shares(both.filter(({ isFriend }) => isFriend))).toEqual({ 2: 1 / 3, 3: 1 / 3, 4: 1 / 3 });
  expect(shares([gift(0, true)])).toEqual({});
});

test("lists have the pairs that are mutual, and not those that are shunned", () => {
  const pairs = fc.array(fc.tuple(fc.nat(9), fc.nat(9)), { maxLength: 60 });
  const lists = (of: [number, number][]) => {
    const found = createPairs();
    for (const [one, other] of of) found.add(one, other);
    return listsOf(10, found);
  };
  const shown = ({ starts, others }: ReturnType<typeof lists>) =>
    Array.from({ length: 10 }, (_, one) => [...others.subarray(starts[one], starts[one + 1])]);
  const naive = (keeps: (one: number, other: number) => boolean) =>
    Array.from({ length: 10 }, (_, one) =>
      [...Array(10).keys()].filter((other) => one !== other && keeps(one, other)),
    );
  fc.assert(
    fc.property(pairs, pairs, (first, second) => {
      const has = (pairs: [number, number][], one: number, other: number) =>
        pairs.some(([from, to]) => from === one && to === other);
      expect(shown(lists(first))).toEqual(naive((one, other) => has(first, one, other)));
      expect(shown(mutual(lists(first)))).toEqual(
        naive((one, other) => has(first, one, other) && has(first, other, one)),
      );
      expect(shown(without(lists(first), lists(second)))).toEqual(
        naive((one, other) => has(first, one, other) && !has(second, one, other)),
      );
    }),
    { numRuns: 300 },
  );
});

describe("in a large network in which nobody named seeds", () => {
  /** Everybody has answered this many others. The same numbers at every run. */
  const town = (size: number, answers: number) => {
    let state = 1;
    const random = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    const gifts = Array.from({ length: size * answers }, (_, one) => ({
      giver: Math.floor(one / answers),
      receiver: Math.floor(random() * size),
      isFriend: false,
    }));
    return computeTrust(
      { ...people(size, []), areEarly: new Uint8Array(size).fill(1) },
      networkOf(size, gifts),
    );
  };

  test("one of a hundred is a seed where people know many", () => {
    const { seeds, counts } = town(20_000, 10);
    expect(seeds).toBe(200);
    expect(sum(counts)).toBeGreaterThan(10_000);
  });

  test("there are more where people know five, and trust gets through", () => {
    const { seeds, counts } = town(20_000, 5);
    expect(seeds).toBe(800);
    expect(sum(counts)).toBeGreaterThan(10_000);
  });

  test("there are never more than one in 25, also where trust does not get through", () => {
    const { seeds, counts } = town(20_000, 2);
    expect(seeds).toBe(800);
    expect(sum(counts)).toBeLessThan(1200);
  });
});

test("in a town of six people who have done nothing yet, all count", () => {
  const { weights, counts, seeds } = computeTrust(
    { ...people(6, []), areEarly: new Uint8Array(6).fill(1) },
    networkOf(6, []),
  );
  expect([seeds, ...weights, ...counts]).toEqual([6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
});
