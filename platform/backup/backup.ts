/**
 * Copies the state of an embedded platform into a folder: the database and the secrets. The platform may
 * run and change the database meanwhile. Then Postgres' own protocol for this is used
 * (https://www.postgresql.org/docs/17/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP): the files
 * are copied as they change, with the write-ahead log that repairs them. The backup holds every change
 * that was committed before its end.
 */
import { access, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { Sql } from "postgres";
import { dataDirOf } from "../data-dir.ts";
import { createSession } from "../database/session.ts";
import { PlatformError } from "../errors.ts";
import { claim, enquire } from "../instance.ts";
import { contents, superuser } from "../postgres/data-folder.ts";
import { endLeftovers } from "../postgres/leftovers.ts";
import { secretsPath } from "../state.ts";
import { copyFile } from "./copy.ts";
import { dataFolder, type Manifest, machine, secretsFile, writeManifest } from "./manifest.ts";

export interface Backup {
  dir: string;
  bytes: number;
  files: number;
  /** Whether the platform ran meanwhile. */
  running: boolean;
}

/** Files that belong to a running server, and not to its data. */
const left = new Set(["postmaster.pid", "postmaster.opts", "backup_label", "tablespace_map"]);
/** Postgres makes the content of these folders again. It must not come from a running server. */
const emptied = new Set([
  "pg_wal",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_stat_tmp",
  "pg_subtrans",
]);
const controlFile = "global/pg_control";

/**
 * @param stateDir the state of the platform
 * @param dir the new folder
 * @throws PlatformError backup_exists, backup_failed, nothing_to_back_up, starting, already_running
 */
export async function backUp(stateDir: string, dir: string): Promise<Backup> {
  const target = resolve(dir);
  if (await exists(target)) {
    throw new PlatformError("backup_exists", `${target} exists already. Name a folder that does not.`);
  }
  const dataDir = await dataDirOf(await existing(stateDir));
  if ((await contents(dataDir)) !== "database") {
    throw new PlatformError("nothing_to_back_up", `There is no embedded database in ${stateDir}.`);
  }
  const unfinished = `${target}.unfinished`;
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(join(unfinished, dataFolder), { recursive: true, mode: 0o700 });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOSPC" || code === "EDQUOT") throw cause;
    throw new PlatformError(
      "backup_failed",
      `Cannot make the folder ${target} (${code}). Name another one.`,
      {
        cause,
      },
    );
  }
  try {
    const manifest: Manifest = {
      format: 1,
      madeAt: new Date().toISOString(),
      postgres: (await readFile(join(dataDir, "PG_VERSION"), "utf8")).trim(),
      machine,
      folders: [],
      files: {},
    };
    const into = { dataDir, dir: unfinished, manifest };
    const running = await enquire(stateDir);
    if (!running) {
      await using _ours = await claim(stateDir, () => ({ pid: process.pid, env: {} }));
      await endLeftovers(dataDir);
      await copyData(into, false);
    } else {
      if (!running.env.DB_URL) {
        throw new PlatformError("starting", `Plaza (process ${running.pid}) is starting. Try again.`);
      }
      await copyRunning(running.env.DB_URL, into);
    }
    manifest.files[secretsFile] = await copyFile(secretsPath(stateDir), join(unfinished, secretsFile));
    await writeManifest(unfinished, manifest);
    await rename(unfinished, target);
    const sizes = Object.values(manifest.files).map(({ bytes }) => bytes);
    return {
      dir: target,
      bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
      files: sizes.length,
      running: running !== undefined,
    };
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

interface Into {
  dataDir: string;
  dir: string;
  manifest: Manifest;
}

async function copyRunning(databaseUrl: string, into: Into): Promise<void> {
  // A backup ends with its session, and a session that is lost stays lost.
  await using session = createSession({
    databaseUrl,
    username: superuser,
    name: "plaza-backup",
    settings: { statement_timeout: 0 },
  });
  try {
    await copyBetween(session.sql, into);
  } catch (cause) {
    if (cause instanceof PlatformError) throw cause;
    const { message, code } = cause as NodeJS.ErrnoException;
    // The disk of the backup is full, or that of the database.
    if (code === "ENOSPC" || code === "EDQUOT" || code === "53100") throw cause;
    throw new PlatformError("backup_failed", `The backup was not made: ${message}. Try again.`, { cause });
  }
}

async function copyBetween(sql: Sql, into: Into): Promise<void> {
  const [server] = await sql`select current_setting('data_directory') as dir`;
  if (resolve(server?.dir) !== resolve(into.dataDir)) {
    throw new PlatformError(
      "nothing_to_back_up",
      "This platform runs on another server (--database-url). Back that server up with its own tools.",
    );
  }
  // Until this connection ends, the slot keeps the write-ahead log that the backup needs.
  await sql`select pg_create_physical_replication_slot(${`plaza_backup_${process.pid}`}, true, true)`;
  const [start] = await sql`
    select pg_walfile_name(lsn) as segment from pg_backup_start('plaza', fast => true) as lsn`;
  await copyData(into, true);
  into.manifest.madeAt = new Date().toISOString();
  const [stop] = await sql`
    select pg_walfile_name(lsn) as segment, labelfile as label, nullif(spcmapfile, '') as tablespaces
    from pg_backup_stop(wait_for_archive => false)`;
  if (stop?.tablespaces) {
    throw new PlatformError("backup_failed", "The database has tablespaces. A backup here cannot hold them.");
  }
  const label = join(into.dir, "label");
  await writeFile(label, stop?.label, { mode: 0o600 });
  into.manifest.files[`${dataFolder}/backup_label`] = await copyFile(
    label,
    join(into.dir, dataFolder, "backup_label"),
  );
  await rm(label);
  await copyLog(into, start?.segment, stop?.segment);
}

/** The names of the segments of the write-ahead log sort in the order of the log. */
async function copyLog(into: Into, first: string, last: string): Promise<void> {
  const names = await readdir(join(into.dataDir, "pg_wal"));
  const wanted = names.filter((name) => /^[0-9A-F]{24}$/.test(name) && name >= first && name <= last);
  if (!wanted.includes(first) || !wanted.includes(last)) {
    throw new PlatformError("backup_failed", "The write-ahead log of the backup is gone. Try again.");
  }
  for (const name of [...wanted, ...names.filter((name) => name.endsWith(".history"))]) {
    await copyOne(into, `pg_wal/${name}`);
  }
}

/** @param running whether a server changes, makes and deletes files meanwhile */
async function copyData(into: Into, running: boolean): Promise<void> {
  const { dataDir, dir, manifest } = into;
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true });
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name).slice(dataDir.length + 1);
    const top = path.split("/")[0] as string;
    if (left.has(path) || (running && top !== path && emptied.has(top))) continue;
    if (entry.isDirectory()) {
      manifest.folders.push(`${dataFolder}/${path}`);
      await mkdir(join(dir, dataFolder, path), { recursive: true, mode: 0o700 });
    } else if (path !== controlFile && !/(^|\/)pgsql_tmp/.test(path)) {
      await copyOne(into, path, running);
    }
  }
  await copyControlFile(into);
}

async function copyOne({ dataDir, dir, manifest }: Into, path: string, mayBeGone = false): Promise<void> {
  try {
    const copied = await copyFile(join(dataDir, path), join(dir, dataFolder, path));
    manifest.files[`${dataFolder}/${path}`] = copied;
  } catch (error) {
    // Somebody dropped the table meanwhile. The write-ahead log knows that.
    if (!mayBeGone || (error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

/** Postgres writes this file in place, and we may read it half-written. So read until two copies are the same. */
async function copyControlFile(into: Into): Promise<void> {
  const path = join(into.dir, dataFolder, controlFile);
  let before: string | undefined;
  for (let tries = 0; tries < 100; tries++) {
    await rm(path, { force: true });
    await copyOne(into, controlFile);
    const now = into.manifest.files[`${dataFolder}/${controlFile}`]?.sha256;
    if (now === before) return;
    before = now;
  }
  throw new PlatformError("backup_failed", "The control file changes all the time. Try again.");
}

async function existing(stateDir: string): Promise<string> {
  if (await exists(stateDir)) return stateDir;
  throw new PlatformError("nothing_to_back_up", `There is no embedded database in ${stateDir}.`);
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
