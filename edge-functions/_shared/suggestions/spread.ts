/**
 * Spreads the first places of a list over the circles of a person. Two candidates are alike if the same people lead to both of
 * them. If the first of them is a wrong guess, the second is probably one too. So each place on the list costs those who are like
 * the person there. (Maximal marginal relevance: Carbonell and Goldstein 1998.)
 */
import type { Paths } from "./generate.ts";

/** The places that cost others something. A page has ten. */
const spreadMost = 20;

export interface Spread {
  /**
   * Puts candidates in a new order, the best first.
   *
   * @param slots the slots of the candidates, the best first. -1 for somebody that no path of these may lead to
   * @param scores their scores, in the same order
   * @param count how many there are
   */
  arrange(slots: Int32Array, scores: Float64Array, count: number): void;
  /** The new order, as places in the old one. */
  order: Int32Array;
  /**
   * The scores less the costs, by the places in the old order. In the new order, none is higher than the one before it.
   */
  left: Float64Array;
}

/**
 * Takes 2 bytes for each slot, and neighbours / 8 bytes for each candidate.
 *
 * @param paths of the generator, which leads to the candidates
 * @param slotsMost how many slots the tally has
 * @param most how many candidates there are at most
 * @param cost what a place costs somebody who is reached over exactly the same people: this part of the logarithm of their chance
 */
export function createSpread(paths: Paths, slotsMost: number, most: number, cost: number): Spread {
  const words = (paths.ends.length + 31) >> 5;
  const places = new Int16Array(slotsMost).fill(-1);
  /** The friends who lead to each candidate, a bit for each. */
  const bits = new Int32Array(most * words);
  const friends = new Int32Array(most);
  const order = new Int32Array(most);
  const left = new Float64Array(most);

  function readPaths(slots: Int32Array, count: number) {
    for (let place = 0; place < count; place++) {
      if ((slots[place] as number) >= 0) places[slots[place] as number] = place;
    }
    bits.fill(0, 0, count * words);
    let step = 0;
    for (let friend = 0; friend < paths.asked; friend++) {
      for (; step < (paths.ends[friend] as number); step++) {
        const place = places[paths.slots[step] as number] as number;
        if (place < 0) continue;
        const word = place * words + (friend >> 5);
        bits[word] = (bits[word] as number) | (1 << (friend & 31));
      }
    }
    for (let place = 0; place < count; place++) {
      if ((slots[place] as number) >= 0) places[slots[place] as number] = -1;
      friends[place] = shared(place, place);
    }
  }

  /** How many friends lead to both. */
  function shared(one: number, other: number): number {
    let sum = 0;
    const used = (paths.asked + 31) >> 5;
    for (let word = 0; word < used; word++)
      sum += ones((bits[one * words + word] as number) & (bits[other * words + word] as number));
    return sum;
  }

  /** From 0 to 1: the cosine of the two sets of friends. */
  function likeness(one: number, other: number): number {
    const both = shared(one, other);
    return both === 0 ? 0 : both / Math.sqrt((friends[one] as number) * (friends[other] as number));
  }

  function isBefore(one: number, other: number): boolean {
    const more = (left[one] as number) - (left[other] as number);
    return more > 0 || (more === 0 && one < other);
  }

  return {
    order,
    left,
    arrange(slots, scores, count) {
      readPaths(slots, count);
      for (let place = 0; place < count; place++) {
        order[place] = place;
        left[place] = scores[place] as number;
      }
      const spread = Math.min(spreadMost, count);
      for (let turn = 0; turn < spread; turn++) {
        let best = turn;
        for (let at = turn + 1; at < count; at++)
          if (isBefore(order[at] as number, order[best] as number)) best = at;
        const chosen = order[best] as number;
        order[best] = order[turn] as number;
        order[turn] = chosen;
        for (let at = turn + 1; at < count; at++) {
          const other = order[at] as number;
          left[other] = (left[other] as number) - cost * likeness(chosen, other);
        }
      }
      order
        .subarray(spread, count)
        .sort((one, other) => (left[other] as number) - (left[one] as number) || one - other);
    },
  };
}

/** How many bits are 1. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
