/**
 * Sends one request and reads its response, as pg_net does with libcurl: it follows redirects, keeps the
 * spelling of headers, and one time limit counts for all of it.
 */
import http, { type IncomingMessage } from "node:http";
import https from "node:https";
import type { LookupFunction } from "node:net";
import type { Budget } from "./budget.ts";
import { createClock } from "./clock.ts";
import { errorMessage, RequestError, refusals, timeoutMessage } from "./errors.ts";
import type { QueuedRequest, Response } from "./store.ts";

export interface SendOptions {
  /** Puts the real address in place of one that only Supabase's containers know. @throws ERR_INVALID_URL */
  resolveUrl(url: string): string;
  lookup: LookupFunction;
  /** pg_net's version, for the header User-Agent. */
  version: string;
  /** Request bodies with more bytes were left out by the store. */
  bodyMaxBytes: number;
  responseMaxBytes: number;
  /** The bytes that all responses together may have. */
  budget: Budget;
}

export interface Sending {
  /** Never rejects. Undefined if the request was aborted. Its bytes are in the budget until somebody gives them back. */
  outcome: Promise<Outcome | undefined>;
  abort(): void;
}

export interface Outcome {
  response: Response;
  /** What the response took from the budget. */
  bytes: number;
}

const timeoutMaxMs = 600_000;
const redirectsMax = 20;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);
/** With these, a POST goes on as a GET without body. */
const gettingStatuses = new Set([301, 302, 303]);
/** We count the body ourselves. */
const framing = new Set(["content-length", "transfer-encoding"]);
const credentials = new Set(["authorization", "cookie"]);

export function startSending(request: QueuedRequest, options: SendOptions): Sending {
  const quit = new AbortController();
  let aborted = false;

  async function send(): Promise<Outcome | undefined> {
    const refusal = refusalOf(request, options);
    if (refusal !== undefined) return failed(refusal);
    const clock = createClock();
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      quit.abort();
    }, request.timeoutMs);
    try {
      return await exchange(request, options, { clock, signal: quit.signal });
    } catch (cause) {
      if (aborted) return undefined;
      if (late) return failed(timeoutMessage(request.timeoutMs, clock.times()), true);
      return failed(errorMessage(cause));
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    outcome: send(),
    abort() {
      aborted = true;
      quit.abort();
    },
  };
}

function refusalOf(
  { timeoutMs, headers, bodyTooLarge }: QueuedRequest,
  options: SendOptions,
): string | undefined {
  if (timeoutMs < 1 || timeoutMs > timeoutMaxMs) return refusals.timeout(timeoutMaxMs, timeoutMs);
  if (!headers) return refusals.headers;
  for (const [name, value] of Object.entries(headers)) {
    // The message does not tell the value, which may be a secret.
    if (/[\r\n]/.test(name + value)) return refusals.header(name.split(/[\r\n]/)[0] ?? "");
  }
  return bodyTooLarge ? refusals.bodySize(options.bodyMaxBytes) : undefined;
}

interface Watch {
  clock: ReturnType<typeof createClock>;
  signal: AbortSignal;
}

async function exchange(request: QueuedRequest, options: SendOptions, watch: Watch): Promise<Outcome> {
  let url = new URL(options.resolveUrl(request.url));
  let hop: Hop = {
    method: request.method,
    headers: headersOf(request, options.version),
    body: request.body ?? undefined,
  };
  for (let redirects = 0; ; redirects++) {
    const answer = await ask(url, hop, options.lookup, watch);
    const status = answer.statusCode ?? 0;
    const { location } = answer.headers;
    if (location === undefined || !redirectStatuses.has(status)) return await read(answer, options);
    answer.destroy();
    if (redirects === redirectsMax) throw new RequestError(refusals.redirects);
    const next = new URL(options.resolveUrl(new URL(location, url).href));
    if (hop.method === "POST" && gettingStatuses.has(status))
      hop = { method: "GET", headers: hop.headers, body: undefined };
    if (next.origin !== url.origin) hop = { ...hop, headers: without(credentials, hop.headers) };
    url = next;
  }
}

interface Hop {
  method: string;
  headers: Headers;
  body: Buffer | undefined;
}

type Headers = Record<string, string>;

function headersOf({ headers, body }: QueuedRequest, version: string): Headers {
  const given: Headers = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    // One character for each byte: so Node sends the text in UTF-8.
    if (value) given[name] = Buffer.from(value).toString("latin1");
  }
  return {
    "User-Agent": `pg_net/${version}`,
    Accept: "*/*",
    ...(body && { "Content-Type": "application/x-www-form-urlencoded" }),
    ...without(framing, given),
  };
}

function without(names: Set<string>, headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.has(name.toLowerCase())));
}

/** @throws what Node's client throws, or a RequestError */
function ask(url: URL, hop: Hop, lookup: LookupFunction, watch: Watch): Promise<IncomingMessage> {
  const { method, headers, body } = hop;
  const secure = url.protocol === "https:";
  if (!secure && url.protocol !== "http:") throw new RequestError(refusals.protocol);
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(url, {
      method,
      headers: body ? { ...headers, "Content-Length": body.length } : headers,
      // A connection of its own. One that is kept may be closed by the server just when we use it.
      agent: false,
      lookup,
      signal: watch.signal,
    });
    watch.clock.watch(request, secure);
    request.once("response", resolve);
    // Not once: a connection can also break after the response has begun.
    request.on("error", reject);
    request.end(body);
  });
}

async function read(answer: IncomingMessage, options: SendOptions): Promise<Outcome> {
  const { budget, responseMaxBytes } = options;
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of answer as AsyncIterable<Buffer>) {
      if (bytes + piece.length > responseMaxBytes)
        throw new RequestError(refusals.responseSize(responseMaxBytes));
      if (!budget.take(piece.length)) throw new RequestError(refusals.responsesSize);
      bytes += piece.length;
      pieces.push(piece);
    }
  } catch (cause) {
    budget.give(bytes);
    throw cause;
  }
  const [content] = Buffer.concat(pieces).toString().split("\0", 1);
  const headers = receivedHeaders(answer);
  return {
    response: {
      status_code: answer.statusCode ?? null,
      content_type: answer.headers["content-type"] ?? null,
      headers,
      // Postgres has no text with a zero byte. pg_net cuts there, too.
      content: content || null,
      timed_out: false,
      error_msg: null,
    },
    bytes,
  };
}

/** The headers in the server's spelling. If a name comes more than once, its last value counts. */
function receivedHeaders({ rawHeaders }: IncomingMessage): Headers {
  const headers: Headers = {};
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers[rawHeaders[at] as string] = Buffer.from(rawHeaders[at + 1] as string, "latin1").toString();
  }
  return headers;
}

function failed(message: string, timedOut = false): Outcome {
  const nothing = { status_code: null, content_type: null, headers: null, content: null };
  return { response: { ...nothing, timed_out: timedOut, error_msg: message }, bytes: 0 };
}
