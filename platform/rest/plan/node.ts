/**
 * A read plan: a tree with one node for the request's own resource and one for each embed. Every name
 * in it has been looked up.
 */
import type { JsonStep } from "../request/cursor.ts";
import type { Operation } from "../request/filter.ts";
import type { Range } from "../request/range.ts";
import type { Aggregate } from "../request/select.ts";
import type { Relationship, Table } from "../schema/types.ts";

export interface ReadNode {
  table: Table;
  /** Its name in an error of Postgres. */
  shown: string;
  /** The key in the parent's JSON. */
  key: string;
  /** The client's name for it, without the alias. */
  name: string;
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

export type PlannedItem = { kind: "star" } | PlannedField;

export interface PlannedField {
  kind: "column";
  /** Absent if the rows themselves are counted. */
  column?: PlannedColumn | undefined;
  /** SQL. */
  cast?: string | undefined;
  aggregate?: { name: Aggregate; cast?: string | undefined } | undefined;
  key: string;
}

export interface PlannedColumn {
  name: string;
  path: JsonStep[];
  /** Whether the column is JSON already. Arrows then need no conversion. */
  isJson: boolean;
  isTsvector: boolean;
  /** A function of the row makes it. */
  computed: boolean;
  /** Not a column: Postgres reads `t.count` as `count(t)`. Then there is one row for all. */
  countsRows?: boolean;
  /** Functions as SQL: one makes JSON of a value, the other makes a value of a filter's text. */
  toJson?: string | undefined;
  fromText?: string | undefined;
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

export function emptyNode(table: Table, nodeKey: string, shown: string): ReadNode {
  return {
    table,
    shown,
    key: nodeKey,
    name: nodeKey,
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

/** The aggregates that a node computes: its own, and those of the embeds that are spread into it. */
export function aggregatedFields(node: ReadNode): PlannedField[] {
  return [
    ...node.items.filter(
      (item): item is PlannedField => item.kind === "column" && item.aggregate !== undefined,
    ),
    ...node.embeds.filter((embed) => embed.spread).flatMap(aggregatedFields),
  ];
}

/** Whether an embed shows anything. If nothing at any depth shows, its key is left out. */
export function isShown(node: ReadNode): boolean {
  return node.items.length > 0 || node.embeds.some(isShown);
}

/** The computed columns that the node itself needs, to show them, to filter by them or to order by them. */
export function computedNames(node: ReadNode): string[] {
  const columns: (PlannedColumn | undefined)[] = [
    ...node.items.map((item) => (item.kind === "column" ? item.column : undefined)),
    ...node.order.map(({ embed, column }) => (embed ? undefined : column)),
    ...node.conditions.flatMap(conditionColumns),
  ];
  return [...new Set(columns.flatMap((column) => (column?.computed ? [column.name] : [])))];
}

function conditionColumns(condition: PlannedCondition): PlannedColumn[] {
  if (condition.kind === "group") return condition.conditions.flatMap(conditionColumns);
  return condition.kind === "filter" ? [condition.column] : [];
}
