/**
 * Finds the Deno executable that npm installed. The install script of the package `deno` links it.
 * If install scripts may not run, the executable is still in the package for this
 * machine's platform.
 */
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { PlatformError } from "../errors.ts";

/** @throws PlatformError deno_missing */
export function findDeno(): string {
  const executable = process.platform === "win32" ? "deno.exe" : "deno";
  const here = createRequire(import.meta.url);
  const libc = process.platform === "linux" ? "-glibc" : "";
  for (const name of [`@deno/${process.platform}-${process.arch}${libc}`, "deno"]) {
    try {
      const path = join(dirname(resolveFrom(here, `${name}/package.json`)), executable);
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // The other package may have it.
    }
  }
  throw new PlatformError(
    "deno_missing",
    "Deno is not installed: run `npm ci` on a machine that npm's `deno` supports.",
  );
}

/** A package manager that does not hoist keeps the executable's package beside `deno`. */
function resolveFrom(here: NodeJS.Require, specifier: string): string {
  try {
    return here.resolve(specifier);
  } catch {
    return createRequire(here.resolve("deno/package.json")).resolve(specifier);
  }
}
