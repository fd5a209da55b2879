/** Describes tables and composite types as JSON schemas. */
import type { Column, Composite, Relationship, SchemaGraph, Table } from "../schema/types.ts";
import { type Composites, jsonType, type Schema, typeSchema } from "./types.ts";

export function tableDefinition(table: Table, relationships: Relationship[], composites: Composites): Schema {
  const columns = [...table.columns.values()];
  return objectSchema(table.description, columns, (column) =>
    property(column, keyNotes(column, table, relationships), composites),
  );
}

export function compositeDefinition({ description, columns }: Composite, composites: Composites): Schema {
  return objectSchema(description, columns, (column) => property(column, [], composites));
}

/** What a function without a named type for its rows returns in each. */
export function rowSchema(columns: Column[], composites: Composites): Schema {
  return objectSchema(null, columns, (column) => property(column, [], composites));
}

/** The types of rows that schemas refer to, directly or through others. */
export function referredComposites(
  { composites }: Pick<SchemaGraph, "composites">,
  schemas: unknown,
): Composite[] {
  const byName = new Map([...composites.values()].map((composite) => [composite.name, composite]));
  const found = new Map<string, Composite>();
  const visit = (value: unknown) => {
    for (const [, name = ""] of JSON.stringify(value).matchAll(/"#\/definitions\/([^"]+)"/g)) {
      const composite = byName.get(name);
      if (!composite || found.has(name)) continue;
      found.set(name, composite);
      visit(compositeDefinition(composite, composites));
    }
  };
  visit(schemas);
  return [...found.values()];
}

function objectSchema(
  description: string | null,
  columns: Column[],
  describe: (column: Column) => Schema,
): Schema {
  const required = columns.filter((column) => !column.nullable).map((column) => column.name);
  return {
    description: description ?? undefined,
    required: required.length > 0 ? required : undefined,
    type: "object",
    properties: Object.fromEntries(columns.map((column) => [column.name, describe(column)])),
  };
}

function keyNotes(column: Column, table: Table, relationships: Relationship[]): string[] {
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
  return notes;
}

function property(column: Column, notes: string[], composites: Composites): Schema {
  const description = [column.description, notes.length > 0 ? `Note:\n${notes.join("\n")}` : undefined]
    .filter((part) => part)
    .join("\n\n");
  const type = typeSchema(column.baseFormat, composites);
  // Nothing may stand beside a reference.
  if (type.$ref !== undefined) return description ? { description, allOf: [type] } : type;
  return {
    ...type,
    default: defaultValue(column),
    description: description || undefined,
    enum: column.enumValues.length > 0 ? column.enumValues : undefined,
    maxLength: column.maxLength ?? undefined,
  };
}

/** A default as OpenAPI shows it: a constant as its value, an expression as its SQL. */
function defaultValue({ default: expression, baseFormat: format }: Column): unknown {
  if (expression === null) return undefined;
  const literal = /^'((?:[^']|'')*)'::/.exec(expression)?.[1]?.replaceAll("''", "'");
  if (literal !== undefined) return literal;
  if (jsonType(format) === "integer" || jsonType(format) === "number") {
    return Number.isFinite(Number(expression)) ? Number(expression) : expression;
  }
  if (format === "boolean") return expression === "true" ? true : expression === "false" ? false : expression;
  return expression;
}
