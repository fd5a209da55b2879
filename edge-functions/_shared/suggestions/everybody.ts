/**
 * Computes the lists of all people whose day is over, in one pass: reads all follows once (network.ts), computes lists in
 * threads, and writes those that have changed enough (keep.ts), 1,000 people at a time. `npm run worker` does it (jobs/everybody.ts).
 * sql/80-suggestions/60-everybody.sql has the other side.
 *
 * A pass that ends early, or whose process is killed, loses nothing: whose list was not written is still due.
 */
import { Buffer } from "node:buffer";
import type { Sql, TransactionSql } from "postgres";
import { copyHead, copyTail } from "./copy-lists.ts";
import { comparedMost, packed } from "./keep.ts";
import { type ListThread, startListThreads } from "./list-threads.ts";
import type { ListBatch } from "./lists.ts";
import { type Network, readNetwork } from "./network.ts";
import { idBytes, idOf, viewOf } from "./people-index.ts";

export interface Pass {
  /** How many lists were computed. */
  people: number;
  /** How many of them were new, and were written. */
  written: number;
  /** How many could not be written. */
  failed: number;
  /** How many people were away. Their lists were deleted. */
  away: number;
}

export interface PassOptions {
  /** With fewer people to do, there is no pass. The jobs for one person are cheaper. */
  least: number;
  /** How many threads compute. Each needs a connection. 1 if absent. */
  threads?: number;
  signal?: AbortSignal;
  report?: (message: string) => void;
}

/** People of one transaction. */
const batchPeople = 1000;
/** What private.write_computed_suggestions() raises if another worker has the pass. */
const passLost = "55000";

/**
 * @param sql at least one connection for each thread, and one more
 * @returns what was done, or undefined if there is too little to do, or if another worker has the pass
 */
export async function computeEverybody(sql: Sql, options: PassOptions): Promise<Pass | undefined> {
  const { least, threads = 1, signal, report = console.error } = options;
  const workerId = crypto.randomUUID();
  const [row] = await sql<{ began_at: Date | null }[]>`
    select private.begin_suggestion_pass(${workerId}, ${least}) as began_at
  `;
  if (!row?.began_at) return undefined;
  try {
    const beganAt = row.began_at;
    const network = (await sql.begin("isolation level repeatable read read only", (transaction) =>
      readNetwork(transaction, beganAt),
    )) as Network;
    await sql`
      update private.suggestion_pass set mutual_share = ${network.input.mutualShare}
      where worker_id = ${workerId}
    `;
    return await pass({ sql, workerId, beganAt, network, signal, report }, threads);
  } finally {
    await sql`select private.end_suggestion_pass(${workerId})`;
  }
}

interface Running {
  sql: Sql;
  workerId: string;
  beganAt: Date;
  network: Network;
  signal: AbortSignal | undefined;
  report: (message: string) => void;
}

async function pass(running: Running, amount: number): Promise<Pass> {
  const { sql, network, signal } = running;
  const done: Pass = { people: 0, written: 0, failed: 0, away: network.away.length };
  for (const batch of batchesOf(network.away)) {
    if (signal?.aborted) return done;
    await sql`select private.rest_suggestions(${idsOf(batch, network)}::uuid[])`;
  }
  await using started = startListThreads(network.input, amount);
  // If one thread fails, the others stop after their batch.
  const failing = new AbortController();
  const stopping = signal ? AbortSignal.any([signal, failing.signal]) : failing.signal;
  const shards = started.threads.map((thread, place) => {
    const viewers = network.due.filter((person) => shardOf(person, amount) === place);
    return doShard({ ...running, signal: stopping }, thread, viewers, done).catch((error) => {
      failing.abort();
      throw error;
    });
  });
  const ended = await Promise.allSettled(shards);
  for (const shard of ended) if (shard.status === "rejected") throw shard.reason;
  return done;
}

/** A hash, so that each thread gets people of all kinds. */
function shardOf(person: number, amount: number): number {
  return (Math.imul(person, 0x9e3779b1) >>> 16) % amount;
}

/** Postgres writes one batch, and reads the lists that the one after has, while the thread computes. */
async function doShard(running: Running, thread: ListThread, viewers: Int32Array, done: Pass): Promise<void> {
  let last: ListBatch | undefined;
  const batches = [...batchesOf(viewers)];
  const read = async (viewers: Int32Array) => ({
    known: await knownOf(running, viewers),
    refused: await refusedOf(running, viewers),
  });
  let before = batches[0] && (await read(batches[0]));
  for (const [turn, batch] of batches.entries()) {
    if (running.signal?.aborted) break;
    const following = batches[turn + 1];
    const database = async () => {
      if (last) await write(running, last, done);
      return following && read(following);
    };
    const request = { viewers: batch, known: undefined, refused: [], ...before };
    [last, before] = await Promise.all([thread.compute(request), database()]);
  }
  if (last) await write(running, last, done);
}

