/**
 * The one way to write a worker, and the one way to run it. `edge-functions/jobs/` serves the workers
 * on Deno, a budget at a time. `npm run worker` runs the same workers on Node, as long as it lives.
 *
 * A job may run more than once. Its effect does not: the handler writes through the connection that it
 * gets. The key of the effect, what the handler writes and the completion of the job are one transaction.
 */
import { type Db, PgBoss } from "pg-boss";
import postgres, { type Sql, type TransactionSql } from "postgres";
import type { ZodType } from "zod";

export interface Job<Data> {
  id: string;
  data: Data;
  /** 0 for the first try. */
  retryCount: number;
  /** Aborts when the job has taken too long. Its transaction is undone then. */
  signal: AbortSignal;
}

export interface Worker<Data> {
  /** A queue of sql/70-jobs/20-queues.sql. */
  queue: string;
  /** A job with other data fails. */
  data: ZodType<Data>;
  /** Names the effect. Two jobs with the same key have one effect. The id of the job if absent. */
  effect?: (data: Data) => string;
  /** A second run of a job does no harm. So nobody writes down that its effect took place. */
  isRepeatable?: boolean;
  /** A drain does no more jobs than this, if they need much CPU. As many as its budget allows if absent. */
  jobsMax?: number;
  /** The longest time for one job. 20,000 if absent, and never longer than the queue's expireInSeconds. */
  jobMaxMs?: number;
  /**
   * Does the job.
   * @param sql the transaction of the effect. What must happen once has to go through it
   * @throws anything: then nothing has happened, and the job is tried again as the queue says
   */
  work(job: Job<Data>, sql: TransactionSql): Promise<void>;
}

/** Lets TypeScript find the type of the data. */
export function defineWorker<Data>(worker: Worker<Data>): Worker<unknown> {
  return worker as unknown as Worker<unknown>;
}

export interface Budget {
  /** No job starts after this time. */
  wallMs: number;
  /** No more jobs than this. */
  jobsMax: number;
}

export interface Drained {
  done: number;
  /** Jobs that failed. They are tried again later, or are in dead-letters. */
  failed: number;
}

export interface Jobs {
  /** The queues that have a worker. */
  queues: string[];
  /** The connection, as the role of the address. */
  sql: Sql;
  /**
   * Does the jobs of one queue, one after the other, until none waits or the budget is used up.
   * @param signal ends it after the job that it works on
   * @throws Error if the database is away, or is not that of the pinned pg-boss
   */
  drain(queue: string, budget: Budget, signal?: AbortSignal): Promise<Drained>;
  /** Takes jobs back whose worker died, moves dead ones to dead-letters, and deletes old ones. */
  maintain(): Promise<void>;
  close(): Promise<void>;
}

export interface JobsOptions {
  /** A direct connection or a pooler, also one in transaction mode. */
  databaseUrl: string;
  workers: Worker<unknown>[];
  /** Queues that are drained at the same time. 2 if absent. */
  connectionsMax?: number;
  report?: (message: string) => void;
}

const jobMaxMs = 20_000;
const errorMaxChars = 500;

