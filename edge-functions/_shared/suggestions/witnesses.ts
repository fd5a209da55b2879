/**
 * Finds out why somebody is "followed alongside": a person that the viewer follows, and two people who follow both. The
 * list keeps the three, so that reading it asks whether this is still true and searches for nothing
 * (sql/80-suggestions/23-witnesses.sql).
 */
import { follows, type Graph, outDegree } from "./graph.ts";
import { sources } from "./sources.ts";
import type { Candidate } from "./suggest.ts";

/** Somebody that the viewer follows, and two people who follow them and the candidate. */
export type Witnesses = [alike: number, one: number, other: number];

/** So many places of a list have witnesses: a page and a little more. private.suggestion_lists has room for them. */
export const witnessedMost = 12;
/** Somebody who follows more people tells nothing about two of them. SQL has the same number in its search. */
const followsMost = 1000;
/** So many followers of one person are asked, and so many follows are read or looked up. */
const followersMost = 50;
const visitsMost = 2000;

export interface Witnessing {
  /** @returns the witnesses of each of the first places. None where the reason is another one, or where there are too few */
  find(viewer: number, list: Candidate[]): (Witnesses | undefined)[];
}

/**
 * Takes 5 bytes a person.
 *
 * @param isOpen 1 for people with a public account. Everybody may read their follows
 */
export function createWitnessing(graph: Graph, isOpen: Uint8Array): Witnessing {
  const { out, outStarts, in: incoming, inStarts } = graph;
  /** 1 for those that the viewer follows. */
  const isFollowed = new Uint8Array(graph.people);
  /** Who was found to follow this person and the candidate, plus one. */
  const first = new Int32Array(graph.people);
  const touched: number[] = [];

  function mark(viewer: number, value: number) {
    const end = outStarts[viewer + 1] as number;
    for (let place = outStarts[viewer] as number; place < end; place++)
      isFollowed[out[place] as number] = value;
  }

  const mayTell = (witness: number, viewer: number) =>
    witness !== viewer && isOpen[witness] === 1 && outDegree(graph, witness) <= followsMost;

  /** Asks followers of the candidate whom else they follow. */
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

  /** Asks followers of those that the viewer follows whether they also follow the candidate. */
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

  return {
    find(viewer, list) {
      mark(viewer, 1);
      const found = list.slice(0, witnessedMost).map(({ person, source }) => {
        if (source !== sources.followedAlongside) return undefined;
        const witnesses = searchFromCandidate(viewer, person) ?? searchFromViewer(viewer, person);
        for (const alike of touched) first[alike] = 0;
        touched.length = 0;
        return witnesses;
      });
      mark(viewer, 0);
      return found;
    },
  };
}
