/**
 * The platform's modules as a few files. The sources run as they are, but they are 500 files, and V8 keeps the text of
 * each. A bundle has a third of the text, without the types, the comments and what nobody imports. So a process that
 * runs it needs 12 MiB less and is ready sooner. The first start after a change runs the sources, and makes the
 * bundle for the next ones. bundle-modules.ts says how.
 */
import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { buildOnce, hashOf } from "./builds.ts";

const root = join(import.meta.dirname, "..");
const place = join(root, "node_modules/.cache/plaza/bundles");
/** Where Node keeps compiled modules: cli.js. */
const compiled = join(root, "node_modules/.cache/plaza/compiled");
const maker = join(import.meta.dirname, "bundle-modules.ts");

/**
 * Packages do not change without the lock file. A bundle has the paths of its checkout. Another checkout may have a
 * link to the same node_modules.
 */
function nameOf(): string {
  return hashOf([import.meta.dirname, join(root, "package-lock.json")], [], root);
}

/** The bundled main.ts, or undefined if no bundle fits the sources. */
export function bundledMain(): string | undefined {
  if (!existsSync(place)) return undefined;
  const main = join(place, nameOf(), "main.js");
  return existsSync(main) ? main : undefined;
}

/**
 * Makes the bundle if none fits the sources. It takes about a second, in a process of its own.
 * @throws Error with what the bundler says
 */
export async function makeBundle(signal?: AbortSignal): Promise<void> {
  const name = nameOf();
  const isNew = await buildOnce(place, name, maker, [], signal);
  // Somebody changed the sources meanwhile, so nobody knows which ones it has.
  if (isNew && nameOf() !== name) await rm(join(place, name), { recursive: true });
  // Node would keep the compiled modules of each older bundle for ever.
  if (isNew) await rm(compiled, { recursive: true, force: true });
}
