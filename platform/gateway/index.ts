/**
 * The one public port. It routes Supabase's path prefixes to the services, answers CORS
 * requests as Supabase does, and replaces API keys by the JWTs that the services verify.
 * All clients talk to it. It talks to the services only through their `fetch`.
 */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { getRequestListener, type HttpBindings } from "@hono/node-server";
import { type Context, Hono, type Next } from "hono";
import { cors } from "hono/cors";
import { PlatformError } from "../errors.ts";
import type { Keys } from "../keys.ts";
import { listen } from "../listen.ts";
import type { Log } from "../log.ts";
import { type Credentials, createApiKeys, type Refusal } from "./api-keys.ts";
import { requestIdHeader, requestLog } from "./request-log.ts";
import { apiPlaces, type Place, root } from "./root.ts";
import { createShortWay, type PlainService } from "./short-way.ts";
import { createUnread } from "./unread.ts";
import { answerUnreadable, headerMaxBytes } from "./unreadable.ts";

/**
 * A service as the gateway sees it. It gets the client's request without the service's prefix in the
 * path. The request was changed in place, so a copy of it (`clone()`) has the prefix again.
 */
export interface Service {
  fetch(request: Request): Response | Promise<Response>;
}

/** A service that also serves websockets. */
export interface SocketService extends Service {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, credentials: { token?: string }): void;
}

export interface GatewayOptions {
  /** The address to listen on. An address that is not loopback needs other keys than the well-known ones. */
  host: string;
  /** 0 means any free port. */
  port: number;
  keys: Keys;
  /** Places beside the API that the page at `/` names, such as the mail inbox. */
  places?: Place[];
  log: Log;
}

export interface Gateway extends AsyncDisposable {
  /** The origin by which clients on this machine reach it, without a path. */
  url: string;
  /** Adds a service. Before that, its routes answer 503. */
  mount(name: Exclude<ServiceName, "realtime">, service: Service): void;
  /** Ordinary requests to rest come as plain data, if it can answer them (short-way.ts). */
  mount(name: "rest", service: Service & Partial<PlainService>): void;
  mount(name: "realtime", service: SocketService): void;
  /** Whether a client of another service than `name` has been served in the last `ms`. */
  servedOthers(name: ServiceName, ms: number): boolean;
}

export type ServiceName = "rest" | "auth" | "functions" | "realtime";

type Env = { Bindings: HttpBindings };

/** Headers of an answer that scripts in a browser may read: the lists of PostgREST and GoTrue. */
const exposeHeaders = [
  "Content-Encoding",
  "Content-Location",
  "Content-Range",
  "Content-Type",
  "Date",
  "Link",
  "Location",
  "Preference-Applied",
  "Range-Unit",
  "Retry-After",
  requestIdHeader,
  "Server",
  "Transfer-Encoding",
  "X-Supabase-Api-Version",
  "X-Total-Count",
];

/** Auth's routes that need no API key: links in mails and verifiers of tokens open them. */
const openAuthPaths = [
  "/verify",
  "/callback",
  "/authorize",
  "/.well-known/jwks.json",
  "/.well-known/openid-configuration",
  "/health",
];

const websocketPath = "/realtime/v1/websocket";

/** When the gateway stops, open requests have this long to finish. */
const drainMs = 2000;

