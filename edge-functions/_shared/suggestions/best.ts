/** Finds the best few of many without sorting all of them. */

export interface Best {
  clear(): void;
  /** Among equal scores, the lower number of the person is better. So an answer does not depend on the order of asking. */
  offer(item: number, score: number, person: number): void;
  /** How many are kept. Until sort() is called, `items` has them in no order. */
  readonly size: number;
  /** @returns how many there are. Their items are in `items`, best first, until the next clear(). */
  sort(): number;
  items: Int32Array;
  /** The scores of the items, in the same order. */
  scores: Float64Array;
}

/** @param most how many of the best are kept */
export function createBest(most: number): Best {
  // A heap with the worst of the kept ones first.
  const items = new Int32Array(most);
  const scores = new Float64Array(most);
  const people = new Int32Array(most);
  let size = 0;

  function put(place: number, item: number, score: number, person: number) {
    items[place] = item;
    scores[place] = score;
    people[place] = person;
  }

  function move(from: number, to: number) {
    items[to] = items[from] as number;
    scores[to] = scores[from] as number;
    people[to] = people[from] as number;
  }

  /** Compares what is at a place with a score of a person. */
  function isWorse(place: number, score: number, person: number): boolean {
    const own = scores[place] as number;
    return own !== score ? own < score : (people[place] as number) > person;
  }

  /** Puts an item where the worst one was, among the first `end`. Worse ones move up. */
  function replaceWorst(end: number, item: number, score: number, person: number) {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= end) break;
      if (child + 1 < end && isWorse(child + 1, scores[child] as number, people[child] as number)) child++;
      if (!isWorse(child, score, person)) break;
      move(child, place);
      place = child;
    }
    put(place, item, score, person);
  }

  function add(item: number, score: number, person: number) {
    let place = size++;
    for (;;) {
      const parent = (place - 1) >> 1;
      if (place === 0 || !isBetter(parent, score, person)) break;
      move(parent, place);
      place = parent;
    }
    put(place, item, score, person);
  }

  function isBetter(place: number, score: number, person: number): boolean {
    const own = scores[place] as number;
    return own !== score ? own > score : (people[place] as number) < person;
  }

  return {
    items,
    scores,
    get size() {
      return size;
    },
    clear() {
      size = 0;
    },
    offer(item, score, person) {
      if (size < most) add(item, score, person);
      else if (isWorse(0, score, person)) replaceWorst(size, item, score, person);
    },
    sort() {
      for (let end = size - 1; end > 0; end--) {
        const item = items[end] as number;
        const score = scores[end] as number;
        const person = people[end] as number;
        move(0, end);
        replaceWorst(end, item, score, person);
      }
      return size;
    },
  };
}
