/**
 * Does what Auth does to auth.users while somebody signs up, statement by statement. It uses
 * the same role, supabase_auth_admin, and the same columns (supabase/auth
 * internal/api/mail.go, internal/models/user.go).
 */
import { randomUUID } from "node:crypto";
import postgres from "postgres";
import { databaseUrl } from "../../sql/tools/server.ts";
import type { Database } from "./database.ts";

export interface Auth extends AsyncDisposable {
  sql: postgres.Sql;
  /** An account that is not confirmed, after its first mail. @returns its id */
  signUp(metadata: Record<string, unknown>, password?: string): Promise<string>;
  /** An account that an administrator made, without a mail. @returns its id */
  create(metadata: Record<string, unknown>): Promise<string>;
  /** Sends the mail of a sign-up, as /signup and /resend do. */
  mail(id: string): Promise<void>;
  /** Sends the mail for a forgotten password. */
  recover(id: string): Promise<void>;
  invite(id: string): Promise<void>;
  /** Confirms the account, as the link or the code of a mail does. */
  confirm(id: string): Promise<void>;
  setPassword(id: string, password: string): Promise<void>;
  user(id: string): Promise<postgres.Row>;
}

export function connectAuth(db: Database): Auth {
  const sql = postgres(databaseUrl(db.port, db.name, "supabase_auth_admin"), { max: 8, onnotice() {} });
  const change = async (id: string, columns: Record<string, unknown>) => {
    const { count } = await sql`update auth.users set ${sql(columns as never)} where id = ${id}`;
    if (count !== 1) throw new Error(`there is no user ${id}`);
  };
  const create = async (metadata: Record<string, unknown>, password = "") => {
    const id = randomUUID();
    await sql`
      insert into auth.users (
        instance_id, id, aud, role, email, encrypted_password, raw_app_meta_data, raw_user_meta_data
      )
      values (
        '00000000-0000-0000-0000-000000000000', ${id}, 'authenticated', 'authenticated',
        ${`${id}@example.com`}, ${password}, '{"provider": "email", "providers": ["email"]}',
        ${sql.json(metadata as postgres.JSONValue)}
      )
    `;
    return id;
  };
  const mail = (id: string) =>
    change(id, { confirmation_token: randomUUID(), confirmation_sent_at: new Date() });
  return {
    sql,
    create,
    mail,
    async signUp(metadata, password = "a hash") {
      const id = await create(metadata, password);
      await mail(id);
      return id;
    },
    recover: (id) => change(id, { recovery_token: randomUUID(), recovery_sent_at: new Date() }),
    invite: (id) =>
      change(id, {
        confirmation_token: randomUUID(),
        confirmation_sent_at: new Date(),
        invited_at: new Date(),
      }),
    async confirm(id) {
      await change(id, { confirmation_token: "", email_confirmed_at: new Date() });
      const { raw_user_meta_data: metadata } = await this.user(id);
      await change(id, { raw_user_meta_data: sql.json({ ...metadata, email_verified: true }) });
    },
    setPassword: (id, password) => change(id, { encrypted_password: password, confirmation_sent_at: null }),
    async user(id) {
      const [row] = await sql`select * from auth.users where id = ${id}`;
      if (!row) throw new Error(`there is no user ${id}`);
      return row;
    },
    [Symbol.asyncDispose]: () => sql.end(),
  };
}
