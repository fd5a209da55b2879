/**
 * The event `broadcast`: one client sends to all others on the topic. A client that may not send is
 * not told so.
 */
import { mayBroadcast } from "./authorization.ts";
import { shutDown } from "./channel.ts";
import { DatabaseError } from "./database-side.ts";
import { replyTo } from "./outgoing.ts";
import { charge, hasRoom } from "./parties.ts";
import { broadcastFanout, type Inbound, isObject, textFanout } from "./protocol.ts";
import { isTooLarge, publish, tooManyMessages } from "./publish.ts";
import type { Channel, Context } from "./state.ts";

export function broadcast(context: Context, channel: Channel, inbound: Inbound): Promise<void> | undefined {
  if (channel.rights.broadcast.write !== undefined) {
    if (channel.rights.broadcast.write) send(context, channel, inbound);
    return undefined;
  }
  return mayBroadcast(context, channel).then(
    (allowed) => {
      if (allowed && !channel.closed) send(context, channel, inbound);
    },
    (error) => {
      if (!(error instanceof DatabaseError)) throw error;
      context.log("warn", `broadcast: ${error.code}: ${error.message}`);
    },
  );
}

function send(context: Context, channel: Channel, inbound: Inbound): void {
  const { events } = context.rates;
  const encoded = inbound.broadcast;
  if (!encoded && !isObject(inbound.payload)) return;
  if (!hasRoom(context, channel.party, "events")) {
    shutDown(context, channel, tooManyMessages);
    return;
  }
  charge(context, channel.party, "events");
  const text = inbound.payloadText?.() ?? "";
  if (isTooLarge(context, encoded?.payload ?? { json: text })) {
    if (channel.broadcastAck) replyTo(context, channel, inbound.ref, "error", '"payload_size_exceeded"');
    return;
  }
  const fanout = encoded
    ? broadcastFanout(channel.wire, encoded)
    : textFanout(channel.wire, "broadcast", text);
  const except = channel.broadcastSelf ? undefined : channel;
  publish(context, channel.topic, fanout, channel.party, except);
  if (channel.broadcastAck && !channel.closed) replyTo(context, channel, inbound.ref, "ok", "{}");
  if (events.exceeded()) shutDown(context, channel, tooManyMessages);
}
