/**
 * A bounded set of connections. Each serves one request at a time. fair-queue.ts decides who gets the next.
 * A request is one message: its transaction settings, then its statement, both as prepared ones.
 * Postgres runs the message as one implicit transaction. So a request costs a
 * single round trip and leaves nothing to clean up. README.md says why it is done this way.
 */
import { createSession, type Session } from "../../database/session.ts";
import { createSlot, poolLifeMs, type Slot } from "../../database/slot.ts";
import { troubleOf } from "../../database/trouble.ts";
import type { Step, WireRow } from "../../database/wire.ts";
import { errors } from "../errors.ts";
import type { Statement } from "../sql/text.ts";
import { createFairQueue, type FairQueueOptions } from "./fair-queue.ts";
import { fromPostgres, fromTrouble } from "./faults.ts";
import type { TransactionSettings } from "./settings.ts";
import { watch } from "./watch.ts";

export interface Work {
  /** They run before the statement, in the same transaction. */
  settings: TransactionSettings;
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
  row: WireRow;
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

interface PreparedStatement {
  name: string;
  /** The connection's count when the statement was used last. */
  usedAt: number;
}

interface Connection {
  session: Session;
  /** Prepared statements, by plan key and then by text. */
  prepared: Map<string, Map<string, PreparedStatement>>;
  /** How many there are. */
  preparedCount: number;
  /** Prepared statements of a message that failed. The next message drops them, if they exist. */
  doubtful: string[];
  /** Counts the statements that ran. */
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
      const ending = watched.end();
      if (ending) await ending;
    }
  }

  return {
    async run(work) {
      const deadlineMs = performance.now() + requestMs(limits, work.settings.statementTimeoutMs);
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
  return { session, prepared: new Map(), preparedCount: 0, doubtful: [], count: 0 };
}

async function send(connection: Connection, work: Work): Promise<Outcome> {
  const { steps, fresh, evicted } = compose(connection, work);
  try {
    const results = await connection.session.run(steps);
    for (const { planKey, text, name } of fresh) {
      const of = connection.prepared.get(planKey) ?? new Map();
      connection.prepared.set(planKey, of.set(text, { name, usedAt: connection.count }));
      connection.preparedCount++;
    }
    // The results come in order: of the settings, of the statement, the plan.
    const [rows = [], plan] = results.slice(work.settings.preRequest === undefined ? 1 : 2);
    if (work.explainAs !== undefined) return { row: [joinLines(rows)] };
    return { row: rows[0] ?? [], plan: work.explain && plan?.[0]?.[0]?.toString("utf8") };
  } catch (cause) {
    // Nobody knows which of these the server has.
    connection.doubtful = [...fresh.map(({ name }) => name), ...evicted];
    // A function dropped the prepared statements. Nothing ran: the error undid the whole message.
    const gone = isFault(cause) && cause.code === "26000" && names(steps, cause.message);
    if (!gone || connection.preparedCount === 0) throw cause;
    connection.prepared.clear();
    connection.preparedCount = 0;
    return send(connection, work);
  }
}

/** Whether the message is about a statement of ours. A function may use statements of its own. */
function names(steps: Step[], message: string): boolean {
  return steps.some((step) => step.kind === "execute" && message.includes(`"${step.name}"`));
}

/** The answer to a client, for what the driver or the server said. Other errors stay as they are. */
function explain(cause: unknown, work: Work): unknown {
  const trouble = fromTrouble(cause);
  if (trouble) return trouble;
  if (!isFault(cause)) return cause;
  const { code, message, detail, hint } = cause;
  return fromPostgres({ code, message, detail, hint }, work.anonymous);
}

interface Message {
  steps: Step[];
  /** The statements that are prepared in it. */
  fresh: { planKey: string; text: string; name: string }[];
  /** The names of statements that are dropped to make room for these. */
  evicted: string[];
}

function compose(connection: Connection, work: Work): Message {
  const { settings, statement, planKey } = work;
  refuseZeros(settings.values, statement.values, work.explain?.values ?? []);
  const steps: Step[] = connection.doubtful.map((name) => ({ kind: "drop", name }));
  connection.doubtful = [];
  const message: Message = { steps, fresh: [], evicted: [] };
  execute(connection, message, planKey, settings);
  if (settings.preRequest !== undefined) steps.push(...once({ text: settings.preRequest, values: [] }));
  if (work.explainAs === undefined) execute(connection, message, planKey, statement);
  else steps.push(...once(explained(work.explainAs, statement)));
  if (work.explain) steps.push(...once(explained("format json", work.explain)));
  if (work.rollback) {
    for (const text of ["set constraints all immediate", "rollback"])
      steps.push(...once({ text, values: [] }));
  }
  return message;
}

/** Postgres' texts have no such character. */
function refuseZeros(...lists: (string | null)[][]): void {
  if (lists.some((values) => values.some((value) => value?.includes("\0")))) throw errors.nullCharacter();
}

/** Runs a statement that stays prepared. */
function execute(
  connection: Connection,
  { steps, fresh, evicted }: Message,
  planKey: string,
  { text, values }: Statement,
): void {
  const known = connection.prepared.get(planKey)?.get(text);
  const usedAt = ++connection.count;
  const name = known?.name ?? `r${usedAt}`;
  if (known) known.usedAt = usedAt;
  else {
    fresh.push({ planKey, text, name });
    if (connection.preparedCount >= preparedMax) {
      const old = evict(connection);
      evicted.push(old);
      steps.push({ kind: "drop", name: old });
    }
    steps.push({ kind: "prepare", name, text });
  }
  steps.push({ kind: "execute", name, values });
}

/** Forgets the statement that was not used for the longest time. @returns its name */
function evict(connection: Connection): string {
  let oldest = { name: "", usedAt: Number.POSITIVE_INFINITY };
  let place: { planKey: string; text: string } | undefined;
  for (const [planKey, statements] of connection.prepared) {
    for (const [text, statement] of statements) {
      if (statement.usedAt >= oldest.usedAt) continue;
      oldest = statement;
      place = { planKey, text };
    }
  }
  if (place) {
    const of = connection.prepared.get(place.planKey);
    of?.delete(place.text);
    if (of?.size === 0) connection.prepared.delete(place.planKey);
    connection.preparedCount--;
  }
  return oldest.name;
}

/** Runs a statement that does not stay. The next one without a name replaces it. */
function once({ text, values }: Statement): Step[] {
  return [
    { kind: "prepare", name: "", text },
    { kind: "execute", name: "", values },
  ];
}

function explained(options: string, { text, values }: Statement): Statement {
  return { text: `explain (${options}) ${text}`, values };
}

function joinLines(rows: WireRow[]): Buffer {
  return Buffer.from(rows.map(([line]) => line?.toString("utf8") ?? "").join("\n"));
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
