/** Decides what happens to a frame, by its topic and its event. */
import { applyToken } from "./access.ts";
import { broadcast } from "./broadcast.ts";
import { closeChannel, crash, shutDown } from "./channel.ts";
import { topicPrefix } from "./hub.ts";
import { join } from "./join.ts";
import { replyTo, write } from "./outgoing.ts";
import { charge, hasRoom } from "./parties.ts";
import { presence } from "./presence-events.ts";
import { type Inbound, isObject, message } from "./protocol.ts";
import { tooManyMessages } from "./publish.ts";
import type { Channel, Connection, Context } from "./state.ts";

/** Never throws and never rejects. An error on a channel closes that channel. */
export function dispatch(
  context: Context,
  connection: Connection,
  inbound: Inbound,
): Promise<void> | undefined {
  const { topic, event } = inbound;
  if (topic === "phoenix" && event === "heartbeat") {
    answer(context, connection, inbound, "ok", "{}");
    return undefined;
  }
  if (event === "phx_join" && topic.startsWith(topicPrefix)) return join(context, connection, inbound);
  const channel = connection.channels.get(topic);
  if (!channel) {
    if (event === "phx_leave") answer(context, connection, inbound, "ok", "{}");
    else answer(context, connection, inbound, "error", '{"reason":"unmatched topic"}');
    return undefined;
  }
  try {
    return onChannel(context, channel, inbound)?.catch((error) => crash(context, channel, error));
  } catch (error) {
    crash(context, channel, error);
    return undefined;
  }
}

/**
 * A message may have an old join_ref or none. A leave with an old one is ignored: it meant a channel
 * that is gone.
 */
function onChannel(context: Context, channel: Channel, inbound: Inbound): Promise<void> | undefined {
  switch (inbound.event) {
    case "phx_leave":
      if (inbound.joinRef !== null && inbound.joinRef !== channel.joinRef) return undefined;
      replyTo(context, channel, inbound.ref, "ok", "{}");
      closeChannel(context, channel, "telling");
      return undefined;
    case "broadcast":
      return broadcast(context, channel, inbound);
    case "presence":
      return presence(context, channel, inbound);
    case "access_token":
      return applyToken(
        context,
        channel,
        isObject(inbound.payload) ? inbound.payload.access_token : undefined,
      );
    default:
      if (hasRoom(context, channel.party, "events")) charge(context, channel.party, "events");
      else shutDown(context, channel, tooManyMessages);
      return undefined;
  }
}

function answer(
  context: Context,
  connection: Connection,
  { topic, ref, joinRef }: Inbound,
  status: "ok" | "error",
  response: string,
): void {
  const payload = `{"status":"${status}","response":${response}}`;
  write(context, connection, message(connection.version, joinRef, ref, topic, "phx_reply", payload));
}
