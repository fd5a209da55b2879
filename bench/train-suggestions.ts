/**
 * Trains the weights of suggestions, and writes edge-functions/_shared/suggestions/weights.ts:
 *
 *     node bench/train-suggestions.ts [--undirected FILE …] [--seldom FILE …] [--often FILE …]
 *
 * --seldom and --often name directed graphs in which few or many follow back. It makes graphs (suggestion-graphs.ts), and reads the
 * edge lists that you name (debian-graphs.ts made those of weights.ts). A fifth of the edges of each graph is held out. The model
 * learns to put the held-out people first. Then the cost of a place is chosen. Never name a graph that you measure afterwards. It
 * takes a quarter of an hour.
 */
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { featureCount, featureSources } from "../edge-functions/_shared/suggestions/features.ts";
import { type Graph, outDegree } from "../edge-functions/_shared/suggestions/graph.ts";
import { thorough } from "../edge-functions/_shared/suggestions/limits.ts";
import { createShortlist } from "../edge-functions/_shared/suggestions/shortlist.ts";
import { createSuggester } from "../edge-functions/_shared/suggestions/suggest.ts";
import { fit, type Rows } from "./list-softmax.ts";
import { madeGraph, type Recipe } from "./suggestion-graphs.ts";
import { createMeasuring } from "./suggestion-measures.ts";
import { type Edges, randoms, readEdges, split } from "./suggestion-split.ts";

export interface Example {
  name: string;
  edges: Edges;
  isDirected: boolean;
  /** How much the graph counts. */
  importance: number;
}

/** Each graph is split so often, each time in another way. */
const splits = [1, 2, 3, 4];
const peoplePerSplit = 1000;
/** A real graph says more than one that is made. */
const realImportance = 3;
const limits = { ...thorough, candidates: 150 };
/** What a place may cost those who are like the person there: spread.ts. */
const costs = [0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3];
/** Of costs that are so nearly the best, the highest is taken: it shows more circles of a person, and more people at all. */
const nearlyBest = 0.001;

/** A graph without a part of its edges, and some of those who lost one. */
interface Trial {
  graph: Graph;
  isDirected: boolean;
  /** Some people, and the others whose edges to them were held out. */
  asked: { person: number; right: Set<number> }[];
  importance: number;
}

function trialsOf(examples: Example[]): Trial[] {
  return examples.flatMap(({ edges, isDirected, importance }) =>
    splits.map((turn) => {
      const { graph, hidden } = split(edges, isDirected, 0.2, 1000 + turn);
      const random = randoms(turn);
      const asked = hidden
        .flatMap((others, person) =>
          others.length > 0 && outDegree(graph, person) > 0
            ? [{ person, right: new Set(others), order: random() }]
            : [],
        )
        .sort((one, other) => one.order - other.order)
        .slice(0, peoplePerSplit);
      return { graph, isDirected, asked, importance };
    }),
  );
}

/** @returns what a first look finds for the people of each trial, with the held-out people marked */
function rowsOf(trials: Trial[]): Rows {
  const values: Float32Array[] = [];
  const labels: number[] = [];
  const starts = [0];
  const importance: number[] = [];
  for (const { graph, isDirected, asked, importance: weight } of trials) {
    const shortlist = createShortlist(graph, isDirected, limits);
    for (const { person, right } of asked) {
      const count = shortlist.fill(person);
      const marked = Array.from({ length: count }, (_, place) =>
        Number(right.has(shortlist.tally.people[shortlist.slots[place] as number] as number)),
      );
      const followed = marked.filter(Boolean).length;
      // Such a list teaches nothing.
      if (followed === 0 || followed === count) continue;
      values.push(shortlist.features.values.slice(0, count * featureCount));
      labels.push(...marked);
      starts.push(labels.length);
      importance.push(weight / asked.length);
    }
  }
  const all = new Float32Array(labels.length * featureCount);
  let place = 0;
  for (const list of values) {
    all.set(list, place);
    place += list.length;
  }
  return {
    features: featureCount,
    values: all,
    labels: Uint8Array.from(labels),
    starts: Int32Array.from(starts),
    importance: Float32Array.from(importance),
  };
}

