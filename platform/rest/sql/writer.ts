/** The state of writing a read plan as SQL. */
import type { PlannedField } from "../plan/node.ts";
import type { Table } from "../schema/types.ts";
import { createValues, type Values } from "./text.ts";

export interface Writer {
  values: Values;
  /** The number of the next alias. */
  next: number;
  /** An alias whose rows are whole records of a table, as a mutation returns them. */
  records?: { alias: string; table: Table };
  /** Columns of spread embeds whose aggregate is computed further out, with their names inside. */
  raw: Map<PlannedField, string>;
}

export function createWriter(): Writer {
  return { values: createValues(), next: 1, raw: new Map() };
}
