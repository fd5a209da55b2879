/**
 * /admin/users, for the service role: list, get, create, update, delete.
 * Source: supabase/auth internal/api/admin.go, pagination.go.
 */

import { z } from "zod";
import { audit } from "./audit.ts";
import { isUuid, requireAdmin } from "./authorize.ts";
import { readBan } from "./ban.ts";
import { isBcrypt } from "./bcrypt.ts";
import { type Call, type Context, json, record, text } from "./context.ts";
import type { Db } from "./db.ts";
import { readEmail } from "./email.ts";
import { AuthError, badRequest, emailTaken, internal, invalid, isEmailTaken, notFound } from "./errors.ts";
import {
  emailIdentityData,
  findIdentities,
  identityJson,
  insertEmailIdentity,
  setEmailIdentity,
} from "./identities.ts";
import { changeMetadata, checkTogether, readMetadata } from "./metadata.ts";
import { insertUser } from "./new-users.ts";
import { passwordProblem, unknownPassword } from "./passwords.ts";
import { newEmailUser } from "./signup.ts";
import {
  audience,
  changePassword,
  clearOneTimeTokens,
  confirmUser,
  findEmailHolder,
  findUserById,
  mergeMetadata,
  obfuscate,
  type User,
  updateUser,
  userFields,
  userJson,
} from "./users.ts";

const pageDefault = 50;
const pageMax = 1000;

export async function listUsers(context: Context, call: Call): Promise<Response> {
  await requireAdmin(context, call);
  const query = call.url.searchParams;
  // Page 0 is the first one, too.
  const page = Math.max(1, readCount(query.get("page"), 1, Number.MAX_SAFE_INTEGER / pageMax, 0));
  const perPage = Math.min(pageMax, readCount(query.get("per_page"), pageDefault, Number.MAX_SAFE_INTEGER));
  const ascending = readSort(query.get("sort"));
  const filter = query.get("filter") ?? "";
  const like = `%${filter.replace(/[\\%_]/g, "\\$&")}%`;

  const { sql } = context;
  const chosen = sql`
    instance_id = '00000000-0000-0000-0000-000000000000' and aud = ${audience}
    ${filter === "" ? sql`` : sql`and (email like ${like} or raw_user_meta_data ->> 'full_name' ilike ${like})`}
  `;
  const [counted] = await sql<{ total: number }[]>`
    select count(*)::int as total from auth.users where ${chosen}
  `;
  const direction = ascending ? sql`asc` : sql`desc`;
  const users = await sql<User[]>`
    select * from auth.users
    where ${chosen}
    order by created_at ${direction}, id ${direction}
    limit ${perPage} offset ${(page - 1) * perPage}
  `;
  const identities = await findIdentities(
    sql,
    users.map((user) => user.id),
  );
  const total = counted?.total ?? 0;
  return json(
    {
      users: users.map((user) => ({
        ...userFields(user),
        identities: identities.filter((identity) => identity.user_id === user.id).map(identityJson),
      })),
      aud: audience,
    },
    200,
    { "x-total-count": String(total), link: pageLinks(call.url, page, Math.ceil(total / perPage)) },
  );
}

function readCount(value: string | null, fallback: number, max: number, least = 1): number {
  if (value === null || value === "") return fallback;
  const count = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (!(count >= least && count <= max)) {
    throw invalid(`Bad Pagination Parameters: "${value.slice(0, 20)}" is not a count`);
  }
  return count;
}

function readSort(value: string | null): boolean {
  if (value === null || value === "") return false;
  const direction = /^created_at(?:[ +](asc|desc))?$/i.exec(value);
  if (!direction) throw invalid("Bad Sort Parameters: only created_at can be sorted by");
  return direction[1]?.toLowerCase() === "asc";
}

function pageLinks(url: URL, page: number, last: number): string {
  const link = (to: number, rel: string) => {
    const query = new URLSearchParams(url.searchParams);
    query.set("page", String(to));
    // Clients read the number after the first "=".
    query.sort();
    return `<${url.pathname}?${query}>; rel="${rel}"`;
  };
  return [...(last > page ? [link(page + 1, "next")] : []), link(last, "last")].join(", ");
}

export async function getUserById(context: Context, call: Call, id: string): Promise<Response> {
  await requireAdmin(context, call);
  return json(await userJson(context.sql, await loadUser(context, id)));
}

/** The user that an administrator's path names. @throws AuthError validation_failed, user_not_found (404) */
export async function loadUser(context: Context, id: string): Promise<User> {
  if (!isUuid(id)) throw notFound("validation_failed", "user_id must be an UUID");
  const user = await findUserById(context.sql, id);
  if (!user) throw notFound("user_not_found", "User not found");
  return user;
}

const paramsSchema = z.object({
  id: text,
  role: text,
  email: text,
  phone: text,
  password: z.string().nullish(),
  password_hash: text,
  email_confirm: z.boolean().nullish(),
  user_metadata: record,
  app_metadata: record,
  ban_duration: text,
});
type Params = z.infer<typeof paramsSchema>;

