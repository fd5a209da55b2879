/**
 * Requests and answers as plain data. The gateway gives a service such requests straight from the server's parser.
 * `Request`, `Response` and `Headers` cost more than the rest of a short request.
 */
import { announcesMore, readBytes } from "./body.ts";

export interface PlainRequest {
  method: string;
  /** Path and query. */
  url: string;
  headers: PlainHeaders;
  /** Aborted when the client has left. Making it costs something, so read it only if you need it. */
  readonly signal: AbortSignal;
  /**
   * Reads the whole body. A request without one has zero bytes.
   * @throws what `tooLarge` makes, when it has more than `maxBytes`
   */
  body(maxBytes: number, tooLarge: () => Error): Promise<Buffer>;
}

export interface PlainHeaders {
  /** @param name in lower case */
  get(name: string): string | null;
  forEach(work: (value: string, name: string) => void): void;
}

export interface PlainAnswer {
  status: number;
  /** Names are in lower case. Only `set-cookie` may come more than once. */
  headers: [name: string, value: string][];
  body: Buffer | string | null;
}

/** The same request as plain data. */
export function plainRequest(request: Request): PlainRequest {
  const { url } = request;
  return {
    method: request.method,
    url: url.slice(url.indexOf("/", url.indexOf("://") + 3)),
    headers: request.headers,
    get signal() {
      return request.signal;
    },
    async body(maxBytes, tooLarge) {
      if (announcesMore(request, maxBytes)) throw tooLarge();
      return readBytes(request, maxBytes, tooLarge);
    },
  };
}

/** The same answer as a `Response`. */
export function fullResponse({ status, headers, body }: PlainAnswer): Response {
  return new Response(body as BodyInit | null, { status, headers: new Headers(headers) });
}
