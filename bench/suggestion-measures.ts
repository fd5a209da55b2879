/** How good lists of suggestions are, when some edges were held out so the right answers are known. */

export interface Quality {
  /** The share of people whose first ten have at least one of those held out. */
  hits: number;
  /** How many of those held out are among the first twenty: the mean of people. */
  recall: number;
  /** Mean average precision, over the whole list. */
  map: number;
  /** The share of all people who are among the first ten of anybody. */
  coverage: number;
  /** How unequally the places among the first ten are spread over all people: 0 equally, 1 all to one. */
  gini: number;
  /** The share of the first ten places that people with at most five followers have. */
  newcomers: number;
}

export const newcomerFollowers = 5;

export interface Measuring {
  /**
   * @param list the people on the list of somebody, best first
   * @param right those held out. Somebody who is not on the list is not found.
   */
  add(list: ArrayLike<number>, right: Set<number>): void;
  result(): Quality;
}

/** @param followers of each person, in the graph without the edges that were held out */
export function createMeasuring(people: number, followers: (person: number) => number): Measuring {
  let asked = 0;
  let hits = 0;
  let recall = 0;
  let map = 0;
  let places = 0;
  let newcomers = 0;
  const shown = new Float64Array(people);
  return {
    add(list, right) {
      asked++;
      let found = 0;
      for (let place = 0; place < list.length && found < right.size; place++) {
        if (!right.has(list[place] as number)) continue;
        found++;
        if (found === 1 && place < 10) hits++;
        if (place < 20) recall += 1 / right.size;
        map += found / (place + 1) / right.size;
      }
      for (let place = 0; place < Math.min(10, list.length); place++) {
        const person = list[place] as number;
        shown[person] = (shown[person] as number) + 1;
        places++;
        if (followers(person) <= newcomerFollowers) newcomers++;
      }
    },
    result: () => ({
      hits: hits / asked,
      recall: recall / asked,
      map: map / asked,
      coverage: shown.filter((times) => times > 0).length / people,
      gini: gini(shown),
      newcomers: newcomers / Math.max(1, places),
    }),
  };
}

/** @returns 0 if all values are equal, nearly 1 if a single value is above zero */
export function gini(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  let sum = 0;
  let ranked = 0;
  for (let place = 0; place < sorted.length; place++) {
    sum += sorted[place] as number;
    ranked += (2 * (place + 1) - sorted.length - 1) * (sorted[place] as number);
  }
  return sum === 0 ? 0 : ranked / (sorted.length * sum);
}

/** The mean, and half of the 95% confidence interval of the mean (Student's t). */
export function interval(values: number[]): { mean: number; half: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2) return { mean, half: Number.NaN };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (count - 1);
  const t = [12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262][count - 2] ?? 2.1;
  return { mean, half: t * Math.sqrt(variance / count) };
}
