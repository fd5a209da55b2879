/**
 * How much everybody is trusted, and who counts in trends. Pure: refresh.ts reads and writes.
 * docs/explanation/trust.md has the rule in words.
 */
import { passOn } from "./flow.ts";
import type { Network } from "./network.ts";
import { countOldest } from "./seeds.ts";
import { findVouched } from "./vouching.ts";

/** By number, the oldest account first. 1 is yes. */
export interface People {
  /** The account is at least seven days old. */
  areOld: Uint8Array;
  /** It may be a seed if nobody named any. */
  areEarly: Uint8Array;
  /** How many of them came on the first day of the network. They are the oldest. */
  founders: number;
  /** It was named as a seed. */
  areSeeds: Uint8Array;
  /** Whether any seed was named. All of them may be banned. */
  haveSeeds: boolean;
}

export interface Trust {
  /** From 0 to 1. */
  weights: Float32Array;
  /** 1 for those who count. */
  counts: Uint8Array;
  seeds: number;
  /** How much kept trust is the weight 1. */
  unit: number;
}

/** The people with most trust come first. Those who keep the first 80% of it weigh 1, and the others less. */
const full = 0.8;
/** The voice of a seed that somebody chose with care is enough, and that of an old account is not. */
const votes = { named: 2, oldest: 1 };

/** @param network as many people as `people` has */
export function computeTrust(people: People, network: Network): Trust {
  if (people.haveSeeds) return withSeeds(people, network, placesOf(people.areSeeds), votes.named).trust;

  const early = placesOf(people.areEarly);
  const amounts = countOldest(network.people, people.founders);
  for (let seeds = amounts.fewest; ; seeds *= 2) {
    const amount = Math.min(seeds, amounts.most);
    const found = withSeeds(people, network, early.subarray(0, amount), votes.oldest);
    if (found.reaches || amount >= Math.min(amounts.most, early.length)) return found.trust;
  }
}

/** `reaches` says whether those who count keep half of the trust of those who could. */
function withSeeds(
  people: People,
  network: Network,
  seeds: Int32Array,
  seedVotes: number,
): { trust: Trust; reaches: boolean } {
  const { starts } = network;
  const kept = passOn(
    network,
    seeds.filter((seed) => starts[seed] !== starts[seed + 1]),
  );
  const unit = unitOf(kept);
  const candidates = new Uint8Array(network.people);
  for (let person = 0; person < network.people; person++) {
    if (people.areOld[person] && (kept[person] as number) >= unit) candidates[person] = 1;
  }
  const counts = findVouched(network, candidates, seeds, seedVotes);

  const weights = new Float32Array(network.people);
  let [possible, reached] = [0, 0];
  for (let person = 0; person < network.people; person++) {
    const amount = kept[person] as number;
    weights[person] = stepOf(amount / unit);
    if (candidates[person]) possible += amount;
    if (candidates[person] && counts[person]) reached += amount;
  }
  for (const seed of seeds) weights[seed] = 1;
  return { trust: { weights, counts, seeds: seeds.length, unit }, reaches: reached >= possible / 2 };
}

/** Amounts that differ by less are the same: the order of adding makes a difference. */
const tolerance = 1e-9;

/** The least of those who keep the first 80%. */
function unitOf(kept: Float64Array): number {
  const sorted = kept.filter((amount) => amount > 0).sort();
  const enough = full * (1 - tolerance) * sorted.reduce((sum, amount) => sum + amount, 0);
  let sum = 0;
  for (let place = sorted.length - 1; place >= 0; place--) {
    sum += sorted[place] as number;
    if (sum >= enough) return (sorted[place] as number) * (1 - tolerance);
  }
  return Number.POSITIVE_INFINITY;
}

/**
 * The next step below: 1, 0.84, 0.71, 0.59, 0.5 and so on down to 1/1024, and then 0. So the weights of most people
 * stay as they are, and need not be written again.
 */
function stepOf(weight: number): number {
  if (weight >= 1) return 1;
  const step = Math.ceil(-4 * Math.log2(weight));
  return step <= 40 ? 2 ** (-step / 4) : 0;
}

function placesOf(flags: Uint8Array): Int32Array {
  const places = new Int32Array(flags.length);
  let size = 0;
  for (let place = 0; place < flags.length; place++) if (flags[place]) places[size++] = place;
  return places.subarray(0, size);
}
