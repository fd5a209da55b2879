/** Writes columns and conditions as SQL. */
import type { PlannedColumn, PlannedCondition, ReadNode } from "../plan/node.ts";
import type { Operation } from "../request/filter.ts";
import { arrayText, quoteName, type Values } from "./text.ts";

/** A column of the table or embed that has this alias, with its JSON path. */
export function columnSql(alias: string, column: PlannedColumn, values: Values): string {
  let sql = `${alias}.${quoteName(column.name)}`;
  if (column.path.length === 0) return sql;
  if (!column.isJson) sql = `to_jsonb(${sql})`;
  for (const { asText, key, isIndex } of column.path) {
    // The operator takes both types, so the placeholder says its own: text for a key, int for an index.
    sql += `${asText ? "->>" : "->"}${values.typed(key, isIndex ? "int" : "text")}`;
  }
  return `(${sql})`;
}

/** @param embedTest returns SQL that is true if an embed has rows */
export function conditionSql(
  alias: string,
  condition: PlannedCondition,
  values: Values,
  embedTest: (embed: ReadNode, present: boolean) => string,
): string {
  switch (condition.kind) {
    case "embed":
      return embedTest(condition.embed, condition.present);
    case "group": {
      const inner = condition.conditions.map((each) => conditionSql(alias, each, values, embedTest));
      return `${condition.negated ? "not " : ""}(${inner.join(` ${condition.operator} `)})`;
    }
    case "filter": {
      const { column, operation, negated } = condition;
      const sql = operationSql(
        subjectSql(alias, column, operation, values),
        operation,
        column.fromText,
        values,
      );
      return negated ? `not (${sql})` : sql;
    }
  }
}

function subjectSql(alias: string, column: PlannedColumn, operation: Operation, values: Values): string {
  const sql = columnSql(alias, column, values);
  if (operation.kind !== "search" || (column.isTsvector && column.path.length === 0)) return sql;
  return `to_tsvector(${operation.config === undefined ? "" : `${values.add(operation.config)}::regconfig, `}${sql})`;
}

/** @param fromText a function as SQL that makes a value of the column's type */
function operationSql(
  subject: string,
  operation: Operation,
  fromText: string | undefined,
  values: Values,
): string {
  switch (operation.kind) {
    case "is":
      return `${subject} is ${operation.value}`;
    case "distinct":
      return `${subject} is distinct from ${values.add(operation.value)}`;
    case "in": {
      const [first, second] = operation.values;
      const none = first === "" && second === undefined;
      const list = values.add(none ? "{}" : arrayText(operation.values));
      return `${subject} = any (${fromText ? `select ${fromText}(unnest(${list}::text[]))` : list})`;
    }
    case "search": {
      const config = operation.config === undefined ? "" : `${values.add(operation.config)}::regconfig, `;
      return `${subject} @@ ${operation.parser}(${config}${values.add(operation.value)})`;
    }
    case "compare": {
      const { operator, quantifier } = operation;
      const value = operator.endsWith("like") ? operation.value.replaceAll("*", "%") : operation.value;
      const placeholder = values.add(value);
      const isPattern = operator.endsWith("like");
      const right = fromText && !isPattern ? `${fromText}(${placeholder}::text)` : placeholder;
      return `${subject} ${operator} ${quantifier ? `${quantifier} (${right})` : right}`;
    }
  }
}
