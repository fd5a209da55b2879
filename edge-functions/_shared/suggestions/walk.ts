/** Visits lists in part when they are long: places spread over the list, the same ones each time. */

/**
 * How many of `visits` each of the asked lists may use. What short lists leave is given to long ones, once.
 *
 * @param asked how many lists are read
 * @param sizeOf the length of list 0, 1, …
 */
export function share(visits: number, asked: number, sizeOf: (turn: number) => number): number {
  const even = Math.max(1, Math.floor(visits / Math.max(1, asked)));
  let left = visits;
  let long = 0;
  for (let turn = 0; turn < asked; turn++) {
    const size = sizeOf(turn);
    if (size > even) long++;
    else left -= size;
  }
  return long === 0 ? even : Math.max(even, Math.floor(left / long));
}
