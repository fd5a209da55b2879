/** Decides what a request for a table or a function does: which statement it runs, and how its answer is made. */
import type { PlainAnswer } from "../plain-http.ts";
import type { Outcome } from "./database/pool.ts";
import { errors } from "./errors.ts";
import { findHandler } from "./plan/handler.ts";
import { planMutation } from "./plan/mutation.ts";
import { planRead } from "./plan/read.ts";
import { findRoutine, resultTable } from "./plan/routine.ts";
import { isEnabled } from "./plan/settings.ts";
import type { ApiRequest } from "./request/index.ts";
import { negotiate } from "./request/media.ts";
import { readOutcome, respondCall, respondMutation, respondRead } from "./response.ts";
import { nearest } from "./schema/nearest.ts";
import { key, type Name, type SchemaGraph, type Table } from "./schema/types.ts";
import { type Built, buildCall, buildMutation, buildRead } from "./sql/statement.ts";

export interface Prepared {
  /** The request with the representation that its client gets. */
  request: ApiRequest;
  built: Built;
  readOnly: boolean;
  /** Settings of the called function. */
  own: [string, string][];
  respond(request: ApiRequest, outcome: Outcome): PlainAnswer;
}

/** @throws RestError if the graph does not have what the request names, or if the two do not fit */
export function prepare(request: ApiRequest, graph: SchemaGraph, maxRows: number): Prepared {
  const { target, method, schema } = request;
  if (target.kind === "call") return call(request, graph, maxRows, target.name);
  const table = findTable(graph, schema, target.kind === "table" ? target.name : "");
  if (method === "GET" || method === "HEAD") return read(request, graph, maxRows, table);
  return mutate(request, graph, maxRows, table);
}

function read(asked: ApiRequest, graph: SchemaGraph, maxRows: number, table: Table): Prepared {
  const { schema, query, range, method } = asked;
  const plan = planRead(graph, schema, table, query, range, { maxRows, ofMutation: false });
  const negotiated = withMedia(asked, graph, table);
  return {
    request: negotiated,
    built: buildRead(negotiated, plan, maxRows, method !== "HEAD"),
    readOnly: true,
    own: [],
    respond(request, outcome) {
      const result = readOutcome(outcome, request, maxRows);
      if (request.media.kind === "object" && result.rows !== 1) throw errors.notSingular(result.rows);
      return respondRead(request, table.name, result);
    },
  };
}

function mutate(asked: ApiRequest, graph: SchemaGraph, maxRows: number, table: Table): Prepared {
  const { schema, query, range } = asked;
  const plan = planRead(graph, schema, table, query, range, { ofMutation: true });
  const mutation = planMutation(graph, asked, table);
  const negotiated = withMedia(asked, graph, table);
  return {
    request: negotiated,
    built: { statement: buildMutation(negotiated, plan, mutation) },
    readOnly: false,
    own: [],
    respond: (request, outcome) => respondMutation(request, table, readOutcome(outcome, request, maxRows)),
  };
}

function call(asked: ApiRequest, graph: SchemaGraph, maxRows: number, name: string): Prepared {
  const { method, schema, payload, query, preferences, range } = asked;
  const names = payload ? payload.keys : query.arguments.map(([argument]) => argument);
  const routine = findRoutine(graph, asked, name, names);
  if (preferences.handling === "strict" && preferences.maxAffected !== undefined && !routine.returnsSet) {
    throw errors.maxAffectedRpc();
  }
  const rows = resultTable(graph, routine);
  const plan = planRead(graph, schema, rows, query, range, { maxRows, ofMutation: false });
  const result = { schema, name: routine.returnsRows ? routine.result.name : routine.name };
  const negotiated = withMedia(asked, graph, result);
  return {
    request: negotiated,
    built: buildCall(negotiated, routine, plan, method !== "HEAD"),
    readOnly: method !== "POST" || routine.volatility !== "volatile",
    own: routine.settings,
    respond: (request, outcome) =>
      respondCall(request, routine.returnsVoid, readOutcome(outcome, request, maxRows)),
  };
}

function withMedia(request: ApiRequest, graph: SchemaGraph, target: Name): ApiRequest {
  const media = negotiate(request.accepted, {
    handler: (type) => findHandler(graph, target, request.query.select, type),
    plans: isEnabled(graph, "db_plan_enabled"),
  });
  return { ...request, media };
}

/** @throws RestError PGRST205 */
export function findTable(graph: SchemaGraph, schema: string, name: string): Table {
  const table = graph.tables.get(key({ schema, name }));
  if (table) return table;
  const known = [...graph.tables.values()].filter((each) => each.schema === schema).map((each) => each.name);
  const similar = nearest(name, known, 0.75);
  throw errors.noTable(schema, name, similar ? `Perhaps you meant the table '${schema}.${similar}'` : null);
}
