/**
 * A bounded set of connections, one request at a time on each. A request is
 * one message: its transaction settings, then its statement as a prepared one.
 * Postgres runs the message as one implicit transaction, so a request costs a
 * single round trip and leaves nothing to clean up. README.md says why so.
 */
import postgres from "postgres";
import { errors } from "../errors.ts";
import { quoteLiteral, type Statement } from "../sql/text.ts";
import { createFairQueue, type FairQueueOptions } from "./fair-queue.ts";
import { fromPostgres } from "./faults.ts";

export interface Work {
  /** SQL that runs before, in the same transaction. */
  settings: string;
  /** What the plan depends on besides the text: role and search path. */
  planKey: string;
  statement: Statement;
  /** Also explains this one; its plan is the last row. */
  explain?: Statement | undefined;
  /** Whether to try again on a fresh connection when one is lost. */
  repeatable: boolean;
  /** Whose share of the pool it takes. */
  caller: string;
  /** Whether the caller is anonymous: for the share, and for statuses of errors. */
  anonymous: boolean;
  /** Its signal tells that the client has gone. */
  request: Pick<Request, "signal">;
}

/** Columns of the statement's row, then the explained plan if any. */
export interface Outcome {
  row: (Buffer | null)[];
  plan?: string | undefined;
}

export interface Pool extends AsyncDisposable {
  /** @throws RestError what Postgres says, or PGRST000, 001, 003 */
  run(work: Work): Promise<Outcome>;
}

export interface PoolOptions extends FairQueueOptions {
  databaseUrl: string;
}

/** Plans that a connection keeps; the least recently used leaves first. */
const preparedMax = 200;
/** Failed requests may leave a prepared statement behind; after so many all are dropped. */
const strayMax = 32;

interface Connection {
  sql: postgres.Sql;
  /** Names of prepared statements by what they do. */
  prepared: Map<string, string>;
  strays: number;
  count: number;
}

export function createPool(options: PoolOptions): Pool {
  const { databaseUrl } = options;
  const all: Connection[] = [];
  const idle: Connection[] = [];
  const queue = createFairQueue(options);

  function open(): Connection {
    const connection = connect(databaseUrl);
    all.push(connection);
    return connection;
  }

  return {
    async run(work) {
      const turn = queue.take(work.caller, work.anonymous, work.request);
      if (turn) await turn;
      const connection = idle.pop() ?? open();
      try {
        return await attempt(connection, work, work.repeatable ? 2 : 1);
      } finally {
        idle.push(connection);
        queue.giveBack(work.caller, work.anonymous);
      }
    },
    async [Symbol.asyncDispose]() {
      queue[Symbol.dispose]();
      await Promise.all(all.map(({ sql }) => sql.end({ timeout: 2 })));
    },
  };
}

function connect(databaseUrl: string): Connection {
  const connection: Connection = {
    sql: postgres(databaseUrl, {
      max: 1,
      fetch_types: false,
      connect_timeout: 10,
      // A lost database is tried again soon: requests fail meanwhile, they do not queue here.
      backoff: () => 0.1,
      connection: { application_name: "rest" },
      onnotice: () => {},
      onclose: () => {
        connection.prepared.clear();
        connection.strays = 0;
      },
    }),
    prepared: new Map(),
    strays: 0,
    count: 0,
  };
  return connection;
}

async function attempt(connection: Connection, work: Work, triesLeft: number): Promise<Outcome> {
  const { text, name, planName } = compose(connection, work);
  try {
    const results = (await connection.sql.unsafe(text).raw()) as unknown as (Buffer | null)[][][];
    if (name.fresh) connection.prepared.set(name.key, name.name);
    // Settings answer first, the statement then, its plan last.
    const rows = results.slice(work.explain ? -2 : -1);
    return { row: rows[0]?.[0] ?? [], plan: work.explain && rows[1]?.[0]?.[0]?.toString("utf8") };
  } catch (cause) {
    if (!isFault(cause)) throw cause;
    if (name.fresh) connection.strays++;
    // The connection was replaced since: its prepared statements are gone. Nothing ran.
    if (cause.code === "26000" && cause.message.includes(`"${name.name}"`) && !name.fresh) {
      connection.prepared.clear();
      return attempt(connection, work, triesLeft);
    }
    const lost = lostCodes.has(cause.code) || cause.code === "57P01";
    if (lost && triesLeft > 1) return attempt(connection, work, triesLeft - 1);
    if (refusedCodes.has(cause.code)) throw errors.connection(null);
    if (lostCodes.has(cause.code)) throw errors.connectionLost();
    throw fromPostgres(
      { code: cause.code, message: cause.message, detail: cause.detail, hint: cause.hint },
      work.anonymous,
    );
  } finally {
    if (planName) connection.strays++;
  }
}

interface PreparedName {
  key: string;
  name: string;
  fresh: boolean;
}

function compose(
  connection: Connection,
  work: Work,
): { text: string; name: PreparedName; planName?: string } {
  let text = "";
  if (connection.strays > strayMax) {
    text += "deallocate all;";
    connection.prepared.clear();
    connection.strays = 0;
  }
  text += `${work.settings};`;
  const key = `${work.planKey}\0${work.statement.text}`;
  const known = connection.prepared.get(key);
  const name: PreparedName = { key, name: known ?? `r${connection.count++}`, fresh: known === undefined };
  if (known === undefined) {
    if (connection.prepared.size >= preparedMax) {
      const [[oldKey, oldName] = ["", ""]] = connection.prepared;
      connection.prepared.delete(oldKey);
      text += `deallocate ${oldName};`;
    }
    text += `prepare ${name.name} as ${work.statement.text};`;
  } else {
    connection.prepared.delete(key);
    connection.prepared.set(key, known);
  }
  text += `execute ${name.name}${argumentList(work.statement.values)}`;
  if (!work.explain) return { text, name };
  const planName = `r${connection.count++}`;
  text += `;prepare ${planName} as ${work.explain.text}`;
  text += `;explain (format json) execute ${planName}${argumentList(work.explain.values)}`;
  return { text, name, planName };
}

function argumentList(values: (string | null)[]): string {
  if (values.length === 0) return "";
  return `(${values.map((value) => (value === null ? "null" : quoteLiteral(value))).join(",")})`;
}

/** Postgres errors and connection errors of the driver alike. */
interface Fault {
  code: string;
  message: string;
  detail?: string;
  hint?: string;
}

const refusedCodes = new Set([
  "ECONNREFUSED",
  "CONNECT_TIMEOUT",
  "ENOTFOUND",
  "57P03",
  "53300",
  "28P01",
  "3D000",
]);
const lostCodes = new Set([
  "CONNECTION_CLOSED",
  "CONNECTION_ENDED",
  "CONNECTION_DESTROYED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
]);

function isFault(cause: unknown): cause is Fault {
  return (
    typeof cause === "object" &&
    cause !== null &&
    "code" in cause &&
    typeof (cause as Fault).code === "string"
  );
}
