/**
 * What clients may do and how much of it, and the counters behind it. The
 * defaults are those of a self-hosted Supabase Realtime where it has a limit.
 * Source: supabase/realtime ENVS.md, lib/realtime/api/tenant.ex.
 */
export interface RealtimeLimits {
  /** Sockets with a channel. */
  connections: number;
  /** Sockets at all, those included that never join anything. */
  sockets: number;
  /**
   * The part of each limit for connections, sockets, joins, broadcasts and presence that a
   * party may use: one signed-in person; one address of clients who are not signed in; all
   * clients together who are not signed in. Infinity switches a share off.
   */
  userShare: number;
  addressShare: number;
  anonymousShare: number;
  joinsPerS: number;
  /** Broadcasts and changes, each counted once as sent and once for every receiver. */
  eventsPerS: number;
  presenceEventsPerS: number;
  channelsPerSocket: number;
  /** postgres_changes of one channel. */
  changesPerChannel: number;
  /** track and untrack of one channel in a window. */
  presenceCalls: number;
  presenceWindowMs: number;
  /** One broadcast's payload, and all that one socket's channels track. */
  payloadBytes: number;
  /** `realtime:` included; a binary frame has one byte for its length. */
  topicBytes: number;
  presenceKeyBytes: number;
  /** One websocket message; a larger one closes the socket with 1009. */
  frameBytes: number;
  /** Written to a socket and not yet taken by its network: more disconnects it. */
  bufferedBytes: number;
  /** Frames of one socket that wait their turn: more stops reading from it. */
  pendingFrames: number;
  /** A rate is the mean over this many buckets of this length. */
  buckets: number;
  bucketMs: number;
  /** Without any input. */
  idleMs: number;
  /** Without any channel. */
  emptySocketMs: number;
  /** How often both are looked at. */
  sweepMs: number;
  /** Before a connection is refused, and before a join's error: what slows eager clients down. */
  connectBackoffMs: number;
  joinBackoffMs: number;
  /** Refused connections that wait at once; the next ones are refused at once. */
  refusals: number;
  /** The longest time between two looks at a token. */
  tokenCheckMs: number;
  /** How long a client may have a join wait for its changes. */
  changesWaitMs: number;
  streamingWaitMs: number;
  /** How long a join with replay may wait for the stream to come as far as the tables. */
  catchUpMs: number;
  /** How long sockets get to say goodbye when the server stops. */
  drainMs: number;
}

export const defaultLimits: RealtimeLimits = {
  connections: 200,
  sockets: 16_384,
  userShare: 0.25,
  // More than a person has: a household, an office or a developer's machine is one address.
  addressShare: 0.5,
  // What is left is for people who are signed in, however many addresses attack.
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
  changesWaitMs: 20_000,
  streamingWaitMs: 10_000,
  catchUpMs: 200,
  drainMs: 1_000,
};

/** How often something happens: the mean over the last full buckets. */
export interface Rate {
  readonly limitPerS: number;
  add(count?: number): void;
  perS(): number;
  exceeded(): boolean;
  /** How many came in the last full buckets and in the one that is filling. */
  used(): number;
  /** Over how many seconds `perS` is the mean: the full buckets, one at least. */
  spanS(): number;
}

/** A burst counts when its bucket is full: the mean knows nothing of the one that is filling. */
export function createRate(
  limitPerS: number,
  { buckets, bucketMs }: Pick<RealtimeLimits, "buckets" | "bucketMs">,
  nowMs: () => number = () => performance.now(),
): Rate {
  const full: number[] = [];
  let sum = 0;
  let filling = 0;
  let endsMs = nowMs() + bucketMs;

  function roll(): void {
    const now = nowMs();
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
    add(count = 1) {
      roll();
      filling += count;
    },
    perS,
    exceeded: () => perS() >= limitPerS,
    used() {
      roll();
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
}

export function createRates(limits: RealtimeLimits): Rates {
  return {
    joins: createRate(limits.joinsPerS, limits),
    events: createRate(limits.eventsPerS, limits),
    presence: createRate(limits.presenceEventsPerS, limits),
  };
}
