/**
 * Does nothing, every 5 minutes. So the view job_health shows whether a job gets done at all: whether
 * Postgres rings, the function answers, and the queue works. Its effect is only that it was done.
 */
import { z } from "zod";
import { defineWorker } from "../_shared/jobs.ts";

export const heartbeat = defineWorker({
  queue: "heartbeat",
  data: z.object({}),
  async work() {},
});
