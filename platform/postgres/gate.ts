/**
 * A port for a client that comes before its server is ready. Connections wait at the gate until it opens.
 * Then their bytes go to the server and back, unchanged.
 */
import { connect, createServer, type Socket } from "node:net";

export interface Gate extends AsyncDisposable {
  port: number;
  /** How many connections wait. One that its client closes is not counted any more. */
  readonly waiting: number;
  /** How many connections went through. */
  readonly passed: number;
  /** Lets the clients through, those that wait and those that come later. */
  open(serverPort: number): void;
}

const connectionsMax = 10;
/** The most that a client may say before the gate opens. Postgres' clients say 100 bytes, and wait. */
const earlyBytesMax = 64 * 1024;

/** Listens only on 127.0.0.1. */
export async function createGate(): Promise<Gate> {
  const sockets = new Set<Socket>();
  const waiting = new Map<Socket, () => Buffer[]>();
  let serverPort: number | undefined;
  let passed = 0;

  function keep(socket: Socket): void {
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => {
      sockets.delete(socket);
      waiting.delete(socket);
    });
  }

  /** Reads what the client says. Otherwise we would not notice that it leaves. */
  function wait(client: Socket): void {
    const early: Buffer[] = [];
    let bytes = 0;
    const collect = (piece: Buffer) => {
      early.push(piece);
      bytes += piece.length;
      if (bytes > earlyBytesMax) client.destroy();
    };
    client.on("data", collect);
    waiting.set(client, () => {
      client.off("data", collect);
      return early;
    });
  }

  function pass(client: Socket, port: number, early: Buffer[]): void {
    passed++;
    const server = connect(port, "127.0.0.1");
    keep(server);
    for (const piece of early) server.write(piece);
    client.pipe(server).pipe(client);
    client.once("close", () => server.destroy());
    server.once("close", () => client.destroy());
  }

  const listener = createServer((client) => {
    keep(client);
    if (serverPort === undefined) wait(client);
    else pass(client, serverPort, []);
  });
  listener.maxConnections = connectionsMax;
  await new Promise<void>((resolve, reject) => {
    listener.once("error", reject);
    listener.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (listener.address() as { port: number }).port,
    get waiting() {
      return waiting.size;
    },
    get passed() {
      return passed;
    },
    open(port) {
      serverPort = port;
      for (const [client, take] of waiting) pass(client, port, take());
      waiting.clear();
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => listener.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
