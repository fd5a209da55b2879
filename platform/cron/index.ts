/**
 * Runs the jobs that the stand-in for pg_cron keeps (postgres/extensions/), as
 * pg_cron 1.6 does. People use it only through SQL: `cron.schedule(…)`.
 */
import { createBell } from "../bell.ts";
import type { Log } from "../log.ts";
import { createAgenda, type Job, type Moment } from "./agenda.ts";
import { createRuns } from "./runs.ts";
import { parseSchedule } from "./schedule.ts";
import { createJobSessions } from "./sessions.ts";
import { createStore, jobsMax, type Store, type StoredJob } from "./store.ts";

export interface CronLimits {
  /** The most runs at the same time. Further runs wait. */
  runsMax: number;
  /** A run that takes longer than this is cancelled. */
  runTimeoutMs: number;
  /** When the service stops, runs have this time to end. Then they are cancelled. */
  graceMs: number;
}

export interface CronOptions {
  /** The address of the database that holds the jobs, with a superuser. */
  databaseUrl: string;
  /** Replace those of hosted Supabase. */
  limits?: Partial<CronLimits>;
  log: Log;
}

const hosted: CronLimits = { runsMax: 8, runTimeoutMs: 10 * 60_000, graceMs: 3000 };
/**
 * The database announces a changed job. It does not announce a created or dropped extension, or that
 * another scheduler has ended, so look again after this time.
 */
const lookAgainMs = { ours: 30_000, notOurs: 5000 };
const backoffMs = { least: 50, most: 5000 };

/** Connects and waits for the extension by itself. What fails is tried again. */
export function createCron(options: CronOptions): AsyncDisposable {
  const { databaseUrl, log } = options;
  const limits = { ...hosted, ...options.limits };
  const bell = createBell();
  const agenda = createAgenda();
  let stopping = false;
  let store: Store | undefined;
  const sessions = createJobSessions(databaseUrl);
  const runs = createRuns({
    sessions,
    timeoutMs: limits.runTimeoutMs,
    graceMs: limits.graceMs,
    store: () => store,
    ended: bell.ring,
    log,
  });
  let unreadable = new Set<string>();

  const working = (async () => {
    let attempts = 0;
    while (!stopping) {
      const news: News = { changed: true, lost: false };
      const tell = (what: keyof News) => () => {
        news[what] = true;
        bell.ring();
      };
      try {
        store = createStore({ databaseUrl, changed: tell("changed"), lost: tell("lost") });
        await serve(store, news, () => {
          attempts = 0;
        });
      } catch (cause) {
        const level = attempts === 0 && !stopping ? "warn" : "debug";
        log(level, `jobs do not run until the database is back: ${(cause as Error).message}`);
      } finally {
        if (stopping) await runs.drain();
        const closing = store;
        store = undefined;
        await closing?.[Symbol.asyncDispose]();
      }
      const delayMs = Math.min(backoffMs.least * 2 ** attempts++, backoffMs.most);
      if (!stopping) await bell.wait(delayMs, () => stopping);
    }
    await runs.drain();
    await sessions[Symbol.asyncDispose]();
  })();

  /**
   * Works until the service stops or is not needed.
   * @throws the database's error, or that the database is away
   */
  async function serve(current: Store, news: News, reached: () => void): Promise<void> {
    let lookedMs = 0;
    let ours = false;
    while (!stopping) {
      if (news.lost) throw new Error("the connection was lost");
      const againMs = ours ? lookAgainMs.ours : lookAgainMs.notOurs;
      if (news.changed || now().steadyMs - lookedMs >= againMs) {
        news.changed = false;
        lookedMs = now().steadyMs;
        const keeper = await current.keeper();
        reached();
        if (keeper === "library") {
          log("info", "the server runs the jobs itself, with the pg_cron library");
          stopping = true;
          return;
        }
        if (keeper === "us" && !ours) await current.sweep(runs.known());
        ours = keeper === "us";
        // While another scheduler works, we have not started yet. So jobs with @reboot still wait for us.
        if (keeper !== "other") agenda.replace(ours ? readable(await current.jobs()) : [], now());
        runs.keep(agenda);
        void runs.write();
      }
      if (ours) agenda.advance(now());
      while (ours && !stopping && runs.size() < limits.runsMax) {
        const jobid = agenda.take(runs);
        if (jobid === undefined) break;
        // The job is gone or not active any more. Others may have changed too.
        if (!(await runs.start(current, jobid))) news.changed = true;
      }
      await bell.wait(agenda.restMs(now()));
    }
  }

  function readable(rows: StoredJob[]): Job[] {
    const jobs: Job[] = [];
    const others = new Set<string>();
    for (const { jobid, schedule: text } of rows) {
      const schedule = parseSchedule(text);
      if (schedule) jobs.push({ id: jobid, text, schedule });
      else others.add(`job ${jobid} has no valid schedule: ${text}`);
    }
    if (rows.length === jobsMax) others.add(`jobs beyond the first ${jobsMax} do not run`);
    for (const problem of others) if (!unreadable.has(problem)) log("warn", problem);
    unreadable = others;
    return jobs;
  }

  return {
    async [Symbol.asyncDispose]() {
      stopping = true;
      bell.ring();
      await runs.drain();
      // The store may still wait for something, for example a lock. End that wait.
      await store?.[Symbol.asyncDispose]();
      await working;
    },
  };
}

/** What the connection told since the last look. */
interface News {
  changed: boolean;
  lost: boolean;
}

const now = (): Moment => ({ wallMs: Date.now(), steadyMs: performance.now() });
