import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { envFiles } from "../../platform/env.ts";

/*
 * What a newcomer has after `npm ci`: the supabase CLI works, because the install made the
 * secret that supabase/config.toml wants. Every test has a project folder with a space in its name.
 */

const root = join(import.meta.dirname, "../..");
const secretLine = /^SEND_EMAIL_HOOK_SECRETS=v1,whsec_[A-Za-z0-9+/]{43}=$/m;
let project: string;

beforeEach(async () => {
  project = join(await mkdtemp(join(tmpdir(), "plaza-checkout-")), "a project");
  await mkdir(join(project, "supabase"), { recursive: true });
  await cp(join(root, "supabase/config.toml"), join(project, "supabase/config.toml"));
  await symlink(join(root, "node_modules"), join(project, "node_modules"));
});
afterEach(() => rm(join(project, ".."), { recursive: true, force: true }));

/**
 * Runs a program in the project, with a newcomer's environment. It has no secret of ours, and no
 * NODE_ENV: with `test` there, the CLI would not read .env.local.
 */
async function run(program: string, args: string[], env: Record<string, string> = {}) {
  const { SEND_EMAIL_HOOK_SECRETS: _, NODE_ENV: __, ...inherited } = process.env;
  return promisify(execFile)(program, args, {
    cwd: project,
    env: { ...inherited, SUPABASE_TELEMETRY_DISABLED: "1", SUPABASE_HOME: join(project, "home"), ...env },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, output: stdout + stderr }),
    (error) => ({ code: error.code, output: error.stdout + error.stderr }),
  );
}

const install = (env?: Record<string, string>) =>
  run(process.execPath, [join(root, "platform/hook-secret.js"), project], env);
const dotEnv = () => readFile(join(project, ".env"), "utf8").catch(() => undefined);
/** Nobody listens there: a CLI that has accepted the configuration says that it cannot connect. */
const listMigrations = () =>
  run("supabase", [
    "migration",
    "list",
    "--remote=postgresql://postgres:postgres@127.0.0.1:1/postgres",
    "--output-format=text",
  ]);

test("after npm ci the CLI accepts the configuration, and before it the secret is missing", async () => {
  const scripts = JSON.parse(await readFile(join(root, "package.json"), "utf8")).scripts;
  expect(scripts.postinstall).toBe("node platform/hook-secret.js");

  expect((await listMigrations()).output).toContain("auth.hook.send_email.secrets");
  expect((await install()).code).toBe(0);
  expect(await dotEnv()).toMatch(secretLine);
  expect((await stat(join(project, ".env"))).mode & 0o077).toBe(0);
  expect((await listMigrations()).output).toContain("connect");
  expect((await listMigrations()).output).not.toContain("auth.hook");
});

test("a secret that is there stays, wherever it is", async () => {
  await writeFile(join(project, ".env"), "OTHER=1");
  await install();
  const first = await dotEnv();
  expect(first).toMatch(/^OTHER=1\nSEND_/);
  await install();
  expect(await dotEnv()).toBe(first);
  await rm(join(project, ".env"));

  await install({ SEND_EMAIL_HOOK_SECRETS: "v1,whsec_of_the_environment" });
  expect(await dotEnv()).toBeUndefined();
  await writeFile(join(project, "supabase/.env"), "SEND_EMAIL_HOOK_SECRETS=v1,whsec_x\n");
  await install();
  expect(await dotEnv()).toBeUndefined();
});

test("a .env file that cannot be read is an error with a code", async () => {
  await mkdir(join(project, ".env"));
  await expect(envFiles(project)).rejects.toMatchObject({ code: "env_unreadable" });
});

test("of two .env files the platform believes the one that the CLI believes", async () => {
  const good = `v1,whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  const names = [".env.development.local", ".env.local", ".env.development", ".env"];
  const files = [...names, ...names.map((name) => `supabase/${name}`)];
  for (const [index, stronger] of files.entries()) {
    for (const weaker of files.slice(index + 1, index + 2)) {
      for (const [file, value] of [
        [stronger, good],
        [weaker, "bad"],
      ] as const)
        await writeFile(join(project, file), `SEND_EMAIL_HOOK_SECRETS=${value}\n`);
      expect((await envFiles(project)).SEND_EMAIL_HOOK_SECRETS, `${stronger} over ${weaker}`).toBe(good);
      expect((await listMigrations()).output, `${stronger} over ${weaker}`).not.toContain("auth.hook");
      for (const file of files) await rm(join(project, file), { force: true });
    }
  }
});

test("a value in a .env file may name another one, for the CLI and for the platform", async () => {
  const key = Buffer.alloc(32, 7).toString("base64");
  for (const file of [".env", "supabase/.env"]) {
    await writeFile(join(project, file), `A=${key}\nSEND_EMAIL_HOOK_SECRETS=v1,whsec_\${A}\n`);
    expect((await envFiles(project)).SEND_EMAIL_HOOK_SECRETS).toBe(`v1,whsec_${key}`);
    expect((await listMigrations()).output, file).not.toContain("auth.hook");
    await rm(join(project, file));
  }
  await writeFile(join(project, "supabase/.env.staging"), "A=b\nB='$A'\nC=\\$A\nD=\"$A$\"\nE=$(A)$NONE\n");
  expect(await envFiles(project, { SUPABASE_ENV: "staging" })).toEqual({
    ...{ A: "b", B: "$A", C: "$A", D: "b$", E: "(A)" },
  });
  expect(await envFiles(project)).toEqual({});
});
