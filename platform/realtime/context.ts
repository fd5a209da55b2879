/** A server's state when it starts. */
import { createHub } from "./hub.ts";
import { createRates } from "./limits.ts";
import { createParties } from "./parties.ts";
import type { Context } from "./state.ts";
import { createHeard } from "./stream.ts";

export function createContext(
  given: Pick<Context, "database" | "keys" | "privateOnly" | "limits" | "log">,
): Context {
  return {
    ...given,
    rates: createRates(given.limits),
    parties: createParties(given.limits),
    hub: createHub(),
    heard: createHeard(),
    connections: new Set(),
    published: 0,
    tallies: { users: 0, timers: 0, subscriptions: 0 },
    stopping: false,
  };
}
