/**
 * What the model knows of a candidate. Sums of different people cannot be compared, and graphs differ even more. So a sum is
 * compared with two things: the best candidate of the same person, and the people whom the person follows already (they get
 * sums like everybody). Where a source explains what somebody follows, its candidates are good.
 */
import { columnCount, columns } from "./generate.ts";
import { type Graph, inDegree, outDegree } from "./graph.ts";
import { type Source, sources } from "./sources.ts";
import type { Tally } from "./tally.ts";

/** A sum, and how much the popularity of the candidate divides it. */
const compared: { column: number; popularity: "none" | "quarter" | "half"; source: Source }[] = [
  { column: columns.followedByHalf, popularity: "none", source: sources.followedBy },
  { column: columns.followedByHalf, popularity: "half", source: sources.followedBy },
  { column: columns.followedBy, popularity: "none", source: sources.followedBy },
  { column: columns.alongside, popularity: "quarter", source: sources.followedAlongside },
  { column: columns.alongsideCount, popularity: "none", source: sources.followedAlongside },
  { column: columns.peers, popularity: "quarter", source: sources.followedAlongside },
  { column: columns.bothFollow, popularity: "none", source: sources.bothFollow },
  { column: columns.followersFollow, popularity: "none", source: sources.followersFollow },
];

/** The source of each feature. 0: it says something of the candidate alone, or of the person, and is no reason. */
export const featureSources: number[] = [
  ...compared.flatMap(({ source }) => [source, source]),
  sources.followedBy, // log(1 + paths)
  sources.followedBy, // paths / √(follows of u × followers of v)
  sources.followedBy, // paths / follows of u
  sources.followedAlongside, // lists / follows of u
  sources.followsYou,
  0, // popularity beside that of the people whom u follows
  0, // log of follows / followers
];
export const featureCount = featureSources.length;

const smallest = 1e-3;
const smallestKnown = 0.02;

export interface Features {
  /** The features of candidate c begin at c × featureCount. */
  values: Float32Array;
  /** (followers of a person) to the power of -¼, by the number of the person. */
  rarity: Float32Array;
  /** What they would be for somebody whom no source reaches. */
  nothing: Float32Array;
  /**
   * @param slots the candidates, by their slots in the tally
   * @param count how many of them count
   */
  compute(person: number, tally: Tally, slots: Int32Array, count: number): void;
}

/** Takes 12 bytes a person, and 4 × featureCount bytes a candidate. */
export function createFeatures(graph: Graph, most: number): Features {
  const { people, out, outStarts } = graph;
  const logs = Float32Array.from({ length: people }, (_, person) =>
    Math.log(Math.max(1, inDegree(graph, person))),
  );
  const quarter = logs.map((log) => Math.exp(-log / 4));
  const half = logs.map((log) => Math.exp(-log / 2));
  const values = new Float32Array(most * featureCount);
  const nothing = new Float32Array(featureCount);

  const divided = (tally: Tally, slot: number, column: number, popularity: "none" | "quarter" | "half") => {
    const sum = tally.values[slot * columnCount + column] as number;
    if (popularity === "none") return sum;
    return sum * ((popularity === "quarter" ? quarter : half)[tally.people[slot] as number] as number);
  };

  return {
    values,
    rarity: quarter,
    nothing,
    compute(person, tally, slots, count) {
      const follows = outDegree(graph, person);
      const first = outStarts[person] as number;
      const known: number[] = [];
      let popularity = 0;
      // A thousand people say what somebody follows as well as all do.
      const asked = Math.min(follows, 1000);
      for (let turn = 0; turn < asked; turn++) {
        const friend = out[first + Math.floor((turn * follows) / asked)] as number;
        popularity += (logs[friend] as number) / asked;
        const slot = tally.find(friend);
        if (slot >= 0) known.push(slot);
      }
      for (let index = 0; index < compared.length; index++) {
        const { column, popularity: divisor } = compared[index] as (typeof compared)[number];
        let most = 0;
        for (let place = 0; place < count; place++)
          most = Math.max(most, divided(tally, slots[place] as number, column, divisor));
        let mean = 0;
        for (const slot of known) mean += divided(tally, slot, column, divisor) / asked;
        const floor = smallestKnown * most;
        const isUsed = most > 0;
        const knownLog = isUsed ? Math.log(mean + floor) : 0;
        nothing[2 * index] = isUsed ? Math.log(smallest) : 0;
        nothing[2 * index + 1] = isUsed && asked > 0 ? Math.log(floor) - knownLog : 0;
        for (let place = 0; place < count; place++) {
          const at = place * featureCount + 2 * index;
          const sum = divided(tally, slots[place] as number, column, divisor);
          values[at] = isUsed ? Math.log(sum / most + smallest) : 0;
          values[at + 1] = isUsed && asked > 0 ? Math.log(sum + floor) - knownLog : 0;
        }
      }
      for (let place = 0; place < count; place++) {
        const slot = slots[place] as number;
        const other = tally.people[slot] as number;
        const at = slot * columnCount;
        const paths = tally.values[at + columns.followedByCount] as number;
        const followers = Math.max(1, inDegree(graph, other));
        let to = place * featureCount + 2 * compared.length;
        values[to++] = Math.log1p(paths);
        values[to++] = paths / Math.sqrt(Math.max(1, follows) * followers);
        values[to++] = paths / Math.max(1, follows);
        values[to++] = (tally.values[at + columns.alongsideCount] as number) / Math.max(1, follows);
        values[to++] = tally.values[at + columns.followsYou] as number;
        values[to++] = (logs[other] as number) - popularity;
        values[to++] = Math.log((outDegree(graph, other) + 1) / (followers + 1));
      }
    },
  };
}
