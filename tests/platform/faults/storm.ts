/**
 * Kills backends of Postgres and workers of Deno, by chance. The same seed draws the same kinds of
 * victims and the same pauses. The victims themselves depend on who is there at that moment.
 */
import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Town } from "./town.ts";

/** How many of each were killed. */
export type Kills = Record<string, number>;

/** The names that the services give their connections. */
const services = [
  "rest",
  "rest schema cache",
  "rest schema reader",
  "auth",
  "realtime_replication",
  "realtime_probes",
  "realtime_catalog",
  "realtime_upkeep",
  "realtime_checks",
  "pg_cron scheduler",
  "pg_cron",
  "pg_net",
  "function",
];

const pauseMs = { least: 20, most: 150 };
/** After this many kills, one of them is `kill -9`. Then Postgres ends all others and recovers. */
const crashEvery = 80;
/** After this many kills, one of them is a worker. */
const workerEvery = 15;

export async function storm(town: Town, seed: number, seconds: number): Promise<Kills> {
  const random = generator(seed);
  const kills: Kills = {};
  const endMs = performance.now() + seconds * 1000;
  /** Every service has its turn before one has another. */
  let round: string[] = [];
  for (let turn = 1; performance.now() < endMs && town.process.exitCode === null; turn++) {
    if (round.length === 0) round = [...services];
    const [service = ""] = round.splice(Math.floor(random() * round.length), 1);
    const count = (name: string) => {
      kills[name] = (kills[name] ?? 0) + 1;
    };
    if (turn % crashEvery === 0) (await killBackend(town)) && count("kill -9");
    else if (turn % workerEvery === 0) (await killWorker(town, random())) && count("worker");
    else (await terminate(town, service)) && count(service);
    await sleep(pauseMs.least + random() * (pauseMs.most - pauseMs.least));
  }
  return kills;
}

async function terminate(town: Town, service: string): Promise<boolean> {
  const rows = await asAdmin(
    town,
    (sql) => sql`
      select pg_terminate_backend(pid)
      from pg_stat_activity
      where application_name = ${service} and pid <> pg_backend_pid()
      order by random()
      limit 1`,
  );
  return rows.length > 0;
}

async function killBackend(town: Town): Promise<boolean> {
  const [row] = await asAdmin(
    town,
    (sql) => sql`select pid from pg_stat_activity where application_name = 'rest' order by random() limit 1`,
  );
  return row !== undefined && kill(row.pid);
}

/** While Postgres recovers there is nobody to kill. */
async function asAdmin(
  town: Town,
  ask: (sql: ReturnType<Town["admin"]>) => PromiseLike<Record<string, number>[]>,
): Promise<Record<string, number>[]> {
  const sql = town.admin();
  try {
    return await ask(sql);
  } catch {
    return [];
  } finally {
    await sql.end({ timeout: 1 });
  }
}

async function killWorker(town: Town, chance: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)("ps", ["-Ao", "pid=,ppid=,args="]);
  const workers = stdout
    .split("\n")
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)/.exec(line))
    .filter((found) => Number(found?.[2]) === town.process.pid && /deno.* run /.test(found?.[3] ?? ""))
    .map((found) => Number(found?.[1]));
  const worker = workers[Math.floor(chance * workers.length)];
  return worker !== undefined && kill(worker);
}

function kill(pid: number | undefined): boolean {
  try {
    return process.kill(pid as number, "SIGKILL");
  } catch {
    return false;
  }
}

/** Numbers from 0 to 1 that look random (mulberry32). */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
