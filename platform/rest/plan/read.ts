/**
 * Plans what to read: a tree with one node for the request's own resource and one for
 * each embed. Every name in it has been looked up.
 */
import { errors } from "../errors.ts";
import type { Field, JsonStep } from "../request/cursor.ts";
import type { Condition, Filter, Operation } from "../request/filter.ts";
import type { OrderTerm } from "../request/order.ts";
import type { At, Query } from "../request/query.ts";
import { type Range, restrict } from "../request/range.ts";
import type { SelectEmbed, SelectItem } from "../request/select.ts";
import { isToOne, key, type Relationship, type SchemaGraph, type Table } from "../schema/types.ts";
import { findRelationship } from "./relationship.ts";

export interface ReadNode {
  table: Table;
  /** Its name in an error of Postgres. */
  shown: string;
  /** The key in the parent's JSON. */
  key: string;
  /** The relationship from the parent's table. The root has none. */
  relationship?: Relationship | undefined;
  join: "left" | "inner";
  spread: boolean;
  items: PlannedItem[];
  embeds: ReadNode[];
  conditions: PlannedCondition[];
  order: PlannedOrder[];
  range: Range;
  /** Whether a filter of the parent asks if it has rows. */
  tested: boolean;
}

export type PlannedItem =
  | { kind: "star" }
  /** `cast` is SQL. `key` is there if it is not the column's own name. */
  | { kind: "column"; column: PlannedColumn; cast?: string | undefined; key: string };

export interface PlannedColumn {
  name: string;
  path: JsonStep[];
  /** Whether the column is JSON already. Arrows then need no conversion. */
  isJson: boolean;
  isTsvector: boolean;
  computed: boolean;
}

export type PlannedCondition =
  | { kind: "filter"; column: PlannedColumn; negated: boolean; operation: Operation }
  | { kind: "group"; operator: "and" | "or"; negated: boolean; conditions: PlannedCondition[] }
  | { kind: "embed"; embed: ReadNode; present: boolean };

export interface PlannedOrder {
  /** The to-one embed that the column belongs to. */
  embed?: ReadNode | undefined;
  column: PlannedColumn;
  direction?: "asc" | "desc" | undefined;
  nulls?: "first" | "last" | undefined;
}

export interface ReadOptions {
  /** The most rows at every level. Undefined for the rows that a mutation returns. */
  maxRows?: number | undefined;
  /** Whether this reads what a mutation returns. Filters on the root, order and ranges then do not apply here. */
  ofMutation: boolean;
}

/** @throws RestError PGRST108, 118, 120, 123, 200, 201, 42703, 42704 */
export function planRead(
  graph: SchemaGraph,
  schema: string,
  root: Table,
  query: Query,
  range: Range,
  options: ReadOptions,
): ReadNode {
  const { ofMutation, maxRows } = options;
  const node = emptyNode(root, root.name, root.name);
  select(graph, schema, node, query.select, 1);
  if (!ofMutation) {
    for (const at of query.ranges) {
      if (at.path.length > 0) locate(node, at.path).range = at.value;
    }
    for (const at of query.order) {
      const target = locate(node, at.path);
      target.order = at.value.map((term) => planOrder(target, term));
    }
    node.range = range;
  }
  for (const at of query.conditions) {
    if (ofMutation && at.path.length === 0) continue;
    const target = locate(node, at.path);
    target.conditions.push(planCondition(target, at.value));
  }
  if (maxRows !== undefined) limitAll(node, maxRows);
  return node;
}

/** The conditions of a mutation itself. */
export function planOwnConditions(table: Table, conditions: At<Condition>[]): PlannedCondition[] {
  const node = emptyNode(table, table.name, table.name);
  return conditions.filter(({ path }) => path.length === 0).map(({ value }) => planCondition(node, value));
}

function emptyNode(table: Table, nodeKey: string, shown: string): ReadNode {
  return {
    table,
    shown,
    key: nodeKey,
    join: "left",
    spread: false,
    items: [],
    embeds: [],
    conditions: [],
    order: [],
    range: { offset: 0 },
    tested: false,
  };
}

