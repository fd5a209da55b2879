/**
 * Keeps the requests that were read, from the queue to the written response. A request stays in the
 * queue's table for all that time. So it is sent again if the platform dies in between.
 */
import { endsWithin } from "../ends-within.ts";
import { createBudget } from "./budget.ts";
import { createLookup } from "./lookup.ts";
import { type Outcome, type Sending, startSending } from "./send.ts";
import type { QueuedRequest, ReadBounds, Store } from "./store.ts";

export interface DeliveryLimits {
  /** The most requests at the same time, and the most that are read at once. `pg_net.batch_size` can lower it. */
  requestsMax: number;
  /** A request with a larger body is not sent. */
  bodyMaxBytes: number;
  /** The most bytes of requests that are read at once. */
  readMaxBytes: number;
  /** A response with a larger body counts as an error. */
  responseMaxBytes: number;
  /** The same for all responses that are under way or not yet written. */
  responsesMaxBytes: number;
}

export interface DeliveriesOptions {
  limits: DeliveryLimits;
  resolveUrl(url: string): string;
  /** Called when a request has its response. */
  ended(): void;
}

export interface Deliveries {
  /** Sets how many requests may be under way. */
  set(settings: { batchSize: number; version: string }): void;
  /** Whether there is room, and nothing that was read waits for it. */
  idle(): boolean;
  /** Reads from the queue and starts what there is room for. @returns whether it read anything */
  read(store: Store): Promise<boolean>;
  /** Writes the responses that have come since, and starts what there is room for then. */
  write(store: Store): Promise<void>;
  /** Forgets the requests that have not started. They are still in the queue. */
  forget(): void;
  /** Forgets everything, also what is under way, because the queue that it came from is gone. */
  discard(): void;
  /** Starts nothing any more. Waits until no request is under way, and aborts what takes longer. */
  drain(graceMs: number): Promise<void>;
}

export function createDeliveries(options: DeliveriesOptions): Deliveries {
  const { limits } = options;
  const { requestsMax: rowsMax, bodyMaxBytes, readMaxBytes: totalMaxBytes } = limits;
  const bounds: ReadBounds = { rowsMax, bodyMaxBytes, totalMaxBytes };
  const budget = createBudget(limits.responsesMaxBytes);
  const lookup = createLookup();
  let waiting: QueuedRequest[] = [];
  const underWay = new Map<string, { sending: Sending; done: Promise<void> }>();
  let ended: { request: QueuedRequest; outcome: Outcome }[] = [];
  let roomMax = limits.requestsMax;
  let version = "";
  let closed = false;

  const hasRoom = () => !closed && underWay.size + ended.length < roomMax;

  function start(): void {
    while (hasRoom()) {
      const request = waiting.shift();
      if (!request) return;
      const sending = startSending(request, { ...options, ...limits, lookup, budget, version });
      underWay.set(request.id, { sending, done: follow(request, sending) });
    }
  }

  async function follow(request: QueuedRequest, sending: Sending): Promise<void> {
    const outcome = await sending.outcome;
    if (underWay.get(request.id)?.sending !== sending) {
      // It was discarded.
      if (outcome) budget.give(outcome.bytes);
      return;
    }
    underWay.delete(request.id);
    if (!outcome) return;
    ended.push({ request, outcome });
    options.ended();
  }

  /** Lets go of the oldest responses. */
  function drop(count: number): void {
    for (const { outcome } of ended.slice(0, count)) budget.give(outcome.bytes);
    ended = ended.slice(count);
  }

  return {
    set(settings) {
      roomMax = Math.min(settings.batchSize, limits.requestsMax);
      version = settings.version;
    },
    idle: () => waiting.length === 0 && hasRoom(),
    async read(store) {
      const known = [...underWay.keys(), ...ended.map(({ request }) => request.id)];
      const found = await store.read(known, bounds);
      waiting.push(...found);
      start();
      return found.length > 0;
    },
    async write(store) {
      const batch = ended.slice();
      if (batch.length === 0) return;
      await store.finish(batch.map(({ request, outcome }) => ({ request, response: outcome.response })));
      drop(batch.length);
      start();
    },
    forget() {
      waiting = [];
    },
    discard() {
      waiting = [];
      for (const { sending } of underWay.values()) sending.abort();
      underWay.clear();
      drop(ended.length);
    },
    async drain(graceMs) {
      closed = true;
      const all = Promise.all([...underWay.values()].map(({ done }) => done));
      if (await endsWithin(all, graceMs)) return;
      for (const { sending } of underWay.values()) sending.abort();
      await all;
    },
  };
}
