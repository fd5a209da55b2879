/** A bare `ws` server in its own process, with sockets that all hear one sender. */
import { once } from "node:events";
import { WebSocket } from "ws";
import { type Sockets, startSockets } from "./realtime-server.ts";

export interface WsCrowd extends AsyncDisposable {
  server: Sockets;
  /** Opens more sockets. */
  open(count: number): Promise<void>;
  /** Sends a message. Resolves when all sockets have it. */
  send(): Promise<void>;
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
          if (++arrived === sockets.length) done();
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
    send() {
      arrived = 0;
      return new Promise((resolve) => {
        done = resolve;
        sender.send(frame);
      });
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [sender, ...sockets]) socket.terminate();
      await server[Symbol.asyncDispose]();
    },
  };
}
