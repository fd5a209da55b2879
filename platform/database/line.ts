/**
 * A line to the server: a socket for the driver (the package `postgres`) that cannot be lost under its
 * feet. The driver forgets queries that it gets between a socket's error and its close, and a query
 * after the close ends the process (docs/decisions/0009-lost-connections.md). So a line that breaks
 * stays there for the driver, and fails everything that is written to it. session.ts uses it.
 */
import { EventEmitter, once } from "node:events";
import { connect as connectSocket, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { createStartup } from "./startup.ts";
import { type Answers, createAnswers, type WireRow } from "./wire.ts";

export interface LineOptions {
  host: string;
  port: number;
  /** A unix socket. If nobody answers there, host and port are tried. */
  path?: string | undefined;
  /** The `sslmode` of libpq. Undefined or "disable" means no TLS. */
  sslMode?: string | undefined;
  /** The time until the server is ready for the first query. */
  connectTimeoutMs: number;
  /** Gets a copy of what the server sends. */
  read?: ((piece: Buffer) => void) | undefined;
  /** Called once, when the line breaks or could not be made. Not called after `close`. */
  broken(cause: Error): void;
}

export interface Line {
  /** What the driver takes for a socket. */
  socket: EventEmitter;
  /** Whether the server was ready for queries at some time. */
  readonly ready: boolean;
  /**
   * Sends a message of wire.ts past the driver, which must have nothing to do meanwhile.
   * @returns the rows of each statement
   * @throws ServerError, or the cause if the line breaks
   */
  exchange(message: Buffer): Promise<WireRow[][]>;
  /**
   * Asks the server to stop what it does for this line.
   * @returns when the server has got the request. It does nothing if no statement runs
   */
  cancel(): Promise<void>;
  /** Breaks the line at once. */
  cut(cause: Error): void;
  /**
   * Lets go of the driver, which must have ended before, and of the socket. Waits a moment for the server
   * to end the session.
   */
  close(): Promise<void>;
}

const cancelTimeoutMs = 2000;
const closeTimeoutMs = 1000;

/** @throws the socket's error, or one with the code CONNECT_TIMEOUT */
export async function openLine(options: LineOptions): Promise<Line> {
  const signal = AbortSignal.timeout(options.connectTimeoutMs);
  const real = await dial(options, signal);
  return keep(real, options, signal);
}

function keep(real: Socket, options: LineOptions, signal: AbortSignal): Line {
  const startup = createStartup();
  const driver = new EventEmitter();
  let broken: Error | undefined;
  /** The driver has said good-bye. It expects that the socket closes. */
  let ending = false;
  /** Who gets what the server sends in place of the driver. */
  let reader: (Answers & PromiseWithResolvers<WireRow[][]>) | undefined;

  function tellDriver(): void {
    // Without listeners the driver has gone. Node would throw the error then.
    if (driver.listenerCount("error") > 0) driver.emit("error", broken);
  }

  function cut(cause: Error): void {
    if (broken) return;
    broken = cause;
    signal.removeEventListener("abort", late);
    real.destroy();
    reader?.reject(cause);
    tellDriver();
    if (!ending) options.broken(cause);
  }

  function readAnswers(of: NonNullable<typeof reader>, piece: Buffer): void {
    try {
      if (!of.read(piece)) return;
      reader = undefined;
      of.resolve(of.result());
    } catch (cause) {
      reader = undefined;
      of.reject(cause);
    }
  }

  const late = () => cut(timedOut());
  signal.addEventListener("abort", late, { once: true });
  if (signal.aborted) late();

  real.on("data", (piece) => {
    if (!startup.ready) {
      startup.read(piece);
      if (startup.ready) signal.removeEventListener("abort", late);
    }
    options.read?.(piece);
    if (reader) readAnswers(reader, piece);
    else driver.emit("data", piece);
  });
  // It may have broken before anybody listened.
  if (real.destroyed) cut(real.errored ?? closed());
  real.on("drain", () => driver.emit("drain"));
  real.on("error", cut);
  real.on("close", () => {
    if (ending) driver.emit("close");
    else cut(closed());
  });

  const socket = Object.assign(driver, {
    write(bytes: Buffer, done?: (cause?: Error | null) => void): boolean {
      if (!broken) return real.write(bytes, done);
      done?.(broken);
      // Later: the driver counts the query as sent only after this call.
      process.nextTick(tellDriver);
      return true;
    },
    end(bytes: Buffer) {
      ending = true;
      real.end(bytes);
    },
    destroy: (cause?: Error) => cut(cause ?? closed()),
    pause: () => void real.pause(),
    resume: () => void real.resume(),
    setKeepAlive: (on: boolean, delayMs: number) => void real.setKeepAlive(on, delayMs),
  });
  Object.defineProperty(socket, "readyState", { get: () => (broken ? "closed" : real.readyState) });

  return {
    socket,
    get ready() {
      return startup.ready;
    },
    exchange(message) {
      if (broken) return Promise.reject(broken);
      reader = Object.assign(createAnswers(), Promise.withResolvers<WireRow[][]>());
      real.write(message);
      return reader.promise;
    },
    cancel: () => cancel(options, startup.cancelKey()),
    cut,
    async close() {
      signal.removeEventListener("abort", late);
      // The driver has said good-bye, so the server closes the connection.
      if (ending && !real.closed) await once(real, "close", within(closeTimeoutMs)).catch(() => {});
      ending = true;
      broken ??= closed();
      reader?.reject(broken);
      real.destroy();
      // The driver stops its timers.
      driver.emit("close");
    },
  };
}

/** Connects, with TLS if it is wanted. */
async function dial(options: LineOptions, signal: AbortSignal): Promise<Socket> {
  const { host, port, path, sslMode = "disable" } = options;
  const local = path === undefined ? undefined : connectSocket(path);
  if (local && (await opens(local, signal))) return local;
  const socket = connectSocket(port, host);
  // An error without a listener would end the process, and there is a moment without one.
  socket.on("error", () => {});
  try {
    await once(socket, "connect", { signal });
    socket.setNoDelay(true);
    if (sslMode === "disable") return socket;
    socket.write(Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]));
    const [answer] = (await once(socket, "data", { signal })) as [Buffer];
    if (answer[0] !== 0x53 && (sslMode === "prefer" || sslMode === "allow")) return socket;
    if (answer[0] !== 0x53) throw Object.assign(new Error("The server has no TLS"), { code: "ECONNREFUSED" });
    const verify = sslMode.startsWith("verify");
    const name = isIP(host) ? {} : { servername: host };
    const secure = connectTls({ socket, host, rejectUnauthorized: verify, ...name });
    secure.on("error", () => {});
    await once(secure, "secureConnect", { signal });
    return secure;
  } catch (cause) {
    socket.destroy();
    throw signal.aborted ? timedOut() : cause;
  }
}

async function opens(socket: Socket, signal: AbortSignal): Promise<boolean> {
  socket.on("error", () => {});
  try {
    await once(socket, "connect", { signal });
    return true;
  } catch {
    socket.destroy();
    return false;
  }
}

/** The server answers a request to cancel by closing the connection. */
async function cancel(options: LineOptions, key: Buffer | undefined): Promise<void> {
  if (!key) return;
  const signal = AbortSignal.timeout(cancelTimeoutMs);
  try {
    const socket = await dial(options, signal);
    const gone = once(socket, "close", { signal });
    socket.resume();
    socket.write(Buffer.concat([Buffer.from([0, 0, 0, 16, 4, 210, 22, 46]), key]));
    await gone.finally(() => socket.destroy());
  } catch {
    // The server cannot be reached. Then the line breaks too, or the statement's timeout ends it.
  }
}

const within = (ms: number) => ({ signal: AbortSignal.timeout(ms) });
const closed = () => coded("CONNECTION_CLOSED", "The database closed the connection");
const timedOut = () => coded("CONNECT_TIMEOUT", "The database did not answer in time");

function coded(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
