/** Turns the statement's row into the HTTP answer. */
import { validateHeaderName, validateHeaderValue } from "node:http";
import type { PlainAnswer } from "../plain-http.ts";
import type { Outcome } from "./database/pool.ts";
import { errors, type RestError } from "./errors.ts";
import type { ApiRequest } from "./request/index.ts";
import { appliedPreferences } from "./request/preferences.ts";
import { contentRange } from "./request/range.ts";
import type { Table } from "./schema/types.ts";
import { columns } from "./sql/statement.ts";

export interface Result {
  total: number | undefined;
  rows: number;
  body: Buffer;
  headers: string | undefined;
  status: string | undefined;
  inserted: number | undefined;
  location: [string, string | null][] | undefined;
}

/** @param maxRows up to this number an estimate is counted exactly */
export function readOutcome({ row, plan }: Outcome, request: ApiRequest, maxRows: number): Result {
  const text = (name: (typeof columns)[number]) => row[columns.indexOf(name)]?.toString("utf8");
  const number = (name: (typeof columns)[number]) => {
    const value = text(name);
    return value === undefined ? undefined : Number(value);
  };
  const location = text("location");
  let total = number("total");
  if (plan !== undefined) {
    const planned = plannedRows(plan);
    if (request.preferences.count === "planned") total = planned;
    else if (total !== undefined && total > maxRows) total = Math.max(total, planned ?? 0);
  }
  const body = row[columns.indexOf("body")] ?? Buffer.alloc(0);
  return {
    total,
    rows: number("rows") ?? 0,
    body: request.media.handler?.base === "bytea" ? Buffer.from(body.toString("latin1"), "hex") : body,
    headers: text("headers"),
    status: text("status"),
    inserted: number("inserted"),
    location: location === undefined ? undefined : (JSON.parse(location) as [string, string | null][]),
  };
}

function plannedRows(plan: string): number | undefined {
  const [first] = JSON.parse(plan) as { Plan?: { "Plan Rows"?: number } }[];
  return first?.Plan?.["Plan Rows"];
}

/**
 * In bytes. A longer Content-Location, which repeats the query, is left out: clients on Node refuse an
 * answer with more than 16 KiB of headers.
 */
const locationMax = 8 * 1024;

export function respondRead(request: ApiRequest, table: string, result: Result): PlainAnswer {
  const { query, preferences } = request;
  const headers = newHeaders(request, true);
  const location = `/${encodeURIComponent(table)}${query.canonical === "" ? "" : `?${query.canonical}`}`;
  if (location.length <= locationMax) headers.push(["content-location", location]);
  return respondRows(
    request,
    headers,
    result,
    appliedPreferences(preferences, ["count", "tx", "handling", "timezone"]),
  );
}

export function respondCall(request: ApiRequest, returnsVoid: boolean, result: Result): PlainAnswer {
  const applied = appliedPreferences(request.preferences, [
    "count",
    "tx",
    "handling",
    "timezone",
    "max-affected",
  ]);
  if (!returnsVoid) return respondRows(request, newHeaders(request, true), result, applied);
  const headers: [string, string][] = [["content-range", rangeOf(request, result)]];
  if (applied) headers.push(["preference-applied", applied]);
  return finish(204, headers, null, result);
}

function respondRows(
  request: ApiRequest,
  headers: [string, string][],
  result: Result,
  applied: string | undefined,
): PlainAnswer {
  const { rows, total } = result;
  const { offset } = request.range;
  headers.push(["content-range", rangeOf(request, result)]);
  if (applied) headers.push(["preference-applied", applied]);
  if (total !== undefined && offset > total) {
    throw errors.range(`An offset of ${offset} was requested, but there are only ${total} rows.`, total);
  }
  const status = total !== undefined && rows < total ? 206 : 200;
  return finish(status, headers, request.method === "HEAD" ? null : result.body, result);
}

function rangeOf({ range: { offset } }: ApiRequest, { rows, total }: Result): string {
  return contentRange(offset, offset + rows - 1, total);
}

export function respondMutation(
  request: ApiRequest,
  { name: table, primaryKey }: Table,
  result: Result,
): PlainAnswer {
  const { method, preferences } = request;
  const shows = preferences.return === "representation";
  const headers = newHeaders(request, shows);
  const counted =
    preferences.count === undefined || preferences.count === "planned" ? undefined : result.rows;
  if (method === "POST" || method === "DELETE") {
    headers.push(["content-range", contentRange(1, 0, counted)]);
  } else if (method === "PATCH") {
    headers.push(["content-range", contentRange(0, result.rows - 1, counted)]);
  }
  if (result.location)
    headers.push(["location", `/${encodeURIComponent(table)}?${locationQuery(result.location)}`]);
  // Without a key there is nothing that could be in conflict.
  const upserts = method === "POST" && (request.query.onConflict !== undefined || primaryKey.length > 0);
  const applied = appliedPreferences(preferences, [
    ...(upserts ? (["resolution"] as const) : []),
    ...(method === "POST" || method === "PATCH" ? (["missing"] as const) : []),
    "return",
    "count",
    "tx",
    "handling",
    "timezone",
    ...(method === "PATCH" || method === "DELETE" ? (["max-affected"] as const) : []),
  ]);
  if (applied) headers.push(["preference-applied", applied]);
  return finish(mutationStatus(request, result, shows), headers, shows ? result.body : null, result);
}

