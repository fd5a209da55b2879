/**
 * Brings a database to the project's migrations and seed through the supabase
 * CLI itself, so that its history tables are the real ones. Knows which are
 * pending without the CLI, whose start alone costs more than a second start may.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import postgres from "postgres";
import { PlatformError } from "../errors.ts";
import type { Log } from "../log.ts";

export interface MigrateOptions {
  /** Holds supabase/migrations. */
  projectDir: string;
  /** As the role `postgres`, which is no superuser: what hosted Supabase refuses fails here too. */
  databaseUrl: string;
  /** The CLI keeps its own files here. */
  homeDir: string;
  /** Run seed.sql too when this database has never been migrated, or that was interrupted before the seed. */
  seed: boolean;
  /** What config.toml's `env(NAME)` values need. */
  env: Record<string, string | undefined>;
  log: Log;
}

/** The CLI's own limit is the statements' (2 minutes each); this one is for a CLI that hangs. */
const timeoutMs = 10 * 60_000;

/**
 * @returns how many migrations were applied
 * @throws PlatformError migration_failed, with what the CLI said
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
 * The CLI commits migrations and seed apart. A mark that spans both, in the
 * database itself, tells one whose first start ended in between from one that
 * was never meant to be seeded.
 */
const mark = "The seed is still to come.";
const begin = `
  create schema if not exists supabase_migrations;
  comment on schema supabase_migrations is '${mark}';`;
const end = "comment on schema supabase_migrations is null";

/** `applied` is undefined when the CLI has never migrated this database. */
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

/** As the CLI wants to be told of a server without TLS; a URL that says otherwise itself is kept. */
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
  await new Promise<void>((resolve, reject) => {
    const child = execFile(
      process.execPath,
      [cli, ...args, "--workdir", options.projectDir, "--output-format", "text"],
      {
        env: {
          ...process.env,
          ...options.env,
          SUPABASE_HOME: options.homeDir,
          SUPABASE_TELEMETRY_DISABLED: "1",
        },
        timeout: timeoutMs,
        maxBuffer: 16 * 1024 * 1024,
      },
      (error, stdout, stderr) => {
        if (!error) return resolve();
        const said = `${stdout}\n${stderr}`.replaceAll(options.databaseUrl, "<database>").trim();
        reject(
          new PlatformError("migration_failed", `The supabase CLI could not migrate the database:\n${said}`),
        );
      },
    );
    child.stdin?.end();
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: string) => {
        for (const line of String(chunk).split("\n").filter(Boolean)) options.log("debug", line);
      });
    }
  });
}
