/**
 * The commands behind `npm start`, `npm run status` and the others. They write for a person at a
 * terminal: progress, a table, clear errors.
 */

import { join, resolve } from "node:path";
import { makeBundle } from "./bundle.ts";
import { PlatformError } from "./errors.ts";
import { explain } from "./failure.ts";
import { collectWhenIdle } from "./idle-memory.ts";
import { enquire } from "./instance.ts";
import { createLog } from "./log.ts";
import { createLogFile } from "./log-file.ts";
import type { Platform } from "./platform.ts";
import { insideOf, logPath } from "./state.ts";
import { readCommandLine } from "./terminal/command-line.ts";
import { createProgress } from "./terminal/progress.ts";
import { asEnv, asTable } from "./terminal/status.ts";

const line = readCommandLine(process.argv.slice(2));
const { flags, word } = line.kind === "command" ? line : { flags: {}, word: undefined };
const projectDir = resolve(flags["project-dir"] ?? join(import.meta.dirname, ".."));
const stateDir = resolve(flags["state-dir"] ?? join(projectDir, ".plaza"));

const logFile = createLogFile(logPath(stateDir));

/** Every service has its own time limit to stop. All of them together are well below this. */
const stopTimeoutMs = 30_000;

try {
  if (line.kind === "help") console.log(line.text);
  else if (line.kind === "mistake") fail("usage", line.text);
  else await { start, status, reset, stop, backup, restore }[line.command]();
} catch (error) {
  const { code, message, cause } = explain(error, stateDir);
  // The stack is for the log. A person at a terminal gets a sentence.
  if (code === "unexpected") logFile.append(stackOf(cause));
  fail(code, message);
  process.exit();
}

/** Imported only by the commands that start a platform. `status` runs more often and does not need it. */
function load() {
  return import("./platform.ts");
}

async function start(options: { afresh?: boolean } = {}): Promise<void> {
  // The reader of our output may stop reading (`npm start | head`). The platform continues.
  process.stdout.on("error", () => {});
  process.stderr.on("error", () => {});
  // The first line opens the file, and it comes after we have the folder. So the log of a running platform
  // stays where it is.
  const log = createLog(
    (line) => {
      logFile.write(line);
      if (flags.verbose || / (warn|error) /.test(line)) process.stderr.write(`${line}\n`);
    },
    flags.verbose ? "debug" : "info",
  );
  const signal = firstSignal();
  const crash = firstCrash();
  const starting = new AbortController();
  void crash.then((error) => starting.abort(error));
  void signal.then(() => {
    console.error("\nStopping …");
    starting.abort(
      new PlatformError("interrupted", "The start was interrupted. The next start goes on from there."),
    );
  });
  const { createPlatform } = await load();
  const progress = createProgress(process.stderr);
  let platform: Platform;
  try {
    platform = await createPlatform({
      projectDir,
      stateDir,
      databaseUrl: flags["database-url"],
      host: flags.host,
      ephemeralPorts: flags["free-ports"],
      web: !flags["no-web"],
      memory: flags.memory,
      afresh: options.afresh,
      signal: starting.signal,
      log,
      progress: progress.step,
    });
  } finally {
    progress.end();
  }
  log("info", `ready at ${platform.url}`);
  using _ = collectWhenIdle();
  // It is for the next start, so nobody waits for it but the end.
  const bundled = makeBundle().catch((error) => log("info", `no bundle of the modules: ${error}`));
  console.log(asTable(platform.env));
  if (platform.dataDir !== undefined && platform.dataDir !== insideOf(stateDir))
    console.log(`Database: ${platform.dataDir}.`);
  console.log(`Log: ${logPath(stateDir)}. Ctrl-C stops everything.`);

  const failure = await Promise.race([signal, platform.failed, crash]);
  const stuck = setTimeout(() => {
    console.error(`A service did not stop within ${stopTimeoutMs / 1000} s. It may still be running.`);
    process.exit(1);
  }, stopTimeoutMs);
  await Promise.all([platform[Symbol.asyncDispose](), bundled]);
  clearTimeout(stuck);
  if (failure instanceof PlatformError) fail(failure.code, failure.message);
  // Everything has stopped, and a person waits for the prompt. So exit even if something keeps the process alive.
  process.exit();
}

async function status(): Promise<void> {
  const running = await enquire(stateDir);
  if (!running) return fail("not_running", "Plaza is not running: npm start");
  if (Object.keys(running.env).length === 0)
    return fail("starting", `Plaza (process ${running.pid}) is starting.`);
  switch (flags.output ?? "pretty") {
    case "pretty":
      console.log(asTable(running.env));
      return console.log(await (await import("./terminal/job-health.ts")).jobHealth(running.env.DB_URL));
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

async function stop(): Promise<void> {
  const pid = await (await import("./stop.ts")).stop(stateDir);
  console.log(pid === undefined ? "Plaza is not running." : `Plaza (process ${pid}) has stopped.`);
}

async function backup(): Promise<void> {
  const { backUp } = await import("./backup/backup.ts");
  const stamp = new Date().toISOString().replace(/[-:]|\.\d+/g, "");
  const made = await backUp(stateDir, word ?? join(projectDir, "backups", stamp));
  console.log(`Backup: ${made.dir} (${made.files} files, ${(made.bytes / 2 ** 20).toFixed(1)} MiB).`);
}

async function restore(): Promise<void> {
  const { restore } = await import("./backup/restore.ts");
  const { madeAt, aside } = await restore(word as string, stateDir, flags.replace ?? false);
  for (const path of aside) console.log(`The old one is kept: ${path}`);
  console.log(`The backup of ${madeAt} is in place. npm start continues with it.`);
}

/** A mistake in our own code. The platform stops in order, because nobody knows what still works. */
function firstCrash(): Promise<PlatformError> {
  return new Promise((resolve) => {
    process.on("uncaughtException", (error) => {
      logFile.append(stackOf(error));
      resolve(explain(error, stateDir));
    });
  });
}

function stackOf(error: unknown): string {
  return `${new Date().toISOString()} error : ${(error as Error | undefined)?.stack ?? error}`;
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
