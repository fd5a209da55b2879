/**
 * Finds out why somebody is "followed alongside": a person that the viewer follows, and two people who follow both. The
 * list keeps the three, so that reading it asks whether this is still true and searches for nothing
 * (sql/80-suggestions/25-asking-again.sql).
 */
import { follows, type Graph, outDegree } from "./graph.ts";
import { sources } from "./sources.ts";
import type { Candidate } from "./suggest.ts";

/** Somebody that the viewer follows, and two people who follow them and the candidate. */
export type Witnesses = [alike: number, one: number, other: number];

/** The number of places of a list that have witnesses: a page and a little more. private.suggestion_lists has room for them. */
export const witnessedMost = 12;
/** Somebody who follows more people tells nothing about two of them. SQL has the same number in its search. */
const followsMost = 1000;
/** The search asks at most 50 followers of one person, and reads or looks up about 2,000 follows. */
const followersMost = 50;
const visitsMost = 2000;

/** At most 30 candidates are tried for these places. */
const triedMost = 30;

export interface WitnessedList {
  list: Candidate[];
  /** The witnesses of the first places. Undefined where the reason is another one. */
  witnesses: (Witnesses | undefined)[];
}

export interface Witnessing {
  /**
   * Candidates who would stand in the first places, but have no witnesses, get their other reason. They are left out if
   * they have none: reading finds no reason for them either.
   */
  find(viewer: number, list: Candidate[]): WitnessedList;
}

/**
 * Takes 5 bytes a person.
 *
 * @param mayLead 1 for people who may be witnesses: everybody may read their follows
 */
export function createWitnessing(graph: Graph, mayLead: Uint8Array): Witnessing {
  const { out, outStarts, in: incoming, inStarts } = graph;
  /** 1 for those that the viewer follows. */
  const isFollowed = new Uint8Array(graph.people);
  /** By person: somebody who follows this person and the candidate, plus one. 0 for nobody. */
  const first = new Int32Array(graph.people);
  const touched: number[] = [];

  function mark(viewer: number, value: number) {
    const end = outStarts[viewer + 1] as number;
    for (let place = outStarts[viewer] as number; place < end; place++)
      isFollowed[out[place] as number] = value;
  }

  const mayTell = (witness: number, viewer: number) =>
    witness !== viewer && mayLead[witness] === 1 && outDegree(graph, witness) <= followsMost;

  /** Looks at the other follows of the candidate's followers. */
  function searchFromCandidate(viewer: number, candidate: number): Witnesses | undefined {
    const start = inStarts[candidate] as number;
    const followers = (inStarts[candidate + 1] as number) - start;
    const asked = Math.min(followers, followersMost);
    let visits = 0;
    for (let turn = 0; turn < asked && visits < visitsMost; turn++) {
      const witness = incoming[start + Math.floor((turn * followers) / asked)] as number;
      if (!mayTell(witness, viewer)) continue;
      const from = outStarts[witness] as number;
      const end = outStarts[witness + 1] as number;
      visits += end - from;
      for (let place = from; place < end; place++) {
        const alike = out[place] as number;
        if (isFollowed[alike] === 0) continue;
        const known = first[alike] as number;
        if (known > 0) return [alike, known - 1, witness];
        first[alike] = witness + 1;
        touched.push(alike);
      }
    }
    return undefined;
  }

  /** Looks up whether followers of the people that the viewer follows also follow the candidate. */
  function searchFromViewer(viewer: number, candidate: number): Witnesses | undefined {
    const from = outStarts[viewer] as number;
    const end = outStarts[viewer + 1] as number;
    let visits = 0;
    for (let place = from; place < end; place++) {
      const alike = out[place] as number;
      const start = inStarts[alike] as number;
      const followers = (inStarts[alike + 1] as number) - start;
      const asked = Math.min(followers, followersMost);
      let known = -1;
      for (let turn = 0; turn < asked; turn++) {
        if (++visits > visitsMost) return undefined;
        const witness = incoming[start + Math.floor((turn * followers) / asked)] as number;
        if (!mayTell(witness, viewer) || !follows(graph, witness, candidate)) continue;
        if (known >= 0) return [alike, known, witness];
        known = witness;
      }
    }
    return undefined;
  }

  function witnessesOf(viewer: number, candidate: number): Witnesses | undefined {
    const witnesses = searchFromCandidate(viewer, candidate) ?? searchFromViewer(viewer, candidate);
    for (const alike of touched) first[alike] = 0;
    touched.length = 0;
    return witnesses;
  }

  return {
    find(viewer, list) {
      const kept: Candidate[] = [];
      const found: (Witnesses | undefined)[] = [];
      mark(viewer, 1);
      for (const [place, candidate] of list.entries()) {
        if (found.length < witnessedMost && place < triedMost) {
          const isAlongside = candidate.source === sources.followedAlongside;
          const witnesses = isAlongside ? witnessesOf(viewer, candidate.person) : undefined;
          if (isAlongside && !witnesses) {
            if (candidate.otherSource === undefined) continue;
            kept.push({ ...candidate, source: candidate.otherSource });
          } else kept.push(candidate);
          found.push(witnesses);
        } else kept.push(candidate);
      }
      mark(viewer, 0);
      return { list: kept, witnesses: found };
    },
  };
}
