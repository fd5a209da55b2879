/** Compares names and lists of names, for orders that a client sees in the details of an error. */

export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Compares two lists element by element. A list that begins with the whole of the other comes after it.
 * @param names what counts of an element, the most important first
 */
export function compareAll<T>(a: readonly T[], b: readonly T[], names: (element: T) => string[]): number {
  const left = a.flatMap(names);
  const right = b.flatMap(names);
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compare(left[index] as string, right[index] as string);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}
