/**
 * Measures `npm start` on an empty folder until the API answers, then a second start on
 * the same folder, and the memory of all processes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { median } from "../measure.ts";

const rounds = 5;

export async function run(): Promise<string> {
  const first: number[] = [];
  const second: number[] = [];
  const memory: { platform: number; all: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
    await chmod(dir, 0o711);
    const fresh = await start(dir);
    first.push(fresh.readyMs);
    await stop(fresh.child);
    const again = await start(dir);
    second.push(again.readyMs);
    await readSome(again.url);
    memory.push(await memoryOf(again.child.pid as number));
    await stop(again.child);
    await rm(dir, { recursive: true });
  }
  const seconds = (values: number[]) => (median(values) / 1000).toFixed(2);
  const mib = (values: number[]) => Math.round(median(values) / 2 ** 20);
  return [
    `Median of ${rounds} rounds. "Ready" is the printed table; the API answers before it.`,
    "",
    "| | measured | goal |",
    "|---|---|---|",
    `| first start to ready (initdb, bootstrap, migrations, seed) | ${seconds(first)} s | 4 s |`,
    `| second start to ready | ${seconds(second)} s | 2 s |`,
    `| memory with Postgres, after 200 reads (PSS) | ${mib(memory.map((m) => m.all))} MiB | 300 MB |`,
    `| of which the platform's own process | ${mib(memory.map((m) => m.platform))} MiB | |`,
  ].join("\n");
}

const main = join(import.meta.dirname, "../../platform/main.ts");

async function start(stateDir: string): Promise<{ child: ChildProcess; url: string; readyMs: number }> {
  const startMs = performance.now();
  const child = spawn(process.execPath, [main, "start", "--free-ports", "--state-dir", stateDir], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (chunk) => {
      output += chunk;
      if (output.includes("╰")) resolve();
    });
    child.once("exit", () => reject(new Error("Plaza did not start.")));
  });
  const readyMs = performance.now() - startMs;
  const url = /http:\/\/127\.0\.0\.1:\d+/.exec(output)?.[0];
  if (!url) throw new Error("Plaza printed no URL.");
  return { child, url, readyMs };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function readSome(url: string): Promise<void> {
  const apikey = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";
  for (let i = 0; i < 200; i++) {
    const response = await fetch(`${url}/rest/v1/posts?limit=20`, { headers: { apikey } });
    await response.text();
  }
}

/** The proportional set size. It counts a page once if several Postgres processes share it. */
async function memoryOf(pid: number): Promise<{ platform: number; all: number }> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const below = (process: number): boolean =>
    process === pid || (parents.has(process) && below(parents.get(process) as number));
  const own = await pss(pid);
  let all = 0;
  for (const process of parents.keys()) if (below(process)) all += await pss(process);
  return { platform: own, all };
}

async function pss(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}
