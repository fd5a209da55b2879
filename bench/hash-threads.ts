/**
 * bcrypt alone on all cores: what sign-ups could cost at best. Each thread hashes without a
 * pause and counts in shared memory.
 */
import { availableParallelism } from "node:os";
import { Worker, workerData } from "node:worker_threads";
import { loadBcrypt } from "../platform/auth/bcrypt.ts";

/** The hashes a second, over `durationMs`. */
export async function hashRate(durationMs: number): Promise<number> {
  const shared = new Int32Array(new SharedArrayBuffer(8));
  const threads = Array.from(
    { length: availableParallelism() },
    () => new Worker(new URL(import.meta.url), { workerData: { shared } }),
  );
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once("message", resolve))));
  const startMs = performance.now();
  Atomics.store(shared, 0, 0);
  await new Promise((resolve) => setTimeout(resolve, durationMs));
  const rate = (Atomics.load(shared, 0) / (performance.now() - startMs)) * 1000;
  Atomics.store(shared, 1, 1);
  await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once("exit", resolve))));
  return rate;
}

const shared: Int32Array | undefined = workerData?.shared;
if (shared) {
  const { parentPort } = await import("node:worker_threads");
  const bcrypt = await loadBcrypt();
  bcrypt.hash("warm");
  parentPort?.postMessage("ready");
  while (Atomics.load(shared, 1) === 0) {
    bcrypt.hash("correct horse battery");
    Atomics.add(shared, 0, 1);
  }
}
