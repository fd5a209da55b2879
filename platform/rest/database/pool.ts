/**
 * A bounded set of connections. Each serves one request at a time. fair-queue.ts decides who gets the next.
 * A request is one message: its transaction settings, then its statement as a prepared one.
 * Postgres runs the message as one implicit transaction. So a request costs a
 * single round trip and leaves nothing to clean up. README.md says why it is done this way.
 */
import postgres from "postgres";
import { errors } from "../errors.ts";
import { quoteLiteral, type Statement } from "../sql/text.ts";
import { createFairQueue, type FairQueueOptions } from "./fair-queue.ts";
import { fromPostgres } from "./faults.ts";

export interface Work {
  /** SQL that runs before the statement, in the same transaction. */
  settings: string;
  /** Role and search path: besides the text, the plan depends on them. */
  planKey: string;
  statement: Statement;
  /** Another statement, to be explained. Its plan is the last row. */
  explain?: Statement | undefined;
  /** The options of EXPLAIN, if the statement itself is explained. The lines then are the row's one column. */
  explainAs?: string | undefined;
  /** Whether everything is undone at the end. Constraints are checked before. */
  rollback: boolean;
  /** Whether to try again on a new connection if this one is lost. */
  repeatable: boolean;
  /** Whose share of the pool the request takes. */
  caller: string;
  /** Whether the caller is anonymous. It decides on the share and on the status of some errors. */
  anonymous: boolean;
  /** Its signal tells when the client has left. */
  request: Pick<Request, "signal">;
}

/** The columns of the statement's row, and the plan if one was asked for. */
export interface Outcome {
  row: (Buffer | null)[];
  plan?: string | undefined;
}

export interface Pool extends AsyncDisposable {
  /** @throws RestError with what Postgres says, or PGRST000, 001, 003 */
  run(work: Work): Promise<Outcome>;
}

export interface PoolOptions extends FairQueueOptions {
  databaseUrl: string;
}

/** Prepared statements that a connection keeps. The least recently used one is dropped first. */
const preparedMax = 200;
/** A failed request may leave a prepared statement behind. After this number of them, all are dropped. */
const strayMax = 32;

interface Connection {
  sql: postgres.Sql;
  /** The names of prepared statements, by plan key and text. */
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
      // When the database is lost, try again soon. Requests fail meanwhile; they do not wait here.
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
    // The results come in order: of the settings, of the statement, the plan. Commands have none.
    const rows = results.slice(work.explain ? -2 : -1);
    if (work.explainAs !== undefined) return { row: [joinLines(rows[0] ?? [])] };
    return { row: rows[0]?.[0] ?? [], plan: work.explain && rows[1]?.[0]?.[0]?.toString("utf8") };
  } catch (cause) {
    if (!isFault(cause)) throw cause;
    if (name.fresh) connection.strays++;
    // The connection was replaced, so its prepared statements are gone. Nothing ran.
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
  if (work.explainAs !== undefined) text += `explain (${work.explainAs}) `;
  text += `execute ${name.name}${argumentList(work.statement.values)}`;
  const end = work.rollback ? ";set constraints all immediate;rollback" : "";
  if (!work.explain) return { text: text + end, name };
  const planName = `r${connection.count++}`;
  text += `;prepare ${planName} as ${work.explain.text}`;
  text += `;explain (format json) execute ${planName}${argumentList(work.explain.values)}`;
  return { text: text + end, name, planName };
}

function joinLines(rows: (Buffer | null)[][]): Buffer {
  return Buffer.from(rows.map(([line]) => line?.toString("utf8") ?? "").join("\n"));
}

function argumentList(values: (string | null)[]): string {
  if (values.length === 0) return "";
  return `(${values.map((value) => (value === null ? "null" : quoteLiteral(value))).join(",")})`;
}

/** An error of Postgres, or a connection error of the driver. */
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
