/**
 * Where the database of a state folder is, for every command that needs it. Usually it is in the state folder.
 * If we are root, Postgres runs as another user. That user may be unable to enter a checkout in a private
 * home folder. Then the database is in /var/lib/plaza. The file `data-dir` in the state folder names the place, and
 * the file `state-dir` at the place names the state folder. So the database is found again when rights or
 * names change, and no start makes an empty database beside it.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { PlatformError } from "./errors.ts";
import { closedTo, serverUser } from "./postgres/binaries.ts";
import { contents } from "./postgres/data-folder.ts";
import { insideOf, secretsPath } from "./state.ts";

const placeOf = (stateDir: string) => join(stateDir, "data-dir");
const ownerOf = (dataDir: string) => join(dirname(dataDir), "state-dir");

/**
 * @param stateDir an existing folder, as an absolute path
 * @param replaces true if the command replaces the database. Then the old one may be missing or unknown
 * @throws PlatformError data_unreachable, data_elsewhere, data_damaged
 */
export async function dataDirOf(stateDir: string, replaces = false): Promise<string> {
  const kept = await read(placeOf(stateDir));
  if (kept !== undefined && isAbsolute(kept)) {
    const other = await otherUser(kept, stateDir);
    if (!other) {
      if (!replaces) await checkPresent(kept, stateDir);
      return kept;
    }
    // A copy of a state folder gets a database of its own.
    if (!replaces) throw usedBy(other, kept);
  } else if (kept !== undefined && !replaces) {
    throw new PlatformError(
      "data_damaged",
      `${placeOf(stateDir)} does not name the folder of the database. Write the path into it (somewhere in /var/lib/plaza), or make a new database (npm run reset).`,
    );
  }

  const inside = insideOf(stateDir);
  const user = await serverUser();
  if (user === undefined) return inside;
  const closed = await closedTo(stateDir, user);
  const isInside = (await contents(inside)) !== "nothing";
  if (isInside && closed === undefined) return inside;
  // An earlier version wrote no file `data-dir`. But each version writes the secrets first.
  const isOurs = isInside || (await read(secretsPath(stateDir))) !== undefined;
  const apart = placesApart(stateDir).next().value;
  if ((isOurs || replaces) && (await contents(apart)) !== "nothing") {
    const other = await otherUser(apart, stateDir);
    if (!other) return apart;
    if (isOurs) throw usedBy(other, apart);
  }
  if (isInside) {
    throw new PlatformError(
      "data_unreachable",
      `The database is in ${inside}, and Postgres cannot enter ${closed}: because you are root, it runs as another user. Let it in (chmod a+x ${closed}), or move the state folder and name its new place with --state-dir.`,
    );
  }
  return closed === undefined ? inside : freePlace(stateDir);
}

/** Where the database of a state folder may be, if it is not inside. */
function* placesApart(stateDir: string): Generator<string, never> {
  const name = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  for (let number = 1; ; number++)
    yield join("/var/lib/plaza", number === 1 ? name : `${name}-${number}`, "data");
}

/** A folder that was deleted or renamed may have left a database in the first places. It stays there. */
async function freePlace(stateDir: string): Promise<string> {
  const places = placesApart(stateDir);
  for (;;) {
    const { value } = places.next();
    if ((await contents(value)) === "nothing") return value;
  }
}

/** Writes down the place of a database that is outside the state folder. */
export async function keepPlace(stateDir: string, dataDir: string): Promise<void> {
  if (dataDir === insideOf(stateDir)) return;
  await mkdir(dirname(dataDir), { recursive: true });
  await write(ownerOf(dataDir), stateDir);
  await write(placeOf(stateDir), dataDir);
}

/** The other state folder that uses this database, if there is one. A folder that was renamed is not another one. */
async function otherUser(dataDir: string, stateDir: string): Promise<string | undefined> {
  const other = await read(ownerOf(dataDir));
  if (other === undefined || (await read(placeOf(other))) !== dataDir) return undefined;
  const [one, two] = await Promise.all([stat(other), stat(stateDir)]);
  return one.ino === two.ino && one.dev === two.dev ? undefined : other;
}

function usedBy(other: string, dataDir: string): PlatformError {
  return new PlatformError(
    "data_elsewhere",
    `The state folder ${other} uses the database in ${dataDir}. Name another state folder with --state-dir. Copy a platform with npm run backup and npm run restore.`,
  );
}

async function checkPresent(dataDir: string, stateDir: string): Promise<void> {
  if ((await read(ownerOf(dataDir))) !== undefined || (await contents(dataDir)) !== "nothing") return;
  throw new PlatformError(
    "data_damaged",
    `The database of ${stateDir} was in ${dataDir}, and is not there any more. Put it back, restore a backup (npm run restore -- --replace), or make a new one (npm run reset).`,
  );
}

async function read(path: string): Promise<string | undefined> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
    throw error;
  });
  return text?.trim();
}

/** Renames it into place. So after a crash the file is complete or absent. */
async function write(path: string, text: string): Promise<void> {
  if ((await read(path)) === text) return;
  await writeFile(`${path}.new`, `${text}\n`);
  await rename(`${path}.new`, path);
}
