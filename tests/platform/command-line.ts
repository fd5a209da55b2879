/**
 * The platform's commands as real processes, on a state folder of the test's own.
 */
import { type ChildProcess, type SpawnOptions, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished } from "vitest";

export interface Command {
  child: ChildProcess;
  output(): string;
  /** The exit code, or the signal that ended the process. */
  ended: Promise<number | NodeJS.Signals>;
}

const main = new URL("../../platform/main.ts", import.meta.url).pathname;

/**
 * A folder that every user may enter. It goes after the test, when no process uses it any more. Vitest
 * runs the last hook first, so the commands of the test are killed before.
 *
 * @param onEnd what a hook uses in place of Vitest's own onTestFinished()
 */
export async function folder(prefix = "plaza-state-", onEnd = onTestFinished): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), prefix));
  await chmod(dir, 0o711);
  onEnd(async () => {
    await expect.poll(() => processesOf(dir), { timeout: 20_000 }).toEqual([]);
    await rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });
  return dir;
}

export function run(stateDir: string, ...args: string[]): Command {
  return watch(process.execPath, [main, ...args, "--state-dir", stateDir]);
}

export function watch(command: string, args: string[], options: SpawnOptions = {}): Command {
  // A group of its own, as in a terminal: `interrupt` signals all of it.
  const child = spawn(command, args, { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (output += chunk));
  const ended = once(child, "close").then(([code, signal]) => code ?? signal);
  onTestFinished(async () => {
    if (child.exitCode === null) child.kill("SIGKILL");
    await ended;
  });
  return { child, output: () => output, ended };
}

/** What Ctrl-C in a terminal does: every process of the command's group gets the signal. */
export function interrupt({ child }: Command): void {
  process.kill(-(child.pid as number), "SIGINT");
}

/** Starts Plaza, and waits for a text in its output. */
export function started(stateDir: string, args = ["start", "--free-ports"], text?: string): Promise<Command> {
  return said(run(stateDir, ...args), text);
}

/** Waits for a text in the output of a start. The table's last line means that Plaza is ready. */
export async function said(command: Command, text = "╰"): Promise<Command> {
  await Promise.race([
    expect.poll(command.output, { timeout: 60_000, interval: 10 }).toContain(text),
    command.ended.then((code) => {
      throw new Error(`start ended with ${code}:\n${command.output()}`);
    }),
  ]);
  return command;
}

/** Expects a command that fails with a sentence: a code, and no stack. */
export async function refused(command: Command, code: string): Promise<string> {
  expect(await command.ended).toBe(1);
  const output = command.output();
  expect(output).toContain(`Error (${code}): `);
  expect(output).not.toMatch(/^\s+at .*:\d+/m);
  return output;
}

/** All running processes whose command line or environment names this folder, except ours. */
export async function processesOf(dir: string): Promise<number[]> {
  const found: number[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const commandLine = await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "");
    const environment = await readFile(`/proc/${name}/environ`, "utf8").catch(() => "");
    if (commandLine.includes(dir) || environment.includes(dir)) found.push(Number(name));
  }
  return found;
}
