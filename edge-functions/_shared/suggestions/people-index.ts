/**
 * Gives people numbers from 0, by their ids in binary (16 bytes). A hash table in typed arrays: 24 to 32 bytes a
 * person, however the ids are made. Both workers of suggestions read follows through it.
 */

export const idBytes = 16;

export interface PeopleIndex {
  /** How many people have numbers. */
  readonly size: number;
  /** @returns the number of the id at this place of the bytes, a new one if it has none yet */
  add(bytes: DataView, offset: number): number;
  /** @returns the number of the id, or -1 */
  find(bytes: DataView, offset: number): number;
  /** Copies the id of a person. */
  copyId(person: number, to: Uint8Array, offset: number): void;
  /** @returns all ids, in the order of the numbers */
  ids(): Uint8Array;
}

/** @param expected how many people are expected. More also fit */
export function createPeopleIndex(expected: number): PeopleIndex {
  let size = 0;
  let room = Math.max(16, expected);
  let ids = new DataView(new ArrayBuffer(room * idBytes));
  /** The number of a person plus one, or 0. Never more than half full. */
  let slots = new Int32Array(slotsFor(room));

  /** @returns the slot that has this id, or where it would be */
  function slotOf(bytes: DataView, offset: number): number {
    const a = bytes.getInt32(offset);
    const b = bytes.getInt32(offset + 4);
    const c = bytes.getInt32(offset + 8);
    const d = bytes.getInt32(offset + 12);
    const mask = slots.length - 1;
    for (let slot = hash(a, b, c, d) & mask; ; slot = (slot + 1) & mask) {
      const person = (slots[slot] as number) - 1;
      if (person < 0) return slot;
      const place = person * idBytes;
      if (
        ids.getInt32(place) === a &&
        ids.getInt32(place + 4) === b &&
        ids.getInt32(place + 8) === c &&
        ids.getInt32(place + 12) === d
      )
        return slot;
    }
  }

  function grow(): void {
    room *= 2;
    const larger = new Uint8Array(room * idBytes);
    larger.set(new Uint8Array(ids.buffer));
    ids = new DataView(larger.buffer);
    slots = new Int32Array(slotsFor(room));
    for (let person = 0; person < size; person++) slots[slotOf(ids, person * idBytes)] = person + 1;
  }

  return {
    get size() {
      return size;
    },
    add(bytes, offset) {
      const slot = slotOf(bytes, offset);
      const known = (slots[slot] as number) - 1;
      if (known >= 0) return known;
      if (size === room) {
        grow();
        return this.add(bytes, offset);
      }
      for (let byte = 0; byte < idBytes; byte += 4)
        ids.setInt32(size * idBytes + byte, bytes.getInt32(offset + byte));
      slots[slot] = ++size;
      return size - 1;
    },
    find: (bytes, offset) => (slots[slotOf(bytes, offset)] as number) - 1,
    copyId(person, to, offset) {
      to.set(new Uint8Array(ids.buffer, person * idBytes, idBytes), offset);
    },
    ids: () => new Uint8Array(ids.buffer, 0, size * idBytes),
  };
}

/** @returns a power of two, at least twice as large */
function slotsFor(room: number): number {
  return 2 ** Math.ceil(Math.log2(room * 2));
}

function hash(a: number, b: number, c: number, d: number): number {
  let mixed =
    Math.imul(a ^ (b >>> 15), 0x85ebca6b) ^
    Math.imul(c ^ (d >>> 13), 0xc2b2ae35) ^
    b ^
    Math.imul(d, 0x27d4eb2f);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}

/** @returns the id of a person as text, in groups of 8-4-4-4-12 digits */
export function idOf(person: number, ids: Uint8Array): string {
  let hex = "";
  for (let byte = person * idBytes; byte < (person + 1) * idBytes; byte++)
    hex += (ids[byte] as number).toString(16).padStart(2, "0");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** @returns a view of the bytes. They may be a part of a buffer */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
