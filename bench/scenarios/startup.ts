/**
 * Measures `npm start` on an empty folder until the API answers, a second start on the same folder, and the
 * memory of all processes: at rest, and while 16 clients read. `--before DIR` measures an earlier checkout
 * beside this one, in the same rounds.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import { median } from "../measure.ts";

const startRounds = 5;
const memoryRounds = 3;
const clients = 16;
const loadMs = 10_000;
const minuteMs = 60_000;
/** Jobs begin with a minute. The first ones of a start are done this long after the next minute has begun. */
const settleMs = 30_000;
/** A whole minute, because a job may start the edge functions' process for a part of each. */
const restMs = minuteMs;
const publishableKey = "sb_publishable_ACJWlzQHlZjBrEguHvfOxg_3BJgxAaH";

/** In bytes. */
interface Memory {
  all: number;
  platform: number;
  postgres: number;
  functions: number;
}

interface Measured {
  first: number[];
  second: number[];
  rest: Memory[];
  load: Memory[];
  requests: number[];
}

export async function run(options: string[]): Promise<string> {
  const { values } = parseArgs({ args: options, options: { before: { type: "string" } } });
  const checkouts = [join(import.meta.dirname, "../.."), ...(values.before ? [resolve(values.before)] : [])];
  const measured = checkouts.map(
    (): Measured => ({ first: [], second: [], rest: [], load: [], requests: [] }),
  );
  const each = async (rounds: number, measure: (checkout: string, into: Measured) => Promise<void>) => {
    for (let round = 0; round < rounds; round++) {
      for (let turn = 0; turn < checkouts.length; turn++) {
        const index = (round + turn) % checkouts.length;
        await measure(checkouts[index] as string, measured[index] as Measured);
      }
    }
  };
  // A checkout's first start builds the web client and the bundle of the modules, and the second one compiles this.
  // Others find all of it.
  for (const checkout of checkouts) await inFolder((dir) => twice(checkout, dir));
  await each(startRounds, measureStarts);
  await each(memoryRounds, measureMemory);
  return table(measured);
}

async function measureStarts(checkout: string, { first, second }: Measured): Promise<void> {
  await inFolder(async (dir) => {
    for (const times of [first, second]) {
      const { child, readyMs } = await start(checkout, dir);
      times.push(readyMs);
      await stop(child);
    }
  });
}

async function measureMemory(checkout: string, { rest, load, requests }: Measured): Promise<void> {
  await inFolder(async (dir) => {
    await stop((await start(checkout, dir)).child);
    const { child, url } = await start(checkout, dir);
    const pid = child.pid as number;
    for (let i = 0; i < 200; i++) await ask(`${url}/rest/v1/posts?limit=20`);
    await delay(minuteMs - (Date.now() % minuteMs) + settleMs);
    rest.push(mean(await watch(pid, restMs)));
    const people = await signIn(url);
    const [seen, counts] = await Promise.all([
      watch(pid, loadMs),
      Promise.all(Array.from({ length: clients }, (_, n) => read(url, people[n % people.length] as string))),
    ]);
    load.push(highest(seen));
    requests.push(counts.reduce((sum, count) => sum + count, 0));
    await stop(child);
  });
}

async function twice(checkout: string, dir: string): Promise<void> {
  for (let n = 0; n < 2; n++) await stop((await start(checkout, dir)).child);
}

async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-bench-"));
  await chmod(dir, 0o711);
  await work(dir);
  await rm(dir, { recursive: true });
}

async function start(
  checkout: string,
  stateDir: string,
): Promise<{ child: ChildProcess; url: string; readyMs: number }> {
  const startMs = performance.now();
  const cli = join(checkout, "platform/cli.js");
  const child = spawn(process.execPath, [cli, "start", "--free-ports", "--state-dir", stateDir], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  let output = "";
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      output += chunk;
      if (output.includes("╰")) resolve();
    });
    child.once("exit", () => reject(new Error("Plaza did not start.")));
  });
  const readyMs = performance.now() - startMs;
  const url = /Project URL\D+(http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
  if (!url) throw new Error("Plaza printed no URL.");
  return { child, url, readyMs };
}

async function stop(child: ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  await once(child, "exit");
}

async function ask(url: string, token?: string, body?: unknown): Promise<unknown> {
  const headers: Record<string, string> = { apikey: publishableKey, "content-type": "application/json" };
  if (token) headers.authorization = `Bearer ${token}`;
  const init = body === undefined ? { headers } : { headers, method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, init);
  const answer = await response.json();
  if (!response.ok) throw new Error(`${url}: ${response.status} ${JSON.stringify(answer)}`);
  return answer;
}

