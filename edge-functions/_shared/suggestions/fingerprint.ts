/**
 * A hash of a list: of its people and sources in order, not of the scores. Both workers compare it with that of the
 * list in the database, and write no list that is there already.
 */
import type { PeopleIndex } from "./people-index.ts";
import { idBytes, viewOf } from "./people-index.ts";
import type { Candidate } from "./suggest.ts";

const id = new Uint8Array(idBytes);
const words = viewOf(id);

/** @returns a whole number of 64 bits, with a sign. 0 for an empty list */
export function fingerprintOf(list: Candidate[], people: PeopleIndex): bigint {
  let high = list.length;
  let low = 0;
  for (const { person, source } of list) {
    people.copyId(person, id, 0);
    for (let byte = 0; byte < idBytes; byte += 4) {
      const word = words.getInt32(byte);
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