/** @returns the first places of the list of each viewer: keep.ts. Undefined if nobody has a list */
async function knownOf(
  { sql, network }: Running,
  viewers: Int32Array,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (viewers.every((viewer) => network.input.fingerprints[viewer] === 0n)) return undefined;
  const rows = await sql<{ first: Uint8Array | null }[]>`
    select array_send(list.profile_ids[:${comparedMost}::integer]) as first
    from unnest(${idsOf(viewers, network)}::uuid[]) with ordinality as viewer (id, place)
    left join private.suggestion_lists as list on list.viewer_id = viewer.id
    order by viewer.place
  `;
  return packed(rows.map(({ first }) => first));
}

/** @returns the numbers of those who may not be suggested to each viewer */
async function refusedOf({ sql, network }: Running, viewers: Int32Array): Promise<Int32Array[]> {
  const refused: Int32Array[] = Array(viewers.length).fill(new Int32Array());
  const rows = await sql<{ place: number; ids: Uint8Array }[]>`
    select viewer.place::integer, string_agg(uuid_send(never.id), '') as ids
    from unnest(${idsOf(viewers, network)}::uuid[]) with ordinality as viewer (id, place)
    cross join lateral private.never_suggested_to(viewer.id) as never (id)
    group by viewer.place
  `;
  for (const { place, ids } of rows) {
    const view = viewOf(ids);
    refused[place - 1] = Int32Array.from({ length: ids.length / idBytes }, (_, at) =>
      network.people.find(view, at * idBytes),
    ).filter((person) => person >= 0);
  }
  return refused;
}

function* batchesOf(people: Int32Array): Generator<Int32Array> {
  for (let start = 0; start < people.length; start += batchPeople)
    yield people.slice(start, start + batchPeople);
}

async function write(running: Running, batch: ListBatch, done: Pass): Promise<void> {
  const { written, failed } = await writeSome(running, batch);
  done.people += batch.changed.length + batch.same.length - failed;
  done.written += written;
  done.failed += failed;
}

/** If somebody's list cannot be written, each half of the batch is tried, and so on. The others do not suffer. */
async function writeSome(running: Running, batch: ListBatch): Promise<{ written: number; failed: number }> {
  const { sql, workerId, beganAt, network, report } = running;
  try {
    return { written: await writeTogether(running, batch), failed: 0 };
  } catch (error) {
    const amount = batch.changed.length;
    if (amount === 0 || (error as { code?: string }).code === passLost) throw error;
    if (amount > 1) {
      const first = await writeSome(running, { ...part(batch, 0, amount >> 1), same: batch.same });
      const second = await writeSome(running, part(batch, amount >> 1, amount));
      return { written: first.written + second.written, failed: first.failed + second.failed };
    }
    const id = idOf(batch.changed[0] as number, network.input.ids);
    report(`suggestions: the list of ${id} cannot be written: ${(error as Error).message}`);
    await sql`select private.skip_computed_suggestions(${workerId}, ${beganAt}, ${id})`;
    if (batch.same.length > 0) await writeTogether(running, { ...part(batch, 0, 0), same: batch.same });
    return { written: 0, failed: 1 };
  }
}

/** @returns some of the lists that are new */
function part({ changed, rows }: ListBatch, from: number, to: number): ListBatch {
  const start = rows.ends[from - 1] ?? 0;
  return {
    changed: changed.slice(from, to),
    rows: {
      bytes: rows.bytes.subarray(start, rows.ends[to - 1] ?? start),
      ends: rows.ends.slice(from, to).map((end) => end - start),
    },
    same: [],
  };
}

/** @returns how many lists were new */
function writeTogether(running: Running, { rows, same }: ListBatch): Promise<number> {
  const { sql, workerId, beganAt, network } = running;
  return sql.begin(async (transaction) => {
    await copy(transaction, Buffer.concat([copyHead, rows.bytes, copyTail]));
    const [row] = await transaction<{ written: number }[]>`
      select private.write_computed_suggestions(${workerId}, ${beganAt}, ${idsOf(same, network)}::uuid[]) as written
    `;
    return row?.written ?? 0;
  }) as Promise<number>;
}

async function copy(sql: TransactionSql, bytes: Uint8Array): Promise<void> {
  await sql`
    create temporary table computed_suggestions (
      viewer_id uuid, profile_ids uuid[], sources smallint[], scores real[], fingerprint bigint, witness_ids uuid[]
    ) on commit drop
  `;
  const stream = await sql`copy pg_temp.computed_suggestions from stdin (format binary)`.writable();
  await new Promise<void>((resolve, reject) => {
    stream.once("error", reject);
    stream.once("finish", resolve);
    stream.end(bytes);
  });
}

function idsOf(people: Iterable<number>, { input }: Network): string[] {
  return Array.from(people, (person) => idOf(person, input.ids));
}
