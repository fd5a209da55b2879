/** A thread of a pass (list-threads.ts). A message has viewers, and the answer has their lists. */
import { parentPort, workerData } from "node:worker_threads";
import { createLists, type ListInput } from "./lists.ts";

const compute = createLists(workerData as ListInput);
parentPort?.on("message", (viewers: Int32Array) => {
  const batch = compute(viewers);
  parentPort?.postMessage(batch, [batch.rows.bytes.buffer]);
});
