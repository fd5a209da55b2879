/** Writes how the rows of an embed belong to the row of its parent. */
import type { PlannedOrder, ReadNode } from "../plan/node.ts";
import type { Relationship, Table } from "../schema/types.ts";
import { columnSql, conditionSql } from "./condition.ts";
import { quoteName, quoteQualified } from "./text.ts";
import type { Writer } from "./writer.ts";

type Select = (node: ReadNode, alias: string, from: string, join: string[], writer: Writer) => string;

export function ownColumns(alias: string, table: Table): string[] {
  return [...table.columns.keys()].map((name) => `${alias}.${quoteName(name)}`);
}

/** @param select writes the SELECT from the embed's table with the conditions of the join */
export function relatedSql(embed: ReadNode, parent: string, writer: Writer, select: Select): string {
  const alias = `t${writer.next++}`;
  const { foreign, table, columns, junction, computed } = embed.relationship as Relationship;
  if (computed) {
    const row =
      writer.records?.alias === parent
        ? `row(${ownColumns(parent, writer.records.table).join(", ")})::${quoteQualified(table)}`
        : `${parent}.*`;
    return select(embed, alias, `${quoteQualified(computed)}(${row})`, [], writer);
  }
  if (!junction) {
    const join = columns.map(([from, to]) => `${alias}.${quoteName(to)} = ${parent}.${quoteName(from)}`);
    return select(embed, alias, quoteQualified(foreign), join, writer);
  }
  const between = `j${writer.next++}`;
  const join = [
    ...junction.source.map(([from, to]) => `${between}.${quoteName(to)} = ${parent}.${quoteName(from)}`),
    ...junction.target.map(([from, to]) => `${between}.${quoteName(to)} = ${alias}.${quoteName(from)}`),
  ];
  return select(
    embed,
    alias,
    `${quoteQualified(junction.table)} as ${between}, ${quoteQualified(foreign)}`,
    join,
    writer,
  );
}

export function orderSql(term: PlannedOrder, alias: string, writer: Writer): string {
  const { embed, column } = term;
  if (!embed) return columnOrderSql(term, alias, writer);
  const value = relatedSql(
    { ...embed, embeds: [], order: [], range: { offset: 0 } },
    alias,
    writer,
    (node, own, from, join) => {
      const where = [
        ...join,
        ...node.conditions.flatMap((condition) =>
          condition.kind === "embed" ? [] : [conditionSql(own, condition, writer.values, () => "true")],
        ),
      ];
      const filter = where.length > 0 ? ` where ${where.join(" and ")}` : "";
      return `select ${columnSql(own, column, writer.values)} from ${from} as ${own}${filter} limit 1`;
    },
  );
  return `(${value})${directionSql(term)}`;
}

/** @param alias of the table that has the column */
export function columnOrderSql(term: PlannedOrder, alias: string, writer: Writer): string {
  return `${columnSql(alias, term.column, writer.values)}${directionSql(term)}`;
}

function directionSql({ direction, nulls }: PlannedOrder): string {
  return `${direction ? ` ${direction}` : ""}${nulls ? ` nulls ${nulls}` : ""}`;
}
