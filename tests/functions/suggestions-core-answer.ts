/** Prints suggestions for a few people of a graph. suggestions-core.test.ts runs it with Node and with Deno. */
import { buildGraph } from "../../edge-functions/_shared/suggestions/graph.ts";
import { createSuggester } from "../../edge-functions/_shared/suggestions/suggest.ts";
import { directed } from "../../edge-functions/_shared/suggestions/weights.ts";

const people = 200;
const follows = 3000;
// Somebody with a low number is popular.
const from = Int32Array.from({ length: follows }, (_, edge) => (edge * 7919) % people);
const to = Int32Array.from({ length: follows }, (_, edge) =>
  Math.floor((((edge * 104_729) % 997) / 997) ** 2 * people),
);
const { suggest } = createSuggester(buildGraph(people, from, to), directed);
console.log(JSON.stringify(Array.from({ length: 20 }, (_, person) => suggest(person, 20)).flat()));
