/**
 * Sends one request to a function's process and returns its response. Both bodies are streamed. Each
 * request has a connection of its own: on a unix socket that costs little, and no
 * request gets a connection that is just being closed.
 */

import { once } from "node:events";
import { type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { announcesMore, boundedChunks } from "../body.ts";
import { keyTokenHeader } from "../gateway/api-keys.ts";
import { FunctionError, idleTimeout, workerLost } from "./errors.ts";
import type { FunctionLimits } from "./limits.ts";
import type { FunctionProcess } from "./process.ts";

type ProxyLimits = Pick<FunctionLimits, "idleTimeoutMs" | "wallClockMs" | "requestBodyMaxBytes">;

/** The process could not be reached and got nothing of the request. So another process may get it. */
export class Unreachable extends Error {}

const hopByHop = [
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
];
const bufferedBytes = 64 * 1024;
const withoutBody = new Set([204, 205, 304]);

/**
 * @param done called once, when the request has ended, with whether the process got the request
 * @throws Unreachable; FunctionError IDLE_TIMEOUT, WORKER_RESOURCE_LIMIT,
 *   WORKER_ERROR, WORKER_LOST, PAYLOAD_TOO_LARGE; the reason of the request's abort
 */
export async function forward(
  process: FunctionProcess,
  request: Request,
  limits: ProxyLimits,
  done: (reached: boolean) => void,
): Promise<Response> {
  const url = new URL(request.url);
  const upstream = httpRequest({
    socketPath: process.socketPath,
    agent: false,
    method: request.method,
    path: url.pathname + url.search,
    headers: forwardedHeaders(request.headers, url),
  });
  const head = Promise.withResolvers<IncomingMessage>();
  let connected = false;
  let responded = false;

  const fail = (reason: unknown) => {
    head.reject(reason);
    upstream.destroy(reason instanceof Error ? reason : undefined);
  };
  const idle = setTimeout(() => fail(idleTimeout(limits.idleTimeoutMs)), limits.idleTimeoutMs);
  const wallClock = setTimeout(() => fail(new FunctionError("WORKER_RESOURCE_LIMIT")), limits.wallClockMs);
  const abort = () => fail(request.signal.reason);
  request.signal.addEventListener("abort", abort, { once: true });
  if (request.signal.aborted) abort();

  upstream.once("socket", (socket) =>
    socket.once("connect", () => {
      connected = true;
      sendBody(upstream, request, limits.requestBodyMaxBytes).catch(fail);
    }),
  );
  upstream.once("response", (response: IncomingMessage) => {
    responded = true;
    head.resolve(response);
  });
  // "close" comes after every error and reports it.
  upstream.on("error", () => {});
  upstream.once("close", async () => {
    clearTimeout(idle);
    clearTimeout(wallClock);
    request.signal.removeEventListener("abort", abort);
    done(connected);
    if (!responded) head.reject(connected ? await lost(process) : new Unreachable());
  });

  const response = await head.promise;
  clearTimeout(idle);
  return received(response, request.method, limits.idleTimeoutMs, fail);
}

/** The function sees the public host and the client's address, as behind Supabase's gateway. */
function forwardedHeaders(from: Headers, url: URL): Record<string, string> {
  const headers = new Headers(from);
  // Headers that `connection` names stay: otherwise a client could remove x-forwarded-for with it.
  for (const name of [...hopByHop, "expect", keyTokenHeader]) headers.delete(name);
  const scheme = url.protocol.slice(0, -1);
  headers.set("host", url.host);
  headers.set("x-forwarded-host", url.hostname);
  headers.set("x-forwarded-port", url.port || (scheme === "https" ? "443" : "80"));
  headers.set("x-forwarded-proto", scheme);
  return Object.fromEntries(headers);
}

/** @throws FunctionError PAYLOAD_TOO_LARGE; what the body's stream fails with */
async function sendBody(upstream: ClientRequest, request: Request, maxBytes: number): Promise<void> {
  if (!request.body) return void upstream.end();
  const tooLarge = () => new FunctionError("PAYLOAD_TOO_LARGE");
  if (announcesMore(request, maxBytes)) throw tooLarge();
  for await (const chunk of boundedChunks(request, maxBytes, tooLarge)) {
    // A function may answer without reading all: then the rest is not wanted.
    if (upstream.destroyed) return;
    if (!upstream.write(chunk)) {
      await Promise.race([once(upstream, "drain"), once(upstream, "close")]);
    }
  }
  upstream.end();
}

/** The connection broke. Waits until the process has ended, to say why. */
async function lost(process: FunctionProcess): Promise<FunctionError> {
  const settle = new Promise((resolve) => setTimeout(resolve, 500).unref());
  await Promise.race([process.ended, settle]);
  if (process.ending === "killed" || process.ending === "stopped") return workerLost();
  return new FunctionError(process.ending === "resources" ? "WORKER_RESOURCE_LIMIT" : "WORKER_ERROR");
}

function received(
  message: IncomingMessage,
  method: string,
  idleTimeoutMs: number,
  fail: (reason: unknown) => void,
): Response {
  const status = message.statusCode ?? 0;
  if (status < 200 || status > 599) {
    message.destroy();
    throw new FunctionError("WORKER_ERROR");
  }
  const headers = new Headers();
  for (let i = 0; i < message.rawHeaders.length; i += 2) {
    headers.append(message.rawHeaders[i] as string, message.rawHeaders[i + 1] as string);
  }
  for (const name of hopByHop) headers.delete(name);
  if (status >= 500) headers.set("sb-error-code", "EDGE_FUNCTION_ERROR");
  if (method === "HEAD" || withoutBody.has(status)) {
    message.resume();
    return new Response(null, { status, headers });
  }
  return new Response(bodyOf(message, idleTimeoutMs, fail), { status, headers });
}

/** The client sets the pace: a function that sends faster has to wait. */
function bodyOf(
  message: IncomingMessage,
  idleTimeoutMs: number,
  fail: (reason: unknown) => void,
): ReadableStream<Uint8Array> {
  const chunks = message[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const timer = setTimeout(() => fail(idleTimeout(idleTimeoutMs)), idleTimeoutMs);
        try {
          const next = await chunks.next();
          if (next.done) controller.close();
          else controller.enqueue(next.value);
        } finally {
          clearTimeout(timer);
        }
      },
      cancel() {
        message.destroy();
      },
    },
    // A short body is read at once. So the request ends even if the client never reads the body.
    new ByteLengthQueuingStrategy({ highWaterMark: bufferedBytes }),
  );
}