/** @throws PlatformError port_taken, default_keys_exposed */
export async function createGateway(options: GatewayOptions): Promise<Gateway> {
  const { host, keys, log } = options;
  if (!isLoopback(host) && keys.wellKnown) {
    throw new PlatformError(
      "default_keys_exposed",
      `Refusing to listen on ${host} with the well-known local keys: set JWT_SECRET, PUBLISHABLE_KEY and SECRET_KEY.`,
    );
  }
  const services = new Map<ServiceName, Service>();
  const servedAtMs = new Map<ServiceName, number>();
  let sockets: SocketService | undefined;
  let plainRest: PlainService | undefined;
  const apiKeys = createApiKeys(keys);
  const app = new Hono<Env>();

  const preflight = cors({
    origin: "*",
    allowMethods: ["GET", "HEAD", "PUT", "PATCH", "POST", "DELETE", "OPTIONS"],
    exposeHeaders,
    maxAge: 3600,
  });
  const anyOrigin = async (context: Context<Env>, next: Next) => {
    if (context.req.method === "OPTIONS") return preflight(context, next);
    await next();
    // Set after the answer is there: Hono's cors() sets them before, and then the body is copied through a
    // stream.
    context.res.headers.set("Access-Control-Allow-Origin", "*");
    context.res.headers.set("Access-Control-Expose-Headers", exposeHeaders.join(","));
  };
  const keyed = async (context: Context<Env>, next: Next) => {
    const refusal = apiKeys.check(context.req.raw);
    return refusal ? refuse(context, refusal) : next();
  };
  const notByBrowser = async (context: Context<Env>, next: Next) => {
    const refusal = apiKeys.checkBrowser(context.req.raw);
    return refusal ? refuse(context, refusal) : next();
  };
  const forward = (
    name: ServiceName,
    credentials: (request: Request) => Credentials,
    searchOf: (search: string) => string = apiKeys.hidden,
  ) => {
    const prefix = `/${name}/v1`;
    return async (context: Context<Env>) => {
      const service = services.get(name);
      if (!service) return context.json({ message: `The ${name} service is starting` }, 503);
      servedAtMs.set(name, performance.now());
      return service.fetch(inward(context, prefix, credentials(context.req.raw), searchOf));
    };
  };

  app.use(requestLog(log));
  app.get("/", (context) =>
    root(context, [...apiPlaces(options.keys.publishableKey), ...(options.places ?? [])]),
  );

  app.use("/rest/v1/*", anyOrigin, keyed);
  app.all("/rest/v1/*", forward("rest", apiKeys.swapped));

  app.use("/auth/v1/*", anyOrigin);
  for (const path of openAuthPaths) app.all(`/auth/v1${path}`, forward("auth", apiKeys.apart));
  app.use("/auth/v1/*", keyed);
  app.all("/auth/v1/*", forward("auth", apiKeys.apart));

  // A function answers preflights and checks its callers itself, as on hosted Supabase.
  app.use("/functions/v1/*", notByBrowser);
  // It gets its whole query.
  app.all(
    "/functions/v1/*",
    forward("functions", apiKeys.beside, (search) => search),
  );

  // Realtime checks its callers itself and has its own error bodies.
  app.use("/realtime/v1/api/*", anyOrigin);
  app.use("/realtime/v1/api/*", notByBrowser);
  app.all("/realtime/v1/api/*", forward("realtime", apiKeys.swapped));

  // Pages of any origin may read these two answers as well.
  const readable = { "Access-Control-Allow-Origin": "*" };
  app.notFound((context) => context.json({ message: "no Route matched with those values" }, 404, readable));
  app.onError((error, context) => {
    log("error", `${context.req.method} ${context.req.path}: ${error.stack ?? error}`);
    return context.json({ message: "An unexpected error occurred" }, 500, readable);
  });

  const shortWay = createShortWay({
    prefix: "/rest/v1",
    service: () => plainRest,
    served: () => servedAtMs.set("rest", performance.now()),
    apiKeys,
    exposeHeaders: exposeHeaders.join(","),
    log,
  });
  const longWay = getRequestListener(app.fetch);
  const unread = createUnread();
  const server = createServer(
    {
      maxHeaderSize: headerMaxBytes,
      // On any other path a request stays an ordinary one, even if it asks for an upgrade.
      shouldUpgradeCallback: (request: IncomingMessage) => pathOf(request) === websocketPath,
    },
    (incoming, outgoing) => {
      unread.watch(outgoing);
      if (!shortWay(incoming, outgoing)) void longWay(incoming, outgoing);
    },
  );
  answerUnreadable(server);
  server.on("upgrade", (incoming: IncomingMessage, socket: Duplex, head: Buffer) => {
    if (!sockets) return void socket.end("HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\n\r\n");
    const headers = new Headers();
    for (const name of ["apikey", "x-api-key", "user-agent"]) {
      const value = incoming.headers[name];
      if (typeof value === "string") headers.set(name, value);
    }
    log("info", `GET ${websocketPath} from ${incoming.socket.remoteAddress}`);
    const request = new Request(new URL(incoming.url ?? "/", "http://gateway"), { headers });
    if (apiKeys.checkBrowser(request)) {
      return void socket.end("HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n");
    }
    const token = apiKeys.token(request);
    incoming.headers["x-forwarded-for"] = incoming.socket.remoteAddress ?? "127.0.0.1";
    sockets.upgrade(incoming, socket, head, { token });
  });
  const port = await listen(server, { port: options.port, host }, "[api] port");

  return {
    url: `http://${hostInUrl(host, server.address())}:${port}`,
    mount(name: ServiceName, service: Service | SocketService | PlainService) {
      services.set(name, service as Service);
      if (name === "rest" && "answer" in service) plainRest = service;
      if ("upgrade" in service) sockets = service;
    },
    servedOthers(name, ms) {
      const sinceMs = performance.now() - ms;
      return [...servedAtMs].some(([other, atMs]) => other !== name && atMs >= sinceMs);
    },
    async [Symbol.asyncDispose]() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const timer = setTimeout(() => server.closeAllConnections(), drainMs);
      await closed;
      clearTimeout(timer);
      unread[Symbol.dispose]();
    },
  };
}

/** @param host as a name, as an address, or as it stands in a URL */
export function isLoopback(host: string): boolean {
  return /^(localhost|\[?::1\]?|127\.\d+\.\d+\.\d+)$/.test(host);
}

/** What stands in the URL for clients on this machine. */
function hostInUrl(host: string, listening: ReturnType<Server["address"]>): string {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  // The system says which address this name has.
  const at = host === "localhost" ? (listening as AddressInfo).address : host;
  // A URL has no place for the network card of an address (`fe80::1%eth0`).
  return at.includes(":") ? `[${at.replace(/%.*/, "")}]` : at;
}

function refuse(context: Context<Env>, { code, ...body }: Refusal): Response {
  return context.json(body, 401, { "sb-error-code": code });
}

function pathOf(request: IncomingMessage): string | undefined {
  return request.url?.split("?", 1)[0];
}

/** The request as the service gets it: without the prefix, with its credentials and the client's address. */
function inward(
  context: Context<Env>,
  prefix: string,
  credentials: Credentials,
  searchOf: (search: string) => string,
): Request {
  const { raw } = context.req;
  const { headers } = raw;
  const url = new URL(raw.url);
  for (const [name, value] of Object.entries(credentials)) {
    if (value === undefined) headers.delete(name);
    else headers.set(name, value);
  }
  // There is no proxy before this one. So these headers say only what we know: a client's own are replaced.
  headers.set("x-forwarded-for", context.env.incoming.socket.remoteAddress ?? "127.0.0.1");
  headers.set("x-forwarded-host", url.hostname);
  headers.set("x-forwarded-port", url.port);
  headers.set("x-forwarded-proto", url.protocol.slice(0, -1));
  headers.set("x-forwarded-prefix", prefix);
  url.pathname = url.pathname.slice(prefix.length) || "/";
  if (url.search.includes("apikey")) url.search = searchOf(url.search);
  // A new Request would copy the headers and make a body stream even if there is no body.
  return Object.defineProperty(raw, "url", { value: url.href });
}
