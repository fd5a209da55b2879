/**
 * Asks the database server what only it knows: the results of expressions, and whether
 * policies let somebody see a row.
 */
import type { Log } from "../../../log.ts";
import { DatabaseError } from "../../database-side.ts";
import type { Connection, Connections } from "../connections.ts";
import { isTransient } from "../errors.ts";
import { identifier, literal, type Rows } from "../sql.ts";
import type { Table } from "./tables.ts";

export interface Check {
  table: Table;
  role: string;
  /** JSON text. */
  claims: string;
  /** The values of the row's primary key, as text. */
  key: string[];
}

export type Verdict = "visible" | "hidden" | "failed";

export interface Judge {
  /**
   * Evaluates expressions. A result is undefined if its expression fails.
   * @throws DatabaseError when the server cannot be asked
   */
  evaluate(expressions: string[]): Promise<(string | null | undefined)[]>;
  /**
   * Evaluates filters. They come from strangers, so they have much less time. A result is `tooSlow` if
   * its filter takes longer, and undefined if it fails.
   * @throws DatabaseError when the server cannot be asked
   */
  filter(expressions: string[]): Promise<(string | null | undefined)[]>;
  /**
   * Asks the policies who sees which row.
   * @param transactions the ids of the transactions that wrote the rows. Waits until others see them
   * @throws DatabaseError when the server cannot be asked
   */
  see(checks: Check[], transactions: number[]): Promise<Verdict[]>;
}

export interface JudgeLimits {
  /** The time for one statement. */
  statementTimeoutMs: number;
  /** The time for a message of filters. */
  filterTimeoutMs: number;
}

export const tooSlow = "too slow";

/** Values are part of the filters. Large ones take longer to read, and that is not the filter's fault. */
const filterCharactersPerMs = 10_000;
/** After a message was too slow, its filters are tried with fewer others. One filter has this part of the time. */
const aloneShare = 0.1;

/** The most that one message to the server asks. */
const expressionsMax = 200;
const checksMax = 200;
/** A commit is in the stream a moment before others see it. Asking again takes about that long. */
const unsettled = { eagerTries: 5, pauseMs: 1, triesMax: 2_000 };

/**
 * Types, casts and operators may be the project's own code, and its author has only the rights of postgres.
 * The session logged in as postgres, but such code may have set another role.
 */
export const asProject = "select pg_catalog.set_config('role', 'postgres', true)";

/** Sets the time for each statement of the message that follows. */
export function atMost(timeoutMs: number): string {
  return `select pg_catalog.set_config('statement_timeout', '${timeoutMs}', true)`;
}

const identity =
  "(text, text) as select pg_catalog.set_config('request.jwt.claims', $2, true), " +
  "pg_catalog.set_config('role', $1, true)";

export function createJudge(connections: Connections, log: Log, limits: JudgeLimits): Judge {
  function select(expressions: string[], timeoutMs = limits.statementTimeoutMs): Promise<(string | null)[]> {
    const statements = [asProject, atMost(timeoutMs), `select ${expressions.join(", ")}`];
    return connections.use(async (connection) => (await connection.send(statements))[2]?.[0] ?? []);
  }

  return {
    async evaluate(expressions) {
      const answers = await Promise.all(
        slices(expressions, expressionsMax).map((slice) => halving(slice, (part) => select(part))),
      );
      return answers.flat();
    },
    async filter(expressions) {
      const answers = await Promise.all(
        slices(expressions, expressionsMax).map((slice) =>
          halving(
            slice,
            (part) => {
              const share = Math.max(aloneShare, part.length / slice.length);
              const characters = part.reduce((sum, { length }) => sum + length, 0);
              const timeoutMs = limits.filterTimeoutMs * share + characters / filterCharactersPerMs;
              return select(part, Math.ceil(Math.min(timeoutMs, limits.statementTimeoutMs)));
            },
            ({ code }) => (code === "QueryCanceled" ? tooSlow : undefined),
          ),
        ),
      );
      return answers.flat();
    },
    async see(checks, transactions) {
      const verdicts = await Promise.all(
        slices(checks, checksMax).map((slice) =>
          halving(
            slice,
            (part) => connections.use((connection) => seeAll(connection, part, transactions)),
            (error) => {
              log("warn", `a policy failed for a change: ${(error.cause as Error)?.message}`);
              return undefined;
            },
          ),
        ),
      );
      return verdicts.flat().map((verdict) => verdict ?? "failed");
    },
  };
}

