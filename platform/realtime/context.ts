/** What the parts of one running server share. */
import type { Keys } from "../keys.ts";
import type { Log } from "../log.ts";
import type { LastChange } from "./changes.ts";
import type { Connection } from "./connection.ts";
import type { DatabaseSide } from "./database-side.ts";
import { createHub, type Hub } from "./hub.ts";
import { createRates, type Rates, type RealtimeLimits } from "./limits.ts";
import { createHeard, type Heard } from "./stream.ts";

export interface Context {
  database: DatabaseSide;
  keys: Pick<Keys, "verify">;
  /** Public channels are refused. */
  privateOnly: boolean;
  limits: RealtimeLimits;
  rates: Rates;
  hub: Hub;
  heard: Heard;
  connections: Set<Connection>;
  lastChange?: LastChange;
  tallies: Tallies;
  /** Set when the server begins to stop: no more joins. */
  stopping: boolean;
  log: Log;
}

/** What has to come back to nothing when the clients are gone. */
export interface Tallies {
  /** Connections that have joined something: those are the ones `limits.connections` is about. */
  users: number;
  timers: number;
  subscriptions: number;
}

export function createContext(
  given: Pick<Context, "database" | "keys" | "privateOnly" | "limits" | "log">,
): Context {
  return {
    ...given,
    rates: createRates(given.limits),
    hub: createHub(),
    heard: createHeard(),
    connections: new Set(),
    tallies: { users: 0, timers: 0, subscriptions: 0 },
    stopping: false,
  };
}

/** A timer that is counted while it runs. @returns what stops it */
export function after(context: Context, delayMs: number, run: () => void): () => void {
  let running = true;
  context.tallies.timers++;
  const end = () => {
    if (!running) return false;
    running = false;
    context.tallies.timers--;
    return true;
  };
  const timer = setTimeout(() => {
    if (end()) run();
  }, delayMs);
  return () => {
    clearTimeout(timer);
    end();
  };
}
