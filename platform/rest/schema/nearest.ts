/** Finds the known name that is most like an unknown one, for hints. */

/** A bound on the work. Names in Postgres have at most 63 bytes, so a longer one resembles nothing. */
const nameMax = 128;

/** @param least the least likeness, from 0 (nothing in common) to 1 (equal) */
export function nearest(wanted: string, known: Iterable<string>, least: number): string | undefined {
  let best: string | undefined;
  let bestScore = least;
  if (wanted.length > nameMax) return undefined;
  for (const name of known) {
    const score = likeness(wanted.toLowerCase(), name.toLowerCase());
    if (score >= bestScore && (best === undefined || score > bestScore)) {
      best = name;
      bestScore = score;
    }
  }
  return best;
}

/** The most edits at which Postgres still takes a name for a misspelled column. */
const columnDistanceMax = 3;

/**
 * The columns that Postgres would suggest for an unknown one: the nearest, if it needs at most three edits
 * and at most half of the name's letters. Or two that are equally near. With three, Postgres knows
 * nothing to suggest.
 */
export function nearestColumns(wanted: string, known: Iterable<string>): string[] {
  let best = columnDistanceMax;
  let found: string[] = [];
  let tooMany = false;
  if (wanted.length > nameMax) return [];
  for (const name of known) {
    const edits = distance(wanted, name);
    if (edits > best || edits > Math.floor(Buffer.byteLength(wanted) / 2)) continue;
    if (edits < best) [found, tooMany] = [[], false];
    best = edits;
    tooMany ||= found.length === 2;
    found.push(name);
  }
  return tooMany ? [] : found;
}

/** The share of letters that need no edit, if the names have any two neighbouring letters in common. */
function likeness(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  const pairs = pairsOf(a);
  if (longest === 0 || !pairsOf(b).some((pair) => pairs.includes(pair))) return 0;
  return 1 - distance(a, b) / longest;
}

function pairsOf(name: string): string[] {
  const padded = `-${name}-`;
  return Array.from({ length: padded.length - 1 }, (_, index) => padded.slice(index, index + 2));
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      current[j] = Math.min(
        (previous[j] as number) + 1,
        (current[j - 1] as number) + 1,
        (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
    }
    previous = current;
  }
  return previous[b.length] as number;
}
