/** All workers. The edge function and `npm run worker` run the same ones. */
import type { Worker } from "../_shared/jobs.ts";
import { heartbeat } from "./heartbeat.ts";
import { suggestions } from "./suggestions.ts";
import { trends } from "./trends.ts";
import { trust } from "./trust.ts";

export const workers: Worker<unknown>[] = [heartbeat, suggestions, trends, trust];
