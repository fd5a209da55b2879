/**
 * Makes a database a Supabase database. It runs the files of bootstrap/ in order, each
 * once, as the superuser supabase_admin. Every start of the platform calls it.
 */
import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres, { type Notice, type Sql, type TransactionSql } from "postgres";
import { PlatformError } from "../errors.ts";
import type { Log } from "../log.ts";
import { matchesVerifier, scramVerifier } from "./scram.ts";

export interface BootstrapOptions {
  /** The password of the roles in `serviceRoles`. Services log in as these. */
  password: string;
  /** In seconds. SQL reads it by `current_setting('app.settings.jwt_exp')`. */
  jwtExpiryS: number;
  /**
   * Whether the API roles reach what `postgres` makes in `public` without a grant. It counts when the
   * database is made. Later it is the project's to change.
   */
  exposeNewTables?: boolean;
  log: Log;
}

/** The roles with a password. The other login roles have no password, because nobody logs in as them. */
export const serviceRoles = [
  "postgres",
  "authenticator",
  "supabase_auth_admin",
  "supabase_storage_admin",
  "supabase_realtime_admin",
] as const;

interface Step {
  name: string;
  sql: string;
  sha256: string;
}

type Applied = Map<string, string>;

/**
 * Changes nothing in a database that another Supabase made. In a database that we made
 * earlier, it applies new files and updates passwords and settings. It does everything or
 * nothing. Several processes may do it at once, for one database or for several on the
 * same server.
 *
 * @param adminUrl the database, as a superuser
 * @throws PlatformError bootstrap_needs_superuser, bootstrap_failed (nothing was changed)
 */
export async function bootstrapDatabase(adminUrl: string, options: BootstrapOptions): Promise<void> {
  const log = options.log.child("bootstrap");
  const sql = postgres(adminUrl, {
    max: 1,
    onnotice: (notice) => report(notice, log),
    connection: { application_name: "plaza-bootstrap" },
  });
  try {
    const steps = await readSteps();
    const applied = await readLedger(sql);
    if (!applied && (await isSupabase(sql))) {
      log("info", "the database is already a Supabase database: left as it is");
      return;
    }
    if (!(await isSuperuser(sql))) {
      throw new PlatformError(
        "bootstrap_needs_superuser",
        "Only a superuser can make a database a Supabase database: give a URL that logs in as a superuser.",
      );
    }
    for (const { name, sha256 } of steps) {
      if (applied?.has(name) && applied.get(name) !== sha256)
        log("warn", `${name} has changed since it was applied: reset the database to apply it again`);
    }
    const current =
      applied !== undefined &&
      steps.every((step) => applied.has(step.name)) &&
      (await stalePasswords(sql, options.password)).length === 0 &&
      !(await staleExpiry(sql, options.jwtExpiryS));
    if (current) return;
    await sql.begin(async (transaction) => {
      // Roles belong to the server, so this lock also holds between its databases. A login
      // only reads the table and does not wait.
      await transaction.unsafe("lock table pg_catalog.pg_authid in share row exclusive mode");
      const isNew = (await applySteps(transaction, steps, log)) === 0;
      if (isNew && options.exposeNewTables) await transaction.unsafe(expose).simple();
      await setPasswords(transaction, options.password);
      await setExpiry(transaction, options.jwtExpiryS);
    });
  } finally {
    await sql.end();
  }
}