export async function createUser(context: Context, call: Call): Promise<Response> {
  const adminRole = await requireAdmin(context, call);
  const params = await call.body(paramsSchema);
  refusePhone(params);
  if (params.email === "") throw invalid("Cannot create a user without either an email or phone");
  const email = readEmail(params.email);
  if (await findEmailHolder(context.sql, email)) throw emailTaken();
  if (params.id !== "" && !isUuid(params.id)) throw invalid("ID must conform to the uuid v4 format");
  const bannedUntil = readBan(params.ban_duration);
  const appMetadata = readMetadata(params.app_metadata);
  const userMetadata = readMetadata(params.user_metadata);
  checkTogether(appMetadata, userMetadata);
  const candidate = {
    ...newEmailUser(email, await initialHash(context, params), userMetadata),
    ...(params.id === "" ? {} : { id: params.id }),
    ...(params.role === "" ? {} : { role: params.role }),
  };
  try {
    const user = await context.sql.begin(async (sql) => {
      let created = await insertUser(sql, candidate);
      await insertEmailIdentity(sql, created.id, emailIdentityData(created.id, email, false));
      await audit(sql, { adminRole }, "user_signedup", traits(created));
      created = await updateUser(sql, created.id, {
        raw_app_meta_data: mergeMetadata(created.raw_app_meta_data, appMetadata),
        ...(bannedUntil === undefined ? {} : { banned_until: bannedUntil }),
      });
      return params.email_confirm ? confirmUser(sql, created) : created;
    });
    return json(await userJson(context.sql, user));
  } catch (cause) {
    if (isEmailTaken(cause)) throw cause;
    throw internal("Database error creating new user", cause instanceof AuthError ? cause.cause : cause);
  }
}

/** The password policy applies to people, not to administrators. Here only bcrypt's own limit applies. */
async function initialHash(context: Context, params: Params): Promise<string> {
  if (params.password && params.password_hash !== "") {
    throw invalid("Only a password or a password hash should be provided");
  }
  if (params.password_hash !== "") {
    if (!isBcrypt(params.password_hash)) throw internal("Error creating user");
    return params.password_hash;
  }
  if (params.password && Buffer.byteLength(params.password) > 72) {
    throw invalid("bcrypt: password length exceeds 72 bytes");
  }
  return context.passwords.hash(params.password || unknownPassword());
}

export async function updateUserById(context: Context, call: Call, id: string): Promise<Response> {
  const adminRole = await requireAdmin(context, call);
  const user = await loadUser(context, id);
  const params = await call.body(paramsSchema);
  refusePhone(params);
  const email = params.email === "" ? undefined : readEmail(params.email);
  const bannedUntil = readBan(params.ban_duration);
  let passwordHash: string | undefined;
  if (typeof params.password === "string") {
    const problem = passwordProblem(context.config, params.password);
    if (problem) throw problem;
    passwordHash = await context.passwords.hash(params.password);
  }
  try {
    const changed = await context.sql.begin(async (sql) => {
      let current = user;
      if (params.email_confirm) current = await confirmUser(sql, current);
      if (passwordHash !== undefined) current = await changePassword(sql, id, passwordHash);
      if (email) await setEmailIdentity(sql, id, email, params.email_confirm ?? false);
      const appMetadata = changeMetadata(current.raw_app_meta_data, params.app_metadata, {});
      const userMetadata = changeMetadata(current.raw_user_meta_data, params.user_metadata, appMetadata);
      if (params.app_metadata) checkTogether(appMetadata, userMetadata);
      current = await updateUser(sql, id, {
        ...(params.role === "" ? {} : { role: params.role.trim() }),
        ...(email ? { email } : {}),
        ...(email && params.email_confirm ? { is_anonymous: false } : {}),
        ...(bannedUntil === undefined ? {} : { banned_until: bannedUntil }),
        raw_app_meta_data: appMetadata,
        raw_user_meta_data: userMetadata,
      });
      await audit(sql, { adminRole }, "user_modified", traits(current));
      return current;
    });
    return json(await userJson(context.sql, changed));
  } catch (cause) {
    throw cause instanceof AuthError && cause.status < 500 ? cause : internal("Error updating user", cause);
  }
}

const deleteSchema = z.object({ should_soft_delete: z.boolean().nullish() });

export async function deleteUser(context: Context, call: Call, id: string): Promise<Response> {
  const adminRole = await requireAdmin(context, call);
  const user = await loadUser(context, id);
  const { should_soft_delete: soft } = await call.body(deleteSchema);
  try {
    await context.sql.begin(async (sql) => {
      await audit(sql, { adminRole }, "user_deleted", traits(user));
      if (!soft) await sql`delete from auth.users where id = ${id}`;
      else if (!user.deleted_at) await softDelete(sql, user);
    });
  } catch (cause) {
    throw internal("Database error deleting user", cause);
  }
  return json({});
}

/** Keeps the row, because other rows refer to it, but removes everything about the person. */
async function softDelete(sql: Db, user: User): Promise<void> {
  await updateUser(sql, user.id, {
    email: obfuscate(user.id, user.email ?? ""),
    phone: obfuscate(user.id, user.phone ?? "").slice(0, 15),
    email_change: obfuscate(user.id, user.email_change ?? ""),
    encrypted_password: null,
    confirmation_token: "",
    recovery_token: "",
    email_change_token_current: "",
    email_change_token_new: "",
    raw_user_meta_data: {},
    raw_app_meta_data: {},
    deleted_at: new Date(),
  });
  await clearOneTimeTokens(sql, user.id);
  for (const identity of await findIdentities(sql, [user.id])) {
    const providerId = obfuscate(user.id, `${identity.provider}:${identity.provider_id}`);
    await sql`
      update auth.identities set identity_data = '{}', provider_id = ${providerId} where id = ${identity.id}
    `;
  }
  await sql`delete from auth.mfa_factors where user_id = ${user.id}`;
  await sql`delete from auth.sessions where user_id = ${user.id}`;
  await sql`delete from auth.refresh_tokens where user_id = ${user.id}`;
}

function refusePhone(params: Params): void {
  if (params.phone !== "") throw badRequest("phone_provider_disabled", "Unsupported phone provider");
}

function traits(user: User) {
  return { user_id: user.id, user_email: user.email ?? "", user_phone: user.phone ?? "" };
}
