/**
 * Runs one embedded Postgres server on one data folder. It initialises the folder the
 * first time, takes it over after a crash, and stops with its owner. It knows nothing
 * about Supabase. bootstrap.ts makes the database a Supabase database.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chown, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import type { Writable } from "node:stream";
import { PlatformError } from "../errors.ts";
import { portTaken } from "../listen.ts";
import type { Log } from "../log.ts";
import { type Binaries, findBinaries, type OsUser, serverUser } from "./binaries.ts";

export interface ServerOptions {
  /** Created if it is missing. It holds everything that survives a restart. */
  dataDir: string;
  /** Empty the folder first. */
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
  /** Is called with the found binaries before the server runs. It may add extensions. */
  beforeStart?: (binaries: Binaries) => Promise<void>;
  log: Log;
}

export interface PostgresServer extends AsyncDisposable {
  port: number;
  pid: number;
  binaries: Binaries;
  /** True if this start initialised the folder. */
  fresh: boolean;
  /** Resolves when the server ends, whether we asked it to or not. */
  ended: Promise<void>;
}

export const superuser = "supabase_admin";

const startTimeoutMs = 30_000;
const stopTimeoutMs = 10_000;

/**
 * @throws PlatformError port_taken, postgres_failed, postgres_already_running,
 *   postgres_needs_user, postgres_unsupported_machine
 */
export async function startServer(options: ServerOptions): Promise<PostgresServer> {
  const { dataDir, log } = options;
  const user = await serverUser();
  const binaries = await findBinaries(user);
  await options.beforeStart?.(binaries);
  await endLeftover(dataDir);
  if (options.afresh) await rm(dataDir, { recursive: true, force: true });
  const fresh = !(await exists(join(dataDir, "PG_VERSION")));
  if (fresh) await initialise(binaries, dataDir, options.password, user);
  const port = options.port === 0 ? await freePort() : options.port;

  const child = spawnWithOwner(
    binaries.postgres,
    [
      ["-D", dataDir],
      ["-p", String(port)],
      ["-c", "listen_addresses=127.0.0.1"],
      ["-c", "unix_socket_directories="],
      ["-c", "wal_level=logical"],
      ["-c", "max_connections=200"],
      ["-c", "max_wal_senders=10"],
      ["-c", "max_replication_slots=10"],
      ["-c", "shared_preload_libraries=pg_stat_statements"],
      ["-c", "log_min_messages=warning"],
      ["-c", "log_statement=none"],
      ["-c", "statement_timeout=120000"],
      ["-c", "timezone=UTC"],
      options.durable ? [] : ["-c", "fsync=off", "-c", "full_page_writes=off"],
    ].flat(),
    user,
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await ready(child, port, log);

  return {
    port,
    pid: child.pid as number,
    binaries,
    fresh,
    ended,
    async [Symbol.asyncDispose]() {
      // SIGINT is a fast shutdown: the server disconnects its clients and writes a checkpoint.
      child.kill("SIGINT");
      const timer = setTimeout(() => child.kill("SIGKILL"), stopTimeoutMs);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** If the owner of an earlier server was killed, that server may still use the folder. End it first. */
async function endLeftover(dataDir: string): Promise<void> {
  const file = await readFile(join(dataDir, "postmaster.pid"), "utf8").catch(() => undefined);
  const pid = Number(file?.split("\n")[0]);
  if (!pid) return;
  const deadline = Date.now() + stopTimeoutMs;
  while (await isPostgres(pid, dataDir)) {
    if (Date.now() > deadline) {
      throw new PlatformError(
        "postgres_already_running",
        `Postgres (process ${pid}) still uses ${dataDir}: stop it.`,
      );
    }
    try {
      process.kill(pid, "SIGINT");
    } catch {
      return;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** True if this process is the folder's server. The system reuses process ids, so the pid file proves nothing. */
async function isPostgres(pid: number, dataDir: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  if (process.platform !== "linux") return true;
  const commandLine = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
  return commandLine.split("\0").includes(dataDir);
}

/** Works in a second folder and renames it at the end. So an interrupted first start leaves no incomplete folder. */
async function initialise(
  binaries: Binaries,
  dataDir: string,
  password: string,
  user: OsUser | undefined,
): Promise<void> {
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  await mkdir(unfinished, { mode: 0o700 });
  const passwordFile = `${dataDir}.password`;
  await rm(passwordFile, { force: true });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: "wx" });
  if (user) for (const path of [unfinished, passwordFile]) await chown(path, user.uid, user.gid);
  try {
    const child = spawn(
      binaries.initdb,
      [
        ["-D", unfinished],
        ["-U", superuser],
        ["--auth=scram-sha-256", `--pwfile=${passwordFile}`],
        ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C"],
        process.platform === "linux" ? ["--lc-ctype=C.UTF-8"] : [],
        ["--no-instructions"],
      ].flat(),
      { ...user, cwd: "/", stdio: ["ignore", "pipe", "pipe"] },
    );
    let output = "";
    const keep = (chunk: Buffer) => {
      output = (output + chunk).slice(-4000);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("exit", resolve);
    });
    if (code !== 0) throw new PlatformError("postgres_failed", `initdb failed:\n${output}`);
    await rename(unfinished, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Starts a command that stops when we die, however we die. A shell starts a watcher
 * first, and then becomes Postgres. The watcher reads a pipe of ours. When we die, the
 * pipe closes, and the watcher asks the server to stop. If the server ends first, we
 * write a line into the pipe. Then the watcher stops nothing, because another process may
 * have the server's process id by then. The watcher must not be a child of the
 * postmaster, which takes the end of any child for a crash.
 */
function spawnWithOwner(command: string, args: string[], user: OsUser | undefined): ChildProcess {
  const script = '( ( read -r _ <&3 || kill -INT $$ 2>/dev/null ) & ); exec 3<&-; exec "$@"';
  const child = spawn("/bin/sh", ["-c", script, "sh", command, ...args], {
    ...user,
    cwd: "/",
    // The watcher reads the fourth one. It cannot read stdin, because Node closes stdin when the child exits,
    // before we can write the line.
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    // Ctrl-C in a terminal must reach only us. We stop the server after its clients.
    detached: true,
  });
  const watcher = child.stdio[3] as Writable;
  watcher.on("error", () => {});
  child.once("exit", () => watcher.end("ended\n"));
  return child;
}

async function ready(child: ChildProcess, port: number, log: Log): Promise<void> {
  let output = "";
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(
        new PlatformError(
          "postgres_failed",
          `Postgres was not ready after ${startTimeoutMs / 1000} s:\n${output}`,
        ),
      );
    }, startTimeoutMs);
    child.once("error", reject);
    child.once("exit", (code) => {
      clearTimeout(timer);
      reject(
        /could not bind|Address already in use/i.test(output)
          ? portTaken(port, "[db] port")
          : new PlatformError("postgres_failed", `Postgres ended with code ${code}:\n${output}`),
      );
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      const text = chunk.toString();
      output = (output + text).slice(-4000);
      for (const line of text.split("\n").filter(Boolean)) log("debug", line);
      if (output.includes("database system is ready to accept connections")) {
        clearTimeout(timer);
        resolve();
      }
    });
  });
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

async function exists(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    () => false,
  );
}
