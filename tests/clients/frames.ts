/** Reads the WebSocket frames of Realtime, from the server to a client (RFC 6455, without compression). */

export interface Frame {
  /** The whole frame as it came. */
  bytes: Buffer;
  /** A text or binary frame, and not a ping or a close. */
  isData: boolean;
  /** What the frame says, if it is a broadcast. */
  broadcast: { topic: string; event: string; payload: Record<string, unknown> } | undefined;
}

/** @returns a function that takes what arrived, and returns the frames that are complete by now */
export function createFrameReader(): (chunk: Buffer) => Frame[] {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const frames: Frame[] = [];
    for (;;) {
      const size = sizeOf(rest);
      if (size === undefined || rest.length < size.head + size.body) return frames;
      const bytes = rest.subarray(0, size.head + size.body);
      rest = rest.subarray(bytes.length);
      const opcode = (bytes[0] as number) & 0x0f;
      const body = bytes.subarray(size.head);
      frames.push({ bytes, isData: opcode === 1 || opcode === 2, broadcast: broadcastIn(opcode, body) });
    }
  };
}

/** The bytes of the frame's head and body. Undefined: the head is not complete yet. A server masks nothing. */
function sizeOf(bytes: Buffer): { head: number; body: number } | undefined {
  if (bytes.length < 2) return undefined;
  const short = (bytes[1] as number) & 0x7f;
  if (short < 126) return { head: 2, body: short };
  if (short === 126) return bytes.length < 4 ? undefined : { head: 4, body: bytes.readUInt16BE(2) };
  return bytes.length < 10 ? undefined : { head: 10, body: Number(bytes.readBigUInt64BE(2)) };
}

function broadcastIn(opcode: number, body: Buffer): Frame["broadcast"] {
  if (opcode === 2) return binaryBroadcast(body);
  if (opcode !== 1) return undefined;
  const message = JSON.parse(body.toString());
  const [topic, event, payload] = Array.isArray(message)
    ? message.slice(2)
    : [message.topic, message.event, message.payload];
  if (event !== "broadcast") return undefined;
  return { topic: withoutPrefix(topic), event: payload.event, payload: payload.payload };
}

/** Kind 4: four lengths of a byte, then topic, event, meta and payload. platform/realtime/SPEC.md. */
function binaryBroadcast(body: Buffer): Frame["broadcast"] {
  if (body[0] !== 4 || body[4] !== 1) return undefined;
  const topicEnd = 5 + (body[1] as number);
  const eventEnd = topicEnd + (body[2] as number);
  const metaEnd = eventEnd + (body[3] as number);
  return {
    topic: withoutPrefix(body.toString("utf8", 5, topicEnd)),
    event: body.toString("utf8", topicEnd, eventEnd),
    payload: JSON.parse(body.toString("utf8", metaEnd)),
  };
}

const withoutPrefix = (topic: string): string => topic.replace(/^realtime:/, "");
