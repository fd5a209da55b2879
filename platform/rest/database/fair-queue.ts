/** The queue before the pool: ../../fair-queue.ts with the bounds of rest, and with its errors. */
import * as fair from "../../fair-queue.ts";
import { errors } from "../errors.ts";

export type FairQueue = fair.FairQueue;
export type FairQueueOptions = Pick<fair.FairQueueOptions, "size"> & Partial<fair.FairQueueOptions>;

/** All its errors are RestErrors with the code PGRST003, or PGRST001 when it is disposed of. */
export function createFairQueue(options: FairQueueOptions): FairQueue {
  return fair.createFairQueue({
    callerWaitingMax: 200,
    crowdWaitingMax: 1000,
    waitMs: 10_000,
    refusals,
    ...options,
  });
}

const refusals: fair.Refusals = {
  callerWaits: errors.callerWaits,
  crowdWaits: errors.poolBusy,
  late: errors.poolTimeout,
  gone: errors.clientGone,
  closed: errors.connectionLost,
};
