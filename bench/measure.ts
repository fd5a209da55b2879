/**
 * Measures in turns. Every contender runs a batch in each round, each time in another
 * order. So a noisy moment affects all contenders in the same way.
 */

export interface Contender {
  name: string;
  /** Prepares one operation. Its time does not count. */
  before?(): Promise<unknown>;
  /** Runs one operation. Its time counts. */
  run(): Promise<unknown>;
}

export interface Figures {
  name: string;
  /** Medians over the rounds, in milliseconds. */
  p50Ms: number;
  p95Ms: number;
  p99Ms: number;
  /** The medians of each round. */
  p50sMs: number[];
}

export interface Ratio {
  median: number;
  /** The middle half of the rounds is between these. */
  low: number;
  high: number;
}

/**
 * @param rounds how many turns each contender gets
 * @param batch the operations of a turn
 */
export async function byTurns(contenders: Contender[], rounds: number, batch: number): Promise<Figures[]> {
  const kept = contenders.map(() => ({ p50: [] as number[], p95: [] as number[], p99: [] as number[] }));
  for (const contender of contenders) for (let i = 0; i < batch; i++) await timeMs(contender);
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length;
      const times: number[] = [];
      for (let i = 0; i < batch; i++) times.push(await timeMs(contenders[index] as Contender));
      times.sort((a, b) => a - b);
      kept[index]?.p50.push(quantile(times, 0.5));
      kept[index]?.p95.push(quantile(times, 0.95));
      kept[index]?.p99.push(quantile(times, 0.99));
    }
  }
  return contenders.map(({ name }, index) => ({
    name,
    p50Ms: median(kept[index]?.p50 ?? []),
    p95Ms: median(kept[index]?.p95 ?? []),
    p99Ms: median(kept[index]?.p99 ?? []),
    p50sMs: kept[index]?.p50 ?? [],
  }));
}

/**
 * How much longer one contender takes than another, round by round. A ratio of their
 * medians could compare a noisy round of one with a quiet round of the other.
 */
export function ratio(one: Figures, other: Figures): Ratio {
  const ratios = one.p50sMs.map((ms, round) => ms / (other.p50sMs[round] as number)).sort((a, b) => a - b);
  return { median: quantile(ratios, 0.5), low: quantile(ratios, 0.25), high: quantile(ratios, 0.75) };
}

async function timeMs(contender: Contender): Promise<number> {
  await contender.before?.();
  const startMs = performance.now();
  await contender.run();
  return performance.now() - startMs;
}

/** The operations a second with this number of clients at once, over `durationMs`. */
export async function throughput(contender: Contender, clients: number, durationMs: number): Promise<number> {
  const endMs = performance.now() + durationMs;
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async () => {
      while (performance.now() < endMs) {
        await contender.run();
        done++;
      }
    }),
  );
  return done / (durationMs / 1000);
}

/**
 * Measures figures that come once in a round, such as a rate. Each round has another order.
 * @returns the figures of each round, by name
 */
export async function roundsOf(
  kinds: Record<string, () => Promise<number>>,
  rounds: number,
): Promise<Record<string, number[]>> {
  const names = Object.keys(kinds);
  const found: Record<string, number[]> = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < names.length; n++) {
      const name = names[(round + n) % names.length] as string;
      found[name]?.push(await (kinds[name] as () => Promise<number>)());
    }
  }
  return found;
}

export function median(values: number[]): number {
  return quantile(
    values.toSorted((a, b) => a - b),
    0.5,
  );
}

/** @param sorted ascending */
export function quantile(sorted: number[], q: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}
