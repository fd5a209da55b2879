/**
 * The list of everything in a backup, as `backup.json` in its folder. backup.ts writes it last, so a
 * backup without it is incomplete. restore.ts checks every file against it.
 */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { PlatformError } from "../errors.ts";

const form = z.object({
  format: z.literal(1),
  /** The backup holds everything that was committed before this time. */
  madeAt: z.iso.datetime(),
  /** The major version of Postgres: `17`. */
  postgres: z.string(),
  /** The files of Postgres fit only the same kind of machine: `linux-x64`. */
  machine: z.string(),
  folders: z.array(z.string()),
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
});

/** The paths are relative to the backup's folder, with `/`: `data/global/pg_control`, `secrets.json`. */
export type Manifest = z.infer<typeof form>;

export const machine = `${process.platform}-${process.arch}`;
/** The database in a backup's folder. */
export const dataFolder = "data";
export const secretsFile = "secrets.json";

const name = "backup.json";

export function writeManifest(dir: string, manifest: Manifest): Promise<void> {
  return writeFile(join(dir, name), JSON.stringify(manifest, null, 1), { mode: 0o600, flush: true });
}

/** @throws PlatformError backup_damaged, backup_unfit, backup_unreadable */
export async function readManifest(dir: string, postgresVersion: string): Promise<Manifest> {
  const text = await readFile(join(dir, name), "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code !== "ENOENT" && cause.code !== "ENOTDIR") throw unreadable(cause);
    throw new PlatformError("backup_damaged", `${dir} is not a complete backup: ${name} is missing.`, {
      cause,
    });
  });
  const manifest = parse(text);
  if (!manifest || !Object.keys(manifest.files).every(isInside)) {
    throw new PlatformError("backup_damaged", `${join(dir, name)} is damaged, or a newer Plaza wrote it.`);
  }
  if (manifest.postgres !== postgresVersion || manifest.machine !== machine) {
    throw new PlatformError(
      "backup_unfit",
      `The backup is of Postgres ${manifest.postgres} on ${manifest.machine}, and this is Postgres ${postgresVersion} on ${machine}. docs/how-to/upgrade.md says how to move the data.`,
    );
  }
  return manifest;
}

/** Somebody else owns the backup, or a folder on the way to it. */
export function unreadable(cause: NodeJS.ErrnoException): PlatformError {
  return new PlatformError(
    "backup_unreadable",
    `You may not read ${cause.path} (${cause.code}). Only the user who made a backup can read it.`,
    { cause },
  );
}

function parse(text: string): Manifest | undefined {
  try {
    return form.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** A path must not lead out of the folder. */
function isInside(path: string): boolean {
  return !path.startsWith("/") && !path.split("/").includes("..");
}
