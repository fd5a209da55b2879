/** Writes a read plan as one SELECT. It names tables t1, t2… and embeds e1, e2…. */
import { aggregatedFields, computedNames, isShown, type PlannedField, type ReadNode } from "../plan/node.ts";
import { isToOne } from "../schema/types.ts";
import { columnSql, conditionSql } from "./condition.ts";
import { columnOrderSql, orderSql, ownColumns, relatedSql } from "./related.ts";
import { nameRawFields, outputKeys, spreadColumns, unused } from "./spread.ts";
import { quoteName, quoteQualified } from "./text.ts";
import type { Writer } from "./writer.ts";

/**
 * An entry of a select list. Names that a client chose follow `as` and nothing else refers to them
 * without the alias of their table, so they cannot be mistaken for ours.
 */
interface Output {
  sql: string;
  isAggregate: boolean;
}

const plain = (sql: string): Output => ({ sql, isAggregate: false });

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
  const groups = !node.spread && aggregatedFields(node).length > 0;
  const outputs = node.items.flatMap((item) =>
    item.kind === "star" ? starOutputs(alias, node, writer, groups) : [fieldOutput(alias, item, writer)],
  );
  const joins: string[] = [];
  const joined = new Map<ReadNode, string>();
  for (const embed of node.embeds) {
    if (!isShown(embed) && embed.join === "left" && !embed.tested) continue;
    if (isInline(embed) && !groups) {
      outputs.push(plain(`(${embedValueSql(embed, alias, writer)}) as ${quoteName(embed.key)}`));
      continue;
    }
    const embedAlias = `e${writer.next++}`;
    joined.set(embed, embedAlias);
    if (embed.spread) nameRawFields(embed, writer.raw);
    joins.push(joinSql(embed, alias, embedAlias, writer));
    if (isShown(embed)) outputs.push(...embedOutputs(embed, embedAlias, writer, node.spread, groups));
  }
  // An embed without columns still tells whether it has a row.
  const nothing = node.relationship ? "1" : `${alias}.*`;
  if (outputs.length === 0 && node.embeds.length === 0) outputs.push(plain(nothing));
  const present = (embed: ReadNode, wanted: boolean) =>
    `${joined.get(embed)}.${presentName(embed, writer)} is ${wanted ? "not " : ""}null`;
  const where = [
    ...join,
    ...node.conditions.map((condition) => conditionSql(alias, condition, writer.values, present)),
  ];
  const order = node.order.map((term) => {
    // Groups have no columns of an embed but those that were spread into them.
    const spread = groups && term.embed?.spread ? joined.get(term.embed) : undefined;
    return spread === undefined ? orderSql(term, alias, writer) : columnOrderSql(term, spread, writer);
  });
  const positions = outputs.flatMap(({ isAggregate }, index) => (isAggregate ? [] : [index + 1]));
  const list = outputs.map(({ sql }) => sql).join(", ");
  return `select ${list} from ${from} as ${alias}${joins.join("")}${whereSql(where)}${
    groups && positions.length > 0 ? ` group by ${positions.join(", ")}` : ""
  }${order.length > 0 ? ` order by ${order.join(", ")}` : ""}${rangeSql(node, writer)}`;
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

/** @param asList whether every column must be an entry of its own */
function starOutputs(alias: string, node: ReadNode, writer: Writer, asList: boolean): Output[] {
  // Other columns may have been returned too. They must not show.
  const hasMore = writer.records?.alias === alias && computedNames(node).length > 0;
  return asList || hasMore ? ownColumns(alias, node.table).map(plain) : [plain(`${alias}.*`)];
}

function fieldOutput(alias: string, field: PlannedField, writer: Writer): Output {
  const { column, cast, aggregate, key } = field;
  const raw = writer.raw.get(field);
  let sql = column ? columnSql(alias, column, writer.values) : raw === undefined ? "*" : "1";
  if (column?.toJson) sql = `${column.toJson}(${sql})`;
  if (cast) sql = `cast(${sql} as ${cast})`;
  if (raw !== undefined) return plain(`${sql} as ${quoteName(raw)}`);
  if (!aggregate) return plain(`${sql} as ${quoteName(key)}`);
  return aggregateOutput(sql, aggregate, key);
}

