/** Handles the event `presence`: a client tracks or untracks, within its limits and rights. */
import { mayTrack } from "./authorization.ts";
import { shutDown } from "./channel.ts";
import { DatabaseError } from "./database-side.ts";
import { membersOf } from "./json-text.ts";
import { replyTo } from "./outgoing.ts";
import { charge, hasRoom } from "./parties.ts";
import { forget, sendState, track } from "./presence.ts";
import { type Inbound, isObject } from "./protocol.ts";
import type { Channel, Context } from "./state.ts";

const tooMany = "Too many presence messages per second";

export function presence(context: Context, channel: Channel, inbound: Inbound): Promise<void> | undefined {
  const { payload, ref } = inbound;
  if (!isObject(payload) || payload.event === undefined) {
    replyTo(context, channel, ref, "ok", "{}");
    return undefined;
  }
  if (!takeCall(context, channel)) {
    shutDown(context, channel, "Client presence rate limit exceeded");
    return undefined;
  }
  switch (String(payload.event).toLowerCase()) {
    case "track":
      return onTrack(context, channel, payload.payload ?? {}, inbound);
    case "untrack":
      forget(context, channel);
      replyTo(context, channel, ref, "ok", "{}");
      return undefined;
  }
  replyTo(context, channel, ref, "error", "{}");
  return undefined;
}

/** Counts a call. A window begins with its first call. @returns false when there are too many */
function takeCall({ limits }: Context, channel: Channel): boolean {
  const now = performance.now();
  if (now > channel.presenceWindowEndsMs) {
    channel.presenceWindowEndsMs = now + limits.presenceWindowMs;
    channel.presenceCalls = 0;
  }
  return ++channel.presenceCalls <= limits.presenceCalls;
}

function onTrack(
  context: Context,
  channel: Channel,
  value: unknown,
  inbound: Inbound,
): Promise<void> | undefined {
  const { rights } = channel;
  if (rights.presence.write !== undefined && rights.presence.read !== undefined) {
    tracked(context, channel, value, inbound);
    return undefined;
  }
  return mayTrack(context, channel).then(
    () => {
      if (!channel.closed) tracked(context, channel, value, inbound);
    },
    (error) => {
      if (!(error instanceof DatabaseError)) throw error;
      context.log("warn", `presence: ${error.code}: ${error.message}`);
      replyTo(context, channel, inbound.ref, "error", "{}");
    },
  );
}

function tracked(context: Context, channel: Channel, value: unknown, inbound: Inbound): void {
  const { ref } = inbound;
  if (!channel.rights.presence.write) {
    replyTo(context, channel, ref, "error", "{}");
    return;
  }
  if (!isObject(value)) {
    replyTo(context, channel, ref, "error", '{"reason":"Presence track payload must be a map"}');
    return;
  }
  const payload = trackedText(inbound);
  const others = channel.connection.presenceBytes - (channel.tracked?.payloadBytes ?? 0);
  if (others + Buffer.byteLength(payload) > context.limits.payloadBytes) {
    shutDown(context, channel, "Track message size exceeded");
    return;
  }
  if (!countPresence(context, channel)) return;
  track(context, channel, payload);
  replyTo(context, channel, ref, "ok", "{}");
  if (channel.presenceEnabled) return;
  // It joined without presence, so it has no state yet. Diffs alone would not show who was there before.
  channel.presenceEnabled = true;
  syncPresence(context, channel);
}

/**
 * The text of what the client tracks. It is a copy: a part of a text keeps the memory of the whole text,
 * and the payload stays for as long as it is tracked.
 */
function trackedText({ payloadText }: Inbound): string {
  const text = membersOf(payloadText?.() ?? "{}").get("payload") ?? "null";
  return text === "null" ? "{}" : Buffer.from(text).toString();
}

/** Sends the presence state of the topic, if the channel may see it. */
export function syncPresence(context: Context, channel: Channel): void {
  if (!channel.presenceEnabled || channel.rights.presence.read !== true) return;
  if (countPresence(context, channel)) sendState(context, channel);
}

/** Counts a presence event. Over the limit, closes the channel and returns false. */
function countPresence(context: Context, channel: Channel): boolean {
  if (context.rates.presence.exceeded() || !hasRoom(context, channel.party, "presence")) {
    shutDown(context, channel, tooMany);
    return false;
  }
  charge(context, channel.party, "presence");
  return true;
}
