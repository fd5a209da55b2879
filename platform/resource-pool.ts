/**
 * A bounded set of resources that callers take in turns: database connections, or
 * places for requests. When all are taken, callers wait in a bounded queue, first
 * come first served.
 */
export interface ResourcePoolOptions<T> {
  /** The most resources there are at a time. */
  size: number;
  /** Makes a resource. Called when somebody needs one, all are taken and there are fewer than `size`. */
  make(): T;
  /** The most callers that wait. One more is refused at once. */
  waitingMax: number;
  /** The longest time that a caller waits. */
  waitMs: number;
  /** Makes the error of a caller that finds the queue full. */
  full(): Error;
  /** Makes the error of a caller that has waited for `waitMs`. */
  late(): Error;
}

export interface ResourcePool<T> {
  /**
   * Takes a resource.
   * @param signal ends the wait
   * @throws what `full` or `late` makes, the signal's reason, or the reason of `close`
   */
  take(signal?: AbortSignal): Promise<Lease<T>>;
  /** Refuses all who wait and all who come later. */
  close(reason: Error): void;
  /** All resources made so far, taken or not. */
  readonly made: readonly T[];
}

/** A taken resource. */
export interface Lease<T> {
  resource: T;
  /** Gives the resource back. Calling it again does no harm. */
  release(): void;
}

interface Waiter<T> {
  grant(resource: T): void;
  refuse(reason: unknown): void;
}

export function createResourcePool<T>(options: ResourcePoolOptions<T>): ResourcePool<T> {
  const made: T[] = [];
  const idle: T[] = [];
  const waiting = new Set<Waiter<T>>();
  let closed: Error | undefined;

  function lease(resource: T): Lease<T> {
    let held = true;
    return {
      resource,
      release() {
        if (!held) return;
        held = false;
        const [next] = waiting;
        if (next) next.grant(resource);
        else idle.push(resource);
      },
    };
  }

  function wait(signal?: AbortSignal): Promise<Lease<T>> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(waiter);
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      };
      const waiter: Waiter<T> = {
        grant(resource) {
          leave();
          resolve(lease(resource));
        },
        refuse(reason) {
          leave();
          reject(reason);
        },
      };
      const abort = () => waiter.refuse(signal?.reason);
      const timer = setTimeout(() => waiter.refuse(options.late()), options.waitMs);
      signal?.addEventListener("abort", abort, { once: true });
      waiting.add(waiter);
    });
  }

  return {
    made,
    async take(signal) {
      signal?.throwIfAborted();
      if (closed) throw closed;
      if (idle.length > 0) return lease(idle.pop() as T);
      if (made.length < options.size) {
        const resource = options.make();
        made.push(resource);
        return lease(resource);
      }
      if (waiting.size >= options.waitingMax) throw options.full();
      return wait(signal);
    },
    close(reason) {
      closed = reason;
      for (const waiter of waiting) waiter.refuse(reason);
    },
  };
}