async function readSteps(): Promise<Step[]> {
  const folder = join(import.meta.dirname, "bootstrap");
  const names = (await readdir(folder)).filter((name) => name.endsWith(".sql")).sort();
  return Promise.all(
    names.map(async (name) => {
      const sql = await readFile(join(folder, name), "utf8");
      return { name, sql, sha256: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

/** The files that were applied to this database, with their hashes. Undefined before the first one. */
async function readLedger(sql: Sql | TransactionSql): Promise<Applied | undefined> {
  const [ledger] = await sql`select to_regclass('platform.bootstrap') is not null as present`;
  if (!ledger?.present) return undefined;
  const rows = await sql<{ name: string; sha256: string }[]>`select name, sha256 from platform.bootstrap`;
  return new Map(rows.map(({ name, sha256 }) => [name, sha256]));
}

async function isSupabase(sql: Sql): Promise<boolean> {
  const [row] = await sql`select to_regclass('auth.users') is not null as present`;
  return row?.present;
}

async function isSuperuser(sql: Sql): Promise<boolean> {
  const [row] = await sql`select rolsuper from pg_roles where rolname = current_user`;
  return row?.rolsuper;
}

/** @returns how many files had been applied before */
async function applySteps(sql: TransactionSql, steps: Step[], log: Log): Promise<number> {
  const applied = (await readLedger(sql)) ?? new Map();
  for (const step of steps) {
    if (applied.has(step.name)) continue;
    log("debug", `applying ${step.name}`);
    await sql
      .unsafe(step.sql)
      .simple()
      .catch((cause: Error) => {
        throw new PlatformError("bootstrap_failed", `${step.name}: ${cause.message}`, { cause });
      });
    await sql.unsafe(ledger).simple();
    await sql`insert into platform.bootstrap (name, sha256) values (${step.name}, ${step.sha256})`;
  }
  return applied.size;
}

/** The role that this sets also runs the next file. So every file runs as supabase_admin. */
const ledger = `
  set local role supabase_admin;
  create schema if not exists platform;
  create table if not exists platform.bootstrap (
    name text primary key,
    sha256 text not null,
    applied_at timestamptz not null default now()
  );
`;

/** Gives back what 02-schemas.sql takes away, for projects with `auto_expose_new_tables`. */
const expose = `
  alter default privileges for role postgres in schema public
    grant select, insert, update, delete on tables to anon, authenticated, service_role;
  alter default privileges for role postgres in schema public
    grant usage, select on sequences to anon, authenticated, service_role;
  alter default privileges for role postgres in schema public
    grant execute on functions to anon, authenticated, service_role;
`;

/** The roles that have no password or another one. A superuser keeps the password that its owner set. */
async function stalePasswords(sql: Sql | TransactionSql, password: string): Promise<string[]> {
  const roles = await sql<{ rolname: string; rolpassword: string | null }[]>`
    select rolname, rolpassword
    from pg_catalog.pg_authid
    where rolname = any(${[...serviceRoles]}) and not rolsuper
  `;
  // All roles share one verifier, because it takes thousands of hashes to make one.
  const right = roles.map((role) => role.rolpassword).find((found) => matchesVerifier(found, password));
  return roles.filter((role) => !right || role.rolpassword !== right).map((role) => role.rolname);
}

async function setPasswords(sql: TransactionSql, password: string): Promise<void> {
  const stale = await stalePasswords(sql, password);
  if (stale.length === 0) return;
  const verifier = scramVerifier(password);
  for (const role of serviceRoles) {
    if (stale.includes(role)) await sql.unsafe(`alter role ${role} password '${verifier}'`);
  }
}

async function staleExpiry(sql: Sql | TransactionSql, jwtExpiryS: number): Promise<boolean> {
  const [row] = await sql`
    select exists (
      select
      from pg_catalog.pg_db_role_setting as setting
      join pg_catalog.pg_database as database on database.oid = setting.setdatabase
      where database.datname = current_database()
        and setting.setrole = 0
        and ${`app.settings.jwt_exp=${jwtExpiryS}`} = any(setting.setconfig)
    ) as current
  `;
  return !row?.current;
}

async function setExpiry(sql: TransactionSql, jwtExpiryS: number): Promise<void> {
  if (!(await staleExpiry(sql, jwtExpiryS))) return;
  const [row] = await sql`
    select format(
      'alter database %I set "app.settings.jwt_exp" to %L', current_database(), ${String(jwtExpiryS)}::text
    ) as statement
  `;
  await sql.unsafe(row?.statement);
}

function report(notice: Notice, log: Log): void {
  if (notice.severity === "WARNING") log("warn", String(notice.message));
}
