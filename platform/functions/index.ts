/**
 * Edge functions on Deno. A request for /<name>/… goes to the process of the function that
 * supabase/config.toml lists under that name, or that has a folder of that name in
 * supabase/functions. With `verify_jwt`, its token is checked first.
 */
import { mkdir } from "node:fs/promises";
import { resolve } from "node:path";
import type { Config } from "../config.ts";
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import { findDeno } from "./binary.ts";
import { FunctionError } from "./errors.ts";
import { defaultLimits, type FunctionLimits } from "./limits.ts";
import { hasFolder, locateSource } from "./source.ts";
import { type SupervisedFunction, superviseFunction } from "./supervisor.ts";
import { verifyJwt } from "./verify-jwt.ts";

export type { FunctionLimits } from "./limits.ts";

export interface FunctionsOptions {
  /** The folder with supabase/ and node_modules. */
  projectDir: string;
  /** Deno's cache gets a folder in it. */
  stateDir: string;
  functions: Config["functions"];
  /** Whether functions without an entry are served from their folders. True if absent. */
  folders?: boolean;
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

  interface Served {
    verifyJwt: boolean;
    supervised: SupervisedFunction;
  }
  const served = new Map<string, Served>();
  for (const [name, entry] of Object.entries(options.functions)) if (entry.enabled) serve(name, entry);

  function serve(name: string, entry: Config["functions"][string]): Served {
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
    const made = { verifyJwt: entry.verify_jwt, supervised };
    served.set(name, made);
    return made;
  }

  /** A new folder is found by the first request for it. */
  function find(name: string): Served | undefined {
    const known = served.get(name);
    if (known || options.folders === false || Object.hasOwn(options.functions, name)) return known;
    return hasFolder(projectDir, name) ? serve(name, { enabled: true, verify_jwt: true }) : undefined;
  }

  async function route(request: Request): Promise<Response> {
    const name = new URL(request.url).pathname.split("/")[1] ?? "";
    const found = find(name);
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
