/**
 * Copies what Postgres writes on stderr into our log, at fitting levels. A person who
 * looks for the reason of a crash finds Postgres' own words there.
 */
import type { Level, Log } from "../log.ts";

/** A line that starts a message: `2026-11-28 21:45:35.000 UTC [42] FATAL:  …` */
const start = /^\d{4}-\d\d-\d\d [\d:.]+ \S+ \[\d+\] ([A-Z]+\d?):/;

/** Messages of severity LOG that tell of a crash, or of the recovery from one. */
const trouble = /was terminated by signal|reinitializing|not properly shut down|startup process failed/;

/**
 * FATAL messages that tell of no trouble: the answer to each client that comes too early or too late,
 * and the end of our own replication stream, which the driver does not announce as Postgres wants it.
 */
const harmless =
  /the database system is (starting up|shutting down|in recovery mode|not )|invalid standby message type "f"/;

const noSpaceWords = "(No space left on device|Disk quota exceeded)";
export const noSpace = new RegExp(noSpaceWords);
/** Postgres did not only refuse a statement, but ended a process over it. */
export const endedForSpace = new RegExp(`(FATAL|PANIC):.*${noSpaceWords}`);

/** A full disk fails every write. So the log gets such a message once in this time. */
const diskFullPauseMs = 10_000;

/** A line is cut at this length. */
const lineMax = 4000;

/**
 * @param stopping while it answers true, FATAL is not logged as an error: then Postgres
 *   disconnects its clients because we asked it to end
 * @returns takes the next part of stderr
 */
export function createLineReader(log: Log, stopping: () => boolean): (chunk: Buffer | string) => void {
  let rest = "";
  let level: Level = "debug";
  let fullAtMs = Number.NEGATIVE_INFINITY;

  const levelOf = (severity: string, line: string): Level => {
    if (severity === "FATAL" || severity === "PANIC") {
      return stopping() || harmless.test(line) ? "debug" : "error";
    }
    if (severity === "DETAIL" || severity === "HINT") return level;
    if (noSpace.test(line) && Date.now() - fullAtMs > diskFullPauseMs) {
      fullAtMs = Date.now();
      return "error";
    }
    if (severity === "LOG" && trouble.test(line)) return "warn";
    return /redo in progress/.test(line) ? "info" : "debug";
  };
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(-lineMax);
    for (const line of lines) {
      if (line === "") continue;
      const severity = start.exec(line)?.[1];
      // Before its log exists, the server writes `postgres: could not …`. Any other line without a severity
      // belongs to the message before it.
      if (severity !== undefined) level = levelOf(severity, line);
      else if (line.startsWith("postgres: ")) level = "error";
      log(level, line.slice(0, lineMax));
    }
  };
}
