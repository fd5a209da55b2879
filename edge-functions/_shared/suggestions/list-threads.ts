/** Threads that compute lists. They share one graph in memory, and each has work arrays of its own. */
import { Worker } from "node:worker_threads";
import type { ListBatch, ListInput, ListRequest } from "./lists.ts";

export interface ListThread {
  /**
   * Computes the lists of these viewers. One call at a time.
   *
   * @throws Error if the thread has died
   */
  compute(request: ListRequest): Promise<ListBatch>;
}

export interface ListThreads extends AsyncDisposable {
  threads: ListThread[];
}

export function startListThreads(input: ListInput, amount: number): ListThreads {
  const workers = Array.from(
    { length: amount },
    () => new Worker(new URL("./lists-thread.ts", import.meta.url), { workerData: input }),
  );
  return {
    threads: workers.map((worker) => ({
      compute(request) {
        return new Promise<ListBatch>((resolve, reject) => {
          const answer = (batch: ListBatch) => {
            worker.off("error", reject);
            resolve(batch);
          };
          worker.once("message", answer);
          worker.once("error", reject);
          worker.postMessage(request, request.known ? [request.known.buffer] : []);
        });
      },
    })),
    async [Symbol.asyncDispose]() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}
