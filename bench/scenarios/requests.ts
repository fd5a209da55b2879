/**
 * Measures what a request costs, in Node and in Postgres: reading a row by key, the own profile and the home feed, a
 * like, a follow and a post. Beside each stands the raw statement, on one prepared connection with the same
 * role and claims. `--before DIR` measures an earlier checkout in the same run. It needs Linux, which tells the CPU
 * of a process.
 */
import { join, resolve } from "node:path";
import { median, quantile } from "../measure.ts";
import {
  clients,
  createSide,
  followees,
  type Kind,
  kinds,
  people,
  posts,
  type Side,
} from "../requests-side.ts";

const rounds = Number(process.env.PLAZA_BENCH_ROUNDS ?? 5);
/** For each contender of a round: requests one after the other, and then time with all clients. */
const batch = 150;
const loadMs = 700;
/** Node compiles what runs often. That must not count. */
const warmUpMs = 2500;

interface Contender {
  name: string;
  side: Side;
  run(client: number): Promise<unknown>;
}

/** One turn of a contender. */
interface Turn {
  p50Ms: number;
  /** With all clients: requests a second, and CPU per request. */
  rate: number;
  nodeUs: number;
  postgresUs: number;
}

export async function run(options: string[]): Promise<string> {
  const [, dir] = options[0] === "--before" ? options : [];
  await using now = await createSide(join(import.meta.dirname, "..", ".."));
  await using before = dir === undefined ? undefined : await createSide(resolve(dir));
  const lines: string[] = [];
  const nothing = await measure([{ name: "nothing", side: now, run: now.nothing }]);
  const nothingRate = median(nothing[0]?.map(({ rate }) => rate) ?? []);
  lines.push(row("an answer without a service", nothing[0] ?? []));
  const rates = new Map<string, number>();
  const cpu = new Map<string, number>();
  for (const kind of kinds) {
    const contenders = contendersOf(kind, now, before);
    const found = await measure(contenders);
    for (const [index, { name }] of contenders.entries()) {
      const turns = found[index] as Turn[];
      lines.push(row(`${kind}, ${name}`, turns));
      rates.set(`${kind}, ${name}`, median(turns.map(({ rate }) => rate)));
      const total = ({ nodeUs, postgresUs }: Turn) => (name === "raw" ? 0 : nodeUs) + postgresUs;
      cpu.set(`${kind}, ${name}`, median(turns.map(total)));
    }
  }
  return [
    `${people} people, ${posts} posts, readers with ${followees} followees. Medians of ${rounds} rounds, in which all take turns:`,
    `p50 with one client; the rate and the CPU of a request with ${clients} clients. Platform, Postgres and load share the`,
    "cores. Node's CPU includes Realtime, which reads what is written. Postgres' CPU is that of all its processes.",
    "",
    "| | p50 ms | per second | Node µs | Postgres µs |",
    "|---|---|---|---|---|",
    ...lines,
    "",
    ...verdicts(rates, cpu, nothingRate, before !== undefined),
  ].join("\n");
}

function contendersOf(kind: Kind, now: Side, before: Side | undefined): Contender[] {
  return [
    { name: "raw", side: now, run: (client) => now.sql(kind, client) },
    ...(before ? [{ name: "before", side: before, run: (client: number) => before.http(kind, client) }] : []),
    { name: "now", side: now, run: (client) => now.http(kind, client) },
  ];
}

/** @returns the turns of each contender */
async function measure(contenders: Contender[]): Promise<Turn[][]> {
  const turns: Turn[][] = contenders.map(() => []);
  for (const contender of contenders) await turnOf(contender, warmUpMs);
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < contenders.length; n++) {
      const index = (round + n) % contenders.length;
      turns[index]?.push(await turnOf(contenders[index] as Contender));
    }
  }
  return turns;
}

async function turnOf({ side, run }: Contender, ms = loadMs): Promise<Turn> {
  const times: number[] = [];
  for (let n = 0; n < batch; n++) {
    const startMs = performance.now();
    await run(0);
    times.push(performance.now() - startMs);
  }
  const [nodeMs, postgresMs, startMs] = [side.nodeMs(), side.postgresMs(), performance.now()];
  let done = 0;
  await Promise.all(
    Array.from({ length: clients }, async (_, client) => {
      while (performance.now() < startMs + ms) {
        await run(client);
        done++;
      }
    }),
  );
  const tookMs = performance.now() - startMs;
  return {
    p50Ms: quantile(
      times.sort((a, b) => a - b),
      0.5,
    ),
    rate: done / (tookMs / 1000),
    nodeUs: ((side.nodeMs() - nodeMs) / done) * 1000,
    postgresUs: ((side.postgresMs() - postgresMs) / done) * 1000,
  };
}

function row(name: string, turns: Turn[]): string {
  const of = (figure: keyof Turn) => median(turns.map((turn) => turn[figure]));
  const isRaw = name.endsWith(", raw");
  return (
    `| ${name} | ${of("p50Ms").toFixed(2)} | ${Math.round(of("rate"))} ` +
    `| ${isRaw ? "" : Math.round(of("nodeUs"))} | ${Math.round(of("postgresUs"))} |`
  );
}

/** The goals: a row by key reaches 0.7 of the floor, and a write costs at most twice its statement. */
function verdicts(
  rates: Map<string, number>,
  cpu: Map<string, number>,
  nothingRate: number,
  hasBefore: boolean,
): string[] {
  const names = hasBefore ? ["before", "now"] : ["now"];
  const floor = 1 / (1 / (rates.get("row by key, raw") ?? Number.NaN) + 1 / nothingRate);
  const shares = names.map(
    (name) => `${((rates.get(`row by key, ${name}`) ?? Number.NaN) / floor).toFixed(2)} ${name}`,
  );
  const times = (kind: Kind, name: string) =>
    ((cpu.get(`${kind}, ${name}`) ?? Number.NaN) / (cpu.get(`${kind}, raw`) ?? Number.NaN)).toFixed(1);
  return [
    `The floor of a row by key is its statement and an empty answer, one after the other: ${Math.round(floor)} a second.`,
    `Reached: ${shares.join(", ")}.`,
    "",
    `| CPU of a request ÷ CPU of its statement | ${names.join(" | ")} |`,
    `|---|${names.map(() => "---|").join("")}`,
    ...kinds.map((kind) => `| ${kind} | ${names.map((name) => times(kind, name)).join(" | ")} |`),
  ];
}
