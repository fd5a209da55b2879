/**
 * Shares out something of which there is a fixed amount, so that nobody can take all of it: memory for request
 * bodies, places for requests. A holder may take more only while as much is free as it then holds. So a lone
 * holder gets half, and the next one finds the other half free. A queue with the same rule is in
 * fair-queue.ts.
 */
export interface Room {
  /** @returns undefined if the holder may not take that much now. Else dispose of it to give it back */
  take(holder: string, amount: number): Disposable | undefined;
  /** Whether the holder has something. */
  holds(holder: string): boolean;
}

export function createRoom(total: number): Room {
  const heldBy = new Map<string, number>();
  let free = total;

  function hold(holder: string, amount: number): void {
    free -= amount;
    const held = (heldBy.get(holder) ?? 0) + amount;
    if (held === 0) heldBy.delete(holder);
    else heldBy.set(holder, held);
  }

  return {
    take(holder, amount) {
      if (amount === 0) return nothing;
      if ((heldBy.get(holder) ?? 0) + amount > free) return undefined;
      hold(holder, amount);
      return { [Symbol.dispose]: () => hold(holder, -amount) };
    },
    holds: (holder) => heldBy.has(holder),
  };
}

const nothing: Disposable = { [Symbol.dispose]() {} };
