/** Finds the best few of many without sorting all of them. */

export interface Best {
  clear(): void;
  /** Among equal scores, the lower number of the person is better. So an answer does not depend on the order of asking. */
  offer(item: number, score: number, person: number): void;
  /** @returns how many there are. Their items are in `items`, best first, until the next clear(). */
  sort(): number;
  items: Int32Array;
}

/** @param most how many of the best are kept */
export function createBest(most: number): Best {
  // A heap with the worst of the kept ones first.
  const items = new Int32Array(most);
  const scores = new Float64Array(most);
  const people = new Int32Array(most);
  let size = 0;

  const isWorse = (one: number, other: number) =>
    scores[one] !== scores[other]
      ? (scores[one] as number) < (scores[other] as number)
      : (people[one] as number) > (people[other] as number);

  function swap(one: number, other: number) {
    const item = items[one] as number;
    const score = scores[one] as number;
    const person = people[one] as number;
    put(one, items[other] as number, scores[other] as number, people[other] as number);
    put(other, item, score, person);
  }

  function put(place: number, item: number, score: number, person: number) {
    items[place] = item;
    scores[place] = score;
    people[place] = person;
  }

  function sink(end: number) {
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= end) return;
      if (child + 1 < end && isWorse(child + 1, child)) child++;
      if (!isWorse(child, place)) return;
      swap(child, place);
      place = child;
    }
  }

  return {
    items,
    clear() {
      size = 0;
    },
    offer(item, score, person) {
      if (size < most) {
        put(size, item, score, person);
        let place = size++;
        while (place > 0 && isWorse(place, (place - 1) >> 1)) {
          swap(place, (place - 1) >> 1);
          place = (place - 1) >> 1;
        }
        return;
      }
      if (score < (scores[0] as number) || (score === scores[0] && person > (people[0] as number))) return;
      put(0, item, score, person);
      sink(size);
    },
    sort() {
      for (let end = size - 1; end > 0; end--) {
        swap(0, end);
        sink(end);
      }
      return size;
    },
  };
}
