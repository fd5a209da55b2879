/**
 * A network that fails on command. It is an HTTP and WebSocket proxy in front of a deployment. A client
 * gets `url` in place of the deployment's own. Each fault is one call, and `heal()` ends all of them.
 *
 *     await using network = await createFaultyNetwork(target().url);
 *     const client = createClient(network.url, publishableKey);
 *     network.cut();
 */
import http, { type IncomingMessage, type ServerResponse } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { Duplex } from "node:stream";
import { createFrameReader, type Frame } from "./frames.ts";

/** A broadcast on its way from the server to a client. */
export interface Broadcast {
  /** Without `realtime:`. */
  topic: string;
  event: string;
  payload: Record<string, unknown>;
}

export interface FaultyNetwork extends AsyncDisposable {
  /** What clients use in place of the deployment's URL. */
  readonly url: string;
  /** Cuts all connections, at once and without a goodbye. New ones are let in. */
  cut(): void;
  /**
   * Cuts each WebSocket in the middle of its next frame from the server: the client gets half of it.
   * @returns when a frame was cut
   */
  cutInMidFrame(): Promise<void>;
  /** Cuts all connections, and resets new ones, until `heal()`. */
  refuse(): void;
  /** Lets nothing through, in either direction, and cuts nothing, until `heal()`. Then it goes on. */
  freeze(): void;
  /** Loses the broadcasts that this function chooses, from now on until `heal()`. */
  drop(chosen: (broadcast: Broadcast) => boolean): void;
  /**
   * Lets the next matching request through, and cuts its connection when the server has answered. So
   * the request was done, and the client does not know.
   * @param matches by default any request, except a WebSocket's
   * @returns when the answer was lost
   */
  loseAnswer(matches?: Wait["matches"]): Promise<void>;
  /**
   * Answers the next matching request itself, as an overloaded gateway does. The server does not get it.
   * @returns when it was answered
   */
  answer(
    status: number,
    headers: Record<string, string>,
    matches?: Wait["matches"],
    body?: string,
  ): Promise<void>;
  /** Ends refuse, freeze, drop, and the faults that still wait for their frame or request. */
  heal(): void;
  /** How much came by so far. */
  readonly counts: Readonly<Record<"requests" | "sockets" | "broadcasts" | "dropped" | "lost", number>>;
  /** The paths of the requests so far, oldest first, as `POST /rest/v1/rpc/sync`. At most the last 1,000. */
  readonly requests: readonly string[];
}

interface Wait {
  matches(request: { method: string; path: string }): boolean;
  done(): void;
  /** What to answer in place of the server. Absent: the server's answer gets lost. */
  answer?: { status: number; headers: Record<string, string>; body: string };
}

const mostRequests = 1_000;

