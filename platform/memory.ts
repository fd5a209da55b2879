/**
 * How much memory a platform plans with. `small` is for a laptop or a small server, where other programs
 * run too. `large` is for a machine of its own. docs/how-to/deploy.md says what they mean. cli.js has the
 * part for the process itself.
 */
import { availableParallelism, totalmem } from "node:os";
import type { FunctionLimits } from "./functions/limits.ts";

export type MemorySize = "small" | "large";

export interface MemoryPlan {
  /** Settings of the embedded Postgres. */
  postgres: Record<string, string>;
  /** Sessions for REST requests. A session that works usually has up to 10 MB. */
  restSessions: number;
  /**
   * The most memory that one session of Postgres gets for itself. A client can ask for an answer that takes
   * hundreds of megabytes to build, for example with embeds that nest in themselves.
   */
  sessionMemoryMb: number;
  functions: Partial<FunctionLimits>;
}

const mebibyte = 2 ** 20;

/** @param cores how many statements Postgres can run at a time */
export function memoryPlan(size: MemorySize, cores = availableParallelism()): MemoryPlan {
  if (size === "large") {
    const buffersMb = Math.min(Math.max(128, Math.floor(totalmem() / mebibyte / 4)), 8192);
    return {
      postgres: {
        shared_buffers: `${buffersMb}MB`,
        effective_cache_size: `${buffersMb * 2}MB`,
        max_connections: "200",
      },
      restSessions: Math.max(10, 2 * cores),
      sessionMemoryMb: 1024,
      functions: {},
    };
  }
  return {
    postgres: {
      shared_buffers: "64MB",
      // These save 5 MiB that Postgres fills at its start.
      wal_buffers: "512kB",
      max_pred_locks_per_transaction: "10",
      "pg_stat_statements.max": "1000",
      // More than all services have at most, with their pools and 32 jobs at a time.
      max_connections: "120",
    },
    // More sessions would only wait for a core.
    restSessions: Math.min(Math.max(6, 2 * cores), 10),
    sessionMemoryMb: 256,
    // A process of Deno has 50 MB or more. It starts in half a second.
    functions: { idleStopMs: 15_000 },
  };
}

export function isMemorySize(text: string): text is MemorySize {
  return text === "small" || text === "large";
}
