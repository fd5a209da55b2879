/** A bare `ws` server in its own process, with sockets that all hear one sender. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { type Sockets, startSockets } from "./realtime-server.ts";

export interface WsCrowd extends AsyncDisposable {
  server: Sockets;
  /** Opens more sockets. */
  open(count: number): Promise<void>;
  /** Sends this number of messages. Resolves when all sockets have them. */
  send(messages: number): Promise<void>;
}

const atOnce = 50;

/**
 * @param count the sockets, without the sender
 * @param bytes the length of a message
 */
export async function openCrowd(count: number, bytes: number): Promise<WsCrowd> {
  const server = await startSockets("ws");
  const sockets: WebSocket[] = [];
  let arrived = 0;
  let due = Number.POSITIVE_INFINITY;
  let done = () => {};
  const connect = async () => {
    const socket = new WebSocket(server.url, { perMessageDeflate: false });
    await once(socket, "open");
    return socket;
  };
  const open = async (more: number) => {
    for (let opened = 0; opened < more; opened += atOnce) {
      const some = await Promise.all(Array.from({ length: Math.min(atOnce, more - opened) }, connect));
      for (const socket of some) {
        socket.on("message", () => {
          if (++arrived === due) done();
        });
      }
      sockets.push(...some);
    }
  };
  const sender = await connect();
  await open(count);
  const frame = Buffer.alloc(bytes, "x");
  return {
    server,
    open,
    async send(messages) {
      arrived = 0;
      due = messages * sockets.length;
      const delivered = new Promise<void>((resolve) => {
        done = resolve;
      });
      for (let sent = 0; sent < messages; sent++) sender.send(frame);
      await delivered;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [sender, ...sockets]) socket.terminate();
      await server[Symbol.asyncDispose]();
    },
  };
}
