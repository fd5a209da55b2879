/**
 * The secrets of a project that sets none itself. The first start makes them and keeps
 * them in the state folder. Only the folder's owner can read them.
 */
import { randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { JWK } from "jose";
import { createSigningKey } from "./signing-keys.ts";

export interface Secrets {
  /** Signs users' tokens. We keep it, so that people stay signed in after a restart. */
  signingKey: JWK;
  /** Auth signs its hook requests with these Standard Webhooks secrets (`v1,whsec_<base64>`). */
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
  // Rename it into place. So after a crash the file is complete or absent.
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return secrets;
}
