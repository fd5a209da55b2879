/**
 * All errors that rest itself raises, in PostgREST's words and with its codes:
 * https://docs.postgrest.org/en/stable/references/errors.html
 */
import type { Relationship, Routine } from "./schema/types.ts";

export interface ErrorBody {
  code: string;
  message: string;
  details: unknown;
  hint: string | null;
}

/** Thrown anywhere in rest. index.ts turns it into a response. */
export class RestError extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: [string, string][];

  constructor(
    status: number,
    code: string,
    message: string,
    details: unknown = null,
    hint: string | null = null,
    headers: [string, string][] = [],
  ) {
    super(message);
    this.name = "RestError";
    this.status = status;
    this.body = { code, message, details, hint };
    this.headers = headers;
  }

  /** Whether the answer could be another one with a fresher schema graph. */
  get fromSchemaCache(): boolean {
    return this.body.code.startsWith("PGRST2") || this.body.code === "42703" || this.body.code === "42704";
  }
}

/** In seconds. By then most statements that hold the connections have ended. */
export const later: [string, string][] = [["Retry-After", "2"]];

export const errors = {
  unparsable: (what: string, text: string, column: number, details: string) =>
    new RestError(400, "PGRST100", `"failed to parse ${what} (${text})" (line 1, column ${column})`, details),
  rpcMethod: (method: string) => new RestError(405, "PGRST101", `Cannot use the ${method} method on RPC`),
  body: (message: string, status = 400) => new RestError(status, "PGRST102", message),
  range: (details: string, total?: number) =>
    new RestError(416, "PGRST103", "Requested range not satisfiable", details, null, [
      ...(total === undefined ? [] : [["Content-Range", `*/${total}`] as [string, string]]),
    ]),
  tooFar: (offset: string) =>
    new RestError(400, "22003", `value "${offset}" is out of range for type bigint`),
  putFilters: () =>
    new RestError(
      405,
      "PGRST105",
      "Filters must include all and only primary key columns with 'eq' operators",
    ),
  schema: (name: string, exposed: string[]) =>
    new RestError(
      406,
      "PGRST106",
      `Invalid schema: ${name}`,
      null,
      `Only the following schemas are exposed: ${exposed.join(", ")}`,
    ),
  mediaType: (accepted: string[]) =>
    new RestError(406, "PGRST107", `None of these media types are available: ${accepted.join(", ")}`),
  notEmbedded: (name: string) =>
    new RestError(
      400,
      "PGRST108",
      `'${name}' is not an embedded resource in this request`,
      null,
      `Verify that '${name}' is included in the 'select' query parameter.`,
    ),
  responseHeaders: () =>
    new RestError(
      500,
      "PGRST111",
      "response.headers guc must be a JSON array composed of objects with a single key and a string value",
    ),
  responseStatus: () => new RestError(500, "PGRST112", "response.status guc must be a valid status code"),
  putRange: () =>
    new RestError(400, "PGRST114", "limit/offset querystring parameters are not allowed for PUT"),
  putKey: () => new RestError(400, "PGRST115", "Payload values do not match URL in primary key column(s)"),
  notSingular: (rows: number | string) =>
    new RestError(
      406,
      "PGRST116",
      "Cannot coerce the result to a single JSON object",
      `The result contains ${rows} rows`,
    ),
  method: (method: string) => new RestError(405, "PGRST117", `Unsupported HTTP method: ${method}`),
  relatedOrder: (origin: string, target: string) =>
    new RestError(
      400,
      "PGRST118",
      `A related order on '${target}' is not possible`,
      `'${origin}' and '${target}' do not form a many-to-one or one-to-one relationship`,
    ),
  embedFilter: (target: string) =>
    new RestError(
      400,
      "PGRST120",
      `Bad operator on the '${target}' embedded resource`,
      "Only is null or not is null filters are allowed on embedded resources",
    ),
  raisedJson: (details: string, hint: string) =>
    new RestError(
      500,
      "PGRST121",
      `Could not parse JSON in the "RAISE SQLSTATE 'PGRST'" error`,
      details,
      hint,
    ),
  preferences: (invalid: string[]) =>
    new RestError(
      400,
      "PGRST122",
      "Invalid preferences given with handling=strict",
      `Invalid preferences: ${invalid.join(", ")}`,
    ),
  aggregates: () => new RestError(400, "PGRST123", "Use of aggregate functions is not allowed"),
  maxAffected: (rows: number | string) =>
    new RestError(
      400,
      "PGRST124",
      "Query result exceeds max-affected preference constraint",
      `The query affects ${rows} rows`,
    ),
  path: () => new RestError(404, "PGRST125", "Invalid path specified in request URL"),
  notImplemented: (details: string) => new RestError(400, "PGRST127", "Feature not implemented", details),
  maxAffectedRpc: () =>
    new RestError(
      400,
      "PGRST128",
      "Function must return SETOF or TABLE when max-affected preference is used with handling=strict",
    ),
  noRelationship: (
    parent: string,
    child: string,
    embedHint: string | undefined,
    schema: string,
    hint: string | null,
  ) =>
    new RestError(
      400,
      "PGRST200",
      `Could not find a relationship between '${parent}' and '${child}' in the schema cache`,
      `Searched for a foreign key relationship between '${parent}' and '${child}'${
        embedHint === undefined ? "" : ` using the hint '${embedHint}'`
      } in the schema '${schema}', but no matches were found.`,
      hint,
    ),
  ambiguousRelationship: (parent: string, child: string, found: Relationship[]) =>
    new RestError(
      300,
      "PGRST201",
      `Could not embed because more than one relationship was found for '${parent}' and '${child}'`,
      found.map(describeRelationship),
      `Try changing '${child}' to one of the following: ${found
        .map((relationship) => `'${relationship.foreign.name}!${relationshipHint(relationship)}'`)
        .join(", ")}. Find the desired relationship in the 'details' key.`,
    ),
  noRoutine: (message: string, details: string, hint: string | null) =>
    new RestError(404, "PGRST202", message, details, hint),
  ambiguousRoutine: (found: Routine[]) =>
    new RestError(
      300,
      "PGRST203",
      `Could not choose the best candidate function between: ${found
        .map((routine) => {
          const parameters = routine.parameters.map(({ name, type }) => `${name} => ${type}`);
          return `${routine.schema}.${routine.name}(${parameters.join(", ")})`;
        })
        .join(", ")}`,
      null,
      "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
    ),
  noColumn: (table: string, column: string) =>
    new RestError(400, "PGRST204", `Could not find the '${column}' column of '${table}' in the schema cache`),
  noTable: (schema: string, table: string, hint: string | null) =>
    new RestError(
      404,
      "PGRST205",
      `Could not find the table '${schema}.${table}' in the schema cache`,
      null,
      hint,
    ),
  /** The words of Postgres for an unknown column. An unknown name never reaches Postgres, so rest says them. */
  undefinedColumn: (reference: string, hint: string | null = null) =>
    new RestError(400, "42703", `column ${reference} does not exist`, null, hint),
  /** The words of Postgres when two parts of a FROM have one name, as they have in PostgREST's SQL. */
  embeddedTwice: (name: string) =>
    new RestError(400, "42712", `table name "${name}" specified more than once`),
  undefinedType: (name: string) => new RestError(400, "42704", `type "${name}" does not exist`),
  /** Postgres refuses this character in text. It would also end the statement too early on the wire. */
  nullCharacter: () => new RestError(400, "22021", 'invalid byte sequence for encoding "UTF8": 0x00'),
  /** The words of the safeupdate extension, which hosted Supabase loads for the API's role. */
  unfiltered: (command: "UPDATE" | "DELETE") =>
    new RestError(400, "21000", `${command} requires a WHERE clause`),
  tooLong: (what: string, max: number, status: number) =>
    new RestError(status, "PGRST100", `The ${what} is longer than ${max} bytes`),
  /** Nothing was done. */
  unreachable: () => new RestError(503, "PGRST000", "Database connection error.", null, null, later),
  /** A write may have been done. */
  connectionLost: () => new RestError(503, "PGRST001", "Database client error.", null, null, later),
  /** PostgREST waits for ever instead. A write may have been done. */
  late: () =>
    new RestError(
      503,
      "PGRST001",
      "Database client error.",
      "The database did not answer in time.",
      null,
      later,
    ),
  noSchemaCache: () =>
    new RestError(
      503,
      "PGRST002",
      "Could not query the database for the schema cache. Retrying.",
      null,
      null,
      later,
    ),
  /** Postgres' own words have the name of a file. */
  diskFull: () =>
    new RestError(503, "53100", "The database's disk is full, so it cannot do this now.", null, null, later),
  poolTimeout: () =>
    new RestError(504, "PGRST003", "Timed out acquiring connection from connection pool.", null, null, later),
  /** PostgREST has no such error. The code says that the request did not get a connection. */
  callerWaits: () =>
    new RestError(
      429,
      "PGRST003",
      "Too many of your requests are waiting for a connection.",
      null,
      "Send fewer requests at the same time.",
      later,
    ),
  /** @param own whether the caller's other requests take the room */
  bodyRoom: (own: boolean) =>
    new RestError(
      own ? 429 : 503,
      "PGRST003",
      "Too many large request bodies are in memory.",
      null,
      "Send large bodies one after the other, or in smaller parts.",
      later,
    ),
  poolBusy: () =>
    new RestError(503, "PGRST003", "Too many requests are waiting for a connection.", null, null, later),
  /** Nobody reads this answer. */
  clientGone: () => new RestError(499, "PGRST003", "The client left before a connection was free."),
};

export function relationshipHint(relationship: Relationship): string {
  return relationship.junction?.table.name ?? relationship.constraint;
}

const cardinalityNames = {
  m2o: "many-to-one",
  o2m: "one-to-many",
  o2o: "one-to-one",
  m2m: "many-to-many",
} as const;

function describeRelationship(relationship: Relationship): Record<string, string> {
  const { table, foreign, junction } = relationship;
  const columns = (names: string[]) => `(${names.join(", ")})`;
  return {
    cardinality: cardinalityNames[relationship.cardinality],
    embedding: `${table.name} with ${foreign.name}`,
    relationship: junction
      ? `${junction.table.name} using ${junction.sourceConstraint}${columns(
          junction.source.map(([, column]) => column),
        )} and ${junction.targetConstraint}${columns(junction.target.map(([, column]) => column))}`
      : `${relationship.constraint} using ${table.name}${columns(
          relationship.columns.map(([from]) => from),
        )} and ${foreign.name}${columns(relationship.columns.map(([, to]) => to))}`,
  };
}
