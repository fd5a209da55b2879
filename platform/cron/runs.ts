/**
 * Keeps the runs that are under way and writes their outcomes to the database. If the database is
 * away, an outcome is written later.
 */
import { endsWithin } from "../ends-within.ts";
import type { Log } from "../log.ts";
import { type Run, startRun } from "./run.ts";
import type { JobSessions } from "./sessions.ts";
import type { Outcome, Store } from "./store.ts";

export interface RunsOptions {
  sessions: JobSessions;
  timeoutMs: number;
  /** When the service stops, runs have this time to end. Then they are cancelled. */
  graceMs: number;
  /** Where to write now. Undefined while there is no connection. */
  store(): Store | undefined;
  /** Called when a run has ended, so there is room for another. */
  ended(): void;
  log: Log;
}

export interface Runs {
  size(): number;
  has(jobid: string): boolean;
  /** The ids of the runs that are under way or whose outcome is not yet written. */
  known(): string[];
  /**
   * @returns whether the job existed and was active
   * @throws the database's error
   */
  start(store: Store, jobid: string): Promise<boolean>;
  /** Cancels the runs of all other jobs. */
  keep(jobs: { has(jobid: string): boolean }): void;
  /** Writes the outcomes that could not be written before. Never rejects. */
  write(): Promise<void>;
  /** Resolves when no run is left, within a bounded time. */
  drain(): Promise<void>;
}

/** The most outcomes that may wait for the database. If there are more, the oldest is lost. */
const unwrittenMax = 64;
/** How long a cancelled run may take until its outcome is written. */
const cancelMs = 5000;

export function createRuns(options: RunsOptions): Runs {
  const { sessions, timeoutMs, log } = options;
  const underWay = new Map<string, { runid: string; run: Run; done: Promise<void> }>();
  const unwritten = new Map<string, Outcome>();
  /** Jobs whose last run failed. If a job fails several times in a row, the log warns only the first time. */
  const failing = new Set<string>();

  async function write(): Promise<void> {
    for (const [runid, outcome] of unwritten) {
      try {
        const store = options.store();
        if (!store) return;
        await store.end(runid, outcome);
      } catch (cause) {
        log("debug", `run ${runid} is written down later: ${(cause as Error).message}`);
        continue;
      }
      unwritten.delete(runid);
    }
  }

  async function follow(jobid: string, runid: string, run: Run): Promise<void> {
    const outcome = await run.outcome;
    tell(jobid, outcome);
    unwritten.set(runid, outcome);
    for (const oldest of unwritten.keys()) {
      if (unwritten.size <= unwrittenMax) break;
      unwritten.delete(oldest);
    }
    await write();
    underWay.delete(jobid);
    options.ended();
  }

  function tell(jobid: string, { status, message, reason }: Outcome): void {
    if (status === "succeeded") {
      failing.delete(jobid);
      return;
    }
    const [line] = message.split("\n");
    const level = failing.has(jobid) ? "debug" : "warn";
    log(level, `job ${jobid} failed: ${line}${reason === undefined ? "" : ` (${reason})`}`);
    failing.add(jobid);
  }

  return {
    size: () => underWay.size,
    has: (jobid) => underWay.has(jobid),
    known: () => [...[...underWay.values()].map(({ runid }) => runid), ...unwritten.keys()],
    async start(store, jobid) {
      const begun = await store.begin(jobid);
      if (!begun) return false;
      const { runid, database, username, command } = begun;
      const run = startRun({
        sessions,
        database,
        username,
        command,
        timeoutMs,
        started: (pid) =>
          store
            .running(runid, pid)
            .catch((cause: Error) => log("debug", `run ${runid} is not written down: ${cause.message}`)),
      });
      underWay.set(jobid, { runid, run, done: follow(jobid, runid, run) });
      return true;
    },
    keep(jobs) {
      for (const [jobid, { run }] of underWay) if (!jobs.has(jobid)) run.cancelSoon("job canceled");
      for (const jobid of failing) if (!jobs.has(jobid)) failing.delete(jobid);
    },
    write,
    async drain() {
      const all = Promise.all([...underWay.values()].map(({ done }) => done));
      if (await endsWithin(all, options.graceMs)) return;
      for (const { run } of underWay.values()) run.cancel();
      await endsWithin(all, cancelMs);
    },
  };
}
