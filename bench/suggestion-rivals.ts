/** The known scores that suggestions are compared with. Each one scores everybody, without any limit. */
import { type Graph, inDegree, outDegree } from "../edge-functions/_shared/suggestions/graph.ts";

export interface Rival {
  name: string;
  /** Adds the scores for this person to `into`, by the numbers of the others. */
  score(graph: Graph, person: number, into: Float64Array): void;
}

/** u follows x, x follows v: each x counts `weight(follows of x)`. */
function twoSteps(name: string, weight: (degree: number) => number): Rival {
  return {
    name,
    score(graph, person, into) {
      for (const friend of follows(graph, person)) {
        const counts = weight(outDegree(graph, friend));
        for (const other of follows(graph, friend)) into[other] = (into[other] as number) + counts;
      }
    },
  };
}

export const rivals: Rival[] = [
  {
    name: "popularity",
    score(graph, _, into) {
      for (let other = 0; other < graph.people; other++) into[other] = inDegree(graph, other);
    },
  },
  twoSteps("common neighbours", () => 1),
  twoSteps("Adamic-Adar", (degree) => 1 / Math.log(1 + degree)),
  twoSteps("resource allocation", (degree) => 1 / degree),
  {
    name: "L3, fixed exponents ½",
    score(graph, person, into) {
      for (const friend of follows(graph, person)) {
        const start = graph.inStarts[friend] as number;
        for (const peer of graph.in.subarray(start, graph.inStarts[friend + 1])) {
          const counts = 1 / Math.sqrt(inDegree(graph, friend) * outDegree(graph, peer));
          for (const other of follows(graph, peer)) into[other] = (into[other] as number) + counts;
        }
      }
    },
  },
];

function follows(graph: Graph, person: number): Int32Array {
  return graph.out.subarray(graph.outStarts[person], graph.outStarts[person + 1]);
}