/** @returns the weights, rounded so that the file is short, and the cost of a place that goes best with them */
function train(trials: Trial[]): { weights: number[]; cost: number } {
  const mayBeNegative = featureSources.map((source) => source === 0);
  const weights = fit(rowsOf(trials), mayBeNegative).map((weight) => Number(weight.toFixed(4)));
  const worths = costs.map((cost) => worthOf(trials, weights, cost));
  const enough = Math.max(...worths) - nearlyBest;
  return { weights, cost: costs[worths.findLastIndex((worth) => worth >= enough)] as number };
}

/** @returns hits@10 + recall@20 + MAP: the mean of the trials */
function worthOf(trials: Trial[], weights: number[], cost: number): number {
  let sum = 0;
  let total = 0;
  for (const { graph, isDirected, asked, importance } of trials) {
    const values = { isDirected, seldom: weights, often: weights, cost: { seldom: cost, often: cost } };
    const { suggest } = createSuggester(graph, values, { limits });
    const measuring = createMeasuring(graph.people, () => 0);
    for (const { person, right } of asked) {
      const list = suggest(person, limits.candidates).map((candidate) => candidate.person);
      measuring.add(list, right);
    }
    const { hits, recall, map } = measuring.result();
    sum += importance * (hits + recall + map);
    total += importance;
  }
  return sum / total;
}

/** The graphs that are made for training: the same ones each time. */
export function madeExamples(kind: "undirected" | "seldom" | "often"): Example[] {
  const isDirected = kind !== "undirected";
  return [1, 2, 3, 4, 5, 6, 7, 8].map((number) => {
    // Half of the networks whose people know each other are seen as ego networks.
    const isEgoNetworks = kind !== "seldom" && number % 2 === 0;
    const recipe: Recipe = {
      isDirected,
      followBack: kind === "seldom" ? "seldom" : "often",
      isEgoNetworks,
      seed: number,
    };
    const name = `made ${isEgoNetworks ? "ego networks" : "network"} ${number}`;
    return { name, edges: madeGraph(recipe), isDirected, importance: 1 };
  });
}

async function realExample(file: string, isDirected: boolean): Promise<Example> {
  return {
    name: basename(file),
    edges: await readEdges(file, isDirected),
    isDirected,
    importance: realImportance,
  };
}

if (import.meta.main) {
  const kinds = { undirected: false, seldom: true, often: true };
  const { values: files } = parseArgs({
    options: {
      undirected: { type: "string", multiple: true },
      seldom: { type: "string", multiple: true },
      often: { type: "string", multiple: true },
    },
  });
  const trained: Record<string, { weights: number[]; cost: number }> = {};
  const provenance: string[] = [];
  for (const [kind, isDirected] of Object.entries(kinds) as [keyof typeof kinds, boolean][]) {
    const examples = [
      ...(await Promise.all((files[kind] ?? []).map((file) => realExample(file, isDirected)))),
      ...madeExamples(kind),
    ];
    trained[kind] = train(trialsOf(examples));
    provenance.push(` * - ${kind}: ${examples.map(({ name }) => name).join(", ")}`);
  }
  const command = ["node bench/train-suggestions.ts", ...process.argv.slice(2).map((word) => basename(word))];
  const set = (isDirected: boolean, seldom: string, often: string) =>
    `{ isDirected: ${isDirected}, seldom: [${trained[seldom]?.weights.join(", ")}], often: [${trained[often]?.weights.join(", ")}], cost: { seldom: ${trained[seldom]?.cost}, often: ${trained[often]?.cost} } }`;
  const text = [
    "/**",
    ` * The weights of the model. Do not edit: \`${command.join(" ")}\` wrote them.`,
    " * What it read and made:",
    " *",
    ...provenance,
    " */",
    'import type { Weights } from "./model.ts";',
    "",
    "/** For friendships: everybody follows back. */",
    `export const undirected: Weights = ${set(false, "undirected", "undirected")};`,
    "",
    "/** For follows. */",
    `export const directed: Weights = ${set(true, "seldom", "often")};`,
    "",
  ].join("\n");
  await writeFile(join(import.meta.dirname, "../edge-functions/_shared/suggestions/weights.ts"), text);
}
