/**
 * Lists of people who are followed by the same followers. The people who follow x also follow others. Those who come up most are "alongside" x,
 * where a follower counts less the more people they follow. The list of x does not depend on who reads it. So it is computed
 * when it is first needed, and kept. It also answers "people like x".
 */
import { createBest } from "./best.ts";
import { type Graph, inDegree, outDegree } from "./graph.ts";
import type { Limits } from "./limits.ts";
import { createTally } from "./tally.ts";
import { share } from "./walk.ts";

/** The lists of everybody. The list of person p begins at p × entries. */
export interface AlongsideLists {
  entries: number;
  /** -1: nobody needed the list yet. */
  lengths: Int16Array;
  people: Int32Array;
  weights: Float32Array;
}

export interface Alongside extends AlongsideLists {
  /** Computes the list of this person if it is not there. @returns how long it is */
  prepare(person: number): number;
}

/** A follower's weight is their number of follows to this power. Tuned exponents beat fixed ones: docs/explanation. */
const followerExponent = -0.75;
/** Popular people are alongside everybody. This decides only who gets onto the list. */
const popularityExponent = -0.25;
/** Of each follower at least this many follows are read, so that fewer followers are asked if there are too many. */
const leastPerFollower = 8;

/**
 * Takes 8 × limits.alongside + 2 bytes a person.
 *
 * @param isShared true for memory that threads may share. Two threads that compute the same list write the same.
 */
export function createAlongsideLists(people: number, limits: Limits, isShared = false): AlongsideLists {
  const entries = limits.alongside;
  const memory = (bytes: number) => (isShared ? new SharedArrayBuffer(bytes) : new ArrayBuffer(bytes));
  return {
    entries,
    lengths: new Int16Array(memory(2 * people)).fill(-1),
    people: new Int32Array(memory(4 * entries * people)),
    weights: new Float32Array(memory(4 * entries * people)),
  };
}

/** @param lists from createAlongsideLists, with the same limits */
export function createAlongside(graph: Graph, limits: Limits, lists: AlongsideLists): Alongside {
  const { alongsideVisits: visits } = limits;
  const { entries, lengths, people, weights } = lists;
  const { leaders = graph.in, leaderStarts = graph.inStarts } = graph;
  const mostFollowers = Math.max(1, Math.floor(visits / leastPerFollower));
  const sums = createTally(graph.people, 1, 2 * visits + mostFollowers);
  const best = createBest(entries);
  // Powers are slow, so each is computed once.
  const followerWeights = Float32Array.from(
    { length: graph.people },
    (_, follower) => Math.max(1, outDegree(graph, follower)) ** followerExponent,
  );
  const rarity = Float32Array.from(
    { length: graph.people },
    (_, person) => Math.max(1, inDegree(graph, person)) ** popularityExponent,
  );

  function prepare(person: number): number {
    // Another thread may have written the list. It writes the length last.
    const known = Atomics.load(lengths, person);
    if (known >= 0) return known;
    sums.clear();
    const start = leaderStarts[person] as number;
    const followers = (leaderStarts[person + 1] as number) - start;
    const asked = Math.min(followers, mostFollowers);
    const followerAt = (turn: number) => leaders[start + Math.floor((turn * followers) / asked)] as number;
    const sizeOf = (turn: number) => {
      const follower = followerAt(turn);
      return (graph.outStarts[follower + 1] as number) - (graph.outStarts[follower] as number);
    };
    const each = share(visits, asked, sizeOf);
    for (let turn = 0; turn < asked; turn++) {
      const follower = followerAt(turn);
      const first = graph.outStarts[follower] as number;
      const size = sizeOf(turn);
      const weight = followerWeights[follower] as number;
      const step = Math.max(1, size / each);
      for (let place = 0; place < size; place += step) {
        const slot = sums.slot(graph.out[first + Math.floor(place)] as number);
        sums.values[slot] = (sums.values[slot] as number) + weight;
      }
    }
    best.clear();
    let least = 0;
    for (let slot = 0; slot < sums.size; slot++) {
      const sum = sums.values[slot] as number;
      // Rarity is 1 at most. So most people are found to be too bad before it is looked up.
      if (sum < least) continue;
      const other = sums.people[slot] as number;
      if (other === person) continue;
      best.offer(slot, sum * (rarity[other] as number), other);
      if (best.size === entries) least = best.scores[0] as number;
    }
    const length = best.sort();
    for (let place = 0; place < length; place++) {
      const slot = best.items[place] as number;
      people[person * entries + place] = sums.people[slot] as number;
      weights[person * entries + place] = sums.values[slot] as number;
    }
    Atomics.store(lengths, person, length);
    return length;
  }
  return { ...lists, prepare };
}
