/**
 * The PostgREST protocol over one database. `createRest` answers requests whose
 * path is `/table`, `/rpc/function` or `/`. README.md says what it can do and what not.
 */
import { clientNetwork } from "../client-network.ts";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { fullResponse, type PlainAnswer, type PlainRequest, plainRequest } from "../plain-http.ts";
import { fromTrouble } from "./database/faults.ts";
import { createPool, type Outcome } from "./database/pool.ts";
import { transactionSettings } from "./database/settings.ts";
import { errors, RestError } from "./errors.ts";
import { type Identity, identify } from "./identity.ts";
import { describeApi } from "./openapi/index.ts";
import { findHandler } from "./plan/handler.ts";
import { planMutation } from "./plan/mutation.ts";
import { planRead } from "./plan/read.ts";
import { findRoutine, resultTable } from "./plan/routine.ts";
import { isEnabled, listSetting, transactionEnd } from "./plan/settings.ts";
import { type ApiRequest, parseRequest } from "./request/index.ts";
import { negotiate, negotiateRoot } from "./request/media.ts";
import {
  headerText,
  readOutcome,
  respondCall,
  respondError,
  respondMutation,
  respondPlan,
  respondRead,
} from "./response.ts";
import { createSchemaCache } from "./schema/cache.ts";
import { nearest } from "./schema/nearest.ts";
import { key, type Name, type SchemaGraph, type Table } from "./schema/types.ts";
import { guardError } from "./sql/guard.ts";
import { type Built, buildCall, buildMutation, buildRead } from "./sql/statement.ts";
import type { Statement } from "./sql/text.ts";

export interface RestOptions {
  /** Logs in as authenticator. This role may become the roles of the JWTs and can do nothing else. */
  databaseUrl: string;
  config: Config["api"];
  keys: Pick<Keys, "verify">;
  log: Log;
  /** Connections for requests. One more listens for changes of the schema. */
  poolSize?: number;
}

export interface Rest extends AsyncDisposable {
  /** Never rejects. Every failure is an answer in PostgREST's error format. */
  answer(request: PlainRequest): Promise<PlainAnswer>;
  /** The same with the types of the platform. */
  fetch(request: Request): Promise<Response>;
}

