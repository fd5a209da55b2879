/**
 * How much clients may do, and the counters for it. Where a self-hosted Supabase
 * Realtime has the same limit, the default is the same.
 * Source: supabase/realtime ENVS.md, lib/realtime/api/tenant.ex.
 */
export interface RealtimeLimits {
  /** The most sockets that have joined a channel. */
  connections: number;
  /** The most sockets, including those that never join a channel. */
  sockets: number;
  /**
   * The part of the limits for connections, sockets, joins, events and presence events that
   * a party may use. The parties are: one signed-in person; one address, for clients who are
   * not signed in; all clients together who are not signed in. Infinity switches a share off.
   */
  userShare: number;
  addressShare: number;
  anonymousShare: number;
  joinsPerS: number;
  /**
   * Broadcasts. Each counts once when it is sent and once for every receiver. As many changes of
   * tables are delivered, but they are counted apart.
   */
  eventsPerS: number;
  presenceEventsPerS: number;
  channelsPerSocket: number;
  /** The most entries of postgres_changes in one channel. */
  changesPerChannel: number;
  /** The most calls of track and untrack by one channel in a window. */
  presenceCalls: number;
  presenceWindowMs: number;
  /** The size of one broadcast's payload, and of everything that one socket's channels track. */
  payloadBytes: number;
  /** With `realtime:`. A binary frame has one byte for its length. */
  topicBytes: number;
  presenceKeyBytes: number;
  /**
   * The size of one websocket message. A larger one closes the socket with 1009. When as many bytes
   * of a socket wait, the server stops reading from it.
   */
  frameBytes: number;
  /** Bytes that were written to a socket and that its client has not read. More disconnects it. */
  bufferedBytes: number;
  /** Frames of one socket that wait. With more, the server stops reading from it. */
  pendingFrames: number;
  /** A rate is the mean over this many buckets of this length. */
  buckets: number;
  bucketMs: number;
  /** After this time without any input a socket is closed. */
  idleMs: number;
  /** After this time without any channel a socket is closed. */
  emptySocketMs: number;
  /** How often both times are checked. */
  sweepMs: number;
  /**
   * The pause before a connection is refused, and before a join's error. It slows down clients that
   * try again at once.
   */
  connectBackoffMs: number;
  joinBackoffMs: number;
  /** The most refused connections that wait at a time. The next ones are refused without a pause. */
  refusals: number;
  /** The longest time between two checks of a token. */
  tokenCheckMs: number;
  /** The longest time that joins wait for the database's stream. While it is down, they share this time. */
  joinStreamMs: number;
  /**
   * The longest time that a join waits for its changes, unless it asks for another. While the stream is
   * down, joins share this time too.
   */
  joinChangesMs: number;
  /** The longest time that a join may ask to wait for its changes. */
  changesWaitMs: number;
  streamingWaitMs: number;
  /** How long a join with replay waits for the stream to bring what the tables already hold. */
  catchUpMs: number;
  /** How long sockets have to answer the close when the server stops. */
  drainMs: number;
}

export const defaultLimits: RealtimeLimits = {
  connections: 200,
  sockets: 16_384,
  userShare: 0.25,
  // More than a person, because a household, an office or a developer's machine is one address.
  addressShare: 0.5,
  // The rest stays free for people who are signed in, however many addresses attack.
  anonymousShare: 0.75,
  joinsPerS: 100,
  eventsPerS: 100,
  presenceEventsPerS: 1_000,
  channelsPerSocket: 100,
  changesPerChannel: 100,
  presenceCalls: 5,
  presenceWindowMs: 30_000,
  payloadBytes: 3_000_500,
  topicBytes: 255,
  presenceKeyBytes: 255,
  frameBytes: 5_000_000,
  bufferedBytes: 10_000_000,
  pendingFrames: 100,
  buckets: 12,
  bucketMs: 5_000,
  idleMs: 60_000,
  emptySocketMs: 600_000,
  sweepMs: 5_000,
  connectBackoffMs: 2_000,
  joinBackoffMs: 5_000,
  refusals: 1_000,
  tokenCheckMs: 300_000,
  joinStreamMs: 1_000,
  joinChangesMs: 5_000,
  changesWaitMs: 20_000,
  streamingWaitMs: 10_000,
  catchUpMs: 200,
  drainMs: 1_000,
};

/**
 * Counts how often something happens. The rate is the mean over the last full buckets. A caller
 * that asks many rates at once reads the clock once and passes the time.
 */
export interface Rate {
  readonly limitPerS: number;
  add(count?: number, atMs?: number): void;
  perS(): number;
  exceeded(): boolean;
  /** How many came in the last full buckets and in the one that is filling. */
  used(atMs?: number): number;
  /** The seconds that `perS` is the mean over: those of the full buckets, of one at least. */
  spanS(): number;
}

/**
 * The mean leaves out the bucket that is filling. So a burst counts only when its bucket is full.
 * @param past how many empty buckets there are at first. With none, the first bucket alone is the mean
 */
export function createRate(
  limitPerS: number,
  { buckets, bucketMs }: Pick<RealtimeLimits, "buckets" | "bucketMs">,
  nowMs: () => number = () => performance.now(),
  past = 0,
): Rate {
  const full: number[] = Array(past).fill(0);
  let sum = 0;
  let filling = 0;
  let endsMs = nowMs() + bucketMs;

  function roll(now = nowMs()): void {
    if (now < endsMs) return;
    const passed = 1 + Math.floor((now - endsMs) / bucketMs);
    endsMs += passed * bucketMs;
    for (let i = 0; i < Math.min(passed, buckets + 1); i++) {
      full.push(filling);
      sum += filling;
      filling = 0;
      if (full.length > buckets) sum -= full.shift() as number;
    }
  }

  const perS = () => {
    roll();
    return full.length === 0 ? 0 : (sum * 1000) / (full.length * bucketMs);
  };
  return {
    limitPerS,
    add(count = 1, atMs?: number) {
      roll(atMs);
      filling += count;
    },
    perS,
    exceeded: () => perS() >= limitPerS,
    used(atMs) {
      roll(atMs);
      return sum + filling;
    },
    spanS() {
      roll();
      return (Math.max(1, full.length) * bucketMs) / 1000;
    },
  };
}

export interface Rates {
  joins: Rate;
  events: Rate;
  presence: Rate;
  /** Changes of tables that were delivered. */
  changes: Rate;
}

export function createRates(limits: RealtimeLimits): Rates {
  return {
    joins: createRate(limits.joinsPerS, limits),
    events: createRate(limits.eventsPerS, limits),
    presence: createRate(limits.presenceEventsPerS, limits),
    // The receiver does not choose when changes come. So one bulk write may use the whole window, also
    // on a server that has just started.
    changes: createRate(limits.eventsPerS, limits, undefined, limits.buckets),
  };
}
