/** How trust moves: a few rounds, and then it stays where it is. */
import type { Network } from "./network.ts";

/** Trust that moves on and on reaches everybody (SybilRank, Cao et al., NSDI 2012). */
export const rounds = 5;

/**
 * In each round, everybody keeps a part of what just arrived, and passes the rest on to their receivers. A fifth of it
 * stays in the first round, a quarter in the second, then a third, a half, and all. People without
 * receivers give the rest back to the beginners. So nothing is lost, and nothing is made.
 *
 * Therefore any set of people without a beginner keeps at most what the others passed to it. It may have any number of
 * accounts, and they may do anything. tests/functions/trust-flow.test.ts tries to break this.
 *
 * @param beginners have receivers. They begin with the same part each, 1 together, and pass on all of it
 * @returns how much each person keeps. 1 together, or nothing without a beginner
 */
export function passOn(network: Network, beginners: Int32Array): Float64Array {
  const { people, starts, receivers, shares } = network;
  const kept = new Float64Array(people);
  let moving = new Float64Array(people);
  let arriving = new Float64Array(people);
  for (const person of beginners) moving[person] = 1 / beginners.length;

  for (let round = 1; round <= rounds; round++) {
    for (let giver = 0; giver < people; giver++) {
      const amount = moving[giver] as number;
      if (amount === 0) continue;
      const end = starts[giver + 1] as number;
      for (let at = starts[giver] as number; at < end; at++) {
        const receiver = receivers[at] as number;
        arriving[receiver] = (arriving[receiver] as number) + amount * (shares[at] as number);
      }
    }
    const stays = 1 / (rounds - round + 1);
    let returned = 0;
    for (let person = 0; person < people; person++) {
      const amount = arriving[person] as number;
      const rest = amount * (1 - stays);
      kept[person] = (kept[person] as number) + amount - rest;
      const isEnd = starts[person] === starts[person + 1];
      arriving[person] = isEnd ? 0 : rest;
      if (isEnd) returned += rest;
    }
    for (const person of beginners) {
      arriving[person] = (arriving[person] as number) + returned / beginners.length;
    }
    [moving, arriving] = [arriving, moving];
    arriving.fill(0);
  }
  return kept;
}
