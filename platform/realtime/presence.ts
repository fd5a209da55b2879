/**
 * Knows who is present on a topic. A presence key usually stands for a person, and has one
 * meta for each channel that tracks under it. All channels of the topic are told who
 * comes and goes.
 * @see https://hexdocs.pm/phoenix/Phoenix.Presence.html
 */
import { randomBytes } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import { membersOf } from "./json-text.ts";
import { deliver, push } from "./outgoing.ts";
import { charge } from "./parties.ts";
import { textFanout } from "./protocol.ts";
import type { Channel, Context } from "./state.ts";

/** Different in every process, so that references are never used twice. */
const refPrefix = randomBytes(6).toString("base64url");
let refs = 0;

/** Tracks, or updates what is tracked. @param payload JSON text of an object */
export function track(context: Context, channel: Channel, payload: string): void {
  const before = channel.tracked;
  if (before && isSame(before.payload, payload)) return;
  const ref = `${refPrefix}${(refs++).toString(36)}`;
  const payloadBytes = Buffer.byteLength(payload);
  channel.tracked = { ref, payload, payloadBytes, meta: metaOf(payload, ref, before?.ref) };
  channel.connection.presenceBytes += payloadBytes - (before?.payloadBytes ?? 0);
  const { present } = channel.topic;
  const channels = present.get(channel.presenceKey);
  if (channels) channels.add(channel);
  else present.set(channel.presenceKey, new Set([channel]));
  announce(context, channel, channel.tracked.meta, before?.meta);
}

/** Whether two objects are the same, in any order. Parsed numbers could be equal although the texts differ. */
function isSame(one: string, other: string): boolean {
  return one === other || isDeepStrictEqual(membersOf(one), membersOf(other));
}

/** @param payload JSON text of an object @returns the same object with the references */
function metaOf(payload: string, ref: string, refBefore: string | undefined): string {
  const members = membersOf(payload).set("phx_ref", JSON.stringify(ref));
  if (refBefore !== undefined) members.set("phx_ref_prev", JSON.stringify(refBefore));
  return `{${Array.from(members, ([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
}

/** Untracks. Does nothing when the channel tracks nothing. */
export function forget(context: Context, channel: Channel): void {
  const { tracked, topic, presenceKey } = channel;
  if (!tracked) return;
  channel.tracked = undefined;
  channel.connection.presenceBytes -= tracked.payloadBytes;
  const channels = topic.present.get(presenceKey);
  channels?.delete(channel);
  if (channels?.size === 0) topic.present.delete(presenceKey);
  announce(context, channel, undefined, tracked.meta);
}

/** Tells one channel who is present. */
export function sendState(context: Context, channel: Channel): void {
  const entries: string[] = [];
  for (const [key, channels] of channel.topic.present) {
    const metas = Array.from(channels, (member) => member.tracked?.meta);
    entries.push(`${JSON.stringify(key)}:{"metas":[${metas.join(",")}]}`);
  }
  push(context, channel, "presence_state", `{${entries.join(",")}}`);
}

/** Tells all channels of the topic that may see presence. The channel that comes or goes pays. */
function announce(context: Context, by: Channel, joined?: string, left?: string): void {
  const { topic, presenceKey: key } = by;
  const side = (meta?: string) =>
    meta === undefined ? "{}" : `{${JSON.stringify(key)}:{"metas":[${meta}]}}`;
  const diff = `{"joins":${side(joined)},"leaves":${side(left)}}`;
  let fanout: ReturnType<typeof textFanout> | undefined;
  let delivered = 0;
  for (const channel of topic.channels) {
    if (channel.rights.presence.read !== true) continue;
    fanout ??= textFanout(channel.wire, "presence_diff", diff);
    deliver(context, channel, fanout.frame(channel.connection.version) as Buffer);
    delivered++;
  }
  charge(context, by.party, "presence", delivered);
}
