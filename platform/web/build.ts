/**
 * Builds the web client with Vite when its sources changed since the last build. `npm start` calls it, and
 * so do the tests and `npm run web:build`.
 */
import { createHash } from "node:crypto";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** Where the built files are. @param webDir the folder web/ */
export function builtDir(webDir: string): string {
  return join(webDir, "built");
}

/**
 * Resolves when the built files fit the sources.
 * @param webDir the folder web/
 * @returns whether there was something to build
 */
export async function buildWeb(webDir: string): Promise<boolean> {
  const stamp = join(builtDir(webDir), "sources.txt");
  const sources = await hashOf([webDir, join(webDir, "../clients"), join(webDir, "../package-lock.json")]);
  if ((await readFile(stamp, "utf8").catch(() => "")) === sources) return false;
  // Vite is slow to load, and most starts do not need it.
  const { build } = await import("vite");
  await build({ configFile: join(webDir, "vite.config.ts"), mode: "production" });
  await writeFile(stamp, sources);
  return true;
}

async function hashOf(paths: string[]): Promise<string> {
  const hash = createHash("sha256");
  for (const path of paths) await add(hash, path);
  return hash.digest("hex");
}

const notSources = new Set(["built", "dist"]);

async function add(hash: ReturnType<typeof createHash>, path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => undefined);
  if (!entries) {
    hash.update(path).update(await readFile(path));
    return;
  }
  for (const { name } of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!notSources.has(name)) await add(hash, join(path, name));
  }
}
