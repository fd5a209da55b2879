/**
 * The values of generated columns. The stream leaves them out. So the server makes them again, from the
 * same expression and the values that the expression reads.
 */
import { identifier, literal } from "../sql.ts";
import type { ChangeRecord, Values } from "./record.ts";
import type { Column } from "./tables.ts";

/** The expressions that the server has to evaluate before the change is complete. */
export function generatedExpressions(record: ChangeRecord): string[] {
  return missingValues(record).map(({ expression }) => expression);
}

/** Adds the values to the change. Those that could not be made stay absent. */
export function addGenerated(record: ChangeRecord, answers: Map<string, string | null | undefined>): void {
  for (const { values, column, expression } of missingValues(record)) {
    const text = answers.get(expression);
    if (text === undefined) continue;
    values.set(column.name, text);
    record.bytes += text === null ? 0 : Buffer.byteLength(text);
  }
  if (!record.sameKey) return;
  for (const { name, generated } of record.table.columns) {
    const text = record.row.get(name);
    if (generated && text !== undefined && record.table.primaryKey.includes(name)) record.old.set(name, text);
  }
}

function missingValues({ table, whole }: ChangeRecord): {
  values: Values;
  column: Column;
  expression: string;
}[] {
  return table.columns.flatMap((column) =>
    whole.flatMap((values) => {
      const expression = values.has(column.name) ? undefined : expressionOf(column, table.columns, values);
      return expression === undefined ? [] : [{ values, column, expression }];
    }),
  );
}

/** Undefined when the column is not generated, or when the change lacks a value that it is made of. */
function expressionOf({ generated }: Column, columns: Column[], values: Values): string | undefined {
  if (!generated) return undefined;
  const sources = columns.filter(({ name }) => generated.sources.includes(name));
  const casts: string[] = [];
  for (const { name, sqlType } of sources) {
    const text = values.get(name);
    if (text === undefined) return undefined;
    casts.push(`${text === null ? "null" : literal(text)}::${sqlType} as ${identifier(name)}`);
  }
  return `(select ${generated.expression} from (select ${casts.join(", ")}) as made)`;
}
