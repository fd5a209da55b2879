/**
 * Finds candidates for one person. Each source walks from the person's follows or followers, and adds to sums of its own. A
 * person in the middle of a path counts less the more people they follow, or the more follow them.
 */
import type { Alongside } from "./alongside.ts";
import { createBest } from "./best.ts";
import { type Graph, inDegree, outDegree } from "./graph.ts";
import type { Limits } from "./limits.ts";
import { type Source, sources } from "./sources.ts";
import type { Tally } from "./tally.ts";
import { share } from "./walk.ts";

/** The sums of a candidate v for the person u, by their places in the tally. */
export const columns = {
  /** u follows x, x follows v: how many x, then weighed by 1 / √(follows of x), then by 1 / (follows of x). */
  followedByCount: 0,
  followedByHalf: 1,
  followedBy: 2,
  /** u follows x, v follows x: weighed by 1 / (followers of x). */
  bothFollow: 3,
  /** x follows u, x follows v: weighed by 1 / (follows of x). */
  followersFollow: 4,
  /** u follows x, and v is on the list of x (alongside.ts). */
  alongside: 5,
  alongsideCount: 6,
  /** Those whose follows are most like those of u, follow v. */
  peers: 7,
  /** The same, where the likeness counts squared. */
  closestPeers: 8,
  /** v follows u. */
  followsYou: 9,
} as const;
export const columnCount = 10;

/** The source of each column. */
export const columnSources: Source[] = [];
for (const column of [columns.followedByCount, columns.followedByHalf, columns.followedBy])
  columnSources[column] = sources.followedBy;
for (const column of [columns.alongside, columns.alongsideCount, columns.peers, columns.closestPeers])
  columnSources[column] = sources.followedAlongside;
columnSources[columns.bothFollow] = sources.bothFollow;
columnSources[columns.followersFollow] = sources.followersFollow;
columnSources[columns.followsYou] = sources.followsYou;

/** The paths from u to v when u follows x and x follows v. */
export interface Paths {
  /** How many of those that the person follows were asked. */
  asked: number;
  /** The slots of the people that each of them follows, one after the other. */
  slots: Int32Array;
  /** Where the slots of each of them end. */
  ends: Int32Array;
}

export interface Generator {
  /** Adds the sums of everybody that the sources reach. The follows of the person are among them. */
  generate(person: number, into: Tally): void;
  /** Those of the person who was asked last. */
  paths: Paths;
  /** How many people are reached at most. */
  most: number;
}

