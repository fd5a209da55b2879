/**
 * How many of the oldest accounts are seeds, if nobody named any.
 *
 * Few are better: an attacker may have come early too. But with few, two of them rarely know the same person, and
 * trust ends there. Where everybody has to do with five others, two of a hundred are needed. So there are
 * at first `fewest`, and then twice as many, until trust gets through the network or `most` are seeds.
 *
 * In a small network, those are the people of its first day, or the oldest tenth. With a fixed number, everybody who
 * waits for a week would be a seed there.
 *
 * @param founders how many accounts of its first day there are
 */
export function countOldest(people: number, founders: number): { fewest: number; most: number } {
  const few = Math.min(100, Math.max(10, founders, Math.floor(people / 10)));
  return {
    fewest: Math.max(few, Math.floor(people / 100)),
    most: Math.max(few, Math.floor(people / 25)),
  };
}