function select(
  graph: SchemaGraph,
  schema: string,
  node: ReadNode,
  items: SelectItem[],
  depth: number,
): void {
  for (const item of items) {
    if (item.kind === "star") node.items.push({ kind: "star" });
    else if (item.kind === "embed") node.embeds.push(planEmbed(graph, schema, node, item, depth));
    else {
      if (item.aggregate) throw errors.aggregates();
      const column = planColumn(node, item.field);
      node.items.push({
        kind: "column",
        column,
        cast: item.cast === undefined ? undefined : castSql(graph, item.cast),
        key: item.alias ?? keyOf(item.field),
      });
    }
  }
}

/** A path gets the name of its last key: `data->a->0` is "a" and `data->0` is "data". */
function keyOf({ name, path }: Field): string {
  return path.findLast((step) => !step.isIndex && step.key !== "")?.key ?? name;
}

function castSql(graph: SchemaGraph, name: string): string {
  const sql = graph.types.get(name.toLowerCase().replaceAll(/ +/g, " "));
  if (sql === undefined) throw errors.undefinedType(name);
  return sql;
}

function planEmbed(
  graph: SchemaGraph,
  schema: string,
  parent: ReadNode,
  item: SelectEmbed,
  depth: number,
): ReadNode {
  const relationship = findRelationship(graph, schema, parent.table.name, item.name, item.hint);
  const table = graph.tables.get(key(relationship.foreign));
  if (!table) throw errors.noRelationship(parent.table.name, item.name, item.hint, schema, null);
  const node: ReadNode = {
    ...emptyNode(table, item.alias ?? item.name, `${table.name}_${depth}`),
    relationship,
    join: item.join,
    spread: item.spread,
  };
  select(graph, schema, node, item.items, depth + 1);
  return node;
}

function planColumn(node: ReadNode, field: Field): PlannedColumn {
  const { name, path } = field;
  const column = node.table.columns.get(name);
  if (column) {
    const isJson = column.base === "json" || column.base === "jsonb";
    return { name, path, isJson, isTsvector: column.base === "tsvector", computed: false };
  }
  if (node.table.computed.has(name)) return { name, path, isJson: false, isTsvector: false, computed: true };
  throw errors.undefinedColumn(`${node.shown}.${name}`);
}

function locate(root: ReadNode, path: string[]): ReadNode {
  let node = root;
  for (const name of path) {
    const next = findEmbed(node, name);
    if (!next) throw errors.notEmbedded(name);
    node = next;
  }
  return node;
}

function findEmbed(node: ReadNode, name: string): ReadNode | undefined {
  return (
    node.embeds.find((embed) => embed.key === name) ?? node.embeds.find((embed) => embed.table.name === name)
  );
}

function planOrder(node: ReadNode, term: OrderTerm): PlannedOrder {
  const { direction, nulls } = term;
  if (term.relation === undefined) return { column: planColumn(node, term.field), direction, nulls };
  const embed = findEmbed(node, term.relation);
  if (!embed?.relationship) throw errors.notEmbedded(term.relation);
  if (!isToOne(embed.relationship)) throw errors.relatedOrder(node.table.name, term.relation);
  return { embed, column: planColumn(embed, term.field), direction, nulls };
}

function planCondition(node: ReadNode, condition: Condition): PlannedCondition {
  if (condition.kind === "group") {
    return { ...condition, conditions: condition.conditions.map((inner) => planCondition(node, inner)) };
  }
  return planEmbedTest(node, condition) ?? { ...condition, column: planColumn(node, condition.field) };
}

/** `embed=is.null` and `embed=not.is.null` ask whether there are related rows. */
function planEmbedTest(node: ReadNode, { field, negated, operation }: Filter): PlannedCondition | undefined {
  if (field.path.length > 0 || node.table.columns.has(field.name)) return undefined;
  const embed = findEmbed(node, field.name);
  if (!embed) return undefined;
  if (operation.kind !== "is" || !operation.value.endsWith("null")) throw errors.embedFilter(field.name);
  embed.tested = true;
  return { kind: "embed", embed, present: negated !== (operation.value === "not null") };
}

/** A to-one embed needs no limit: it has at most one row. */
function limitAll(node: ReadNode, maxRows: number): void {
  if (!node.relationship || !isToOne(node.relationship)) node.range = restrict(node.range, maxRows);
  for (const embed of node.embeds) limitAll(embed, maxRows);
}
