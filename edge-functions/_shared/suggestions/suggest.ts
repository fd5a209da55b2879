/**
 * Suggestions for one person after the other. The edge function calls this with a small graph around somebody, the worker with
 * everybody, and the benchmark with graphs whose right answers are known. It does no I/O.
 */
import type { AlongsideLists } from "./alongside.ts";
import { createBest } from "./best.ts";
import { featureCount } from "./features.ts";
import { columnCount, columns } from "./generate.ts";
import { type Graph, inDegree } from "./graph.ts";
import { type Limits, thorough } from "./limits.ts";
import { contributions, costFor, mutualShare, score, type Weights, weightsFor } from "./model.ts";
import { createShortlist } from "./shortlist.ts";
import { type Source, sources } from "./sources.ts";
import { createSpread } from "./spread.ts";

export interface Candidate {
  person: number;
  /**
   * From 0 to 1: how likely it is that the person follows them, beside the first on the list. The first has 1. Those who are like
   * the ones before them have less.
   */
  score: number;
  /** The kind of reason that contributed most to the score: sources.ts. */
  source: Source;
  /** If the source is "followed alongside": the reason that contributed most of the others, if another one is true. */
  otherSource?: Source | undefined;
}

export interface Suggester {
  /**
   * Ranks people that this person does not follow yet. The same graph gives the same answer. Blocks and the like are
   * not known here. So ask for more than you show.
   *
   * @param mayCome 1 for somebody who may be suggested, by the numbers of the people. Everybody, if nothing is said
   * @returns at most `limit` people, best first. Nobody, if no path leads anywhere.
   */
  suggest(person: number, limit: number, mayCome?: Uint8Array): Candidate[];
  /** @returns people that the followers of this person also follow, best first. At most limits.alongside. */
  peopleLike(person: number): number[];
}

/** Facts about people besides their follows. */
export interface Context {
  /** From 0 to 1, by the number of the person. A suggestion without trust needs twenty times the evidence. */
  trust?: Float32Array;
  /** The score loses this times the logarithm of the followers. 0, if nothing is said. It makes followers more equal. */
  popularityPenalty?: number;
  /**
   * The share of follows that are mutual. Say it if the graph is a part of another one, which decides. Otherwise it is
   * measured.
   */
  mutualShare?: number;
  /** Lists that threads share, from createAlongsideLists with the same limits. Without them, they are made here. */
  alongside?: AlongsideLists;
  /** How much work one person may cost. Thorough, if nothing is said. */
  limits?: Limits;
}

const leastTrust = 0.05;
const sourceCount = Object.keys(sources).length;

/** A reason is true for a candidate if one of its columns is above zero. */
const reasons: { source: Source; column: number; otherColumn: number }[] = [
  { source: sources.followedBy, column: columns.followedByCount, otherColumn: columns.followedByCount },
  { source: sources.followsYou, column: columns.followsYou, otherColumn: columns.followsYou },
  { source: sources.bothFollow, column: columns.bothFollow, otherColumn: columns.bothFollow },
  { source: sources.followedAlongside, column: columns.alongside, otherColumn: columns.peers },
  { source: sources.followersFollow, column: columns.followersFollow, otherColumn: columns.followersFollow },
];

/**
 * Takes about 40 + 8 × limits.alongside bytes a person, and some megabytes for the work on one person.
 *
 * @param weights from weights.ts
 */
export function createSuggester(graph: Graph, weights: Weights, context: Context = {}): Suggester {
  const { trust, popularityPenalty = 0, limits = thorough } = context;
  const share = context.mutualShare ?? mutualShare(graph);
  const values = weightsFor(weights, share);
  const shortlist = createShortlist(graph, weights.isDirected, limits, context.alongside);
  const { alongside, features, slots, tally } = shortlist;
  const found = createBest(limits.candidates);
  const foundSlots = new Int32Array(limits.candidates);
  const pathSlots = new Int32Array(limits.candidates);
  const spread = createSpread(
    shortlist.paths,
    tally.people.length,
    limits.candidates,
    costFor(weights, share),
  );
  const parts = new Float64Array(sourceCount + 1);

  /** The logarithm of how likely it is that they are followed, give or take a constant of the list. */
  function scoreOf(place: number, person: number): number {
    let sum = score(values, features.values, place * featureCount);
    if (popularityPenalty > 0) sum -= popularityPenalty * Math.log1p(inDegree(graph, person));
    if (trust) sum += Math.log(leastTrust + (1 - leastTrust) * (trust[person] as number));
    return sum;
  }

  /** The true reason with the largest part in the score. It looks at `parts`. */
  function strongest(slot: number, except?: Source): Source | undefined {
    const first = slot * columnCount;
    let best: Source | undefined;
    let most = -1;
    for (let reason = 0; reason < reasons.length; reason++) {
      const { source, column, otherColumn } = reasons[reason] as (typeof reasons)[number];
      if (source === except || (parts[source] as number) <= most) continue;
      if (tally.values[first + column] === 0 && tally.values[first + otherColumn] === 0) continue;
      best = source;
      most = parts[source] as number;
    }
    return best;
  }

  function sourcesOf(place: number, slot: number): Pick<Candidate, "source" | "otherSource"> {
    contributions(values, features.values, place * featureCount, features.nothing, parts);
    const source = strongest(slot) ?? sources.followedAlongside;
    if (source !== sources.followedAlongside) return { source };
    return { source, otherSource: strongest(slot, source) };
  }

  return {
    suggest(person, limit, mayCome) {
      const count = shortlist.fill(person, mayCome);
      found.clear();
      for (let place = 0; place < count; place++) {
        const other = tally.people[slots[place] as number] as number;
        found.offer(place, scoreOf(place, other), other);
      }
      const foundCount = found.sort();
      for (let rank = 0; rank < foundCount; rank++) {
        const slot = slots[found.items[rank] as number] as number;
        foundSlots[rank] = slot;
        pathSlots[rank] = tally.values[slot * columnCount + columns.followedByCount] === 0 ? -1 : slot;
      }
      spread.arrange(pathSlots, found.scores, foundCount);
      const best = found.scores[0] as number;
      const list: Candidate[] = [];
      for (const rank of spread.order.subarray(0, Math.min(limit, foundCount))) {
        const slot = foundSlots[rank] as number;
        list.push({
          person: tally.people[slot] as number,
          score: Math.exp((spread.left[rank] as number) - best),
          ...sourcesOf(found.items[rank] as number, slot),
        });
      }
      return list;
    },
    peopleLike(person) {
      const length = alongside.prepare(person);
      const first = person * alongside.entries;
      return [...alongside.people.subarray(first, first + length)];
    },
  };
}
