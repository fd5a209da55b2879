/** One message to everybody on a topic, and the rate of messages that this counts towards. */
import { shutDown } from "./channel.ts";
import { deliver } from "./outgoing.ts";
import type { EncodedBroadcast, Fanout } from "./protocol.ts";
import type { Channel, Context, Topic } from "./state.ts";

export const tooManyMessages = "Too many messages per second";

const nothing = Buffer.alloc(0);

/**
 * Sends a message to every channel of a topic that may hear broadcasts.
 * @param from the channel that does not get it
 */
export function publish(context: Context, topic: Topic, fanout: Fanout, from?: Channel): void {
  const { id } = fanout;
  let delivered = 0;
  for (const channel of topic.channels) {
    if (channel === from || channel.rights.broadcast.read !== true) continue;
    if (id !== undefined && channel.replayed?.has(id)) {
      // The channel has it already. Only the place of the live copy among the others matters.
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

/** Counts deliveries. Over the limit, the channels that received are closed. */
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

/** Whether a broadcast's payload is larger than `limits.payloadBytes`. */
export function isTooLarge(
  { limits }: Pick<Context, "limits">,
  payload: EncodedBroadcast["payload"],
): boolean {
  const bytes = "json" in payload ? Buffer.byteLength(payload.json) : payload.binary.length;
  return bytes > limits.payloadBytes;
}
