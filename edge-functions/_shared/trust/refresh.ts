/**
 * One refresh of trust: reads interactions and follows, computes, and writes what changed (sql/73-trust/40-refresh.sql).
 * The worker jobs/trust.ts does it. Tests and benchmarks do it at moments of their own.
 */
import type { Sql, TransactionSql } from "postgres";
import { copyRows } from "./copy-rows.ts";
import { createPairs, type Lists, listsOf, mutual, without } from "./lists.ts";
import { buildNetwork } from "./network.ts";
import { createNumbers, type Numbers } from "./numbers.ts";
import { computeTrust, type People } from "./trust.ts";

export interface Refreshed {
  people: number;
  /** How many interactions and follows it read. */
  read: number;
  seeds: number;
  /** How many people count now, and how many rows changed. */
  counting: number;
  written: number;
}

const idBytes = 16;

/** @param sql a connection or a transaction. If it fails, nothing has happened */
export async function refreshTrust(sql: Sql | TransactionSql): Promise<Refreshed> {
  const { numbers, people } = await readPeople(sql);
  const answered = await readLists(sql, numbers, "private.trust_answered");
  const following = await readLists(sql, numbers, "private.trust_following");
  // People who answer somebody and then block or mute them do not trust them.
  const shunned = await readLists(sql, numbers, "private.trust_shunned");
  const network = buildNetwork(without(answered, shunned), without(mutual(following), shunned));
  const { weights, counts, seeds } = computeTrust(people, network);

  const rows = { ids: [] as string[], weights: [] as number[], counts: [] as boolean[] };
  for (let number = 0; number < numbers.size; number++) {
    if (weights[number] === 0) continue;
    rows.ids.push(numbers.idOf(number));
    rows.weights.push(weights[number] as number);
    rows.counts.push(counts[number] === 1);
  }
  const [row] = await sql<{ written: number }[]>`
    select private.write_trust(
      ${arrayOf(rows.ids)}::uuid[], ${arrayOf(rows.weights)}::real[], ${arrayOf(rows.counts)}::boolean[]
    ) as written
  `;
  return {
    people: numbers.size,
    read: answered.others.length + following.others.length,
    seeds,
    counting: counts.reduce((sum, is) => sum + is, 0),
    written: row?.written ?? 0,
  };
}

/** As Postgres reads it. The library would look at the type of each value. */
const arrayOf = (values: (string | number | boolean)[]) => `{${values.join(",")}}`;

async function readPeople(sql: Sql | TransactionSql): Promise<{ numbers: Numbers; people: People }> {
  const numbers = createNumbers();
  const flags: number[] = [];
  const query = "select id, is_old, is_early, is_seed, is_founder from private.trust_people";
  await copyRows(sql, query, 5, (bytes, { starts: [id = 0, ...others] }) => {
    numbers.add(bytes, id);
    for (const at of others) flags.push(bytes.getUint8(at));
  });
  const every = (place: number) =>
    Uint8Array.from({ length: numbers.size }, (_, number) => flags[4 * number + place] as number);
  const [row] = await sql<{ exist: boolean }[]>`select exists (select from private.trust_seeds) as exist`;
  const haveSeeds = row?.exist ?? false;
  const founders = every(3).reduce((sum, is) => sum + is, 0);
  return {
    numbers,
    people: { areOld: every(0), areEarly: every(1), areSeeds: every(2), haveSeeds, founders },
  };
}

/** Leaves out those who are banned, and who came or went meanwhile. */
async function readLists(sql: Sql | TransactionSql, numbers: Numbers, view: string): Promise<Lists> {
  const pairs = createPairs();
  await copyRows(sql, `select profile_id, others from ${view}`, 2, (bytes, { starts, lengths }) => {
    const [id = 0, start = 0] = starts;
    const one = numbers.find(bytes, id);
    if (one < 0) return;
    const end = start + (lengths[1] as number);
    for (let at = start; at < end; at += idBytes) {
      const other = numbers.find(bytes, at);
      if (other >= 0) pairs.add(one, other);
    }
  });
  return listsOf(numbers.size, pairs);
}
