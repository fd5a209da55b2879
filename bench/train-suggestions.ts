/**
 * Trains the weights of suggestions, and writes edge-functions/_shared/suggestions/weights.ts:
 *
 *     node bench/train-suggestions.ts [--undirected FILE …] [--seldom FILE …] [--often FILE …]
 *
 * --seldom and --often name directed graphs in which few or many follow back. It makes graphs (suggestion-graphs.ts), and reads the edge lists that you name. A fifth of the edges of each graph is held
 * out. The model learns to put the held-out people first. Never name a graph that you measure afterwards.
 */
import { writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { featureCount, featureSources } from "../edge-functions/_shared/suggestions/features.ts";
import { thorough } from "../edge-functions/_shared/suggestions/limits.ts";
import { createShortlist } from "../edge-functions/_shared/suggestions/shortlist.ts";
import { fit, type Rows } from "./list-softmax.ts";
import { madeGraph, type Recipe } from "./suggestion-graphs.ts";
import { type Edges, randoms, readEdges, split } from "./suggestion-split.ts";

export interface Example {
  name: string;
  edges: Edges;
  isDirected: boolean;
  /** How much the graph counts. */
  importance: number;
}

/** People a graph, over two splits. */
const peoplePerGraph = 400;
/** A real graph says more than one that is made. */
const realImportance = 3;
const seed = 1;

/** @returns what a first look finds for some people of each graph, with the held-out people marked */
export function rowsOf(examples: Example[]): Rows {
  const values: Float32Array[] = [];
  const labels: number[] = [];
  const starts = [0];
  const importance: number[] = [];
  for (const { edges, isDirected, importance: weight } of examples) {
    for (const turn of [1, 2]) {
      const { graph, hidden } = split(edges, isDirected, 0.2, 1000 * seed + turn);
      const random = randoms(turn);
      const shortlist = createShortlist(graph, isDirected, { ...thorough, candidates: 150 });
      const asked = hidden
        .flatMap((others, person) =>
          others.length > 0 && graph.outStarts[person] !== graph.outStarts[person + 1]
            ? [{ person, order: random() }]
            : [],
        )
        .sort((one, other) => one.order - other.order)
        .slice(0, peoplePerGraph / 2);
      for (const { person } of asked) {
        const count = shortlist.fill(person);
        const right = new Set(hidden[person]);
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

/** @returns the weights, rounded so that the file is short */
export function train(examples: Example[]): number[] {
  const mayBeNegative = featureSources.map((source) => source === 0);
  return fit(rowsOf(examples), mayBeNegative).map((weight) => Number(weight.toFixed(4)));
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
  const weights: Record<string, number[]> = {};
  const provenance: string[] = [];
  for (const [kind, isDirected] of Object.entries(kinds) as [keyof typeof kinds, boolean][]) {
    const examples = [
      ...(await Promise.all((files[kind] ?? []).map((file) => realExample(file, isDirected)))),
      ...madeExamples(kind),
    ];
    weights[kind] = train(examples);
    provenance.push(` * - ${kind}: ${examples.map(({ name }) => name).join(", ")}`);
  }
  const command = ["node bench/train-suggestions.ts", ...process.argv.slice(2).map((word) => basename(word))];
  const list = (kind: string) => `[${weights[kind]?.join(", ")}]`;
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
    `export const undirected: Weights = { isDirected: false, seldom: ${list("undirected")}, often: ${list("undirected")} };`,
    "",
    "/** For follows. */",
    `export const directed: Weights = { isDirected: true, seldom: ${list("seldom")}, often: ${list("often")} };`,
    "",
  ].join("\n");
  await writeFile(join(import.meta.dirname, "../edge-functions/_shared/suggestions/weights.ts"), text);
}
