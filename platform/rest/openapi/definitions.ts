/** Describes tables as JSON schemas. */
import type { Column, Relationship, Table } from "../schema/types.ts";

export function definition(table: Table, relationships: Relationship[]): unknown {
  const columns = [...table.columns.values()];
  const required = columns.filter((column) => !column.nullable).map((column) => column.name);
  return {
    description: table.description ?? undefined,
    required: required.length > 0 ? required : undefined,
    type: "object",
    properties: Object.fromEntries(
      columns.map((column) => [column.name, property(column, table, relationships)]),
    ),
  };
}

function property(column: Column, table: Table, relationships: Relationship[]): unknown {
  const notes: string[] = [];
  if (table.primaryKey.includes(column.name)) notes.push("This is a Primary Key.<pk/>");
  const foreign = relationships.find(
    ({ owned, columns, foreignIsView }) =>
      owned && !foreignIsView && columns.length === 1 && columns[0]?.[0] === column.name,
  );
  if (foreign) {
    const to = foreign.columns[0]?.[1];
    notes.push(
      `This is a Foreign Key to \`${foreign.foreign.name}.${to}\`.<fk table='${foreign.foreign.name}' column='${to}'/>`,
    );
  }
  const description = [column.description, notes.length > 0 ? `Note:\n${notes.join("\n")}` : undefined]
    .filter((part) => part)
    .join("\n\n");
  return {
    ...typeSchema(column.format),
    default: defaultValue(column),
    description: description || undefined,
    enum: column.enumValues.length > 0 ? column.enumValues : undefined,
    maxLength: column.maxLength ?? undefined,
  };
}

/** A Postgres type in the terms of JSON schema. The type's own name is the format. */
export function typeSchema(format: string): Record<string, unknown> {
  if (format.endsWith("[]")) return { format, type: "array", items: { type: jsonType(format.slice(0, -2)) } };
  const type = jsonType(format);
  return type === undefined ? { format } : { format, type };
}

function jsonType(format: string): string | undefined {
  switch (format) {
    case "smallint":
    case "integer":
    case "bigint":
      return "integer";
    case "numeric":
    case "real":
    case "double precision":
      return "number";
    case "boolean":
      return "boolean";
    case "json":
    case "jsonb":
      return undefined;
  }
  return "string";
}

/** A default as OpenAPI shows it: a constant as its value, an expression as its SQL. */
function defaultValue({ default: expression, format }: Column): unknown {
  if (expression === null) return undefined;
  const literal = /^'((?:[^']|'')*)'::/.exec(expression)?.[1]?.replaceAll("''", "'");
  if (literal !== undefined) return literal;
  if (jsonType(format) === "integer" || jsonType(format) === "number") {
    return Number.isFinite(Number(expression)) ? Number(expression) : expression;
  }
  if (format === "boolean") return expression === "true" ? true : expression === "false" ? false : expression;
  return expression;
}
