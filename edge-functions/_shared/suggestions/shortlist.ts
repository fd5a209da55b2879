/** Whom the model ranks: the candidates that are best at a first look. The training of the model sees the same ones. */
import { type Alongside, type AlongsideLists, createAlongside, createAlongsideLists } from "./alongside.ts";
import { createBest } from "./best.ts";
import { createFeatures, type Features } from "./features.ts";
import { columnCount, columns, createGenerator } from "./generate.ts";
import type { Graph } from "./graph.ts";
import type { Limits } from "./limits.ts";
import { createTally, type Tally } from "./tally.ts";

export interface Shortlist {
  alongside: Alongside;
  features: Features;
  tally: Tally;
  /** The candidates of the person who was asked last, by their slots in the tally. */
  slots: Int32Array;
  /**
   * Finds candidates whom the person does not follow, and their features.
   *
   * @returns how many there are: at most limits.candidates
   */
  fill(person: number): number;
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
  const scale = new Float64Array(columnCount);
  /** Whom the person at hand follows, and the person. */
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

  /** The best candidate gets 1 in each column. */
  function computeScale() {
    scale.fill(0);
    for (let slot = 0; slot < tally.size; slot++) {
      if (known[tally.people[slot] as number] === 1) continue;
      for (let column = 1; column < columnCount; column++)
        scale[column] = Math.max(
          scale[column] as number,
          tally.values[slot * columnCount + column] as number,
        );
    }
    for (let column = 1; column < columnCount; column++)
      scale[column] = (scale[column] as number) > 0 ? 1 / (scale[column] as number) : 0;
  }

  /** A cheap score that decides whom the model ranks. */
  function firstLook(slot: number): number {
    const at = slot * columnCount;
    const rarity = features.rarity[tally.people[slot] as number] as number;
    const part = (column: number) => (tally.values[at + column] as number) * (scale[column] as number);
    return (
      part(columns.followedByHalf) +
      part(columns.followedBy) +
      (1 + rarity) * part(columns.alongside) +
      rarity * part(columns.peers) +
      0.5 * (part(columns.bothFollow) + part(columns.followersFollow)) +
      0.3 * part(columns.followsYou)
    );
  }

  return {
    alongside,
    features,
    tally,
    slots: chosen.items,
    fill(person) {
      tally.clear();
      generator.generate(person, tally);
      mark(person, 1);
      computeScale();
      chosen.clear();
      for (let slot = 0; slot < tally.size; slot++) {
        const other = tally.people[slot] as number;
        if (known[other] === 0) chosen.offer(slot, firstLook(slot), other);
      }
      mark(person, 0);
      const count = chosen.sort();
      features.compute(person, tally, chosen.items, count);
      return count;
    },
  };
}
