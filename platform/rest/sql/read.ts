/** Writes a read plan as one SELECT. It names tables t1, t2… and embeds e1, e2…. */
import type { PlannedItem, PlannedOrder, ReadNode } from "../plan/read.ts";
import { isToOne, type Relationship, type Table } from "../schema/types.ts";
import { columnSql, conditionSql } from "./condition.ts";
import { quoteName, quoteQualified, type Values } from "./text.ts";

export interface Writer {
  values: Values;
  /** The number of the next alias. */
  next: number;
  /** An alias whose rows are whole records of a table, as a mutation returns them. */
  records?: { alias: string; table: Table };
}

/**
 * @param from what the root is read from instead of its table: the rows of a
 *   mutation or of a function
 */
export function readSql(node: ReadNode, writer: Writer, from?: string): string {
  const alias = `t${writer.next++}`;
  if (from !== undefined) writer.records = { alias, table: node.table };
  return selectSql(node, alias, from ?? quoteQualified(node.table), [], writer);
}

/** All rows, without limit and offset. It selects 1 because only the number of rows matters. */
export function countSql(node: ReadNode, writer: Writer, from?: string): string {
  const alias = `t${writer.next++}`;
  return existingSql(node, alias, from ?? quoteQualified(node.table), [], writer);
}

function existingSql(node: ReadNode, alias: string, from: string, join: string[], writer: Writer): string {
  const exists = (embed: ReadNode, present: boolean) =>
    `${present ? "" : "not "}exists (${relatedSql(embed, alias, writer, existingSql)})`;
  const where = [
    ...join,
    ...node.conditions.map((condition) => conditionSql(alias, condition, writer.values, exists)),
    ...node.embeds.filter((embed) => embed.join === "inner").map((embed) => exists(embed, true)),
  ];
  return `select 1 from ${from} as ${alias}${whereSql(where)}`;
}

function selectSql(node: ReadNode, alias: string, from: string, join: string[], writer: Writer): string {
  const columns = node.items.map((item) => itemSql(alias, node, item, writer));
  const joins: string[] = [];
  const joined = new Map<ReadNode, string>();
  for (const embed of node.embeds) {
    const shown = embed.items.length > 0 || embed.embeds.length > 0;
    if (!shown && embed.join === "left" && !embed.tested) continue;
    if (isInline(embed)) {
      columns.push(`(${embedValueSql(embed, alias, writer)}) as ${quoteName(embed.key)}`);
      continue;
    }
    const embedAlias = `e${writer.next++}`;
    joined.set(embed, embedAlias);
    joins.push(joinSql(embed, alias, embedAlias, writer));
    if (shown) columns.push(...embedColumns(embed, embedAlias));
  }
  // An embed without columns still tells whether it has a row.
  const nothing = node.relationship ? "1" : `${alias}.*`;
  if (columns.length === 0 && node.embeds.length === 0) columns.push(nothing);
  const present = (embed: ReadNode, wanted: boolean) =>
    `${joined.get(embed)}.pgrst_present is ${wanted ? "not " : ""}null`;
  const where = [
    ...join,
    ...node.conditions.map((condition) => conditionSql(alias, condition, writer.values, present)),
  ];
  const order = node.order.map((term) => orderSql(term, alias, writer));
  return `select ${columns.join(", ")} from ${from} as ${alias}${joins.join("")}${whereSql(where)}${
    order.length > 0 ? ` order by ${order.join(", ")}` : ""
  }${rangeSql(node, writer)}`;
}

function whereSql(conditions: string[]): string {
  return conditions.length > 0 ? ` where ${conditions.join(" and ")}` : "";
}

/**
 * The limit is part of the text, so the planner sees it. An offset is a value: there are too many
 * different ones to prepare a statement for each.
 */
function rangeSql({ range }: ReadNode, writer: Writer): string {
  const limit = range.limit === undefined ? "" : ` limit ${Math.max(0, Math.trunc(range.limit))}`;
  return range.offset > 0 ? `${limit} offset ${writer.values.add(String(range.offset))}` : limit;
}

