/**
 * What the database has been heard to send. Replay asks the tables, which may be
 * ahead of the stream; a join waits until the stream has come as far, so that
 * nothing older than what was replayed comes after it.
 */
import { after, type Context } from "./context.ts";

export interface Heard {
  /** Ids, the newest last. */
  ids: Set<string>;
  waiting: Map<string, Set<() => void>>;
}

/** Kept of the past. One that has left and is waited for costs its room's first joiner `catchUpMs`, once. */
const idsMax = 10_000;

export function createHeard(): Heard {
  return { ids: new Set(), waiting: new Map() };
}

export function hear({ heard }: Context, id: string): void {
  heard.ids.add(id);
  if (heard.ids.size > idsMax) heard.ids.delete(heard.ids.values().next().value as string);
  for (const wake of heard.waiting.get(id) ?? []) wake();
}

/** Resolves when the message has come from the stream, now or before; or when that takes too long. */
export function caughtUp(context: Context, id: string): Promise<void> {
  const { heard, limits } = context;
  if (heard.ids.has(id)) return Promise.resolve();
  return new Promise((resolve) => {
    const wakes = heard.waiting.get(id) ?? new Set();
    heard.waiting.set(id, wakes);
    const end = () => {
      stop();
      wakes.delete(end);
      if (wakes.size === 0) heard.waiting.delete(id);
      resolve();
    };
    const stop = after(context, limits.catchUpMs, () => {
      // It came before we listened: the next one need not wait.
      hear(context, id);
      end();
    });
    wakes.add(end);
  });
}
