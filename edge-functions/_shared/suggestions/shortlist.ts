/** The candidates that the model ranks: those that are best at a first look. The training of the model sees the same ones. */
import { type Alongside, type AlongsideLists, createAlongside, createAlongsideLists } from "./alongside.ts";
import { createBest } from "./best.ts";
import { createFeatures, type Features } from "./features.ts";
import { columnCount, columnSources, columns, createGenerator, type Paths } from "./generate.ts";
import type { Graph } from "./graph.ts";
import type { Limits } from "./limits.ts";
import { everySource } from "./sources.ts";
import { createTally, type Tally } from "./tally.ts";

export interface Shortlist {
  alongside: Alongside;
  features: Features;
  tally: Tally;
  /** The two-step paths to the candidates. */
  paths: Paths;
  /** The candidates of the person who was asked last, by their slots in the tally, in no order. */
  slots: Int32Array;
  /**
   * Finds candidates that the person does not follow, and their features.
   *
   * @param mayCome by which sources each person may come (sources.ts). By all, if nothing is said. What other sources say of
   *   them counts nothing
   * @returns how many there are: at most limits.candidates
   */
  fill(person: number, mayCome?: Uint8Array): number;
}

export function createShortlist(
  graph: Graph,
  isDirected: boolean,
  limits: Limits,
  lists: AlongsideLists = createAlongsideLists(graph.people, limits),
): Shortlist {
  const alongside = createAlongside(graph, limits, lists);
  const generator = createGenerator(graph, alongside, limits, isDirected);
  const tally = createTally(graph.people, columnCount, generator.most);
  const features = createFeatures(graph, limits.candidates);
  const chosen = createBest(limits.candidates);
  /** The slots of those that the person does not follow. */
  const unknown = new Int32Array(tally.people.length);
  /** 1 for the person at hand and the people they follow. */
  const known = new Uint8Array(graph.people);

  function mark(person: number, value: number) {
    known[person] = value;
    for (
      let place = graph.outStarts[person] as number;
      place < (graph.outStarts[person + 1] as number);
      place++
    )
      known[graph.out[place] as number] = value;
  }

  /** Forgets what other sources say of a candidate. @returns whether one of these sources reaches them */
  function isReached(slot: number, allowed: number): boolean {
    let sum = 0;
    for (let column = 0; column < columnCount; column++) {
      if ((allowed & (1 << (columnSources[column] as number))) === 0)
        tally.values[slot * columnCount + column] = 0;
      sum += tally.values[slot * columnCount + column] as number;
    }
    return sum > 0;
  }

  /**
   * Offers everybody that the person does not follow, with a cheap score. In each column, the best candidate gets its weight.
   * Popular people get less of two columns. This loop takes most of the time, so it names its columns one by one.
   */
  function takeFirstLook(mayCome?: Uint8Array) {
    const { people, size, values } = tally;
    let count = 0;
    let followedByHalf = 0;
    let followedBy = 0;
    let bothFollow = 0;
    let followersFollow = 0;
    let alongside = 0;
    let peers = 0;
    let followsYou = 0;
    for (let slot = 0; slot < size; slot++) {
      const other = people[slot] as number;
      if (known[other] === 1) continue;
      const allowed = mayCome ? (mayCome[other] as number) : everySource;
      if (allowed !== everySource && !isReached(slot, allowed)) continue;
      unknown[count++] = slot;
      const at = slot * columnCount;
      if ((values[at + columns.followedByHalf] as number) > followedByHalf)
        followedByHalf = values[at + columns.followedByHalf] as number;
      if ((values[at + columns.followedBy] as number) > followedBy)
        followedBy = values[at + columns.followedBy] as number;
      if ((values[at + columns.bothFollow] as number) > bothFollow)
        bothFollow = values[at + columns.bothFollow] as number;
      if ((values[at + columns.followersFollow] as number) > followersFollow)
        followersFollow = values[at + columns.followersFollow] as number;
      if ((values[at + columns.alongside] as number) > alongside)
        alongside = values[at + columns.alongside] as number;
      if ((values[at + columns.peers] as number) > peers) peers = values[at + columns.peers] as number;
      if ((values[at + columns.followsYou] as number) > followsYou)
        followsYou = values[at + columns.followsYou] as number;
    }
    followedByHalf = scaleOf(followedByHalf);
    followedBy = scaleOf(followedBy);
    bothFollow = 0.5 * scaleOf(bothFollow);
    followersFollow = 0.5 * scaleOf(followersFollow);
    alongside = scaleOf(alongside);
    peers = scaleOf(peers);
    followsYou = 0.3 * scaleOf(followsYou);
    let least = Number.NEGATIVE_INFINITY;
    for (let place = 0; place < count; place++) {
      const slot = unknown[place] as number;
      const at = slot * columnCount;
      const alike = (values[at + columns.alongside] as number) * alongside;
      const likely = alike + (values[at + columns.peers] as number) * peers;
      const rest =
        (values[at + columns.followedByHalf] as number) * followedByHalf +
        (values[at + columns.followedBy] as number) * followedBy +
        (values[at + columns.bothFollow] as number) * bothFollow +
        (values[at + columns.followersFollow] as number) * followersFollow +
        alike +
        (values[at + columns.followsYou] as number) * followsYou;
      // Most are worse than the worst of those chosen, even if nobody else followed them.
      if (likely + rest < least) continue;
      const other = people[slot] as number;
      const sum = (features.rarity[other] as number) * likely + rest;
      if (sum < least) continue;
      chosen.offer(slot, sum, other);
      if (chosen.size === limits.candidates) least = chosen.scores[0] as number;
    }
  }

  return {
    alongside,
    features,
    tally,
    paths: generator.paths,
    slots: chosen.items,
    fill(person, mayCome) {
      tally.clear();
      generator.generate(person, tally);
      mark(person, 1);
      chosen.clear();
      takeFirstLook(mayCome);
      mark(person, 0);
      const count = chosen.size;
      features.compute(person, tally, chosen.items, count);
      return count;
    },
  };
}

function scaleOf(most: number): number {
  return most > 0 ? 1 / most : 0;
}
