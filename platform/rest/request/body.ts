/**
 * Reads request bodies. JSON goes to Postgres as it came, so numbers keep their digits. It is
 * parsed here only to learn its keys.
 */
import type { PlainRequest } from "../../plain-http.ts";
import { errors } from "../errors.ts";
import { parseCsv } from "./csv.ts";

export interface Payload {
  kind: "json" | "raw" | "arguments";
  /** JSON text. For "raw" it is the value of the single unnamed parameter. */
  text: string;
  isObject: boolean;
  /** The keys that occur in its objects. */
  keys: string[];
  /** The pairs of a form that was sent to a function, in their order. */
  pairs: [string, string][];
}

/** In bytes. A larger body is refused before it is read to its end. */
export const bodyMax = 32 * 1024 * 1024;

/**
 * Parsed values take up to thirty times the memory of their text. So besides its bytes, a body has a bound of values:
 * how many there may be, and the characters that begin one. In a text they count too, which does no harm. To parse
 * 2 million values takes more than a second, in which nobody else is answered. So only the service role may send them.
 */
const values = new Map<string, { most: number; mostOfService?: number; marks: string }>([
  ["application/json", { most: 200_000, mostOfService: 2_000_000, marks: "[{," }],
  ["text/csv", { most: 200_000, marks: ",\n" }],
  ["application/x-www-form-urlencoded", { most: 10_000, marks: "&" }],
]);

/** @throws RestError 413 */
function checkValues(body: Buffer, contentType: string, isService: boolean): void {
  const bound = values.get(contentType);
  if (bound === undefined) return;
  const most = (isService && bound.mostOfService) || bound.most;
  if (body.length <= most) return;
  const isMark = new Uint8Array(256);
  for (const mark of Buffer.from(bound.marks)) isMark[mark] = 1;
  let count = 0;
  for (let at = 0; at < body.length; at++) count += isMark[body[at] as number] as number;
  if (count > most) throw errors.body(`The request body has more than ${most} values`, 413);
}

/** @throws RestError 413 */
export function readBody(request: PlainRequest): Promise<Buffer> {
  return request.body(bodyMax, () => errors.body(`The request body is larger than ${bodyMax} bytes`, 413));
}

/**
 * @param columns from the `columns` parameter; if given, JSON is not parsed
 * @param isService whether the service role sent it
 * @throws RestError PGRST102, also with 413
 */
export function parsePayload(
  body: Buffer,
  contentType: string,
  columns: string[] | undefined,
  isCall: boolean,
  isService: boolean,
): Payload {
  // Bytes that are not text, in the notation of Postgres.
  if (contentType === "application/octet-stream" && isCall) {
    return { kind: "raw", text: `\\x${body.toString("hex")}`, isObject: false, keys: [], pairs: [] };
  }
  if (!columns || contentType !== "application/json") checkValues(body, contentType, isService);
  const text = body.toString("utf8");
  switch (contentType) {
    case "application/json":
      if (columns) return { kind: "json", text, isObject: /^\s*\{/.test(text), keys: columns, pairs: [] };
      return jsonPayload(text.trim() === "" && isCall ? "{}" : text);
    case "text/csv": {
      const rows = parseCsv(text);
      if (!rows) throw errors.body("All lines must have same number of fields");
      const keys = columns ?? Object.keys(rows[0] ?? {});
      return { kind: "json", text: JSON.stringify(rows), isObject: false, keys, pairs: [] };
    }
    case "application/x-www-form-urlencoded": {
      const pairs = [...new URLSearchParams(text)];
      const keys = [...new Set(pairs.map(([name]) => name))];
      return {
        kind: isCall ? "arguments" : "json",
        text: JSON.stringify(Object.fromEntries(pairs)),
        isObject: true,
        keys,
        pairs,
      };
    }
    case "text/plain":
    case "text/xml":
      if (isCall) return { kind: "raw", text, isObject: false, keys: [], pairs: [] };
  }
  throw errors.body(`Content-Type not acceptable: ${contentType}`);
}

function jsonPayload(text: string): Payload {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw errors.body("Empty or invalid json");
  }
  if (!Array.isArray(value)) {
    if (typeof value === "object" && value !== null) {
      return { kind: "json", text, isObject: true, keys: Object.keys(value), pairs: [] };
    }
    return { kind: "json", text: "[]", isObject: false, keys: [], pairs: [] };
  }
  const [first] = value;
  if (first === undefined) return { kind: "json", text: "[]", isObject: false, keys: [], pairs: [] };
  const keys = keysOf(first);
  const same = new Set(keys);
  for (const row of value) {
    const rowKeys = keysOf(row);
    if (rowKeys.length !== same.size || !rowKeys.every((name) => same.has(name))) {
      throw errors.body("All object keys must match");
    }
  }
  return { kind: "json", text, isObject: false, keys, pairs: [] };
}

function keysOf(row: unknown): string[] {
  if (typeof row !== "object" || row === null || Array.isArray(row)) {
    throw errors.body("All object keys must match");
  }
  return Object.keys(row);
}
