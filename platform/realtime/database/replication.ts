/**
 * The stream of what the database commits, through one temporary logical replication slot
 * over the publications. When it ends, it is opened again. What commits meanwhile is not
 * heard.
 * https://www.postgresql.org/docs/17/protocol-replication.html
 */
import { randomBytes } from "node:crypto";
import type { Duplex } from "node:stream";
import { createSession, type Session } from "../../database/session.ts";
import type { Log } from "../../log.ts";
import { DatabaseError } from "../database-side.ts";
import { textSettings } from "./connections.ts";
import { isTransient, toDatabaseError } from "./errors.ts";
import { createDecoder, type Handlers } from "./pgoutput.ts";

export interface ReplicationOptions extends Handlers {
  databaseUrl: string;
  /** Called before each stream begins. Makes sure that the publications exist. @returns their names */
  publications(): Promise<string[]>;
  /** The stream runs. Commits are heard from now on. */
  started(): void;
  /** The stream has ended. Another one will start. */
  lost(): void;
  log: Log;
}

export interface Replication extends AsyncDisposable {
  /** @throws DatabaseError */
  streaming(timeoutMs: number): Promise<void>;
  /** Ends the stream. The next one follows what is published then. */
  restart(): void;
}

/** The server disconnects a client that is silent for wal_sender_timeout, a minute by default. */
const feedbackMs = 10_000;
/** We ask for an answer each time. A stream that is silent for longer is dead. */
const silenceMs = 60_000;
const backoffMs = { least: 50, most: 5_000 };

export function createReplication(options: ReplicationOptions): Replication {
  const { log } = options;
  const stopping = new AbortController();
  const waiting = new Set<{ resolve(): void; reject(cause: unknown): void }>();
  let stream: Stream | undefined;
  let trouble = connecting();

  const running = (async () => {
    let attempts = 0;
    while (!stopping.signal.aborted) {
      try {
        stream = await openStream(options, stopping.signal);
        if (stopping.signal.aborted) break;
        attempts = 0;
        log("debug", "replication runs");
        options.started();
        for (const waiter of waiting) waiter.resolve();
        waiting.clear();
        throw await stream.ended;
      } catch (cause) {
        if (stopping.signal.aborted) break;
        const error = toDatabaseError(cause);
        trouble = isTransient(error) ? error : connecting(cause);
        if (stream) {
          log("warn", `replication was interrupted, what commits now is not heard live: ${describe(cause)}`);
          options.lost();
        } else {
          log(attempts === 0 ? "warn" : "debug", `replication cannot start: ${describe(cause)}`);
        }
      } finally {
        await stream?.close();
        stream = undefined;
      }
      const delayMs = Math.min(backoffMs.least * 2 ** attempts++, backoffMs.most);
      await pause(delayMs * (0.5 + Math.random() / 2), stopping.signal);
    }
  })();

  return {
    streaming(timeoutMs) {
      if (stream) return Promise.resolve();
      if (stopping.signal.aborted) return Promise.reject(stopped());
      return new Promise((resolve, reject) => {
        const settle = (settled: () => void) => {
          clearTimeout(timer);
          waiting.delete(waiter);
          settled();
        };
        const waiter = {
          resolve: () => settle(resolve),
          reject: (cause: unknown) => settle(() => reject(cause)),
        };
        const timer = setTimeout(() => waiter.reject(trouble), timeoutMs);
        waiting.add(waiter);
      });
    },
    restart() {
      stream?.interrupt();
    },
    async [Symbol.asyncDispose]() {
      stopping.abort();
      for (const waiter of waiting) waiter.reject(stopped());
      stream?.interrupt();
      await running;
    },
  };
}

interface Stream {
  /** Resolves with the reason when the stream ends. */
  ended: Promise<Error>;
  interrupt(): void;
  close(): Promise<void>;
}

/** @throws the error of the driver or the server */
async function openStream(options: ReplicationOptions, signal: AbortSignal): Promise<Stream> {
  const publications = await options.publications();
  const session = createSession({
    databaseUrl: options.databaseUrl,
    name: "realtime_replication",
    settings: { replication: "database", statement_timeout: 0, ...textSettings },
  });
  // Making a slot waits for all running transactions.
  const giveUp = () => session.cut(stopped());
  signal.addEventListener("abort", giveUp);
  try {
    const slot = `plaza_realtime_${randomBytes(6).toString("hex")}`;
    await session.sql.unsafe(`CREATE_REPLICATION_SLOT ${slot} TEMPORARY LOGICAL pgoutput NOEXPORT_SNAPSHOT`);
    const names = publications.map((name) => `"${name.replaceAll('"', '""')}"`).join(",");
    const copy = (await session.sql
      .unsafe(
        `START_REPLICATION SLOT ${slot} LOGICAL 0/0 ` +
          `(proto_version '1', publication_names '${names.replaceAll("'", "''")}')`,
      )
      .writable()) as unknown as Duplex;
    return follow(copy, session, options);
  } catch (cause) {
    await session.end(0);
    throw cause;
  } finally {
    signal.removeEventListener("abort", giveUp);
  }
}

function follow(copy: Duplex, session: Session, options: ReplicationOptions): Stream {
  const decode = createDecoder(options);
  let end: (cause: Error) => void = () => {};
  const ended = new Promise<Error>((resolve) => {
    end = resolve;
  });
  /** The position up to which we have received everything. */
  let received = 0n;
  let heardAtMs = Date.now();

  function feedback(answer: boolean): void {
    const status = Buffer.alloc(34);
    status[0] = 0x72; // r
    status.writeBigUInt64BE(received, 1);
    status.writeBigUInt64BE(received, 9);
    status.writeBigUInt64BE(received, 17);
    status.writeBigInt64BE(BigInt(Date.now() - Date.UTC(2000, 0, 1)) * 1000n, 25);
    status[33] = answer ? 1 : 0;
    if (copy.writable) copy.write(status);
  }

  copy.on("data", (message: Buffer) => {
    heardAtMs = Date.now();
    try {
      const position = message.readBigUInt64BE(1);
      if (message[0] === 0x77) {
        // w: the position where the message begins, the end of the server's log, the time, then a
        // message of pgoutput.
        if (position > received) received = position;
        decode(message.subarray(25));
      } else if (message[0] === 0x6b) {
        // k: a keepalive. We have received and handled everything before it.
        if (position > received) received = position;
        if (message[17] === 1) feedback(false);
      }
    } catch (cause) {
      end(cause as Error);
    }
  });
  for (const event of ["end", "close"]) {
    copy.once(event, () =>
      end(Object.assign(new Error("The stream was closed"), { code: "CONNECTION_CLOSED" })),
    );
  }
  copy.once("error", end);
  const timer = setInterval(() => {
    if (Date.now() - heardAtMs > silenceMs) end(new Error("The server fell silent"));
    else feedback(true);
  }, feedbackMs);

  return {
    ended,
    interrupt: () =>
      end(Object.assign(new Error("The stream is started again"), { code: "CONNECTION_CLOSED" })),
    async close() {
      clearInterval(timer);
      copy.on("error", () => {});
      copy.destroy();
      await session.end(0);
    },
  };
}

function connecting(cause?: unknown): DatabaseError {
  return new DatabaseError(
    "InitializingProjectConnection",
    "Realtime is initializing the project connection",
    {
      cause,
    },
  );
}

function stopped(): DatabaseError {
  return new DatabaseError("UnableToConnectToProject", "The service is stopping");
}

function describe(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
