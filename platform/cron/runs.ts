/**
 * The runs under way, and the written account of them. An account that cannot be
 * written, because the database is away, is written later.
 */
import type { Log } from "../log.ts";
import { type Run, startRun } from "./run.ts";
import type { Outcome, Store } from "./store.ts";

export interface RunsOptions {
  databaseUrl: string;
  timeoutMs: number;
  /** Runs may take so long to end when the service does; then they are cancelled. */
  graceMs: number;
  /** Where to write now, if anywhere. */
  store(): Store | undefined;
  /** A run has ended: there is room. */
  ended(): void;
  log: Log;
}

export interface Runs {
  size(): number;
  has(jobid: string): boolean;
  /** By runid: under way, or not yet written. */
  known(): string[];
  /**
   * @returns whether there was such a job to run
   * @throws what the database says
   */
  start(store: Store, jobid: string): Promise<boolean>;
  /** Cancels the runs of other jobs. */
  keep(jobs: { has(jobid: string): boolean }): void;
  /** Writes what could not be written before; never rejects. */
  write(): Promise<void>;
  /** Resolves when no run is left: bounded. */
  drain(): Promise<void>;
}

/** Outcomes that wait for the database to be back; the oldest is lost first. */
const unwrittenMax = 64;
/** From the request to cancel to the written account. */
const cancelMs = 5000;

export function createRuns(options: RunsOptions): Runs {
  const { databaseUrl, timeoutMs, log } = options;
  const underWay = new Map<string, { runid: string; run: Run; done: Promise<void> }>();
  const unwritten = new Map<string, Outcome>();
  /** Jobs whose last run failed: the log tells of the first failure in a row. */
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
        databaseUrl,
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

async function endsWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  const ended = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return ended;
}
