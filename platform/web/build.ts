/**
 * Builds the web client with Vite when its sources changed since the last build. `npm start` calls it, and
 * so do `npm run web` and `npm run web:build`. The file `current` names the newest build.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as builds from "../builds.ts";

const place = (webDir: string) => join(webDir, "built");

/** The folder of the newest build, or undefined if there is none. */
export async function newestBuild(webDir: string): Promise<string | undefined> {
  const name = await readFile(join(place(webDir), "current"), "utf8").catch(() => undefined);
  return name === undefined ? undefined : join(place(webDir), name);
}

/** The folders of all builds that are kept. A page that was opened before the last build still finds its files. */
export function allBuilds(webDir: string): Promise<string[]> {
  return builds.allBuilds(place(webDir));
}

/**
 * Resolves when there is a build that fits the sources, and `current` names it.
 * @param webDir the folder web/
 * @param signal ends the build
 * @returns whether there was something to build
 * @throws Error with what Vite says
 */
export async function buildWeb(webDir: string, signal?: AbortSignal): Promise<boolean> {
  const sources = [webDir, join(webDir, "../clients"), join(webDir, "../package-lock.json")];
  const name = builds.hashOf(sources, ["built", "dist"]);
  const program = join(import.meta.dirname, "run-vite.ts");
  const isNew = await builds.buildOnce(place(webDir), name, program, [webDir], signal);
  await setCurrent(webDir, name);
  return isNew;
}

async function setCurrent(webDir: string, name: string): Promise<void> {
  const path = join(place(webDir), "current");
  if ((await readFile(path, "utf8").catch(() => "")) === name) return;
  await writeFile(`${path}.${process.pid}`, name);
  await rename(`${path}.${process.pid}`, path);
}
