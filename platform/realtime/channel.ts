/**
 * One client on one topic, from its join to its end: what it may do, what it is
 * sent, and what has to be undone when it goes.
 */
import type { Rights } from "./authorization.ts";
import type { Changes } from "./changes.ts";
import { type Connection, write } from "./connection.ts";
import type { Context } from "./context.ts";
import { closeReason } from "./errors.ts";
import type { Topic } from "./hub.ts";
import { forget, type Tracked } from "./presence.ts";
import { type Fanout, message, type Ref } from "./protocol.ts";
import type { VerifiedToken } from "./tokens.ts";

export interface Channel {
  connection: Connection;
  /** As on the wire, `realtime:` in front. */
  wire: string;
  name: string;
  private: boolean;
  joinRef: Ref;
  topic: Topic;
  broadcastSelf: boolean;
  broadcastAck: boolean;
  presenceKey: string;
  presenceEnabled: boolean;
  token: VerifiedToken;
  rights: Rights;
  tracked?: Tracked;
  /** Calls of track and untrack in the window that ends then. */
  presenceCalls: number;
  presenceWindowEndsMs: number;
  changes?: Changes;
  /** While it joins: what waits until the client has its reply. */
  held?: Held[];
  heldBytes: number;
  /** A replay's messages may come live as well, before it is known which they are. */
  heldBytesMax: number;
  /** Stored messages it was given on joining; they do not come again. */
  replayed?: Set<string>;
  stopTokenCheck?: () => void;
  closed: boolean;
}

interface Held {
  frame: Buffer;
  id?: string;
}

/** To the channel's client, in order, after the reply to its join. */
export function deliver(context: Context, channel: Channel, frame: Buffer, id?: string): void {
  if (!channel.held) {
    write(context, channel.connection, frame);
    return;
  }
  channel.held.push({ frame, id });
  channel.heldBytes += frame.length;
  if (channel.heldBytes > channel.heldBytesMax) channel.connection.ws.terminate();
}

/** What came while the channel was joining, without what was replayed. */
export function release(context: Context, channel: Channel): void {
  const held = channel.held ?? [];
  channel.held = undefined;
  channel.heldBytes = 0;
  for (const { frame, id } of held) {
    if (id === undefined || !channel.replayed?.has(id)) write(context, channel.connection, frame);
  }
}

const nothing = Buffer.alloc(0);

/**
 * To every channel of a topic that may hear broadcasts.
 * @param from left out
 */
export function publish(context: Context, topic: Topic, fanout: Fanout, from?: Channel): void {
  const { id } = fanout;
  let delivered = 0;
  for (const channel of topic.channels) {
    if (channel === from || channel.rights.broadcast.read !== true) continue;
    if (id !== undefined && channel.replayed?.has(id)) {
      // Of a live copy only its place in the order counts.
      channel.held?.push({ frame: nothing, id });
      continue;
    }
    const frame = fanout.frame(channel.connection.version);
    if (!frame) continue;
    delivered++;
    deliver(context, channel, frame, id);
  }
  countEvents(context, delivered, topic.channels, from);
}

/** Over the limit, whoever takes part has to go. */
export function countEvents(
  context: Context,
  count: number,
  receivers: Iterable<Channel>,
  from?: Channel,
): void {
  const { events } = context.rates;
  events.add(count);
  if (!events.exceeded()) return;
  for (const channel of receivers) if (channel !== from) shutDown(context, channel, tooManyMessages);
}

export const tooManyMessages = "Too many messages per second";

/** @param response JSON text */
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

/** @param payload JSON text */
export function push(context: Context, channel: Channel, event: string, payload: string): void {
  const { connection, joinRef, wire } = channel;
  deliver(context, channel, message(connection.version, joinRef, null, wire, event, payload));
}

/** The server's own end of a channel: says why, then closes. */
export function shutDown(context: Context, channel: Channel, why: string): void {
  if (channel.closed) return;
  sendSystem(context, channel, "system", "error", why);
  closeChannel(context, channel, "telling");
}

/** A fault of ours: the client is told to join again. */
export function crash(context: Context, channel: Channel, error: unknown): void {
  if (channel.closed) return;
  context.log("error", `channel: ${(error as Error)?.stack ?? error}`);
  const { connection, joinRef, wire } = channel;
  closeChannel(context, channel, "silently");
  write(context, connection, message(connection.version, joinRef, joinRef, wire, "phx_error", "{}"));
}

/** Ends a channel whose token or rights could not be confirmed. */
export function shutDownFor(context: Context, channel: Channel, error: unknown): void {
  if (closeReason(error) === undefined) crash(context, channel, error);
  else shutDown(context, channel, closeReason(error) as string);
}

/** Undoes all that a channel holds. Once. */
export function closeChannel(context: Context, channel: Channel, how: "telling" | "silently"): void {
  if (channel.closed) return;
  channel.closed = true;
  const { connection, joinRef, wire } = channel;
  channel.stopTokenCheck?.();
  connection.channels.delete(wire);
  if (connection.channels.size === 0) connection.emptyMs = performance.now();
  context.hub.leave(channel);
  forget(context, channel);
  channel.changes?.end();
  if (how === "silently") return;
  release(context, channel);
  write(context, connection, message(connection.version, joinRef, joinRef, wire, "phx_close", "{}"));
}
