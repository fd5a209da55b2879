/**
 * What suggestions do to a network: ten rounds in which people follow some of those suggested, and the next suggestions are
 * computed from the network that this makes. People with many followers are shown more often, so followers become more unequal. The
 * levers are measured against this.
 */
import { buildGraph, type Graph, inDegree } from "../edge-functions/_shared/suggestions/graph.ts";
import { quick } from "../edge-functions/_shared/suggestions/limits.ts";
import type { Weights } from "../edge-functions/_shared/suggestions/model.ts";
import { type Candidate, createSuggester } from "../edge-functions/_shared/suggestions/suggest.ts";
import { gini, newcomerFollowers } from "./suggestion-measures.ts";
import { type Edges, graphOf, randoms } from "./suggestion-split.ts";

interface Levers {
  name: string;
  popularityPenalty: number;
  /** At most two of one source in a row. */
  capsSources: boolean;
  /** One of ten is somebody with at most five followers, by chance. */
  explores: boolean;
}

const rounds = 10;
const shown = 10;
/** The first is followed this often, and the one at place p (from 0) / (1 + p) as often. */
const followsFirst = 0.3;
/** In a large graph, this many people look in each round. */
const mostLooking = 2000;

const variants: Levers[] = [
  { name: "no lever", popularityPenalty: 0, capsSources: false, explores: false },
  { name: "popularity penalty ½", popularityPenalty: 0.5, capsSources: false, explores: false },
  { name: "at most two of one source in a row", popularityPenalty: 0, capsSources: true, explores: false },
  { name: "exploration", popularityPenalty: 0, capsSources: false, explores: true },
  { name: "all three", popularityPenalty: 0.5, capsSources: true, explores: true },
];

/** @returns a section of the report */
export function simulation(edges: Edges, isDirected: boolean, weights: Weights): string {
  const before = graphOf(edges, isDirected);
  const rows = variants.map((levers) => {
    const { after, everShown } = simulate(before, isDirected, weights, levers);
    const gained = after.out.length - before.out.length;
    let newcomers = 0;
    for (let person = 0; person < before.people; person++)
      if (inDegree(before, person) <= newcomerFollowers)
        newcomers += inDegree(after, person) - inDegree(before, person);
    return (
      `| ${levers.name} | ${giniOfFollowers(after).toFixed(3)} | ${giniOfGain(before, after).toFixed(3)} | ` +
      `${(everShown / before.people).toFixed(3)} | ${(newcomers / gained).toFixed(3)} | ${gained} |`
    );
  });
  return [
    `## Ten rounds of accepted suggestions\n`,
    `Everybody looks at ${shown} suggestions in each of ${rounds} rounds (${mostLooking} people, if there are more), and follows the one at`,
    `place p, from 0, with a probability of ${followsFirst} / (1 + p). The Gini coefficient of followers is ${giniOfFollowers(before).toFixed(3)} before. 0 is equal.`,
    "The quick limits are used.\n",
    "| | Gini of followers after | Gini of the followers gained | ever shown | gained by newcomers | follows gained |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function simulate(before: Graph, isDirected: boolean, weights: Weights, levers: Levers) {
  const random = randoms(1);
  const seen = new Uint8Array(before.people);
  let graph = before;
  for (let round = 0; round < rounds; round++) {
    const { suggest } = createSuggester(graph, weights, {
      limits: quick,
      popularityPenalty: levers.popularityPenalty,
    });
    const newcomers = Int32Array.from({ length: graph.people }, (_, person) => person).filter(
      (person) => inDegree(graph, person) <= newcomerFollowers,
    );
    const from: number[] = [];
    const to: number[] = [];
    const step = Math.max(1, graph.people / mostLooking);
    for (let place = random() * step; place < graph.people; place += step) {
      const person = Math.floor(place);
      const list = pick(suggest(person, 60), levers.capsSources);
      const newcomer = newcomers[Math.floor(random() * newcomers.length)];
      if (levers.explores && newcomer !== undefined && newcomer !== person) list[shown - 1] = newcomer;
      for (const [rank, other] of list.entries()) {
        seen[other] = 1;
        if (random() >= followsFirst / (1 + rank)) continue;
        from.push(person);
        to.push(other);
        if (!isDirected) {
          from.push(other);
          to.push(person);
        }
      }
    }
    graph = grown(graph, from, to);
  }
  return { after: graph, everShown: seen.reduce((sum, one) => sum + one, 0) };
}

/** The best ten. Somebody who would be the third of one source in a row waits until another source had its turn. */
function pick(candidates: Candidate[], capsSources: boolean): number[] {
  const waiting = [...candidates];
  const list: Candidate[] = [];
  while (list.length < shown && waiting.length > 0) {
    const [last, other] = [list.at(-1)?.source, list.at(-2)?.source];
    const next = capsSources && last === other ? waiting.findIndex(({ source }) => source !== last) : 0;
    list.push(...waiting.splice(Math.max(0, next), 1));
  }
  return list.map(({ person }) => person);
}

function grown(graph: Graph, from: number[], to: number[]): Graph {
  const all = new Int32Array(graph.out.length + from.length);
  for (let person = 0; person < graph.people; person++)
    all.fill(person, graph.outStarts[person], graph.outStarts[person + 1]);
  all.set(from, graph.out.length);
  const followed = new Int32Array(all.length);
  followed.set(graph.out);
  followed.set(to, graph.out.length);
  return buildGraph(graph.people, all, followed);
}

function giniOfFollowers(graph: Graph): number {
  return gini(Float64Array.from({ length: graph.people }, (_, person) => inDegree(graph, person)));
}

function giniOfGain(before: Graph, after: Graph): number {
  return gini(
    Float64Array.from(
      { length: before.people },
      (_, person) => inDegree(after, person) - inDegree(before, person),
    ),
  );
}
