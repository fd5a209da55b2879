/**
 * A hash of a list: of its people and sources in order, not of the scores. Both workers compare it with that of the
 * list in the database, and write no list that is there already.
 */
import { idBytes, viewOf } from "./people-index.ts";
import type { Candidate } from "./suggest.ts";

/**
 * @param ids the ids of all people, in the order of their numbers
 * @returns a whole number of 64 bits, with a sign. 0 for an empty list
 */
export function fingerprintOf(list: Candidate[], ids: Uint8Array): bigint {
  const words = viewOf(ids);
  let high = list.length;
  let low = 0;
  for (const { person, source } of list) {
    for (let byte = 0; byte < idBytes; byte += 4) {
      const word = words.getInt32(person * idBytes + byte);
      high = rotated(Math.imul(high ^ word, 0x9e3779b1), 13);
      low = rotated(Math.imul(low ^ word, 0x85ebca6b), 17) + high;
    }
    low = Math.imul(low ^ source, 0xc2b2ae35);
  }
  return (BigInt(high | 0) << 32n) | BigInt(low >>> 0);
}

function rotated(word: number, bits: number): number {
  return (word << bits) | (word >>> (32 - bits));
}
