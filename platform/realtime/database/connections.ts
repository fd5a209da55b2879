/**
 * A bounded set of connections to the database. Each one handles one message at a time.
 * A message is several statements in one round trip. There is one set for questions to
 * policies, one for the catalog and one for checks of changes, so that none waits for
 * another.
 */
import { createSession, type Session } from "../../database/session.ts";
import { createSlot } from "../../database/slot.ts";
import { createResourcePool } from "../../resource-pool.ts";
import { DatabaseError } from "../database-side.ts";
import { isUnreachable, toDatabaseError } from "./errors.ts";
import type { Rows } from "./sql.ts";

export interface ConnectionOptions {
  databaseUrl: string;
  /** Replaces that of the URL. */
  username?: string;
  /** The name that pg_stat_activity shows. */
  name: string;
  size: number;
  /** The most callers that wait for a connection. More are refused at once. */
  queueMax: number;
  waitMs: number;
  statementTimeoutMs: number;
  /** Further settings of the session. */
  settings?: Record<string, string>;
}

export interface Connection {
  /**
   * Sends all statements in one message, which is one transaction.
   * @returns the rows of each statement that can return rows (`select`, or `execute` of one)
   * @throws postgres.PostgresError or a connection error
   */
  send(statements: string[]): Promise<Rows[]>;
  /**
   * Sends the statements in a transaction that is rolled back.
   * @returns the same as `send`
   */
  undo(statements: string[]): Promise<Rows[]>;
  /**
   * Prepares a statement, if this connection has not done so yet.
   * @param key what the statement is for; another text needs another key
   * @param definition the text after the name: `(types) as …`
   * @returns the statement's name
   */
  prepare(key: string, definition: string): Promise<string>;
}

export interface Connections extends AsyncDisposable {
  /** Runs `work` with a connection. @throws DatabaseError */
  use<T>(work: (connection: Connection) => Promise<T>): Promise<T>;
}

/**
 * Settings that change how values are written as text. They are the same in every session, also for
 * replication.
 */
export const textSettings = {
  TimeZone: "UTC",
  DateStyle: "ISO, MDY",
  IntervalStyle: "postgres",
  bytea_output: "hex",
  extra_float_digits: "1",
};

/** The most statements that a session keeps prepared. With more, all are dropped before the next work. */
const preparedMax = 500;

interface Result extends Array<(Buffer | null)[]> {
  columns: unknown;
}

export function createConnections(options: ConnectionOptions): Connections {
  const busy = () => new DatabaseError("IncreaseConnectionPool", "Please increase your connection pool size");
  const pool = createResourcePool({
    size: options.size,
    make: () => createSlot(() => connect(options)),
    waitingMax: options.queueMax,
    waitMs: options.waitMs,
    full: busy,
    late: busy,
  });
  return {
    async use(work) {
      const { resource, release } = await pool.take();
      try {
        const { connection, tidy } = await resource.take();
        await tidy();
        return await work(connection);
      } catch (cause) {
        throw toDatabaseError(cause);
      } finally {
        resource.rest();
        release();
      }
    },
    async [Symbol.asyncDispose]() {
      pool.close(new DatabaseError("UnableToConnectToProject", "The service is stopping"));
      await Promise.all(pool.made.map((slot) => slot[Symbol.asyncDispose]()));
    },
  };
}

interface Connected {
  connection: Connection;
  session: Session;
  /** Drops the prepared statements if there are too many. Only between two pieces of work, which may need them. */
  tidy(): Promise<void>;
}

function connect(options: ConnectionOptions): Connected {
  const prepared = new Map<string, string>();
  let count = 0;
  const session = createSession({
    databaseUrl: options.databaseUrl,
    ...(options.username !== undefined && { username: options.username }),
    name: options.name,
    settings: { statement_timeout: options.statementTimeoutMs, ...textSettings, ...options.settings },
  });

  async function send(statements: string[]): Promise<Rows[]> {
    const answer = (await session.sql.unsafe(statements.join(";")).simple().raw()) as unknown as
      | Result
      | Result[];
    // The driver starts a new result at each description of rows. If there is only one, it
    // is not in a list. Results before the first description have no columns.
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
      const name = `s${count++}`;
      // In a message of its own, so that it stays prepared even if the work fails.
      await send([`prepare ${name} ${definition}`]);
      prepared.set(key, name);
      return name;
    },
  };
  async function tidy(): Promise<void> {
    if (prepared.size < preparedMax) return;
    prepared.clear();
    await send(["deallocate all"]);
  }

  return { session, connection, tidy };
}
