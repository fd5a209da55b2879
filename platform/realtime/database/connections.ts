/**
 * A bounded set of connections to the database, one message of work at a time
 * on each. A message is several statements in one round trip. The probes, the
 * catalog and the checks of changes each have a set of their own, so that none
 * waits for another.
 */
import postgres from "postgres";
import { createResourcePool } from "../../resource-pool.ts";
import { DatabaseError } from "../database-side.ts";
import { isUnreachable, toDatabaseError } from "./errors.ts";
import type { Rows } from "./sql.ts";

export interface ConnectionOptions {
  databaseUrl: string;
  /** Shown in pg_stat_activity. */
  name: string;
  size: number;
  /** Work that waits for a connection at most; more is refused at once. */
  queueMax: number;
  waitMs: number;
  statementTimeoutMs: number;
  /** Further settings of the session. */
  settings?: Record<string, string>;
}

export interface Connection {
  /**
   * Sends all statements in one message, which is one transaction, and answers
   * with the rows of each that returns any or none (`select`, `execute` of one).
   * @throws postgres.PostgresError or a connection error
   */
  send(statements: string[]): Promise<Rows[]>;
  /**
   * Sends the statements in a transaction that is undone, and answers likewise
   * (`begin` comes first).
   */
  undo(statements: string[]): Promise<Rows[]>;
  /**
   * Makes sure of a prepared statement and answers with its name.
   * @param key what it is for; another text needs another key
   * @param definition what follows the name: `(types) as …`
   */
  prepare(key: string, definition: string): Promise<string>;
}

export interface Connections extends AsyncDisposable {
  /** @throws DatabaseError */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

/** What texts of values depend on: the same in every session, the replication's included. */
export const textSettings = {
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
};

const connectTimeoutS = 10;
/** Statements that a session keeps prepared; beyond, all are dropped. */
const preparedMax = 500;

interface Result extends Array<(Buffer | null)[]> {
  columns: unknown;
}

export function createConnections(options: ConnectionOptions): Connections {
  const busy = () => new DatabaseError("IncreaseConnectionPool", "Please increase your connection pool size");
  const pool = createResourcePool({
    size: options.size,
    make: () => connect(options),
    waitingMax: options.queueMax,
    waitMs: options.waitMs,
    full: busy,
    late: busy,
  });
  return {
    async use(work) {
      const { resource, release } = await pool.take();
      try {
        return await work(resource.connection);
      } catch (cause) {
        throw toDatabaseError(cause);
      } finally {
        release();
      }
    },
    async [Symbol.asyncDispose]() {
      pool.close(new DatabaseError("UnableToConnectToProject", "The service is stopping"));
      await Promise.all(pool.made.map(({ sql }) => sql.end({ timeout: 1 })));
    },
  };
}

function connect(options: ConnectionOptions): { connection: Connection; sql: postgres.Sql } {
  const prepared = new Map<string, string>();
  let count = 0;
  const sql = postgres(options.databaseUrl, {
    max: 1,
    fetch_types: false,
    connect_timeout: connectTimeoutS,
    max_lifetime: null,
    // A lost database is tried again at the next request, which fails meanwhile.
    backoff: () => 0.1,
    connection: {
      application_name: options.name,
      statement_timeout: options.statementTimeoutMs,
      ...textSettings,
      ...options.settings,
    },
    onnotice: () => {},
    onclose: () => prepared.clear(),
  });

  async function send(statements: string[]): Promise<Rows[]> {
    const answer = (await sql.unsafe(statements.join(";")).simple().raw()) as unknown as Result | Result[];
    // The driver begins a result with each description of rows: a lone one comes
    // bare, and what came before the first has no columns.
    const results: Result[] = "columns" in answer ? [answer] : answer;
    return results
      .filter(({ columns }) => columns)
      .map((rows) => rows.map((row) => row.map((value) => value?.toString("utf8") ?? null)));
  }

  const connection: Connection = {
    send,
    async undo(statements) {
      try {
        return await send(["begin", ...statements, "rollback"]);
      } catch (cause) {
        if (!isUnreachable(cause)) await send(["rollback"]);
        throw cause;
      }
    },
    async prepare(key, definition) {
      const known = prepared.get(key);
      if (known !== undefined) return known;
      if (prepared.size >= preparedMax) {
        prepared.clear();
        await send(["deallocate all"]);
      }
      const name = `s${count++}`;
      // A message of its own: it stays prepared whatever becomes of the work.
      await send([`prepare ${name} ${definition}`]);
      prepared.set(key, name);
      return name;
    },
  };
  return { sql, connection };
}
