/**
 * Decides whose request gets the next place, so no caller can keep the others out. A place is a connection of
 * rest's pool, or one of the requests that a function answers at a time. A running request cannot be stopped to
 * make room. So the queue keeps room in advance:
 *
 * - A caller may take another place only while more are free than it holds. A lone caller gets half of them.
 *   The next caller finds the other half free.
 * - Anonymous callers together hold at most half of the places. They share this half by the same rule.
 * - A request that may not take a place waits in its caller's queue. The queues are served in
 *   turn, one request each. If anonymous and known callers wait, they are served alternately.
 *
 * A request that does not wait costs two changes of a map. It makes no timer, listener or promise.
 */

export interface FairQueue extends Disposable {
  /**
   * Asks for a place. After every call that got one, call `giveBack` once.
   * @param caller the same text for all requests that share one allowance
   * @param request its signal is read only if the request has to wait
   * @returns undefined if the caller has the place now, else a promise that resolves when it has
   * @throws what `refusals` makes if too many requests wait already. The promise rejects if the wait takes
   *   too long, the client leaves or the queue is disposed of
   */
  take(caller: string, anonymous: boolean, request: Pick<Request, "signal">): Promise<void> | undefined;
  giveBack(caller: string, anonymous: boolean): void;
}

export interface FairQueueOptions {
  /** Places. */
  size: number;
  /** How many requests of one caller may wait. */
  callerWaitingMax: number;
  /** How many requests of all anonymous callers may wait, and how many of all known ones. */
  crowdWaitingMax: number;
  /** How long a request may wait. */
  waitMs: number;
  refusals: Refusals;
}

/** Makes the error of a request that gets no place. */
export interface Refusals {
  /** Too many of the caller's own requests wait. */
  callerWaits(): Error;
  /** Too many requests of all callers wait. */
  crowdWaits(): Error;
  /** The request has waited too long. */
  late(): Error;
  /** The client left. */
  gone(): Error;
  /** The queue was disposed of. */
  closed(): Error;
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
  /** Who waits, by caller. The caller whose turn comes next is first. No queue is empty. */
  queues: Map<string, Set<Waiter>>;
}

export function createFairQueue(options: FairQueueOptions): FairQueue {
  const { size, callerWaitingMax, crowdWaitingMax, waitMs, refusals } = options;
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
   * Serves everybody who may take a place now. So a request that still waits may not take one,
   * and a new request that may take one overtakes nobody.
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
    if (queue.size >= callerWaitingMax) throw refusals.callerWaits();
    if (signal.aborted) throw refusals.gone();
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
      const abort = () => waiter.refuse(refusals.gone());
      const timer = setTimeout(() => waiter.refuse(refusals.late()), waitMs);
      signal.addEventListener("abort", abort, { once: true });
      crowd.waiting++;
      queue.add(waiter);
      crowd.queues.set(caller, queue);
    });
  }

  /** Refuses the newest request of the longest queue. If the asking caller's queue is as long, refuses that request. */
  function makeRoom(crowd: Crowd, ownSize: number): void {
    let longest = new Set<Waiter>();
    for (const queue of crowd.queues.values()) if (queue.size > longest.size) longest = queue;
    if (longest.size <= ownSize + 1) throw refusals.crowdWaits();
    [...longest].at(-1)?.refuse(refusals.crowdWaits());
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
        for (const waiter of waiting) waiter.refuse(refusals.closed());
      }
    },
  };
}

function createCrowd(heldMax: number): Crowd {
  return { held: 0, heldMax, heldBy: new Map(), waiting: 0, queues: new Map() };
}
