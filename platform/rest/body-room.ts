/**
 * Room in memory for the bodies of all requests that are served at the same time. A body stays there while its
 * request waits for a connection, so many large ones could take all the memory. The rule is that of the pool
 * (database/fair-queue.ts): a caller may take more only while as much is free as it then holds.
 */
import type { PlainRequest } from "../plain-http.ts";
import { errors } from "./errors.ts";
import { bodyMax } from "./request/index.ts";

/** In bytes. A lone caller gets half of it, which is two bodies of the largest size. */
export const roomMax = 4 * bodyMax;

/** In bytes. A smaller body takes no room: the number of requests that may wait bounds these. */
const smallMax = 64 * 1024;

export interface BodyRoom {
  /**
   * Takes room for a body before it is read. Dispose of the result when the request has been answered.
   * @param caller the same text for all requests that share one allowance
   * @returns undefined if the body is small
   * @throws RestError PGRST003
   */
  take(request: Pick<PlainRequest, "headers">, caller: string): Disposable | undefined;
}

export function createBodyRoom(): BodyRoom {
  const heldBy = new Map<string, number>();
  let free = roomMax;

  function hold(caller: string, bytes: number): void {
    free -= bytes;
    const held = (heldBy.get(caller) ?? 0) + bytes;
    if (held === 0) heldBy.delete(caller);
    else heldBy.set(caller, held);
  }

  return {
    take({ headers }, caller) {
      // A body that does not say its size may become as large as any.
      const isChunked = headers.get("transfer-encoding") !== null;
      const bytes = isChunked ? bodyMax : Math.min(Number(headers.get("content-length") ?? 0), bodyMax);
      if (!(bytes > smallMax)) return undefined;
      const held = heldBy.get(caller) ?? 0;
      if (held + bytes > free) throw errors.bodyRoom(held > 0);
      hold(caller, bytes);
      return { [Symbol.dispose]: () => hold(caller, -bytes) };
    },
  };
}
