/** A linear model: the score of a candidate is the sum of weight × feature, so every feature's part in it is known. */
import { featureCount, featureSources } from "./features.ts";
import { follows, type Graph } from "./graph.ts";

/** One weight for each feature of features.ts. Those of sources are not negative: a path never counts against somebody. */
export interface Weights {
  /** False for graphs in which everybody follows back. */
  isDirected: boolean;
  /** For a graph in which few of those who are followed follow back, as a wiki's voters and candidates. */
  seldom: readonly number[];
  /** For a graph in which many follow back, as acquaintances do. */
  often: readonly number[];
  /** What a place on the list costs those who are like the person there: spread.ts. For both kinds of graphs. */
  cost: { seldom: number; often: number };
}

/** Up to this share of mutual follows, the weights are those of seldom, and from the other one on those of often. */
const seldomShare = 0.15;
const oftenShare = 0.6;

/** @returns the weights for a graph, between the two kinds by its share of follows that are mutual */
export function weightsFor(weights: Weights, share: number): number[] {
  return weights.often.map((often, feature) => between(weights.seldom[feature] as number, often, share));
}

/** @returns what a place costs those who are like the person there, for a graph with this share of mutual follows */
export function costFor({ cost }: Weights, share: number): number {
  return between(cost.seldom, cost.often, share);
}

function between(seldom: number, often: number, share: number): number {
  const part = Math.min(1, Math.max(0, (share - seldomShare) / (oftenShare - seldomShare)));
  return part * often + (1 - part) * seldom;
}

/** @returns the share of follows that are mutual, measured at 20,000 follows at most */
export function mutualShare(graph: Graph): number {
  let mutual = 0;
  let asked = 0;
  const step = Math.max(1, graph.out.length / 20_000);
  let person = 0;
  for (let place = 0; place < graph.out.length; place += step) {
    const edge = Math.floor(place);
    while ((graph.outStarts[person + 1] as number) <= edge) person++;
    asked++;
    if (follows(graph, graph.out[edge] as number, person)) mutual++;
  }
  return asked === 0 ? 0 : mutual / asked;
}

/** @returns the score of the candidate whose features begin at `start` */
export function score(weights: readonly number[], features: Float32Array, start: number): number {
  let sum = 0;
  for (let feature = 0; feature < featureCount; feature++)
    sum += (weights[feature] as number) * (features[start + feature] as number);
  return sum;
}

/**
 * How much each source adds to the score: what would be lost if the source had not reached the candidate.
 *
 * @param nothing the features of a candidate that no source reaches
 * @param into by the number of the source. 0 has what no source adds. Together they are the score, less that of nothing.
 */
export function contributions(
  weights: readonly number[],
  features: Float32Array,
  start: number,
  nothing: Float32Array,
  into: Float64Array,
): void {
  into.fill(0);
  for (let feature = 0; feature < featureCount; feature++) {
    const source = featureSources[feature] as number;
    const more = (features[start + feature] as number) - (nothing[feature] as number);
    into[source] = (into[source] as number) + (weights[feature] as number) * more;
  }
}
