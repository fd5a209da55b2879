/** A thread of a pass (list-threads.ts). A message names viewers, and the answer has their lists. */
import { parentPort, workerData } from "node:worker_threads";
import { createLists, type ListInput, type ListRequest } from "./lists.ts";

const compute = createLists(workerData as ListInput);
parentPort?.on("message", (request: ListRequest) => {
  const batch = compute(request);
  parentPort?.postMessage(batch, [batch.rows.bytes.buffer]);
});
