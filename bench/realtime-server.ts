/**
 * A server of sockets in its own process. It is the platform without realtime's limits,
 * or a bare `ws` server that sends every message to everybody else. `startSockets` forks
 * it and asks how much CPU and memory it has used.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { createPlatform } from "../platform/platform.ts";

export type Kind = "realtime" | "ws";

export interface Sockets extends AsyncDisposable {
  /** The URL that a client opens. */
  url: string;
  adminUrl: string;
  jwtSecret: string;
  /** CPU seconds of the whole process since it started, user and system. */
  cpuS(): Promise<number>;
  memory(): Promise<Memory>;
}

/** The memory after a garbage collection. */
export interface Memory {
  heapBytes: number;
  rssBytes: number;
}

type Question = "cpuS" | "memory";

/** @param databaseUrl an existing server, as its superuser. The platform starts one of its own if absent. */
export async function startSockets(kind: Kind, databaseUrl?: string): Promise<Sockets> {
  const child = fork(import.meta.filename, [kind, ...(databaseUrl ? [databaseUrl] : [])], {
    stdio: "inherit",
    execArgv: ["--expose-gc"],
  });
  const [facts] = await once(child, "message");
  return {
    ...facts,
    cpuS: () => ask<number>(child, "cpuS"),
    memory: () => ask<Memory>(child, "memory"),
    async [Symbol.asyncDispose]() {
      child.disconnect();
      await once(child, "exit");
    },
  };
}

async function ask<T>(child: ChildProcess, question: Question): Promise<T> {
  child.send(question);
  const [answer] = await once(child, "message");
  return answer;
}

const answers: Record<Question, () => number | Memory> = {
  cpuS() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  memory() {
    // Collect twice. The first run calls finalizers, and the second frees what they held.
    globalThis.gc?.();
    globalThis.gc?.();
    const { heapUsed, external, rss } = process.memoryUsage();
    return { heapBytes: heapUsed + external, rssBytes: rss };
  },
};

async function serveRealtime(databaseUrl?: string) {
  const most = 1e9;
  // With a state folder, Postgres waits for the disk, as in production. It streams a commit
  // only after the commit is on disk.
  const stateDir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  await chmod(stateDir, 0o711);
  const platform = await createPlatform({
    stateDir,
    databaseUrl,
    ephemeralPorts: true,
    seed: false,
    realtimeLimits: {
      connections: most,
      joinsPerS: most,
      eventsPerS: most,
      presenceEventsPerS: most,
      idleMs: most,
      emptySocketMs: most,
    },
  });
  const { keys, adminUrl } = platform;
  const query = `apikey=${keys.publishableKey}&vsn=2.0.0`;
  return {
    facts: {
      url: `${platform.url.replace("http", "ws")}/realtime/v1/websocket?${query}`,
      adminUrl,
      jwtSecret: keys.jwtSecret,
    },
    async stop() {
      await platform[Symbol.asyncDispose]();
      await rm(stateDir, { recursive: true, force: true });
    },
  };
}

async function serveWs() {
  const clients = new Set<WebSocket>();
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  server.on("connection", (socket) => {
    clients.add(socket);
    socket.on("close", () => clients.delete(socket));
    socket.on("message", (data: Buffer, binary) => {
      for (const client of clients) if (client !== socket) client.send(data, { binary });
    });
  });
  await once(server, "listening");
  return {
    facts: { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}`, adminUrl: "", jwtSecret: "" },
    async stop() {
      for (const client of clients) client.terminate();
      server.close();
    },
  };
}

if (process.send && process.argv[1] === import.meta.filename) {
  const { facts, stop } = process.argv[2] === "ws" ? await serveWs() : await serveRealtime(process.argv[3]);
  process.on("message", (question: Question) => process.send?.(answers[question]()));
  process.once("disconnect", () => stop().then(() => process.exit(0)));
  process.send(facts);
}
