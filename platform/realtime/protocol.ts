/**
 * Messages and their two forms on the wire. In version 1.0.0 a message is a JSON object.
 * In version 2.0.0 it is a JSON array, or bytes for a broadcast.
 * Source: @supabase/realtime-js lib/serializer.ts, supabase/realtime
 * lib/realtime_web/socket/v2_serializer.ex.
 */
import { isUtf8 } from "node:buffer";
import { binaryFrame, textFrame } from "./frame.ts";
import { elementsOf, membersOf } from "./json-text.ts";

export type Version = 1 | 2;
/** A client chooses its references. The server repeats them in its answers. */
export type Ref = string | number | null;

/** What a client sent. */
export interface Inbound {
  topic: string;
  event: string;
  payload: unknown;
  /**
   * The payload as it was written. Not there for a binary frame.
   * @throws RangeError when it is nested too deeply
   */
  payloadText?: () => string;
  ref: Ref;
  joinRef: Ref;
  /** Set instead of `payload` for a binary frame. */
  broadcast?: EncodedBroadcast;
}

/** A broadcast. Its payload is passed on as it is, as bytes or JSON text. */
export interface EncodedBroadcast {
  event: string;
  payload: { json: string } | { binary: Uint8Array };
}

/** One message to everybody on a topic. The frame of each version is built when it is first needed. */
export interface Fanout {
  /** Undefined when the version has no form for this message. */
  frame(version: Version): Buffer | undefined;
  /** The id of a stored message. A channel that got it by replay does not get it again. */
  id?: string;
}

const userBroadcastPush = 3;
const userBroadcast = 4;
const encodedBinary = 0;
const encodedJson = 1;
const refBytesMax = 255;

/** The version that a `vsn` parameter names. Without one it is 1.0.0. Undefined for an unknown version. */
export function versionOf(vsn: string | null): Version | undefined {
  if (vsn === null) return 1;
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+$/.exec(vsn) ?? [];
  if (minor !== "0") return undefined;
  return major === "1" ? 1 : major === "2" ? 2 : undefined;
}

/** Reads a client's frame. Undefined when it is malformed. */
export function decode(version: Version, data: Buffer, binary: boolean): Inbound | undefined {
  if (binary) return version === 2 ? decodeBroadcast(data) : undefined;
  const text = data.toString();
  const parsed = parseJson(text);
  if (version === 2) {
    if (!Array.isArray(parsed) || parsed.length < 5) return undefined;
    const [joinRef, ref, topic, event, payload] = parsed;
    return checked(joinRef, ref, topic, event, payload, () => elementsOf(text, 5)[4] as string);
  }
  if (!isObject(parsed)) return undefined;
  const { join_ref: joinRef, ref, topic, event, payload } = parsed;
  return checked(joinRef, ref, topic, event, payload, () => membersOf(text).get("payload") as string);
}

function checked(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
  payloadText: () => string,
): Inbound | undefined {
  if (typeof topic !== "string" || typeof event !== "string") return undefined;
  if (!isRef(ref) || !isRef(joinRef)) return undefined;
  return { topic, event, payload, payloadText, ref: ref ?? null, joinRef: joinRef ?? null };
}

function isRef(value: unknown): value is Ref | undefined {
  if (value === null || value === undefined || typeof value === "number") return true;
  return typeof value === "string" && value.length <= refBytesMax;
}

/** A binary frame: the byte 3, the lengths of five fields, the encoding, the fields, the payload. */
function decodeBroadcast(data: Buffer): Inbound | undefined {
  if (data.length < 7 || data[0] !== userBroadcastPush) return undefined;
  let offset = 7;
  const field = (index: number) => {
    const start = offset;
    offset += data[index] as number;
    return data.toString("utf8", start, offset);
  };
  const joinRef = field(1);
  const ref = field(2);
  const topic = field(3);
  const event = field(4);
  const meta = field(5);
  if (offset > data.length) return undefined;
  if (meta !== "" && parseJson(meta) === undefined) return undefined;
  const bytes = data.subarray(offset);
  const payload = data[6] === encodedBinary ? { binary: bytes } : jsonPayload(bytes);
  if (payload === undefined) return undefined;
  return {
    topic,
    event: "broadcast",
    payload: undefined,
    ref: ref === "" ? null : ref,
    joinRef: joinRef === "" ? null : joinRef,
    broadcast: { event, payload },
  };
}

