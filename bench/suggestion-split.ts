/** Reads edge lists, and splits them for the suggestions bench. Everything random comes from a seed. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { buildGraph, type Graph } from "../edge-functions/_shared/suggestions/graph.ts";

/** Edges between the people 0, 1, … An undirected edge is there once. */
export interface Edges {
  people: number;
  from: Int32Array;
  to: Int32Array;
}

/**
 * Reads an edge list: two names a line, with spaces, tabs or a comma between them. Names become numbers in the order in
 * which they appear. More columns, empty lines, and lines that begin with # or % are skipped. So are edges from a person to the same person, and
 * repeats, and without `isDirected` the same edge in the other direction.
 *
 * @param file plain or .gz
 * @throws Error if a line has fewer than two names, or the file has no edges
 */
export async function readEdges(file: string, isDirected: boolean): Promise<Edges> {
  const numbers = new Map<string, number>();
  const number = (name: string) => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    numbers.set(name, numbers.size);
    return numbers.size - 1;
  };
  const from: number[] = [];
  const to: number[] = [];
  const bytes = createReadStream(file);
  const text = file.endsWith(".gz") ? bytes.pipe(createGunzip()) : bytes;
  let count = 0;
  for await (const line of createInterface({ input: text })) {
    count++;
    if (/^\s*([#%]|$)/.test(line)) continue;
    const [one, other] = line.trim().split(/[\s,;]+/);
    if (one === undefined || other === undefined) throw new Error(`${file}:${count} has no two names`);
    from.push(number(one));
    to.push(number(other));
  }
  if (from.length === 0) throw new Error(`${file} has no edges`);
  return distinct(numbers.size, from, to, isDirected);
}

/** Leaves out repeats and edges from a person to the same person, and sorts. */
export function distinct(
  people: number,
  from: ArrayLike<number>,
  to: ArrayLike<number>,
  isDirected: boolean,
): Edges {
  const one = new Int32Array(from.length);
  const other = new Int32Array(from.length);
  for (let edge = 0; edge < from.length; edge++) {
    const a = from[edge] as number;
    const b = to[edge] as number;
    one[edge] = isDirected ? a : Math.min(a, b);
    other[edge] = isDirected ? b : Math.max(a, b);
  }
  const graph = buildGraph(people, one, other);
  const sorted = new Int32Array(graph.out.length);
  for (let person = 0; person < people; person++)
    sorted.fill(person, graph.outStarts[person], graph.outStarts[person + 1]);
  return { people, from: sorted, to: graph.out };
}

/** A graph without a part of its edges, and that part. */
export interface Split {
  graph: Graph;
  /** For each person, the others whose edges were held out. An undirected edge is held out for both. */
  hidden: number[][];
}

/** @param share of the edges that are held out, from 0 to 1 */
export function split({ people, from, to }: Edges, isDirected: boolean, share: number, seed: number): Split {
  const random = randoms(seed);
  const order = Int32Array.from(from.keys());
  for (let left = order.length - 1; left > 0; left--) {
    const other = Math.floor(random() * (left + 1));
    [order[left], order[other]] = [order[other] as number, order[left] as number];
  }
  const cut = Math.round(order.length * share);
  const hidden: number[][] = Array.from({ length: people }, () => []);
  for (const edge of order.subarray(0, cut)) {
    const one = from[edge] as number;
    const other = to[edge] as number;
    hidden[one]?.push(other);
    if (!isDirected) hidden[other]?.push(one);
  }
  return { graph: graphOf({ people, from, to }, isDirected, order.subarray(cut)), hidden };
}

/** @param which edges are in the graph. All, if nothing is said. */
export function graphOf(
  { people, from, to }: Edges,
  isDirected: boolean,
  which = Int32Array.from(from.keys()),
): Graph {
  const one = new Int32Array(which.length * (isDirected ? 1 : 2));
  const other = new Int32Array(one.length);
  for (let place = 0; place < which.length; place++) {
    const a = from[which[place] as number] as number;
    const b = to[which[place] as number] as number;
    one[place] = a;
    other[place] = b;
    if (!isDirected) {
      one[which.length + place] = b;
      other[which.length + place] = a;
    }
  }
  return buildGraph(people, one, other);
}

/** @returns a generator of numbers from 0 to below 1: the same ones for the same seed (mulberry32) */
export function randoms(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
