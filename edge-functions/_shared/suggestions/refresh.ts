/**
 * Computes the list of one person: Postgres reads the follows around them (sql/80-suggestions/40-neighbourhoods.sql),
 * the core ranks, and Postgres writes the list if it differs from the old one. The worker jobs/suggestions.ts does it
 * after each follow. It reads a bounded number of follows, so it needs little memory and time in every network.
 */
import { Buffer } from "node:buffer";
import type { TransactionSql } from "postgres";
import { fingerprintOf } from "./fingerprint.ts";
import { buildGraph } from "./graph.ts";
import { quick } from "./limits.ts";
import { listFor } from "./lists.ts";
import { createPeopleIndex, idBytes, idOf, type PeopleIndex, viewOf } from "./people-index.ts";
import { createSuggester } from "./suggest.ts";
import { directed } from "./weights.ts";

/** People who can be suggested, besides those in the middle of a path. The ones that most paths reach. */
const candidatesMost = 400;

interface Neighbours {
  owner_id: Uint8Array;
  side: "followees" | "followers";
  members: Uint8Array;
}

interface Facts {
  place: string;
  trust: number;
  following: number;
  followers: number;
  may_come: boolean;
}

/** The follows around a person, by numbers. */
interface Neighbourhood {
  people: PeopleIndex;
  me: number;
  from: Int32Array;
  to: Int32Array;
}

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
  const facts = await sql<Facts[]>`
    select place, trust, following, followers, may_come
    from private.suggestion_facts(${profileId}, ${Buffer.from(ids)})
  `;
  const [network] = await sql<{ mutual_share: number }[]>`select private.mutual_share() as mutual_share`;
  const { graph, trust, mayCome } = withFacts(around, facts);
  const context = { trust, limits: quick, mutualShare: network?.mutual_share ?? 0 };
  const list = listFor(createSuggester(graph, directed, context), around.me, mayCome);
  const [row] = await sql<{ written: boolean }[]>`
    select private.write_suggestion_list(
      ${profileId},
      ${list.map(({ person }) => idOf(person, ids))}::uuid[],
      ${list.map(({ source }) => source)}::smallint[],
      ${list.map(({ score }) => score)}::real[]
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
  const people = createPeopleIndex(4096);
  // Postgres finds the owners in any order. Sorted, the same people get the same numbers.
  rows.sort((one, other) => Buffer.compare(one.owner_id, other.owner_id) || (one.side < other.side ? -1 : 1));
  const me = people.add(viewOf(Buffer.from(profileId.replaceAll("-", ""), "hex")), 0);
  const size = rows.reduce((sum, { members }) => sum + members.length / idBytes, 0);
  const from = new Int32Array(size);
  const to = new Int32Array(size);
  let edge = 0;
  for (const { owner_id, side, members } of rows) {
    const owner = people.add(viewOf(owner_id), 0);
    const view = viewOf(members);
    for (let offset = 0; offset < members.length; offset += idBytes) {
      const member = people.add(view, offset);
      from[edge] = side === "followees" ? owner : member;
      to[edge++] = side === "followees" ? member : owner;
    }
  }
  return { people, me, from, to };
}

/**
 * Leaves out the people with the fewest paths to them. Everybody who follows somebody here is in the middle of a path.
 * The numbers are in the order of the ids. So the same follows give the same list.
 */
function thinned({ people, me, from, to }: Neighbourhood): Neighbourhood {
  const isKept = new Uint8Array(people.size);
  const reached = new Int32Array(people.size);
  isKept[me] = 1;
  for (const person of from) isKept[person] = 1;
  for (const person of to) reached[person] = (reached[person] as number) + 1;
  const everybody = Array.from({ length: people.size }, (_, person) => person);
  for (const person of everybody
    .filter((person) => !isKept[person])
    .sort((one, other) => (reached[other] as number) - (reached[one] as number))
    .slice(0, candidatesMost))
    isKept[person] = 1;

  const ids = Buffer.from(people.ids());
  const idFrom = (person: number) => ids.subarray(person * idBytes, (person + 1) * idBytes);
  const kept = createPeopleIndex(people.size);
  const numbers = new Int32Array(people.size);
  for (const person of everybody
    .filter((person) => isKept[person])
    .sort((one, other) => Buffer.compare(idFrom(one), idFrom(other))))
    numbers[person] = kept.add(viewOf(idFrom(person)), 0);
  const edges = from.map((_, edge) => edge).filter((edge) => isKept[to[edge] as number]);
  return {
    people: kept,
    me: numbers[me] as number,
    from: edges.map((edge) => numbers[from[edge] as number] as number),
    to: edges.map((edge) => numbers[to[edge] as number] as number),
  };
}

/** The lists of the graph are samples. So it also has how many follows everybody has in the whole network. */
function withFacts({ people, from, to }: Neighbourhood, facts: Facts[]) {
  const trust = new Float32Array(people.size);
  const mayCome = new Uint8Array(people.size);
  const outDegrees = new Int32Array(people.size);
  const inDegrees = new Int32Array(people.size);
  for (const { place, ...fact } of facts) {
    const person = Number(place);
    trust[person] = fact.trust;
    mayCome[person] = fact.may_come ? 1 : 0;
    outDegrees[person] = fact.following;
    inDegrees[person] = fact.followers;
  }
  return { graph: { ...buildGraph(people.size, from, to), outDegrees, inDegrees }, trust, mayCome };
}
