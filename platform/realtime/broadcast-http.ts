/**
 * Broadcast over HTTP, for clients without a socket: many messages in one request, or
 * one message to the topic and event in the path.
 * Source: supabase/realtime lib/realtime_web/controllers/broadcast*_controller.ex,
 * lib/realtime/tenants/{batch,single}_broadcast.ex.
 */
import { bodyBytes, readBytes } from "../body.ts";
import { clientNetwork } from "../client-network.ts";
import { type BatchMessage, type FieldErrors, type Json, parseBatch } from "./broadcast-batch.ts";
import { DatabaseError, type Identity } from "./database-side.ts";
import { topicPrefix } from "./hub.ts";
import { checkDepth } from "./json-text.ts";
import { charge, hasRoom } from "./parties.ts";
import { policyHeaders } from "./policy-headers.ts";
import { broadcastFanout, type EncodedBroadcast, type Fanout, isObject, textFanout } from "./protocol.ts";
import { isTooLarge, publish } from "./publish.ts";
import type { Context, Party } from "./state.ts";
import { TokenError, verifyToken } from "./tokens.ts";

const bodyBytesMax = 8_000_000;

/** An answer that ends the request early. */
class Answer extends Error {
  readonly status: number;
  readonly body: object;

  constructor(status: number, body: object) {
    super(String(status));
    this.status = status;
    this.body = body;
  }
}

/** Who sends, and the party that pays. */
interface Caller {
  identity: Identity;
  party: Party;
}

/** Answers a request. Never rejects. @param request its path begins with /api */
export async function answerBroadcast(context: Context, request: Request): Promise<Response> {
  const headers = new Headers();
  try {
    const { pathname, searchParams } = new URL(request.url);
    const single = /^\/api\/broadcast\/([^/]+)\/events\/([^/]+)$/.exec(pathname);
    if (request.method !== "POST" || !(single || pathname === "/api/broadcast")) {
      throw new Answer(404, { message: "Not Found" });
    }
    const identity = await identify(context, request);
    const address = request.headers.get("x-forwarded-for") ?? "";
    const party = context.parties.of(identity, address);
    rateHeaders(context, headers);
    using place = context.bodies.take(clientNetwork(address), bodyBytes(request.headers, bodyBytesMax));
    if (!place || !hasRoom(context, party, "events")) throw new Answer(429, { message: "Too many requests" });
    if (single) {
      const [topic, event] = single.slice(1).map(decodePath) as [string, string];
      await broadcastOne(context, request, { identity, party }, topic, event, searchParams);
    } else {
      await broadcastMany(context, request, { identity, party });
    }
    return new Response(null, { status: 202, headers });
  } catch (error) {
    if (error instanceof Answer) return Response.json(error.body, { status: error.status, headers });
    // A payload is nested too deeply.
    if (error instanceof RangeError)
      return Response.json({ message: "Bad Request" }, { status: 400, headers });
    context.log("error", `broadcast over HTTP: ${(error as Error)?.stack ?? error}`);
    return Response.json({ message: "An unexpected error occurred" }, { status: 500, headers });
  }
}

async function identify(context: Context, request: Request): Promise<Identity> {
  const token = /^bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1];
  const headers = policyHeaders(request.headers);
  try {
    const given = token ?? request.headers.get("apikey") ?? "";
    return (await verifyToken(given, headers, context.keys)).identity;
  } catch (error) {
    if (error instanceof TokenError) throw new Answer(401, { message: "Unauthorized" });
    throw error;
  }
}

/** Tells how much of the server's rate is used. @throws Answer when all of it is */
function rateHeaders({ rates, limits }: Context, headers: Headers): void {
  const rolling = Math.trunc(rates.events.perS());
  headers.set("x-rate-rolling", String(rolling));
  headers.set("x-rate-limit", String(limits.eventsPerS));
  headers.set("x-rate-limit-remaining", String(limits.eventsPerS - rolling));
  if (rolling >= limits.eventsPerS) throw new Answer(429, { message: "Too many requests" });
}

async function broadcastMany(context: Context, request: Request, caller: Caller): Promise<void> {
  const { identity, party } = caller;
  const { events } = context.rates;
  const batch = parseBatch(json(await body(request)), (payload) => isTooLarge(context, { json: payload }));
  if (batch.errors) throw unprocessable(batch.errors);
  const { messages } = batch;
  if (
    messages.length + events.perS() > events.limitPerS ||
    !hasRoom(context, party, "events", messages.length)
  ) {
    throw batchTooLarge();
  }
  const allowed = new Map<string, boolean>();
  for (const message of messages) {
    // Copies count too, so a batch with many listeners may end early.
    if (!hasRoom(context, party, "events")) throw batchTooLarge();
    charge(context, party, "events");
    if (message.private && !allowed.has(message.topic)) {
      allowed.set(message.topic, await mayWriteSilently(context, message.topic, identity));
    }
    if (message.private && !allowed.get(message.topic)) continue;
    send(context, party, message.topic, message.private, batchFanout(message));
  }
}

