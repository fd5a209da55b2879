/**
 * Edge functions on Deno. A request for /<name>/… goes to the process of the function that
 * supabase/config.toml lists under that name. With `verify_jwt`, its token is checked first.
 */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { findDeno } from "./binary.ts";
import { FunctionError } from "./errors.ts";
import { defaultLimits, type FunctionLimits } from "./limits.ts";
import { locateSource } from "./source.ts";
import { type SupervisedFunction, superviseFunction } from "./supervisor.ts";
import { verifyJwt } from "./verify-jwt.ts";

export type { FunctionLimits } from "./limits.ts";

export interface FunctionsOptions {
  /** The folder with supabase/ and node_modules. */
  projectDir: string;
  /** Deno's cache gets a folder in it. */
  stateDir: string;
  functions: Config["functions"];
  /** The environment of all functions. Supabase's variables for each process are added to it. */
  env: Record<string, string>;
  keys: Pick<Keys, "verify">;
  log: Log;
  limits?: Partial<FunctionLimits>;
}

export interface Functions extends AsyncDisposable {
  /** Takes a request whose path is /<name>/…. It throws only when the request itself is aborted. */
  fetch(request: Request): Promise<Response>;
}

const methods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/**
 * Starts nothing yet: each function starts with its first request.
 * @throws PlatformError deno_missing
 */
export async function createFunctions(options: FunctionsOptions): Promise<Functions> {
  const limits = { ...defaultLimits, ...options.limits };
  const deno = findDeno();
  const projectDir = resolve(options.projectDir);
  const cacheDir = resolve(options.stateDir, "deno");
  await mkdir(cacheDir, { recursive: true });

  const served = new Map<string, { verifyJwt: boolean; supervised: SupervisedFunction }>();
  for (const [name, entry] of Object.entries(options.functions)) {
    if (!entry.enabled) continue;
    const supervised = superviseFunction({
      name,
      source: locateSource(projectDir, name, entry),
      projectDir,
      cacheDir,
      deno,
      env: options.env,
      limits,
      log: options.log.child(name),
    });
    served.set(name, { verifyJwt: entry.verify_jwt, supervised });
  }

  async function route(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.split("/")[1] ?? "";
    const found = served.get(name);
    if (!found) throw new FunctionError("NOT_FOUND");
    if (!methods.has(request.method)) throw new FunctionError("METHOD_NOT_ALLOWED");
    // A browser's preflight has no credentials. The function answers it.
    if (found.verifyJwt && request.method !== "OPTIONS") await verifyJwt(request, options.keys);
    return found.supervised.fetch(request);
  }

  return {
    async fetch(request) {
      try {
        return await route(request);
      } catch (error) {
        if (error instanceof FunctionError) return error.toResponse();
        if (request.signal.aborted) throw error;
        options.log("error", `${request.method} ${new URL(request.url).pathname}: ${error}`);
        return new FunctionError("WORKER_ERROR").toResponse();
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...served.values()].map(({ supervised }) => supervised[Symbol.asyncDispose]()));
    },
  };
}
