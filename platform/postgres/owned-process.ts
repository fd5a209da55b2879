/**
 * Starts a command that stops when we die, however we die, and ends processes that do
 * not want to end. server-run.ts and data-folder.ts run Postgres with it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type { OsUser } from "./binaries.ts";

/**
 * How we ask Postgres to end. INT disconnects the clients and writes a checkpoint. Postgres
 * may wait for ever then, for example while it recovers. QUIT ends it without a checkpoint:
 * after 5 s it kills its own processes. KILL always works. After QUIT and KILL the next start
 * recovers, and no committed data is lost.
 */
export const stopSteps: { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: "SIGINT", waitMs: 10_000 },
  { signal: "SIGQUIT", waitMs: 7000 },
  { signal: "SIGKILL", waitMs: 3000 },
];

const lookMs = 20;

/**
 * Sends one signal after the other until the process has ended.
 * @param alive whether the process still runs
 * @param kill sends a signal. It may throw: then the process has ended
 * @returns false if the process still runs after the last signal
 */
export async function endProcess(
  alive: () => boolean | Promise<boolean>,
  kill: (signal: NodeJS.Signals) => void,
  steps = stopSteps,
): Promise<boolean> {
  for (const { signal, waitMs } of steps) {
    if (!(await alive())) return true;
    try {
      kill(signal);
    } catch {
      return !(await alive());
    }
    const deadline = Date.now() + waitMs;
    while (Date.now() < deadline) {
      if (!(await alive())) return true;
      await delay(lookMs);
    }
  }
  return !(await alive());
}

/**
 * A shell starts a watcher first, and then becomes the command. The watcher reads a pipe of
 * ours. When we die, the pipe closes, and the watcher sends the signals of `stopSteps`. If the
 * command ends first, we write a line into the pipe. Then the watcher stops nothing, because
 * another process may have the command's process id by then. The watcher must not be a child
 * of the postmaster, which takes the end of any child for a crash. In the end it deletes the folder that the shell
 * has as its name, if there is one.
 */
const script = (memoryMb: number | undefined) => `
${memoryMb === undefined ? "" : `ulimit -d ${memoryMb * 1024} 2>/dev/null`}
( (
  read -r _ <&3 && exit
  tidy() { [ -z "$0" ] || rm -rf -- "$0"; exit; }
  for step in ${stopSteps.map(({ signal, waitMs }) => `${signal.slice(3)}:${waitMs / 1000}`).join(" ")}; do
    kill -"\${step%:*}" $$ || tidy
    waited=0
    while [ $waited -lt "\${step#*:}" ]; do
      sleep 1
      kill -0 $$ || tidy
      waited=$((waited + 1))
    done
  done
  tidy
) >/dev/null 2>&1 & )
exec 3<&-
exec "$@"`;

export interface OwnedOptions {
  user: OsUser | undefined;
  /** Is deleted when the command has ended after our death. Its user owns it. */
  folder?: string | undefined;
  /** The most memory that each process of the command gets for itself, in MiB. Only Linux counts all of it. */
  memoryMb?: number | undefined;
}

/** The child's stderr is a pipe. It has no other output and no input. */
export function spawnOwned(
  command: string,
  args: string[],
  { user, folder = "", memoryMb }: OwnedOptions,
): ChildProcess {
  const child = spawn("/bin/sh", ["-c", script(memoryMb), folder, command, ...args], {
    ...user,
    cwd: "/",
    // The watcher reads the fourth one. It cannot read stdin, because Node closes stdin when the child exits,
    // before we can write the line.
    stdio: ["ignore", "ignore", "pipe", "pipe"],
    // Ctrl-C in a terminal must reach only us. We stop the server after its clients.
    detached: true,
  });
  const watcher = child.stdio[3] as Writable;
  watcher.on("error", () => {});
  child.once("exit", () => watcher.end("ended\n"));
  return child;
}
