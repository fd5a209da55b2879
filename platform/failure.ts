/** Puts an error that stops a command into a sentence with a code and a way out. */
import { PlatformError } from "./errors.ts";

/**
 * @param stateDir where the log is
 * @returns the error itself if it is a PlatformError and no full disk caused it
 */
export function explain(error: unknown, stateDir: string): PlatformError {
  const { cause } = error as Error;
  // Postgres has a code of its own for a full disk (53100). What failed over it, such as the bootstrap, does not matter.
  const isFull = [error, cause].some((each) => (each as NodeJS.ErrnoException | undefined)?.code === "53100");
  if (error instanceof PlatformError && !isFull) return error;
  const { code, message, path, syscall } = error as NodeJS.ErrnoException;
  // On a disk that takes no writes, Linux may answer mkdir with ENOENT.
  switch (isFull ? "ENOSPC" : code === "ENOENT" && syscall === "mkdir" ? "EROFS" : code) {
    case "ERR_MODULE_NOT_FOUND":
    case "MODULE_NOT_FOUND":
      return new PlatformError("not_installed", "A package is missing. Run npm ci.");
    case "ENOSPC":
    case "EDQUOT":
      return new PlatformError(
        "disk_full",
        `The disk of ${path ?? stateDir} is full. Make room, and start again.`,
      );
    case "EACCES":
    case "EPERM":
    case "EROFS":
    case "ENOTDIR":
    case "EEXIST":
      return new PlatformError(
        "state_unwritable",
        `Plaza cannot use ${path ?? stateDir} (${code}). Give your user the right to write there, or choose another folder with --state-dir.`,
      );
    default:
      return new PlatformError(
        "unexpected",
        `${message ?? error}. The log in ${stateDir} says where it happened.`,
        { cause: error },
      );
  }
}
