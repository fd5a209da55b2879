/**
 * How good suggestions are on a graph whose edges are known: a fifth is held out, and the suggestions should find it again.
 * The weights were trained on other graphs.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type Graph, inDegree, outDegree } from "../../edge-functions/_shared/suggestions/graph.ts";
import { quick, thorough } from "../../edge-functions/_shared/suggestions/limits.ts";
import { createSuggester } from "../../edge-functions/_shared/suggestions/suggest.ts";
import { directed, undirected } from "../../edge-functions/_shared/suggestions/weights.ts";
import { createMeasuring, interval, newcomerFollowers, type Quality } from "../suggestion-measures.ts";
import { rivals } from "../suggestion-rivals.ts";
import { simulation } from "../suggestion-rounds.ts";
import { readEdges, type Split, split } from "../suggestion-split.ts";

const seeds = [1, 2, 3, 4, 5];
const heldOut = 0.2;
/** A larger graph is measured on this many people, spread over all. */
const mostPeople = 20_000;

/** For one person: the others with a place on the list, best first. Those who are not on it cannot be found. */
type List = (person: number) => ArrayLike<number>;
interface Method {
  name: string;
  lists(graph: Graph): List;
}

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      graph: { type: "string" },
      directed: { type: "boolean", default: false },
      "no-rounds": { type: "boolean", default: false },
    },
  });
  return values;
}

/** @returns the name of the file with the results: each graph has its own */
export function resultOf(args: string[]): string {
  return `suggestions-${basename(optionsOf(args).graph ?? "", ".gz").replace(/\.\w+$/, "")}`;
}

/** @param args --graph FILE [--directed] [--no-rounds] */
export async function run(args: string[]): Promise<string> {
  const values = optionsOf(args);
  if (!values.graph)
    throw new Error("Usage: npm run bench -- suggestions --graph FILE [--directed] [--no-rounds]");
  const isDirected = values.directed;
  const edges = await readEdges(values.graph, isDirected);
  const weights = isDirected ? directed : undirected;
  const methods: Method[] = [
    ...rivals.map(({ name, score }) => ({ name, lists: (graph: Graph) => ranking(graph, score) })),
    ...[
      { name: "**Plaza**", limits: thorough },
      { name: "Plaza, quick limits", limits: quick },
    ].map(({ name, limits }) => ({
      name,
      lists: (graph: Graph): List => {
        const { suggest } = createSuggester(graph, weights, { limits });
        return (person) => suggest(person, limits.candidates).map((candidate) => candidate.person);
      },
    })),
  ];
  const found = methods.map(() => ({ linked: [] as Quality[], everybody: [] as Quality[], ms: 0, lists: 0 }));
  for (const seed of seeds) {
    const parts = split(edges, isDirected, heldOut, seed);
    for (const [index, method] of methods.entries()) {
      const start = performance.now();
      const list = method.lists(parts.graph);
      const { linked, everybody, lists } = measure(parts, list);
      const one = found[index] as (typeof found)[number];
      one.linked.push(linked);
      one.everybody.push(everybody);
      one.ms += performance.now() - start;
      one.lists += lists;
    }
  }
  const people = `${edges.people} people, ${edges.from.length} ${isDirected ? "follows" : "friendships"}`;
  const sections = [
    [
      `${people}. ${heldOut * 100}% of the edges are held out, with ${seeds.length} seeds. The number after ± is half of the 95% confidence`,
      `interval over the seeds. A list ranks all people, except the person and the people they follow in the rest of the graph.`,
      `${isDirected ? "The held-out follows of a person are the right answers." : "A held-out friendship is a right answer for both."} People without right answers are skipped. Equal scores`,
      `are in a random order. Popularity is the number of followers. In the first table, people who follow nobody in the rest`,
      `are skipped too. The second table has them. A newcomer has at most ${newcomerFollowers} followers. The weights of Plaza were trained on other graphs.`,
      `Plaza ranks ${thorough.candidates} people, and has no place for the others (${quick.candidates} with the quick limits).`,
    ].join("\n"),
    table(
      methods,
      found.map(({ linked }) => linked),
    ),
    "With people who follow nobody yet:",
    table(
      methods,
      found.map(({ everybody }) => everybody),
    ),
    `Milliseconds a list: ${methods.map(({ name }, index) => `${name.replaceAll("*", "")} ${((found[index]?.ms ?? 0) / (found[index]?.lists ?? 1)).toFixed(2)}`).join(", ")}.`,
  ];
  if (!values["no-rounds"]) sections.push(simulation(edges, isDirected, weights));
  return sections.join("\n\n");
}

function measure(
  { graph, hidden }: Split,
  list: List,
): { linked: Quality; everybody: Quality; lists: number } {
  const linked = createMeasuring(graph.people, (person) => inDegree(graph, person));
  const everybody = createMeasuring(graph.people, (person) => inDegree(graph, person));
  const asked = hidden.flatMap((others, person) => (others.length > 0 ? [person] : []));
  const step = Math.max(1, asked.length / mostPeople);
  let lists = 0;
  for (let place = 0; place < asked.length; place += step) {
    const person = asked[Math.floor(place)] as number;
    const right = new Set(hidden[person]);
    const others = list(person);
    lists++;
    everybody.add(others, right);
    if (outDegree(graph, person) > 0) linked.add(others, right);
  }
  return { linked: linked.result(), everybody: everybody.result(), lists };
}

/** Everybody with a score, best first. */
function ranking(graph: Graph, score: (graph: Graph, person: number, into: Float64Array) => void): List {
  const scores = new Float64Array(graph.people);
  const coin = Uint32Array.from({ length: graph.people }, (_, person) => Math.imul(person + 7, 2654435761));
  return (person) => {
    scores.fill(0);
    score(graph, person, scores);
    scores[person] = 0;
    for (
      let place = graph.outStarts[person] as number;
      place < (graph.outStarts[person + 1] as number);
      place++
    )
      scores[graph.out[place] as number] = 0;
    const list: number[] = [];
    for (let other = 0; other < graph.people; other++) if ((scores[other] as number) > 0) list.push(other);
    return list.sort(
      (one, other) =>
        (scores[other] as number) - (scores[one] as number) ||
        (coin[one] as number) - (coin[other] as number),
    );
  };
}

function table(methods: Method[], found: Quality[][]): string {
  const measures: [keyof Quality, string][] = [
    ["hits", "hits@10"],
    ["recall", "recall@20"],
    ["map", "MAP"],
    ["coverage", "coverage@10"],
    ["gini", "Gini of exposure"],
    ["newcomers", "newcomers"],
  ];
  return [
    `| | ${measures.map(([, title]) => title).join(" | ")} |`,
    `|---|${"---|".repeat(measures.length)}`,
    ...methods.map(
      ({ name }, index) =>
        `| ${name} | ${measures
          .map(([key]) => {
            const { mean, half } = interval((found[index] as Quality[]).map((quality) => quality[key]));
            return `${mean.toFixed(3)} ± ${half.toFixed(3)}`;
          })
          .join(" | ")} |`,
    ),
  ].join("\n");
}
