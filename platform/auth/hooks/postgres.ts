/**
 * Calls a hook that is a Postgres function, fn(jsonb) returns jsonb, as the role
 * supabase_auth_admin. Source: supabase/auth internal/hooks/hookspgfunc.
 */
import type { Db, Json } from "../db.ts";

const timeoutMs = 2000;

/**
 * Reads pg-functions://database/schema/function.
 * @returns `"schema"."function"`, undefined for another form
 */
export function functionName(uri: string): string | undefined {
  const names = /^pg-functions:\/\/[^/]+\/([a-zA-Z_][\w$]*)\/([a-zA-Z_][\w$]*)$/.exec(uri);
  return names ? `"${names[1]}"."${names[2]}"` : undefined;
}

/**
 * @param sql a transaction, because the timeout only works within one
 * @param name quoted, as functionName returns it
 * @throws postgres's error when the function raises one or takes too long
 */
export async function callPostgresHook(sql: Db, name: string, input: Json): Promise<unknown> {
  // Sent together, so that they cost one round trip. When one fails, so do the later ones.
  const [, [row]] = await Promise.all([
    sql.unsafe(`set local statement_timeout to ${timeoutMs}`).execute(),
    sql
      .unsafe<{ output: unknown }[]>(`select ${name}($1) as output`, [input as never], { prepare: true })
      .execute(),
    sql.unsafe("set local statement_timeout to default").execute(),
  ]);
  return row?.output;
}
