/**
 * The settings of PostgREST that the login role may have: `alter role authenticator set pgrst.… = …`.
 * https://docs.postgrest.org/en/stable/references/configuration.html#in-database-configuration
 */
import type { SchemaGraph } from "../schema/types.ts";

/** Whether a setting that is off by default was turned on. PostgREST takes true and numbers above 0. */
export function isEnabled(
  { settings }: SchemaGraph,
  name: "db_aggregates_enabled" | "db_plan_enabled",
): boolean {
  const value = settings.get(name)?.trim() ?? "";
  return /^true$/i.test(value) || Number(value) > 0;
}

/** A setting that is a list of names with commas between them. */
export function listSetting({ settings }: SchemaGraph, name: string, otherwise: string[]): string[] {
  return (
    settings
      .get(name)
      ?.split(",")
      .map((part) => part.trim()) ?? otherwise
  );
}

export interface TransactionEnd {
  /** Whether a request is undone that does not say otherwise. */
  rollback: boolean;
  /** Whether `Prefer: tx=commit` and `tx=rollback` count. */
  clientMayChoose: boolean;
}

/** `db_tx_end`: commit, rollback, or one of these with -allow-override. */
export function transactionEnd({ settings }: SchemaGraph): TransactionEnd {
  const value = settings.get("db_tx_end") ?? "commit";
  return { rollback: value.startsWith("rollback"), clientMayChoose: value.endsWith("-allow-override") };
}
