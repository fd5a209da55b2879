/**
 * What the database has been heard to send. Replay asks the tables, which may be
 * ahead of the stream; a join waits until the stream has come as far, so that
 * nothing older than what was replayed comes after it. Or a little behind: the
 * stream tells of a commit before other transactions see it.
 */
import type { StoredMessage } from "./database-side.ts";
import type { Context, Heard } from "./state.ts";
import { after } from "./timers.ts";

/** Well beyond what lies between a commit's place in the stream and its being seen. */
const unseenMs = 1000;
/** Between two looks at the tables. */
const lookAgainMs = 5;

/** Kept of the past. One that has left and is waited for costs its room's first joiner `catchUpMs`, once. */
const idsMax = 10_000;

export function createHeard(): Heard {
  return { ids: new Set(), newest: new Map(), waiting: new Map() };
}

export function hear(context: Context, { id, topic, private: isPrivate }: StoredMessage): void {
  const { newest } = context.heard;
  if (isPrivate) {
    newest.delete(topic);
    newest.set(topic, { id, atMs: performance.now() });
    if (newest.size > idsMax) newest.delete(newest.keys().next().value as string);
  }
  remember(context, id);
}

function remember({ heard }: Context, id: string): void {
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
      remember(context, id);
      end();
    });
    wakes.add(end);
  });
}

/**
 * What is stored of a topic that a channel has just entered: with everything that
 * the stream told of before it did, which it cannot hear any more.
 * @throws DatabaseError
 */
export async function replay(
  context: Context,
  topic: string,
  { sinceMs, limit }: { sinceMs: number; limit: number },
): Promise<StoredMessage[]> {
  const { heard, limits, database } = context;
  const startMs = performance.now();
  const missed = heard.newest.get(topic);
  const wanted = missed && startMs - missed.atMs < unseenMs ? missed.id : undefined;
  for (;;) {
    const stored = await database.replay(topic, sinceMs, limit);
    const complete = wanted === undefined || stored.some(({ id }) => id === wanted);
    // Or it is none of those asked for: older than they are, or pushed out by newer ones.
    if (complete || performance.now() - startMs > limits.catchUpMs) return stored;
    await new Promise<void>((resolve) => after(context, lookAgainMs, resolve));
  }
}
