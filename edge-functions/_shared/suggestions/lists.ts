/** Computes the lists of a batch of people. A thread of a pass does it (lists-thread.ts). */
import type { AlongsideLists } from "./alongside.ts";
import { type ComputedList, type CopyRows, copyRowsOf } from "./copy-lists.ts";
import { fingerprintOf } from "./fingerprint.ts";
import type { Graph } from "./graph.ts";
import { isStillGood, knownBytes } from "./keep.ts";
import { quick } from "./limits.ts";
import { everySource, sourceBits, sources } from "./sources.ts";
import { createSuggester, type Suggester } from "./suggest.ts";
import { directed } from "./weights.ts";
import { createWitnessing, type WitnessedList, type Witnessing } from "./witnesses.ts";

/** As many as private.suggestion_lists takes. */
export const listMost = 60;
/** Somebody without witnesses is left out. */
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
  /** By which sources everybody may be suggested: comesBy(). */
  mayCome: Uint8Array;
  /** 1 for people whose follows may lead anybody to a candidate: leads(). */
  mayLead: Uint8Array;
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
  /** The people who may not be suggested to each viewer: private.never_suggested_to(). */
  refused: Int32Array[];
}

/** @returns a function that computes the lists of these viewers */
export function createLists(input: ListInput): (request: ListRequest) => ListBatch {
  const { ids, graph, mutualShare, alongside, trust, mayLead, fingerprints } = input;
  const suggester = createSuggester(graph, directed, {
    trust,
    mutualShare,
    alongside,
    limits: quick,
  });
  const witnessing = createWitnessing(graph, mayLead);
  // Threads share the input. Each changes its own copy for one viewer after the other.
  const mayCome = input.mayCome.slice();
  const makers = { suggester, witnessing, mayCome };
  return ({ viewers, known, refused }) => {
    const changed: ComputedList[] = [];
    const same: number[] = [];
    for (const [row, viewer] of viewers.entries()) {
      for (const person of refused[row] ?? []) mayCome[person] = 0;
      const { list, witnesses } = listFor(makers, viewer);
      for (const person of refused[row] ?? []) mayCome[person] = input.mayCome[person] as number;
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
  /** By which sources each person may be on the list, by the numbers of the people: comesBy(). */
  mayCome: Uint8Array;
}

/** What decides how somebody may be suggested. */
export interface Standing {
  /** Whether they may be suggested at all, by sql/80-suggestions/25-asking-again.sql, which asks again. */
  mayBeShown: boolean;
  isOpen: boolean;
  trust: number;
}

/** private.trusted() has the same number, and compares it with numbers of 4 bytes too. */
const leastTrusted = 0.05;

/**
 * The sources by which somebody may be suggested (sources.ts), as 25-asking-again.sql has them. Anybody can cause all
 * of them but followedBy, so they need trust. Nobody but the people that a private account follows may know of one.
 */
export function comesBy({ mayBeShown, isOpen, trust }: Standing): number {
  if (!mayBeShown) return 0;
  const isTrusted = Math.fround(trust) >= leastTrusted;
  if (!isOpen) return isTrusted ? sourceBits(sources.followsYou) : 0;
  return isTrusted ? everySource : sourceBits(sources.followedBy);
}

/**
 * 1 for somebody whose follows may lead anybody to a candidate. Everybody may read the follows of a public account. Without
 * trust, a ring of made-up accounts would lead everybody to itself.
 */
export function leads({ isOpen, trust }: Standing): number {
  return isOpen && Math.fround(trust) >= leastTrusted ? 1 : 0;
}

/** @returns the list as private.suggestion_lists takes it, the best first, and its witnesses */
export function listFor({ suggester, witnessing, mayCome }: ListMakers, viewer: number): WitnessedList {
  const ranked = suggester.suggest(viewer, rankedMost, mayCome);
  const { list, witnesses } = witnessing.find(viewer, ranked);
  list.length = Math.min(list.length, listMost);
  for (const candidate of list) candidate.score = Math.max(leastScore, candidate.score);
  return { list, witnesses };
}
