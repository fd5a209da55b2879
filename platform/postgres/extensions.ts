/**
 * Puts the stand-ins for Supabase's own extensions beside the server's, and lets
 * the role postgres create those that hosted Supabase allows it to.
 */
import { readdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

/**
 * Idempotent; safe while other processes do the same or a server reads the files.
 *
 * @param home the installation's root: bin/, lib/, share/
 */
export async function installExtensions(home: string): Promise<void> {
  const target = join(home, "share", "postgresql", "extension");
  const source = join(import.meta.dirname, "extensions");
  for (const name of await readdir(source)) {
    await put(join(target, name), await readFile(join(source, name), "utf8"));
  }
}

/** In one step and only when it differs. */
async function put(path: string, content: string): Promise<void> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present === content) return;
  const fresh = `${path}.${process.pid}`;
  await writeFile(fresh, content, { mode: 0o644 });
  await rename(fresh, path);
}
