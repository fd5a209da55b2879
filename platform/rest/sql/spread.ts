/**
 * The columns of a spread embed. They move into the parent's object. An aggregate among them moves
 * too: it is computed where the spreading ends, over the groups that are there.
 */
import type { PlannedField, ReadNode } from "../plan/node.ts";
import { isShown } from "../plan/node.ts";

export interface SpreadColumn {
  /** Its name in the embed's subquery. */
  name: string;
  /** Its key in the answer. */
  key: string;
  aggregate?: PlannedField["aggregate"];
  /** Whether it is an embed's value, of the type json. */
  isEmbed?: boolean;
}

export function spreadColumns(embed: ReadNode, raw: ReadonlyMap<PlannedField, string>): SpreadColumn[] {
  const own = embed.items.flatMap((item): SpreadColumn[] => {
    if (item.kind === "star") return [...embed.table.columns.keys()].map((name) => ({ name, key: name }));
    const { key, aggregate } = item;
    return [{ name: raw.get(item) ?? key, key, aggregate }];
  });
  const nested = embed.embeds.filter(isShown).flatMap((inner): SpreadColumn[] => {
    if (!inner.spread) return [{ name: inner.key, key: inner.key, isEmbed: true }];
    // Without an aggregate, the column has its key as its name as soon as it leaves the inner embed.
    return spreadColumns(inner, raw).map((column) =>
      column.aggregate ? column : { ...column, name: column.key },
    );
  });
  return [...own, ...nested];
}

/** The keys of the objects that a node makes. */
export function outputKeys(node: ReadNode): string[] {
  return spreadColumns(node, new Map()).map(({ key }) => key);
}

/** Gives the columns under aggregates names that nothing else in the embed has. */
export function nameRawFields(embed: ReadNode, raw: Map<PlannedField, string>): void {
  const taken = outputKeys(embed);
  const visit = (node: ReadNode) => {
    for (const item of node.items) {
      if (item.kind === "star" || !item.aggregate || raw.has(item)) continue;
      raw.set(item, unused(`pgrst_raw_${raw.size}`, taken));
    }
    for (const inner of node.embeds) if (inner.spread) visit(inner);
  };
  visit(embed);
}

/** `base`, with underscores added until it differs from all others. */
export function unused(base: string, others: readonly string[]): string {
  let name = base;
  while (others.includes(name)) name += "_";
  return name;
}
