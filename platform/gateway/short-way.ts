/**
 * The short way of an ordinary request to rest: from the server's parser to the service and back, as plain data.
 * It does what index.ts does with Hono, at a fraction of the cost. Everything that is not ordinary goes the long
 * way: a preflight, a key in the query, a path with dots or escapes, a large body, a header that comes twice.
 * tests/platform/short-way.test.ts compares the two.
 */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { inRequest, type Log } from "../log.ts";
import type { PlainAnswer, PlainHeaders, PlainRequest } from "../plain-http.ts";
import type { ApiKeys, Credentials } from "./api-keys.ts";
import { logRequest, requestIdHeader } from "./request-log.ts";

/** A service that answers plain requests. They have the path without the service's prefix. */
export interface PlainService {
  answer(request: PlainRequest): Promise<PlainAnswer>;
}

export interface ShortWayOptions {
  /** `/rest/v1` */
  prefix: string;
  /** Undefined while the service starts. */
  service(): PlainService | undefined;
  /** Called for each request that the service gets. */
  served(): void;
  apiKeys: Pick<ApiKeys, "check" | "swapped">;
  /** The value of Access-Control-Expose-Headers. */
  exposeHeaders: string;
  log: Log;
}

/** @returns whether it takes the request */
export type ShortWay = (incoming: IncomingMessage, outgoing: ServerResponse) => boolean;

const methods = new Set(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE"]);
/** A path that means itself, and a query that no URL parser would change before it is decoded. */
const plainTarget = /^(?:\/[\w-]+)+\/?(?:\?[!"$-~]*)?$/;
const plainHost = /^[a-z0-9._-]+(?::(?:[1-5]\d{3,4}|[6-9]\d{3}))?$/;
/** In bytes. A service reads such a body whole, so nothing of it is left when the answer has been sent. */
const bodyMax = 1024 * 1024;

export function createShortWay(options: ShortWayOptions): ShortWay {
  const { prefix, apiKeys, log } = options;
  const hostOf = createHostReader();

  async function serve(
    service: PlainService,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    host: Host,
  ): Promise<void> {
    const startedMs = performance.now();
    const id = randomUUID();
    const answer = await inRequest(id, async () => {
      const found = await ask(service, incoming, outgoing, host);
      const [path = ""] = (incoming.url as string).split("?", 1);
      logRequest(log, { method: incoming.method as string, path, status: found.status, startedMs });
      return found;
    });
    try {
      write(outgoing, answer, id, options.exposeHeaders);
    } catch (error) {
      // HTTP does not allow one of the headers. Nothing was sent.
      log("error", `${incoming.method} ${prefix}: ${(error as Error).stack ?? error}`);
      write(outgoing, unexpected, id, options.exposeHeaders);
    }
  }

  async function ask(
    service: PlainService,
    incoming: IncomingMessage,
    outgoing: ServerResponse,
    host: Host,
  ): Promise<PlainAnswer> {
    const headers = new IncomingHeaders(incoming.headers);
    const request = { url: incoming.url as string, headers };
    const refusal = apiKeys.check(request);
    if (refusal) {
      const { code, ...body } = refusal;
      return json(401, body, [["sb-error-code", code]]);
    }
    change(headers, apiKeys.swapped(request), incoming, host, prefix);
    options.served();
    try {
      return await service.answer(requestOf(incoming, outgoing, headers, prefix));
    } catch (error) {
      log("error", `${incoming.method} ${prefix}: ${(error as Error).stack ?? error}`);
      return unexpected;
    }
  }

  return (incoming, outgoing) => {
    const service = options.service();
    const url = incoming.url as string;
    if (service === undefined || !url.startsWith(prefix) || url[prefix.length] !== "/") return false;
    const host = isOrdinary(incoming) ? hostOf(incoming.headers.host as string) : undefined;
    if (host === undefined) return false;
    void serve(service, incoming, outgoing, host);
    return true;
  };
}

function isOrdinary({ method = "", url = "", headers, rawHeaders }: IncomingMessage): boolean {
  return (
    methods.has(method) &&
    plainTarget.test(url) &&
    !url.includes("apikey=") &&
    headers["transfer-encoding"] === undefined &&
    Number(headers["content-length"] ?? 0) <= bodyMax &&
    plainHost.test(headers.host ?? "") &&
    // No header comes twice.
    Object.keys(headers).length * 2 === rawHeaders.length
  );
}

interface Host {
  name: string;
  port: string;
}

/** Clients use few names of the server. So the last one is kept. */
function createHostReader(): (text: string) => Host | undefined {
  let last: (Host & { text: string }) | undefined;
  return (text) => {
    if (last?.text !== text) {
      const { hostname, port } = new URL(`http://${text}`);
      last = { text, name: hostname, port };
    }
    return last;
  };
}

/** The parser's own object. Nobody else reads the headers of this request, so they are changed in place. */
type Values = Record<string, string | string[] | undefined>;

class IncomingHeaders implements PlainHeaders {
  readonly values: Values;

  constructor(values: Values) {
    this.values = values;
  }

  get(name: string): string | null {
    const value = this.values[name];
    return typeof value === "string" ? value : (value?.join(", ") ?? null);
  }

  forEach(work: (value: string, name: string) => void): void {
    for (const name in this.values) {
      const value = this.get(name);
      if (value !== null) work(value, name);
    }
  }
}

/** The headers as the service gets them: with the credentials and the client's address. */
function change(
  { values }: IncomingHeaders,
  credentials: Credentials,
  { socket }: IncomingMessage,
  host: Host,
  prefix: string,
): void {
  for (const name in credentials) values[name] = credentials[name];
  values["x-forwarded-for"] = socket.remoteAddress ?? "127.0.0.1";
  values["x-forwarded-host"] = host.name;
  values["x-forwarded-port"] = host.port;
  values["x-forwarded-proto"] = "http";
  values["x-forwarded-prefix"] = prefix;
}

function requestOf(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  headers: PlainHeaders,
  prefix: string,
): PlainRequest {
  let signal: AbortSignal | undefined;
  return {
    method: incoming.method as string,
    url: (incoming.url as string).slice(prefix.length),
    headers,
    get signal() {
      signal ??= leaving(outgoing);
      return signal;
    },
    body: (maxBytes, tooLarge) => readAll(incoming, maxBytes, tooLarge),
  };
}

function leaving(outgoing: ServerResponse): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    if (!outgoing.writableFinished) controller.abort();
  };
  if (outgoing.destroyed || outgoing.closed) abort();
  else outgoing.once("close", abort);
  return controller.signal;
}

/** The header Content-Length was checked before, so the body has at most `bodyMax` bytes. */
function readAll(incoming: IncomingMessage, maxBytes: number, tooLarge: () => Error): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (incoming.destroyed) return reject(new Error("The client has left"));
    const pieces: Buffer[] = [];
    incoming.on("data", (piece: Buffer) => pieces.push(piece));
    incoming.once("end", () => {
      const body = pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
      if (body.length > maxBytes) reject(tooLarge());
      else resolve(body);
    });
    incoming.once("error", reject);
  });
}

