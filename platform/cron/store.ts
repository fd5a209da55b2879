/**
 * The scheduler's own connection. It hears of changed jobs, reads them, and writes down
 * the outcome of each run. It holds a lock, so that only one of several schedulers on one
 * database works.
 */
import type postgres from "postgres";
import { createSession } from "../database/session.ts";

export interface StoredJob {
  jobid: string;
  schedule: string;
}

/** A run that is written down and about to start, with its job as it was at that moment. */
export interface BegunRun {
  runid: string;
  database: string;
  username: string;
  command: string;
}

export interface Outcome {
  status: "succeeded" | "failed";
  message: string;
  /** Only for the log. */
  reason?: string;
}

/** Every method throws the error of the driver or the server. A dropped extension counts as no jobs. */
export interface Store extends AsyncDisposable {
  /**
   * Tells who runs the jobs of this database: we (`us`), the real extension (`library`),
   * another scheduler on our stand-in (`other`), or nobody, because there is no extension (`absent`).
   */
  keeper(): Promise<"us" | "library" | "other" | "absent">;
  jobs(): Promise<StoredJob[]>;
  /** Marks runs as failed that nobody will end any more: all runs except `known`. */
  sweep(known: string[]): Promise<void>;
  /** Writes down a new run. Undefined if the job is gone or not active any more: it must not run. */
  begin(jobid: string): Promise<BegunRun | undefined>;
  /** Writes down that the run's session exists and starts to work. */
  running(runid: string, pid: number): Promise<void>;
  end(runid: string, outcome: Outcome): Promise<void>;
}

export interface StoreOptions {
  /** The address of the database that holds the jobs, with a superuser. */
  databaseUrl: string;
  /** Called when jobs were changed. */
  changed(): void;
  /** Called when the connection was lost. */
  lost(): void;
}

export const jobsMax = 1000;
const timeouts = { lockMs: 10_000, statementMs: 60_000 };
/** The key of the lock: two numbers that spell `pg_cron`. */
const lockKey = "x'70675f'::integer, x'63726f6e'::integer";

export function createStore(options: StoreOptions): Store {
  const session = createSession({
    databaseUrl: options.databaseUrl,
    name: "pg_cron scheduler",
    settings: {
      search_path: "pg_catalog",
      lock_timeout: timeouts.lockMs,
      statement_timeout: timeouts.statementMs,
    },
    notify: options.changed,
  });
  void session.whenLost.then(options.lost);
  const { sql } = session;

  /** Returns no rows if the extension and its tables are gone. */
  async function ask<T extends object[]>(query: postgres.PendingQuery<T>): Promise<T | []> {
    try {
      return await query;
    } catch (cause) {
      if (isGone(cause)) return [];
      throw cause;
    }
  }

  return {
    async keeper() {
      // Listen first: otherwise a change after the reading could be missed.
      await sql`listen pg_cron`;
      const [row] = await sql`
        select
          exists (
            select
            from pg_catalog.pg_settings
            where name = 'shared_preload_libraries' and setting like '%pg_cron%'
          ) as library,
          pg_catalog.to_regclass('cron._own_job') is not null as standin
      `;
      if (row?.library) return "library";
      if (!row?.standin) return "absent";
      const [lock] = await sql`
        select (
          exists (
            select
            from pg_catalog.pg_locks
            where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid() and granted
          ) or pg_catalog.pg_try_advisory_lock(${sql.unsafe(lockKey)})
        ) as ours
      `;
      return lock?.ours ? "us" : "other";
    },
    async jobs() {
      return ask(sql<StoredJob[]>`
        select jobid, schedule from cron.job where active order by jobid limit ${jobsMax}
      `);
    },
    async sweep(known) {
      await ask(sql`
        update cron.job_run_details
        set status = 'failed', return_message = 'server restarted'
        where status in ('starting', 'running')
          and runid <> all (string_to_array(${known.join(",")}, ',')::bigint[])
      `);
    },
    async begin(jobid) {
      const [run] = await ask(sql<BegunRun[]>`
        insert into cron.job_run_details (jobid, database, username, command, status)
        select jobid, database, username, command, 'starting'
        from cron.job
        where jobid = ${jobid} and active
        returning runid, database, username, command
      `);
      return run;
    },
    async running(runid, pid) {
      await ask(sql`
        update cron.job_run_details
        set job_pid = ${pid}, status = 'running', start_time = pg_catalog.clock_timestamp()
        where runid = ${runid}
      `);
    },
    async end(runid, { status, message }) {
      await ask(sql`
        update cron.job_run_details
        set status = ${status}, return_message = ${message}, end_time = pg_catalog.clock_timestamp()
        where runid = ${runid}
      `);
    },
    async [Symbol.asyncDispose]() {
      await session[Symbol.asyncDispose]();
    },
  };
}

const isGone = (cause: unknown) => ["42P01", "3F000"].includes((cause as { code?: string }).code ?? "");
