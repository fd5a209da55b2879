/** Finds the known name that is most like an unknown one, for hints. */

/** @param least the least likeness, from 0 (nothing in common) to 1 (equal) */
export function nearest(wanted: string, known: Iterable<string>, least: number): string | undefined {
  let best: string | undefined;
  let bestScore = least;
  // A bound on the work. Names in Postgres have at most 63 bytes, so a longer one is like none.
  if (wanted.length > 128) return undefined;
  for (const name of known) {
    const score = likeness(wanted.toLowerCase(), name.toLowerCase());
    if (score >= bestScore && (best === undefined || score > bestScore)) {
      best = name;
      bestScore = score;
    }
  }
  return best;
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
