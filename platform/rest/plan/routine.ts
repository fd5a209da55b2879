/** Chooses among the overloads of a function by the names of the arguments. */
import { errors } from "../errors.ts";
import type { ApiRequest } from "../request/index.ts";
import { nearest } from "../schema/nearest.ts";
import { key, type Routine, type SchemaGraph, type Table } from "../schema/types.ts";

/** The types that a single unnamed parameter may have to take the whole body, by content type. */
const bodyTypes: Record<string, string[]> = {
  "application/json": ["json", "jsonb"],
  "text/plain": ["text"],
  "text/xml": ["xml"],
  "application/octet-stream": ["bytea"],
};

/**
 * @param names the names of the arguments
 * @throws RestError PGRST202, PGRST203
 */
export function findRoutine(graph: SchemaGraph, request: ApiRequest, name: string, names: string[]): Routine {
  const { schema, contentType } = request;
  const isPost = request.method === "POST";
  const overloads = graph.routines.get(key({ schema, name })) ?? [];
  const given = new Set(names);
  const takesRaw = isPost && contentType in bodyTypes && contentType !== "application/json";
  const named = overloads.filter(({ parameters }) => {
    if (parameters.length === 0) return given.size === 0 && !takesRaw;
    const known = new Set(parameters.map((parameter) => parameter.name));
    return (
      [...given].every((argument) => known.has(argument)) &&
      parameters.every((parameter) => !parameter.required || given.has(parameter.name))
    );
  });
  const [match, second] = named;
  if (second) throw errors.ambiguousRoutine(named);
  if (match) return match;
  const unnamed = overloads.filter(({ parameters }) => {
    const [only, another] = parameters;
    return isPost && only?.name === "" && !another && bodyTypes[contentType]?.includes(only.type);
  });
  const [fallback, other] = unnamed;
  if (other) throw errors.ambiguousRoutine(unnamed);
  if (fallback) return fallback;
  throw notFound(graph, request, name, [...given].toSorted(), overloads);
}

function notFound(
  graph: SchemaGraph,
  request: ApiRequest,
  name: string,
  names: string[],
  overloads: Routine[],
): Error {
  const { schema, contentType } = request;
  const isPost = request.method === "POST";
  const rawType = isPost && contentType !== "application/json" ? bodyTypes[contentType]?.[0] : undefined;
  const list = names.join(", ");
  const inMessage = rawType ? "" : names.length === 0 ? " without parameters" : `(${list})`;
  const inDetails =
    names.length === 0 ? " without parameters" : ` with parameter${names.length > 1 ? "s" : ""} ${list}`;
  const how = rawType
    ? ` with a single unnamed ${rawType} parameter`
    : isPost && contentType === "application/json"
      ? `${inDetails} or with a single unnamed json/jsonb parameter`
      : inDetails;
  return errors.noRoutine(
    `Could not find the function ${schema}.${name}${inMessage} in the schema cache`,
    `Searched for the function ${schema}.${name}${how}, but no matches were found in the schema cache.`,
    rawType ? null : suggest(graph, schema, name, names, overloads),
  );
}

function suggest(
  graph: SchemaGraph,
  schema: string,
  name: string,
  names: string[],
  overloads: Routine[],
): string | null {
  const signature = (parameters: string[]) => `(${parameters.toSorted().join(", ")})`;
  const found =
    overloads.length === 0
      ? nearest(
          name,
          [...graph.routines.values()].flatMap(([first]) => (first?.schema === schema ? [first.name] : [])),
          0.75,
        )
      : nearest(
          signature(names),
          overloads.map(({ parameters }) => signature(parameters.map((parameter) => parameter.name))),
          0.33,
        );
  if (found === undefined) return null;
  return `Perhaps you meant to call the function ${schema}.${overloads.length === 0 ? found : name + found}`;
}

/** The single column of a function that returns plain values. */
export const scalarColumn = "pgrst_scalar";

/** The function's result as a table, to be read like one. */
export function resultTable(graph: SchemaGraph, routine: Routine): Table {
  const known = routine.returnsRows ? graph.tables.get(key(routine.result)) : undefined;
  if (known) return known;
  const columns = routine.returnsRows
    ? routine.resultColumns
    : [
        {
          name: scalarColumn,
          type: routine.resultType,
          format: routine.resultType,
          baseFormat: routine.resultType,
          base: routine.result.name,
          nullable: true,
          default: null,
          maxLength: null,
          enumValues: [],
          description: null,
        },
      ];
  return {
    schema: routine.schema,
    name: routine.name,
    isView: true,
    insertable: false,
    updatable: false,
    deletable: false,
    description: null,
    primaryKey: [],
    columns: new Map(columns.map((column) => [column.name, column])),
    computed: new Map(routine.resultComputed),
  };
}
