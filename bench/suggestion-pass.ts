/**
 * One pass over the suggestions of everybody, in a process of its own, so that its memory can be measured. It takes the
 * address of the database and how many threads compute, and prints the result as JSON. The scenario suggestion-speed starts it.
 */
import postgres from "postgres";
import { computeEverybody } from "../edge-functions/_shared/suggestions/everybody.ts";

export interface MeasuredPass {
  people: number;
  written: number;
  failed: number;
  /** From the start of the pass to the last commit. */
  seconds: number;
  /** What this process used, on all cores. */
  cpuSeconds: number;
  /** The most memory that this process ever had. */
  memoryMiB: number;
}

const threads = Number(process.argv[3]);
const sql = postgres(process.argv[2] as string, { max: threads + 1, prepare: false, onnotice() {} });
const startMs = performance.now();
const pass = await computeEverybody(sql, { least: 1, threads });
const seconds = (performance.now() - startMs) / 1000;
await sql.end();
if (!pass) throw new Error("there was no pass");
const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
const measured: MeasuredPass = {
  people: pass.people,
  written: pass.written,
  failed: pass.failed,
  seconds,
  cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
  memoryMiB: maxRSS / 1024,
};
console.log(JSON.stringify(measured));
