/**
 * One platform per state folder. The running platform holds a lock on a file in the
 * folder. It also answers on a socket in the folder with its process id and its
 * environment. The kernel drops both when the process ends, so a crash leaves nothing to
 * clean up. If many start at once, one gets the folder. The lock is SQLite's, because
 * Node has no file lock of its own.
 */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { chmod, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PlatformError } from "./errors.ts";
import { isAlive } from "./is-alive.ts";

/** The answer of a running platform on its socket. `env` is empty until the platform is ready. */
export interface Instance {
  pid: number;
  env: Record<string, string>;
}

export interface Claim extends AsyncDisposable {
  /** state_deleted, if somebody deleted the folder. Another platform may use a new one by now. */
  lost(): PlatformError | undefined;
}

const answerMs = 2000;
const answerBytesMax = 64 * 1024;
/** @see https://www.sqlite.org/rescode.html */
const sqlite = { busy: 5, notADatabase: 26 };

/**
 * Takes the folder for this process.
 * @param describe is called for every enquiry on the socket
 * @throws PlatformError already_running
 */
export async function claim(stateDir: string, describe: () => Instance): Promise<Claim> {
  await using taken = new AsyncDisposableStack();
  const lock = takeLock(stateDir);
  if (!lock) {
    const running = await enquire(stateDir);
    const pid = running?.pid ?? owner(stateDir);
    const who = `process ${pid ?? "unknown"}${running ? "" : ", which does not answer: it may be suspended"}`;
    throw new PlatformError(
      "already_running",
      `Plaza already runs on ${stateDir} (${who}). npm run stop ends it.`,
    );
  }
  const lockFile = fileAt(lockPath(stateDir));
  // The file that we hold is open, so no other file gets its number.
  const isOurs = () => fileAt(lockPath(stateDir)) === lockFile;
  taken.defer(() => {
    if (isOurs()) rmSync(pidPath(stateDir), { force: true });
    lock.close();
  });
  writeFileSync(pidPath(stateDir), `${process.pid}\n`);

  const path = socketPath(stateDir);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(JSON.stringify(describe()));
  });
  // The socket file of an earlier platform may still be there. We have the lock, so that platform has ended.
  await rm(path, { recursive: true, force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  taken.defer(() => {
    // To close it would delete the socket, which may be that of another platform.
    if (!isOurs()) return void server.unref();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  });
  await chmod(path, 0o600);
  const held = taken.move();
  return {
    lost() {
      if (isOurs()) return undefined;
      return new PlatformError(
        "state_deleted",
        `Somebody deleted ${stateDir} while Plaza ran on it. Start again (npm start).`,
      );
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** The number of the file, or undefined if there is none. */
function fileAt(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

/**
 * The process that holds the folder, also if it does not answer. Undefined if nobody holds it.
 * Only the lock decides. The file with the process id may be left from a crash, and the system
 * may have given that id to another process.
 */
export function holder(stateDir: string): number | undefined {
  if (!existsSync(lockPath(stateDir))) return undefined;
  const lock = takeLock(stateDir);
  if (!lock) return owner(stateDir);
  lock.close();
  return undefined;
}

function owner(stateDir: string): number | undefined {
  try {
    return Number(readFileSync(pidPath(stateDir), "utf8")) || undefined;
  } catch {
    return undefined;
  }
}

/** Undefined if another process has the lock. That process may be suspended, and then it does not answer. */
function takeLock(stateDir: string): DatabaseSync | undefined {
  const path = lockPath(stateDir);
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path);
    // Without a journal, it needs no room on the disk.
    lock.exec("pragma journal_mode = memory; begin exclusive");
    return lock;
  } catch (error) {
    lock?.close();
    const code = (error as { errcode?: number }).errcode;
    if (code === sqlite.busy) return undefined;
    if (code !== sqlite.notADatabase) {
      throw new PlatformError(
        "state_unwritable",
        `Plaza cannot use ${path} (${(error as Error).message}). Give your user the right to write there, or choose another folder with --state-dir.`,
      );
    }
    // Something else wrote into the file. SQLite saw that after it had got a lock for reading, so nobody
    // holds the lock for writing. An empty file is an empty database. Do not delete the file: another
    // process may hold the lock by then.
    truncateSync(path, 0);
    return takeLock(stateDir);
  }
}

const lockPath = (stateDir: string) => join(stateDir, "instance.lock");
const pidPath = (stateDir: string) => join(stateDir, "instance.pid");

/**
 * The platform that runs on this folder. Undefined if none runs, or if it does not answer.
 * @throws PlatformError not_yours
 */
export function enquire(stateDir: string): Promise<Instance | undefined> {
  return new Promise((resolve, reject) => {
    let answer = "";
    const socket = connect(socketPath(stateDir));
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk;
      if (answer.length > answerBytesMax) socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // With any other error nobody listens: the connection was refused, or there is no such file.
      if (error.code !== "EACCES") return;
      const pid = owner(stateDir);
      // The socket of another user may be left from a crash.
      if (pid === undefined || isAlive(pid)) reject(notYours(stateDir, pid));
    });
    socket.on("end", () => resolve(parse(answer)));
    socket.on("close", () => resolve(undefined));
  });
}

function notYours(stateDir: string, pid: number | undefined): PlatformError {
  const who = pid === undefined ? `${stateDir} belongs` : `Plaza (process ${pid}) belongs`;
  return new PlatformError("not_yours", `${who} to another user. Run this command as that user.`);
}

/** Undefined if the answer is incomplete. */
function parse(answer: string): Instance | undefined {
  try {
    return JSON.parse(answer);
  } catch {
    return undefined;
  }
}

/** The path of a socket may have some 100 bytes. For a longer one, the socket is in the temporary folder. */
function socketPath(stateDir: string): string {
  const inside = join(stateDir, "instance.sock");
  if (Buffer.byteLength(inside) <= 100) return inside;
  return join(tmpdir(), `plaza-${createHash("sha256").update(stateDir).digest("hex").slice(0, 16)}.sock`);
}
