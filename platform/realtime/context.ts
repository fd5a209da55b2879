/** A server's state when it starts. */
import { createRoom } from "../room.ts";
import { createHub } from "./hub.ts";
import { createRates } from "./limits.ts";
import { createParties } from "./parties.ts";
import type { Context } from "./state.ts";
import { createHeard } from "./stream.ts";

/** In bytes: eight of the largest bodies. A lone client gets half of it. */
const bodiesMax = 64_000_000;

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
    bodies: createRoom(bodiesMax),
    tallies: { users: 0, timers: 0, subscriptions: 0 },
    stopping: false,
  };
}
