/**
 * One line in the log for every request: method, path, status, milliseconds. The answer names
 * the request in `sb-request-id`, as on hosted Supabase. A service's lines about the request
 * have the same id, so an error's cause is found by it.
 */
import { randomUUID } from "node:crypto";
import type { Context, Next } from "hono";
import { inRequest, type Log } from "../log.ts";

/** The header of every answer that names its request. */
export const requestIdHeader = "sb-request-id";

/** A middleware for Hono. */
export function requestLog(log: Log) {
  return async (context: Context, next: Next): Promise<void> => {
    const startedMs = performance.now();
    const id = randomUUID();
    await inRequest(id, async () => {
      await next();
      context.res.headers.set(requestIdHeader, id);
      const { method, path } = context.req;
      logRequest(log, { method, path, status: context.res.status, startedMs });
    });
  };
}

export interface Served {
  method: string;
  /** Without the query, which may have tokens and people's data. */
  path: string;
  status: number;
  /** The time by performance.now() when the request came. */
  startedMs: number;
}

/** Writes the line. */
export function logRequest(log: Log, { method, path, status, startedMs }: Served): void {
  log("info", `${method} ${path} ${status} ${(performance.now() - startedMs).toFixed(1)} ms`);
}
