/**
 * Brings a replay and the replication stream into one order. A replay reads the tables;
 * live messages come from the stream. Either may be ahead of the other:
 * - The tables may hold a message that the stream has not brought yet. Then the join waits
 *   for the stream, so that no older message comes after the replay.
 * - The stream may bring a message that other transactions do not see yet. Then the replay
 *   is read again.
 */
import type { StoredMessage } from "./database-side.ts";
import type { Context, Heard } from "./state.ts";
import { after } from "./timers.ts";

/** Surely longer than the time from a commit's arrival in the stream until others see it. */
const unseenMs = 1000;
/** The pause before the tables are read again. */
const lookAgainMs = 5;

/** The most ids that are remembered. Waiting for a forgotten one costs one join `catchUpMs`, once. */
const idsMax = 10_000;

export function createHeard(): Heard {
  return { ids: new Set(), newest: new Map(), waiting: new Map() };
}

/** Remembers that the stream has brought a message. */
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

/** Resolves when the stream has brought the message, or after `catchUpMs`. */
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
      // It came before we listened. Remember it, so that the next join need not wait for it.
      remember(context, id);
      end();
    });
    wakes.add(end);
  });
}

/**
 * Reads the stored messages of a topic that a channel has just entered. They include all
 * that the stream brought before the channel entered, because it cannot hear those live.
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
    // After that time the message must be outside the replay: it is too old, or newer ones fill the replay.
    if (complete || performance.now() - startMs > limits.catchUpMs) return stored;
    await new Promise<void>((resolve) => after(context, lookAgainMs, resolve));
  }
}
