/**
 * Finds a function's code and tells whether it has changed. It looks at the files when a request
 * arrives. That needs no watchers, and a file that was saved just before the request
 * is seen.
 */

import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../config.ts";

export interface Source {
  entrypoint: string;
  /** A deno.json, a deno.jsonc or a plain import map. */
  importMap: string | undefined;
  /** Folders of code, watched and readable: the entrypoint's own and `_shared` beside it. */
  folders: string[];
}

const filesMax = 5_000;
const configNames = ["deno.json", "deno.jsonc", "import_map.json"];

/**
 * Finds the files as the CLI does. Paths in config.toml are relative to supabase/. The default
 * entrypoint is supabase/functions/<name>/index.ts. If no import map is named, it is looked
 * for beside the entrypoint and then in supabase/functions.
 */
export function locateSource(projectDir: string, name: string, entry: Config["functions"][string]): Source {
  const supabaseDir = join(projectDir, "supabase");
  const entrypoint = resolve(supabaseDir, entry.entrypoint ?? `functions/${name}/index.ts`);
  const folder = dirname(entrypoint);
  const importMap = entry.import_map
    ? resolve(supabaseDir, entry.import_map)
    : [folder, join(supabaseDir, "functions")]
        .flatMap((place) => configNames.map((file) => join(place, file)))
        .find((path) => existsSync(path));
  return { entrypoint, importMap, folders: [folder, join(dirname(folder), "_shared")] };
}

/** The names that the CLI serves. It leaves out `_shared`, and other folders that cannot be deployed. */
const slug = /^[A-Za-z][A-Za-z0-9_-]*$/;

/** Whether supabase/functions has a folder for the name. It is served without an entry in config.toml. */
export function hasFolder(projectDir: string, name: string): boolean {
  return slug.test(name) && existsSync(join(projectDir, "supabase", "functions", name, "index.ts"));
}

/**
 * Returns a text that changes when a file is written, added or removed. Files whose names begin
 * with a dot, and node_modules, do not count. It does not hand each file to another thread, because that
 * costs about as much as the look itself.
 */
export function fingerprint(source: Source): string {
  const seen: string[] = [];
  const visit = (path: string): void => {
    if (seen.length >= filesMax) return;
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    if (!found) return;
    seen.push(`${path} ${found.ino} ${found.size} ${found.mtimeNs}`);
    if (!found.isDirectory()) return;
    for (const name of namesIn(path)) {
      if (!name.startsWith(".") && name !== "node_modules") visit(join(path, name));
    }
  };
  for (const path of [...source.folders, ...(source.importMap ? [source.importMap] : [])]) visit(path);
  return seen.sort().join("\n");
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    // It has just gone.
    return [];
  }
}
