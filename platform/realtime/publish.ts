/** One message to everybody on a topic, and the rate of messages that this counts towards. */
import { shutDown } from "./channel.ts";
import { deliver } from "./outgoing.ts";
import { charge, hasRoom } from "./parties.ts";
import type { EncodedBroadcast, Fanout } from "./protocol.ts";
import type { Channel, Context, Party, Topic } from "./state.ts";

export const tooManyMessages = "Too many messages per second";

const nothing = Buffer.alloc(0);
/** Messages published so far. */
let messages = 0;

/**
 * Sends a message to every channel of a topic that may hear broadcasts.
 *
 * The sender pays for one copy to each party, out of its share of the limits. A party
 * with several channels on the topic pays for its further copies. So a listener with many
 * sockets cannot use up a sender's share, and a sender cannot use up a listener's.
 * @param payer the sender; undefined when the database sends, then each receiver pays
 * @param except a channel that does not get the message
 */
export function publish(
  context: Context,
  topic: Topic,
  fanout: Fanout,
  payer: Party | undefined,
  except?: Channel,
): void {
  const { id } = fanout;
  const number = ++messages;
  let paid = 0;
  for (const channel of topic.channels) {
    if (channel === except || channel.rights.broadcast.read !== true) continue;
    if (id !== undefined && channel.replayed?.has(id)) {
      // The channel has it already. Only the place of the live copy among the others matters.
      channel.held?.push({ frame: nothing, id });
      continue;
    }
    const frame = fanout.frame(channel.connection.version);
    if (!frame) continue;
    const { party } = channel;
    if (payer && party.lastMessage !== number) paid++;
    else if (!receiverPays(context, channel)) continue;
    party.lastMessage = number;
    deliver(context, channel, frame, id);
  }
  if (payer) charge(context, payer, "events", paid);
  if (context.rates.events.exceeded()) closeAll(context, topic.channels, except);
}

/** Charges a delivery to the channel that gets it. Closes the channel when its share is used up. */
function receiverPays(context: Context, channel: Channel): boolean {
  if (hasRoom(context, channel.party, "events")) {
    charge(context, channel.party, "events");
    return true;
  }
  shutDown(context, channel, tooManyMessages);
  return false;
}

/** Sends a change of the database to one channel, which pays for it. */
export function deliverPaid(context: Context, channel: Channel, frame: Buffer): void {
  if (!receiverPays(context, channel)) return;
  deliver(context, channel, frame);
  if (context.rates.events.exceeded()) closeAll(context, [channel]);
}

/** Over the limit of the whole server, the channels that received are closed, as in Supabase. */
function closeAll(context: Context, receivers: Iterable<Channel>, except?: Channel): void {
  for (const channel of receivers) if (channel !== except) shutDown(context, channel, tooManyMessages);
}

/** Whether a broadcast's payload is larger than `limits.payloadBytes`. */
export function isTooLarge(
  { limits }: Pick<Context, "limits">,
  payload: EncodedBroadcast["payload"],
): boolean {
  const bytes = "json" in payload ? Buffer.byteLength(payload.json) : payload.binary.length;
  return bytes > limits.payloadBytes;
}
