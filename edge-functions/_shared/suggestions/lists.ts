/** Computes the lists of a batch of people. A thread of a pass does it (lists-thread.ts). */
import type { AlongsideLists } from "./alongside.ts";
import { type ComputedList, type CopyRows, copyRowsOf } from "./copy-lists.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Graph } from "./graph.ts";
import { isStillGood, knownBytes } from "./keep.ts";
import { quick } from "./limits.ts";
import { sources } from "./sources.ts";
import { createSuggester, type Suggester } from "./suggest.ts";
import { directed } from "./weights.ts";
import { createWitnessing, type WitnessedList, type Witnessing } from "./witnesses.ts";

/** As many as private.suggestion_lists takes. */
export const listMost = 60;
/** Some of those who are ranked are left out. */
const rankedMost = 75;
/** A number of 4 bytes has no room for much less. */
const leastScore = 1e-30;

export interface ListInput {
  /** The ids of all people, 16 bytes each, in the order of their numbers. */
  ids: Uint8Array;
  graph: Graph;
  /** The share of follows that are mutual: model.ts. */
  mutualShare: number;
  /** Lists that the threads fill and read together. */
  alongside: AlongsideLists;
  /** From 0 to 1. */
  trust: Float32Array;
  /** 1 for somebody who may be suggested. */
  isDiscoverable: Uint8Array;
  /** 1 for somebody with a public account. */
  isOpen: Uint8Array;
  /** The hash of the list that each person has: fingerprint.ts. 0 for none. */
  fingerprints: BigInt64Array;
}

export interface ListBatch {
  /** Whose list is a new one, and a row for each in the same order. */
  changed: number[];
  rows: CopyRows;
  /** Whose list is as before, or is still good enough. */
  same: number[];
}

export interface ListRequest {
  viewers: Int32Array;
  /** The first places of the list of each: keep.ts. Undefined: nobody has a list. */
  known: Uint8Array<ArrayBuffer> | undefined;
}

/** @returns a function that computes the lists of these viewers */
export function createLists(input: ListInput): (request: ListRequest) => ListBatch {
  const { ids, graph, mutualShare, alongside, trust, isDiscoverable, isOpen, fingerprints } = input;
  const suggester = createSuggester(graph, directed, { trust, mutualShare, alongside, limits: quick });
  const witnessing = createWitnessing(graph, isOpen);
  const makers = { suggester, witnessing, mayCome: isDiscoverable, isOpen };
  return ({ viewers, known }) => {
    const changed: ComputedList[] = [];
    const same: number[] = [];
    for (const [row, viewer] of viewers.entries()) {
      const { list, witnesses } = listFor(makers, viewer);
      const fingerprint = fingerprintOf(list, ids);
      const hasList = fingerprints[viewer] !== 0n;
      const first = known?.subarray(row * knownBytes, (row + 1) * knownBytes);
      if (fingerprint === fingerprints[viewer] || (hasList && first && isStillGood(first, list, ids)))
        same.push(viewer);
      else changed.push({ viewer, list, fingerprint, witnesses });
    }
    return { changed: changed.map(({ viewer }) => viewer), rows: copyRowsOf(changed, ids), same };
  };
}

export interface ListMakers {
  suggester: Suggester;
  witnessing: Witnessing;
  /** 1 for somebody who may be on the list, by the numbers of the people. */
  mayCome: Uint8Array;
  /** 1 for somebody with a public account. Others are suggested only to the people that they follow. */
  isOpen: Uint8Array;
}

/** @returns the list as private.suggestion_lists takes it, the best first, and its witnesses */
export function listFor(
  { suggester, witnessing, mayCome, isOpen }: ListMakers,
  viewer: number,
): WitnessedList {
  const ranked = suggester
    .suggest(viewer, rankedMost, mayCome)
    .filter(({ person, source }) => isOpen[person] === 1 || source === sources.followsYou);
  const { list, witnesses } = witnessing.find(viewer, ranked);
  list.length = Math.min(list.length, listMost);
  for (const candidate of list) candidate.score = Math.max(leastScore, candidate.score);
  return { list, witnesses };
}
