/** The ways a channel ends, and what has to be undone then. */
import { closeReason } from "./errors.ts";
import { release, sendSystem, write } from "./outgoing.ts";
import { forget } from "./presence.ts";
import { message } from "./protocol.ts";
import type { Channel, Context } from "./state.ts";

/** Ends a channel on the server's decision: tells the client why, then closes. */
export function shutDown(context: Context, channel: Channel, why: string): void {
  if (channel.closed) return;
  sendSystem(context, channel, "system", "error", why);
  closeChannel(context, channel, "telling");
}

/** Ends a channel because of a fault in the server. `phx_error` makes the client join again. */
export function crash(context: Context, channel: Channel, error: unknown): void {
  if (channel.closed) return;
  context.log("error", `channel: ${(error as Error)?.stack ?? error}`);
  const { connection, joinRef, wire } = channel;
  closeChannel(context, channel, "silently");
  write(context, connection, message(connection.version, joinRef, joinRef, wire, "phx_error", "{}"));
}

/** Ends a channel whose token or rights could not be confirmed. */
export function shutDownFor(context: Context, channel: Channel, error: unknown): void {
  const reason = closeReason(error);
  if (reason === undefined) crash(context, channel, error);
  else shutDown(context, channel, reason);
}

/** Undoes all that a channel holds. Does nothing the second time. */
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
