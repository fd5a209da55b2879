/** Calls the supabase CLI, for the tools in this folder and the tests of the database. */
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { projectDir } from "./server.ts";
import { strictTypes } from "./strict-types.ts";

/**
 * Runs the CLI on this project.
 * @returns the JSON that it prints
 * @throws Error with the CLI's output, when it fails
 */
export async function supabase(...args: string[]): Promise<Record<string, unknown>> {
  return JSON.parse((await run([...args, "--output-format", "json"])) || "{}");
}

/** The file in which frontends find the types of the API. */
export const typesPath = "supabase/database.types.ts";

/**
 * @param url of a database
 * @returns the types of the API, as a strict TypeScript module in our format
 * @throws Error with the CLI's output, when it fails
 */
export async function generateTypes(url: string): Promise<string> {
  const types = await run([
    "gen",
    "types",
    "--lang",
    "typescript",
    "--schema",
    "public",
    `--remote=${plain(url)}`,
  ]);
  return format(await strictTypes(await format(types), url));
}

/** @returns the text of typesPath as biome formats it */
async function format(types: string): Promise<string> {
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome");
  const formatting = promisify(execFile)(
    process.execPath,
    [biome, "format", `--stdin-file-path=${typesPath}`],
    {
      cwd: projectDir,
      maxBuffer: 16 * 1024 * 1024,
    },
  );
  formatting.child.stdin?.end(types);
  return (await formatting).stdout;
}

async function run(args: string[]): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), "plaza-cli-"));
  try {
    const manifest = createRequire(import.meta.url).resolve("supabase/package.json");
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [join(dirname(manifest), "dist/supabase.js"), ...args, "--workdir", projectDir],
      {
        maxBuffer: 64 * 1024 * 1024,
        timeout: 120_000,
        env: {
          ...process.env,
          SUPABASE_HOME: home,
          SUPABASE_TELEMETRY_DISABLED: "1",
          // config.toml asks for it. Nothing here uses it.
          SEND_EMAIL_HOOK_SECRETS: `v1,whsec_${Buffer.alloc(32).toString("base64")}`,
        },
      },
    );
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`supabase ${args.join(" ")}\n${stdout ?? ""}${stderr ?? ""}`, { cause: error });
  } finally {
    await rm(home, { recursive: true, force: true });
  }
}

/** @returns the URL for the CLI: without TLS, which a local server does not have */
export const plain = (url: string): string => `${url}?sslmode=disable`;
