/**
 * A hook that is a Postgres function fn(jsonb) returns jsonb, called as
 * supabase_auth_admin. Source: supabase/auth internal/hooks/hookspgfunc.
 */
import type { Db, Json } from "../db.ts";

const timeoutMs = 2000;

/** `"schema"."function"` of pg-functions://database/schema/function; undefined when it has another form. */
export function functionName(uri: string): string | undefined {
  const names = /^pg-functions:\/\/[^/]+\/([a-zA-Z_][\w$]*)\/([a-zA-Z_][\w$]*)$/.exec(uri);
  return names ? `"${names[1]}"."${names[2]}"` : undefined;
}

/**
 * @param sql a transaction, for the timeout holds within one only
 * @param name quoted, from functionName
 * @throws postgres's error when the function raises one or takes too long
 */
export async function callPostgresHook(sql: Db, name: string, input: Json): Promise<unknown> {
  await sql.unsafe(`set local statement_timeout to ${timeoutMs}`);
  const [row] = await sql.unsafe<{ output: unknown }[]>(`select ${name}($1) as output`, [input as never]);
  await sql.unsafe("set local statement_timeout to default");
  return row?.output;
}
