/** Numbers for ids: the first id gets 0. A hash table in typed arrays, because a Map of strings takes ten times as long. */

export interface Numbers {
  /** How many ids have a number. */
  size: number;
  /** @param at where the 16 bytes of the id begin */
  add(bytes: DataView, at: number): void;
  /** @returns -1 for an id without a number */
  find(bytes: DataView, at: number): number;
  /** As Postgres writes it. */
  idOf(number: number): string;
}

export function createNumbers(): Numbers {
  /** Four words for each id. */
  let words = new Uint32Array(4 * 1024);
  /** The number and 1, or 0 where nothing is. At most half of the slots are taken. */
  let slots = new Int32Array(2 * 1024);
  let size = 0;

  const slotOf = (a: number, b: number, c: number, d: number): number => {
    const mask = slots.length - 1;
    let slot = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ d, 0xc2b2ae35);
    slot = (slot ^ (slot >>> 15)) & mask;
    for (let found = slots[slot] as number; found !== 0; found = slots[slot] as number) {
      const at = 4 * (found - 1);
      if (words[at] === a && words[at + 1] === b && words[at + 2] === c && words[at + 3] === d) break;
      slot = (slot + 1) & mask;
    }
    return slot;
  };
  const grow = () => {
    const before = words;
    words = new Uint32Array(2 * before.length);
    words.set(before);
    slots = new Int32Array(2 * slots.length);
    for (let number = 0; number < size; number++) {
      const [a = 0, b = 0, c = 0, d = 0] = words.subarray(4 * number, 4 * number + 4);
      slots[slotOf(a, b, c, d)] = number + 1;
    }
  };

  return {
    get size() {
      return size;
    },
    add(bytes, at) {
      if (4 * size === words.length) grow();
      for (let word = 0; word < 4; word++) words[4 * size + word] = bytes.getUint32(at + 4 * word);
      const [a = 0, b = 0, c = 0, d = 0] = words.subarray(4 * size, 4 * size + 4);
      const slot = slotOf(a, b, c, d);
      if (slots[slot] === 0) slots[slot] = ++size;
    },
    find(bytes, at) {
      const slot = slotOf(
        bytes.getUint32(at),
        bytes.getUint32(at + 4),
        bytes.getUint32(at + 8),
        bytes.getUint32(at + 12),
      );
      return (slots[slot] as number) - 1;
    },
    idOf(number) {
      const hex = [...words.subarray(4 * number, 4 * number + 4)]
        .map((word) => word.toString(16).padStart(8, "0"))
        .join("");
      return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    },
  };
}
