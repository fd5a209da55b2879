/**
 * Keeps one embedded Postgres server on one data folder. It makes the folder the first time,
 * takes it over after a crash, starts the server again if it ends by itself, and stops it with
 * its owner. It knows nothing about Supabase. bootstrap.ts makes the database a Supabase
 * database.
 */
import { createServer } from "node:net";
import type { PlatformError } from "../errors.ts";
import type { Log } from "../log.ts";
import { type Binaries, findBinaries, serverUser } from "./binaries.ts";
import { checkOwner, prepareFolder } from "./data-folder.ts";
import { keepRunning } from "./keep-running.ts";
import { endLeftovers } from "./leftovers.ts";
import { runServer } from "./server-run.ts";
import { makeSocketFolder, removeSocketFolder, socketFolderOf } from "./socket-folder.ts";

export { superuser } from "./data-folder.ts";

export interface ServerOptions {
  /** Created if it is missing. It holds everything that survives a restart. */
  dataDir: string;
  /** Delete the database in the folder first. */
  afresh?: boolean;
  /** 0 picks a free one. */
  port: number;
  /** The password of the superuser supabase_admin. It is set when the folder is initialised. */
  password: string;
  /**
   * False for temporary servers: a commit does not wait for the disk. The server still
   * writes it at once. Otherwise the replication stream would get it with a delay.
   */
  durable: boolean;
  /** Settings of Postgres. They replace ours and those of Postgres. */
  settings?: Record<string, string>;
  /** The most memory that one session gets for itself, in MiB. A statement that asks for more fails. */
  sessionMemoryMb?: number;
  /** Is called with the found binaries before the server runs. It may add extensions. */
  beforeStart?: (binaries: Binaries) => Promise<void>;
  /** Is called before the start makes a new database. That takes a second. */
  initialising?: () => void;
  /** Is asked before the server starts again. If the folder is not ours any more, the server has ended for good. */
  lost?: () => PlatformError | undefined;
  /** Cancels the start. */
  signal?: AbortSignal;
  /** Is called when the start repairs the database after a crash. That may take minutes. */
  recovering?: () => void;
  /** The start is given up after this time without a word from Postgres. It is 120 s if absent. */
  silenceMs?: number;
  log: Log;
}

export interface PostgresServer extends AsyncDisposable {
  port: number;
  /** The folder of its Unix socket. Undefined if there is none. A later run may be without it: then TCP works. */
  socketDir: string | undefined;
  /** The process. It is another one after a restart. */
  readonly pid: number;
  binaries: Binaries;
  /** True if this start initialised the folder. */
  fresh: boolean;
  /** Resolves when the server has ended for good: undefined if we asked it to, or the reason. */
  ended: Promise<PlatformError | undefined>;
}

/**
 * @throws PlatformError port_taken, postgres_failed, postgres_already_running, disk_full,
 *   state_unwritable, data_damaged, data_of_another_version, postgres_needs_user, postgres_unsupported_machine;
 *   or the reason of `signal`
 */
export async function startServer(options: ServerOptions): Promise<PostgresServer> {
  const { dataDir, durable, settings, sessionMemoryMb: memoryMb, signal, silenceMs, log } = options;
  const user = await serverUser();
  const binaries = await findBinaries(user);
  await options.beforeStart?.(binaries);
  if (!options.afresh) await checkOwner(dataDir, user);
  await endLeftovers(dataDir);
  const fresh = await prepareFolder({ ...options, afresh: options.afresh ?? false, binaries, user });
  const port = options.port === 0 ? await freePort() : options.port;
  const folder = socketFolderOf(dataDir);
  let socketDir: string | undefined;
  const start = async (signal: AbortSignal | undefined, recovering?: () => void) => {
    socketDir = folder !== undefined && (await makeSocketFolder(folder, user)) ? folder : undefined;
    try {
      return await runServer({
        command: binaries.postgres,
        ...{
          dataDir,
          socketDir,
          port,
          durable,
          settings,
          memoryMb,
          user,
          signal,
          recovering,
          silenceMs,
          log,
        },
      });
    } catch (error) {
      if (socketDir !== undefined) await removeSocketFolder(socketDir).catch(() => {});
      throw error;
    }
  };
  const server = keepRunning(
    await start(signal, options.recovering),
    async (signal) => {
      await endLeftovers(dataDir);
      return start(signal);
    },
    log,
    options.lost,
  );

  return {
    port,
    socketDir,
    get pid() {
      return server.current().pid;
    },
    binaries,
    fresh,
    ended: server.ended,
    async [Symbol.asyncDispose]() {
      await server.stop();
      if (folder !== undefined) await removeSocketFolder(folder).catch(() => {});
    },
  };
}

/** Finds a port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}
