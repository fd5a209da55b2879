/** Suggestions for one person after the other. The workers and the benchmark call this. */
import { follows, type Graph } from "./graph.ts";
import { sources } from "./sources.ts";

export interface Candidate {
  person: number;
  /** Comparable within the list of one person. More is better. */
  score: number;
  /** The kind of reason that contributed most to the score: sources.ts. */
  source: number;
}

export interface Suggester {
  /**
   * Ranks people whom this person does not follow yet. The same graph gives the same answer.
   *
   * @returns at most `limit` people, best first
   */
  suggest(person: number, limit: number): Candidate[];
}

/** What is known of people besides their follows, by their numbers. */
export interface Context {
  /** From 0 to 1. Without it, everybody is trusted. */
  trust?: Float32Array;
  /** 1 for an account younger than two weeks. */
  isNew?: Uint8Array;
}

export function createSuggester(graph: Graph, _weights?: unknown, _context: Context = {}): Suggester {
  const score = new Float64Array(graph.people);
  return {
    suggest(person, limit) {
      const touched: number[] = [];
      for (
        let first = graph.outStarts[person] as number;
        first < (graph.outStarts[person + 1] as number);
        first++
      ) {
        const friend = graph.out[first] as number;
        const start = graph.outStarts[friend] as number;
        const end = Math.min(graph.outStarts[friend + 1] as number, start + 500);
        for (let second = start; second < end; second++) {
          const other = graph.out[second] as number;
          if (score[other] === 0) touched.push(other);
          score[other] = (score[other] as number) + 1 / (1 + end - start);
        }
      }
      const found = touched
        .filter((other) => other !== person && !follows(graph, person, other))
        .map((other) => ({ person: other, score: score[other] as number, source: sources.followedBy }))
        .sort((one, other) => other.score - one.score || one.person - other.person)
        .slice(0, limit);
      for (const other of touched) score[other] = 0;
      return found;
    },
  };
}
