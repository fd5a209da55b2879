/** Runs the supabase CLI of npm. migrate.ts uses it. */
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PlatformError } from "../errors.ts";
import type { Log } from "../log.ts";
import { noSpace } from "./log-lines.ts";
import { noRoom } from "./server-run.ts";

export interface CliOptions {
  /** The folder that holds supabase/. */
  projectDir: string;
  /** The CLI keeps its own files here. */
  homeDir: string;
  /** The values for `env(NAME)` in config.toml. */
  env: Record<string, string | undefined>;
  /** Ends the CLI. */
  signal?: AbortSignal;
  log: Log;
}

export interface CliRun {
  /**
   * Resolves when the CLI has done its work.
   * @throws PlatformError migration_failed or disk_full, with the output of the CLI; or the reason of the signal
   */
  done: Promise<void>;
  /** Whether it has ended. */
  readonly ended: boolean;
  stop(): void;
}

/** This limit stops a CLI that hangs. The CLI itself limits each statement to 2 minutes. */
const timeoutMs = 10 * 60_000;
/** In characters. The error shows the end of the output of the CLI. */
const outputMax = 64 * 1024;

/** @param secret a text that must not appear in an error, such as the URL of a database */
export async function startCli(options: CliOptions, args: string[], secret: string): Promise<CliRun> {
  const cli = join(
    dirname(createRequire(import.meta.url).resolve("supabase/package.json")),
    "dist",
    "supabase.js",
  );
  await mkdir(options.homeDir, { recursive: true });
  options.signal?.throwIfAborted();
  const child = spawn(
    process.execPath,
    [cli, ...args, "--workdir", options.projectDir, "--output-format", "text"],
    {
      env: {
        ...process.env,
        ...options.env,
        SUPABASE_HOME: options.homeDir,
        SUPABASE_TELEMETRY_DISABLED: "1",
      },
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C in a terminal must reach only us. The CLI starts a second process, so we end the group of both.
      detached: true,
    },
  );
  let ended = false;
  const stop = () => {
    if (ended) return;
    try {
      process.kill(-(child.pid as number), "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  };
  const timer = setTimeout(stop, timeoutMs);
  options.signal?.addEventListener("abort", stop, { once: true });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      said = (said + chunk).slice(-outputMax);
      for (const line of String(chunk).split("\n").filter(Boolean)) options.log("debug", line);
    });
  }

  async function finish(): Promise<void> {
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    }).finally(() => {
      ended = true;
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", stop);
    });
    options.signal?.throwIfAborted();
    if (code === 0) return;
    said = said.replaceAll(secret, "<database>").trim();
    if (noSpace.test(said)) throw noRoom(said);
    throw new PlatformError("migration_failed", `The supabase CLI could not migrate the database:\n${said}`);
  }

  const done = finish();
  // Its owner may wait for it later, or not at all.
  done.catch(() => {});
  return {
    done,
    get ended() {
      return ended;
    },
    stop,
  };
}
