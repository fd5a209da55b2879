/**
 * Decides whether the list that somebody has is still good enough. After each day, a few follows more move nearly every
 * list a little. To write all of them again would be work for nothing, and people would see other pages each day.
 */
import { idBytes } from "./people-index.ts";
import type { Candidate } from "./suggest.ts";

/** The number of places that are compared. A page has ten, and asks about a few more. */
export const comparedMost = 20;
/** The bytes that hold the first places of a list: an id each, zeros for none. */
export const knownBytes = comparedMost * idBytes;

/** A list is kept as long as it has this part of the worth of the new one. docs/explanation has what this costs. */
export const keptWorth = 0.95;

/**
 * A place is worth the score of the person there, by the scores of now, and less further down: 1 / log2(1 + place). So
 * two people with nearly the same score may change their places.
 *
 * @param known the first places of the list that there is, knownBytes of them
 * @param ranked everybody who may be on the new list, the best first
 * @param ids the ids of all people, in the order of their numbers
 */
export function isStillGood(known: Uint8Array, ranked: Candidate[], ids: Uint8Array): boolean {
  let now = 0;
  let old = 0;
  for (let place = 0; place < comparedMost; place++) {
    const share = 1 / Math.log2(2 + place);
    now += share * (ranked[place]?.score ?? 0);
    const at = place * idBytes;
    const candidate = ranked.find(({ person }) => isSame(known, at, ids, person * idBytes));
    old += share * (candidate?.score ?? 0);
  }
  return old >= keptWorth * now;
}

function isSame(one: Uint8Array, start: number, other: Uint8Array, otherStart: number): boolean {
  for (let byte = 0; byte < idBytes; byte++) if (one[start + byte] !== other[otherStart + byte]) return false;
  return true;
}

/**
 * @param lists what array_send() of Postgres makes of the first places of each list, or null for somebody without one
 * @returns knownBytes for each
 */
export function packed(lists: (Uint8Array | null)[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(lists.length * knownBytes);
  // Five numbers before the elements, and the length before each.
  const head = 20;
  const step = 4 + idBytes;
  for (const [row, list] of lists.entries()) {
    const places = list ? Math.min(comparedMost, Math.floor((list.length - head) / step)) : 0;
    for (let place = 0; place < places; place++)
      bytes.set(
        (list as Uint8Array).subarray(head + place * step + 4, head + (place + 1) * step),
        row * knownBytes + place * idBytes,
      );
  }
  return bytes;
}
