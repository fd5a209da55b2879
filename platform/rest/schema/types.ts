/**
 * The schema graph: what a plan looks names up in. It is plain data. load.ts builds it and
 * cache.ts replaces it as a whole. All its names come from the catalog.
 */
export interface Name {
  schema: string;
  name: string;
}

export interface Column {
  name: string;
  /** As SQL, with schema and quotes where needed: `character varying(10)`, `public."Mood"`. */
  type: string;
  /** The type without its modifier. */
  format: string;
  /** Like `format`. If the type is a domain, it is the type below it, which OpenAPI shows. */
  baseFormat: string;
  /** pg_type.typname. If the type is a domain, it is the type below it: "jsonb", "tsvector", "int4"… */
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
  /** Functions whose one argument is a row of this table. They are read like columns. The value is like `base`. */
  computed: Map<string, string>;
}

export type Cardinality = "m2o" | "o2m" | "o2o" | "m2m";

/** Pairs of column names. */
export type ColumnPairs = [string, string][];

export interface Relationship {
  table: Name;
  foreign: Name;
  cardinality: Cardinality;
  /** The foreign key's name, or the function's if the relationship is computed. */
  constraint: string;
  /** Whether `table` has the key. Otherwise `foreign` has it. */
  owned: boolean;
  /** From `table` to `foreign`. Empty if m2m or computed. */
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
  /** Pairs of a column of the relationship's table and one of the junction. */
  source: ColumnPairs;
  /** Pairs of a column of the relationship's foreign table and one of the junction. */
  target: ColumnPairs;
}

export interface Parameter {
  /** "" if it has no name. */
  name: string;
  type: string;
  /** As `type`, but without a length that would cut values off. */
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
  /** Whether a row of the result has columns. Otherwise it is a single value. */
  returnsRows: boolean;
  returnsVoid: boolean;
  /** The table or composite type whose rows it returns. */
  result: Name;
  /** The result's columns, if `result` is not an exposed table. */
  resultColumns: Column[];
  /** Like a table's `computed`. */
  resultComputed: [string, string][];
  resultType: string;
  settings: [string, string][];
}

export interface RoleSettings {
  settings: [string, string][];
}

/** The type of a row. */
export interface Composite extends Name {
  description: string | null;
  /** Empty if it is the row of a table, which has them. */
  columns: Column[];
}

/** Makes the body of an answer with a media type of the application's own. */
export interface MediaHandler {
  /** The media type in lower case. Two stars with a slash mean any. */
  media: string;
  /** Like a column's `base`. */
  base: string;
  /** The aggregate over the rows. Absent if the target is a function, whose result is the body. */
  aggregate: Name | null;
  /** The table or function that it is for. Absent if it is for the rows of any. */
  target: Name | null;
}

export interface SchemaGraph {
  /** By `schema.name`, which key() makes. */
  tables: Map<string, Table>;
  /** By the key of their table. */
  relationships: Map<string, Relationship[]>;
  /** All overloads of a function, by key. */
  routines: Map<string, Routine[]>;
  /** Casts: from the text after `::` in select, in lower case, to the type's SQL. */
  types: Map<string, string>;
  /** By their names as types, as in a column's `format`. */
  composites: Map<string, Composite>;
  /** Functions as SQL that make JSON or text of a domain or the reverse, by representation(). */
  representations: Map<string, string>;
  handlers: MediaHandler[];
  roles: Map<string, RoleSettings>;
  /** The settings of `alter role authenticator set pgrst.…`, without the prefix. */
  settings: Map<string, string>;
  schemaComments: Map<string, string>;
}

export function key({ schema, name }: Name): string {
  return `${schema}\0${name}`;
}

/** The key of the function that makes one type of another. Both are named as in a column's `format`. */
export function representation(from: string, to: string): string {
  return `${from}\0${to}`;
}

export function isToOne(relationship: Relationship): boolean {
  return relationship.cardinality === "m2o" || relationship.cardinality === "o2o";
}
