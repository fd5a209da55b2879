/** Starts the server again if it ends by itself. server.ts says how a server starts. */
import { setTimeout as delay } from "node:timers/promises";
import { PlatformError } from "../errors.ts";
import type { Log } from "../log.ts";
import type { Ending, ServerRun } from "./server-run.ts";

export interface KeptServer {
  /** The present run, or the last one. */
  current(): ServerRun;
  /** Resolves when it is over: undefined if `stop` was called, or the reason. */
  ended: Promise<PlatformError | undefined>;
  stop(): Promise<void>;
}

/** The pause before a new start. It doubles with each try, until a server has run for `steadyMs`. */
const pauseMs = { least: 100, most: 5000 };
const steadyMs = 60_000;
/** We give up after this number of failures in a row. A full disk does not count: we try until there is room. */
const failuresMax = 6;
/** While the disk is full, the log says so at this interval. */
const remindMs = 60_000;

/**
 * @param first the server that runs
 * @param start starts it again. The signal cancels that
 * @param lost why it must not start again, if that is so: the processes in its folder may belong to somebody else by now
 */
export function keepRunning(
  first: ServerRun,
  start: (signal: AbortSignal) => Promise<ServerRun>,
  log: Log,
  lost: () => PlatformError | undefined = () => undefined,
): KeptServer {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current = first;
  let tries = 0;
  let failures = 0;
  let remindedAtMs = Number.NEGATIVE_INFINITY;

  const watch = async (): Promise<PlatformError | undefined> => {
    for (;;) {
      const ending = await current.ended;
      if (signal.aborted) return undefined;
      if (Date.now() - current.startedAtMs > steadyMs) tries = failures = 0;
      log("error", `Postgres ended by itself (${ending.how}). It starts again.`);
      const next = await startAgain(failed(ending));
      if (next === undefined || next instanceof PlatformError) return next;
      current = next;
    }
  };

  const startAgain = async (last: PlatformError): Promise<ServerRun | PlatformError | undefined> => {
    for (let reason = last; ; ) {
      if (reason.code === "disk_full") remind();
      else if (++failures > failuresMax) return reason;
      const wait = Math.min(pauseMs.least * 2 ** tries++, pauseMs.most);
      await delay(wait, undefined, { signal }).catch(() => {});
      if (signal.aborted) return undefined;
      const whyNot = lost();
      if (whyNot) return whyNot;
      try {
        const run = await start(signal);
        log("warn", "Postgres runs again.");
        return run;
      } catch (error) {
        if (signal.aborted) return undefined;
        reason = error instanceof PlatformError ? error : unknown(error as Error);
        if (reason.code !== "disk_full") log("error", `Postgres does not start: ${reason.message}`);
      }
    }
  };

  const remind = () => {
    if (Date.now() - remindedAtMs < remindMs) return;
    remindedAtMs = Date.now();
    log("error", "The disk has no room for the database. Make room: then Postgres goes on by itself.");
  };

  const ended = watch();
  return {
    current: () => current,
    ended,
    async stop() {
      stopping.abort();
      await current.stop();
      await ended;
    },
  };
}

function failed({ how, diskFull, output }: Ending): PlatformError {
  return diskFull
    ? new PlatformError("disk_full", `The disk has no room for the database.\n${output}`)
    : new PlatformError("postgres_failed", `Postgres ended again and again (${how}).\n${output}`);
}

function unknown(error: Error): PlatformError {
  return new PlatformError("postgres_failed", error.message, { cause: error });
}
