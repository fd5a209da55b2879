/**
 * Puts a backup into a state folder. It never overwrites a database: it refuses, or moves the old one
 * aside. It checks every file before it changes anything.
 */
import { chown, mkdir, readFile, rename, rm } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { dataDirOf, keepPlace } from "../data-dir.ts";
import { PlatformError } from "../errors.ts";
import { claim } from "../instance.ts";
import { findBinaries, type OsUser, serverUser } from "../postgres/binaries.ts";
import { beside, contents } from "../postgres/data-folder.ts";
import { endLeftovers } from "../postgres/leftovers.ts";
import { secretsPath } from "../state.ts";
import { copyFile } from "./copy.ts";
import { dataFolder, type Manifest, readManifest, secretsFile, unreadable } from "./manifest.ts";

export interface Restored {
  madeAt: string;
  /** Where the files are now that were there before. */
  aside: string[];
}

/**
 * @param dir a backup
 * @param stateDir made if it is missing. No platform runs on it
 * @param replace move a database that is there aside
 * @throws PlatformError backup_damaged, backup_unfit, backup_unreadable, database_exists, already_running
 */
export async function restore(dir: string, stateDir: string, replace: boolean): Promise<Restored> {
  const user = await serverUser();
  const { majorVersion } = await findBinaries(user);
  const source = resolve(dir);
  const manifest = await readManifest(source, majorVersion);
  await mkdir(stateDir, { recursive: true });
  await using _ours = await claim(stateDir, () => ({ pid: process.pid, env: {} }));
  const dataDir = await dataDirOf(stateDir, true);
  await endLeftovers(dataDir);
  const occupied = (await contents(dataDir)) !== "nothing";
  if (occupied && !replace) {
    throw new PlatformError(
      "database_exists",
      `There is a database in ${dataDir}. With --replace, restore moves it aside and keeps it.`,
    );
  }
  await stage(source, dataDir, manifest, user);
  await keepPlace(stateDir, dataDir);

  // Everything is on the disk. From here on there are only renames. An interrupted start of them leaves the
  // old state or the new one: prepareFolder() knows the folder `restored`.
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const secrets = secretsPath(stateDir);
  const aside: string[] = [];
  const setAside = async (path: string) => {
    await rename(path, `${path}.replaced-${stamp}`);
    aside.push(`${path}.replaced-${stamp}`);
  };
  const fresh = `${secrets}.new`;
  await rm(fresh, { force: true });
  await checked(source, secretsFile, fresh, manifest);
  const [before, after] = await Promise.all([
    readFile(secrets, "utf8").catch(() => undefined),
    readFile(fresh, "utf8"),
  ]);
  if (before !== undefined && before !== after) await setAside(secrets);
  await rename(fresh, secrets);
  if (occupied) await setAside(dataDir);
  else await rm(dataDir, { recursive: true, force: true });
  await rename(beside(dataDir).restored, dataDir);
  return { madeAt: manifest.madeAt, aside };
}

/** Copies the database beside the present one. */
async function stage(
  source: string,
  dataDir: string,
  manifest: Manifest,
  user: OsUser | undefined,
): Promise<void> {
  const { unfinished, restored } = beside(dataDir);
  for (const path of [unfinished, restored]) await rm(path, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  const own = async (path: string) => {
    if (user) await chown(path, user.uid, user.gid);
  };
  const placed = (path: string) => join(unfinished, path.slice(dataFolder.length + 1));
  try {
    for (const folder of [`${dataFolder}/`, ...manifest.folders]) {
      await mkdir(placed(folder), { recursive: true, mode: 0o700 });
      await own(placed(folder));
    }
    for (const path of Object.keys(manifest.files)) {
      if (!path.startsWith(`${dataFolder}/`)) continue;
      await checked(source, path, placed(path), manifest);
      await own(placed(path));
    }
    await rename(unfinished, restored);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    throw error;
  }
}

/** Copies a file, and compares the copy with the list. */
async function checked(source: string, path: string, to: string, manifest: Manifest): Promise<void> {
  const copied = await copyFile(join(source, path), to).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error.path === join(source, path) ? unreadable(error) : error;
  });
  if (copied === undefined || copied.sha256 !== manifest.files[path]?.sha256) {
    throw new PlatformError(
      "backup_damaged",
      `${join(source, path)} is not what was backed up. Take another backup. Nothing was changed.`,
    );
  }
}