/** @returns the tokens of the seed's people */
async function signIn(url: string): Promise<string[]> {
  const tokens: string[] = [];
  for (const name of ["alice", "bob", "carol", "dave", "erin", "frank"]) {
    const who = { email: `${name}@example.com`, password: "plaza-demo" };
    const session = await ask(`${url}/auth/v1/token?grant_type=password`, undefined, who);
    tokens.push((session as { access_token: string }).access_token);
  }
  return tokens;
}

/** One client that reads without a pause. @returns how many requests it made */
async function read(url: string, token: string): Promise<number> {
  const endMs = performance.now() + loadMs;
  let count = 0;
  for (; performance.now() < endMs; count++) {
    if (count % 3 === 0) await ask(`${url}/rest/v1/rpc/home_feed`, token, {});
    else if (count % 3 === 1) await ask(`${url}/rest/v1/posts?limit=20`, token);
    else await ask(`${url}/rest/v1/profiles?username=eq.alice`, token);
  }
  return count;
}

/** Looks every second. */
async function watch(pid: number, forMs: number): Promise<Memory[]> {
  const seen: Memory[] = [];
  const endMs = performance.now() + forMs;
  while (performance.now() < endMs) {
    await delay(1000);
    seen.push(await memoryOf(pid));
  }
  return seen;
}

const highest = (seen: Memory[]) => seen.toSorted((a, b) => b.all - a.all)[0] as Memory;
const mean = (seen: Memory[]): Memory => {
  const of = (part: keyof Memory) => seen.reduce((sum, memory) => sum + memory[part], 0) / seen.length;
  return { all: of("all"), platform: of("platform"), postgres: of("postgres"), functions: of("functions") };
};

/** The proportional set size. It counts a page once if several processes share it. */
async function memoryOf(pid: number): Promise<Memory> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const stat = await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (stat) parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
  }
  const below = (process: number): boolean =>
    process === pid || (parents.has(process) && below(parents.get(process) as number));
  const memory: Memory = { all: 0, platform: 0, postgres: 0, functions: 0 };
  for (const process of parents.keys()) {
    if (!below(process)) continue;
    const bytes = await pss(process);
    const command = await readFile(`/proc/${process}/cmdline`, "utf8").catch(() => "");
    memory.all += bytes;
    if (process === pid) memory.platform += bytes;
    else if (/deno/.test(command)) memory.functions += bytes;
    else memory.postgres += bytes;
  }
  return memory;
}

async function pss(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8").catch(() => "");
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}

function table(measured: Measured[]): string {
  const seconds = (values: number[]) => `${(median(values) / 1000).toFixed(2)} s`;
  const mib = (values: Memory[], part: keyof Memory) =>
    `${Math.round(median(values.map((memory) => memory[part])) / 2 ** 20)} MiB`;
  const row = (name: string, of: (one: Measured) => string, goal: string) =>
    `| ${[name, ...measured.map(of), goal].join(" | ")} |`;
  const columns = measured.length > 1 ? ["now", "before"] : ["now"];
  return [
    `Starts: medians of ${startRounds} rounds. Memory: medians of ${memoryRounds} rounds, as PSS. "Ready" is the printed`,
    "table; the API answers before it. The benchmark runs the same Node, so half of the pages of Node's program",
    `count for it: about 26 MiB. At rest: 200 reads, a pause until the first jobs are done, then the mean of a minute. With 16`,
    `clients: the highest of 10 looks, while six people read the home feed, posts and a profile.`,
    "",
    `| | ${columns.join(" | ")} | goal |`,
    `|---|${columns.map(() => "---|").join("")}---|`,
    row("first start to ready (initdb, bootstrap, migrations, seed)", ({ first }) => seconds(first), "3 s"),
    row("second start to ready", ({ second }) => seconds(second), "0.7 s"),
    row("memory at rest", ({ rest }) => mib(rest, "all"), "120 MB"),
    row("… the platform's own process", ({ rest }) => mib(rest, "platform"), ""),
    row("… Postgres", ({ rest }) => mib(rest, "postgres"), ""),
    row("… edge functions", ({ rest }) => mib(rest, "functions"), ""),
    row(`memory with ${clients} clients`, ({ load }) => mib(load, "all"), "220 MB"),
    row("… the platform's own process", ({ load }) => mib(load, "platform"), ""),
    row("… Postgres", ({ load }) => mib(load, "postgres"), ""),
    row("… edge functions", ({ load }) => mib(load, "functions"), ""),
    row(`requests in the ${loadMs / 1000} s of the clients`, ({ requests }) => String(median(requests)), ""),
  ].join("\n");
}
