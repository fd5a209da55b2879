/**
 * The sockets of people who have a conversation open. Each listens to the topic of the
 * conversation and to the topic of its person, as a client does.
 */
import { once } from "node:events";
import { SignJWT } from "jose";
import { WebSocket } from "ws";
import { topicOf } from "./chat-town.ts";
import type { Town } from "./notification-town.ts";
import type { Sockets } from "./realtime-server.ts";

export interface Room extends Disposable {
  sockets: WebSocket[];
  /**
   * Hears this number of messages at every socket. Call it before they are sent.
   * @returns when each frame arrived, from the first to the last, and the bytes of the last one
   */
  hear(messages: number): Promise<{ atMs: number[]; bytes: number }>;
  /** How many frames the topics of the members have brought. */
  news(): number;
}

const patienceMs = 60_000;
const atOnce = 50;

/** Every member opens a socket. */
export async function openRoom(
  server: Sockets,
  town: Town,
  conversation: string,
  members: number[],
): Promise<Room> {
  const topic = `realtime:${await topicOf(town, conversation)}`;
  const sockets: WebSocket[] = [];
  for (let first = 0; first < members.length; first += atOnce) {
    const some = members.slice(first, first + atOnce);
    sockets.push(...(await Promise.all(some.map((person) => listen(server, town, person, topic)))));
  }

  let atMs: number[] = [];
  let due = Number.POSITIVE_INFINITY;
  let done = (_bytes: number) => {};
  let news = 0;
  const name = Buffer.from(topic);
  for (const socket of sockets) {
    socket.on("message", (data: Buffer) => {
      if (!data.includes(name)) {
        news++;
        return;
      }
      atMs.push(performance.now());
      if (atMs.length === due) done(data.length);
    });
  }
  return {
    sockets,
    news: () => news,
    hear(messages) {
      atMs = [];
      due = messages * sockets.length;
      return new Promise((resolve, reject) => {
        const fail = () => reject(new Error(`${atMs.length} of ${due} messages arrived`));
        const timer = setTimeout(fail, patienceMs);
        done = (bytes) => {
          clearTimeout(timer);
          resolve({ atMs, bytes });
        };
      });
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.terminate();
    },
  };
}

async function listen(server: Sockets, town: Town, person: number, topic: string): Promise<WebSocket> {
  const token = await new SignJWT(JSON.parse(town.claimsOf(person)))
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("6h")
    .sign(new TextEncoder().encode(server.jwtSecret));
  const socket = new WebSocket(server.url, { perMessageDeflate: false });
  await once(socket, "open");
  const config = { private: true, presence: { enabled: false } };
  const names = [`realtime:user:${town.idOf(person)}`, topic];
  const joined = new Promise<void>((resolve, reject) => {
    let replies = 0;
    socket.on("message", function hear(data) {
      const frame = data.toString();
      if (!frame.includes('"phx_reply"')) return;
      if (!frame.includes('"ok"')) reject(new Error(`not joined: ${frame}`));
      if (++replies < names.length) return;
      socket.off("message", hear);
      resolve();
    });
  });
  for (const name of names) {
    socket.send(JSON.stringify(["1", "1", name, "phx_join", { config, access_token: token }]));
  }
  await joined;
  return socket;
}