async function seeAll(connection: Connection, checks: Check[], transactions: number[]): Promise<Verdict[]> {
  const become = await connection.prepare("identity", identity);
  const unseen = await connection.prepare("unsettled", unsettledTransactions);
  const ids = transactions.map((id) => `'${id}'`).join(",");
  const statements = [`execute ${unseen} (array[${ids}]::pg_catalog.xid[])`];
  for (const { table, role, claims, key } of checks) {
    const definition = visibility(table);
    // One statement for each role, because a plan contains the policies of one role.
    const visible = await connection.prepare(`${role} ${definition}`, definition);
    statements.push(
      `execute ${become} (${literal(role)}, ${literal(claims)})`,
      `execute ${visible} (${key.map(literal).join(", ")})`,
    );
  }
  let results: Rows[] = [];
  for (let tries = 0; tries < unsettled.triesMax; tries++) {
    results = await connection.send(statements);
    if (results[0]?.[0]?.[0] === "f") break;
    if (tries >= unsettled.eagerTries) {
      await new Promise((resolve) => setTimeout(resolve, unsettled.pauseMs));
    }
  }
  return checks.map((_, index) => (results[2 + 2 * index]?.[0]?.[0] === "t" ? "visible" : "hidden"));
}

/** Whether others cannot see one of the transactions yet. */
const unsettledTransactions = `(pg_catalog.xid[]) as
  select exists (
    select
    from pg_catalog.unnest($1) as made (id)
    cross join pg_catalog.pg_current_snapshot() as now
    where pg_catalog.age(made.id) <= pg_catalog.age(pg_catalog.pg_snapshot_xmax(now)::pg_catalog.xid)
      or exists (
        select from pg_catalog.pg_snapshot_xip(now) as running (id) where running.id::pg_catalog.xid = made.id
      )
  )`;

const visibilities = new WeakMap<Table, string>();

function visibility(table: Table): string {
  let definition = visibilities.get(table);
  if (definition === undefined) {
    const types = table.primaryKey.map(
      (name) => table.columns.find((column) => column.name === name)?.sqlType ?? "text",
    );
    const equal = table.primaryKey.map((name, index) => `${identifier(name)} = $${index + 1}`);
    const from = `${identifier(table.schema)}.${identifier(table.name)}`;
    definition = `(${types.join(", ")}) as select exists (select from ${from} where ${equal.join(" and ")})`;
    visibilities.set(table, definition);
  }
  return definition;
}

/**
 * If the whole fails, tries its halves. So one failing item does not cost the others their answer.
 * @param failed gives the answer for a single item that fails
 */
async function halving<T, R>(
  items: T[],
  work: (items: T[]) => Promise<R[]>,
  failed: (error: DatabaseError) => R | undefined = () => undefined,
): Promise<(R | undefined)[]> {
  try {
    return await work(items);
  } catch (error) {
    if (!(error instanceof DatabaseError) || (isTransient(error) && error.code !== "QueryCanceled"))
      throw error;
    if (items.length === 1) return [failed(error)];
    const middle = items.length >> 1;
    return [
      ...(await halving(items.slice(0, middle), work, failed)),
      ...(await halving(items.slice(middle), work, failed)),
    ];
  }
}

function slices<T>(items: T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let at = 0; at < items.length; at += size) parts.push(items.slice(at, at + size));
  return parts;
}
