/**
 * Writes one line of text per event, to a sink that the caller chooses. Every service of
 * the platform logs through a `Log`. Tests use a silent one.
 */
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
        write(`${new Date().toISOString()} ${level.padEnd(5)} ${name}: ${message}`);
      },
      { child: (inner: string) => named(name ? `${name}/${inner}` : inner) },
    );
  return named("");
}

/** Drops everything. */
export const silent: Log = createLog(() => {}, "error");