/** @param target the URL of the deployment */
export async function createFaultyNetwork(target: string): Promise<FaultyNetwork> {
  const { protocol, hostname, port, host } = new URL(target);
  const send = protocol === "https:" ? https.request : http.request;
  const agent =
    protocol === "https:" ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const counts = { requests: 0, sockets: 0, broadcasts: 0, dropped: 0, lost: 0 };
  const requests: string[] = [];
  const sockets = new Set<Socket>();
  /** The sockets that got half a frame, and are about to be cut. */
  const halved = new WeakSet<Duplex>();
  let isRefusing = false;
  let thawed: Promise<void> | undefined;
  let thaw = () => {};
  let dropped: ((broadcast: Broadcast) => boolean) | undefined;
  let midFrame: (() => void)[] = [];
  let waits: Wait[] = [];

  const forward = ({ method, url, headers }: IncomingMessage) => {
    // Without compression, the proxy can read the frames.
    const { "sec-websocket-extensions": _, ...others } = headers;
    return { hostname, port, method, path: url, headers: { ...others, host }, agent };
  };

  const server = http.createServer((request, response) => void pass(request, response));
  server.on("upgrade", (request, socket, head) => void passSocket(request, socket, head));
  server.on("clientError", (_, socket) => void socket.destroy());
  server.on("connection", (socket) => {
    if (isRefusing) return void socket.resetAndDestroy();
    sockets.add(socket);
    socket.on("error", () => {});
    socket.once("close", () => sockets.delete(socket));
  });

  async function pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url: path = "/", socket } = request;
    note(`${method} ${path.split("?")[0]}`);
    await thawed;
    if (socket.destroyed) return;
    const fault = waits.find(({ matches }) => matches({ method, path }));
    if (fault) waits = waits.filter((other) => other !== fault);
    if (fault?.answer) {
      request.resume();
      response.writeHead(fault.answer.status, fault.answer.headers).end(fault.answer.body);
      return fault.done();
    }
    const onward = send(forward(request), (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.once("error", () => socket.destroy());
      answer.once("end", async () => {
        if (fault) {
          counts.lost++;
          socket.resetAndDestroy();
          return fault.done();
        }
        await thawed;
        response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
        response.end(Buffer.concat(chunks));
      });
    });
    onward.once("error", () => socket.destroy());
    // If the client is cut off meanwhile, the server goes on with the request all the same.
    request.pipe(onward);
  }

  async function passSocket(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    counts.sockets++;
    note("WebSocket");
    socket.on("error", () => {});
    await thawed;
    if (socket.destroyed) return;
    const onward = send({ ...forward(request), agent: undefined });
    onward.once("error", () => socket.destroy());
    // A refusal.
    onward.once("response", (answer) => {
      socket.write(headOf(answer));
      answer.pipe(socket);
    });
    onward.once("upgrade", (answer, upstream: Duplex, first: Buffer) => {
      upstream.on("error", () => {});
      upstream.once("close", () => socket.destroy());
      socket.once("close", () => upstream.destroy());
      if (socket.destroyed) return void upstream.destroy();
      socket.write(headOf(answer));
      upstream.write(head);
      const read = createFrameReader();
      // One after the other, because a frozen network keeps the order.
      let toServer = Promise.resolve();
      let toClient = Promise.resolve();
      socket.on("data", (chunk: Buffer) => {
        toServer = toServer.then(async () => {
          await thawed;
          upstream.write(chunk);
        });
      });
      const down = (chunk: Buffer) => {
        toClient = toClient.then(async () => {
          await thawed;
          for (const frame of read(chunk)) deliver(frame, socket);
        });
      };
      upstream.on("data", down);
      if (first.length > 0) down(first);
    });
    onward.end();
  }

  function deliver({ bytes, broadcast, isData }: Frame, socket: Duplex): void {
    // Nothing comes after half a frame. A network never leaves bytes out.
    if (socket.destroyed || halved.has(socket)) return;
    if (broadcast) counts.broadcasts++;
    if (broadcast && dropped?.(broadcast)) {
      counts.dropped++;
      return;
    }
    if (isData && midFrame.length > 0) {
      halved.add(socket);
      socket.write(bytes.subarray(0, Math.ceil(bytes.length / 2)), () =>
        (socket as Socket).resetAndDestroy(),
      );
      for (const done of midFrame.splice(0)) done();
      return;
    }
    socket.write(bytes);
  }

  function note(line: string): void {
    counts.requests++;
    requests.push(line);
    if (requests.length > mostRequests) requests.shift();
  }

  function cut(): void {
    for (const socket of sockets) socket.resetAndDestroy();
  }

  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    counts,
    requests,
    cut,
    cutInMidFrame: () => new Promise((done) => void midFrame.push(done)),
    refuse() {
      isRefusing = true;
      cut();
    },
    freeze() {
      thawed ??= new Promise((resolve) => {
        thaw = resolve;
      });
    },
    drop(chosen) {
      dropped = chosen;
    },
    loseAnswer: (matches = () => true) => new Promise((done) => void waits.push({ matches, done })),
    answer: (status, headers, matches = () => true, body = "") =>
      new Promise((done) => void waits.push({ matches, done, answer: { status, headers, body } })),
    heal() {
      isRefusing = false;
      thaw();
      thawed = undefined;
      dropped = undefined;
      midFrame = [];
      waits = [];
    },
    async [Symbol.asyncDispose]() {
      thaw();
      cut();
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`];
  for (let i = 0; i < rawHeaders.length; i += 2) lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`);
  return `${lines.join("\r\n")}\r\n\r\n`;
}
