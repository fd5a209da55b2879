/**
 * The PostgREST protocol over one database. `createRest` answers requests whose
 * path is `/table`, `/rpc/function` or `/`. README.md says what it can do and what not.
 */
import { clientNetwork } from "../client-network.ts";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { fullResponse, type PlainAnswer, type PlainRequest, plainRequest } from "../plain-http.ts";
import { createBodyRoom } from "./body-room.ts";
import { fromTrouble } from "./database/faults.ts";
import { createPool, type Outcome } from "./database/pool.ts";
import { transactionSettings } from "./database/settings.ts";
import { errors, RestError } from "./errors.ts";
import { type Identity, identify } from "./identity.ts";
import { describeApi } from "./openapi/index.ts";
import { findRoutine } from "./plan/routine.ts";
import { listSetting, transactionEnd } from "./plan/settings.ts";
import { findTable, type Prepared, prepare } from "./prepare.ts";
import { type ApiRequest, parseBody, parseHead } from "./request/index.ts";
import { negotiateRoot } from "./request/media.ts";
import { headerText, respondError, respondPlan } from "./response.ts";
import { createSchemaCache } from "./schema/cache.ts";
import { key, type SchemaGraph } from "./schema/types.ts";
import { createShapes, shapeOf } from "./shapes.ts";
import { guardError } from "./sql/guard.ts";
import type { Built } from "./sql/statement.ts";

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

  const shapes = createShapes();
  const bodies = createBodyRoom();

  interface Context {
    raw: PlainRequest;
    request: ApiRequest;
    identity: Identity;
    /** Who shares the pool and the room for bodies with others. */
    caller: string;
    graph: SchemaGraph;
  }

  const schemasOf = (graph: SchemaGraph) => listSetting(graph, "db_schemas", config.schemas);

  /**
   * The request with the preferences that count here.
   * @throws RestError PGRST122
   */
  async function settle(request: ApiRequest, graph: SchemaGraph): Promise<ApiRequest> {
    const { timezone, tx, handling } = request.preferences;
    const known = timezone !== undefined && (await cache.timezones()).has(timezone);
    if (timezone !== undefined && !known && handling === "strict") {
      throw errors.preferences([`timezone=${timezone}`]);
    }
    const preferences = {
      ...request.preferences,
      timezone: known ? timezone : undefined,
      tx: transactionEnd(graph).clientMayChoose ? tx : undefined,
    };
    return { ...request, preferences };
  }

  /** @param request one that was settled */
  function run(
    { raw, request, identity, caller, graph }: Context,
    built: Built,
    how: { readOnly: boolean; own: [string, string][] },
  ): Promise<Outcome> {
    const { tx, timezone } = request.preferences;
    const settings = transactionSettings(
      raw.headers,
      request,
      identity,
      graph,
      listSetting(graph, "db_extra_search_path", config.extra_search_path),
      how.readOnly,
      how.own,
      timezone,
    );
    return pool.run({
      settings,
      planKey: `${identity.role}\0${settings.searchPath}`,
      statement: built.statement,
      explain: request.media.explain === undefined ? built.explain : undefined,
      explainAs: request.media.explain,
      rollback: tx === undefined ? transactionEnd(graph).rollback : tx === "rollback",
      repeatable: how.readOnly,
      caller,
      anonymous: identity.anonymous,
      request: raw,
    });
  }

  async function perform(context: Omit<Context, "request">, prepared: Prepared): Promise<PlainAnswer> {
    const { timezone, tx } = prepared.request.preferences;
    const isSettled = timezone === undefined && tx === undefined;
    const request = isSettled ? prepared.request : await settle(prepared.request, context.graph);
    const outcome = await run({ ...context, request }, prepared.built, prepared);
    return request.media.explain === undefined
      ? prepared.respond(request, outcome)
      : respondPlan(request, outcome);
  }

  async function describe(context: Context): Promise<PlainAnswer> {
    const { contentType } = negotiateRoot(context.request.accepted);
    const request = await settle(context.request, context.graph);
    const built = { statement: describeApi.statement(request.schema) };
    const outcome = await run({ ...context, request }, built, { readOnly: true, own: [] });
    const text = outcome.row[0]?.toString("utf8") ?? "{}";
    const document = describeApi.document(context.graph, request.schema, text);
    const headers: PlainAnswer["headers"] = [["content-type", contentType]];
    if (request.schemaNegotiated) headers.push(["content-profile", headerText(request.schema)]);
    return { status: 200, headers, body: request.method === "HEAD" ? null : JSON.stringify(document) };
  }

  function prepareWith(request: ApiRequest, graph: SchemaGraph): Prepared {
    const maxRows = Number(graph.settings.get("db_max_rows") ?? config.max_rows) || config.max_rows;
    return prepare(request, graph, maxRows);
  }

  async function answer(raw: PlainRequest): Promise<PlainAnswer> {
    try {
      const identity = await identify(raw.headers.get("authorization"), keys);
      const graph = cache.current();
      const shape = shapeOf(raw);
      const known = shape && shapes.headOf(graph, shape);
      const parsed = known ? undefined : parseHead(raw, schemasOf(graph));
      const caller = identity.caller ?? clientNetwork(raw.headers.get("x-forwarded-for") ?? "");
      using _room = bodies.take(raw, caller);
      const payload = await parseBody(raw, (known ?? parsed) as ApiRequest, identity.role);

      const attempt = async (graph: SchemaGraph): Promise<PlainAnswer> => {
        const context = { raw, identity, caller, graph };
        const learned = shape && shapes.headOf(graph, shape) && shapes.find(shape, payload);
        if (learned) return perform(context, learned);
        const request = { ...(parsed ?? parseHead(raw, schemasOf(graph))), payload };
        if (request.method === "OPTIONS") return respondOptions(request, graph);
        if (request.target.kind === "root") return describe({ ...context, request });
        const answer = await perform(context, prepareWith(request, graph));
        if (shape) {
          shapes.learn(graph, shape, payload, (url, payload) => {
            const { method, headers } = raw;
            return prepareWith({ ...parseHead({ method, url, headers }, schemasOf(graph)), payload }, graph);
          });
        }
        return answer;
      };
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
