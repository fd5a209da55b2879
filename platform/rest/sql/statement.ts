/**
 * Writes the one statement of a request. It returns one row: the total, the number of rows, the
 * finished body, the status and headers that the database wants, and for mutations
 * how many rows are new and the key of the new one.
 */
import type { Mutation } from "../plan/mutation.ts";
import { computedNames, type ReadNode } from "../plan/node.ts";
import { scalarColumn } from "../plan/routine.ts";
import type { ApiRequest } from "../request/index.ts";
import type { Media } from "../request/media.ts";
import type { MediaHandler, Routine } from "../schema/types.ts";
import { callSql } from "./call.ts";
import { guardSql } from "./guard.ts";
import { insertedSql, mutationSql } from "./mutation.ts";
import { countSql, readSql } from "./read.ts";
import { quoteLiteral, quoteQualified, type Statement } from "./text.ts";
import { createWriter, type Writer } from "./writer.ts";

/** The row's columns, in order. */
export const columns = [
  "total",
  "rows",
  "body",
  "headers",
  "status",
  "inserted",
  "location",
  "guard",
] as const;

const source = "pgrst_source";

interface Parts {
  /** The source, if it is not the result itself. */
  with?: string | undefined;
  /** The SELECT whose rows make the body. */
  result: string;
  total: string;
  rows: string;
  body: string;
  inserted?: string;
  location?: string;
  guard?: string | undefined;
}

function assemble(parts: Parts, writer: Writer, csv: boolean): Statement {
  const named: Record<(typeof columns)[number], string> = {
    total: parts.total,
    rows: parts.rows,
    body: parts.body,
    headers: "nullif(current_setting('response.headers', true), '')",
    status: "nullif(current_setting('response.status', true), '')",
    inserted: parts.inserted ?? "null",
    location: parts.location ?? "null",
    guard: parts.guard ?? "null",
  };
  const ctes = [
    ...(parts.with ? [`${source} as (${parts.with})`] : []),
    // It is read twice: for the line of names and for the other lines.
    ...(csv ? [`pgrst_rows as (${parts.result})`] : []),
  ];
  const text = `${ctes.length > 0 ? `with ${ctes.join(", ")} ` : ""}select ${columns
    .map((column) => `${named[column]} as ${column}`)
    .join(", ")} from (${csv ? "select * from pgrst_rows" : parts.result}) r`;
  return { text, values: writer.values.list };
}

export interface Built {
  statement: Statement;
  /** A statement to explain: its plan estimates the total. */
  explain?: Statement | undefined;
}

/** @param withBody false for HEAD */
export function buildRead(request: ApiRequest, read: ReadNode, maxRows: number, withBody: boolean): Built {
  const writer = createWriter();
  const csv = request.media.kind === "csv" && withBody;
  const result = readSql(read, writer);
  const count = request.preferences.count;
  return {
    statement: assemble(
      {
        result,
        total: totalSql(count, maxRows, () => countSql(read, writer)),
        rows: "count(*)",
        body: withBody ? bodySql(request.media, false) : "''",
      },
      writer,
      csv,
    ),
    explain: explained(read, count),
  };
}

/** The exact number. For an estimate it counts only up to the rows that one answer may have. */
function totalSql(count: ApiRequest["preferences"]["count"], maxRows: number, counted: () => string): string {
  if (count === "exact") return `(select count(*) from (${counted()}) c)`;
  if (count === "estimated") return `(select count(*) from (${counted()} limit ${maxRows + 1}) c)`;
  return "null";
}

function explained(read: ReadNode, count: ApiRequest["preferences"]["count"]): Statement | undefined {
  if (count !== "planned" && count !== "estimated") return undefined;
  const writer = createWriter();
  return { text: countSql(read, writer), values: writer.values.list };
}

/** `r.*` is the whole row. A bare `r` would be a column of that name, if a client asked for one. */
function bodySql(media: Media, isScalar: boolean, single = false): string {
  if (media.kind === "csv") return csvSql();
  const row = isScalar ? `r.${scalarColumn}` : "r.*";
  if (media.handler) return handledSql(media.handler, row, isScalar);
  const rows = `json_agg(${row})`;
  const strip = (sql: string) => (media.stripNulls ? `json_strip_nulls(${sql})` : sql);
  if (media.kind === "object" || single) return `coalesce((${strip(`${rows}->0`)})::text, 'null')`;
  return `coalesce((${strip(rows)})::text, '[]')`;
}

