/**
 * A bounded set of connections. Each serves one request at a time. fair-queue.ts decides who gets the next.
 * A request is one message: its transaction settings, then its statement as a prepared one.
 * Postgres runs the message as one implicit transaction. So a request costs a
 * single round trip and leaves nothing to clean up. README.md says why it is done this way.
 */
import { createSession, type Session } from "../../database/session.ts";
import { createSlot, poolLifeMs, type Slot } from "../../database/slot.ts";
import { troubleOf } from "../../database/trouble.ts";
import { quoteLiteral, type Statement } from "../sql/text.ts";
import { createFairQueue, type FairQueueOptions } from "./fair-queue.ts";
import { fromPostgres, fromTrouble } from "./faults.ts";
import { watch } from "./watch.ts";

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
  /** The statement timeout that Postgres keeps for the request. Undefined if there is none. */
  statementTimeoutMs?: number | undefined;
}

/** The columns of the statement's row, and the plan if one was asked for. */
export interface Outcome {
  row: (Buffer | null)[];
  plan?: string | undefined;
}

export interface Pool extends AsyncDisposable {
  /** @throws RestError with what Postgres says, or PGRST000, 001, 003 or 53100, all of which may pass */
  run(work: Work): Promise<Outcome>;
}

export interface PoolOptions extends FairQueueOptions {
  databaseUrl: string;
  /** Replace those of `defaultLimits`. */
  limits?: Partial<RequestLimits>;
}

/**
 * How long a request may take, with its wait for a connection: its statement timeout and `waitingMs`, but not
 * less than `leastMs` and not more than `mostMs`. Postgres ends most statements earlier. This limit is
 * for a server that does not answer at all.
 */
export interface RequestLimits {
  leastMs: number;
  waitingMs: number;
  mostMs: number;
}

const defaultLimits: RequestLimits = { leastMs: 15_000, waitingMs: 5_000, mostMs: 60_000 };

/** Prepared statements that a connection keeps. The least recently used one is dropped first. */
const preparedMax = 200;
/** A failed request may leave a prepared statement behind. After this number of them, all are dropped. */
const strayMax = 32;

interface Connection {
  session: Session;
  /** The names of prepared statements, by plan key and text. */
  prepared: Map<string, string>;
  strays: number;
  count: number;
}

export function createPool(options: PoolOptions): Pool {
  const { databaseUrl } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const all: Slot<Connection>[] = [];
  const idle: Slot<Connection>[] = [];
  const queue = createFairQueue(options);

  function open(): Slot<Connection> {
    const slot = createSlot(() => connect(databaseUrl), poolLifeMs);
    all.push(slot);
    return slot;
  }

  async function attempt(slot: Slot<Connection>, work: Work, deadlineMs: number): Promise<Outcome> {
    const connection = await slot.take();
    const watched = watch(connection.session, work.request, deadlineMs);
    try {
      return await send(connection, work);
    } catch (cause) {
      throw watched.reason(cause);
    } finally {
      await watched.end();
    }
  }

  return {
    async run(work) {
      const deadlineMs = performance.now() + requestMs(limits, work.statementTimeoutMs);
      const turn = queue.take(work.caller, work.anonymous, work.request);
      if (turn) await turn;
      const slot = idle.pop() ?? open();
      try {
        try {
          return await attempt(slot, work, deadlineMs);
        } catch (cause) {
          if (!work.repeatable || troubleOf(cause) !== "lost") throw cause;
          return await attempt(slot, work, deadlineMs);
        }
      } catch (cause) {
        throw explain(cause, work);
      } finally {
        idle.push(slot);
        slot.rest();
        queue.giveBack(work.caller, work.anonymous);
      }
    },
    async [Symbol.asyncDispose]() {
      queue[Symbol.dispose]();
      await Promise.all(all.map((slot) => slot[Symbol.asyncDispose]()));
    },
  };
}

function requestMs({ leastMs, waitingMs, mostMs }: RequestLimits, statementMs: number | undefined): number {
  return statementMs ? Math.min(Math.max(leastMs, statementMs + waitingMs), mostMs) : mostMs;
}

function connect(databaseUrl: string): Connection {
  const session = createSession({ databaseUrl, name: "rest" });
  return { session, prepared: new Map(), strays: 0, count: 0 };
}

async function send(connection: Connection, work: Work): Promise<Outcome> {
  const { text, name, planName } = compose(connection, work);
  try {
    const results = (await connection.session.sql.unsafe(text).raw()) as unknown as (Buffer | null)[][][];
    if (name.fresh) connection.prepared.set(name.key, name.name);
    // The results come in order: of the settings, of the statement, the plan. Commands have none.
    const rows = results.slice(work.explain ? -2 : -1);
    if (work.explainAs !== undefined) return { row: [joinLines(rows[0] ?? [])] };
    return { row: rows[0]?.[0] ?? [], plan: work.explain && rows[1]?.[0]?.[0]?.toString("utf8") };
  } catch (cause) {
    if (name.fresh) connection.strays++;
    // A function dropped the prepared statements. Nothing ran: the error undid the whole message.
    const dropped = isFault(cause) && cause.code === "26000" && cause.message.includes(`"${name.name}"`);
    if (!dropped || name.fresh) throw cause;
    connection.prepared.clear();
    return send(connection, work);
  } finally {
    if (planName) connection.strays++;
  }
}

/** The answer to a client, for what the driver or the server said. Other errors stay as they are. */
function explain(cause: unknown, work: Work): unknown {
  const trouble = fromTrouble(cause);
  if (trouble) return trouble;
  if (!isFault(cause)) return cause;
  const { code, message, detail, hint } = cause;
  return fromPostgres({ code, message, detail, hint }, work.anonymous);
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

/** An error of Postgres. */
interface Fault extends Error {
  code: string;
  detail?: string;
  hint?: string;
}

function isFault(cause: unknown): cause is Fault {
  return cause instanceof Error && "code" in cause && typeof cause.code === "string";
}
