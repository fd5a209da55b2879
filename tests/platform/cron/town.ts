/** A database with the extension, a scheduler on it, and the runs that it wrote down. Each test has its own. */
import postgres, { type Sql } from "postgres";
import { onTestFinished, vi } from "vitest";
import { type CronLimits, createCron } from "../../../platform/cron/index.ts";
import { createLog } from "../../../platform/log.ts";
import { createDatabase, type SupabaseServer, urlOf } from "../postgres/supabase-server.ts";

/** The limit for a test that hangs. The conditions come true much sooner. */
export const patience = { timeout: 20_000, interval: 20 };

export interface Town {
  database: string;
  /** The address with the superuser, which the scheduler gets. */
  url: string;
  admin: Sql;
  /** As the role postgres. */
  owner: Sql;
  /** The lines that the scheduler logged. */
  lines: string[];
  /** Starts a scheduler. It ends with the test, if not before. */
  start(limits?: Partial<CronLimits>): AsyncDisposable;
  /** All runs so far, in their order. */
  runs(jobname?: string): Promise<Run[]>;
  /** Waits until a run of the job has this status and returns the last one. */
  ended(jobname: string, status?: string): Promise<Run>;
  /** The database's sessions that belong to the scheduler or its jobs. */
  sessions(): Promise<string[]>;
}

export interface Run {
  jobname: string | null;
  job_pid: number | null;
  username: string;
  database: string;
  command: string;
  status: string;
  return_message: string | null;
  start_time: Date | null;
  end_time: Date | null;
}

export async function createTown(
  server: SupabaseServer,
  name: string,
  { extension = true } = {},
): Promise<Town> {
  const database = await createDatabase(server, name);
  const url = urlOf(server, "supabase_admin", database);
  const open = (user: string) => {
    const sql = postgres(urlOf(server, user, database), { max: 2, onnotice() {} });
    onTestFinished(() => sql.end({ timeout: 1 }));
    return sql;
  };
  const admin = open("supabase_admin");
  const owner = open("postgres");
  await admin.unsafe(
    `grant create on database ${database} to postgres; grant create on schema public to public`,
  );
  if (extension) await owner.unsafe("create extension pg_cron");

  const lines: string[] = [];
  const runs = async (jobname?: string) => {
    const rows = await admin<Run[]>`
      select jobname, job_pid, details.username, details.database, details.command, status, return_message,
        start_time, end_time
      from cron.job_run_details as details
      left join cron.job using (jobid)
      order by runid
    `;
    return rows.filter((run) => jobname === undefined || run.jobname === jobname);
  };
  return {
    database,
    url,
    admin,
    owner,
    lines,
    start(limits) {
      const log = createLog((line) => lines.push(line), "debug");
      const cron = createCron({ databaseUrl: url, log: log.child("cron"), limits });
      let ended: Promise<void> | undefined;
      const end = () => {
        ended ??= Promise.resolve(cron[Symbol.asyncDispose]());
        return ended;
      };
      onTestFinished(end);
      return { [Symbol.asyncDispose]: end };
    },
    runs,
    ended: (jobname, status = "succeeded") =>
      vi.waitFor(async () => {
        const found = (await runs(jobname)).findLast((run) => run.status === status);
        if (!found) throw new Error(`no run of ${jobname} ${status}: ${JSON.stringify(await runs())}`);
        return found;
      }, patience),
    async sessions() {
      const rows = await admin`
        select application_name
        from pg_stat_activity
        where datname = ${database} and application_name like 'pg_cron%'
      `;
      return rows.map((row) => row.application_name).sort();
    },
  };
}
