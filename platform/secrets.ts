/**
 * The secrets of a project that sets none itself. The first start makes them and keeps
 * them in the state folder. Only the folder's owner can read them.
 */
import { createHmac, randomBytes } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { importJWK, type JWK } from "jose";
import { z } from "zod";
import { PlatformError } from "./errors.ts";
import { createSigningKey } from "./signing-keys.ts";
import { secretsPath } from "./state.ts";

export interface Secrets {
  /** Signs users' tokens. We keep it, so that people stay signed in after a restart. */
  signingKey: JWK;
  /** Auth signs its hook requests with these Standard Webhooks secrets (`v1,whsec_<base64>`). */
  sendEmailHook: string;
  /** Postgres shows it to the edge function `jobs`. It follows from the other secret, so the file does not keep it. */
  jobs: string;
}

type KeptSecrets = Omit<Secrets, "jobs">;

const form = z.object({
  signingKey: z.looseObject({ kty: z.string(), d: z.string() }),
  sendEmailHook: z.string().regex(/^v1,whsec_[A-Za-z0-9+/=]+$/),
});

/**
 * @param stateDir an existing folder
 * @param renew puts a file that is not valid aside, and makes new secrets
 * @throws PlatformError secrets_invalid
 */
export async function loadSecrets(stateDir: string, renew = false): Promise<Secrets> {
  const path = secretsPath(stateDir);
  const kept = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (kept !== undefined) {
    const secrets = await parse(kept);
    if (secrets) return withJobs(secrets);
    if (!renew) {
      throw new PlatformError(
        "secrets_invalid",
        `${path} is damaged. Put back its copy from a backup. Or delete it, and everybody has to sign in again: the next start makes new secrets, and so does npm run reset.`,
      );
    }
    await rename(path, `${path}.damaged-${Date.now()}`);
  }
  const secrets: KeptSecrets = {
    signingKey: await createSigningKey(),
    sendEmailHook: `v1,whsec_${randomBytes(32).toString("base64")}`,
  };
  // Rename it into place. So after a crash the file is complete or absent.
  await writeFile(`${path}.new`, JSON.stringify(secrets, null, 2), { mode: 0o600 });
  await rename(`${path}.new`, path);
  return withJobs(secrets);
}

function withJobs(secrets: KeptSecrets): Secrets {
  return { ...secrets, jobs: createHmac("sha256", secrets.sendEmailHook).update("jobs").digest("base64url") };
}

async function parse(text: string): Promise<KeptSecrets | undefined> {
  try {
    const secrets = form.parse(JSON.parse(text)) as KeptSecrets;
    await importJWK(secrets.signingKey, "ES256");
    return secrets;
  } catch {
    return undefined;
  }
}
