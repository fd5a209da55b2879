/**
 * The schema graph that requests are planned over: plain data, built by load.ts,
 * replaced as a whole by cache.ts. Names in it come from the catalog alone.
 */
export interface Name {
  schema: string;
  name: string;
}

export interface Column {
  name: string;
  /** As SQL, schema-qualified and quoted where needed: `character varying(10)`, `public."Mood"`. */
  type: string;
  /** Without its modifier, for OpenAPI. */
  format: string;
  /** pg_type.typname below domains: "jsonb", "tsvector", "int4"… */
  base: string;
  nullable: boolean;
  /** An SQL expression. */
  default: string | null;
  maxLength: number | null;
  enumValues: string[];
  description: string | null;
}

export interface Table extends Name {
  isView: boolean;
  insertable: boolean;
  updatable: boolean;
  deletable: boolean;
  description: string | null;
  primaryKey: string[];
  columns: Map<string, Column>;
  /** Functions of one argument, this row: readable like columns. */
  computed: Set<string>;
}

export type Cardinality = "m2o" | "o2m" | "o2o" | "m2m";

/** Pairs of column names. */
export type ColumnPairs = [string, string][];

export interface Relationship {
  table: Name;
  foreign: Name;
  cardinality: Cardinality;
  /** The foreign key's; the function's name when computed. */
  constraint: string;
  /** Whether it is `table` that has the key, not `foreign`. */
  owned: boolean;
  /** From `table` to `foreign`; empty for m2m and computed ones. */
  columns: ColumnPairs;
  junction?: Junction;
  /** A set-returning function that takes a row of `table`. */
  computed?: Name;
  tableIsView: boolean;
  foreignIsView: boolean;
}

export interface Junction {
  table: Name;
  sourceConstraint: string;
  targetConstraint: string;
  /** Columns of the relationship's table and the junction's. */
  source: ColumnPairs;
  /** Columns of the relationship's foreign table and the junction's. */
  target: ColumnPairs;
}

export interface Parameter {
  /** "" when unnamed. */
  name: string;
  type: string;
  /** `type`, with types whose length would cut values off made variable. */
  castType: string;
  required: boolean;
  variadic: boolean;
}

export interface Routine extends Name {
  oid: number;
  description: string | null;
  parameters: Parameter[];
  volatility: "immutable" | "stable" | "volatile";
  returnsSet: boolean;
  /** Rows with columns rather than a single value each. */
  returnsRows: boolean;
  returnsVoid: boolean;
  /** The table or composite type whose rows it returns. */
  result: Name;
  /** Columns of the result where `result` is no exposed table. */
  resultColumns: Column[];
  resultType: string;
  settings: [string, string][];
}

export interface RoleSettings {
  settings: [string, string][];
}

export interface SchemaGraph {
  /** By `schema.name` as made by key(). */
  tables: Map<string, Table>;
  /** By the key of their table. */
  relationships: Map<string, Relationship[]>;
  /** Overloads, by key. */
  routines: Map<string, Routine[]>;
  /** What may stand after `::` in select, lower case, to SQL. */
  types: Map<string, string>;
  roles: Map<string, RoleSettings>;
  /** `alter role authenticator set pgrst.…`, without the prefix. */
  settings: Map<string, string>;
  schemaComments: Map<string, string>;
}

export function key({ schema, name }: Name): string {
  return `${schema}\0${name}`;
}

export function isToOne(relationship: Relationship): boolean {
  return relationship.cardinality === "m2o" || relationship.cardinality === "o2o";
}
