/** Plans what to read, as a tree of nodes (node.ts): looks up every name that the query has. */
import { errors } from "../errors.ts";
import type { Field, JsonStep } from "../request/cursor.ts";
import type { Condition, Filter } from "../request/filter.ts";
import type { OrderTerm } from "../request/order.ts";
import type { At, Query } from "../request/query.ts";
import { type Range, restrict } from "../request/range.ts";
import type { SelectEmbed, SelectField, SelectItem } from "../request/select.ts";
import { nearestColumns } from "../schema/nearest.ts";
import {
  type Column,
  isToOne,
  key,
  type Relationship,
  representation,
  type SchemaGraph,
  type Table,
} from "../schema/types.ts";
import {
  aggregatedFields,
  emptyNode,
  type PlannedColumn,
  type PlannedCondition,
  type PlannedItem,
  type PlannedOrder,
  type ReadNode,
} from "./node.ts";
import { findRelationship } from "./relationship.ts";
import { isEnabled } from "./settings.ts";

export interface ReadOptions {
  /** The most rows at every level. Undefined for the rows that a mutation returns. */
  maxRows?: number | undefined;
  /** Whether this reads what a mutation returns. Filters on the root and ranges then do not apply here. */
  ofMutation: boolean;
}

/** @throws RestError PGRST108, 118, 120, 123, 127, 200, 201, 42703, 42704, 42712 */
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
    node.range = range;
  }
  // If there are several orders, the first one counts.
  for (const at of query.order.toReversed()) {
    const target = locate(node, at.path);
    target.order = at.value.map((term) => planOrder(graph, target, term));
  }
  for (const at of query.conditions) {
    if (ofMutation && at.path.length === 0) continue;
    const target = locate(node, at.path);
    target.conditions.push(planCondition(graph, target, at.value));
  }
  if (maxRows !== undefined) limitAll(node, maxRows);
  return node;
}

/** The conditions of a mutation itself. */
export function planOwnConditions(
  graph: SchemaGraph,
  table: Table,
  conditions: At<Condition>[],
): PlannedCondition[] {
  const node = emptyNode(table, table.name, table.name);
  return conditions
    .filter(({ path }) => path.length === 0)
    .map(({ value }) => planCondition(graph, node, value));
}

function select(
  graph: SchemaGraph,
  schema: string,
  node: ReadNode,
  items: SelectItem[],
  depth: number,
): void {
  const keys = new Set<string>();
  for (const item of items) {
    if (item.kind === "star") node.items.push(...planStar(graph, node));
    else if (item.kind === "field") node.items.push(planField(graph, node, item));
    else {
      const embed = planEmbed(graph, schema, node, item, depth);
      if (keys.has(embed.key)) throw errors.embeddedTwice(`${node.table.name}_${embed.key}_${depth}`);
      keys.add(embed.key);
      node.embeds.push(embed);
    }
  }
}

/** If a column has its own representation, the star becomes a list of all columns. */
function planStar(graph: SchemaGraph, node: ReadNode): PlannedItem[] {
  const columns = [...node.table.columns.values()];
  if (!columns.some(({ format }) => graph.representations.has(representation(format, "json")))) {
    return [{ kind: "star" }];
  }
  return columns.map(({ name }) => planField(graph, node, { kind: "field", field: { name, path: [] } }));
}

function planField(graph: SchemaGraph, node: ReadNode, item: SelectField): PlannedItem {
  const { field, alias, cast, aggregate } = item;
  const sqlOf = (name: string | undefined) => (name === undefined ? undefined : castSql(graph, name));
  if (aggregate && !isEnabled(graph, "db_aggregates_enabled")) throw errors.aggregates();
  return {
    kind: "column",
    column: aggregate && field.name === "*" ? undefined : planColumn(graph, node, field),
    cast: sqlOf(cast),
    aggregate: aggregate && { name: aggregate.name, cast: sqlOf(aggregate.cast) },
    key: alias ?? aggregate?.name ?? keyOf(field),
  };
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
    ...emptyNode(table, item.alias ?? item.name, shownName(relationship, depth)),
    name: item.name,
    relationship,
    join: item.join,
    spread: item.spread,
  };
  select(graph, schema, node, item.items, depth + 1);
  if (node.spread && !isToOne(relationship) && aggregatedFields(node).length > 0) {
    throw errors.notImplemented("Aggregates are not implemented for one-to-many or many-to-many spreads.");
  }
  return node;
}