/** @throws the driver's error if the database cannot be reached */
export async function createRest(options: RestOptions): Promise<Rest> {
  const { config, keys, log } = options;
  const cache = await createSchemaCache({
    databaseUrl: options.databaseUrl,
    schemas: config.schemas,
    extraSearchPath: config.extra_search_path,
    log,
  });
  const pool = createPool({ databaseUrl: options.databaseUrl, size: options.poolSize ?? 10 });

  interface Context {
    raw: PlainRequest;
    request: ApiRequest;
    identity: Identity;
    graph: SchemaGraph;
    maxRows: number;
  }

  async function run(
    { raw, request, identity, graph }: Context,
    built: Built,
    how: { readOnly: boolean; own?: [string, string][] },
  ): Promise<Outcome> {
    const { timezone } = request.preferences;
    const known = timezone !== undefined && (await cache.timezones()).has(timezone);
    if (timezone !== undefined && !known) {
      if (request.preferences.handling === "strict") throw errors.preferences([`timezone=${timezone}`]);
      request.preferences.timezone = undefined;
    }
    const end = transactionEnd(graph);
    if (!end.clientMayChoose) request.preferences.tx = undefined;
    const { tx } = request.preferences;
    const settings = transactionSettings(
      request,
      identity,
      graph,
      listSetting(graph, "db_extra_search_path", config.extra_search_path),
      how.readOnly,
      how.own ?? [],
      request.preferences.timezone,
    );
    return pool.run({
      settings,
      planKey: `${identity.role}\0${settings.searchPath}`,
      statement: built.statement,
      explain: request.media.explain === undefined ? built.explain : undefined,
      explainAs: request.media.explain,
      rollback: tx === undefined ? end.rollback : tx === "rollback",
      repeatable: how.readOnly,
      caller: identity.caller ?? clientNetwork(raw.headers.get("x-forwarded-for") ?? ""),
      anonymous: identity.anonymous,
      request: raw,
    });
  }

  async function perform(context: Context): Promise<PlainAnswer> {
    const { request, graph } = context;
    const { target } = request;
    if (request.method === "OPTIONS") return respondOptions(request, graph);
    switch (target.kind) {
      case "root":
        return describe(context);
      case "call":
        return call(context, target.name);
      case "table": {
        const table = findTable(graph, request.schema, target.name);
        const isRead = request.method === "GET" || request.method === "HEAD";
        return isRead ? read(context, table) : mutate(context, table);
      }
    }
  }

  /** The request with the representation that its client gets. */
  function negotiated({ request, graph }: Context, target: Name): ApiRequest {
    const media = negotiate(request.accepted, {
      handler: (type) => findHandler(graph, target, request.query.select, type),
      plans: isEnabled(graph, "db_plan_enabled"),
    });
    return { ...request, media };
  }

  async function read(context: Context, table: Table): Promise<PlainAnswer> {
    const { graph, maxRows } = context;
    const { schema, query, range, method } = context.request;
    const plan = planRead(graph, schema, table, query, range, { maxRows, ofMutation: false });
    const request = negotiated(context, table);
    const built = buildRead(request, plan, maxRows, method !== "HEAD");
    const outcome = await run({ ...context, request }, built, { readOnly: true });
    if (request.media.explain !== undefined) return respondPlan(request, outcome);
    const result = readOutcome(outcome, request, maxRows);
    if (request.media.kind === "object" && result.rows !== 1) throw errors.notSingular(result.rows);
    return respondRead(request, table.name, result);
  }

  async function mutate(context: Context, table: Table): Promise<PlainAnswer> {
    const { graph, maxRows } = context;
    const { schema, query, range } = context.request;
    const plan = planRead(graph, schema, table, query, range, { ofMutation: true });
    const mutation = planMutation(graph, context.request, table);
    const request = negotiated(context, table);
    const statement: Statement = buildMutation(request, plan, mutation);
    const outcome = await run({ ...context, request }, { statement }, { readOnly: false });
    if (request.media.explain !== undefined) return respondPlan(request, outcome);
    return respondMutation(request, table, readOutcome(outcome, request, maxRows));
  }

  async function call(context: Context, name: string): Promise<PlainAnswer> {
    const { graph, maxRows } = context;
    const { method, schema, payload, query, preferences, range } = context.request;
    const names = payload ? payload.keys : query.arguments.map(([argument]) => argument);
    const routine = findRoutine(graph, context.request, name, names);
    if (preferences.handling === "strict" && preferences.maxAffected !== undefined && !routine.returnsSet) {
      throw errors.maxAffectedRpc();
    }
    const plan = planRead(graph, schema, resultTable(graph, routine), query, range, {
      maxRows,
      ofMutation: false,
    });
    const result = { schema, name: routine.returnsRows ? routine.result.name : routine.name };
    const request = negotiated(context, result);
    const built = buildCall(request, routine, plan, method !== "HEAD");
    const readOnly = method !== "POST" || routine.volatility !== "volatile";
    const outcome = await run({ ...context, request }, built, { readOnly, own: routine.settings });
    if (request.media.explain !== undefined) return respondPlan(request, outcome);
    return respondCall(request, routine.returnsVoid, readOutcome(outcome, request, maxRows));
  }

  async function describe(context: Context): Promise<PlainAnswer> {
    const { request, graph } = context;
    const { contentType } = negotiateRoot(request.accepted);
    const outcome = await run(
      context,
      { statement: describeApi.statement(request.schema) },
      { readOnly: true },
    );
    const document = describeApi.document(graph, request.schema, outcome.row[0]?.toString("utf8") ?? "{}");
    const headers: PlainAnswer["headers"] = [["content-type", contentType]];
    if (request.schemaNegotiated) headers.push(["content-profile", headerText(request.schema)]);
    return { status: 200, headers, body: request.method === "HEAD" ? null : JSON.stringify(document) };
  }

  async function answer(raw: PlainRequest): Promise<PlainAnswer> {
    try {
      const identity = await identify(raw.headers.get("authorization"), keys);
      const schemas = listSetting(cache.current(), "db_schemas", config.schemas);
      const request = await parseRequest(raw, schemas);
      const attempt = (graph: SchemaGraph) => {
        const maxRows = Number(graph.settings.get("db_max_rows") ?? config.max_rows) || config.max_rows;
        return perform({ raw, request, identity, graph, maxRows });
      };
      const graph = cache.current();
      return await attempt(graph).catch(async (cause) => {
        if (!(cause instanceof RestError) || !cause.fromSchemaCache) throw cause;
        // An unknown name may have been announced a moment ago. So try once more with a fresh graph.
        // Nothing was written: the error undid the whole request.
        await cache.settle();
        if (cache.current() === graph) throw cause;
        return attempt(cache.current());
      });
    } catch (cause) {
      const error = cause instanceof RestError ? cause : fromTrouble(cause);
      if (error) return respondError(guardError(error), raw.method === "HEAD");
      log("error", `${raw.method} ${raw.url.split("?")[0]}: ${(cause as Error)?.stack ?? cause}`);
      return respondError(new RestError(500, "PGRSTX00", "Internal error"), raw.method === "HEAD");
    }
  }

  return {
    answer,
    fetch: async (request) => fullResponse(await answer(plainRequest(request))),
    async [Symbol.asyncDispose]() {
      await Promise.all([pool[Symbol.asyncDispose](), cache[Symbol.asyncDispose]()]);
    },
  };
}

function findTable(graph: SchemaGraph, schema: string, name: string): Table {
  const table = graph.tables.get(key({ schema, name }));
  if (table) return table;
  const known = [...graph.tables.values()].filter((each) => each.schema === schema).map((each) => each.name);
  const similar = nearest(name, known, 0.75);
  throw errors.noTable(schema, name, similar ? `Perhaps you meant the table '${schema}.${similar}'` : null);
}

/** Tells which methods the table or function allows. */
function respondOptions(request: ApiRequest, graph: SchemaGraph): PlainAnswer {
  const { target, schema } = request;
  const allow = ["OPTIONS", "GET", "HEAD"];
  if (target.kind === "table") {
    const table = findTable(graph, schema, target.name);
    if (table.insertable) allow.push("POST");
    if (table.insertable && table.updatable && table.primaryKey.length > 0) allow.push("PUT");
    if (table.updatable) allow.push("PATCH");
    if (table.deletable) allow.push("DELETE");
  } else if (target.kind === "call") {
    const overloads = graph.routines.get(key({ schema, name: target.name }));
    const [only] = overloads ?? [findRoutine(graph, request, target.name, [])];
    if (only?.volatility === "volatile") allow.splice(1, 2, "POST");
    else allow.push("POST");
  }
  const headers: PlainAnswer["headers"] = [
    ["allow", allow.join(",")],
    ["access-control-allow-origin", "*"],
  ];
  return { status: 200, headers, body: null };
}
