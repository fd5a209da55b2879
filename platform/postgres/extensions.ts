/**
 * Puts pgTAP and the stand-ins for Supabase's own extensions (extensions/) into the
 * server's folder of extensions. It also lets the role postgres create the same
 * extensions as on hosted Supabase. Every start calls it before the bootstrap.
 */
import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { PlatformError } from "../errors.ts";

/**
 * The extensions that the role postgres may create on hosted Supabase. The list is
 * supautils.privileged_extensions of supabase/postgres, without those that neither the
 * embedded server nor we have.
 */
const allowed = new Set(
  `autoinc bloom btree_gin btree_gist citext cube dblink dict_int dict_xsyn earthdistance fuzzystrmatch
   hstore insert_username intarray isn ltree moddatetime pg_buffercache pg_cron pg_net pg_prewarm
   pg_stat_statements pg_trgm pg_walinspect pgcrypto pgrowlocks pgstattuple pgtap plpgsql postgres_fdw
   refint seg sslinfo supabase_vault tablefunc tcn tsm_system_rows tsm_system_time unaccent
   uuid-ossp`.split(/\s+/),
);

/**
 * You may call it again. It is safe while another process does the same, or while a
 * server reads the files.
 *
 * @param home the root of the installation: bin/, lib/, share/
 * @throws PlatformError extensions_unwritable
 */
export async function installExtensions(home: string): Promise<void> {
  const folder = join(home, "share", "postgresql", "extension");
  const files = new Map(await controlFiles(folder));
  // Write a script before the control file that names it.
  for (const [name, content] of [...(await pgtap()), ...(await standIns())]) {
    if (name.endsWith(".control")) files.set(name, content);
    else await put(join(folder, name), content);
  }
  for (const [name, content] of files) {
    await put(join(folder, name), trust(content, allowed.has(name.replace(".control", ""))));
  }
}

async function controlFiles(folder: string): Promise<NamedContent[]> {
  return readAll(
    folder,
    (await readdir(folder)).filter((name) => name.endsWith(".control")),
  );
}

type NamedContent = [name: string, content: string];

async function standIns(): Promise<NamedContent[]> {
  const folder = join(import.meta.dirname, "extensions");
  return readAll(folder, await readdir(folder));
}

async function readAll(folder: string, names: string[]): Promise<NamedContent[]> {
  return Promise.all(
    names.map(async (name): Promise<NamedContent> => [name, await readFile(join(folder, name), "utf8")]),
  );
}

/** pgTAP from npm, only its newest version. */
async function pgtap(): Promise<NamedContent[]> {
  const entry = createRequire(import.meta.url).resolve("@electric-sql/pglite-pgtap");
  const archive = await promisify(gunzip)(await readFile(join(dirname(entry), "pgtap.tar.gz")));
  const files = new Map(filesOfTar(archive));
  const prefix = "share/postgresql/extension/";
  const control = files.get(`${prefix}pgtap.control`) ?? "";
  const version = control.match(/^default_version\s*=\s*'(.+)'/m)?.[1];
  const script = files.get(`${prefix}pgtap--${version}.sql`);
  if (!script) throw new Error("@electric-sql/pglite-pgtap holds no pgtap");
  return [
    [`pgtap--${version}.sql`, script],
    ["pgtap.control", control],
  ];
}

/** Reads the regular files with short names out of a POSIX tar archive (pax, "ustar Interchange Format"). */
function* filesOfTar(archive: Buffer): Generator<NamedContent> {
  const block = 512;
  for (let at = 0; at + block <= archive.length; ) {
    const header = archive.subarray(at, at + block);
    const text = (start: number, length: number) =>
      header.toString("utf8", start, start + length).split("\0")[0] ?? "";
    const size = Number.parseInt(text(124, 12), 8) || 0;
    const type = text(156, 1);
    at += block;
    if (type === "" || type === "0") yield [text(0, 100), archive.toString("utf8", at, at + size)];
    at += Math.ceil(size / block) * block;
  }
}

/** Writes into a control file whether a role with CREATE on the database may create the extension. */
function trust(control: string, trusted: boolean): string {
  const rest = control.replace(/^trusted\s*=.*\n?/gm, "").replace(/\n?$/, "\n");
  return trusted ? `${rest}trusted = true\n` : rest;
}

/** Replaces a file in one step, and only if it differs. The files may be read-only or in use. */
async function put(path: string, content: string): Promise<void> {
  const present = await readFile(path, "utf8").catch(() => undefined);
  if (present === content) return;
  const fresh = `${path}.${randomUUID()}`;
  try {
    await writeFile(fresh, content, { mode: 0o644 });
    await rename(fresh, path);
  } catch (cause) {
    await rm(fresh, { force: true });
    throw new PlatformError(
      "extensions_unwritable",
      `Cannot write ${path}: run Plaza once as a user with that right, usually the user who ran npm ci.`,
      { cause },
    );
  }
}
