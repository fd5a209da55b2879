/**
 * Lets a client in: checks its protocol version, its key and the limits. A refusal is
 * plain HTTP. It comes after a pause, which slows down clients that try again at once.
 */
import type { IncomingMessage } from "node:http";
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type ServerOptions, WebSocketServer } from "ws";
import { connect } from "./connection.ts";
import { mayOpen } from "./parties.ts";
import { policyHeaders } from "./policy-headers.ts";
import { type Version, versionOf } from "./protocol.ts";
import type { Context } from "./state.ts";
import { after } from "./timers.ts";
import { TokenError, verifyToken } from "./tokens.ts";

/** What the gateway hands on: a JWT, which it has put in the place of an API key. */
export interface Credentials {
  token?: string;
}

export interface Upgrader {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, credentials: Credentials): void;
  /** Ends the connections that wait for their refusal. */
  stop(): void;
}

class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function createUpgrader(context: Context): Upgrader {
  const { limits } = context;
  // The published types of ws do not know closeTimeout yet.
  const options: ServerOptions & { closeTimeout: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: limits.frameBytes,
    closeTimeout: limits.drainMs,
  };
  const server = new WebSocketServer(options);
  const refused = new Map<Duplex, () => void>();

  function refuse(socket: Duplex, { status, message }: Refusal): void {
    const answer = () => {
      refused.delete(socket);
      respond(socket, status, JSON.stringify({ error: message }));
    };
    if (refused.size >= limits.refusals) {
      answer();
      return;
    }
    const stop = after(context, limits.connectBackoffMs, answer);
    refused.set(socket, stop);
    socket.once("close", () => {
      stop();
      refused.delete(socket);
    });
    // Keep reading. Otherwise we would not notice when the client hangs up.
    socket.resume().once("end", () => socket.destroy());
  }

  async function welcome(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { token }: Credentials,
    version: Version,
  ): Promise<void> {
    const headers = policyHeaders(Object.entries(request.headers));
    if (!token) throw new Refusal(401, "API key is missing");
    const { identity } = await verifyToken(token, headers, context.keys);
    if (context.stopping) throw new Refusal(503, "Realtime is restarting, please standby");
    if (context.tallies.users >= limits.connections || context.connections.size >= limits.sockets) {
      throw new Refusal(429, "Too many connected users");
    }
    const address = addressOf(request);
    const party = context.parties.of(identity, address);
    // The share of connections is checked when the socket joins. Only then we know who is signed in.
    if (!mayOpen(context, party)) throw new Refusal(429, "Too many connected users");
    if (context.rates.joins.exceeded()) throw new Refusal(429, "Too many joins per second");
    server.handleUpgrade(request, socket, head, (ws) =>
      connect(context, { ws, socket, version, token, headers, address, party }),
    );
  }

  return {
    upgrade(request, socket, head, credentials) {
      // A client may hang up during the check. The server need not report that as an error.
      socket.on("error", (error) => context.log("debug", `upgrade: ${error.message}`));
      const { searchParams } = new URL(request.url ?? "/", "http://realtime");
      const version = versionOf(searchParams.get("vsn"));
      if (version === undefined) {
        respond(socket, 403, "");
        return;
      }
      welcome(request, socket, head, credentials, version).catch((error) =>
        refuse(socket, refusalFor(context, error)),
      );
    },
    stop() {
      for (const [socket, stop] of refused) {
        stop();
        socket.destroy();
      }
      refused.clear();
    },
  };
}

/** The client's address. The gateway sets x-forwarded-for itself, so a client cannot choose it. */
function addressOf({ headers, socket }: IncomingMessage): string {
  const forwarded = headers["x-forwarded-for"];
  return typeof forwarded === "string" ? forwarded : (socket.remoteAddress ?? "");
}

function refusalFor(context: Context, error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  if (error instanceof TokenError) {
    return new Refusal(
      401,
      error.message.startsWith("Token has expired") ? "Token has expired" : error.message,
    );
  }
  context.log("error", `upgrade: ${(error as Error)?.stack ?? error}`);
  return new Refusal(500, "An unexpected error occurred");
}

function respond(socket: Duplex, status: number, body: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "connection: close",
    ...(body === "" ? [] : ["content-type: application/json; charset=utf-8"]),
    `content-length: ${Buffer.byteLength(body)}`,
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}
