/**
 * Conditions on the outcome that must undo the whole request when broken: they
 * are part of the statement, as a cast that fails, so that no second round
 * trip is needed to roll back. The word in it is this process's secret, so
 * that no value of a client can pass for a broken guard.
 */
import { randomUUID } from "node:crypto";
import { errors, type RestError } from "../errors.ts";

export type GuardKind = "singular" | "affected" | "put";

const word = randomUUID();

/** @param holds and @param count are SQL */
export function guardSql(kind: GuardKind, holds: string, count: string): string {
  return `case when ${holds} then null else ('${word} ${kind} ' || ${count})::pg_catalog.pg_lsn end`;
}

/** What a broken guard means, or the error as it is. */
export function guardError(error: RestError): RestError {
  if (error.body.code !== "22P02" || !error.body.message.includes(word)) return error;
  const [, kind, count = ""] = new RegExp(`${word} (\\w+) (\\d+)`).exec(error.body.message) ?? [];
  switch (kind as GuardKind) {
    case "singular":
      return errors.notSingular(count);
    case "affected":
      return errors.maxAffected(count);
    case "put":
      return errors.putKey();
  }
}
