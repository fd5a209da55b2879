/** Describes types of Postgres as JSON schemas. */
import type { SchemaGraph } from "../schema/types.ts";

export type Schema = Record<string, unknown>;

/** The types of rows, which have a definition of their own. */
export type Composites = SchemaGraph["composites"];

/** @param format a type's name as in a column's `format` */
export function typeSchema(format: string, composites: Composites): Schema {
  if (format.endsWith("[]")) {
    const element = format.slice(0, -2);
    return { format, type: "array", items: elementSchema(element, composites) };
  }
  const composite = composites.get(format);
  if (composite) return { $ref: `#/definitions/${composite.name}` };
  const type = jsonType(format);
  return type === undefined ? { format } : { format: numberFormat(format), type };
}

function elementSchema(format: string, composites: Composites): Schema {
  if (composites.has(format)) return typeSchema(format, composites);
  const type = jsonType(format);
  return type === undefined ? {} : { type };
}

/** Types of text have the type's name as their format. Numbers have the formats that OpenAPI knows. */
export function numberFormat(format: string): string {
  if (format === "smallint" || format === "integer") return "int32";
  return format === "bigint" ? "int64" : format;
}

export function jsonType(format: string): "integer" | "number" | "boolean" | "string" | undefined {
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