function batchTooLarge(): Answer {
  return new Answer(429, { message: "Too many messages to broadcast, please reduce the batch size" });
}

function batchFanout({ topic, event, payload, id }: BatchMessage): Fanout {
  const meta = id === undefined ? "" : `,"meta":{"id":${JSON.stringify(id)}}`;
  const text = `{"type":"broadcast","event":${JSON.stringify(event)},"payload":${payload}${meta}}`;
  return textFanout(topicPrefix + topic, "broadcast", text, id);
}

/** Whether the identity may send. False also when the database cannot say: the message is then skipped. */
async function mayWriteSilently(context: Context, topic: string, identity: Identity): Promise<boolean> {
  try {
    return (await context.database.mayWrite(topic, identity, ["broadcast"])).broadcast;
  } catch (error) {
    context.log("warn", `broadcast over HTTP: ${(error as Error).message}`);
    return false;
  }
}

async function broadcastOne(
  context: Context,
  request: Request,
  { identity, party }: Caller,
  topic: string,
  event: string,
  query: URLSearchParams,
): Promise<void> {
  const type = request.headers.get("content-type") ?? "application/json";
  const isBinary = type.startsWith("application/octet-stream");
  if (!isBinary && !type.startsWith("application/json")) {
    throw new Answer(415, {
      error: "Unsupported Media Type. Use application/json or application/octet-stream",
    });
  }
  const isPrivate = query.get("private") === "true";
  const bytes = await body(request);
  const payload = isBinary ? { binary: bytes } : { json: wrapped(json(bytes)) };
  const errors: FieldErrors = {};
  if (topic.trim() === "") errors.topic = ["can't be blank"];
  if (event.trim() === "") errors.event = ["can't be blank"];
  if (isTooLarge(context, payload)) {
    errors.payload = ["Payload size exceeds tenant limit"];
  }
  if (!isPrivate && (query.has("persist") || query.has("persist[ttl]"))) {
    errors.persist = ["can only be used on private channels"];
  }
  if (Object.keys(errors).length > 0) throw unprocessable(errors);
  charge(context, party, "events");
  if (isPrivate) await mustWrite(context, topic, identity);
  send(context, party, topic, isPrivate, singleFanout(topic, { event, payload }));
}

function singleFanout(topic: string, broadcast: EncodedBroadcast): Fanout {
  return broadcastFanout(topicPrefix + topic, broadcast);
}

/** @throws Answer when the identity may not send to the topic */
async function mustWrite({ database, log }: Context, topic: string, identity: Identity): Promise<void> {
  let allowed = false;
  try {
    allowed = (await database.mayWrite(topic, identity, ["broadcast"])).broadcast;
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    log("warn", `broadcast over HTTP: ${error.code}: ${error.message}`);
    const [status, message] = troubles[error.code] ?? [422, "Tenant database unavailable"];
    throw new Answer(status, { message });
  }
  if (!allowed) throw new Answer(403, { message: "Unauthorized" });
}

const troubles: Record<string, [status: number, message: string]> = {
  RlsPolicyError: [422, "RLS policy error"],
  QueryCanceled: [422, "Query canceled"],
  MissingPartition: [422, "Missing messages partition"],
  IncreaseConnectionPool: [429, "Connection pool exhausted"],
  InitializingProjectConnection: [422, "Tenant database initializing"],
  DatabaseLackOfConnections: [422, "Tenant database has too many connections"],
};

/** Sends a message that the caller has been charged for, whether it may send or not: asking costs too. */
function send(context: Context, party: Party, name: string, isPrivate: boolean, fanout: Fanout): void {
  const topic = context.hub.find(name, isPrivate);
  if (topic) publish(context, topic, fanout, party);
}

/** The payload as it was written. A value that is not an object is wrapped into one. @throws RangeError */
function wrapped({ text, value }: Json): string {
  checkDepth(text);
  return isObject(value) ? text : `{"_json":${text}}`;
}

/** Reads JSON. An empty body counts as an empty object. @throws Answer */
function json(bytes: Uint8Array): Json {
  if (bytes.length === 0) return { text: "{}", value: {} };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch {
    throw new Answer(400, { message: "Bad Request" });
  }
}

function body(request: Request): Promise<Uint8Array> {
  return readBytes(request, bodyBytesMax, () => new Answer(413, { message: "Request Entity Too Large" }));
}

function unprocessable(errors: object): Answer {
  return new Answer(422, { errors });
}

function decodePath(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new Answer(400, { message: "Bad Request" });
  }
}
