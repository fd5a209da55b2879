/**
 * Room in memory for the bodies of all requests that are served at the same time. A body stays there while its
 * request waits for a connection. Without a bound, large bodies could take all the memory.
 */
import { bodyBytes } from "../body.ts";
import type { PlainRequest } from "../plain-http.ts";
import { createRoom } from "../room.ts";
import { errors } from "./errors.ts";
import { bodyMax } from "./request/index.ts";

/** In bytes. A lone caller gets half of it, which is two bodies of the largest size. */
const roomMax = 4 * bodyMax;

export interface BodyRoom {
  /**
   * Takes room for a body before it is read. Dispose of it when the request has been answered.
   * @param caller the same text for all requests that share one allowance
   * @throws RestError PGRST003
   */
  take(request: Pick<PlainRequest, "headers">, caller: string): Disposable;
}

export function createBodyRoom(): BodyRoom {
  const room = createRoom(roomMax);
  return {
    take({ headers }, caller) {
      const taken = room.take(caller, bodyBytes(headers, bodyMax));
      if (!taken) throw errors.bodyRoom(room.holds(caller));
      return taken;
    },
  };
}
