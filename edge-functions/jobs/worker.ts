/**
 * `npm run worker`: does the jobs in a process of its own, for those who host Plaza themselves. It needs
 * no pg_net, no Vault and no doorbells. Several may run at once. SIGTERM ends it after the jobs that it
 * works on. It reads SUPABASE_DB_URL.
 *
 * When the day of many people's suggestions is over, it also computes those of everybody.
 */
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { createJobs } from "../_shared/jobs.ts";
import { workers } from "./workers.ts";

const pollMs = 1000;
const maintenanceMs = 60_000;
const everybodyMs = 60_000;
/** With fewer people whose day is over, the jobs for one person are cheaper than a pass. */
const suggestionsLeast = Number(process.env.SUGGESTIONS_LEAST ?? 2000);
const suggestionsThreads = Number(process.env.SUGGESTIONS_THREADS ?? 1);
/** After an error. The pause doubles with each further one. */
const pauseMs = { least: 1000, most: 30_000 };
/** Between two looks at whether the process has to stop. */
const budget = { wallMs: 60_000, jobsMax: 1000 };

const databaseUrl = process.env.JOBS_DB_URL || process.env.SUPABASE_DB_URL;
if (!databaseUrl) {
  console.error("SUPABASE_DB_URL is missing: the address of the database, as the role postgres");
  process.exit(1);
}

const stopping = new AbortController();
for (const name of ["SIGINT", "SIGTERM"]) process.on(name, () => stopping.abort());

const jobs = createJobs({ databaseUrl, workers, connectionsMax: workers.length + 1 });
console.log(`working on ${jobs.queues.join(", ")}`);
await Promise.all([
  ...jobs.queues.map((queue) =>
    forever(queue, async () => {
      const { done, failed } = await jobs.drain(queue, budget, stopping.signal);
      return done + failed > 0 ? 0 : pollMs;
    }),
  ),
  forever("maintenance", async () => {
    await jobs.maintain();
    return maintenanceMs;
  }),
  forever("suggestions for everybody", async () => {
    const [row] = await jobs.sql`select private.are_suggestions_due(${suggestionsLeast}) as are_due`;
    if (row?.are_due) await runEverybody(databaseUrl);
    return everybodyMs;
  }),
]);
await jobs.close();

/** Runs a pass in a thread, until it has ended. */
async function runEverybody(databaseUrl: string): Promise<void> {
  const thread = new Worker(new URL("./everybody.ts", import.meta.url), {
    workerData: { databaseUrl, least: suggestionsLeast, threads: suggestionsThreads },
  });
  const stop = () => thread.postMessage("stop");
  stopping.signal.addEventListener("abort", stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      thread.once("error", reject);
      thread.once("exit", () => resolve());
    });
  } finally {
    stopping.signal.removeEventListener("abort", stop);
  }
}

/** @param turn does something, and answers how long to wait before the next turn */
async function forever(name: string, turn: () => Promise<number>): Promise<void> {
  let errors = 0;
  while (!stopping.signal.aborted) {
    let restMs: number;
    try {
      restMs = await turn();
      errors = 0;
    } catch (error) {
      restMs = Math.min(pauseMs.least * 2 ** errors++, pauseMs.most);
      console.error(`${name}: ${(error as Error).message}`);
    }
    await sleep(restMs, undefined, { signal: stopping.signal }).catch(() => {});
  }
}
