/** What the tests of the server share: a server whose owner can be killed, its processes, a query. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile, readlink } from "node:fs/promises";
import postgres from "postgres";
import { onTestFinished } from "vitest";

export interface Owner {
  child: ChildProcess;
  /** Resolves when the server takes connections. */
  ready: Promise<{ pid: number; port: number }>;
}

const module = new URL("../../../platform/postgres/server.ts", import.meta.url).href;
const script = `
  const { startServer } = await import(${JSON.stringify(module)});
  const log = Object.assign(() => {}, { child: () => log });
  const [, dataDir] = process.argv;
  const server = await startServer({ dataDir, port: 0, password: "postgres", durable: true, log });
  console.log(JSON.stringify({ pid: server.pid, port: server.port }));
  setInterval(() => {}, 1000);`;

/** Starts a process that owns a server. A test can kill it. */
export function ownServer(dataDir: string): Owner {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, dataDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const ready = once(child.stdout as NonNullable<typeof child.stdout>, "data").then(([line]) =>
    JSON.parse(String(line)),
  );
  ready.catch(() => {});
  return { child, ready };
}

/** The processes of Postgres in this folder, with their titles. */
export async function postgresIn(dataDir: string): Promise<{ pid: number; title: string }[]> {
  const found: { pid: number; title: string }[] = [];
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const cwd = await readlink(`/proc/${name}/cwd`).catch(() => "");
    if (cwd !== dataDir) continue;
    const title = (await readFile(`/proc/${name}/cmdline`, "utf8").catch(() => "")).replaceAll("\0", " ");
    found.push({ pid: Number(name), title });
  }
  return found;
}

/** One statement on a connection of its own. */
export async function query({ port }: { port: number }, text: string): Promise<Record<string, unknown>[]> {
  const sql = postgres({
    host: "127.0.0.1",
    port,
    database: "postgres",
    user: "supabase_admin",
    password: "postgres",
    max: 1,
    connect_timeout: 5,
    onnotice: () => {},
  });
  try {
    return await sql.unsafe(text);
  } finally {
    await sql.end({ timeout: 1 });
  }
}
