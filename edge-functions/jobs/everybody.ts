/**
 * A thread of `npm run worker` (worker.ts): one pass over the suggestions of everybody. In a thread of its own, because
 * it computes for minutes, and the jobs must go on meanwhile. Any message stops it after the batch that it works on.
 */
import { parentPort, workerData } from "node:worker_threads";
import postgres from "postgres";
import { computeEverybody } from "../_shared/suggestions/everybody.ts";

interface EverybodyData {
  databaseUrl: string;
  least: number;
  threads: number;
}

const { databaseUrl, least, threads } = workerData as EverybodyData;
const stopping = new AbortController();
parentPort?.once("message", () => stopping.abort());

const sql = postgres(databaseUrl, {
  max: threads + 1,
  prepare: false,
  connect_timeout: 10,
  connection: { application_name: "plaza suggestions" },
  onnotice() {},
});
try {
  const pass = await computeEverybody(sql, { least, threads, signal: stopping.signal });
  if (pass)
    console.log(
      `suggestions: ${pass.people} lists computed, ${pass.written} of them new, ${pass.failed} failed, ${pass.away} people away`,
    );
} finally {
  await sql.end({ timeout: 5 });
  // The port would keep the thread alive.
  parentPort?.close();
}
