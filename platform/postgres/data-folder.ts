/**
 * The folder that holds the database: makes it, deletes it, and finds out what an
 * interrupted command left. No server uses the folder meanwhile.
 */
import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { PlatformError } from "../errors.ts";
import { type Binaries, type OsUser, userName } from "./binaries.ts";
import { noSpace } from "./log-lines.ts";
import { endProcess, spawnOwned } from "./owned-process.ts";
import { noRoom } from "./server-run.ts";

export const superuser = "supabase_admin";

/** The folders beside `data`, under which a change of the whole folder happens. */
export const beside = (dataDir: string) => ({
  /** initdb or a restore works here. It is worth nothing until it is renamed. */
  unfinished: `${dataDir}.unfinished`,
  /** A complete database from a backup. It waits for its last rename. */
  restored: `${dataDir}.restored`,
  /** The database that a reset deletes. */
  removed: `${dataDir}.removed`,
  password: `${dataDir}.password`,
});

export interface FolderOptions {
  dataDir: string;
  /** Delete the database first. */
  afresh: boolean;
  /** The superuser's password in a new database. */
  password: string;
  /** False if a new database need not survive a power failure. Then it is made sooner. */
  durable: boolean;
  binaries: Binaries;
  user: OsUser | undefined;
  /** Is called before a new database is made. */
  initialising?: () => void;
  signal?: AbortSignal;
}

/**
 * Makes the folder ready for a server.
 * @returns true if the database is new
 * @throws PlatformError data_damaged, data_of_another_version, disk_full, postgres_failed
 */
export async function prepareFolder(options: FolderOptions): Promise<boolean> {
  const { dataDir } = options;
  const { unfinished, restored, removed, password } = beside(dataDir);
  if (options.afresh) {
    await removeTree(restored);
    await remove(dataDir);
  }
  for (const path of [unfinished, removed, password]) await removeTree(path);

  let found = await contents(dataDir);
  if (found === "nothing" && (await contents(restored)) === "database") {
    // A restore was interrupted between its last two renames.
    await rename(restored, dataDir);
    found = "database";
  }
  await removeTree(restored);
  if (found === "damaged") {
    throw new PlatformError(
      "data_damaged",
      `${dataDir} has no file PG_VERSION, so it is not a complete database. Restore a backup (npm run restore), or delete it and start again (npm run reset).`,
    );
  }
  if (found === "database") {
    await checkVersion(options);
    return false;
  }
  options.initialising?.();
  await initialise(options);
  return true;
}

/**
 * Deletes the folder. It gets another name first. So if we are interrupted, no part of a
 * database stays under its old name.
 */
async function remove(dataDir: string): Promise<void> {
  const { removed } = beside(dataDir);
  await removeTree(removed);
  await rename(dataDir, removed).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  await removeTree(removed);
}

/** The process of an interrupted command may still write into the folder for a moment. */
function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/**
 * Postgres runs only on a folder that its own user owns.
 * @throws PlatformError state_unwritable
 */
export async function checkOwner(dataDir: string, user: OsUser | undefined): Promise<void> {
  const uid = user?.uid ?? process.getuid?.();
  const found = await stat(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  if (uid === undefined || found === undefined || found.uid === uid) return;
  // Somebody may have made an empty folder for us. A folder that we cannot read has a database.
  if ((await contents(dataDir).catch(() => "database")) !== "database") return;
  const [owner, ours] = await Promise.all([userName(found.uid), userName(uid)]);
  throw new PlatformError(
    "state_unwritable",
    `The database in ${dataDir} belongs to the user ${owner}, and Postgres runs as ${ours}${user ? ", because you are root" : ""}. Start Plaza as the user that started it before. Or give ${ours} the database: chown -R ${ours} ${dataDir}`,
  );
}

export async function contents(dataDir: string): Promise<"nothing" | "database" | "damaged"> {
  const names = await readdir(dataDir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    if (error.code === "ENOTDIR") return ["a file"];
    throw error;
  });
  if (names.length === 0) return "nothing";
  return names.includes("PG_VERSION") ? "database" : "damaged";
}

async function checkVersion({ dataDir, binaries }: FolderOptions): Promise<void> {
  const version = (await readFile(join(dataDir, "PG_VERSION"), "utf8")).trim();
  if (version === binaries.majorVersion) return;
  throw /^\d+$/.test(version)
    ? new PlatformError(
        "data_of_another_version",
        `The database in ${dataDir} belongs to Postgres ${version}, and this Plaza brings Postgres ${binaries.majorVersion}. docs/how-to/upgrade.md says how to move it.`,
      )
    : new PlatformError(
        "data_damaged",
        `${join(dataDir, "PG_VERSION")} names no version of Postgres. Restore a backup (npm run restore), or delete the database and start again (npm run reset).`,
      );
}

/** Works in a second folder and renames it at the end. So an interrupted first start leaves no incomplete folder. */
async function initialise(options: FolderOptions): Promise<void> {
  const { dataDir, password, durable, binaries, user, signal } = options;
  const { unfinished, password: passwordFile } = beside(dataDir);
  await mkdir(dirname(dataDir), { recursive: true });
  await mkdir(unfinished, { mode: 0o700 });
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600, flag: "wx" });
  if (user) for (const path of [unfinished, passwordFile]) await chown(path, user.uid, user.gid);
  try {
    const child = spawnOwned(
      binaries.initdb,
      [
        ["-D", unfinished],
        ["-U", superuser],
        ["--auth=scram-sha-256", `--pwfile=${passwordFile}`],
        ["--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C"],
        process.platform === "linux" ? ["--lc-ctype=C.UTF-8"] : [],
        ["--no-instructions", durable ? [] : ["--no-sync"]].flat(),
      ].flat(),
      { user },
    );
    let output = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk).slice(-4000);
    });
    const cancel = () =>
      void endProcess(
        () => child.exitCode === null && child.signalCode === null,
        (name) => child.kill(name),
      );
    signal?.addEventListener("abort", cancel, { once: true });
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    signal?.removeEventListener("abort", cancel);
    signal?.throwIfAborted();
    if (code !== 0 && noSpace.test(output)) throw noRoom(output);
    if (code !== 0) throw new PlatformError("postgres_failed", `initdb failed:\n${output}`);
    await rename(unfinished, dataDir);
  } finally {
    await rm(passwordFile, { force: true });
  }
}
