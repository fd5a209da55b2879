/**
 * The settings of a request's transaction: who asks, and the request itself, for functions to read.
 * https://docs.postgrest.org/en/stable/references/transactions.html
 */
import type { PlainHeaders } from "../../plain-http.ts";
import type { Identity } from "../identity.ts";
import type { ApiRequest } from "../request/index.ts";
import type { SchemaGraph } from "../schema/types.ts";
import { quoteLiteral, quoteName, quoteQualified, type Statement } from "../sql/text.ts";

export interface TransactionSettings extends Statement {
  /** SQL that the application wants to run before each request. */
  preRequest: string | undefined;
  searchPath: string;
  /** What the settings make of statement_timeout. Undefined if they do not set it. */
  statementTimeoutMs: number | undefined;
}

/** @param own the settings of the called function */
export function transactionSettings(
  headers: PlainHeaders,
  request: Pick<ApiRequest, "schema" | "method" | "path">,
  identity: Identity,
  graph: SchemaGraph,
  extraSearchPath: string[],
  readOnly: boolean,
  own: [string, string][],
  timezone: string | undefined,
): TransactionSettings {
  const searchPath = [request.schema, ...extraSearchPath].map(quoteName).join(", ");
  const role = graph.roles.get(identity.role)?.settings ?? [];
  const settings: [string, string][] = [
    ["search_path", searchPath],
    // These come before the role: the login role may be allowed to set more than the role is.
    ...role.filter(([name]) => name !== "default_transaction_isolation"),
    ["role", identity.role],
    ["request.jwt.claims", identity.claimsJson],
    ["request.method", request.method],
    ["request.path", request.path],
    ["request.headers", headersJson(headers)],
    ["request.cookies", cookiesJson(headers.get("cookie"))],
    ...own,
  ];
  if (timezone !== undefined) settings.push(["timezone", timezone]);
  if (readOnly) settings.push(["transaction_read_only", "on"]);
  const preRequest = graph.settings.get("db_pre_request");
  return {
    text: settingsText(settings.map(([name]) => name)),
    values: settings.map(([, value]) => value),
    preRequest: preRequest && `select ${qualify(preRequest)}()`,
    searchPath,
    statementTimeoutMs: durationMs(settings.findLast(([name]) => name === "statement_timeout")?.[1]),
  };
}

/** The statements that set these settings. There are few: a role's settings, a function's own, and ours. */
const texts = new Map<string, string>();
const textsMax = 200;

function settingsText(names: string[]): string {
  const all = names.join();
  let text = texts.get(all);
  if (text === undefined) {
    const calls = names.map((name, index) => `set_config(${quoteLiteral(name)},$${index + 1},true)`);
    // One number comes back instead of all the values.
    text = `select num_nulls(${calls.join(",")})`;
    if (texts.size >= textsMax) texts.clear();
    texts.set(all, text);
  }
  return text;
}

const unitMs: Record<string, number> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** Reads a setting as Postgres does: `8s`, `1.5 min`, or a number of milliseconds. */
function durationMs(text: string | undefined): number | undefined {
  const [, number, unit = "ms"] = /^\s*([\d.]+)\s*([a-z]+)?\s*$/.exec(text ?? "") ?? [];
  return number === undefined ? undefined : Number(number) * (unitMs[unit] ?? 1);
}

function qualify(name: string): string {
  const [schema = "", local] = name.split(".");
  return local === undefined ? quoteName(schema) : quoteQualified({ schema, name: local });
}

function headersJson(headers: PlainHeaders): string {
  const all: Record<string, string> = {};
  headers.forEach((value, name) => {
    if (name !== "cookie") all[name] = value;
  });
  return JSON.stringify(all);
}

function cookiesJson(header: string | null): string {
  if (header === null) return "{}";
  const cookies: Record<string, string> = {};
  for (const pair of header.split(";")) {
    const at = pair.indexOf("=");
    if (at > 0) cookies[pair.slice(0, at).trim()] = pair.slice(at + 1).trim();
  }
  return JSON.stringify(cookies);
}
