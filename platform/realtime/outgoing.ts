/** What the server sends to one client. */
import { WebSocket } from "ws";
import { message, type Ref } from "./protocol.ts";
import type { Channel, Connection, Context } from "./state.ts";
import { after } from "./timers.ts";

/** Sends a frame if the client is still there. A client that does not read is disconnected. */
export function write(context: Context, connection: Connection, frame: Buffer): void {
  const { ws, socket } = connection;
  if (ws.readyState !== WebSocket.OPEN) return;
  if (socket.writableLength > context.limits.bufferedBytes) {
    context.log("warn", `disconnecting a client that is ${socket.writableLength} bytes behind`);
    ws.terminate();
    return;
  }
  // Not through ws: it would frame again what is a complete frame.
  socket.write(frame);
}

/**
 * Resolves when the client has taken what it was sent, or is gone. A client that takes
 * nothing for `idleMs` is disconnected.
 * @returns undefined when there is nothing to wait for
 */
export function drained(context: Context, connection: Connection): Promise<void> | undefined {
  const { ws, socket } = connection;
  if (connection.closed || !socket.writableNeedDrain) return undefined;
  return new Promise((resolve) => {
    const stop = after(context, context.limits.idleMs, () => ws.terminate());
    connection.wake = end;
    socket.once("drain", end);
    function end() {
      stop();
      socket.off("drain", end);
      connection.wake = undefined;
      resolve();
    }
  });
}

/** Sends a frame on a channel. While the channel joins, the frame is held until the join's reply. */
export function deliver(context: Context, channel: Channel, frame: Buffer, id?: string): void {
  if (!channel.held) {
    write(context, channel.connection, frame);
    return;
  }
  channel.held.push({ frame, id });
  channel.heldBytes += frame.length;
  if (channel.heldBytes > channel.heldBytesMax) channel.connection.ws.terminate();
}

/** Sends what was held while the channel joined, except for what was replayed. */
export function release(context: Context, channel: Channel): void {
  const held = channel.held ?? [];
  channel.held = undefined;
  channel.heldBytes = 0;
  for (const { frame, id } of held) {
    if (id === undefined || !channel.replayed?.has(id)) write(context, channel.connection, frame);
  }
}

/** Answers a message of the client. @param response JSON text */
export function replyTo(
  context: Context,
  channel: Channel,
  ref: Ref,
  status: "ok" | "error",
  response: string,
): void {
  const { connection, joinRef, wire } = channel;
  const payload = `{"status":"${status}","response":${response}}`;
  write(context, connection, message(connection.version, joinRef, ref, wire, "phx_reply", payload));
}

/** Tells a client about its channel, with the protocol's event `system`. */
export function sendSystem(
  context: Context,
  channel: Channel,
  extension: "system" | "postgres_changes",
  status: "ok" | "error",
  text: string,
): void {
  const payload = JSON.stringify({ extension, status, message: text, channel: channel.name });
  push(context, channel, "system", payload);
}

/** Sends an event on a channel. @param payload JSON text */
export function push(context: Context, channel: Channel, event: string, payload: string): void {
  const { connection, joinRef, wire } = channel;
  deliver(context, channel, message(connection.version, joinRef, null, wire, event, payload));
}
