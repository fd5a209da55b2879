/** For each person a list of others, all in two typed arrays. People are numbers from 0. */

export interface Lists {
  /** The list of a person is from `starts[person]` to before `starts[person + 1]`. */
  starts: Int32Array;
  /** Ascending in each list, and none twice. */
  others: Int32Array;
}

export interface Pairs {
  /** Only the first `size` entries are pairs. */
  size: number;
  ones: Int32Array;
  others: Int32Array;
}

/** Room for pairs that come one after the other. */
export function createPairs(): Pairs & { add(one: number, other: number): void } {
  let room = 1 << 12;
  return {
    size: 0,
    ones: new Int32Array(room),
    others: new Int32Array(room),
    add(one, other) {
      if (this.size === room) {
        room *= 2;
        const { ones, others } = this;
        this.ones = new Int32Array(room);
        this.others = new Int32Array(room);
        this.ones.set(ones);
        this.others.set(others);
      }
      this.ones[this.size] = one;
      this.others[this.size++] = other;
    },
  };
}

/** @param pairs in any order. A pair that comes again, or of somebody with themselves, changes nothing */
export function listsOf(people: number, { size, ones, others }: Pairs): Lists {
  // First by the other and then by the one: the second sorting keeps the order of the first.
  const byOther = new Int32Array(size);
  const ends = endsOf(people, others, size);
  for (let pair = size - 1; pair >= 0; pair--) byOther[--(ends[others[pair] as number] as number)] = pair;
  const sorted = new Int32Array(size);
  const starts = endsOf(people, ones, size);
  for (let at = size - 1; at >= 0; at--) {
    const pair = byOther[at] as number;
    sorted[--(starts[ones[pair] as number] as number)] = others[pair] as number;
  }
  return kept({ starts, others: sorted }, (one, at) => {
    const other = sorted[at];
    return other !== one && (at === starts[one] || other !== sorted[at - 1]);
  });
}

/** Where the list of each key ends. It has one entry more than there are keys, for the end of all. */
function endsOf(keys: number, values: Int32Array, size: number): Int32Array {
  const ends = new Int32Array(keys + 1);
  for (let at = 0; at < size; at++) (ends[values[at] as number] as number)++;
  for (let key = 1; key <= keys; key++) ends[key] = (ends[key] as number) + (ends[key - 1] as number);
  return ends;
}

/** Only those who have each other in their lists. */
export function mutual(lists: Lists): Lists {
  const people = lists.starts.length - 1;
  // Those who have each person in their lists. They come in order, because the lists do.
  const starts = new Int32Array(people + 1);
  starts.set(endsOf(people, lists.others, lists.others.length).subarray(0, people), 1);
  const others = new Int32Array(lists.others.length);
  const next = Int32Array.from(starts);
  for (let one = 0; one < people; one++) {
    const end = lists.starts[one + 1] as number;
    for (let at = lists.starts[one] as number; at < end; at++) {
      others[(next[lists.others[at] as number] as number)++] = one;
    }
  }
  return comparing(lists, { starts, others }, true);
}

/** The lists without those who are in the other lists of the same person. */
export const without = (lists: Lists, others: Lists): Lists => comparing(lists, others, false);

function comparing(lists: Lists, second: Lists, isIn: boolean): Lists {
  let at2 = 0;
  return kept(lists, (one, at) => {
    const other = lists.others[at] as number;
    if (at === lists.starts[one]) at2 = second.starts[one] as number;
    const end = second.starts[one + 1] as number;
    while (at2 < end && (second.others[at2] as number) < other) at2++;
    return (at2 < end && second.others[at2] === other) === isIn;
  });
}

function kept(lists: Lists, keeps: (one: number, at: number) => boolean): Lists {
  const starts = new Int32Array(lists.starts.length);
  const others = new Int32Array(lists.others.length);
  let size = 0;
  for (let one = 0; one + 1 < starts.length; one++) {
    const end = lists.starts[one + 1] as number;
    for (let at = lists.starts[one] as number; at < end; at++) {
      if (keeps(one, at)) others[size++] = lists.others[at] as number;
    }
    starts[one + 1] = size;
  }
  return { starts, others: others.subarray(0, size) };
}
