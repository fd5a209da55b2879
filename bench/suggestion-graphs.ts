/**
 * Makes graphs to train suggestions on: people have a place, or several, and follow near and popular people (geometric
 * inhomogeneous random graphs). All parameters come from the seed, so that many kinds of networks are among the graphs.
 */
import { distinct, type Edges, randoms } from "./suggestion-split.ts";

export interface Recipe {
  isDirected: boolean;
  /** What people read is near what they write, or has little to do with it. Then few follow back. */
  followBack: "often" | "seldom";
  /** The neighbourhoods of a few people instead of everybody. */
  isEgoNetworks: boolean;
  seed: number;
}

export function madeGraph({ isDirected, followBack, isEgoNetworks, seed }: Recipe): Edges {
  const random = randoms(seed * 7919 + 13);
  const people = isEgoNetworks ? 4000 : 1500 + Math.floor(random() * 1500);
  const layers = 1 + Math.floor(random() * 2.5);
  const edges = new Set<number>();
  const isSeldom = isDirected && followBack === "seldom";
  for (let layer = 0; layer < layers; layer++) {
    const meanDegree = ((6 + random() * 30) / layers) * (isEgoNetworks ? 1.6 : 1);
    addLayer(edges, people, meanDegree, isDirected, isSeldom, random);
  }
  const isKept = isEgoNetworks ? neighbourhoods(edges, people, random) : () => true;
  const numbers = new Map<number, number>();
  const from: number[] = [];
  const to: number[] = [];
  for (const edge of edges) {
    const one = Math.floor(edge / people);
    const other = edge % people;
    // One of ten is missing, as in every sample of a network.
    if (!isKept(one) || !isKept(other) || random() < 0.1) continue;
    for (const person of [one, other]) if (!numbers.has(person)) numbers.set(person, numbers.size);
    from.push(numbers.get(one) as number);
    to.push(numbers.get(other) as number);
  }
  return distinct(numbers.size, from, to, isDirected);
}

function addLayer(
  edges: Set<number>,
  people: number,
  meanDegree: number,
  isDirected: boolean,
  isSeldom: boolean,
  random: () => number,
) {
  const dimensions = 1 + Math.floor(random() * 4);
  const sharpness = 1.3 + random() ** 2 * 6;
  const exponent = 2.1 + random() * 1.6;
  const members = 0.4 + 0.6 * random();
  const sameWeight = isSeldom ? 0.6 * random() : random();
  const samePlace = isSeldom ? 0.7 * random() : 1;
  const followsBack = isDirected ? random() * (isSeldom ? 0.15 : 0.5) : 0;
  const width = 0.02 + 0.08 * random();
  const point = () => Float64Array.from({ length: dimensions }, random);
  const centres = Array.from({ length: Math.floor(random() * 40) }, point);
  const place = () => {
    const centre = centres[Math.floor(centres.length * random() * random())];
    if (!centre || random() < 0.2) return point();
    return centre.map((value) => (((value + gauss(random) * width) % 1) + 1) % 1);
  };
  const weight = () => Math.min(people / 20, (random() + 1e-6) ** (-1 / (exponent - 1)));
  const reads = Array.from({ length: people }, place);
  const writes = reads.map((same) => (random() < samePlace ? same : place()));
  const following = Float64Array.from({ length: people }, weight);
  const fame = isDirected
    ? following.map((same) => same ** sameWeight * weight() ** (1 - sameWeight))
    : following;
  const isMember = Array.from({ length: people }, () => random() < members);
  /** What decides how likely an edge is: attraction × a constant, to the power of the sharpness. */
  const attraction = (one: number, other: number) => {
    if (!isMember[one] || !isMember[other]) return 0;
    let distance = 1e-9;
    for (let dimension = 0; dimension < dimensions; dimension++) {
      const apart = Math.abs((reads[one]?.[dimension] as number) - (writes[other]?.[dimension] as number));
      distance = Math.max(distance, Math.min(apart, 1 - apart));
    }
    return ((following[one] as number) * (fame[other] as number)) / (2 * distance) ** dimensions;
  };
  const pairs = Float64Array.from({ length: 40_000 }, () =>
    attraction(Math.floor(random() * people), Math.floor(random() * people)),
  );
  let low = -20;
  let high = 5;
  for (let turn = 0; turn < 30; turn++) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (const pair of pairs) sum += Math.min(1, (Math.exp(middle) * pair) ** sharpness);
    if ((sum / pairs.length) * people > meanDegree) high = middle;
    else low = middle;
  }
  const constant = Math.exp(low);
  for (let one = 0; one < people; one++) {
    for (let other = isDirected ? 0 : one + 1; other < people; other++) {
      if (one === other || random() >= (constant * attraction(one, other)) ** sharpness) continue;
      edges.add(one * people + other);
      if (isDirected && random() < followsBack) edges.add(other * people + one);
    }
  }
}

function gauss(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}

/** Ten or more people with many neighbours, and their neighbours. */
function neighbourhoods(
  edges: Set<number>,
  people: number,
  random: () => number,
): (person: number) => boolean {
  const near = Array.from({ length: people }, () => new Set<number>());
  for (const edge of edges) {
    near[Math.floor(edge / people)]?.add(edge % people);
    near[edge % people]?.add(Math.floor(edge / people));
  }
  const centres = near
    .flatMap((others, person) => (others.size > 30 ? [{ person, order: random() }] : []))
    .sort((one, other) => one.order - other.order)
    .slice(0, 10 + Math.floor(random() * 15));
  const kept = new Set(centres.flatMap(({ person }) => [person, ...(near[person] as Set<number>)]));
  return (person) => kept.has(person);
}