/** @param isDirected false if everybody who is followed follows back: then half of the sources say the same twice */
export function createGenerator(
  graph: Graph,
  alongside: Alongside,
  limits: Limits,
  isDirected: boolean,
): Generator {
  const { neighbours, visits } = limits;
  const { out, outStarts, in: incoming, inStarts, leaders = incoming, leaderStarts = inStarts } = graph;
  const closest = createBest(limits.peers);
  const paths: Paths = {
    asked: 0,
    slots: new Int32Array(visits + neighbours),
    ends: new Int32Array(neighbours),
  };

  /** Two steps: along `first`, then along `second`. */
  function walk(
    person: number,
    firstStarts: Int32Array,
    first: Int32Array,
    secondStarts: Int32Array,
    second: Int32Array,
    degreeOf: (graph: Graph, friend: number) => number,
    into: Tally,
    column: number,
  ) {
    const start = firstStarts[person] as number;
    const degree = (firstStarts[person + 1] as number) - start;
    const asked = Math.min(degree, neighbours);
    const friendAt = (turn: number) => first[start + Math.floor((turn * degree) / asked)] as number;
    const sizeOf = (turn: number) => {
      const friend = friendAt(turn);
      return (secondStarts[friend + 1] as number) - (secondStarts[friend] as number);
    };
    const each = share(visits, asked, sizeOf);
    const values = into.values;
    const isFollowedBy = column === columns.followedBy;
    let walked = 0;
    for (let turn = 0; turn < asked; turn++) {
      const friend = friendAt(turn);
      const from = secondStarts[friend] as number;
      const size = sizeOf(turn);
      const weight = 1 / Math.max(1, degreeOf(graph, friend));
      const half = Math.sqrt(weight);
      const step = Math.max(1, size / each);
      for (let place = 0; place < size; place += step) {
        const slot = into.slot(second[from + Math.floor(place)] as number);
        const at = slot * columnCount;
        values[at + column] = (values[at + column] as number) + weight;
        if (!isFollowedBy) continue;
        paths.slots[walked++] = slot;
        values[at + columns.followedByCount] = (values[at + columns.followedByCount] as number) + 1;
        values[at + columns.followedByHalf] = (values[at + columns.followedByHalf] as number) + half;
      }
      if (isFollowedBy) paths.ends[turn] = walked;
    }
    if (isFollowedBy) paths.asked = asked;
  }

  /** Those who share the most follows with the person, for the number of their follows. */
  function askPeers(person: number, into: Tally) {
    const shared = isDirected ? columns.bothFollow : columns.followedBy;
    closest.clear();
    for (let slot = 0; slot < into.size; slot++) {
      const sum = into.values[slot * columnCount + shared] as number;
      const peer = into.people[slot] as number;
      if (sum > 0 && peer !== person) closest.offer(slot, sum / Math.sqrt(outDegree(graph, peer)), peer);
    }
    const asked = closest.sort();
    const peerAt = (turn: number) => into.people[closest.items[turn] as number] as number;
    const sizeOf = (turn: number) =>
      (outStarts[peerAt(turn) + 1] as number) - (outStarts[peerAt(turn)] as number);
    const each = share(visits, asked, sizeOf);
    let most = 0;
    for (let turn = 0; turn < asked; turn++) {
      const from = outStarts[peerAt(turn)] as number;
      const size = sizeOf(turn);
      const sum = into.values[(closest.items[turn] as number) * columnCount + shared] as number;
      const likeness = sum / Math.sqrt(outDegree(graph, peerAt(turn)));
      most = Math.max(most, likeness);
      const relative = likeness / most;
      const step = Math.max(1, size / each);
      for (let place = 0; place < size; place += step) {
        const at = into.slot(out[from + Math.floor(place)] as number) * columnCount;
        into.values[at + columns.peers] = (into.values[at + columns.peers] as number) + relative;
        into.values[at + columns.closestPeers] =
          (into.values[at + columns.closestPeers] as number) + relative * relative;
      }
    }
  }

  function askAlongside(person: number, into: Tally) {
    const start = outStarts[person] as number;
    const degree = (outStarts[person + 1] as number) - start;
    const asked = Math.min(degree, neighbours);
    const values = into.values;
    for (let turn = 0; turn < asked; turn++) {
      const friend = out[start + Math.floor((turn * degree) / asked)] as number;
      const length = alongside.prepare(friend);
      const weight = friendWeights[friend] as number;
      const first = friend * alongside.entries;
      const end = first + length;
      for (let place = first; place < end; place++) {
        const at = into.slot(alongside.people[place] as number) * columnCount;
        values[at + columns.alongside] =
          (values[at + columns.alongside] as number) + weight * (alongside.weights[place] as number);
        values[at + columns.alongsideCount] = (values[at + columns.alongsideCount] as number) + 1;
      }
    }
  }

  /** In alongside, somebody popular says less of the person who follows them. */
  const friendWeights = Float32Array.from({ length: graph.people }, (_, friend) => {
    return Math.max(1, inDegree(graph, friend)) ** -0.75;
  });

  return {
    paths,
    most: 5 * (visits + Math.max(neighbours, limits.peers)) + neighbours * limits.alongside,
    generate(person, into) {
      walk(person, outStarts, out, outStarts, out, outDegree, into, columns.followedBy);
      if (isDirected) {
        walk(person, outStarts, out, leaderStarts, leaders, inDegree, into, columns.bothFollow);
        walk(person, leaderStarts, leaders, outStarts, out, outDegree, into, columns.followersFollow);
        const start = inStarts[person] as number;
        const followers = (inStarts[person + 1] as number) - start;
        const asked = Math.min(followers, visits);
        for (let turn = 0; turn < asked; turn++) {
          const follower = incoming[start + Math.floor((turn * followers) / asked)] as number;
          into.values[into.slot(follower) * columnCount + columns.followsYou] = 1;
        }
      }
      askPeers(person, into);
      askAlongside(person, into);
    },
  };
}
