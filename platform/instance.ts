/**
 * One platform per state folder. The running one holds a socket in the folder
 * and answers on it who it is; the kernel closes the socket with the process,
 * so a crash leaves no lock behind.
 */
import { createHash } from "node:crypto";
import { chmod, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PlatformError } from "./errors.ts";

/** What a running platform tells about itself. `env` is empty until it is ready. */
export interface Instance {
  pid: number;
  env: Record<string, string>;
}

const answerMs = 2000;
const answerBytesMax = 64 * 1024;

/**
 * Takes the folder for this process.
 * @param describe asked at every enquiry
 * @throws PlatformError already_running
 */
export async function claim(stateDir: string, describe: () => Instance): Promise<AsyncDisposable> {
  const path = socketPath(stateDir);
  const listening = async (): Promise<Server> => {
    const server = createServer((socket) => {
      socket.on("error", () => {});
      socket.end(JSON.stringify(describe()));
    });
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(path, resolve);
    });
    return server;
  };
  const server = await listening().catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== "EADDRINUSE") throw error;
    const running = await enquire(stateDir);
    if (running) {
      throw new PlatformError(
        "already_running",
        `Plaza runs already on ${stateDir} (process ${running.pid}).`,
      );
    }
    await rm(path, { force: true });
    return listening();
  });
  await chmod(path, 0o600);
  return {
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The platform that runs on this folder, or undefined. */
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
    socket.on("close", () => resolve(answer ? JSON.parse(answer) : undefined));
  });
}

/** A socket's path holds some 100 bytes; deep folders get one by hash in the temporary folder. */
function socketPath(stateDir: string): string {
  const inside = join(stateDir, "instance.sock");
  if (Buffer.byteLength(inside) <= 100) return inside;
  return join(tmpdir(), `plaza-${createHash("sha256").update(stateDir).digest("hex").slice(0, 16)}.sock`);
}