/** The embed's name in PostgREST's SQL, which errors of Postgres show. */
function shownName({ foreign, junction }: Relationship, depth: number): string {
  return junction ? foreign.name : `${foreign.name}_${depth}`;
}

/** Columns that every table of Postgres has. */
const systemColumns = new Set(["tableoid", "ctid", "xmin", "cmin", "xmax", "cmax"]);

function planColumn(graph: SchemaGraph, node: ReadNode, field: Field): PlannedColumn {
  const { name, path } = field;
  const { table } = node;
  const column = table.columns.get(name);
  if (column) return plainColumn(graph, column, path);
  const base = table.computed.get(name);
  const plain = { name, path, isJson: false, isTsvector: base === "tsvector", computed: base !== undefined };
  if (base !== undefined || (systemColumns.has(name) && !table.isView)) return plain;
  if (name === "count" && path.length === 0) return { ...plain, countsRows: true };
  const similar = nearestColumns(name, table.columns.keys()).map(
    (each) => `the column "${node.shown}.${each}"`,
  );
  const hint = similar.length > 0 ? `Perhaps you meant to reference ${similar.join(" or ")}.` : null;
  throw errors.undefinedColumn(`${node.shown}.${name}`, hint);
}

function plainColumn(graph: SchemaGraph, { name, base, format }: Column, path: JsonStep[]): PlannedColumn {
  const whole = path.length === 0;
  return {
    name,
    path,
    isJson: base === "json" || base === "jsonb",
    isTsvector: base === "tsvector",
    computed: false,
    toJson: whole ? graph.representations.get(representation(format, "json")) : undefined,
    fromText: whole ? graph.representations.get(representation("text", format)) : undefined,
  };
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
    node.embeds.find((embed) => embed.key === name) ??
    node.embeds.find((embed) => embed.name === name || embed.table.name === name)
  );
}

function planOrder(graph: SchemaGraph, node: ReadNode, term: OrderTerm): PlannedOrder {
  const { direction, nulls } = term;
  if (term.relation === undefined) return { column: planColumn(graph, node, term.field), direction, nulls };
  const embed = findEmbed(node, term.relation);
  if (!embed?.relationship) throw errors.notEmbedded(term.relation);
  if (!isToOne(embed.relationship)) throw errors.relatedOrder(node.table.name, term.relation);
  return { embed, column: planColumn(graph, embed, term.field), direction, nulls };
}

function planCondition(graph: SchemaGraph, node: ReadNode, condition: Condition): PlannedCondition {
  if (condition.kind === "group") {
    return {
      ...condition,
      conditions: condition.conditions.map((inner) => planCondition(graph, node, inner)),
    };
  }
  return planEmbedTest(node, condition) ?? { ...condition, column: planColumn(graph, node, condition.field) };
}

/** `embed=is.null` and `embed=not.is.null` ask whether there are related rows. */
function planEmbedTest(node: ReadNode, { field, negated, operation }: Filter): PlannedCondition | undefined {
  if (field.path.length > 0) return undefined;
  const isColumn = node.table.columns.has(field.name);
  const embed = isColumn
    ? node.embeds.find(({ key: embedKey }) => embedKey === field.name)
    : findEmbed(node, field.name);
  if (!embed) return undefined;
  if (operation.kind !== "is" || !operation.value.endsWith("null")) {
    if (isColumn) return undefined;
    throw errors.embedFilter(field.name);
  }
  embed.tested = true;
  return { kind: "embed", embed, present: negated !== (operation.value === "not null") };
}

/** A to-one embed needs no limit: it has at most one row. */
function limitAll(node: ReadNode, maxRows: number): void {
  if (!node.relationship || !isToOne(node.relationship)) node.range = restrict(node.range, maxRows);
  for (const embed of node.embeds) limitAll(embed, maxRows);
}
