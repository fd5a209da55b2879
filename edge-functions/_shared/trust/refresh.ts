/**
 * One refresh of trust: reads who has to do with whom, computes, and writes what changed (sql/73-trust/40-refresh.sql).
 * The worker jobs/trust.ts does it. Tests and benchmarks do it at moments of their own.
 */
import type { Sql, TransactionSql } from "postgres";
import { copyRows } from "./copy-rows.ts";
import { buildNetwork, type Gifts } from "./network.ts";
import { createNumbers, type Numbers } from "./numbers.ts";
import { computeTrust, type People } from "./trust.ts";

export interface Refreshed {
  people: number;
  gifts: number;
  seeds: number;
  /** How many people count now, and how many rows changed. */
  counting: number;
  written: number;
}

/** @param sql a connection or a transaction. If it fails, nothing has happened */
export async function refreshTrust(sql: Sql | TransactionSql): Promise<Refreshed> {
  const { numbers, people } = await readPeople(sql);
  const gifts = await readGifts(sql, numbers);
  const { weights, counts, seeds } = computeTrust(people, buildNetwork(numbers.size, gifts));

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
  const counting = counts.reduce((sum, is) => sum + is, 0);
  return { people: numbers.size, gifts: gifts.size, seeds, counting, written: row?.written ?? 0 };
}

/** As Postgres reads it. The library would look at the type of each value. */
const arrayOf = (values: (string | number | boolean)[]) => `{${values.join(",")}}`;

async function readPeople(sql: Sql | TransactionSql): Promise<{ numbers: Numbers; people: People }> {
  const numbers = createNumbers();
  const flags: number[] = [];
  await copyRows(
    sql,
    "select id, is_old, is_early, is_seed from private.trust_people",
    [16, 1, 1, 1],
    (bytes, [id = 0, ...places]) => {
      numbers.add(bytes, id);
      flags.push(...places.map((place) => bytes.getUint8(place)));
    },
  );
  const every = (place: number) =>
    Uint8Array.from({ length: numbers.size }, (_, n) => flags[3 * n + place] as number);
  const [row] = await sql<{ exist: boolean }[]>`select exists (select from private.trust_seeds) as exist`;
  const haveSeeds = row?.exist ?? false;
  return { numbers, people: { areOld: every(0), areEarly: every(1), areSeeds: every(2), haveSeeds } };
}

/** Leaves out gifts from and to those who are banned, and who came or went meanwhile. */
async function readGifts(sql: Sql | TransactionSql, numbers: Numbers): Promise<Gifts> {
  let room = 1 << 16;
  const gifts: Gifts = {
    size: 0,
    givers: new Int32Array(room),
    receivers: new Int32Array(room),
    areFriends: new Uint8Array(room),
  };
  const grow = () => {
    room *= 2;
    const { givers, receivers, areFriends } = gifts;
    gifts.givers = new Int32Array(room);
    gifts.receivers = new Int32Array(room);
    gifts.areFriends = new Uint8Array(room);
    gifts.givers.set(givers);
    gifts.receivers.set(receivers);
    gifts.areFriends.set(areFriends);
  };
  await copyRows(
    sql,
    "select giver_id, receiver_id, is_friend from private.trust_gifts",
    [16, 16, 1],
    (bytes, [giverAt = 0, receiverAt = 0, friendAt = 0]) => {
      const giver = numbers.find(bytes, giverAt);
      const receiver = numbers.find(bytes, receiverAt);
      if (giver < 0 || receiver < 0) return;
      if (gifts.size === room) grow();
      gifts.givers[gifts.size] = giver;
      gifts.receivers[gifts.size] = receiver;
      gifts.areFriends[gifts.size++] = bytes.getUint8(friendAt);
    },
  );
  return gifts;
}
