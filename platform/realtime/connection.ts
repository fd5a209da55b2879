/**
 * One client's socket: takes its frames in order, one at a time.
 */
import { closeChannel } from "./channel.ts";
import { dispatch } from "./dispatch.ts";
import { countSocket } from "./parties.ts";
import { decode } from "./protocol.ts";
import type { Connection, Context } from "./state.ts";

/** Starts to listen to an upgraded socket. */
export function connect(
  context: Context,
  given: Pick<Connection, "ws" | "socket" | "version" | "token" | "headers" | "address" | "party">,
): Connection {
  const now = performance.now();
  const connection: Connection = {
    ...given,
    channels: new Map(),
    inbox: [],
    inboxBytes: 0,
    busy: false,
    counted: false,
    presenceBytes: 0,
    lastInputMs: now,
    emptyMs: now,
    closed: false,
  };
  const { ws } = connection;
  context.connections.add(connection);
  countSocket(connection, 1);
  ws.on("message", (data, binary) => receive(context, connection, data as Buffer, binary));
  ws.on("ping", () => {
    connection.lastInputMs = performance.now();
  });
  ws.on("error", (error) => context.log("debug", `socket: ${error.message}`));
  ws.on("close", () => disconnected(context, connection));
  return connection;
}

function receive(context: Context, connection: Connection, data: Buffer, binary: boolean): void {
  connection.lastInputMs = performance.now();
  if (!connection.busy) {
    handle(context, connection, data, binary);
    return;
  }
  const { inbox, ws } = connection;
  const { pendingFrames, frameBytes } = context.limits;
  inbox.push({ data, binary });
  connection.inboxBytes += data.length;
  if (inbox.length >= pendingFrames || connection.inboxBytes >= frameBytes) ws.pause();
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

/** Handles the frames that came meanwhile, until one of them has to wait for something. */
function resume(context: Context, connection: Connection): void {
  while (!connection.busy && !connection.closed) {
    const next = connection.inbox.shift();
    if (!next) {
      if (connection.ws.isPaused) connection.ws.resume();
      return;
    }
    connection.inboxBytes -= next.data.length;
    handle(context, connection, next.data, next.binary);
  }
}

/**
 * Handles a frame. Never throws.
 * @returns a promise, which never rejects, if there is something to wait for
 */
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
  countSocket(connection, -1);
  for (const channel of [...connection.channels.values()]) closeChannel(context, channel, "silently");
  connection.wake?.();
}
