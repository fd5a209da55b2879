/** Measures the parts of a request: the name's address, the connection, and the rest. */
import type { ClientRequest } from "node:http";
import type { Times } from "./errors.ts";

export interface Clock {
  /** Measures this hop of the request. Call it again for each redirect. */
  watch(request: ClientRequest, secure: boolean): void;
  /** The times until now. The parts of earlier hops are added. */
  times(): Times;
}

type Part = keyof Times;

export function createClock(): Clock {
  const times: Times = { dns: 0, handshake: 0, http: 0 };
  let part: Part = "dns";
  let sinceMs = performance.now();

  function enter(next: Part): void {
    const nowMs = performance.now();
    times[part] += nowMs - sinceMs;
    [part, sinceMs] = [next, nowMs];
  }

  return {
    watch(request, secure) {
      enter("dns");
      request.once("socket", (socket) => {
        // An address that is a number needs no lookup.
        socket.once("lookup", () => enter("handshake"));
        socket.once("connect", () => enter(secure ? "handshake" : "http"));
        if (secure) socket.once("secureConnect", () => enter("http"));
      });
    },
    times() {
      enter(part);
      return { ...times };
    },
  };
}
