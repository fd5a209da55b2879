/**
 * An HTTP client that costs as little as possible, so that the load of a benchmark leaves the CPU to what is
 * measured. It knows answers with a Content-Length, answers in chunks, and answers without a body.
 */
import { once } from "node:events";
import { connect } from "node:net";

export interface HttpClient extends Disposable {
  /**
   * Sends a request and waits for the whole answer. One at a time.
   * @returns the status
   */
  send(request: Buffer): Promise<number>;
}

/** The bytes of a request. */
export function encode(method: string, path: string, headers: Record<string, string>, body?: string): Buffer {
  const lines = Object.entries({
    host: "127.0.0.1:54321",
    ...headers,
    ...(body === undefined
      ? {}
      : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`${method} ${path} HTTP/1.1\r\n${lines.join("")}\r\n${body ?? ""}`);
}

const lastChunk = Buffer.from("0\r\n\r\n");

/** @param origin of the server: http://127.0.0.1:54321 */
export async function connectHttp(origin: string): Promise<HttpClient> {
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  await once(socket, "connect");
  socket.setNoDelay(true);
  let unread = Buffer.alloc(0);
  let answered: PromiseWithResolvers<number> | undefined;
  socket.on("data", (piece) => {
    unread = unread.length === 0 ? piece : Buffer.concat([unread, piece]);
    const end = unread.indexOf("\r\n\r\n");
    if (end < 0) return;
    const head = unread.toString("latin1", 0, end);
    const bytes = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(head);
    if (isChunked ? !unread.subarray(-lastChunk.length).equals(lastChunk) : unread.length < end + 4 + bytes)
      return;
    unread = Buffer.alloc(0);
    answered?.resolve(Number(head.slice(9, 12)));
  });
  const failed = () => answered?.reject(new Error("The server closed the connection"));
  socket.on("error", failed);
  socket.on("close", failed);
  return {
    send(request) {
      answered = Promise.withResolvers();
      socket.write(request);
      return answered.promise;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}
