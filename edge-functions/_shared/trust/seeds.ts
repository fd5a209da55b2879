/**
 * How many of the oldest accounts are seeds, if nobody named any.
 *
 * Few are better: an attacker may have come early too. But with few, two of them rarely know the same person, and
 * trust ends there. Where everybody has to do with five others, two of a hundred are needed. So there are
 * at first `fewest`, and then twice as many, until trust gets through the network or `most` are seeds.
 */
export function countOldest(people: number): { fewest: number; most: number } {
  return {
    fewest: Math.max(100, Math.floor(people / 100)),
    most: Math.max(100, Math.floor(people / 25)),
  };
}
