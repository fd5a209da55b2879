/** The protocol by hand: what was sent, what came back, frame by frame. */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

export interface RawOptions {
  apikey?: string;
  vsn?: string | null;
  headers?: Record<string, string>;
  /** The address that the client connects from: any of 127.0.0.0/8. */
  from?: string;
}

/** A frame of either version, in one shape. */
export interface Frame {
  joinRef: unknown;
  ref: unknown;
  topic: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it freely
  payload: any;
  /** As it came, when it was binary. */
  bytes?: Buffer;
}

export interface RawSocket {
  ws: WebSocket;
  /** All so far, but those that `next` has given out. */
  frames: Frame[];
  /** 2.0.0 or 1.0.0 text, as the socket was opened. */
  send(joinRef: unknown, ref: unknown, topic: string, event: string, payload?: unknown): void;
  /** The first frame, of those not given out, that matches. */
  next(matches: (frame: Frame) => boolean): Promise<Frame>;
  reply(ref: unknown): Promise<Frame>;
  event(event: string, topic?: string): Promise<Frame>;
  /** Sends phx_join. @returns the reply */
  join(topic: string, config?: object, more?: { ref?: string; token?: string }): Promise<Frame>;
  /** Everything that was sent has been handled when this resolves. */
  heartbeat(): Promise<void>;
  closed: Promise<number>;
}

const patienceMs = 30_000;

/** @throws Refused when there is no websocket to be had */
export async function openRaw(
  url: string,
  { apikey, vsn = "2.0.0", headers, from }: RawOptions,
): Promise<RawSocket> {
  const query = new URLSearchParams();
  if (apikey !== undefined) query.set("apikey", apikey);
  if (vsn !== null) query.set("vsn", vsn);
  const ws = new WebSocket(`${url.replace("http", "ws")}/realtime/v1/websocket?${query}`, {
    headers,
    localAddress: from,
  });
  const frames: Frame[] = [];
  const waiting = new Set<() => void>();
  const wake = () => {
    for (const look of [...waiting]) look();
  };
  ws.on("message", (data: Buffer, binary) => {
    frames.push(binary ? parseBinary(data) : parseText(data.toString(), vsn === "2.0.0"));
    wake();
  });
  const closed = new Promise<number>((resolve) => ws.once("close", (code) => resolve(code)));
  void closed.then(wake);
  await new Promise<void>((resolve, reject) => {
    ws.once("open", () => resolve());
    ws.once("error", reject);
    ws.once("unexpected-response", (_, response) => void refused(response).then(reject));
  });
  ws.on("error", () => {});

  let refs = 0;
  const socket: RawSocket = {
    ws,
    frames,
    closed,
    send(joinRef, ref, topic, event, payload = {}) {
      const frame =
        vsn === "2.0.0"
          ? [joinRef, ref, topic, event, payload]
          : { topic, event, payload, ref, join_ref: joinRef };
      ws.send(JSON.stringify(frame));
    },
    next: (matches) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(look);
          reject(new Error(`No such frame among ${JSON.stringify(frames)}`));
        }, patienceMs);
        function look() {
          const index = frames.findIndex(matches);
          if (index < 0) return;
          clearTimeout(timer);
          waiting.delete(look);
          resolve(frames.splice(index, 1)[0] as Frame);
        }
        waiting.add(look);
        look();
      }),
    reply: (ref) => socket.next((frame) => frame.event === "phx_reply" && frame.ref === ref),
    event: (event, topic) =>
      socket.next((frame) => frame.event === event && (topic === undefined || frame.topic === topic)),
    join(topic, config = {}, { ref = `join-${++refs}`, token } = {}) {
      const presence = { enabled: false };
      socket.send(ref, ref, topic, "phx_join", { config: { presence, ...config }, access_token: token });
      return socket.reply(ref);
    },
    async heartbeat() {
      const ref = `heartbeat-${++refs}`;
      socket.send(null, ref, "phoenix", "heartbeat");
      await socket.reply(ref);
    },
  };
  return socket;
}

export class Refused extends Error {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`${status} ${body}`);
    this.status = status;
    this.body = body;
  }
}

async function refused(response: IncomingMessage): Promise<Refused> {
  let body = "";
  for await (const part of response) body += part;
  return new Refused(response.statusCode ?? 0, body);
}

function parseText(text: string, arrays: boolean): Frame {
  const parsed = JSON.parse(text);
  if (!arrays) return { joinRef: undefined, ...parsed };
  const [joinRef, ref, topic, event, payload] = parsed;
  return { joinRef, ref, topic, event, payload };
}

/** Kind 4: a broadcast. */
function parseBinary(bytes: Buffer): Frame {
  let offset = 5;
  const field = (index: number) => {
    const start = offset;
    offset += bytes[index] as number;
    return bytes.toString("utf8", start, offset);
  };
  const topic = field(1);
  const event = field(2);
  const meta = field(3);
  const rest = bytes.subarray(offset);
  const payload = bytes[4] === 1 ? JSON.parse(rest.toString()) : rest;
  const more = meta === "" ? {} : { meta: JSON.parse(meta) };
  return {
    joinRef: null,
    ref: null,
    topic,
    event: "broadcast",
    payload: { type: "broadcast", event, payload, ...more },
    bytes,
  };
}

/** Kind 3: what the client sends for a broadcast. */
export function push(
  topic: string,
  event: string,
  payload: object | Uint8Array,
  { joinRef = "", ref = "", meta = "" } = {},
): Buffer {
  const fields = [joinRef, ref, topic, event, meta].map((text) => Buffer.from(text));
  const binary = payload instanceof Uint8Array;
  return Buffer.concat([
    Uint8Array.of(3, ...fields.map((field) => field.length), binary ? 0 : 1),
    ...fields,
    binary ? payload : Buffer.from(JSON.stringify(payload)),
  ]);
}
