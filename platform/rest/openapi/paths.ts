/** Describes as OpenAPI paths what a client can do with a table or a function. */
import type { Parameter, Routine, Table } from "../schema/types.ts";
import { rowSchema } from "./definitions.ts";
import { type Composites, jsonType, numberFormat, type Schema, typeSchema } from "./types.ts";

const reference = (name: string) => ({ $ref: `#/parameters/${name}` });

export function tablePath(table: Table): Record<string, unknown> {
  const filters = [...table.columns.keys()].map((column) => reference(`rowFilter.${table.name}.${column}`));
  const [summary, ...description] = (table.description ?? "").split("\n");
  const operation = (parameters: unknown[], responses: unknown) => ({
    tags: [table.name],
    summary: summary || undefined,
    description: description.join("\n").trim() || undefined,
    parameters,
    responses,
  });
  const body = reference(`body.${table.name}`);
  const path: Record<string, unknown> = {
    get: operation(
      [
        ...filters,
        ...["select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"].map(reference),
      ],
      {
        200: {
          description: "OK",
          schema: { type: "array", items: { $ref: `#/definitions/${table.name}` } },
        },
        206: { description: "Partial Content" },
      },
    ),
  };
  if (table.insertable) {
    path.post = operation([body, reference("select"), reference("preferPost")], {
      201: { description: "Created" },
    });
  }
  if (table.updatable) {
    path.patch = operation([...filters, body, reference("preferReturn")], {
      204: { description: "No Content" },
    });
  }
  if (table.deletable) {
    path.delete = operation([...filters, reference("preferReturn")], { 204: { description: "No Content" } });
  }
  return path;
}

/** The parameters that tablePath() refers to. */
export function rowFilters(table: Table): Record<string, unknown> {
  const parameters: Record<string, unknown> = {
    [`body.${table.name}`]: {
      name: table.name,
      description: table.description ?? undefined,
      required: false,
      in: "body",
      schema: { $ref: `#/definitions/${table.name}` },
    },
  };
  for (const { name, description } of table.columns.values()) {
    parameters[`rowFilter.${table.name}.${name}`] = {
      name,
      description: description ?? undefined,
      required: false,
      in: "query",
      type: "string",
    };
  }
  return parameters;
}

export function routinePath(routine: Routine, composites: Composites): Record<string, unknown> {
  const [summary, ...description] = (routine.description ?? "").split("\n");
  const common = {
    tags: [`(rpc) ${routine.name}`],
    summary: summary || undefined,
    description: description.join("\n").trim() || undefined,
    produces: ["application/json", "application/vnd.pgrst.object+json"],
    responses: routine.returnsVoid
      ? { 204: { description: "No Content" } }
      : { 200: { description: "OK", schema: resultSchema(routine, composites) } },
  };
  const properties = Object.fromEntries(
    routine.parameters.map(({ name, type }) => [name, typeSchema(type, composites)]),
  );
  const required = routine.parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  const post = {
    ...common,
    parameters: [
      {
        name: "args",
        in: "body",
        required: true,
        schema: {
          type: "object",
          properties,
          required: required.length > 0 ? required : undefined,
        },
      },
    ],
  };
  if (routine.volatility === "volatile") return { post };
  return { get: { ...common, parameters: routine.parameters.map(argument) }, post };
}

/** What a call is answered with: rows as an array, one row as an object, a single value as itself. */
function resultSchema(routine: Routine, composites: Composites): Schema {
  const row =
    routine.returnsRows && !composites.has(routine.resultType)
      ? rowSchema(routine.resultColumns, composites)
      : typeSchema(routine.resultType, composites);
  return routine.returnsSet ? { type: "array", items: row } : row;
}

/** An argument in the query string. An array or JSON is written as text there. */
function argument({ name, type, required, variadic }: Parameter): Schema {
  if (variadic) {
    const element = type.replace(/\[\]$/, "");
    return {
      name,
      in: "query",
      required,
      type: "array",
      items: { type: jsonType(element) ?? "string", format: numberFormat(element) },
      collectionFormat: "multi",
    };
  }
  const format = numberFormat(type);
  return {
    name,
    in: "query",
    required,
    type: type.endsWith("[]") ? "string" : (jsonType(type) ?? "string"),
    format,
  };
}

const query = (name: string, description: string) => ({
  name,
  description,
  required: false,
  in: "query",
  type: "string",
});

const prefer = (values: string[]) => ({
  name: "Prefer",
  description: "Preference",
  required: false,
  in: "header",
  type: "string",
  enum: values,
});

export const commonParameters: Record<string, unknown> = {
  select: query("select", "Filtering Columns"),
  order: query("order", "Ordering"),
  offset: query("offset", "Limiting and Pagination"),
  limit: query("limit", "Limiting and Pagination"),
  range: {
    name: "Range",
    description: "Limiting and Pagination",
    required: false,
    in: "header",
    type: "string",
  },
  rangeUnit: {
    name: "Range-Unit",
    description: "Limiting and Pagination",
    required: false,
    default: "items",
    in: "header",
    type: "string",
  },
  preferCount: prefer(["count=none", "count=exact", "count=planned", "count=estimated"]),
  preferReturn: prefer(["return=representation", "return=minimal", "return=none"]),
  preferPost: prefer([
    "return=representation",
    "return=minimal",
    "return=none",
    "resolution=ignore-duplicates",
    "resolution=merge-duplicates",
  ]),
};
