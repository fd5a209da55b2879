/**
 * Keeps one function served. The first request starts a process. After a crash or a change of the
 * code, the next request starts a new one. After a while without requests, the process is stopped.
 */
import { clientNetwork } from "../client-network.ts";
import { createFairQueue } from "../fair-queue.ts";
import { inRequest } from "../log.ts";
import { bootError, FunctionError, idleTimeout, overloaded, workerLost } from "./errors.ts";
import { watchHealth } from "./health.ts";
import { type FunctionProcess, type ProcessOptions, startProcess } from "./process.ts";
import { forward, Unreachable } from "./proxy.ts";
import { fingerprint } from "./source.ts";

export interface SupervisedFunction extends AsyncDisposable {
  /** @throws FunctionError; the reason of the request's abort */
  fetch(request: Request): Promise<Response>;
}

/** A process that serves, and the code it serves. */
interface Worker {
  process: FunctionProcess;
  source: string;
  requests: number;
  retired: boolean;
  idleTimer?: NodeJS.Timeout;
  endHealth: () => void;
}

/** Within this time the files are not looked at again. If a look takes long, the time is this many times as long. */
const sourceFreshMs = 200;
const sourceFreshTimes = 50;
const firstPauseMs = 250;
const reachAttempts = 2;

export function superviseFunction(options: ProcessOptions): SupervisedFunction {
  const { limits, log } = options;
  // Clients together have half of the places, and a lone client half of these. So clients who send their requests
  // slowly cannot keep out the platform's own calls, such as Auth's hooks: sign-ups go on.
  const places = createFairQueue({
    size: limits.concurrentMax,
    callerWaitingMax: limits.queuedMax,
    crowdWaitingMax: Math.ceil(limits.queuedMax / 2),
    waitMs: limits.idleTimeoutMs,
    refusals: {
      callerWaits: overloaded,
      crowdWaits: overloaded,
      late: () => idleTimeout(limits.idleTimeoutMs),
      gone: () => new DOMException("The client left.", "AbortError"),
      closed: () => new FunctionError("NOT_FOUND"),
    },
  });
  const disposal = new AbortController();
  const draining = new Set<FunctionProcess>();
  let current: Worker | undefined;
  let starting: Promise<void> | undefined;
  let failures = { count: 0, untilMs: 0, source: "" };
  let looked = { untilMs: 0, source: "" };

  function sourceNow(): string {
    const startedMs = performance.now();
    if (startedMs <= looked.untilMs) return looked.source;
    const source = fingerprint(options.source);
    const endedMs = performance.now();
    const freshMs = Math.max(sourceFreshMs, (endedMs - startedMs) * sourceFreshTimes);
    looked = { untilMs: endedMs + freshMs, source };
    return source;
  }

  /**
   * Returns a process for the present code, and counts a request on it. Requests that come during a
   * start wait for that start.
   */
  async function acquire(): Promise<Worker> {
    for (;;) {
      const source = sourceNow();
      if (disposal.signal.aborted) throw new FunctionError("NOT_FOUND");
      if (current && current.source !== source) {
        log("info", "source changed");
        retire(current);
      }
      if (current) {
        clearTimeout(current.idleTimer);
        current.requests++;
        return current;
      }
      starting ??= start(source).finally(() => {
        starting = undefined;
      });
      await starting;
    }
  }

  async function start(source: string): Promise<void> {
    const pauseMs = failures.untilMs - Date.now();
    if (pauseMs > 0 && failures.source === source) throw bootError(pauseMs);
    // The process answers many requests, so what it prints names none of them.
    const booting = inRequest(undefined, () => startProcess(options, disposal.signal));
    const process = await booting.catch((error: Error) => {
      log("error", `boot failed: ${error.message}`);
      failed(source, 1);
      throw bootError(failures.untilMs - Date.now());
    });
    log("info", `booted in ${Date.now() - process.startedAtMs} ms (process ${process.pid})`);
    const worker: Worker = { process, source, requests: 0, retired: false, endHealth: () => {} };
    inRequest(undefined, () => {
      worker.endHealth = watchHealth(process, limits, log);
      process.ended.then((ending) => ended(worker, ending));
    });
    current = worker;
    restIfIdle(worker);
  }

  function ended(worker: Worker, ending: string): void {
    if (current === worker) current = undefined;
    clearTimeout(worker.idleTimer);
    worker.endHealth();
    draining.delete(worker.process);
    log(ending === "stopped" ? "info" : "error", `shut down: ${ending} (process ${worker.process.pid})`);
    // After the first crash there is no pause. Several in a row mean that the code is broken.
    if (ending === "failed" || ending === "resources") failed(worker.source, 0);
  }

  function failed(source: string, grace: 0 | 1): void {
    const count = (failures.source === source ? failures.count : 0) + 1;
    const doublings = count - 2 + grace;
    const pauseMs = doublings < 0 ? 0 : Math.min(firstPauseMs * 2 ** doublings, limits.restartPauseMaxMs);
    failures = { count, untilMs: Date.now() + pauseMs, source };
  }

  function retire(worker: Worker): void {
    if (worker.retired) return;
    worker.retired = true;
    if (current === worker) current = undefined;
    clearTimeout(worker.idleTimer);
    draining.add(worker.process);
    if (draining.size > limits.drainingMax) {
      const oldest = draining.values().next().value;
      log("warn", "too many replaced processes: the oldest is ended with its requests");
      oldest?.kill("stopped");
    }
    if (worker.requests === 0) void worker.process.stop(limits.wallClockMs);
  }

  function restIfIdle(worker: Worker): void {
    if (worker.requests > 0 || worker.process.ending) return;
    if (worker.retired) return void worker.process.stop(limits.wallClockMs);
    clearTimeout(worker.idleTimer);
    worker.idleTimer = setTimeout(() => retire(worker), limits.idleStopMs);
    worker.idleTimer.unref();
  }

  async function attempt(worker: Worker, request: Request, free: () => void): Promise<Response> {
    const response = await forward(worker.process, request, limits, (reached) => {
      worker.requests--;
      if (reached) free();
      restIfIdle(worker);
    });
    if (failures.source === worker.source) failures = { count: 0, untilMs: 0, source: "" };
    return response;
  }

  async function withWorker(request: Request, free: () => void): Promise<Response> {
    for (let left = reachAttempts; left > 0; left--) {
      const worker = await acquire();
      try {
        return await attempt(worker, request, free);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        // The process has just ended, and we will hear of it. Or it removed its own socket.
        worker.process.kill();
        await worker.process.ended;
      }
    }
    throw workerLost();
  }

  return {
    async fetch(request) {
      // The gateway sets the header for every client.
      const address = request.headers.get("x-forwarded-for");
      const caller = clientNetwork(address ?? "");
      await places.take(caller, address !== null, request);
      let held = true;
      const release = () => {
        if (held) places.giveBack(caller, address !== null);
        held = false;
      };
      try {
        return await withWorker(request, release);
      } catch (error) {
        release();
        throw error;
      }
    },
    async [Symbol.asyncDispose]() {
      disposal.abort();
      places[Symbol.dispose]();
      await starting?.catch(() => {});
      const processes = [...draining, ...(current ? [current.process] : [])];
      current = undefined;
      await Promise.all(processes.map((process) => process.stop(limits.stopTimeoutMs)));
    },
  };
}
