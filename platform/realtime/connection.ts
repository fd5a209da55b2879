/**
 * One client's socket: takes its frames in order, one at a time, and writes
 * frames to it as long as it keeps reading them.
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { type Channel, closeChannel } from "./channel.ts";
import { after, type Context } from "./context.ts";
import { dispatch } from "./dispatch.ts";
import { decode, type Version } from "./protocol.ts";

export interface Connection {
  ws: WebSocket;
  socket: Duplex;
  version: Version;
  /** What it connected with: speaks for channels that bring no token of their own. */
  token: string;
  /** For policies. */
  headers: Record<string, string>;
  channels: Map<string, Channel>;
  /** Frames that wait while an earlier one is being handled. */
  inbox: { data: Buffer; binary: boolean }[];
  busy: boolean;
  /** Has joined something once. */
  counted: boolean;
  /** Of all its channels' tracked payloads. */
  presenceBytes: number;
  lastInputMs: number;
  /** Since when it has no channel. */
  emptyMs: number;
  closed: boolean;
  /** Ends the wait that its current frame is in. */
  wake?: () => void;
}

/** Starts to listen to an upgraded socket. */
export function connect(
  context: Context,
  given: Pick<Connection, "ws" | "socket" | "version" | "token" | "headers">,
): Connection {
  const now = performance.now();
  const connection: Connection = {
    ...given,
    channels: new Map(),
    inbox: [],
    busy: false,
    counted: false,
    presenceBytes: 0,
    lastInputMs: now,
    emptyMs: now,
    closed: false,
  };
  const { ws } = connection;
  context.connections.add(connection);
  ws.on("message", (data, binary) => receive(context, connection, data as Buffer, binary));
  ws.on("ping", () => {
    connection.lastInputMs = performance.now();
  });
  ws.on("error", (error) => context.log("debug", `socket: ${error.message}`));
  ws.on("close", () => disconnected(context, connection));
  return connection;
}

/** To a client that is still there; one that does not read what it is sent is let go. */
export function write(context: Context, connection: Connection, frame: Buffer): void {
  const { ws, socket } = connection;
  if (ws.readyState !== WebSocket.OPEN) return;
  if (socket.writableLength > context.limits.bufferedBytes) {
    context.log("warn", `disconnecting a client that is ${socket.writableLength} bytes behind`);
    ws.terminate();
    return;
  }
  // Past ws: the frame is whole already.
  socket.write(frame);
}

/**
 * Resolves when the client has taken what it was sent, or is gone; nothing when there is
 * no need to wait. One that takes nothing for too long is let go.
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

function receive(context: Context, connection: Connection, data: Buffer, binary: boolean): void {
  connection.lastInputMs = performance.now();
  if (!connection.busy) {
    handle(context, connection, data, binary);
    return;
  }
  connection.inbox.push({ data, binary });
  if (connection.inbox.length >= context.limits.pendingFrames) connection.ws.pause();
}

function handle(context: Context, connection: Connection, data: Buffer, binary: boolean): void {
  const work = take(context, connection, data, binary);
  if (!work) return;
  connection.busy = true;
  void work.then(() => {
    connection.busy = false;
    resume(context, connection);
  });
}

/** The frames that came meanwhile, until one takes its time again. */
function resume(context: Context, connection: Connection): void {
  while (!connection.busy && !connection.closed) {
    const next = connection.inbox.shift();
    if (!next) {
      if (connection.ws.isPaused) connection.ws.resume();
      return;
    }
    handle(context, connection, next.data, next.binary);
  }
}

/** Never throws; a promise, which never rejects, when there is something to wait for. */
function take(
  context: Context,
  connection: Connection,
  data: Buffer,
  binary: boolean,
): Promise<void> | undefined {
  const inbound = decode(connection.version, data, binary);
  if (!inbound) {
    context.log("debug", `dropped a malformed frame of ${data.length} bytes`);
    return undefined;
  }
  return dispatch(context, connection, inbound);
}

function disconnected(context: Context, connection: Connection): void {
  connection.closed = true;
  connection.inbox = [];
  context.connections.delete(connection);
  if (connection.counted) context.tallies.users--;
  for (const channel of [...connection.channels.values()]) closeChannel(context, channel, "silently");
  connection.wake?.();
}
