/**
 * Writes one line of text per event, to a sink that the caller chooses. Every service of
 * the platform logs through a `Log`. Tests use a silent one. A line
 * about a request has the id of the request.
 */
import { AsyncLocalStorage } from "node:async_hooks";

export type Level = "debug" | "info" | "warn" | "error";

export interface Log {
  (level: Level, message: string): void;
  /** A log with the same sink, which puts `name` before every message. */
  child(name: string): Log;
}

const order: Level[] = ["debug", "info", "warn", "error"];

/**
 * @param write receives finished lines without a newline
 * @param least messages below this level are dropped
 */
export function createLog(write: (line: string) => void, least: Level = "info"): Log {
  const named = (name: string): Log =>
    Object.assign(
      (level: Level, message: string) => {
        if (order.indexOf(level) < order.indexOf(least)) return;
        const id = requestId.getStore();
        write(
          `${new Date().toISOString()} ${level.padEnd(5)} ${name}${id === undefined ? "" : ` [${id}]`}: ${message}`,
        );
      },
      { child: (inner: string) => named(name ? `${name}/${inner}` : inner) },
    );
  return named("");
}

const requestId = new AsyncLocalStorage<string | undefined>();

/**
 * Runs `work`. Every line that it logs has the id in brackets, also after an `await`.
 * @param id undefined for work that outlives the request that caused it, such as a new process
 */
export function inRequest<Result>(id: string | undefined, work: () => Result): Result {
  return requestId.run(id, work);
}

/** Drops everything. */
export const silent: Log = createLog(() => {}, "error");
