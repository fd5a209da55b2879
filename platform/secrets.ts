/**
 * The secrets a project has without having set any: made on the first start,
 * kept in the state folder, readable by its owner alone.
 */
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JWK } from "jose";
import { createSigningKey } from "./keys.ts";

export interface Secrets {
  /** Signs users' tokens; kept, so that they stay signed in over a restart. */
  signingKey: JWK;
  /** Standard Webhooks secrets (`v1,whsec_<base64>`) that Auth signs its hook requests with. */
  sendEmailHook: string;
}

/** @param stateDir an existing folder */
export async function loadSecrets(stateDir: string): Promise<Secrets> {
  const path = join(stateDir, "secrets.json");
  const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (kept !== undefined) return JSON.parse(kept);
  const secrets: Secrets = {
    signingKey: await createSigningKey(),
    sendEmailHook: `v1,whsec_${randomBytes(32).toString("base64")}`,
  };
  // In one step: a crash leaves the file whole or absent.
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}
