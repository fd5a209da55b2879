/** Turns an HTTP request into typed data. Names in it are not looked up yet. */
import type { PlainRequest } from "../../plain-http.ts";
import { errors } from "../errors.ts";
import { bodyMax, type Payload, parsePayload, readBody } from "./body.ts";
import { type Accepted, json, type Media, parseAccept } from "./media.ts";
import { type Preferences, parsePreferences } from "./preferences.ts";
import { parseQuery, type Query } from "./query.ts";
import { type Range, topRange } from "./range.ts";

export { bodyMax };

export type Method = "GET" | "HEAD" | "POST" | "PATCH" | "PUT" | "DELETE" | "OPTIONS";

export interface ApiRequest {
  method: Method;
  path: string;
  target: { kind: "root" } | { kind: "table" | "call"; name: string };
  schema: string;
  /** Whether the client can choose among several schemas. The answer then says which one it used. */
  schemaNegotiated: boolean;
  query: Query;
  preferences: Preferences;
  accepted: Accepted[];
  /** JSON until it is negotiated, for which the schema must be known. */
  media: Media;
  /** The range of the request's own rows. The ranges of embeds are in the query. */
  range: Range;
  payload?: Payload | undefined;
  contentType: string;
}

/** In characters. Proxies let far less through. */
const urlMax = 64 * 1024;

const methods = new Set<string>(["GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"]);

/**
 * Reads everything but the body.
 * @param schemas the exposed schemas, the default first
 * @throws RestError 22003, PGRST100, 101, 103, 106, 114, 117, 122, 125
 */
export function parseHead(
  request: Pick<PlainRequest, "method" | "url" | "headers">,
  schemas: string[],
): ApiRequest {
  const method = request.method as Method;
  if (!methods.has(method)) throw errors.method(method);
  const { path, search } = splitUrl(request.url);
  const target = parseTarget(path);
  const isCall = target.kind === "call";
  const isRead = method === "GET" || method === "HEAD";
  if (isCall && !isRead && method !== "POST" && method !== "OPTIONS") throw errors.rpcMethod(method);
  if (target.kind === "root" && !isRead && method !== "OPTIONS") throw errors.method(method);
  const { headers } = request;
  const schema = chooseSchema(headers.get(isRead ? "accept-profile" : "content-profile"), schemas);
  const preferences = parsePreferences(headers.get("prefer"));
  const query = parseQuery(search, isCall && isRead);
  const own = query.ranges.find((range) => range.path.length === 0)?.value ?? { offset: 0 };
  if (method === "PUT" && (own.limit !== undefined || own.offset > 0)) throw errors.putRange();
  const range = topRange(own, method === "GET" ? headers.get("range") : null);
  const contentType = (headers.get("content-type") ?? "application/json").split(";")[0]?.trim().toLowerCase();
  const parsed: ApiRequest = {
    method,
    path,
    target,
    schema,
    schemaNegotiated: schemas.length > 1,
    query,
    preferences,
    accepted: parseAccept(headers.get("accept")),
    media: json,
    range,
    contentType: contentType || "application/json",
  };
  if (preferences.handling === "strict" && preferences.invalid.length > 0) {
    throw errors.preferences(preferences.invalid);
  }
  return parsed;
}

/**
 * Reads the body that belongs to the head.
 * @param role of the caller
 * @returns undefined if the method has no body
 * @throws RestError PGRST102
 */
export async function parseBody(
  request: PlainRequest,
  { method, query, contentType, target }: Pick<ApiRequest, "method" | "query" | "contentType" | "target">,
  role: string,
): Promise<Payload | undefined> {
  if (method !== "POST" && method !== "PATCH" && method !== "PUT") return undefined;
  const columns = method === "PUT" ? undefined : query.columns;
  const isService = role === "service_role";
  return parsePayload(await readBody(request), contentType, columns, target.kind === "call", isService);
}

/** Does not use `new URL`, which would resolve dots and re-encode. */
function splitUrl(url: string): { path: string; search: string } {
  if (url.length > urlMax) throw errors.tooLong("URL", urlMax, 414);
  const hash = url.indexOf("#");
  const whole = hash < 0 ? url : url.slice(0, hash);
  const mark = whole.indexOf("?");
  return mark < 0
    ? { path: whole, search: "" }
    : { path: whole.slice(0, mark), search: whole.slice(mark + 1) };
}

function parseTarget(path: string): ApiRequest["target"] {
  const parts = path.split("/").filter((part) => part !== "");
  let names: string[];
  try {
    names = parts.map(decodeURIComponent);
  } catch {
    throw errors.path();
  }
  const [first, second] = names;
  if (first === undefined) return { kind: "root" };
  if (second === undefined) return { kind: "table", name: first };
  if (first === "rpc" && names.length === 2) return { kind: "call", name: second };
  throw errors.path();
}

function chooseSchema(asked: string | null, schemas: string[]): string {
  const [first = "public"] = schemas;
  if (schemas.length <= 1 || asked === null) return first;
  // Headers arrive as bytes, one a character. A name may be UTF-8.
  const name = Buffer.from(asked, "latin1").toString("utf8");
  if (schemas.includes(name)) return name;
  if (!schemas.includes(asked)) throw errors.schema(asked, schemas);
  return asked;
}
