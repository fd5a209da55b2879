/** Says why a request has no response, in the words that pg_net takes from libcurl. */

/** For each code of Node. */
const words: Record<string, string> = {
  ECONNREFUSED: "Couldn't connect to server",
  ECONNRESET: "Failure when receiving data from the peer",
  EHOSTUNREACH: "Couldn't connect to server",
  ENETUNREACH: "Couldn't connect to server",
  EADDRNOTAVAIL: "Couldn't connect to server",
  ETIMEDOUT: "Couldn't connect to server",
  ENOTFOUND: "Couldn't resolve host name",
  EAI_AGAIN: "Couldn't resolve host name",
  EPIPE: "Failed sending data to the peer",
  EPROTO: "SSL connect error",
  ERR_INVALID_URL: "URL using bad/illegal format or missing URL",
  ERR_INVALID_CHAR: "a header contains a character that no header may have",
  ERR_INVALID_HTTP_TOKEN: "a header has a name that no header may have",
};

/** The request is given up for one of the `refusals`. */
export class RequestError extends Error {}

export const refusals = {
  timeout: (max: number, given: number) =>
    `timeout_milliseconds must be between 1 and ${max} (pg_net.max_timeout_ms), got ${given}`,
  header: (name: string) => `header "${name}" contains a carriage return or line feed`,
  headers: "headers must be a JSON object",
  protocol: "Unsupported protocol",
  redirects: "Number of redirects hit maximum amount",
  bodySize: (max: number) => `the body has more than ${max} bytes`,
  responseSize: (max: number) => `the response has more than ${max} bytes`,
  responsesSize: "the responses under way have too many bytes together",
};

/** @param cause what Node's HTTP client threw, or a RequestError */
export function errorMessage(cause: unknown): string {
  if (cause instanceof RequestError) return cause.message;
  const { code = "", message } = cause as NodeJS.ErrnoException;
  if (message === "socket hang up") return "Server returned nothing (no headers, no data)";
  if (message === "aborted") return "Transferred a partial file";
  if (code.startsWith("HPE_")) return "Weird server reply";
  if (code.startsWith("ERR_TLS_") || /CERT|SIGNATURE/.test(code)) {
    return "SSL peer certificate or SSH remote key was not OK";
  }
  if (code.startsWith("ERR_SSL_")) return "SSL connect error";
  return words[code] ?? "Failure when receiving data from the peer";
}

/** The milliseconds that each part of a request took. */
export interface Times {
  dns: number;
  handshake: number;
  http: number;
}

export function timeoutMessage(timeoutMs: number, { dns, handshake, http }: Times): string {
  const ms = (value: number) => `${value.toFixed(6)} ms`;
  return (
    `Timeout of ${timeoutMs} ms reached. Total time: ${ms(dns + handshake + http)} ` +
    `(DNS time: ${ms(dns)}, TCP/SSL handshake time: ${ms(handshake)}, HTTP Request/Response time: ${ms(http)})`
  );
}
