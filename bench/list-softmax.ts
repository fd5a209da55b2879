/**
 * Fits a linear model to lists: those who were followed should get most of the probability of their list (a softmax). Weights
 * of sources are kept from being negative.
 */

/** Rows of features. The rows of one list are neighbours. */
export interface Rows {
  features: number;
  /** Row by row. */
  values: Float32Array;
  /** 1 for somebody who was followed. */
  labels: Uint8Array;
  /** List l has the rows from starts[l] to before starts[l + 1]. */
  starts: Int32Array;
  /** How much each list counts. */
  importance: Float32Array;
}

/** @param mayBeNegative for each feature */
export function fit(rows: Rows, mayBeNegative: boolean[], turns = 200): number[] {
  const { features, labels, starts, importance } = rows;
  const spread = deviations(rows);
  const values = rows.values.map((value, place) => value / (spread[place % features] as number));
  const weights = new Float64Array(features);
  const slope = new Float64Array(features);
  const velocity = new Float64Array(features);
  const roughness = new Float64Array(features);
  const total = importance.reduce((sum, one) => sum + one, 0);
  const longest = starts.reduce((most, start, list) => Math.max(most, start - (starts[list - 1] ?? 0)), 0);
  const probability = new Float64Array(longest);
  for (let turn = 1; turn <= turns; turn++) {
    slope.fill(0);
    for (let list = 0; list + 1 < starts.length; list++) {
      const first = starts[list] as number;
      const end = starts[list + 1] as number;
      let most = Number.NEGATIVE_INFINITY;
      let followed = 0;
      for (let row = first; row < end; row++) {
        let score = 0;
        for (let feature = 0; feature < features; feature++)
          score += (weights[feature] as number) * (values[row * features + feature] as number);
        probability[row - first] = score;
        most = Math.max(most, score);
        followed += labels[row] as number;
      }
      let sum = 0;
      for (let row = first; row < end; row++) {
        const part = Math.exp((probability[row - first] as number) - most);
        probability[row - first] = part;
        sum += part;
      }
      // Somebody with many right answers counts more, but not as often as they have answers.
      const counts = (importance[list] as number) / total / Math.sqrt(followed);
      for (let row = first; row < end; row++) {
        const miss =
          counts * ((labels[row] as number) - (followed * (probability[row - first] as number)) / sum);
        for (let feature = 0; feature < features; feature++)
          slope[feature] = (slope[feature] as number) + miss * (values[row * features + feature] as number);
      }
    }
    // Adam, with smaller steps at the end.
    const rate = turn > turns * 0.7 ? 0.01 : 0.05;
    for (let feature = 0; feature < features; feature++) {
      const pull = (slope[feature] as number) - 1e-3 * (weights[feature] as number);
      velocity[feature] = 0.9 * (velocity[feature] as number) + 0.1 * pull;
      roughness[feature] = 0.99 * (roughness[feature] as number) + 0.01 * pull * pull;
      const step = (velocity[feature] as number) / (1 - 0.9 ** turn);
      const size = Math.sqrt((roughness[feature] as number) / (1 - 0.99 ** turn)) + 1e-9;
      const next = (weights[feature] as number) + (rate * step) / size;
      weights[feature] = mayBeNegative[feature] ? next : Math.max(0, next);
    }
  }
  return Array.from(weights, (weight, feature) => weight / (spread[feature] as number));
}

function deviations({ features, values }: Rows): Float64Array {
  const count = values.length / features;
  const mean = new Float64Array(features);
  const square = new Float64Array(features);
  for (let place = 0; place < values.length; place++) {
    const feature = place % features;
    const value = values[place] as number;
    mean[feature] = (mean[feature] as number) + value / count;
    square[feature] = (square[feature] as number) + (value * value) / count;
  }
  return square.map((sum, feature) => Math.sqrt(Math.max(0, sum - (mean[feature] as number) ** 2)) + 1e-6);
}
