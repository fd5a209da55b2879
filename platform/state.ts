/** Where the parts of a state folder are, for everything that needs them without a running platform. */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { reachable, serverUser } from "./postgres/binaries.ts";

/**
 * The data folder of Postgres. If we are root, the server runs as another user. That user may be
 * unable to enter a checkout in a private home folder. Then the data is in /var/lib/plaza.
 * @param stateDir an existing folder, as an absolute path
 */
export async function dataDirOf(stateDir: string): Promise<string> {
  const user = await serverUser();
  if (user === undefined || (await reachable(stateDir, user))) return join(stateDir, "postgres", "data");
  const name = createHash("sha256").update(stateDir).digest("hex").slice(0, 16);
  return join("/var/lib/plaza", name, "data");
}

export const secretsPath = (stateDir: string) => join(stateDir, "secrets.json");
export const logPath = (stateDir: string) => join(stateDir, "plaza.log");
