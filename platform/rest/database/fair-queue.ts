/**
 * Decides whose request gets the next connection of the pool, so that no caller can take the
 * pool away from the others. A statement that runs cannot be stopped to make room. So the
 * queue keeps room free in advance:
 *
 * - A caller may take another connection while more are free than it holds. Alone it
 *   gets half of the pool; the other half is there at once for whoever comes next.
 * - Anonymous callers together hold at most half of the pool. Among themselves they share that
 *   half by the same rule.
 * - Whoever may not take one waits in a queue of their own. The queues are served in turn, one
 *   request each; if anonymous and known callers both wait, they are served alternately.
 *
 * A request that need not wait costs two changes of a map: no timer, no listener, no promise.
 */
import { errors } from "../errors.ts";

export interface FairQueue extends Disposable {
  /**
   * Asks for a connection. Every call that is granted needs one `giveBack`.
   * @param caller the same text for all requests that share one allowance
   * @param request its signal is read only if the request has to wait
   * @returns undefined if the connection is the caller's now, else a promise of it
   * @throws RestError PGRST003 when too much waits already; the promise also when the wait was
   *   too long, the client left or the queue was disposed of
   */
  take(caller: string, anonymous: boolean, request: Pick<Request, "signal">): Promise<void> | undefined;
  giveBack(caller: string, anonymous: boolean): void;
}

export interface FairQueueOptions {
  /** Connections. */
  size: number;
  /** Requests of one caller that wait at most. */
  callerWaitingMax?: number;
  /** Requests of all anonymous callers that wait at most, and of all known ones. */
  crowdWaitingMax?: number;
  /** How long a request waits at most. */
  waitMs?: number;
}

interface Waiter {
  grant(): void;
  refuse(error: Error): void;
}

/** The anonymous callers, or the known ones. */
interface Crowd {
  held: number;
  heldMax: number;
  heldBy: Map<string, number>;
  waiting: number;
  /** The oldest waiter first in each, the caller whose turn is next first of all. None is empty. */
  queues: Map<string, Set<Waiter>>;
}

export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { size, callerWaitingMax = 200, crowdWaitingMax = 1000, waitMs = 10_000 } = options;
  const anonymousCrowd = createCrowd(Math.max(1, Math.floor(size / 2)));
  const knownCrowd = createCrowd(size);
  const other = (crowd: Crowd) => (crowd === knownCrowd ? anonymousCrowd : knownCrowd);
  let next = knownCrowd;
  let free = size;

  function mayTake(crowd: Crowd, caller: string): boolean {
    return (crowd.heldBy.get(caller) ?? 0) < Math.min(free, crowd.heldMax - crowd.held);
  }

  function hold(crowd: Crowd, caller: string): void {
    free--;
    crowd.held++;
    crowd.heldBy.set(caller, (crowd.heldBy.get(caller) ?? 0) + 1);
  }

  /**
   * Grants what can be granted. Afterwards nobody waits who may take a connection, so
   * a newcomer who may take one overtakes nobody.
   */
  function serve(): void {
    let served = true;
    while (served) served = serveOne(next) || serveOne(other(next));
  }

  function serveOne(crowd: Crowd): boolean {
    for (const [caller, queue] of crowd.queues) {
      if (!mayTake(crowd, caller)) continue;
      const [first] = queue;
      // To the end: the others come first now.
      crowd.queues.delete(caller);
      crowd.queues.set(caller, queue);
      hold(crowd, caller);
      first?.grant();
      next = other(crowd);
      return true;
    }
    return false;
  }

  function wait(crowd: Crowd, caller: string, { signal }: Pick<Request, "signal">): Promise<void> {
    const queue = crowd.queues.get(caller) ?? new Set();
    if (queue.size >= callerWaitingMax) throw errors.callerWaits();
    if (signal.aborted) throw errors.clientGone();
    if (crowd.waiting >= crowdWaitingMax) makeRoom(crowd, queue.size);
    return new Promise((resolve, reject) => {
      const leave = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", abort);
        crowd.waiting--;
        queue.delete(waiter);
        if (queue.size === 0) crowd.queues.delete(caller);
      };
      const waiter: Waiter = {
        grant() {
          leave();
          resolve();
        },
        refuse(error) {
          leave();
          reject(error);
        },
      };
      const abort = () => waiter.refuse(errors.clientGone());
      const timer = setTimeout(() => waiter.refuse(errors.poolTimeout()), waitMs);
      signal.addEventListener("abort", abort, { once: true });
      crowd.waiting++;
      queue.add(waiter);
      crowd.queues.set(caller, queue);
    });
  }

  /** Refuses the newest request of the longest queue, or the one that asks when its queue is as long. */
  function makeRoom(crowd: Crowd, ownSize: number): void {
    let longest = new Set<Waiter>();
    for (const queue of crowd.queues.values()) if (queue.size > longest.size) longest = queue;
    if (longest.size <= ownSize + 1) throw errors.poolBusy();
    [...longest].at(-1)?.refuse(errors.poolBusy());
  }

  return {
    take(caller, anonymous, request) {
      const crowd = anonymous ? anonymousCrowd : knownCrowd;
      if (!mayTake(crowd, caller)) return wait(crowd, caller, request);
      hold(crowd, caller);
      return undefined;
    },
    giveBack(caller, anonymous) {
      const crowd = anonymous ? anonymousCrowd : knownCrowd;
      const held = crowd.heldBy.get(caller) ?? 0;
      if (held > 1) crowd.heldBy.set(caller, held - 1);
      else crowd.heldBy.delete(caller);
      crowd.held--;
      free++;
      if (knownCrowd.waiting + anonymousCrowd.waiting > 0) serve();
    },
    [Symbol.dispose]() {
      for (const { queues } of [knownCrowd, anonymousCrowd]) {
        const waiting = [...queues.values()].flatMap((queue) => [...queue]);
        for (const waiter of waiting) waiter.refuse(errors.connectionLost());
      }
    },
  };
}

function createCrowd(heldMax: number): Crowd {
  return { held: 0, heldMax, heldBy: new Map(), waiting: 0, queues: new Map() };
}
