/** Finds the known name that is most like an unknown one, for hints. */

/** Likeness is the cosine of letter pairs together with the edit distance. It must be at least `least`. */
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

function likeness(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  if (longest === 0 || Math.abs(a.length - b.length) > longest / 2) return 0;
  return 1 - distance(a, b) / longest;
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
