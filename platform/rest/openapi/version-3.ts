/**
 * Turns the description in OpenAPI 2.0, which PostgREST's clients expect, into one in OpenAPI 3.0 for
 * tools that make clients and pages from it. `npm run openapi` writes it to supabase/openapi.json.
 */
import type { Document } from "./index.ts";

type Json = Record<string, unknown>;

/** @param servers the URLs under which the API is found */
export function toVersion3({ info, paths, definitions, parameters }: Document, servers: string[]): Json {
  const isBody = (parameter: unknown) => (parameter as Json).in === "body";
  const named = Object.entries(parameters);
  return {
    openapi: "3.0.3",
    info,
    servers: servers.map((url) => ({ url })),
    security: [{ apikey: [] }, { apikey: [], user: [] }],
    paths: Object.fromEntries(
      Object.entries(paths).map(([path, operations]) => [
        path,
        Object.fromEntries(
          Object.entries(operations).map(([method, each]) => [
            method,
            operation(each as Json, operationId(method, path)),
          ]),
        ),
      ]),
    ),
    components: {
      schemas: Object.fromEntries(
        Object.entries(definitions).map(([name, schema]) => [name, withNulls(schema as Json)]),
      ),
      parameters: Object.fromEntries(
        named.filter(([, each]) => !isBody(each)).map(([name, each]) => [name, parameter(each as Json)]),
      ),
      requestBodies: Object.fromEntries(
        named.filter(([, each]) => isBody(each)).map(([name, each]) => [name, requestBody(each as Json)]),
      ),
      securitySchemes: {
        apikey: { type: "apiKey", in: "header", name: "apikey", description: "A key of the project" },
        user: { type: "http", scheme: "bearer", bearerFormat: "JWT", description: "The user's access token" },
      },
    },
  };
}

/** `get /rpc/home_feed` becomes `get_rpc_home_feed`. */
function operationId(method: string, path: string): string {
  return [method, ...path.split("/")].filter((part) => part !== "").join("_");
}

function operation({ parameters = [], responses, produces: _, ...rest }: Json, id: string): Json {
  const list = parameters as Json[];
  const body = list.find((each) => each.in === "body" || String(each.$ref).startsWith("#/parameters/body."));
  const others = list.filter((each) => each !== body).map(parameter);
  return {
    operationId: id,
    ...rest,
    ...(others.length > 0 ? { parameters: others } : {}),
    ...(body ? { requestBody: requestBody(body) } : {}),
    responses: Object.fromEntries(
      Object.entries(responses as Record<string, Json>).map(([status, each]) => [status, response(each)]),
    ),
  };
}

function parameter(old: Json): Json {
  if (old.$ref !== undefined) return { $ref: String(old.$ref).replace("#/", "#/components/") };
  const { name, in: place, required, description, collectionFormat, ...schema } = old;
  const repeats = collectionFormat === "multi" ? { style: "form", explode: true } : {};
  return { name, in: place, required, description, ...repeats, schema: moved(schema) };
}

function requestBody(old: Json): Json {
  if (old.$ref !== undefined) {
    return { $ref: String(old.$ref).replace("#/parameters/", "#/components/requestBodies/") };
  }
  const { description, required, schema } = old;
  return { description, required, content: content(schema as Json) };
}

function response({ description, schema }: Json): Json {
  return schema === undefined ? { description } : { description, content: content(schema as Json) };
}

function content(schema: Json): Json {
  return { "application/json": { schema: moved(schema) } };
}

/** The schema with its references where OpenAPI 3 has the definitions. */
function moved<T>(schema: T): T {
  return JSON.parse(JSON.stringify(schema).replaceAll("#/definitions/", "#/components/schemas/")) as T;
}

/** A property that is not required may be null: it is a column that may be null. */
function withNulls(schema: Json): Json {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>);
  return moved({
    ...schema,
    properties: Object.fromEntries(
      properties.map(([name, each]) => {
        if (required.has(name)) return [name, each];
        return [
          name,
          each.$ref === undefined ? { ...each, nullable: true } : { allOf: [each], nullable: true },
        ];
      }),
    ),
  });
}
