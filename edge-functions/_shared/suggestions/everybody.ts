/**
 * Computes the lists of all people whose day is over, in one pass: reads all follows once (network.ts), computes
 * lists, and writes those that have changed, 1,000 people at a time. `npm run worker` does it
 * (jobs/everybody.ts). sql/80-suggestions/60-everybody.sql has the other side.
 *
 * A pass that ends early, or whose process is killed, loses nothing: whose list was not written is still due.
 */
import { setImmediate } from "node:timers/promises";
import type { Sql, TransactionSql } from "postgres";
import { type ComputedList, copyOf } from "./copy-lists.ts";
import { fingerprintOf } from "./fingerprint.ts";
import { type Network, readNetwork } from "./network.ts";
import { listMost } from "./refresh.ts";
import { createSuggester, type Suggester } from "./suggest.ts";

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
  signal?: AbortSignal;
  report?: (message: string) => void;
}

/** People of one transaction. */
const batchPeople = 1000;
/** Some of the people whom the core ranks may not come. */
const rankedMost = Math.ceil(1.5 * listMost);
/** What private.keep_suggestion_pass() raises. */
const leaseLost = "55000";
/** So long nobody else in this process gets a turn. */
const sliceMs = 10;

/** @returns what was done, or undefined if there is too little to do, or if another worker has the pass */
export async function computeEverybody(sql: Sql, options: PassOptions): Promise<Pass | undefined> {
  const { least, signal, report = console.error } = options;
  const workerId = crypto.randomUUID();
  const [row] = await sql<{ began_at: Date | null }[]>`
    select private.begin_suggestion_pass(${workerId}, ${least}) as began_at
  `;
  if (!row?.began_at) return undefined;
  const began: Began = { workerId, beganAt: row.began_at };
  try {
    return await pass(sql, began, await readNetwork(sql, began.beganAt), { signal, report });
  } finally {
    await sql`select private.end_suggestion_pass(${workerId})`;
  }
}

interface Began {
  workerId: string;
  beganAt: Date;
}

async function pass(
  sql: Sql,
  began: Began,
  network: Network,
  { signal, report }: { signal: AbortSignal | undefined; report: (message: string) => void },
): Promise<Pass> {
  const done: Pass = { people: 0, written: 0, failed: 0, away: network.away.length };
  for (let start = 0; start < network.away.length && !signal?.aborted; start += batchPeople) {
    const ids = Array.from(network.away.subarray(start, start + batchPeople), network.people.idOf);
    await sql`select private.rest_suggestions(${ids}::uuid[])`;
  }

  const suggester = createSuggester(network.graph, undefined, network.context);
  let writing: Promise<void> = Promise.resolve();
  for (let start = 0; start < network.due.length && !signal?.aborted; start += batchPeople) {
    // Postgres writes one batch while this process computes the next one.
    const [batch] = await Promise.all([
      computeBatch(network, suggester, network.due.subarray(start, start + batchPeople)),
      writing,
    ]);
    writing = write(sql, began, network, batch, report).then(({ written, failed }) => {
      done.people += batch.changed.length + batch.same.length;
      done.written += written;
      done.failed += failed;
    });
    // Promise.all() above waits for it. Until then, an error must not end the process.
    writing.catch(() => {});
  }
  await writing;
  return done;
}

interface Batch {
  changed: ComputedList[];
  /** The people whose list is as before. */
  same: number[];
}

async function computeBatch(network: Network, suggester: Suggester, viewers: Int32Array): Promise<Batch> {
  const batch: Batch = { changed: [], same: [] };
  let pauseAtMs = performance.now() + sliceMs;
  for (const viewer of viewers) {
    const list = suggester
      .suggest(viewer, rankedMost)
      .filter(({ person }) => network.isDiscoverable[person])
      .slice(0, listMost);
    const fingerprint = fingerprintOf(list, network.people);
    if (fingerprint === network.fingerprints[viewer]) batch.same.push(viewer);
    else batch.changed.push({ viewer, list, fingerprint });
    if (performance.now() > pauseAtMs) {
      await setImmediate();
      pauseAtMs = performance.now() + sliceMs;
    }
  }
  return batch;
}

/** If one person's list cannot be written, the others of the batch are written one by one. */
async function write(
  sql: Sql,
  began: Began,
  network: Network,
  batch: Batch,
  report: (message: string) => void,
): Promise<{ written: number; failed: number }> {
  try {
    return { written: await writeTogether(sql, began, network, batch), failed: 0 };
  } catch (error) {
    if ((error as { code?: string }).code === leaseLost) throw error;
    report(`suggestions: a batch failed, and is written one by one: ${(error as Error).message}`);
  }
  let written = await writeTogether(sql, began, network, { changed: [], same: batch.same });
  let failed = 0;
  for (const computed of batch.changed) {
    try {
      written += await writeTogether(sql, began, network, { changed: [computed], same: [] });
    } catch (error) {
      const id = network.people.idOf(computed.viewer);
      report(`suggestions: the list of ${id} cannot be written: ${(error as Error).message}`);
      await sql`select private.skip_computed_suggestions(${began.workerId}, ${began.beganAt}, ${id})`;
      failed++;
    }
  }
  return { written, failed };
}

function writeTogether(sql: Sql, began: Began, network: Network, batch: Batch): Promise<number> {
  return sql.begin(async (transaction) => {
    await copy(transaction, copyOf(batch.changed, network.people));
    const [row] = await transaction<{ written: number }[]>`
      select private.write_computed_suggestions(
        ${began.workerId}, ${began.beganAt}, ${batch.same.map(network.people.idOf)}::uuid[]
      ) as written
    `;
    return row?.written ?? 0;
  }) as Promise<number>;
}

async function copy(sql: TransactionSql, bytes: Uint8Array): Promise<void> {
  await sql`
    create temporary table computed_suggestions (
      viewer_id uuid, profile_ids uuid[], sources smallint[], scores real[], fingerprint bigint
    ) on commit drop
  `;
  const stream = await sql`copy pg_temp.computed_suggestions from stdin (format binary)`.writable();
  await new Promise<void>((resolve, reject) => {
    stream.once("error", reject);
    stream.once("finish", resolve);
    stream.end(bytes);
  });
}