/** Checks that the payload is JSON. Otherwise a sender could break its receivers, which cannot parse it. */
function jsonPayload(bytes: Buffer): { json: string } | undefined {
  if (!isUtf8(bytes)) return undefined;
  const json = bytes.toString();
  return parseJson(json) === undefined ? undefined : { json };
}

/** Undefined when the text is not JSON. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Builds a message to one client. @param payload JSON text */
export function message(
  version: Version,
  joinRef: Ref,
  ref: Ref,
  topic: string,
  event: string,
  payload: string,
): Buffer {
  const name = JSON.stringify(topic);
  const what = JSON.stringify(event);
  return textFrame(
    version === 2
      ? `[${JSON.stringify(joinRef)},${JSON.stringify(ref)},${name},${what},${payload}]`
      : `{"topic":${name},"event":${what},"payload":${payload},"ref":${JSON.stringify(ref)}}`,
  );
}

/** Builds a message to everybody, as text. @param payload JSON text */
export function textFanout(topic: string, event: string, payload: string, id?: string): Fanout {
  return oncePerVersion((version) => message(version, null, null, topic, event, payload), id);
}

/** Builds a broadcast to everybody: binary for 2.0.0, text for 1.0.0, which has no form for bytes. */
export function broadcastFanout(topic: string, broadcast: EncodedBroadcast, id?: string): Fanout {
  const meta = id === undefined ? "" : `{"id":${JSON.stringify(id)}}`;
  return oncePerVersion(
    (version) =>
      (version === 2 ? binaryBroadcast(topic, broadcast, meta) : undefined) ??
      textBroadcast(version, null, topic, broadcast, meta),
    id,
  );
}

/** Builds a stored message for one client that has just joined. */
export function replayFrame(
  version: Version,
  joinRef: Ref,
  topic: string,
  broadcast: EncodedBroadcast,
  id: string,
): Buffer | undefined {
  const meta = `{"id":${JSON.stringify(id)},"replayed":true}`;
  if ("json" in broadcast.payload) return textBroadcast(version, joinRef, topic, broadcast, meta);
  return version === 2 ? binaryBroadcast(topic, broadcast, meta) : undefined;
}

/** Undefined when a field is too long: its length has to fit into one byte. */
function binaryBroadcast(
  topic: string,
  { event, payload }: EncodedBroadcast,
  meta: string,
): Buffer | undefined {
  const fields = [topic, event, meta].map((text) => Buffer.from(text));
  if (fields.some((field) => field.length > 255)) return undefined;
  const isJson = "json" in payload;
  const head = Uint8Array.of(
    userBroadcast,
    ...fields.map((field) => field.length),
    isJson ? encodedJson : encodedBinary,
  );
  return binaryFrame(head, ...fields, isJson ? Buffer.from(payload.json) : payload.binary);
}

function textBroadcast(
  version: Version,
  joinRef: Ref,
  topic: string,
  { event, payload }: EncodedBroadcast,
  meta: string,
): Buffer | undefined {
  if (!("json" in payload)) return undefined;
  const end = meta === "" ? "}" : `,"meta":${meta}}`;
  const text = `{"type":"broadcast","event":${JSON.stringify(event)},"payload":${payload.json}${end}`;
  return message(version, joinRef, null, topic, "broadcast", text);
}

function oncePerVersion(build: (version: Version) => Buffer | undefined, id?: string): Fanout {
  const built: (Buffer | undefined | null)[] = [null, null, null];
  return {
    id,
    frame(version) {
      const known = built[version];
      if (known !== null) return known;
      const frame = build(version);
      built[version] = frame;
      return frame;
    },
  };
}
