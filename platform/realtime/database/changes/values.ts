/**
 * Turns the texts that the stream brings into the JSON that to_jsonb makes of the values. https://www.postgresql.org/docs/17/functions-json.html
 */
import { literal } from "../sql.ts";
import type { Column } from "./tables.ts";

/** The value as JSON text. Undefined when only the server can make it. */
export function toJson(column: Pick<Column, "typeId" | "isEnum">, text: string | null): string | undefined {
  if (text === null) return "null";
  if (column.isEnum) return JSON.stringify(text);
  return forms[column.typeId]?.(text);
}

/** The expression that asks the server for it. Its result is text. */
export function jsonExpression(column: Column, text: string): string {
  return `pg_catalog.to_jsonb(${literal(text)}::${column.sqlType})::text`;
}

const string = (text: string) => JSON.stringify(text);
/** NaN and the infinities are not JSON numbers. */
const number = (text: string) => (/^-?\d/.test(text) ? text : string(text));
const raw = (text: string) => text;
/**
 * ISO 8601 instead of Postgres's form: with a T, and with minutes in the zone. The zone is always
 * UTC here.
 */
const timestamp = (text: string) =>
  string(text.replace(/^(\d+-\d\d-\d\d) /, "$1T").replace(/\+00( BC)?$/, "+00:00$1"));

const forms: Record<number, (text: string) => string> = {
  16: (text) => (text === "t" ? "true" : "false"),
  // For bytea, Realtime has always sent the hexadecimal digits without the prefix.
  17: (text) => string(text.replace(/^\\x/, "")),
  18: string, // "char"
  19: string, // name
  20: raw, // bigint
  21: raw, // smallint
  23: raw, // integer
  25: string, // text
  26: string, // oid
  114: raw, // json
  650: string, // cidr
  700: number, // real
  701: number, // double precision
  869: string, // inet
  1042: string, // character
  1043: string, // character varying
  1082: string, // date
  1083: string, // time
  1114: timestamp,
  1184: timestamp, // with time zone
  1186: string, // interval
  1266: string, // time with time zone
  1700: number, // numeric
  2950: string, // uuid
  3802: raw, // jsonb
};
