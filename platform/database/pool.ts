/**
 * A bounded set of sessions that looks like the driver's own `sql`: `sql` with a text runs a query on a free
 * session, `sql.begin` a transaction. A session that is lost costs only the queries that run on it.
 */
import postgres from "postgres";
import { createResourcePool, type Lease } from "../resource-pool.ts";
import { createSession, type Session, type SessionOptions } from "./session.ts";
import { createSlot, poolLifeMs, type Slot } from "./slot.ts";
import { poolBusy } from "./trouble.ts";

// biome-ignore lint/complexity/noBannedTypes: this is how postgres.js says "no custom types"
export type Queries = postgres.ISql<{}>;

/** Runs queries, each on any free session, and transactions. */
export type PoolSql = Queries & {
  begin<T>(work: (sql: postgres.TransactionSql) => Outcome<T> | Promise<Outcome<T>>): Promise<T>;
};

export interface DatabasePool extends AsyncDisposable {
  /** A query rejects with the driver's or the server's error, or with the code POOL_BUSY. */
  sql: PoolSql;
}

export interface DatabasePoolOptions extends SessionOptions {
  /** Sessions. */
  size: number;
  /** The most queries that wait for a session. More are refused at once. */
  waitingMax: number;
  /** The longest time that a query waits for a session. */
  waitMs: number;
}

type Place = Slot<{ session: Session }>;

/** A query of the driver. It calls its handler when somebody wants its result. */
interface DriverQuery extends Promise<unknown> {
  handler(query: DriverQuery): void;
  reject(cause: unknown): void;
}

export function createDatabasePool(options: DatabasePoolOptions): DatabasePool {
  const pool = createResourcePool<Place>({
    size: options.size,
    make: () => createSlot(() => ({ session: createSession(options) }), poolLifeMs),
    waitingMax: options.waitingMax,
    waitMs: options.waitMs,
    full: poolBusy,
    late: poolBusy,
  });
  // It never connects. It only makes queries from texts.
  const maker = postgres({ max: 1, fetch_types: false });

  async function take(): Promise<{ session: Session; release: Lease<Place>["release"] }> {
    const { resource, release } = await pool.take();
    const { session } = await resource.take();
    return {
      session,
      release() {
        resource.rest();
        release();
      },
    };
  }

  async function run(query: DriverQuery): Promise<void> {
    try {
      const { session, release } = await take();
      Promise.prototype.then.call(query, release, release);
      // The handler of a session's own query runs any query on that session.
      (session.sql`` as unknown as DriverQuery).handler(query);
    } catch (cause) {
      query.reject(cause);
    }
  }

  /** Parts of queries and names stay as they are. Only whole queries are ever run. */
  function ours<T>(made: T): T {
    if (made instanceof Promise) (made as unknown as DriverQuery).handler = run;
    return made;
  }

  const make = maker as unknown as (...parts: unknown[]) => unknown;
  const sql = Object.assign((...parts: unknown[]) => ours(make(...parts)), {
    unsafe: (...parts: Parameters<typeof maker.unsafe>) => ours(maker.unsafe(...parts)),
    json: maker.json,
    array: maker.array,
    async begin<T>(work: (sql: postgres.TransactionSql) => Outcome<T> | Promise<Outcome<T>>) {
      const { session, release } = await take();
      try {
        return await transaction(session, work);
      } finally {
        release();
      }
    },
  }) as unknown as PoolSql;

  return {
    sql,
    async [Symbol.asyncDispose]() {
      pool.close(Object.assign(new Error("The service is stopping"), { code: "CONNECTION_ENDED" }));
      await Promise.all(pool.made.map((place) => place[Symbol.asyncDispose]()));
    },
  };
}

/**
 * Runs `work` as a transaction. Unlike the driver's own `begin`, it does not wait for an answer to BEGIN, nor for
 * one between the last statements and COMMIT, if `work` says which are the last. Nobody else uses the session
 * meanwhile.
 */
async function transaction<T>(
  { sql }: Session,
  work: (sql: postgres.TransactionSql) => Outcome<T> | Promise<Outcome<T>>,
): Promise<T> {
  const begun = sql.unsafe("begin").execute();
  begun.catch(() => {});
  try {
    const outcome = await work(sql as unknown as postgres.TransactionSql);
    const ending = outcome instanceof LastStatements ? outcome.send() : outcome;
    const [result, { command }] = await Promise.all([ending, sql.unsafe("commit").execute(), begun]);
    // Postgres answers so after a statement that failed, even if nobody looked at the failure.
    if (command !== "COMMIT") throw new Error("A statement of the transaction failed");
    return result;
  } catch (cause) {
    // On a session that is lost, or after the transaction has ended, there is nothing to undo.
    await sql.unsafe("rollback").catch(() => {});
    throw cause;
  }
}

type Outcome<T> = T | LastStatements<T>;

/** The last statements of a transaction, which are sent together with its COMMIT. If one fails, all is undone. */
export class LastStatements<T> {
  readonly send: () => Promise<T>;

  /** @param send sends them at once, before it waits for anything */
  constructor(send: () => Promise<T>) {
    this.send = send;
  }
}