function aggregateOutput(
  sql: string,
  { name, cast }: NonNullable<PlannedField["aggregate"]>,
  key: string,
): Output {
  const call = `${name}(${sql})`;
  return { sql: `${cast ? `cast(${call} as ${cast})` : call} as ${quoteName(key)}`, isAggregate: true };
}

/**
 * An embed becomes a subquery in the select list if nothing else depends on its value. Postgres
 * then computes it after sorting and limiting, only for the rows that are left.
 */
function isInline(embed: ReadNode): boolean {
  if (embed.join === "inner" || embed.spread || embed.tested) return false;
  return embed.relationship !== undefined && !mayMultiply(embed);
}

/**
 * Whether a to-one embed may have several rows, or may give its own row several times because an embed in it
 * does. No constraint holds a view or a function to one row. As in PostgREST, the parent's row
 * then comes several times, and that must not be an error.
 */
function mayMultiply({ relationship, embeds }: ReadNode): boolean {
  if (!relationship || !isToOne(relationship)) return false;
  return relationship.foreignIsView || embeds.some(mayMultiply);
}

// `r.*` is the whole row. A bare `r` would be a column of that name, if the client asked for one.

function embedValueSql(embed: ReadNode, parent: string, writer: Writer): string {
  const rows = relatedSql(embed, parent, writer, selectSql);
  return embed.relationship && isToOne(embed.relationship)
    ? `select row_to_json(r.*) from (${rows}) r`
    : `select coalesce(json_agg(r.*), '[]') from (${rows}) r`;
}

function joinSql(embed: ReadNode, parent: string, alias: string, writer: Writer): string {
  const rows = relatedSql(embed, parent, writer, selectSql);
  const toOne = embed.relationship && isToOne(embed.relationship);
  const kind = embed.join === "inner" ? "inner" : "left";
  const present = presentName(embed, writer);
  if (toOne) {
    const value = embed.spread ? "r.*" : "row_to_json(r.*) as value";
    return ` ${kind} join lateral (select ${value}, 1 as ${present} from (${rows}) r) as ${alias} on true`;
  }
  const value = embed.spread
    ? outputKeys(embed).map((name) => `coalesce(json_agg(r.${quoteName(name)}), '[]') as ${quoteName(name)}`)
    : ["coalesce(json_agg(r.*), '[]') as value"];
  const on = embed.join === "inner" ? `${alias}.${present} is not null` : "true";
  return ` ${kind} join lateral (select ${[...value, `nullif(count(*), 0) as ${present}`].join(
    ", ",
  )} from (${rows}) r) as ${alias} on ${on}`;
}

/** The column that is not null if an embed has a row. */
function presentName(embed: ReadNode, { raw }: Writer): string {
  const others = embed.spread ? spreadColumns(embed, raw).map(({ name }) => name) : [];
  return quoteName(unused("pgrst_present", others));
}

/** @param groups whether the values must be of a type that Postgres can group by */
function embedOutputs(
  embed: ReadNode,
  alias: string,
  { raw }: Writer,
  parentIsSpread: boolean,
  groups: boolean,
): Output[] {
  // Postgres cannot group by json.
  const groupable = groups ? "::jsonb" : "";
  if (!embed.spread) return [plain(`${alias}.value${groupable} as ${quoteName(embed.key)}`)];
  const areLists = embed.relationship !== undefined && !isToOne(embed.relationship);
  return spreadColumns(embed, raw).map(({ name, key, aggregate, isEmbed }) => {
    const sql = `${alias}.${quoteName(name)}`;
    if (!aggregate) return plain(`${sql}${isEmbed || areLists ? groupable : ""} as ${quoteName(key)}`);
    return parentIsSpread ? plain(`${sql} as ${quoteName(name)}`) : aggregateOutput(sql, aggregate, key);
  });
}
