/**
 * Rows of auth.identities: how a user proves who they are. In this server that is
 * always an e-mail address, and provider_id is the user's id.
 * Source: supabase/auth internal/models/identity.go, internal/api/identity.go.
 */
import type { Db, Json } from "./db.ts";

export interface Identity {
  id: string;
  provider_id: string;
  user_id: string;
  identity_data: Json;
  provider: string;
  last_sign_in_at: Date | null;
  created_at: Date;
  updated_at: Date;
  email: string | null;
}

export function findIdentities(sql: Db, userIds: string[]): Promise<Identity[]> {
  return sql<Identity[]>`
    select * from auth.identities where user_id = any(${userIds}::uuid[]) order by created_at, id
  `;
}

export async function providersOf(sql: Db, userId: string): Promise<string[]> {
  const rows = await sql<{ provider: string }[]>`
    select provider from auth.identities where user_id = ${userId} group by provider order by min(created_at)
  `;
  return rows.map((row) => row.provider);
}

/** The data of an e-mail identity. `data` adds keys, but never replaces these. */
export function emailIdentityData(userId: string, email: string, verified: boolean, data: Json = {}): Json {
  return { ...data, sub: userId, email, email_verified: verified, phone_verified: false };
}

export async function insertEmailIdentity(sql: Db, userId: string, data: Json): Promise<Identity> {
  const [row] = await emailIdentity(sql, userId, data);
  return row as Identity;
}

/** The statement that inserts it: a query of its own, or a part of another one. */
export function emailIdentity(sql: Db, userId: string, data: Json) {
  return sql<Identity[]>`
    insert into auth.identities (
      id, provider_id, user_id, identity_data, provider, last_sign_in_at, created_at, updated_at
    )
    values (
      ${crypto.randomUUID()}, ${userId}, ${userId}, ${sql.json(data as never)}, 'email', now(), now(), now()
    )
    returning *
  `;
}

/** Sets the address of a user's e-mail identity. Creates the identity when there is none. */
export async function setEmailIdentity(
  sql: Db,
  userId: string,
  email: string,
  verified: boolean,
): Promise<void> {
  const changed = await sql`
    update auth.identities
    set
      identity_data = identity_data || ${sql.json({ email, email_verified: verified })},
      updated_at = now()
    where provider = 'email' and provider_id = ${userId}
  `;
  if (changed.count === 0) {
    await insertEmailIdentity(sql, userId, emailIdentityData(userId, email, verified));
  }
}

export async function markEmailVerified(sql: Db, userId: string, email: string): Promise<void> {
  await sql`
    update auth.identities
    set identity_data = identity_data || '{"email_verified": true}', updated_at = now()
    where user_id = ${userId} and email = ${email}
  `;
}

/** An identity as the API shows it. There `id` is the provider's id, and ours is `identity_id`. */
export function identityJson(identity: Identity): Json {
  const { id, provider_id, email, ...rest } = identity;
  return { identity_id: id, id: provider_id, ...rest, ...(email ? { email } : {}) };
}
