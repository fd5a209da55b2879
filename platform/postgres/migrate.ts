/**
 * Applies the project's migrations and seed to a database. The supabase CLI does the
 * work, so the history tables are the real ones. This module itself finds out which
 * migrations are pending. If there are none, it does not start the CLI, which is slow.
 */
import { spawn } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { PlatformError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface MigrateOptions {
  /** The folder that holds supabase/migrations. */
  projectDir: string;
  /** For the role `postgres`, which is not a superuser. So the same migrations fail as on hosted Supabase. */
  databaseUrl: string;
  /** The CLI keeps its own files here. */
  homeDir: string;
  /** Run seed.sql too if this database was never migrated, or if its first start stopped before the seed. */
  seed: boolean;
  /** The values for `env(NAME)` in config.toml. */
  env: Record<string, string | undefined>;
  /** Ends the CLI. The next call continues with the first migration that was not applied. */
  signal?: AbortSignal;
  log: Log;
}

/** This limit stops a CLI that hangs. The CLI itself limits each statement to 2 minutes. */
const timeoutMs = 10 * 60_000;
/** In characters. The error shows the end of the output of the CLI. */
const outputMax = 64 * 1024;

/**
 * @returns how many migrations were applied
 * @throws PlatformError migration_failed, with the output of the CLI
 */
export async function migrate(options: MigrateOptions): Promise<number> {
  const files = await migrationVersions(options.projectDir);
  const sql = postgres(options.databaseUrl, { max: 1, onnotice: () => {}, connect_timeout: 10 });
  try {
    const { applied, unseeded } = await history(sql);
    const pending = files.filter((version) => !applied?.has(version));
    const seeding = options.seed && (applied === undefined || unseeded);
    if (pending.length === 0 && !seeding) return 0;
    if (seeding) await sql.unsafe(begin);
    await runCli(options, [
      "db",
      "push",
      "--yes",
      "--include-all",
      ...(seeding ? ["--include-seed"] : []),
      "--remote",
      withoutTls(options.databaseUrl),
    ]);
    if (seeding) await sql.unsafe(end);
    return pending.length;
  } finally {
    await sql.end();
  }
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

/** `applied` is undefined if the CLI never migrated this database. */
async function history(sql: postgres.Sql): Promise<{ applied: Set<string> | undefined; unseeded: boolean }> {
  const [found] = await sql`
    select
      to_regclass('supabase_migrations.schema_migrations') is not null as exists,
      obj_description(to_regnamespace('supabase_migrations'), 'pg_namespace') = ${mark} as unseeded`;
  const unseeded = found?.unseeded === true;
  if (!found?.exists) return { applied: undefined, unseeded };
  const rows = await sql<{ version: string }[]>`select version from supabase_migrations.schema_migrations`;
  return { applied: new Set(rows.map((row) => row.version)), unseeded };
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

async function runCli(options: MigrateOptions, args: string[]): Promise<void> {
  const cli = join(
    dirname(createRequire(import.meta.url).resolve("supabase/package.json")),
    "dist",
    "supabase.js",
  );
  await mkdir(options.homeDir, { recursive: true });
  options.signal?.throwIfAborted();
  const child = spawn(
    process.execPath,
    [cli, ...args, "--workdir", options.projectDir, "--output-format", "text"],
    {
      env: {
        ...process.env,
        ...options.env,
        SUPABASE_HOME: options.homeDir,
        SUPABASE_TELEMETRY_DISABLED: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C in a terminal must reach only us. The CLI starts a second process, so we end the group of both.
      detached: true,
    },
  );
  const stop = () => {
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  // Every migration is one transaction. So the CLI may end at any moment.
  const timer = setTimeout(stop, timeoutMs);
  options.signal?.addEventListener("abort", stop, { once: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk).slice(-outputMax);
      for (const line of String(chunk).split("\n").filter(Boolean)) options.log("debug", line);
    });
  }
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  clearTimeout(timer);
  options.signal?.removeEventListener("abort", stop);
  options.signal?.throwIfAborted();
  if (code === 0) return;
  said = said.replaceAll(options.databaseUrl, "<database>").trim();
  throw new PlatformError("migration_failed", `The supabase CLI could not migrate the database:\n${said}`);
}
