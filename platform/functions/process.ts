/**
 * One Deno process that runs one function. It has only the rights that functions need. We reach it
 * over a unix socket that nobody else may use. When we end, it ends.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import type { Log } from "../log.ts";
import type { FunctionLimits } from "./limits.ts";
import { readOutput } from "./output.ts";
import { watchMemory } from "./resident.ts";
import type { Source } from "./source.ts";

export interface ProcessOptions {
  name: string;
  source: Source;
  projectDir: string;
  /** Deno's cache of compiled modules. */
  cacheDir: string;
  /** The Deno executable. */
  deno: string;
  env: Record<string, string>;
  limits: FunctionLimits;
  log: Log;
}

/** Why a process is gone. Somebody else ended it if it was killed. */
export type Ending = "stopped" | "failed" | "resources" | "killed";

export interface FunctionProcess {
  pid: number;
  socketPath: string;
  startedAtMs: number;
  /** Undefined while the process runs. */
  ending: Ending | undefined;
  ended: Promise<Ending>;
  /** Asks the process to end. Its requests and background tasks have `graceMs` to finish. */
  stop(graceMs: number): Promise<void>;
  /**
   * Ends the process at once, even in an endless loop.
   * @param ending why. If absent, the process itself shows whether it had failed or was killed
   */
  kill(ending?: Ending): void;
}

const preload = fileURLToPath(new URL("./preload.ts", import.meta.url));

/**
 * The shell starts a watcher and then becomes Deno. The watcher reads a pipe of ours. When we end,
 * even by a crash, the pipe closes without a line on it. The watcher then kills the function and
 * removes its folder. A function in an endless loop could not do that itself. A line on the pipe
 * tells the watcher to end.
 */
const script = `
ulimit -c 0
( ( read -r _ <&3 || { kill -KILL $$; rm -rf "$1"; } ) >/dev/null 2>&1 & )
exec 3<&-
shift
exec "$@"`;

/**
 * Starts a process. Resolves when the function listens.
 * @param signal cancels the start. It has no effect on a process that listens
 * @throws Error if the process ended or took too long before it listened. The log has its output
 */
export async function startProcess(options: ProcessOptions, signal: AbortSignal): Promise<FunctionProcess> {
  const { limits, log } = options;
  const startedAtMs = Date.now();
  if (!existsSync(options.source.entrypoint)) throw new Error(`there is no ${options.source.entrypoint}`);
  // Not in the state folder: its path may be too long for a unix socket (108 bytes on Linux).
  const dir = await mkdtemp(join(tmpdir(), "plaza-function-"));
  const socketPath = join(dir, "http");
  const temporary = join(dir, "tmp");
  await mkdir(temporary);

  const env = functionEnv(options.name, options.env, temporary);
  const child = spawn(
    "/bin/sh",
    ["-c", script, "sh", dir, options.deno, ...denoArguments(options, socketPath, temporary)],
    {
      cwd: dirname(options.source.entrypoint),
      env: {
        ...env,
        PATH: "/usr/bin:/bin",
        DENO_DIR: options.cacheDir,
        DENO_NO_UPDATE_CHECK: "1",
        NO_COLOR: "1",
        PLAZA_SOCKET: socketPath,
        PLAZA_ENV: Object.keys(env).join(","),
      },
      // The fourth is the watcher's. It cannot be stdin: when the process exits, Node closes that without a line.
      stdio: ["ignore", "pipe", "pipe", "pipe"],
      // Ctrl-C in a terminal is for us. We let functions finish their requests.
      detached: true,
    },
  );
  const [stdout, stderr, watcher] = child.stdio.slice(1) as [Readable, Readable, Writable];
  const output = readOutput({ stdout, stderr }, log, limits);

  let asked: Ending | undefined;
  const running: FunctionProcess = {
    pid: child.pid ?? 0,
    socketPath,
    startedAtMs,
    ending: undefined,
    ended: exit(child, watcher).then(async () => {
      const killed = child.signalCode === "SIGKILL" || child.signalCode === "SIGTERM";
      running.ending = asked ?? (output.outOfMemory() ? "resources" : killed ? "killed" : "failed");
      await rm(dir, { recursive: true, force: true });
      return running.ending;
    }),
    async stop(graceMs) {
      asked ??= "stopped";
      child.kill("SIGTERM");
      const timer = setTimeout(() => child.kill("SIGKILL"), graceMs);
      await running.ended;
      clearTimeout(timer);
    },
    kill(ending) {
      asked ??= ending;
      child.kill("SIGKILL");
    },
  };

  const endWatch = watchMemory(running.pid, limits.memoryMb, () => {
    if (running.ending) return;
    log("error", "Memory limit exceeded");
    running.kill("resources");
  });
  void running.ended.then(endWatch);

  const givenUp = AbortSignal.any([signal, AbortSignal.timeout(limits.startTimeoutMs)]);
  const giveUp = () => running.kill("failed");
  givenUp.addEventListener("abort", giveUp, { once: true });
  if (givenUp.aborted) giveUp();
  const listens = await Promise.race([output.ready.then(() => true), running.ended.then(() => false)]);
  givenUp.removeEventListener("abort", giveUp);
  if (listens && !givenUp.aborted) return running;
  await running.ended;
  throw new Error(
    givenUp.aborted
      ? `did not listen within ${limits.startTimeoutMs} ms`
      : "ended before it listened: a function calls Deno.serve or exports default { fetch }",
  );
}

