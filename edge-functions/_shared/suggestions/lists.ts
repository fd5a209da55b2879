/** Computes the lists of a batch of people. A thread of a pass does it (lists-thread.ts). */
import { type ComputedList, type CopyRows, copyRowsOf } from "./copy-lists.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Graph } from "./graph.ts";
import { type Context, createSuggester } from "./suggest.ts";

/** As many as private.suggestion_lists takes. */
export const listMost = 60;
/** Some of the people whom the core ranks may not come. */
const rankedMost = Math.ceil(1.5 * listMost);

export interface ListInput {
  /** The ids of all people, 16 bytes each, in the order of their numbers. */
  ids: Uint8Array;
  graph: Graph;
  context: Context;
  /** 1 for whom may be suggested. */
  isDiscoverable: Uint8Array;
  /** The hash of the list that each person has: fingerprint.ts. 0 for none. */
  fingerprints: BigInt64Array;
}

export interface ListBatch {
  /** Whose list is a new one, and a row for each in the same order. */
  changed: number[];
  rows: CopyRows;
  /** Whose list is as before. */
  same: number[];
}

/** @returns a function that computes the lists of these viewers */
export function createLists(input: ListInput): (viewers: Int32Array) => ListBatch {
  const { ids, isDiscoverable, fingerprints } = input;
  const suggester = createSuggester(input.graph, undefined, input.context);
  return (viewers) => {
    const changed: ComputedList[] = [];
    const same: number[] = [];
    for (const viewer of viewers) {
      const list = suggester
        .suggest(viewer, rankedMost)
        .filter(({ person }) => isDiscoverable[person])
        .slice(0, listMost);
      const fingerprint = fingerprintOf(list, ids);
      if (fingerprint === fingerprints[viewer]) same.push(viewer);
      else changed.push({ viewer, list, fingerprint });
    }
    return { changed: changed.map(({ viewer }) => viewer), rows: copyRowsOf(changed, ids), same };
  };
}
