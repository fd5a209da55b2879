/**
 * Builds that are made once for the same sources. Each build has a folder of its own, named by a hash of its sources.
 * It appears complete or not at all, so several platforms may build at the same time. web/build.ts and bundle.ts
 * use this.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** The builds that are kept. Somebody may still use one of those before the last. */
const mostBuilds = 3;
/** A build takes a second or two. This limit stops one that hangs. */
const buildMs = 5 * 60_000;

/**
 * @param place where the builds are
 * @param name what `hashOf` says about the sources
 * @param program makes a build in the folder that is its last argument
 * @param args its arguments before this one
 * @returns whether there was something to build
 * @throws Error with what the program says
 */
export async function buildOnce(
  place: string,
  name: string,
  program: string,
  args: string[],
  signal?: AbortSignal,
): Promise<boolean> {
  const target = join(place, name);
  const isNew = !existsSync(target);
  if (isNew) {
    const draft = `${target}.${process.pid}`;
    // If this folder cannot be written, no program runs for nothing.
    await mkdir(place, { recursive: true });
    try {
      await runProgram([program, ...args, draft], signal);
      await rename(draft, target);
    } catch (error) {
      await rm(draft, { recursive: true, force: true });
      // If it is there, another process was faster.
      if (!existsSync(target)) throw error;
    }
  }
  await dropOld(place, target);
  return isNew;
}

/** The folders of all builds that are kept. */
export async function allBuilds(place: string): Promise<string[]> {
  const names = await readdir(place).catch(() => []);
  return names.filter((name) => /^[0-9a-f]{16}$/.test(name)).map((name) => join(place, name));
}

/**
 * A hash of the files' contents and names. Their folder is not part of it: a checkout may be moved.
 * @param paths files and folders
 * @param except names of files and folders that do not count
 * @param more what the build depends on besides
 */
export function hashOf(paths: string[], except: string[] = [], more = ""): string {
  const hash = createHash("sha256").update(more);
  const add = (path: string, name: string): void => {
    if (!statSync(path).isDirectory()) {
      hash.update(`${name}\n`).update(readFileSync(path));
      return;
    }
    for (const entry of readdirSync(path).toSorted()) {
      if (!except.includes(entry)) add(join(path, entry), `${name}/${entry}`);
    }
  };
  for (const path of paths) add(path, "");
  return hash.digest("hex").slice(0, 16);
}

/** A bundler needs 200 MB, and would keep them. So it has a process of its own. */
async function runProgram(words: string[], signal?: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(process.execPath, words, { signal, timeout: buildMs });
  } catch (cause) {
    const { message, stderr } = cause as Error & { stderr?: string };
    throw new Error(stderr?.trim() || message, { cause });
  }
}

async function dropOld(place: string, target: string): Promise<void> {
  const builds = await Promise.all(
    (await allBuilds(place)).map(async (path) => ({ path, atMs: (await stat(path)).mtimeMs })),
  ).catch(() => []);
  const old = builds.toSorted((a, b) => b.atMs - a.atMs).slice(mostBuilds);
  for (const { path } of old) if (path !== target) await rm(path, { recursive: true, force: true });
}
