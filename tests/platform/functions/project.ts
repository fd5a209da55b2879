/** A project in a folder of its own, with the functions of fixtures/. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { Config } from "../../../platform/config.ts";
import { createFunctions, type Functions, type FunctionsOptions } from "../../../platform/functions/index.ts";
import { createKeys, type Keys } from "../../../platform/keys.ts";
import { createLog } from "../../../platform/log.ts";

const root = resolve(import.meta.dirname, "../../..");

export interface Project extends AsyncDisposable {
  dir: string;
  /** Writes a file of edge-functions/. */
  write(path: string, text: string): Promise<void>;
}

export async function createProject(): Promise<Project> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-project-"));
  await cp(join(import.meta.dirname, "fixtures"), dir, { recursive: true });
  await mkdir(join(dir, "supabase"));
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  for (const file of ["deno.json", "package.json"]) await cp(join(root, file), join(dir, file));
  return {
    dir,
    async write(path, text) {
      const file = join(dir, "edge-functions", path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, text);
    },
    [Symbol.asyncDispose]: () => removeFolder(dir),
  };
}

export function entry(path: string, verifyJwt = false): Config["functions"][string] {
  return {
    enabled: true,
    verify_jwt: verifyJwt,
    entrypoint: `../edge-functions/${path}`,
    import_map: "../deno.json",
  };
}

export interface Served extends AsyncDisposable {
  functions: Functions;
  keys: Keys;
  /** All messages logged so far, one line each. */
  lines: string[];
  get(path: string, init?: RequestInit): Promise<Response>;
  /** The process that serves `toolbox`, or another function with the same code. */
  pid(name?: string): Promise<number>;
  /** The private folder of that process. */
  folder(name?: string): Promise<string>;
}

export async function serve(
  project: Project,
  functions: Config["functions"],
  more: Partial<FunctionsOptions> = {},
): Promise<Served> {
  const keys = await createKeys();
  const lines: string[] = [];
  const served = await createFunctions({
    projectDir: project.dir,
    stateDir: join(project.dir, ".plaza"),
    functions,
    env: { SUPABASE_URL: "http://127.0.0.1:54321", GREETING_SECRET: "sesame" },
    keys,
    log: createLog((line) => lines.push(line.slice(25)), "debug"),
    ...more,
  });
  const get = (path: string, init?: RequestInit) =>
    served.fetch(new Request(`http://plaza.test:54321${path}`, init));
  return {
    functions: served,
    keys,
    lines,
    get,
    pid: async (name = "toolbox") => Number(await (await get(`/${name}/pid`)).text()),
    folder: async (name = "toolbox") => dirname((await (await get(`/${name}/env`)).json()).TMPDIR),
    [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
  };
}

export interface Bell extends AsyncDisposable {
  url(path: string): string;
  /** Resolves when somebody has asked for the path. */
  rung(path: string): Promise<void>;
  /** The paths that somebody has asked for. */
  paths(): string[];
  /** Answers all requests for the path, those that wait and later ones. */
  answer(path: string): void;
}

/** A web server. Each path answers when it is told to, so a test and a function can wait for each other. */
export async function createBell(): Promise<Bell> {
  const rung = new Map<string, PromiseWithResolvers<void>>();
  const answered = new Map<string, PromiseWithResolvers<void>>();
  const asked = new Set<string>();
  const of = (map: typeof rung, path: string) => {
    const known = map.get(path) ?? Promise.withResolvers<void>();
    map.set(path, known);
    return known;
  };
  const server = createServer(async (request, response) => {
    asked.add(request.url as string);
    of(rung, request.url as string).resolve();
    await of(answered, request.url as string).promise;
    response.end("ding");
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `http://127.0.0.1:${port}${path}`,
    rung: (path) => of(rung, path).promise,
    paths: () => [...asked],
    answer: (path) => of(answered, path).resolve(),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

/** Asks again and again until the condition is true. The test's own timeout is the limit. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setTimeout(next, 20));
}

/** Whether a process runs. A zombie has ended; only its parent has not noticed yet. */
export async function isRunning(pid: number): Promise<boolean> {
  if (process.platform !== "linux") return isSignallable(pid);
  const status = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  return status !== "" && !/\) Z /.test(status);
}

function isSignallable(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export const removeFolder = (path: string) => rm(path, { recursive: true, force: true });
