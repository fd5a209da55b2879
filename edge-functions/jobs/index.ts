/** Does the background work: Postgres rings, and the workers of workers.ts do what waits. */
import { createJobsHandler, readJobsSettings } from "../_shared/serve-jobs.ts";
import { workers } from "./workers.ts";

declare const EdgeRuntime: { waitUntil(work: Promise<unknown>): void };

const settings = readJobsSettings((name) => Deno.env.get(name));

Deno.serve(createJobsHandler(workers, settings, (work) => EdgeRuntime.waitUntil(work)));
