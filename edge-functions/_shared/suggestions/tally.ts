/** Sums for a few of many people. Clearing it costs as much as was used, and not as many people as there are. */
export interface Tally {
  /** How many people have sums. */
  size: number;
  /** Who they are, by their slots. */
  people: Int32Array;
  /** The sums of a slot begin at slot × columns. */
  values: Float32Array;
  /** @returns the slot of this person. A new slot has zeros. */
  slot(person: number): number;
  /** @returns the slot of this person, or -1 */
  find(person: number): number;
  clear(): void;
}

/**
 * Takes 2 bytes for each of the people, or 4 if there are many slots, and 4 × (columns + 1) bytes for each slot. The
 * fewer bytes, the more people are in the cache of the processor, and most of the time goes into finding them.
 *
 * @param most how many slots are ever used between two calls of clear()
 */
export function createTally(people: number, columns: number, most: number): Tally {
  const capacity = Math.min(people, most);
  const slots = (capacity < 2 ** 15 ? new Int16Array(people) : new Int32Array(people)).fill(-1);
  const tally: Tally = {
    size: 0,
    people: new Int32Array(capacity),
    values: new Float32Array(capacity * columns),
    slot(person) {
      const known = slots[person] as number;
      if (known >= 0) return known;
      const slot = tally.size++;
      slots[person] = slot;
      tally.people[slot] = person;
      return slot;
    },
    find: (person) => slots[person] as number,
    clear() {
      for (let slot = 0; slot < tally.size; slot++) slots[tally.people[slot] as number] = -1;
      tally.values.fill(0, 0, tally.size * columns);
      tally.size = 0;
    },
  };
  return tally;
}
