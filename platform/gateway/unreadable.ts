/**
 * Answers requests that Node's parser refuses, before there is a request for a service: a header that
 * is too large, or bytes that are not HTTP. The answer is JSON, and any origin may read it, so a script in
 * a browser learns why its call failed.
 */
import { type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

/**
 * In bytes: the request line and all headers. rest accepts URLs of 64 KiB, and beside the URL there are
 * tokens and cookies. Node's own limit is 16 KiB.
 */
export const headerMaxBytes = 128 * 1024;

/** After the answer, the client has this long to read it while it still sends. */
const lingerMs = 1000;

const answers: Record<string, { status: number; code: string; message: string }> = {
  HPE_HEADER_OVERFLOW: {
    status: 431,
    code: "request_header_fields_too_large",
    message: `The request's URL and headers are larger than ${headerMaxBytes} bytes`,
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    status: 408,
    code: "request_timeout",
    message: "The request did not arrive in time",
  },
};

const malformed = { status: 400, code: "bad_request", message: "The request is not valid HTTP" };

export function answerUnreadable(server: Pick<Server, "on">): void {
  const answered = new WeakSet<Duplex>();
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    // The parser complains about every further piece of the same request.
    if (answered.has(socket)) return;
    answered.add(socket);
    if (error.code === "ECONNRESET" || !socket.writable) return void socket.destroy();
    socket.end(response(answers[error.code ?? ""] ?? malformed));
    setTimeout(() => socket.destroy(), lingerMs).unref();
  });
}

function response({ status, code, message }: typeof malformed): string {
  const body = JSON.stringify({ code, message, details: null, hint: null });
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Access-Control-Allow-Origin: *",
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
    "",
    body,
  ].join("\r\n");
}