/** The variables of the platform and the project, and those that Supabase adds for each process. */
function functionEnv(name: string, env: Record<string, string>, temporary: string): Record<string, string> {
  return {
    SB_REGION: "local",
    ...env,
    SUPABASE_FUNCTION_SLUG: name,
    SB_EXECUTION_ID: crypto.randomUUID(),
    TMPDIR: temporary,
  };
}

function denoArguments(options: ProcessOptions, socketPath: string, temporary: string): string[] {
  const { source, limits } = options;
  const nodeModules = join(options.projectDir, "node_modules");
  const readable = [...source.folders, source.importMap, nodeModules, temporary, socketPath]
    .filter((path) => path !== undefined)
    .flatMap((path) => (existsSync(path) ? [path, realpathSync(path)] : [path]));
  return [
    "run",
    "--quiet",
    // With this, a request's signal aborts only when its client has left.
    "--unstable-no-legacy-abort",
    "--no-prompt",
    // All packages come from the project's node_modules. Nothing is fetched, and nothing is written there.
    "--no-lock",
    "--no-remote",
    "--cached-only",
    "--node-modules-dir=manual",
    ...importMapArguments(source.importMap),
    `--v8-flags=--max-old-space-size=${limits.memoryMb}`,
    "--allow-net",
    "--allow-env",
    "--allow-sys=hostname",
    `--allow-read=${pathList(readable)}`,
    `--allow-write=${pathList([temporary, socketPath])}`,
    `--preload=${preload}`,
    source.entrypoint,
  ];
}

function importMapArguments(importMap: string | undefined): string[] {
  if (importMap === undefined) return ["--no-config"];
  return /(^|\/)deno\.jsonc?$/.test(importMap)
    ? [`--config=${importMap}`]
    : ["--no-config", `--import-map=${importMap}`];
}

/** Deno separates paths by commas. A doubled comma is part of a path. */
function pathList(paths: string[]): string {
  return [...new Set(paths)].map((path) => path.replaceAll(",", ",,")).join(",");
}

async function exit(child: ChildProcess, watcher: Writable): Promise<void> {
  watcher.on("error", () => {});
  child.once("exit", () => watcher.end("\n"));
  // "close" comes after "exit", when all output has been read.
  await new Promise<void>((resolve) => {
    child.once("close", () => resolve());
    child.once("error", () => resolve());
  });
}
