/** Who counts, because others who count vouch for them. */
import type { Network } from "./network.ts";

export const enoughVotes = 2;

/**
 * The seeds count. A candidate counts if two people who count have to do with them, so that each of the two passes
 * trust on to the candidate. Only what counts already can vouch. So a crowd never counts if each of its
 * accounts has at most one receipt from outside: one of them would have to be the first.
 *
 * @param seedVotes how much a seed's voice is worth. With 2, one seed is enough
 * @returns 1 for each person who counts
 */
export function findVouched(
  network: Network,
  candidates: Uint8Array,
  seeds: Int32Array,
  seedVotes: number,
): Uint8Array {
  const { people, starts, receivers } = network;
  const counts = new Uint8Array(people);
  const votes = new Uint8Array(people);
  const queue = new Int32Array(people);
  let waiting = 0;
  for (const seed of seeds) {
    if (counts[seed]) continue;
    counts[seed] = 1;
    queue[waiting++] = seed;
  }
  const seedsEnd = waiting;
  for (let place = 0; place < waiting; place++) {
    const voter = queue[place] as number;
    const worth = place < seedsEnd ? seedVotes : 1;
    const end = starts[voter + 1] as number;
    for (let at = starts[voter] as number; at < end; at++) {
      const person = receivers[at] as number;
      if (counts[person] || !candidates[person]) continue;
      const sum = Math.min(enoughVotes, (votes[person] as number) + worth);
      votes[person] = sum;
      if (sum < enoughVotes) continue;
      counts[person] = 1;
      queue[waiting++] = person;
    }
  }
  return counts;
}
