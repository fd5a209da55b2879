/**
 * Answers the doorbells that Postgres rings (sql/70-jobs/40-doorbells.sql). A doorbell names a queue, and
 * carries no job. The answer is 202 at once, because pg_net does not wait. The work goes on after it.
 * With the header `prefer: wait`, the answer comes after the work, and says how much is left.
 */
import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import { readText } from "./body.ts";
import { type Budget, createJobs, type Jobs, type Worker } from "./jobs.ts";

/**
 * Hosted Supabase gives a request 2 s of CPU. A job that only speaks to the database needs about 5 ms.
 * It ends a function after 150 s, which several requests may share.
 */
export const budget: Budget = { wallMs: 50_000, jobsMax: 100 };

const maxBodyBytes = 1024;
const doorbellSchema = z.object({ doorbell: z.uuid(), queue: z.string().max(100) });

export interface JobsSettings {
  /** The same as the secret jobs_secret in Vault. */
  secret: string | undefined;
  databaseUrl: string | undefined;
}

/** @param get the value of an environment variable */
export function readJobsSettings(get: (name: string) => string | undefined): JobsSettings {
  return {
    secret: get("JOBS_SECRET") || undefined,
    // SUPABASE_DB_URL is a direct connection. JOBS_DB_URL can name a pooler in its place.
    databaseUrl: get("JOBS_DB_URL") || get("SUPABASE_DB_URL") || undefined,
  };
}

/**
 * @param waitUntil keeps the process alive until the work has ended
 * @returns the function that answers requests
 */
export function createJobsHandler(
  workers: Worker<unknown>[],
  { secret, databaseUrl }: JobsSettings,
  waitUntil: (work: Promise<unknown>) => void,
): (request: Request) => Promise<Response> {
  let jobs: Jobs | undefined;

  return async (request) => {
    if (request.method !== "POST") return refusal(405, "Only POST");
    if (!secret || !databaseUrl) {
      console.error("jobs is not configured: JOBS_SECRET or SUPABASE_DB_URL is missing");
      return refusal(500, "The function is not configured");
    }
    if (!isEqual(request.headers.get("x-jobs-secret") ?? "", secret)) return refusal(401, "Invalid secret");
    const body = await readText(request, maxBodyBytes);
    if (body === undefined) return refusal(413, "The body is too large");
    const doorbell = doorbellSchema.safeParse(parseJson(body));
    if (!doorbell.success) return refusal(400, "Invalid body");

    jobs ??= createJobs({ databaseUrl, workers });
    const { doorbell: id, queue } = doorbell.data;
    if (queue !== "maintenance" && !jobs.queues.includes(queue)) {
      console.error(`no worker for the queue ${queue}`);
      return refusal(404, "No worker for this queue");
    }
    const [answer] = await jobs.sql`select private.answer_doorbell(${id}, ${queue}) as answered`;
    if (!answer?.answered) return refusal(409, "Nobody rang this doorbell, or it was answered before");

    const work = answerDoorbell(jobs, id, queue);
    if (request.headers.get("prefer") === "wait") return Response.json(await work);
    waitUntil(work.catch((error) => console.error(`${queue}: ${error.message}`)));
    return Response.json({}, { status: 202 });
  };
}

/** @returns what was done, and how many jobs are left. It counts at most 1,000 */
async function answerDoorbell(jobs: Jobs, id: string, queue: string) {
  let drained = { done: 0, failed: 0 };
  if (queue === "maintenance") await jobs.maintain();
  else drained = await jobs.drain(queue, budget);
  const { done, failed } = drained;
  const [closed] = await jobs.sql`select private.close_doorbell(${id}, ${done}, ${failed}) as waiting`;
  return { done, failed, left: closed?.waiting as number };
}

/** Takes the same time wherever the texts differ. */
function isEqual(given: string, wanted: string): boolean {
  const [a, b] = [new TextEncoder().encode(given), new TextEncoder().encode(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(status: number, message: string): Response {
  return Response.json({ message }, { status });
}
