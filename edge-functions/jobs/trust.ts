/** Computes how much everybody is trusted: docs/explanation/trust.md. */
import { z } from "zod";
import { defineWorker } from "../_shared/jobs.ts";
import { refreshTrust } from "../_shared/trust/refresh.ts";

export const trust = defineWorker({
  queue: "trust",
  data: z.object({}),
  jobMaxMs: 240_000,
  async work(_job, sql) {
    const { people, read, seeds, counting, written } = await refreshTrust(sql);
    if (written > 0)
      console.log(
        `trust: ${counting} of ${people} people count, by ${read} interactions and follows, from ${seeds} seeds; ${written} rows changed`,
      );
  },
});
