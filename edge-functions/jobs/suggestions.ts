/** Computes the suggestions of one person, a few seconds after they followed somebody: docs/reference/jobs.md. */
import { z } from "zod";
import { defineWorker } from "../_shared/jobs.ts";
import { refreshSuggestions } from "../_shared/suggestions/refresh.ts";

export const suggestions = defineWorker({
  queue: "suggestions",
  // Accounts that were imported may have ids of no known version.
  data: z.object({ profileId: z.guid() }),
  isRepeatable: true,
  // Hosted Supabase gives a request 2 s of CPU, and one person takes up to 50 ms.
  jobsMax: 30,
  jobMaxMs: 10_000,
  async work({ data }, sql) {
    await refreshSuggestions(sql, data.profileId);
  },
});
