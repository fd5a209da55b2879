/**
 * One session on the server, with the driver (the package `postgres`). A session that is lost stays
 * lost: every query on it fails, and its owner makes a new one (slot.ts). The driver would connect
 * again by itself. Then the rest of a transaction could run on the new session, outside of a
 * transaction. docs/decisions/0009-lost-connections.md says more.
 */
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { type Line, openLine } from "./line.ts";
import { encodeSteps, type Step, type WireRow } from "./wire.ts";

export interface SessionOptions {
  /** If it has the parameter `host`, this folder has the server's socket, as libpq has it. The socket is tried first. */
  databaseUrl: string;
  /** These replace those of the URL. */
  username?: string;
  database?: string;
  /** The name that pg_stat_activity shows. */
  name: string;
  /** Further settings of the session. */
  settings?: Record<string, string | number | boolean>;
  /** Whether the driver prepares statements. */
  prepare?: boolean;
  notice?: (message: string) => void;
  /** Called for each notification that the session hears. */
  notify?: (channel: string, payload: string) => void;
  /** Gets a copy of what the server sends. */
  read?: (piece: Buffer) => void;
}

export interface Session extends AsyncDisposable {
  /** Connects with the first query. Queries run one after another. */
  sql: postgres.Sql;
  /**
   * Runs the steps as one transaction, in one round trip. Only one message at a time, and only while `sql` has
   * no queries.
   * @returns the rows of each executed statement
   * @throws ServerError, or the reason why the session is lost
   */
  run(steps: readonly Step[]): Promise<WireRow[][]>;
  /** Why the session can no longer be used. */
  readonly lost: Error | undefined;
  /** Whether the session was usable at some time. */
  readonly ready: boolean;
  /** Resolves with `lost`. Never resolves if the session ends as it should. */
  whenLost: Promise<Error>;
  /** Asks the server to stop the statement that runs. Resolves when the server knows. Never rejects. */
  cancel(): Promise<void>;
  /** Gives the session up at once. What runs fails with `cause`. */
  cut(cause: Error): void;
  /** What runs has `timeoutMs` to end. */
  end(timeoutMs: number): Promise<void>;
}

const connectTimeoutMs = 10_000;
const endTimeoutMs = 1000;

/** Lists of texts and ids as parameters. The driver would ask each new session how to write them. */
const lists = Object.fromEntries(
  [1009, 2951].map((oid) => [oid, { to: oid, from: [], serialize: listText, parse: (text: string) => text }]),
);

export function createSession(options: SessionOptions): Session {
  const url = new URL(options.databaseUrl);
  const sslMode = url.searchParams.get("sslmode") ?? undefined;
  url.searchParams.delete("sslmode");
  const folder = url.searchParams.get("host");
  url.searchParams.delete("host");
  const { promise: whenLost, resolve: tellLost } = Promise.withResolvers<Error>();
  let line: Line | undefined;
  let lost: Error | undefined;
  let ended = false;
  let connecting: Promise<unknown> | undefined;
  let running: Promise<unknown> | undefined;

  const sql = postgres(url.href, {
    ...(options.username === undefined ? {} : { username: options.username }),
    ...(options.database === undefined ? {} : { database: options.database }),
    max: 1,
    prepare: options.prepare ?? true,
    // Below, we make the socket, with TLS and a time limit.
    ssl: false,
    connect_timeout: 0,
    idle_timeout: 0,
    max_lifetime: null,
    // If the session is lost while the driver asks for types, the driver ends the process.
    fetch_types: false,
    types: lists,
    transform: { undefined: null },
    connection: { application_name: options.name, ...options.settings },
    onnotice: ({ message }: postgres.Notice) => options.notice?.(String(message)),
    onnotify: options.notify,
    async socket({ host, port }: { host: string[]; port: number[] }) {
      if (lost) throw lost;
      try {
        line = await openLine({
          host: host[0] as string,
          port: port[0] as number,
          path: folder === null ? undefined : `${folder}/.s.PGSQL.${port[0]}`,
          sslMode,
          connectTimeoutMs,
          read: options.read,
          broken: lose,
        });
      } catch (cause) {
        lose(cause as Error);
        throw cause;
      }
      // It was given up meanwhile.
      if (lost || ended) await line.close();
      return line.socket;
    },
  } as unknown as postgres.Options<Record<string, never>>);

  function lose(cause: Error): void {
    if (lost) return;
    lost = cause;
    tellLost(cause);
    void end(0);
  }

  async function run(steps: readonly Step[]): Promise<WireRow[][]> {
    const message = encodeSteps(steps);
    connecting ??= sql.unsafe("select");
    await connecting;
    if (lost) throw lost;
    const answer = (line as Line).exchange(message);
    running = answer;
    return answer;
  }

  /** The driver does not know about the statements of `run`. */
  async function end(timeoutMs: number): Promise<void> {
    if (timeoutMs > 0 && running)
      await Promise.race([running.catch(() => {}), delay(timeoutMs, null, { ref: false })]);
    await sql.end({ timeout: timeoutMs / 1000 });
    ended = true;
    await line?.close();
  }

  return {
    sql,
    run,
    whenLost,
    get lost() {
      return lost;
    },
    get ready() {
      return line?.ready ?? false;
    },
    cancel: async () => line?.cancel(),
    cut(cause) {
      lose(cause);
      line?.cut(cause);
    },
    end,
    [Symbol.asyncDispose]: () => end(endTimeoutMs),
  };
}

function listText(values: string[] | string): string {
  if (typeof values === "string") return values;
  return `{${values.map((value) => `"${value.replace(/["\\]/g, "\\$&")}"`).join(",")}}`;
}
