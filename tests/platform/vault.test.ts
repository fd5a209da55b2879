import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { dataDirOf } from "../../platform/data-dir.ts";
import { createLog } from "../../platform/log.ts";
import { createPlatform, type Platform } from "../../platform/platform.ts";

/** Starts a platform on the folder's project, runs the work, and stops it. */
async function during(
  projectDir: string,
  env: Record<string, string>,
  lines: string[],
  work: (sql: postgres.Sql, platform: Platform) => Promise<void>,
): Promise<void> {
  await using platform = await createPlatform({
    projectDir,
    stateDir: join(projectDir, "state"),
    ephemeralPorts: true,
    seed: false,
    env,
    log: createLog((line) => lines.push(line), "debug"),
  });
  const sql = postgres(platform.databaseUrl, { max: 1, onnotice() {} });
  try {
    await work(sql, platform);
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const secrets = (sql: postgres.Sql) =>
  sql`select name, decrypted_secret as secret from vault.decrypted_secrets order by name`;

/** Whether a file in the folder or below has the text. */
async function holds(folder: string, text: string): Promise<boolean> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (entry.isFile() && (await readFile(join(entry.parentPath, entry.name))).includes(text)) return true;
  }
  return false;
}

test("every start writes the secrets of config.toml, which no file and no log tells", {
  timeout: 120_000,
}, async () => {
  const projectDir = await mkdtemp(join(tmpdir(), "plaza-vault-"));
  await chmod(projectDir, 0o711);
  onTestFinished(() => rm(projectDir, { recursive: true, force: true }));
  await mkdir(join(projectDir, "supabase/migrations"), { recursive: true });
  const configure = (lines: string) =>
    writeFile(join(projectDir, "supabase/config.toml"), `[db.vault]\n${lines}`);
  await configure('project_url = "http://kong:8000"\nring_secret = "env(RING_SECRET)"');
  await writeFile(
    join(projectDir, "supabase/migrations/20261125000000_read.sql"),
    `
      create table public.seen as
      select name from vault.decrypted_secrets where md5(decrypted_secret) = 'c5fff3d02dcf0d18753f83c07bcefa0e';
      alter table public.seen enable row level security;
    `,
  );
  const lines: string[] = [];
  await during(projectDir, { RING_SECRET: "one-ring-to-rule" }, lines, async (sql) => {
    expect(await secrets(sql)).toEqual([
      { name: "project_url", secret: "http://kong:8000" },
      { name: "ring_secret", secret: "one-ring-to-rule" },
    ]);
    // They were there before the first migration.
    expect(await sql`select name from seen`).toEqual([{ name: "ring_secret" }]);
    await sql`select vault.create_secret('mine', 'by_hand')`;
  });
  const dataDir = await dataDirOf(join(projectDir, "state"));
  // The folder is the right one: a name is not secret.
  expect(await holds(dataDir, "ring_secret")).toBe(true);
  expect(await holds(dataDir, "one-ring-to-rule")).toBe(false);

  // Nothing to migrate this time. One value has changed, and one secret has left the file.
  await configure('ring_secret = "env(RING_SECRET)"\nthird = "three"');
  await during(projectDir, { RING_SECRET: "a-new-ring" }, lines, async (sql, platform) => {
    expect(await secrets(sql)).toEqual([
      { name: "by_hand", secret: "mine" },
      { name: "project_url", secret: "http://kong:8000" },
      { name: "ring_secret", secret: "a-new-ring" },
      { name: "third", secret: "three" },
    ]);
    // People reach none of it through the API, and the service role does not either: vault is not exposed.
    for (const key of [platform.keys.publishableKey, platform.keys.secretKey]) {
      const response = await fetch(`${platform.url}/rest/v1/decrypted_secrets`, {
        headers: { apikey: key, "accept-profile": "vault" },
      });
      expect(response.status).toBe(406);
    }
  });
  expect(lines.filter((line) => line.includes("[db.vault]"))).toHaveLength(2);
  expect(lines.filter((line) => /one-ring-to-rule|a-new-ring/.test(line))).toEqual([]);

  // Without the variable, the Vault keeps what it has.
  await during(projectDir, {}, lines, async (sql) => {
    expect(await secrets(sql)).toContainEqual({ name: "ring_secret", secret: "a-new-ring" });
  });
  expect(lines.filter((line) => line.includes("warn") && line.includes("env(RING_SECRET)"))).toHaveLength(1);
});
