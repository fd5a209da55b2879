/**
 * Applies the project's roles, migrations and seed to a database. The supabase CLI does the
 * work, so the history tables are the real ones. This module itself finds out which
 * migrations are pending. If there are none, it does not start the CLI, which is slow.
 */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import postgres from "postgres";
import { PlatformError } from "../errors.ts";
import { createGate } from "./gate.ts";
import { type CliOptions, startCli } from "./supabase-cli.ts";

export interface MigrateOptions extends CliOptions {
  /** For the role `postgres`, which is not a superuser. So the same migrations fail as on hosted Supabase. */
  databaseUrl: string;
  /** Run seed.sql too if this database was never migrated, or if its first start stopped before the seed. */
  seed: boolean;
  /** A CLI that waits for this database. */
  headStart?: HeadStart;
}

/** A CLI that has started, and whose connection waits at the gate. */
export interface HeadStart extends AsyncDisposable {
  /** Whether the CLI has ended. */
  readonly ended: boolean;
  /**
   * Opens the gate and waits for the CLI.
   * @returns false if the CLI gave up waiting before. Then it has done nothing
   * @throws PlatformError migration_failed
   */
  finish(databaseUrl: string): Promise<boolean>;
}

/**
 * Starts the CLI for a new database that somebody else still makes. The CLI works for half a second
 * before it connects, so it does that meanwhile. It touches nothing before `finish`.
 * @param futureUrl the database, for the role `postgres`. Its port counts only at `finish`
 */
export async function startAhead(
  options: CliOptions & { seed: boolean },
  futureUrl: string,
): Promise<HeadStart> {
  await using made = new AsyncDisposableStack();
  const gate = made.use(await createGate());
  const gateUrl = new URL(futureUrl);
  gateUrl.port = String(gate.port);
  const url = gateUrl.href;
  const cli = await startCli(options, push(url, options.seed), url);
  made.defer(() => cli.stop());
  const running = made.move();
  return {
    get ended() {
      return cli.ended;
    },
    async finish(databaseUrl) {
      if (cli.ended) return false;
      gate.open(Number(new URL(databaseUrl).port));
      try {
        await cli.done;
        return true;
      } catch (cause) {
        if (gate.passed > 0 || options.signal?.aborted) throw cause;
        return false;
      }
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/**
 * The signal ends the CLI. Every migration is one transaction, so the next call continues with the first
 * that was not applied.
 * @returns how many migrations were applied
 * @throws PlatformError migration_failed, with the output of the CLI
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const { databaseUrl, headStart } = options;
  const files = await migrationVersions(options.projectDir);
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    const { applied, unseeded, untouched } = await history(sql);
    if (untouched) await createRoles(sql, options.projectDir);
    const pending = files.filter((version) => !applied?.has(version));
    const seeding = options.seed && (applied === undefined || unseeded);
    if (pending.length === 0 && !seeding) return 0;
    if (seeding) await sql.unsafe(begin);
    if (!(await headStart?.finish(databaseUrl))) {
      await (await startCli(options, push(databaseUrl, seeding), databaseUrl)).done;
    }
    if (seeding) await sql.unsafe(end);
    return pending.length;
  } finally {
    await sql.end();
  }
}

function push(databaseUrl: string, seed: boolean): string[] {
  const seeding = seed ? ["--include-seed"] : [];
  return ["db", "push", "--yes", "--include-all", ...seeding, "--remote", withoutTls(databaseUrl)];
}

/*
 * The CLI commits the migrations first and the seed later. So we leave a mark in the
 * database from before the migrations until after the seed. If a start finds the mark, an
 * earlier one stopped between the two, and the seed must run. Without the mark, the
 * database needs no seed.
 */
const mark = "The seed is still to come.";
const begin = `
  create schema if not exists supabase_migrations;
  comment on schema supabase_migrations is '${mark}';`;
const end = "comment on schema supabase_migrations is null";

/**
 * Runs supabase/roles.sql, if there is one, in a new database: migrations may grant rights to these roles. The
 * transaction makes the schema of the history too. So after an interrupted start they are there, or all is to do.
 */
async function createRoles(sql: postgres.Sql, projectDir: string): Promise<void> {
  const text = await readFile(join(projectDir, "supabase", "roles.sql"), "utf8").catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw error;
    },
  );
  if (text === undefined) return;
  await sql
    .begin(async (transaction) => {
      await transaction.unsafe("create schema if not exists supabase_migrations");
      await transaction.unsafe(text).simple();
    })
    .catch((cause: Error) => {
      throw new PlatformError("migration_failed", `supabase/roles.sql: ${cause.message}`, { cause });
    });
}

interface History {
  /** Undefined if the CLI never migrated this database. */
  applied: Set<string> | undefined;
  unseeded: boolean;
  /** Nothing here has migrated this database yet, and no start was interrupted meanwhile. */
  untouched: boolean;
}

async function history(sql: postgres.Sql): Promise<History> {
  const [found] = await sql`
    select
      to_regnamespace('supabase_migrations') is null as untouched,
      to_regclass('supabase_migrations.schema_migrations') is not null as exists,
      obj_description(to_regnamespace('supabase_migrations'), 'pg_namespace') = ${mark} as unseeded`;
  const [unseeded, untouched] = [found?.unseeded === true, found?.untouched === true];
  if (!found?.exists) return { applied: undefined, unseeded, untouched };
  const rows = await sql<{ version: string }[]>`select version from supabase_migrations.schema_migrations`;
  return { applied: new Set(rows.map((row) => row.version)), unseeded, untouched };
}

/** Adds to the URL that the server has no TLS, because the CLI needs that. A URL with its own setting stays. */
function withoutTls(databaseUrl: string): string {
  const url = new URL(databaseUrl);
  if (!url.searchParams.has("sslmode")) url.searchParams.set("sslmode", "disable");
  return url.href;
}

async function migrationVersions(projectDir: string): Promise<string[]> {
  const names = await readdir(join(projectDir, "supabase", "migrations")).catch(() => []);
  return names.flatMap((name) => /^(\d+)_.*\.sql$/.exec(name)?.[1] ?? []);
}
