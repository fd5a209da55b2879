/**
 * One platform per state folder. The running platform holds a lock on a file in the
 * folder. It also answers on a socket in the folder with its process id and its
 * environment. The kernel drops both when the process ends, so a crash leaves nothing to
 * clean up. If many start at once, one gets the folder. The lock is SQLite's, because
 * Node has no file lock of its own.
 */
import { createHash } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PlatformError } from "./errors.ts";

/** The answer of a running platform on its socket. `env` is empty until the platform is ready. */
export interface Instance {
  pid: number;
  env: Record<string, string>;
}

const answerMs = 2000;
const answerBytesMax = 64 * 1024;
/** @see https://www.sqlite.org/rescode.html#busy */
const sqliteBusy = 5;

/**
 * Takes the folder for this process.
 * @param describe is called for every enquiry on the socket
 * @throws PlatformError already_running
 */
export async function claim(stateDir: string, describe: () => Instance): Promise<AsyncDisposable> {
  await using taken = new AsyncDisposableStack();
  const lock = takeLock(stateDir);
  if (!lock) {
    const running = await enquire(stateDir);
    const who = running ? `process ${running.pid}` : "which does not answer: it may be suspended";
    throw new PlatformError("already_running", `Plaza already runs on ${stateDir} (${who}).`);
  }
  taken.defer(() => lock.close());

  const path = socketPath(stateDir);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(JSON.stringify(describe()));
  });
  // The socket file of an earlier platform may still be there. We have the lock, so that platform has ended.
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  taken.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await chmod(path, 0o600);
  return taken.move();
}

/** Undefined if another process has the lock. That process may be suspended, and then it does not answer. */
function takeLock(stateDir: string): DatabaseSync | undefined {
  const lock = new DatabaseSync(join(stateDir, "instance.lock"));
  try {
    lock.exec("begin exclusive");
    return lock;
  } catch (error) {
    lock.close();
    if ((error as { errcode?: number }).errcode === sqliteBusy) return undefined;
    throw error;
  }
}

/** The platform that runs on this folder. Undefined if none runs, or if it does not answer. */
export function enquire(stateDir: string): Promise<Instance | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(socketPath(stateDir));
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk;
      if (answer.length > answerBytesMax) socket.destroy();
    });
    // Nobody listens: the connection was refused, or there is no such file.
    socket.on("error", () => {});
    socket.on("end", () => resolve(answer ? JSON.parse(answer) : undefined));
    socket.on("close", () => resolve(undefined));
  });
}

/** The path of a socket may have some 100 bytes. For a longer one, the socket is in the temporary folder. */
function socketPath(stateDir: string): string {
  const inside = join(stateDir, "instance.sock");
  if (Buffer.byteLength(inside) <= 100) return inside;
  return join(tmpdir(), `plaza-${createHash("sha256").update(stateDir).digest("hex").slice(0, 16)}.sock`);
}
