/**
 * Computes the list of one person: Postgres reads the follows around them (sql/80-suggestions/40-neighbourhoods.sql),
 * the core ranks, and Postgres writes the list if it differs from the old one. The worker jobs/suggestions.ts does it
 * after each follow. It reads a bounded number of follows, so it needs little memory and time in every network.
 */
import { Buffer } from "node:buffer";
import type { TransactionSql } from "postgres";
import { createBest } from "./best.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { buildGraph, withLeaders } from "./graph.ts";
import { quick } from "./limits.ts";
import { comesBy, leads, listFor } from "./lists.ts";
import { createPeopleIndex, idBytes, idOf, type PeopleIndex, viewOf } from "./people-index.ts";
import { createSuggester } from "./suggest.ts";
import { directed } from "./weights.ts";
import { createWitnessing } from "./witnesses.ts";

/** People who are known only from the lists of others: the ones with the most follows to them and from them. */
const othersMost = 400;

interface Neighbours {
  owner_id: Uint8Array;
  side: "followees" | "followers";
  members: Uint8Array;
}

/** What Postgres says of each person: private.suggestion_facts(). */
const factBytes = 16;

/** The follows around a person, by numbers. */
interface Neighbourhood {
  people: PeopleIndex;
  me: number;
  /** Those whose follows or followers were read. They are in the middle of paths. */
  owners: Int32Array;
  from: Int32Array;
  to: Int32Array;
}

type Thinned = Omit<Neighbourhood, "owners">;

/**
 * @param sql a transaction
 * @returns whether the list is a new one. False if it is as before, or if the account has ended
 */
export async function refreshSuggestions(sql: TransactionSql, profileId: string): Promise<boolean> {
  const rows = await sql<Neighbours[]>`
    select owner_id, side, members from private.suggestion_neighbourhood(${profileId})
  `;
  const around = thinned(readNeighbourhood(profileId, rows));
  const ids = around.people.ids();
  const [known] = await sql<{ facts: Uint8Array; mutual_share: number }[]>`
    select
      private.suggestion_facts(${profileId}, ${Buffer.from(ids)}) as facts,
      private.mutual_share() as mutual_share
  `;
  const { facts, mutual_share: mutualShare } = known as NonNullable<typeof known>;
  const { graph, trust, mayCome, mayLead } = withFacts(around, viewOf(facts));
  const suggester = createSuggester(graph, directed, { trust, limits: quick, mutualShare });
  const witnessing = createWitnessing(graph, mayLead);
  const { list, witnesses } = listFor({ suggester, witnessing, mayCome }, around.me);
  const [row] = await sql<{ written: boolean }[]>`
    select private.write_suggestion_list(
      ${profileId},
      ${list.map(({ person }) => idOf(person, ids))}::uuid[],
      ${list.map(({ source }) => source)}::smallint[],
      ${list.map(({ score }) => score)}::real[],
      ${witnesses.flatMap((three) => three?.map((person) => idOf(person, ids)) ?? [null, null, null])}::uuid[]
    ) as written
  `;
  if (!row?.written) return false;
  await sql`
    update private.suggestion_turns
    set fingerprint = ${String(fingerprintOf(list, ids))}
    where profile_id = ${profileId}
  `;
  return true;
}

function readNeighbourhood(profileId: string, rows: Neighbours[]): Neighbourhood {
  const size = rows.reduce((sum, { members }) => sum + members.length / idBytes, 0);
  const people = createPeopleIndex(size + 1);
  // Postgres finds the owners in any order. Sorted, the same people get the same numbers.
  rows.sort((one, other) => Buffer.compare(one.owner_id, other.owner_id) || (one.side < other.side ? -1 : 1));
  const me = people.add(viewOf(Buffer.from(profileId.replaceAll("-", ""), "hex")), 0);
  const from = new Int32Array(size);
  const to = new Int32Array(size);
  const owners = new Int32Array(rows.length);
  let edge = 0;
  for (const [row, { owner_id, side, members }] of rows.entries()) {
    const owner = people.add(viewOf(owner_id), 0);
    owners[row] = owner;
    const view = viewOf(members);
    for (let offset = 0; offset < members.length; offset += idBytes) {
      const member = people.add(view, offset);
      from[edge] = side === "followees" ? owner : member;
      to[edge++] = side === "followees" ? member : owner;
    }
  }
  return { people, me, owners, from, to };
}

/**
 * Leaves out most of the people whose follows were not read. The numbers are in the order of the ids. So the same follows
 * give the same list.
 */
function thinned({ people, me, owners, from, to }: Neighbourhood): Thinned {
  const isKept = new Uint8Array(people.size);
  const met = new Int32Array(people.size);
  isKept[me] = 1;
  for (const person of owners) isKept[person] = 1;
  for (const person of from) met[person] = (met[person] as number) + 1;
  for (const person of to) met[person] = (met[person] as number) + 1;
  const others = createBest(othersMost);
  for (let person = 0; person < people.size; person++)
    if (isKept[person] === 0) others.offer(person, met[person] as number, person);
  for (const person of others.items.subarray(0, others.size)) isKept[person] = 1;

  const ids = people.ids();
  const words = viewOf(ids);
  const inOrder: number[] = [];
  for (let person = 0; person < people.size; person++) if (isKept[person] === 1) inOrder.push(person);
  inOrder.sort(
    (one, other) =>
      words.getUint32(one * idBytes) - words.getUint32(other * idBytes) || compareIds(ids, one, other),
  );
  const kept = createPeopleIndex(inOrder.length);
  const numbers = new Int32Array(people.size);
  for (const person of inOrder) numbers[person] = kept.add(words, person * idBytes);

  let size = 0;
  const keptFrom = new Int32Array(from.length);
  const keptTo = new Int32Array(from.length);
  for (let edge = 0; edge < from.length; edge++) {
    if (isKept[from[edge] as number] === 0 || isKept[to[edge] as number] === 0) continue;
    keptFrom[size] = numbers[from[edge] as number] as number;
    keptTo[size++] = numbers[to[edge] as number] as number;
  }
  return {
    people: kept,
    me: numbers[me] as number,
    from: keptFrom.subarray(0, size),
    to: keptTo.subarray(0, size),
  };
}

function compareIds(ids: Uint8Array, one: number, other: number): number {
  const at = (person: number) => ids.subarray(person * idBytes, (person + 1) * idBytes);
  return Buffer.compare(at(one), at(other));
}

/** The lists of the graph are samples. So it also has how many follows everybody has in the whole network. */
function withFacts({ people, from, to }: Thinned, facts: DataView) {
  const trust = new Float32Array(people.size);
  const mayCome = new Uint8Array(people.size);
  const mayLead = new Uint8Array(people.size);
  const outDegrees = new Int32Array(people.size);
  const inDegrees = new Int32Array(people.size);
  for (let person = 0; person < people.size; person++) {
    const at = person * factBytes;
    trust[person] = facts.getFloat32(at);
    outDegrees[person] = facts.getInt32(at + 4);
    inDegrees[person] = facts.getInt32(at + 8);
    const standing = {
      mayBeShown: facts.getUint8(at + 15) === 1,
      isOpen: facts.getUint8(at + 14) === 1,
      trust: trust[person] as number,
    };
    mayCome[person] = comesBy(standing);
    mayLead[person] = leads(standing);
  }
  const graph = { ...withLeaders(buildGraph(people.size, from, to), mayLead), outDegrees, inDegrees };
  return { graph, trust, mayCome, mayLead };
}
