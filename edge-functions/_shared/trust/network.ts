/** The people to which everybody passes trust on. People are numbers from 0, and the oldest account is 0. */
import type { Lists } from "./lists.ts";

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
 * their friends: two people who follow each other. If there are people of one kind only, they get all of it.
 */
export function buildNetwork(answered: Lists, friends: Lists): Network {
  const people = answered.starts.length - 1;
  const most = answered.others.length + friends.others.length;
  const starts = new Int32Array(people + 1);
  const receivers = new Int32Array(most);
  const shares = new Float64Array(most);
  let size = 0;
  for (let giver = 0; giver < people; giver++) {
    let [at, end] = [answered.starts[giver] as number, answered.starts[giver + 1] as number];
    let [friendAt, friendEnd] = [friends.starts[giver] as number, friends.starts[giver + 1] as number];
    const half = at < end && friendAt < friendEnd ? 0.5 : 1;
    const [share, friendShare] = [half / (end - at), half / (friendEnd - friendAt)];
    while (at < end || friendAt < friendEnd) {
      const one = at < end ? (answered.others[at] as number) : people;
      const friend = friendAt < friendEnd ? (friends.others[friendAt] as number) : people;
      receivers[size] = Math.min(one, friend);
      shares[size++] = (one <= friend ? share : 0) + (friend <= one ? friendShare : 0);
      if (one <= friend) at++;
      if (friend <= one) friendAt++;
    }
    starts[giver + 1] = size;
  }
  return { people, starts, receivers: receivers.subarray(0, size), shares: shares.subarray(0, size) };
}
