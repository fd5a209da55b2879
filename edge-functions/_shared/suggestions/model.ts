/** A linear model: the score of a candidate is the sum of weight × feature, so every feature's part in it is known. */
import { featureCount, featureSources } from "./features.ts";

export interface Weights {
  /** False for graphs in which everybody follows back. */
  isDirected: boolean;
  /** One for each feature of features.ts. Those of sources are not negative: a path never counts against somebody. */
  values: readonly number[];
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
 * @param nothing the features of somebody whom no source reaches
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