/** Answers with the plan of Postgres. */
export function respondPlan({ media }: ApiRequest, { row: [text] }: Outcome): PlainAnswer {
  return { status: 200, headers: [["content-type", media.contentType]], body: text ?? null };
}

function mutationStatus({ method }: ApiRequest, { inserted }: Result, shows: boolean): number {
  if (method === "POST") return inserted !== undefined && inserted <= 0 ? 200 : 201;
  if (!shows) return 204;
  return method === "PUT" && (inserted ?? 0) > 0 ? 201 : 200;
}

function locationQuery(location: [string, string | null][]): string {
  return location
    .map(([name, value]) =>
      value === null
        ? `${encodeURIComponent(name)}=is.null`
        : `${encodeURIComponent(name)}=eq.${encodeURIComponent(value)}`,
    )
    .join("&");
}

function newHeaders({ media, schema, schemaNegotiated }: ApiRequest, hasBody: boolean): [string, string][] {
  if (!hasBody) return [];
  const headers: [string, string][] = [["content-type", media.contentType]];
  if (schemaNegotiated) headers.push(["content-profile", headerText(schema)]);
  return headers;
}

/** A header is bytes, one a character. Text that has other characters goes out as UTF-8, as from PostgREST. */
export function headerText(text: string): string {
  return /[^\0-\xff]/.test(text) ? Buffer.from(text, "utf8").toString("latin1") : text;
}

const bodyless = new Set([101, 204, 205, 304]);

/** Applies the status and headers that the database set. They replace ours. */
function finish(
  status: number,
  headers: [string, string][],
  body: Buffer | null,
  { headers: ownHeaders, status: ownStatus }: Result,
): PlainAnswer {
  const wanted = ownStatus === undefined ? status : parseStatus(ownStatus);
  const set = new Set<string>();
  for (const [given, value] of parseOwnHeaders(ownHeaders)) {
    const name = given.toLowerCase();
    // The first header of a name replaces ours. Further ones of that name (set-cookie) are added.
    try {
      if (set.has(name)) addHeader(headers, name, value);
      else setHeader(headers, name, value);
    } catch {
      throw errors.responseHeaders();
    }
    set.add(name);
  }
  return { status: wanted, headers, body: bodyless.has(wanted) ? null : body };
}

/** @throws TypeError if HTTP does not allow the header */
function checked(name: string, value: string): string {
  const text = headerText(value).replaceAll(/^[\t\r\n ]+|[\t\r\n ]+$/g, "");
  validateHeaderName(name);
  validateHeaderValue(name, text);
  return text;
}

function setHeader(headers: [string, string][], name: string, value: string): void {
  const text = checked(name, value);
  const known = headers.find(([each]) => each === name);
  if (known) known[1] = text;
  else headers.push([name, text]);
}

function addHeader(headers: [string, string][], name: string, value: string): void {
  const known = headers.find(([each]) => each === name);
  if (known && name !== "set-cookie") known[1] += `, ${checked(name, value)}`;
  else headers.push([name, checked(name, value)]);
}

function parseStatus(text: string): number {
  const status = Number(text);
  if (!Number.isInteger(status) || status < 200 || status > 599) throw errors.responseStatus();
  return status;
}

function parseOwnHeaders(text: string | undefined): [string, string][] {
  if (text === undefined) return [];
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    throw errors.responseHeaders();
  }
  if (!Array.isArray(list)) throw errors.responseHeaders();
  return list.map((entry: unknown) => {
    const [pair, another] = typeof entry === "object" && entry !== null ? Object.entries(entry) : [];
    if (!pair || another || typeof pair[1] !== "string") throw errors.responseHeaders();
    return [pair[0], pair[1]];
  });
}

export function respondError({ status, body, headers }: RestError, isHead: boolean): PlainAnswer {
  const all: [string, string][] = [["content-type", "application/json; charset=utf-8"]];
  for (const [name, value] of [["Proxy-Status", `PostgREST; error=${body.code}`], ...headers] as const) {
    try {
      setHeader(all, name.toLowerCase(), value);
    } catch {
      // HTTP does not allow this header. Leave it out, so that the client still gets the error.
    }
  }
  return { status, headers: all, body: isHead || bodyless.has(status) ? null : JSON.stringify(body) };
}