function json(status: number, body: object, headers: PlainAnswer["headers"] = []): PlainAnswer {
  return { status, headers: [["content-type", "application/json"], ...headers], body: JSON.stringify(body) };
}

/** In bytes. */
const textMax = 8 * 1024;

const unexpected = json(500, { message: "An unexpected error occurred" });

/** The gateway decides about these, not the service. */
const ours = new Set([
  "access-control-allow-origin",
  "access-control-expose-headers",
  requestIdHeader,
  "content-length",
  "transfer-encoding",
]);

function write(outgoing: ServerResponse, answer: PlainAnswer, id: string, exposeHeaders: string): void {
  const { status, body } = answer;
  const head: string[] = [];
  for (const [name, value] of answer.headers) if (!ours.has(name)) head.push(name, value);
  head.push("access-control-allow-origin", "*", "access-control-expose-headers", exposeHeaders);
  head.push(requestIdHeader, id);
  const isHead = outgoing.req.method === "HEAD";
  if (!isHead && status !== 204 && status !== 304) {
    head.push("content-length", String(body === null ? 0 : Buffer.byteLength(body)));
  }
  outgoing.writeHead(status, head);
  if (isHead || body === null) outgoing.end();
  // Node sends a text together with the head. Bytes would be a second piece, which costs more for a short answer.
  else if (typeof body !== "string" && body.length <= textMax)
    outgoing.end(body.toString("latin1"), "latin1");
  else outgoing.end(body);
}
