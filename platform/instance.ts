/**
 * One platform per state folder. The running one holds a lock on a file in the
 * folder, and tells on a socket beside it who it is. The kernel drops both with
 * the process, so a crash leaves nothing to clear, and of many who start at once
 * one gets the folder. The lock is SQLite's: Node has none of its own.
 */
import { createHash } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { PlatformError } from "./errors.ts";

/** What a running platform tells about itself. `env` is empty until it is ready. */
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
 * @param describe asked at every enquiry
 * @throws PlatformError already_running
 */
export async function claim(stateDir: string, describe: () => Instance): Promise<AsyncDisposable> {
  await using taken = new AsyncDisposableStack();
  const lock = takeLock(stateDir);
  if (!lock) {
    const running = await enquire(stateDir);
    const who = running ? `process ${running.pid}` : "which does not answer: it may be suspended";
    throw new PlatformError("already_running", `Plaza runs already on ${stateDir} (${who}).`);
  }
  taken.defer(() => lock.close());

  const path = socketPath(stateDir);
  const server = createServer((socket) => {
    socket.on("error", () => {});
    socket.end(JSON.stringify(describe()));
  });
  // Of an earlier platform, which had the lock before us.
  await rm(path, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(path, resolve);
  });
  taken.defer(() => new Promise<void>((resolve) => server.close(() => resolve())));
  await chmod(path, 0o600);
  return taken.move();
}

/** Undefined when somebody has it, who may be suspended and unable to say so. */
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

/** The platform that runs on this folder; undefined when there is none, or it does not answer. */
export function enquire(stateDir: string): Promise<Instance | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(socketPath(stateDir));
    socket.setTimeout(answerMs, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk;
      if (answer.length > answerBytesMax) socket.destroy();
    });
    // Nobody listens: refused, or no such file.
    socket.on("error", () => {});
    socket.on("end", () => resolve(answer ? JSON.parse(answer) : undefined));
    socket.on("close", () => resolve(undefined));
  });
}

/** A socket's path holds some 100 bytes; deep folders get one by hash in the temporary folder. */
function socketPath(stateDir: string): string {
  const inside = join(stateDir, "instance.sock");
  if (Buffer.byteLength(inside) <= 100) return inside;
  return join(tmpdir(), `plaza-${createHash("sha256").update(stateDir).digest("hex").slice(0, 16)}.sock`);
}