function itemSql(alias: string, node: ReadNode, item: PlannedItem, writer: Writer): string {
  if (item.kind === "star") {
    // Other columns may have been returned too. They must not show.
    const own = writer.records?.alias === alias && hasMore(node);
    return own ? ownColumns(alias, node.table) : `${alias}.*`;
  }
  const sql = columnSql(alias, item.column, writer.values);
  return `${item.cast ? `cast(${sql} as ${item.cast})` : sql} as ${quoteName(item.key)}`;
}

function hasMore(node: ReadNode): boolean {
  return node.items.some((item) => item.kind === "column" && item.column.computed);
}

function ownColumns(alias: string, table: Table): string {
  return [...table.columns.keys()].map((name) => `${alias}.${quoteName(name)}`).join(", ");
}

/**
 * An embed becomes a subquery in the select list if nothing else depends on its value. Postgres
 * then computes it after sorting and limiting, only for the rows that are left.
 */
function isInline(embed: ReadNode): boolean {
  if (embed.join === "inner" || embed.spread || embed.tested) return false;
  const { relationship } = embed;
  // No constraint holds a view to one row, so two rows must not be an error.
  return relationship !== undefined && !(isToOne(relationship) && embed.relationship?.foreignIsView);
}

function embedValueSql(embed: ReadNode, parent: string, writer: Writer): string {
  const rows = relatedSql(embed, parent, writer, selectSql);
  return embed.relationship && isToOne(embed.relationship)
    ? `select row_to_json(r) from (${rows}) r`
    : `select coalesce(json_agg(r), '[]') from (${rows}) r`;
}

function joinSql(embed: ReadNode, parent: string, alias: string, writer: Writer): string {
  const rows = relatedSql(embed, parent, writer, selectSql);
  const toOne = embed.relationship && isToOne(embed.relationship);
  const kind = embed.join === "inner" ? "inner" : "left";
  if (toOne) {
    const value = embed.spread ? "r.*, 1 as pgrst_present" : "row_to_json(r) as value, 1 as pgrst_present";
    return ` ${kind} join lateral (select ${value} from (${rows}) r) as ${alias} on true`;
  }
  const value = embed.spread
    ? outputKeys(embed)
        .map((name) => `coalesce(json_agg(r.${quoteName(name)}), '[]') as ${quoteName(name)}`)
        .join(", ")
    : "coalesce(json_agg(r), '[]') as value";
  const on = embed.join === "inner" ? `${alias}.pgrst_present is not null` : "true";
  return ` ${kind} join lateral (select ${value}, nullif(count(*), 0) as pgrst_present from (${rows}) r) as ${alias} on ${on}`;
}

function embedColumns(embed: ReadNode, alias: string): string[] {
  if (!embed.spread) return [`${alias}.value as ${quoteName(embed.key)}`];
  return outputKeys(embed).map((name) => `${alias}.${quoteName(name)}`);
}

/** The keys of the objects that a node makes. */
function outputKeys(node: ReadNode): string[] {
  return [
    ...node.items.flatMap((item) => (item.kind === "star" ? [...node.table.columns.keys()] : [item.key])),
    ...node.embeds.flatMap((embed) =>
      embed.spread ? outputKeys(embed) : embed.items.length > 0 || embed.embeds.length > 0 ? [embed.key] : [],
    ),
  ];
}

type Select = (node: ReadNode, alias: string, from: string, join: string[], writer: Writer) => string;

/** The rows of an embed that belong to the parent's row. */
function relatedSql(embed: ReadNode, parent: string, writer: Writer, select: Select): string {
  const alias = `t${writer.next++}`;
  const relationship = embed.relationship as Relationship;
  const { foreign, table, columns, junction, computed } = relationship;
  if (computed) {
    const row =
      writer.records?.alias === parent
        ? `row(${ownColumns(parent, writer.records.table)})::${quoteQualified(table)}`
        : parent;
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

function orderSql(term: PlannedOrder, alias: string, writer: Writer): string {
  const { embed, column, direction, nulls } = term;
  const sql = embed
    ? `(${relatedSql(
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
          return `select ${columnSql(own, column, writer.values)} from ${from} as ${own}${whereSql(where)} limit 1`;
        },
      )})`
    : columnSql(alias, column, writer.values);
  return `${sql}${direction ? ` ${direction}` : ""}${nulls ? ` nulls ${nulls}` : ""}`;
}
