/**
 * A join waits here until its channel hears what the database commits. So a client that acts as soon as
 * it has its reply misses nothing. The wait is bounded: without its database, a channel still serves its
 * clients.
 *
 * While the stream is down, all joins share one deadline. The joins of a socket come one after another.
 * If each had a deadline of its own, the client would give up the last ones.
 */
import type { Channel, Context, Outage } from "./state.ts";
import { after } from "./timers.ts";

/** A timer of Node waits no longer. */
const longestMs = 2 ** 31 - 1;

export async function hearing(context: Context, channel: Channel): Promise<void> {
  const { joinStreamMs, joinChangesMs } = context.limits;
  context.outage ??= outage(context);
  const { sinceMs, over } = context.outage;
  const streamUntilMs = sinceMs + joinStreamMs;
  await within(context, over, streamUntilMs);
  if (!channel.changes) return;
  const startMs = context.outage ? streamUntilMs : performance.now();
  await within(context, channel.changes.tried, startMs + joinChangesMs);
}

/** Begins now. Is over at once when the stream runs. */
function outage(context: Context): Outage {
  const streaming = context.database.streaming(longestMs).catch(() => {});
  const over = streaming.then(() => {
    context.outage = undefined;
  });
  return { sinceMs: performance.now(), over };
}

/** Waits for something, until a time at most. */
async function within(context: Context, done: Promise<void>, untilMs: number): Promise<void> {
  const leftMs = untilMs - performance.now();
  if (leftMs <= 0) return;
  let stop = () => {};
  const late = new Promise<void>((resolve) => {
    stop = after(context, leftMs, resolve);
  });
  await Promise.race([done, late]);
  stop();
}
