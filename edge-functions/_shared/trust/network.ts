/**
 * Who passes trust on to whom. People are numbers from 0, and the oldest account is 0. Each list of receivers
 * is a part of one typed array, so that a million gifts take 20 MB.
 */

export interface Gifts {
  /** Only the first `size` entries of each list are gifts. */
  size: number;
  givers: Int32Array;
  receivers: Int32Array;
  /** 1: the two follow each other. 0: the giver answered, quoted or reposted the receiver. */
  areFriends: Uint8Array;
}

export interface Network {
  people: number;
  /** The receivers of a giver are those from `starts[giver]` to before `starts[giver + 1]`, ascending. */
  starts: Int32Array;
  receivers: Int32Array;
  /** What part of the giver's trust each receiver gets. Those of a giver are 1 together. */
  shares: Float64Array;
}

/**
 * Half of what somebody passes on goes to the people they answered, quoted or reposted, in equal parts, and half to
 * those with whom they follow each other. If there are people of one kind only, they get all of it.
 *
 * @param gifts in any order. One that comes again, or goes to the giver, changes nothing
 */
export function buildNetwork(people: number, gifts: Gifts): Network {
  const order = sortBy(gifts.givers, sortBy(gifts.receivers, null, gifts.size, people), gifts.size, people);
  const starts = new Int32Array(people + 1);
  const receivers = new Int32Array(gifts.size);
  const shares = new Float64Array(gifts.size);
  let end = 0;
  for (let place = 0, giver = 0; giver < people; giver++) {
    const start = end;
    const amounts = [0, 0];
    /** Bit 1: interacted. Bit 2: friends. Kept in `shares` until the amounts are known. */
    for (; place < gifts.size && gifts.givers[order[place] as number] === giver; place++) {
      const gift = order[place] as number;
      const receiver = gifts.receivers[gift] as number;
      const kind = gifts.areFriends[gift] ? 2 : 1;
      if (receiver === giver) continue;
      if (end === start || receivers[end - 1] !== receiver) receivers[end++] = receiver;
      const known = shares[end - 1] as number;
      if ((known & kind) !== 0) continue;
      shares[end - 1] = known | kind;
      amounts[kind - 1] = (amounts[kind - 1] as number) + 1;
    }
    const [acts = 0, friends = 0] = amounts;
    const half = acts > 0 && friends > 0 ? 0.5 : 1;
    for (let at = start; at < end; at++) {
      const kinds = shares[at] as number;
      shares[at] = (kinds & 1 ? half / acts : 0) + (kinds & 2 ? half / friends : 0);
    }
    starts[giver + 1] = end;
  }
  return { people, starts, receivers: receivers.subarray(0, end), shares: shares.subarray(0, end) };
}

/** @returns the places in ascending order of their keys. Equal keys stay in the order that they have */
function sortBy(keys: Int32Array, order: Int32Array | null, size: number, most: number): Int32Array {
  const ends = new Int32Array(most + 1);
  for (let place = 0; place < size; place++) (ends[(keys[place] as number) + 1] as number)++;
  for (let key = 0; key < most; key++) ends[key + 1] = (ends[key + 1] as number) + (ends[key] as number);
  const sorted = new Int32Array(size);
  for (let at = 0; at < size; at++) {
    const place = order === null ? at : (order[at] as number);
    const key = keys[place] as number;
    sorted[(ends[key] as number)++] = place;
  }
  return sorted;
}
