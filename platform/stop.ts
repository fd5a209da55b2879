/** Ends the platform that runs on a state folder, for `npm run stop`. */
import { existsSync } from "node:fs";
import { dataDirOf } from "./data-dir.ts";
import { PlatformError } from "./errors.ts";
import { enquire, holder } from "./instance.ts";
import { endLeftovers } from "./postgres/leftovers.ts";
import { endProcess } from "./postgres/owned-process.ts";

/** A platform that is asked to end does so within 30 s. */
const patientSteps: { signal: NodeJS.Signals; waitMs: number }[] = [
  { signal: "SIGTERM", waitMs: 35_000 },
  { signal: "SIGKILL", waitMs: 5000 },
];

/**
 * Resolves when the platform and its database have ended. Ends them by force if they do not end.
 * @returns the process that ran, or undefined if none did
 * @throws PlatformError stop_failed, not_yours, postgres_already_running
 */
export async function stop(stateDir: string, steps = patientSteps): Promise<number | undefined> {
  if (!existsSync(stateDir)) return undefined;
  const pid = (await enquire(stateDir))?.pid ?? holder(stateDir);
  if (pid !== undefined) {
    const ended = await endProcess(
      () => holder(stateDir) !== undefined,
      (signal) => {
        process.kill(pid, signal);
        // A suspended process gets the signal only when it goes on.
        process.kill(pid, "SIGCONT");
      },
      steps,
    );
    if (!ended) {
      throw new PlatformError(
        "stop_failed",
        `Plaza (process ${pid}) cannot be ended. It may belong to another user: run kill -9 ${pid} as that user.`,
      );
    }
  }
  // Without a database of its own, the folder has no server either.
  const dataDir = await dataDirOf(stateDir).catch((error) => {
    if (error instanceof PlatformError) return undefined;
    throw error;
  });
  if (dataDir !== undefined) await endLeftovers(dataDir);
  return pid;
}