/** Bytes come back in hexadecimal digits. */
function handledSql({ aggregate, target, base }: MediaHandler, row: string, isScalar: boolean): string {
  const argument = target && !isScalar ? `(${row})::${quoteQualified(target)}` : row;
  const value = aggregate ? `${quoteQualified(aggregate)}(${argument})` : `(array_agg(${row}))[1]`;
  const text = base === "bytea" ? `encode((${value})::bytea, 'hex')` : `(${value})::text`;
  return `coalesce(${text}, '')`;
}

/** The text of a row is CSV in parentheses. */
function csvSql(): string {
  return (
    "coalesce((select string_agg(k, ',') from (select json_object_keys(h) as k from " +
    "(select row_to_json(p.*) as h from pgrst_rows p limit 1) s) n), '') || E'\\n' || " +
    "coalesce(string_agg(substring((r.*)::text, 2, length((r.*)::text) - 2), E'\\n'), '')"
  );
}

export function buildMutation(request: ApiRequest, read: ReadNode, mutation: Mutation): Statement {
  const { preferences, media, method } = request;
  const writer = createWriter();
  const shows = preferences.return === "representation";
  const locates = mutation.kind === "insert" && preferences.return === "headers-only" && method === "POST";
  const key = mutation.table.primaryKey;
  const written = mutationSql(mutation, shows ? read : locates ? key : undefined, writer.values);
  const counts = mutation.kind === "insert" && mutation.conflict?.resolution === "merge-duplicates";
  return assemble(
    {
      with: written,
      result: shows ? readSql(read, writer, source) : `select * from ${source}`,
      total: "null",
      rows: "count(*)",
      body: shows ? bodySql(media, false) : "''",
      inserted: counts ? `coalesce(${insertedSql}, 0)` : "null",
      location: locates && key.length > 0 ? locationSql(key) : "null",
      guard: guardOf(request, `(select count(*) from ${source})`),
    },
    writer,
    media.kind === "csv" && shows,
  );
}

function guardOf({ method, media, preferences }: ApiRequest, rows: string): string | undefined {
  if (method === "PUT") return guardSql("put", `${rows} = 1`, rows);
  if (media.kind === "object" && preferences.return === "representation") {
    return guardSql("singular", "count(*) = 1", "count(*)");
  }
  if (media.kind === "object") return guardSql("singular", `${rows} = 1`, rows);
  if (method !== "POST" && preferences.handling === "strict" && preferences.maxAffected !== undefined) {
    return guardSql("affected", `${rows} <= ${preferences.maxAffected}`, rows);
  }
  return undefined;
}

/** The key columns and values of the one new row, as JSON pairs. */
function locationSql(key: string[]): string {
  const names = key.map((name) => quoteLiteral(name)).join(", ");
  return (
    `case when count(*) = 1 then (select json_agg(json_build_array(p.key, p.value))::text ` +
    `from (select row_to_json(s.*) as j from ${source} s limit 1) l, json_each_text(l.j) p where p.key in (${names})) end`
  );
}

export function buildCall(request: ApiRequest, routine: Routine, read: ReadNode, withBody: boolean): Built {
  const { media, preferences } = request;
  const writer = createWriter();
  const call = callSql(routine, request, computedNames(read), writer.values);
  const single = !routine.returnsSet;
  const rows = single ? "1" : "count(*)";
  const result = readSql(read, writer, source);
  const limited =
    preferences.handling === "strict" && preferences.maxAffected !== undefined
      ? guardSql("affected", `${rows} <= ${preferences.maxAffected}`, rows)
      : undefined;
  return {
    statement: assemble(
      {
        with: call,
        result,
        // PostgREST counts a function's rows or does not. It never estimates them.
        total: totalSql(
          preferences.count === undefined || preferences.count === "planned" ? undefined : "exact",
          0,
          () => countSql(read, writer, source),
        ),
        rows,
        body: withBody && !routine.returnsVoid ? bodySql(media, !routine.returnsRows, single) : "''",
        guard: media.kind === "object" ? guardSql("singular", `${rows} = 1`, rows) : limited,
      },
      writer,
      media.kind === "csv" && withBody,
    ),
  };
}
