/**
 * Messages and their two spellings: 1.0.0, a JSON object each, and 2.0.0, a
 * JSON array each with a binary form for broadcasts.
 * Source: @supabase/realtime-js lib/serializer.ts, supabase/realtime
 * lib/realtime_web/socket/v2_serializer.ex.
 */
import { isUtf8 } from "node:buffer";
import { binaryFrame, textFrame } from "./frame.ts";

export type Version = 1 | 2;
/** Clients make them up; the server gives them back. */
export type Ref = string | number | null;

/** What a client sent. */
export interface Inbound {
  topic: string;
  event: string;
  payload: unknown;
  ref: Ref;
  joinRef: Ref;
  /** In place of `payload`, when it came as a binary frame. */
  broadcast?: EncodedBroadcast;
}

/** A broadcast whose payload stays as it is, bytes or JSON text. */
export interface EncodedBroadcast {
  event: string;
  payload: { json: string } | { binary: Uint8Array };
}

/** One message to everybody on a topic: a frame for each version, built when first asked for. */
export interface Fanout {
  /** Nothing for a version that cannot express it. */
  frame(version: Version): Buffer | undefined;
  /** Of a stored message: who has had it replayed does not hear it again. */
  id?: string;
}

const userBroadcastPush = 3;
const userBroadcast = 4;
const encodedBinary = 0;
const encodedJson = 1;
const refBytesMax = 255;

/** The protocol's version for a `vsn` parameter; none is 1.0.0. */
export function versionOf(vsn: string | null): Version | undefined {
  if (vsn === null) return 1;
  const [, major, minor] = /^(\d+)\.(\d+)\.\d+$/.exec(vsn) ?? [];
  if (minor !== "0") return undefined;
  return major === "1" ? 1 : major === "2" ? 2 : undefined;
}

/** Nothing when the frame is none of the protocol's. */
export function decode(version: Version, data: Buffer, binary: boolean): Inbound | undefined {
  if (binary) return version === 2 ? decodeBroadcast(data) : undefined;
  const parsed = parseJson(data.toString());
  if (version === 2) {
    if (!Array.isArray(parsed) || parsed.length < 5) return undefined;
    const [joinRef, ref, topic, event, payload] = parsed;
    return checked(joinRef, ref, topic, event, payload);
  }
  if (!isObject(parsed)) return undefined;
  const { join_ref: joinRef, ref, topic, event, payload } = parsed;
  return checked(joinRef, ref, topic, event, payload);
}

function checked(
  joinRef: unknown,
  ref: unknown,
  topic: unknown,
  event: unknown,
  payload: unknown,
): Inbound | undefined {
  if (typeof topic !== "string" || typeof event !== "string") return undefined;
  if (!isRef(ref) || !isRef(joinRef)) return undefined;
  return { topic, event, payload, ref: ref ?? null, joinRef: joinRef ?? null };
}

function isRef(value: unknown): value is Ref | undefined {
  if (value === null || value === undefined || typeof value === "number") return true;
  return typeof value === "string" && value.length <= refBytesMax;
}

/** 3, the lengths of five fields, the encoding, the fields, the payload. */
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

/** Checked, for a frame that its receivers cannot parse would be the sender's to break them with. */
function jsonPayload(bytes: Buffer): { json: string } | undefined {
  if (!isUtf8(bytes)) return undefined;
  const json = bytes.toString();
  return parseJson(json) === undefined ? undefined : { json };
}

/** Undefined for what is not JSON. */
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

/** A message to one client. @param payload JSON text */
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

/** A message as text to everybody. @param payload JSON text */
export function textFanout(topic: string, event: string, payload: string, id?: string): Fanout {
  return oncePerVersion((version) => message(version, null, null, topic, event, payload), id);
}

/** A broadcast to everybody: binary for 2.0.0; as text for 1.0.0, which cannot carry bytes. */
export function broadcastFanout(topic: string, broadcast: EncodedBroadcast, id?: string): Fanout {
  const meta = id === undefined ? "" : `{"id":${JSON.stringify(id)}}`;
  return oncePerVersion(
    (version) =>
      (version === 2 ? binaryBroadcast(topic, broadcast, meta) : undefined) ??
      textBroadcast(version, null, topic, broadcast, meta),
    id,
  );
}

/** A stored message for one client who just joined. */
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

/** Nothing for what a byte cannot give the length of. */
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
