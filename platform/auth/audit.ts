/**
 * Records what users and administrators do, in auth.audit_log_entries. Source: supabase/auth
 * internal/models/audit_log_entry.go.
 */
import type { Db, Json } from "./db.ts";
import type { User } from "./users.ts";

const logTypes = {
  login: "account",
  logout: "account",
  user_signedup: "team",
  user_invited: "team",
  user_deleted: "team",
  token_revoked: "token",
  token_refreshed: "token",
  user_modified: "user",
  user_recovery_requested: "user",
  user_reauthenticate_requested: "",
  user_confirmation_requested: "user",
  user_repeated_signup: "user",
  user_updated_password: "user",
} as const;

export type Action = keyof typeof logTypes;
/** The person who did it: a user, or the role of an administrator's key. */
export type Actor = User | { adminRole: string };

export async function audit(sql: Db, actor: Actor, action: Action, traits?: Json): Promise<void> {
  await auditEntry(sql, actor, action, traits);
}

/** The statement that records it: a query of its own, or a part of another one. */
export function auditEntry(sql: Db, actor: Actor, action: Action, traits?: Json) {
  const who =
    "adminRole" in actor
      ? { id: "00000000-0000-0000-0000-000000000000", name: actor.adminRole, sso: false }
      : { id: actor.id, name: actor.phone || actor.email || "", sso: actor.is_sso_user };
  const fullName = "adminRole" in actor ? undefined : actor.raw_user_meta_data?.full_name;
  const payload = {
    actor_id: who.id,
    actor_via_sso: who.sso,
    actor_username: who.name,
    action,
    log_type: logTypes[action],
    ...(fullName === undefined ? {} : { actor_name: fullName }),
    ...(traits ? { traits } : {}),
  };
  return sql`
    insert into auth.audit_log_entries (instance_id, id, payload, created_at, ip_address)
    values (
      '00000000-0000-0000-0000-000000000000', ${crypto.randomUUID()}, ${sql.json(payload as never)}, now(), ''
    )
  `;
}
