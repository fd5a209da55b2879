/**
 * The commands behind `npm start`, `npm run status` and `npm run reset`. They write for a
 * person at a terminal: progress, a table, clear errors.
 */

import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { PlatformError } from "./errors.ts";
import { enquire } from "./instance.ts";
import { createLog } from "./log.ts";
import type { Platform } from "./platform.ts";
import { readCommandLine } from "./terminal/command-line.ts";
import { createProgress } from "./terminal/progress.ts";
import { asEnv, asTable } from "./terminal/status.ts";

const line = readCommandLine(process.argv.slice(2));
const flags = line.kind === "command" ? line.flags : {};
const projectDir = resolve(flags["project-dir"] ?? join(import.meta.dirname, ".."));
const stateDir = resolve(flags["state-dir"] ?? join(projectDir, ".plaza"));

/** Every service has its own time limit to stop. All of them together are well below this. */
const stopTimeoutMs = 30_000;

try {
  if (line.kind === "help") console.log(line.text);
  else if (line.kind === "mistake") fail("usage", line.text);
  else await { start, status, reset }[line.command]();
} catch (error) {
  if (!(error instanceof PlatformError)) throw error;
  fail(error.code, error.message);
}

/** Imported only by the commands that start a platform. `status` runs more often and does not need it. */
function load() {
  return import("./platform.ts");
}

async function start(options: { afresh?: boolean } = {}): Promise<void> {
  // The reader of our output may stop reading (`npm start | head`). The platform continues.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  const { createPlatform } = await load();
  await mkdir(stateDir, { recursive: true });
  // The first line opens the file, and it comes after we have the folder. So we never overwrite the log
  // of a running platform.
  let file: WriteStream | undefined;
  const open = () => (file ??= createWriteStream(join(stateDir, "plaza.log"), { flags: "w", mode: 0o600 }));
  const log = createLog(
    (line) => {
      open().write(`${line}\n`);
      if (flags.verbose || / (warn|error) /.test(line)) process.stderr.write(`${line}\n`);
    },
    flags.verbose ? "debug" : "info",
  );
  const signal = firstSignal();
  const progress = createProgress(process.stderr);
  let platform: Platform;
  try {
    platform = await createPlatform({
      projectDir,
      stateDir,
      databaseUrl: flags["database-url"],
      host: flags.host,
      ephemeralPorts: flags["free-ports"],
      afresh: options.afresh,
      log,
      progress: progress.step,
    });
  } finally {
    progress.end();
  }
  open();
  console.log(asTable(platform.env));
  console.log(`Log: ${join(stateDir, "plaza.log")}. Ctrl-C stops everything.`);

  const failure = await Promise.race([signal, platform.failed]);
  if (failure instanceof PlatformError) log("error", failure.message);
  else console.error("\nStopping …");
  const stuck = setTimeout(() => {
    console.error(`A service did not stop within ${stopTimeoutMs / 1000} s. It may still be running.`);
    process.exit(1);
  }, stopTimeoutMs);
  await platform[Symbol.asyncDispose]();
  clearTimeout(stuck);
  if (failure instanceof PlatformError) fail(failure.code, failure.message);
  // Everything has stopped, and a person waits for the prompt. So exit even if something keeps the process alive.
  open().end(() => process.exit());
}

async function status(): Promise<void> {
  const running = await enquire(stateDir);
  if (!running) return fail("not_running", "Plaza is not running: npm start");
  if (Object.keys(running.env).length === 0)
    return fail("starting", `Plaza (process ${running.pid}) is starting.`);
  switch (flags.output ?? "pretty") {
    case "pretty":
      return console.log(asTable(running.env));
    case "env":
      return console.log(asEnv(running.env));
    case "json":
      return console.log(JSON.stringify(running.env, null, 2));
    default:
      fail("usage", `There is no format "${flags.output}". There are: pretty, env, json.`);
  }
}

/** Removes only the database. Keys and secrets stay, so that clients keep working. */
async function reset(): Promise<void> {
  await start({ afresh: true });
}

/** The first signal starts a clean stop. The second signal exits at once. */
function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let asked = false;
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        if (asked) process.exit(130);
        asked = true;
        resolve(name);
      });
    }
  });
}

function fail(code: string, message: string): void {
  console.error(code === "usage" ? message : `Error (${code}): ${message}`);
  process.exitCode = 1;
}
