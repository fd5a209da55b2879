/**
 * The follows of everybody, as typed arrays: 8 bytes a follow. People are the numbers from 0. Everything that computes
 * suggestions reads this, and nothing changes it.
 */

/** The follows of person p are `out` from `outStarts[p]` to before `outStarts[p + 1]`, sorted and without repeats. */
export interface Graph {
  people: number;
  outStarts: Int32Array;
  out: Int32Array;
  /** The followers of each person, in the same form. */
  inStarts: Int32Array;
  in: Int32Array;
  /**
   * The followers whose follows may lead to others, in the same form: withLeaders(). All followers, if it is absent. A path may
   * tell the person only what they may read. So the follows of a private account lead nowhere from those it follows.
   */
  leaderStarts?: Int32Array;
  leaders?: Int32Array;
  /**
   * How many people everybody follows, and how many follow them, in the whole network. Only for a graph that is a part of it,
   * where the lists are too short.
   */
  outDegrees?: Int32Array;
  inDegrees?: Int32Array;
}

/**
 * Builds the graph in time that is linear in the follows. It leaves out repeats, and people who follow themselves.
 *
 * @param people how many people there are
 * @param from the followers, one number below `people` for each follow, in any order
 * @param to the followed people, in the same order
 * @throws RangeError if the lists differ in length, or a number is not a person
 */
export function buildGraph(people: number, from: Int32Array, to: Int32Array): Graph {
  if (from.length !== to.length) throw new RangeError("each follow needs a follower and a followed person");
  for (let edge = 0; edge < from.length; edge++) {
    const follower = from[edge] as number;
    const followed = to[edge] as number;
    if (follower < 0 || follower >= people || followed < 0 || followed >= people)
      throw new RangeError(`follow ${edge} names somebody who is not among the ${people} people`);
  }
  // Listing by the followed person first makes the follows of each person come out sorted, and so once more.
  const byFollowed = lists(people, to, from);
  const follows = turned(people, byFollowed.starts, byFollowed.items);
  const followers = turned(people, follows.starts, follows.items);
  return {
    people,
    outStarts: follows.starts,
    out: follows.items,
    inStarts: followers.starts,
    in: followers.items,
  };
}

/**
 * Leaves followers out of the walks over followers.
 *
 * @param mayLead 1 for people whose follows may lead to others
 */
export function withLeaders(graph: Graph, mayLead: Uint8Array): Graph {
  const leaderStarts = new Int32Array(graph.people + 1);
  const leaders = new Int32Array(graph.in.length);
  let size = 0;
  for (let person = 0; person < graph.people; person++) {
    const end = graph.inStarts[person + 1] as number;
    for (let place = graph.inStarts[person] as number; place < end; place++) {
      const follower = graph.in[place] as number;
      if (mayLead[follower] === 1) leaders[size++] = follower;
    }
    leaderStarts[person + 1] = size;
  }
  return { ...graph, leaderStarts, leaders: leaders.subarray(0, size) };
}

/** @returns how many people this person follows in the whole network */
export function outDegree(graph: Graph, person: number): number {
  return (
    graph.outDegrees?.[person] ??
    (graph.outStarts[person + 1] as number) - (graph.outStarts[person] as number)
  );
}

/** @returns how many people follow this person in the whole network */
export function inDegree(graph: Graph, person: number): number {
  return (
    graph.inDegrees?.[person] ?? (graph.inStarts[person + 1] as number) - (graph.inStarts[person] as number)
  );
}

/** @returns true if the person follows the other one */
export function follows(graph: Graph, person: number, other: number): boolean {
  let low = graph.outStarts[person] as number;
  let high = graph.outStarts[person + 1] as number;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((graph.out[middle] as number) < other) low = middle + 1;
    else high = middle;
  }
  return low < (graph.outStarts[person + 1] as number) && graph.out[low] === other;
}

interface Lists {
  starts: Int32Array;
  items: Int32Array;
}

/** Lists the items of each key. */
function lists(people: number, keys: Int32Array, values: Int32Array): Lists {
  const starts = new Int32Array(people + 1);
  for (let edge = 0; edge < keys.length; edge++) (starts[(keys[edge] as number) + 1] as number)++;
  for (let person = 0; person < people; person++)
    starts[person + 1] = (starts[person + 1] as number) + (starts[person] as number);
  const next = starts.slice(0, people);
  const items = new Int32Array(keys.length);
  for (let edge = 0; edge < keys.length; edge++) {
    const key = keys[edge] as number;
    items[next[key] as number] = values[edge] as number;
    next[key] = (next[key] as number) + 1;
  }
  return { starts, items };
}

/** The same pairs by their other person. The lists are sorted. They have no repeats, and nobody follows themselves. */
function turned(people: number, starts: Int32Array, items: Int32Array): Lists {
  const last = new Int32Array(people).fill(-1);
  const turnedStarts = new Int32Array(people + 1);
  for (let key = 0; key < people; key++) {
    for (let place = starts[key] as number; place < (starts[key + 1] as number); place++) {
      const item = items[place] as number;
      if (item === key || last[item] === key) continue;
      last[item] = key;
      turnedStarts[item + 1] = (turnedStarts[item + 1] as number) + 1;
    }
  }
  for (let person = 0; person < people; person++)
    turnedStarts[person + 1] = (turnedStarts[person + 1] as number) + (turnedStarts[person] as number);
  const next = turnedStarts.slice(0, people);
  const turnedItems = new Int32Array(turnedStarts[people] as number);
  last.fill(-1);
  for (let key = 0; key < people; key++) {
    for (let place = starts[key] as number; place < (starts[key + 1] as number); place++) {
      const item = items[place] as number;
      if (item === key || last[item] === key) continue;
      last[item] = key;
      turnedItems[next[item] as number] = key;
      next[item] = (next[item] as number) + 1;
    }
  }
  return { starts: turnedStarts, items: turnedItems };
}
