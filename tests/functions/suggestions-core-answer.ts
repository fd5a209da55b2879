/** Prints suggestions for a few people of a graph. suggestions-core.test.ts runs it with Node and with Deno. */
import { buildGraph } from "../../edge-functions/_shared/suggestions/graph.ts";
import { type Candidate, createSuggester } from "../../edge-functions/_shared/suggestions/suggest.ts";
import { directed } from "../../edge-functions/_shared/suggestions/weights.ts";

const people = 200;
const follows = 3000;
// Somebody with a low number is popular.
const from = Int32Array.from({ length: follows }, (_, edge) => (edge * 7919) % people);
const to = Int32Array.from({ length: follows }, (_, edge) =>
  Math.floor((((edge * 104_729) % 997) / 997) ** 2 * people),
);
const { suggest } = createSuggester(buildGraph(people, from, to), directed);
// The two have other versions of V8, so the last digit of a logarithm may differ.
const rounded = ({ person, score, source }: Candidate) => [person, score.toFixed(9), source];
const answer = Array.from({ length: 20 }, (_, person) => suggest(person, 20).map(rounded));
console.log(JSON.stringify(answer.flat()));
