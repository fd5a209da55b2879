/**
 * One run of the Postgres server, from its start until its process ends. server.ts starts the
 * next run if one ends by itself.
 */
import { PlatformError } from "../errors.ts";
import { portTaken } from "../listen.ts";
import type { Log } from "../log.ts";
import type { OsUser } from "./binaries.ts";
import { createLineReader, endedForSpace } from "./log-lines.ts";
import { endProcess, spawnOwned } from "./owned-process.ts";

export interface RunOptions {
  /** The executable `postgres`. */
  command: string;
  dataDir: string;
  port: number;
  /** For a Unix socket. Without it, the server listens only on TCP. */
  socketDir: string | undefined;
  durable: boolean;
  /** Settings that replace ours. */
  settings?: Record<string, string>;
  /**
   * The most memory that each process of the server gets for itself, in MiB. Shared buffers do not count. A
   * statement that asks for more fails with out_of_memory (53200), and the server goes on.
   */
  memoryMb?: number | undefined;
  user: OsUser | undefined;
  /** Cancels the start. A server that is ready does not end by it. */
  signal?: AbortSignal;
  /** Is called when the server starts to repair its files after a crash. That may take minutes. */
  recovering?: () => void;
  /** The start is given up after this time without a word from Postgres. It is 120 s if absent. */
  silenceMs?: number;
  log: Log;
}

export interface ServerRun {
  pid: number;
  startedAtMs: number;
  ended: Promise<Ending>;
  /** Ends the server: fast, or by force if it does not end. */
  stop(): Promise<void>;
}

export interface Ending {
  /** `signal SIGKILL` or `code 1`. */
  how: string;
  /** Postgres found no room on the disk. It can go on when there is room. */
  diskFull: boolean;
  /** The last lines of the server. */
  output: string;
}

/**
 * While it recovers, Postgres writes a line every 5 s. Only the checkpoint at the end of a
 * recovery is silent. It writes up to 128 MB.
 */
const silenceMs = 120_000;
const outputMax = 4000;

/**
 * Resolves when the server takes connections.
 * @throws PlatformError port_taken, disk_full, postgres_failed; or the reason of `signal`
 */
export async function runServer(options: RunOptions): Promise<ServerRun> {
  const { port, signal, log } = options;
  signal?.throwIfAborted();
  const { user, socketDir: folder, memoryMb } = options;
  const child = spawnOwned(options.command, serverArguments(options), { user, folder, memoryMb });
  let output = "";
  let full = false;
  let stopping = false;
  const startedAtMs = Date.now();

  const ended = new Promise<Ending>((resolve) => {
    const end = (how: string) => resolve({ how, diskFull: full, output });
    // "close" comes after "exit", when the last lines have been read. A process of Postgres that
    // lives on may keep the pipe open. So do not wait for it longer than a moment.
    child.once("exit", (code, name) => {
      const how = name ? `signal ${name}` : `code ${code}`;
      child.once("close", () => end(how));
      setTimeout(end, 500, how);
    });
    child.once("error", (error) => end(error.message));
  });
  const run: ServerRun = {
    pid: child.pid ?? 0,
    startedAtMs,
    ended,
    async stop() {
      stopping = true;
      await endProcess(
        () => child.exitCode === null && child.signalCode === null && child.pid !== undefined,
        (name) => child.kill(name),
      );
      await ended;
    },
  };

  const lines = createLineReader(log, () => stopping);
  await new Promise<void>((resolve, reject) => {
    let starting = true;
    let givenUp: unknown;
    const giveUp = (reason: unknown) => {
      givenUp ??= reason;
      void run.stop();
    };
    const decided = () => {
      starting = false;
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    };
    const silence = options.silenceMs ?? silenceMs;
    const timer = setTimeout(() => giveUp(notReady(silence, output)), silence);
    const cancel = () => giveUp(signal?.reason);
    signal?.addEventListener("abort", cancel, { once: true });

    child.stderr?.on("data", (chunk: Buffer) => {
      if (starting) timer.refresh();
      const text = chunk.toString();
      output = (output + text).slice(-outputMax);
      lines(text);
      full ||= endedForSpace.test(output);
      if (!starting || givenUp !== undefined) return;
      if (/not properly shut down|redo starts/.test(text)) options.recovering?.();
      if (output.includes("database system is ready to accept connections")) {
        decided();
        resolve();
      }
    });
    void ended.then((ending) => {
      decided();
      reject(givenUp ?? startError(ending, port));
    });
  });
  output = "";
  return run;
}

function serverArguments({ dataDir, port, socketDir = "", durable, settings = {} }: RunOptions): string[] {
  return [
    ["-D", dataDir],
    ["-p", String(port)],
    ["-c", "listen_addresses=127.0.0.1"],
    ["-c", `unix_socket_directories=${socketDir}`],
    ["-c", "wal_level=logical"],
    ["-c", "max_connections=200"],
    ["-c", "max_wal_senders=10"],
    ["-c", "max_replication_slots=10"],
    ["-c", "shared_preload_libraries=pg_stat_statements"],
    ["-c", "log_min_messages=warning"],
    ["-c", "log_statement=none"],
    ["-c", "log_startup_progress_interval=5s"],
    ["-c", "statement_timeout=120000"],
    ["-c", "timezone=UTC"],
    durable ? [] : ["-c", "fsync=off", "-c", "full_page_writes=off"],
    ...Object.entries(settings).map(([name, value]) => ["-c", `${name}=${value}`]),
  ].flat();
}

function notReady(silence: number, output: string): PlatformError {
  return new PlatformError(
    "postgres_failed",
    `Postgres was not ready, and said nothing for ${silence / 1000} s:\n${output}`,
  );
}

function startError({ how, output, diskFull: full }: Ending, port: number): PlatformError {
  if (/could not bind|Address already in use/i.test(output)) {
    return portTaken(port, "[db] port");
  }
  if (full) return noRoom(output);
  if (/: Permission denied/.test(output)) {
    return new PlatformError(
      "state_unwritable",
      `Postgres may not use a file of its database. Somebody changed its owner or its rights: give it back to the owner of the folder (chown -R).\n${output}`,
    );
  }
  return new PlatformError(
    "postgres_failed",
    `Postgres ended with ${how}. If the database is damaged, restore a backup (npm run restore), or delete it (npm run reset).\n${output}`,
  );
}

/** @param output what Postgres said. It names the file */
export function noRoom(output: string): PlatformError {
  return new PlatformError(
    "disk_full",
    `The disk has no room for the database. Make room, and start again.\n${output}`,
  );
}
