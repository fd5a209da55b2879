/**
 * Guards: conditions on the outcome. A broken one must undo the whole request. A guard is part
 * of the statement, as a cast that fails, so no second round trip is needed to roll back. The
 * text that is cast contains a secret of this process, so no client can send a value that looks like
 * a broken guard.
 */
import { randomUUID } from "node:crypto";
import { errors, type RestError } from "../errors.ts";

export type GuardKind = "singular" | "affected" | "put";

const word = randomUUID();

/** `holds` and `count` are SQL. */
export function guardSql(kind: GuardKind, holds: string, count: string): string {
  return `case when ${holds} then null else ('${word} ${kind} ' || ${count})::pg_catalog.pg_lsn end`;
}

/** The error that a broken guard stands for. Any other error is returned as it is. */
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
