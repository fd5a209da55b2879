/** The candidates that the model ranks: those that are best at a first look. The training of the model sees the same ones. */
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
   * Finds candidates that the person does not follow, and their features.
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

  /** The best candidate gets 1 in each column. */
  function computeScale() {
    const { people, size, values } = tally;
    scale.fill(0);
    for (let slot = 0; slot < size; slot++) {
      if (known[people[slot] as number] === 1) continue;
      const at = slot * columnCount;
      for (let column = 1; column < columnCount; column++) {
        const value = values[at + column] as number;
        if (value > (scale[column] as number)) scale[column] = value;
      }
    }
    for (let column = 1; column < columnCount; column++)
      scale[column] = (scale[column] as number) > 0 ? 1 / (scale[column] as number) : 0;
  }

  /** How much a column counts in a first look: the scale of the column times this. Popular people get less of two. */
  const looks = new Float64Array(columnCount);
  looks[columns.followedByHalf] = 1;
  looks[columns.followedBy] = 1;
  looks[columns.alongside] = 1;
  looks[columns.bothFollow] = 0.5;
  looks[columns.followersFollow] = 0.5;
  looks[columns.followsYou] = 0.3;

  /** Offers everybody that the person does not follow, with a cheap score. */
  function takeFirstLook() {
    const { people, size, values } = tally;
    const alongsideScale = scale[columns.alongside] as number;
    const peersScale = scale[columns.peers] as number;
    for (let column = 1; column < columnCount; column++)
      scale[column] = (scale[column] as number) * (looks[column] as number);
    for (let slot = 0; slot < size; slot++) {
      const other = people[slot] as number;
      if (known[other] !== 0) continue;
      const at = slot * columnCount;
      let sum =
        (features.rarity[other] as number) *
        ((values[at + columns.alongside] as number) * alongsideScale +
          (values[at + columns.peers] as number) * peersScale);
      for (let column = 1; column < columnCount; column++)
        sum += (values[at + column] as number) * (scale[column] as number);
      chosen.offer(slot, sum, other);
    }
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
      takeFirstLook();
      mark(person, 0);
      const count = chosen.sort();
      features.compute(person, tally, chosen.items, count);
      return count;
    },
  };
}