export function createJobs(options: JobsOptions): Jobs {
  const { workers, report = console.error } = options;
  // A pooler in transaction mode gives each transaction another session, so nothing may be prepared.
  const sql = postgres(options.databaseUrl, {
    prepare: false,
    max: options.connectionsMax ?? 2,
    idle_timeout: 20,
    connect_timeout: 10,
    connection: { application_name: "plaza jobs" },
    onnotice() {},
  });
  let starting: Promise<PgBoss> | undefined;

  /** Looks at the version of the tables, once. */
  function start(): Promise<PgBoss> {
    if (starting) return starting;
    const boss = new PgBoss({
      db: asBossDatabase(sql),
      migrate: false,
      // pg_cron and maintain() do these.
      supervise: false,
      schedule: false,
      registerInstance: false,
      // A transaction of a pooler cannot do it.
      reindex: false,
      // Shorter than a minute, because maintain() is called each minute while there are jobs.
      monitorIntervalSeconds: 20,
      // Shorter than 10 minutes, because it is called every fifth minute otherwise.
      maintenanceIntervalSeconds: 590,
    });
    boss.on("error", (error) => report(`pg-boss: ${messageOf(error)}`));
    boss.on("warning", ({ message }) => report(`pg-boss: ${message}`));
    starting = boss.start().catch((error) => {
      starting = undefined;
      throw error;
    });
    return starting;
  }

  return {
    queues: workers.map(({ queue }) => queue),
    sql,
    async drain(queue, budget, signal) {
      const worker = workers.find((worker) => worker.queue === queue);
      if (!worker) throw new Error(`no worker for the queue ${queue}`);
      const boss = await start();
      const endsAtMs = performance.now() + budget.wallMs;
      const jobsMax = Math.min(budget.jobsMax, worker.jobsMax ?? budget.jobsMax);
      const drained: Drained = { done: 0, failed: 0 };
      while (drained.done + drained.failed < jobsMax && performance.now() < endsAtMs && !signal?.aborted) {
        // One at a time: if this process is killed, only one job has to wait until it expires.
        const [fetched] = await boss.fetch<unknown>(queue);
        if (!fetched) break;
        const isDone = await run(boss, worker, fetched as Fetched);
        drained[isDone ? "done" : "failed"]++;
      }
      return drained;
    },
    async maintain() {
      const boss = await start();
      await boss.supervise();
    },
    async close() {
      const boss = await starting?.catch(() => undefined);
      await boss?.stop({ graceful: false, close: false });
      await sql.end({ timeout: 5 });
    },
  };

  /** @returns whether the job is done. If not, it failed */
  async function run(boss: PgBoss, worker: Worker<unknown>, fetched: Fetched): Promise<boolean> {
    const { queue } = worker;
    const data = worker.data.safeParse(fetched.data);
    if (!data.success) {
      report(`${queue}: job ${fetched.id} has data that the worker does not know`);
      await boss.fail(queue, fetched, { message: "the worker does not know data like this" });
      return false;
    }
    const timeoutMs = Math.min(worker.jobMaxMs ?? jobMaxMs, fetched.expireInSeconds * 1000);
    const signal = AbortSignal.timeout(timeoutMs);
    const { id, retryCount } = fetched;
    try {
      await sql.begin(async (transaction) => {
        // The handler may hang in the database, and this process cannot end a statement.
        await transaction`
          select set_config('statement_timeout', ${String(timeoutMs)}, true),
            set_config('idle_in_transaction_session_timeout', ${String(timeoutMs + 5000)}, true)
        `;
        if (
          worker.isRepeatable ||
          (await beginEffect(transaction, queue, worker.effect?.(data.data) ?? id))
        ) {
          await orAbort(worker.work({ id, data: data.data, retryCount, signal }, transaction), signal);
        }
        // If somebody else has the job by now, this changes nothing, and everything is undone.
        const completed: { affected?: number } = await boss.complete(queue, fetched, undefined, {
          db: asBossDatabase(transaction),
        });
        if (completed.affected !== 1) throw new Error("the job took too long and was given to somebody else");
      });
      return true;
    } catch (error) {
      report(`${queue}: job ${id} failed: ${messageOf(error)}`);
      await boss.fail(queue, fetched, { message: messageOf(error) });
      return false;
    }
  }
}

/** @returns false if the effect took place already */
async function beginEffect(sql: TransactionSql, queue: string, key: string): Promise<boolean> {
  const [effect] = await sql`select private.begin_effect(${queue}, ${key}) as begins`;
  return effect?.begins;
}

type Fetched = { id: string; data: unknown; retryCount: number; expireInSeconds: number };

/** pg-boss speaks to the database through this. */
function asBossDatabase(sql: Sql | TransactionSql): Db {
  return {
    async executeSql(text: string, values: unknown[] = []) {
      if (values.length > 0) return { rows: [...(await sql.unsafe(text, values as never[]))] };
      // A text without parameters may have several statements, and a transaction around them.
      const inside = /^\s*BEGIN;([\s\S]*)COMMIT;\s*$/.exec(text)?.[1];
      const results =
        inside !== undefined && "begin" in sql
          ? await sql.begin((transaction) => transaction.unsafe(inside).simple())
          : await sql.unsafe(text).simple();
      return { rows: [...results].flat() };
    },
  };
}

/** Waits for the promise, but not longer than the signal allows. */
function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(new Error("the job took too long"));
    signal.addEventListener("abort", abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.slice(0, errorMaxChars);
}
