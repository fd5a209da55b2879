/** A device as the test sees it: the worker of device.ts behind a network that fails on command. */
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import type { Session } from "@supabase/supabase-js";
import { createFaultyNetwork, type FaultyNetwork } from "../faulty-network.ts";
import type { Orders, Report } from "./device.ts";

type Given<Order extends keyof Orders> = Parameters<Orders[Order]>;
type Result<Order extends keyof Orders> = Promise<Awaited<ReturnType<Orders[Order]>>>;

export interface Device extends AsyncDisposable {
  network: FaultyNetwork;
  /** Asks the worker. A sleeping one answers when it is awake. */
  ask<Order extends keyof Orders>(order: Order, ...given: Given<Order>): Result<Order>;
  /** The session of its person. Everything from before is forgotten. */
  begin(session: Session): Promise<void>;
  sleep(): void;
  wake(): void;
  isAsleep(): boolean;
  /** When it is awake and has done all that it was asked. */
  idle(): Promise<void>;
}

export type { Report };

/** @param url the deployment. @param key its publishable key */
export async function createDevice(
  url: string,
  key: string,
  timing: { checkEveryMs: number; pageSize: number },
): Promise<Device> {
  const network = await createFaultyNetwork(url);
  const awake = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(join(import.meta.dirname, "device.ts"), { workerData: { awake }, execArgv: [] });
  const waiting = new Map<number, { resolve(answer: unknown): void; reject(error: Error): void }>();
  let asked = 0;
  worker.on("message", ({ n, answer, error }) => {
    if (error) waiting.get(n)?.reject(new Error(`The device says: ${error}`));
    else waiting.get(n)?.resolve(answer);
    waiting.delete(n);
  });
  /** Why the worker has ended. Nobody waits for it any more. */
  let ended: Error | undefined;
  const end = (why: Error) => {
    ended ??= why;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.on("error", (error) => end(new Error("The device has crashed", { cause: error })));
  worker.on("exit", (code) => end(new Error(`The device has ended with ${code}`)));
  let isAsleep = false;
  const orders = new Set<Promise<unknown>>();
  const ask: Device["ask"] = (order, ...[given]) => {
    const answer = new Promise<never>((resolve, reject) => {
      if (ended) return reject(ended);
      waiting.set(++asked, { resolve: resolve as (answer: unknown) => void, reject });
      worker.postMessage({ n: asked, order, given });
    });
    const done = answer.then(
      () => void orders.delete(done),
      () => void orders.delete(done),
    );
    // supabase-js bounds no refresh: one whose answer was lost may wait for ever.
    if (order !== "refresh") orders.add(done);
    return answer;
  };
  const wake = () => {
    isAsleep = false;
    Atomics.store(awake, 0, 1);
    Atomics.notify(awake, 0);
  };
  return {
    network,
    ask,
    wake,
    isAsleep: () => isAsleep,
    idle: async () => void (await Promise.all(orders)),
    async begin(session) {
      wake();
      network.heal();
      await ask("end");
      await ask("begin", { url: network.url, key, session, ...timing });
    },
    sleep() {
      if (isAsleep) return;
      isAsleep = true;
      Atomics.store(awake, 0, 0);
      ask("sleep").catch(() => {});
    },
    async [Symbol.asyncDispose]() {
      wake();
      await worker.terminate();
      await network[Symbol.asyncDispose]();
    },
  };
}
