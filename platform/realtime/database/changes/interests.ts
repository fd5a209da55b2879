/**
 * Knows who wants to hear of which changes of which tables. Subscriptions that ask for
 * the same share one interest, so that its work is done once.
 */

import type { Condition } from "./conditions.ts";
import type { ChangeType } from "./parameters.ts";
import type { Values } from "./record.ts";

/** A subscriber that gets changes. */
export interface Target {
  deliver(ids: number[], data: string): void;
  /** Ends the subscription, and says why. */
  end(reason: string): void;
}

/** Subscribers with the same claims. One question to the policies is enough for all of them. */
export interface Member {
  claims: string;
  targets: Map<Target, number[]>;
}

export interface InterestDefinition {
  tableId: number;
  role: string;
  /** Undefined: all types. */
  type: ChangeType | undefined;
  conditions: Condition[];
  select: string[] | undefined;
  /** Equal definitions have equal keys. */
  key: string;
}

export interface Interest extends InterestDefinition {
  members: Map<string, Member>;
}

export interface Interests {
  /** Adds a subscriber to an interest. @returns a function that removes it */
  add(definition: InterestDefinition, claims: string, target: Target, id: number): () => void;
  /** How many additions there were. */
  readonly additions: number;
  /** The number of the subscriber's first addition. */
  since(target: Target): number;
  has(tableId: number): boolean;
  /** The roles of all who are interested in the table. */
  roles(tableId: number): Iterable<string>;
  all(tableId: number): Iterable<Interest>;
  /** The interests that may match the values. Leaves out those that require another value. */
  candidates(tableId: number, values: Values): Interest[];
}

/** The interests in one table. Those that require a value are found by it. */
interface TableInterests {
  byKey: Map<string, Interest>;
  /** How many interests a role has. */
  byRole: Map<string, number>;
  byValue: Map<string, Map<string, Set<Interest>>>;
  others: Set<Interest>;
}

export function createInterests(): Interests {
  const tables = new Map<number, TableInterests>();
  const firsts = new WeakMap<Target, number>();
  let additions = 0;

  function place(table: TableInterests, interest: Interest, put: boolean): void {
    const count = (table.byRole.get(interest.role) ?? 0) + (put ? 1 : -1);
    if (count > 0) table.byRole.set(interest.role, count);
    else table.byRole.delete(interest.role);
    const { column, equals } = interest.conditions.find((condition) => condition.equals !== undefined) ?? {};
    if (column === undefined || equals === undefined) {
      if (put) table.others.add(interest);
      else table.others.delete(interest);
      return;
    }
    const values = table.byValue.get(column) ?? new Map<string, Set<Interest>>();
    const same = values.get(equals) ?? new Set<Interest>();
    if (put) same.add(interest);
    else same.delete(interest);
    if (same.size > 0) values.set(equals, same);
    else values.delete(equals);
    if (values.size > 0) table.byValue.set(column, values);
    else table.byValue.delete(column);
  }

  return {
    add(definition, claims, target, id) {
      additions++;
      if (!firsts.has(target)) firsts.set(target, additions);
      const { tableId, key } = definition;
      let table = tables.get(tableId);
      if (!table) {
        table = { byKey: new Map(), byRole: new Map(), byValue: new Map(), others: new Set() };
        tables.set(tableId, table);
      }
      let interest = table.byKey.get(key);
      if (!interest) {
        interest = { ...definition, members: new Map() };
        table.byKey.set(key, interest);
        place(table, interest, true);
      }
      let member = interest.members.get(claims);
      if (!member) {
        member = { claims, targets: new Map() };
        interest.members.set(claims, member);
      }
      const ids = member.targets.get(target) ?? [];
      member.targets.set(target, [...ids, id]);

      return () => {
        const left = member.targets.get(target)?.slice() ?? [];
        left.splice(left.indexOf(id), 1);
        if (left.length > 0) {
          member.targets.set(target, left);
          return;
        }
        member.targets.delete(target);
        if (member.targets.size > 0) return;
        interest.members.delete(claims);
        if (interest.members.size > 0) return;
        table.byKey.delete(key);
        place(table, interest, false);
        if (table.byKey.size === 0) tables.delete(tableId);
      };
    },
    get additions() {
      return additions;
    },
    since: (target) => firsts.get(target) ?? 0,
    has: (tableId) => tables.has(tableId),
    roles: (tableId) => tables.get(tableId)?.byRole.keys() ?? [],
    all: (tableId) => tables.get(tableId)?.byKey.values() ?? [],
    candidates(tableId, values) {
      const table = tables.get(tableId);
      if (!table) return [];
      const found = [...table.others];
      for (const [column, byText] of table.byValue) {
        const text = values.get(column);
        if (typeof text === "string") found.push(...(byText.get(text) ?? []));
      }
      return found;
    },
  };
}
