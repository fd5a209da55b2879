/** Computes what trends, each minute: docs/reference/trends.md. */
import { z } from "zod";
import { defineWorker } from "../_shared/jobs.ts";
import { refreshTrends } from "../_shared/trends/refresh.ts";

export const trends = defineWorker({
  queue: "trends",
  data: z.object({}),
  jobMaxMs: 40_000,
  async work(_job, sql) {
    const { waiting, scored, began, ended } = await refreshTrends(sql);
    if (waiting > 0) console.warn(`trends: ${waiting} changes wait for the next refresh`);
    if (began + ended > 0) console.log(`trends: ${began} began, ${ended} ended, of ${scored} terms`);
  },
});
