/** Speaks the protocol by hand, frame by frame, for tests of what supabase-js hides. */
import type { IncomingMessage } from "node:http";
import { WebSocket } from "ws";

export interface RawOptions {
  apikey?: string;
  vsn?: string | null;
  headers?: Record<string, string>;
  /** The address that the client connects from: any of 127.0.0.0/8. */
  from?: string;
}

/** A frame. It has the same form for both versions. */
export interface Frame {
  joinRef: unknown;
  ref: unknown;
  topic: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests read any part of it
  payload: any;
  /** The frame as it came, if it was binary. */
  bytes?: Buffer;
}

export interface RawSocket {
  ws: WebSocket;
  /** All frames so far, except those that `next` has returned. */
  frames: Frame[];
  /** Sends a text frame of the socket's version. */
  send(joinRef: unknown, ref: unknown, topic: string, event: string, payload?: unknown): void;
  /** Waits for the first frame that matches. Each frame is returned once. */
  next(matches: (frame: Frame) => boolean): Promise<Frame>;
  reply(ref: unknown): Promise<Frame>;
  event(event: string, topic?: string): Promise<Frame>;
  /** Sends phx_join. @returns the reply */
  join(topic: string, config?: object, more?: { ref?: string; token?: string }): Promise<Frame>;
  /** Resolves when the server has handled everything that was sent before. */
  heartbeat(): Promise<void>;
  closed: Promise<number>;
}

const patienceMs = 30_000;

/** Opens a socket. @throws Refused when the server refuses it */
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

/** Reads a binary frame of kind 4, a broadcast. */
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

/** Makes a binary frame of kind 3, with which a client sends a broadcast. */
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
