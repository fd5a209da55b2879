/** One message to everybody on a topic, and the rate of messages that this counts towards. */
import { shutDown } from "./channel.ts";
import { deliver } from "./outgoing.ts";
import { charge, sharesOf, takeOne } from "./parties.ts";
import type { EncodedBroadcast, Fanout } from "./protocol.ts";
import type { Channel, Context, Party, Topic } from "./state.ts";

export const tooManyMessages = "Too many messages per second";

/** A sender pays for this number of copies to each party: a person has a few tabs and devices. */
const firstCopies = 5;

const nothing = Buffer.alloc(0);

/**
 * Sends a message to every channel of a topic that may hear broadcasts.
 *
 * The sender pays for the first copies to each party, out of its share of the limits. That
 * is enough for a person's tabs and devices, so a sender cannot use up a listener's share.
 * A party with more channels on the topic pays for its further copies. So a listener with
 * many sockets cannot use up a sender's share.
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
  const shares = sharesOf(context, "events");
  const number = ++context.published;
  let paid = 0;
  let further = 0;
  for (const channel of topic.channels) {
    if (channel === except || channel.rights.broadcast.read !== true) continue;
    if (id !== undefined && channel.replayed?.has(id)) {
      // The channel has it already. Only the place of the live copy among the others matters.
      channel.held?.push({ frame: nothing, id });
      continue;
    }
    const frame = fanout.frame(channel.connection.version);
    if (!frame) continue;
    if (payer && isFirstCopy(channel.party, number)) {
      paid++;
    } else if (takeOne(channel.party, shares)) {
      further++;
    } else {
      shutDown(context, channel, tooManyMessages);
      continue;
    }
    deliver(context, channel, frame, id);
  }
  // Only now and not for each copy: a topic may have thousands of channels.
  context.rates.events.add(further);
  if (payer) charge(context, payer, "events", paid);
  if (context.rates.events.exceeded()) closeAll(context, topic.channels, except);
}

/** Whether the sender of a message pays for this copy to a party. Counts the copy. @param number of the message */
function isFirstCopy(party: Party, number: number): boolean {
  const { copies } = party;
  if (copies.number !== number) {
    copies.number = number;
    copies.paid = 0;
  }
  return copies.paid++ < firstCopies;
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
