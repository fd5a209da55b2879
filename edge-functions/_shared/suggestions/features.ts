/**
 * What the model knows of a candidate. Sums of different people cannot be compared, and graphs differ even more. So each sum is
 * divided by that of the best candidate of the same person.
 */
import { columnCount, columns } from "./generate.ts";
import { type Graph, inDegree, outDegree } from "./graph.ts";
import { type Source, sources } from "./sources.ts";
import type { Tally } from "./tally.ts";

/** A sum. If `isRare`, it is multiplied with (followers of the candidate)^-¼, so that it counts against popular people. */
const compared: { column: number; isRare: boolean; source: Source }[] = [
  { column: columns.followedByHalf, isRare: false, source: sources.followedBy },
  { column: columns.followedBy, isRare: false, source: sources.followedBy },
  { column: columns.followedBy, isRare: true, source: sources.followedBy },
  { column: columns.alongside, isRare: false, source: sources.followedAlongside },
  { column: columns.alongside, isRare: true, source: sources.followedAlongside },
  { column: columns.alongsideCount, isRare: false, source: sources.followedAlongside },
  { column: columns.peers, isRare: false, source: sources.followedAlongside },
  { column: columns.closestPeers, isRare: true, source: sources.followedAlongside },
  { column: columns.bothFollow, isRare: false, source: sources.bothFollow },
  { column: columns.followersFollow, isRare: true, source: sources.followersFollow },
];

/**
 * Sums whose places count too: 1 for the candidate with the largest sum, ½ for the second, and so on. For those of followedBy, the
 * weights came out as 0.
 */
const placed = compared.filter(({ source }) => source !== sources.followedBy);

/** The source of each feature. 0: it only describes the candidate, so it cannot be a reason. */
export const featureSources: (Source | 0)[] = [
  ...compared.map(({ source }) => source),
  ...placed.map(({ source }) => source),
  sources.followedBy, // log(1 + paths)
  sources.followedBy, // paths / √(follows of u × followers of v)
  sources.followedBy, // paths / follows of u
  sources.followedBy, // paths / followers of v
  sources.followedAlongside, // lists / follows of u
  sources.followsYou,
  0, // log of followers
  0, // log of follows / followers
];
export const featureCount = featureSources.length;

/** Below this part of the best, a sum says little more. Without it, the logarithm would make a world of nothing. */
const floor = 0.02;
const nothingLog = Math.fround(Math.log(floor));

/** Farther down, 1 / place is nearly nothing, and it is not computed. */
const placesMost = 20;

export interface Features {
  /** The features of candidate c begin at c × featureCount. */
  values: Float32Array;
  /** What they would be for a candidate that no source reaches. */
  nothing: Float32Array;
  /** (followers of a person)^-¼, by the number of the person. */
  rarity: Float32Array;
  /**
   * @param slots the candidates, by their slots in the tally
   * @param count how many of them count
   */
  compute(person: number, tally: Tally, slots: Int32Array, count: number): void;
}

/** Takes 8 bytes a person, and 4 × featureCount bytes a candidate. */
export function createFeatures(graph: Graph, most: number): Features {
  const { people } = graph;
  const logs = Float32Array.from({ length: people }, (_, person) =>
    Math.log(Math.max(1, inDegree(graph, person))),
  );
  const rarity = logs.map((log) => Math.exp(-log / 4));
  const values = new Float32Array(most * featureCount);
  const nothing = new Float32Array(featureCount);
  /** The best values of a feature. */
  const top = new Float32Array(placesMost);

  /**
   * Writes 1 / place by the values of a feature. Equal ones have the same place.
   *
   * @param from the feature that is read
   * @param to the feature that is written
   */
  function placeBy(from: number, to: number, count: number) {
    let size = 0;
    for (let at = from; at < count * featureCount; at += featureCount) {
      const value = values[at] as number;
      if (size === placesMost && value <= (top[size - 1] as number)) continue;
      let place = size === placesMost ? size - 1 : size++;
      for (; place > 0 && (top[place - 1] as number) < value; place--) top[place] = top[place - 1] as number;
      top[place] = value;
    }
    const least = top[size - 1] as number;
    const move = to - from;
    for (let at = from; at < count * featureCount; at += featureCount) {
      const value = values[at] as number;
      values[at + move] = value <= nothingLog || value < least ? 0 : 1 / (1 + top.indexOf(value));
    }
  }

  return {
    values,
    nothing,
    rarity,
    compute(person, tally, slots, count) {
      for (let index = 0; index < compared.length; index++) {
        const { column, isRare } = compared[index] as (typeof compared)[number];
        let best = 0;
        for (let place = 0; place < count; place++) {
          const slot = slots[place] as number;
          const sum =
            (tally.values[slot * columnCount + column] as number) *
            (isRare ? (rarity[tally.people[slot] as number] as number) : 1);
          values[place * featureCount + index] = sum;
          if (sum > best) best = sum;
        }
        const scale = best > 0 ? 1 / best : 0;
        for (let at = index; at < count * featureCount; at += featureCount)
          values[at] = Math.log((values[at] as number) * scale + floor);
        nothing[index] = nothingLog;
      }
      const unplaced = compared.length - placed.length;
      for (let index = 0; index < placed.length; index++)
        placeBy(unplaced + index, compared.length + index, count);
      const follows = Math.max(1, outDegree(graph, person));
      for (let place = 0; place < count; place++) {
        const slot = slots[place] as number;
        const other = tally.people[slot] as number;
        const at = slot * columnCount;
        const paths = tally.values[at + columns.followedByCount] as number;
        const followers = Math.max(1, inDegree(graph, other));
        let to = place * featureCount + compared.length + placed.length;
        values[to++] = Math.log1p(paths);
        values[to++] = paths / Math.sqrt(follows * followers);
        values[to++] = paths / follows;
        values[to++] = paths / followers;
        values[to++] = (tally.values[at + columns.alongsideCount] as number) / follows;
        values[to++] = tally.values[at + columns.followsYou] as number;
        values[to++] = logs[other] as number;
        values[to++] = Math.log((outDegree(graph, other) + 1) / (followers + 1));
      }
    },
  };
}
