/**
 * Builds the web client with Vite when its sources changed since the last build. `npm start` calls it, and
 * so do `npm run web` and `npm run web:build`.
 *
 * Each build has a folder of its own, named by a hash of its sources. It appears complete or not at all, so
 * several platforms may build at the same time. The file `current` names the newest one.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The builds that are kept. A page that was opened before the last build still finds its files. */
const mostBuilds = 3;
/** A build takes a second or two. This limit stops one that hangs. */
const buildMs = 5 * 60_000;

const place = (webDir: string) => join(webDir, "built");

/** The folder of the newest build, or undefined if there is none. */
export async function newestBuild(webDir: string): Promise<string | undefined> {
  const name = await readFile(join(place(webDir), "current"), "utf8").catch(() => undefined);
  return name === undefined ? undefined : join(place(webDir), name);
}

/** The folders of all builds that are kept. */
export async function allBuilds(webDir: string): Promise<string[]> {
  const names = await readdir(place(webDir)).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{16}$/.test(name)).map((name) => join(place(webDir), name));
}

/**
 * Resolves when there is a build that fits the sources, and `current` names it.
 * @param webDir the folder web/
 * @param signal ends the build
 * @returns whether there was something to build
 * @throws Error with what Vite says
 */
export async function buildWeb(webDir: string, signal?: AbortSignal): Promise<boolean> {
  const name = await hashOf([webDir, join(webDir, "../clients"), join(webDir, "../package-lock.json")]);
  const target = join(place(webDir), name);
  const isNew = !existsSync(target);
  if (isNew) {
    const draft = `${target}.${process.pid}`;
    await runVite([webDir, draft], signal).catch(async (error) => {
      await rm(draft, { recursive: true, force: true });
      throw error;
    });
    await rename(draft, target).catch(async (error) => {
      // Another process was faster.
      await rm(draft, { recursive: true, force: true });
      if (!existsSync(target)) throw error;
    });
  }
  await setCurrent(webDir, name);
  await dropOld(webDir, target);
  return isNew;
}

/** Vite needs 200 MB, and would keep them. So it has a process of its own. */
async function runVite(folders: string[], signal?: AbortSignal): Promise<void> {
  const program = join(import.meta.dirname, "run-vite.ts");
  try {
    await promisify(execFile)(process.execPath, [program, ...folders], { signal, timeout: buildMs });
  } catch (cause) {
    const { message, stderr } = cause as Error & { stderr?: string };
    throw new Error(stderr?.trim() || message, { cause });
  }
}

async function setCurrent(webDir: string, name: string): Promise<void> {
  const path = join(place(webDir), "current");
  if ((await readFile(path, "utf8").catch(() => "")) === name) return;
  await mkdir(place(webDir), { recursive: true });
  await writeFile(`${path}.${process.pid}`, name);
  await rename(`${path}.${process.pid}`, path);
}

async function dropOld(webDir: string, target: string): Promise<void> {
  const builds = await Promise.all(
    (await allBuilds(webDir)).map(async (path) => ({ path, atMs: (await stat(path)).mtimeMs })),
  ).catch(() => []);
  const old = builds.toSorted((a, b) => b.atMs - a.atMs).slice(mostBuilds);
  for (const { path } of old) if (path !== target) await rm(path, { recursive: true, force: true });
}

async function hashOf(paths: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) await add(hash, path, "");
  return hash.digest("hex").slice(0, 16);
}

const notSources = new Set(["built", "dist"]);

/** @param name what the hash knows the file by. Not its path: a checkout may be moved */
async function add(hash: ReturnType<typeof createHash>, path: string, name: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) {
    hash.update(`${name}\n`).update(await readFile(path));
    return;
  }
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!notSources.has(entry.name)) await add(hash, join(path, entry.name), `${name}/${entry.name}`);
  }
}
