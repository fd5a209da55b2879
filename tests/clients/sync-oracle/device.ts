/**
 * One device of somebody, in a worker of its own. So it can sleep for real (its event loop stops: no
 * timers, and nothing reads the socket), and it has a clock of its own, which may be wrong. Its state
 * comes only from `apply` of clients/sync.ts. devices.ts speaks with it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { backOffMs, type Change, createSync, type Sync, type Write } from "../../../clients/sync.ts";
import { createRooms, type KnownList, type Rooms } from "./rooms.ts";

/** What a device knows of its person's stream. */
export interface Known {
  /** By group_id. */
  groups: Record<string, Record<string, unknown>>;
  unread: Record<string, unknown> | null;
  /** Groups with this id or a higher one are all known. Older ones may be missing. */
  knownFrom: number;
}

/** What a device tells about itself. */
export interface Report extends Known, ReturnType<Rooms["known"]> {
  cursor: number | undefined;
  state: string;
  /** What must never happen: an event twice, out of order, or with a gap before it. */
  violations: string[];
  counts: Record<"events" | "replaced" | "failedOnPurpose" | "stopped", number>;
  /** How often the outbox settled each entry. */
  settled: Record<string, number>;
  refusals: string[];
  /** The keys of the entries that were refused. */
  refused: string[];
  pending: number;
  /** What happened last: states, failures and orders, each with its time in milliseconds. */
  log: string[];
}

/** What a test may ask of a device. */
export interface Orders {
  begin(options: {
    url: string;
    key: string;
    session: unknown;
    checkEveryMs: number;
    pageSize: number;
  }): void;
  /** Stores a write in the outbox. @returns its key */
  send(write: Write): Promise<string>;
  report(): Promise<Report>;
  /** Waits until the device is live and has come this far. `cursors`: by the ids of conversations. */
  settle(options: {
    seq: number;
    cursors: Record<string, number>;
    list: KnownList | undefined;
    nudge: boolean;
    timeoutMs: number;
  }): Promise<Report>;
  enter(conversationId: number): void;
  exit(conversationId: number): void;
  scrollBack(conversationId: number): void;
  /** A new page: the sync begins again with what the last page stored. */
  reload(): Promise<void>;
  skew(ms: number): void;
  /** The access token in use. */
  token(): string;
  /** From now on the device has this token, which expires soon. */
  shorten(token: string): Promise<void>;
  refresh(): Promise<void>;
  failApply(times: number): void;
  slowApply(ms: number): void;
  /** Sleeps until the main thread wakes it. */
  sleep(): void;
  end(): Promise<void>;
}

const port = parentPort as NonNullable<typeof parentPort>;
const { awake } = workerData as { awake: Int32Array };

// A clock of its own -------------------------------------------------------------

let skewMs = 0;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...parts: []) {
    if (parts.length === 0) super(RealDate.now() + skewMs);
    else super(...parts);
  }
  static override now(): number {
    return RealDate.now() + skewMs;
  }
} as DateConstructor;

// What survives a reload -----------------------------------------------------------

let stored = new Map<string, string>();
const storage = {
  getItem: (key: string) => stored.get(key) ?? null,
  setItem: (key: string, value: string) => void stored.set(key, value),
  removeItem: (key: string) => void stored.delete(key),
};
const storageKey = "session";
const nothing = (): Known => ({ groups: {}, unread: null, knownFrom: 0 });
let known = nothing();
let cursor: number | undefined;

// The page ---------------------------------------------------------------------------

let options: Parameters<Orders["begin"]>[0];
let supabase: SupabaseClient;
let sync: Sync | undefined;
let violations: string[] = [];
let counts: Report["counts"] = { events: 0, replaced: 0, failedOnPurpose: 0, stopped: 0 };
let settled: Record<string, number> = {};
let refusals: string[] = [];
let refused: string[] = [];
let rooms = createRooms();
let log: string[] = [];
const note = (text: string) => {
  log = [...log.slice(-29), `${Math.round(performance.now())} ${text}`];
};
let failing = 0;
let slowMs = 0;
/** How many groups a snapshot has at most. */
const snapshotSize = 20;

async function apply(change: Change): Promise<void> {
  const isOfRoom = change.stream.startsWith("conversation:");
  const opening = rooms.opening(change.stream);
  if (isOfRoom && !opening) violations.push(`${change.stream}: ${change.type} after it was closed`);
  if (slowMs > 0) await new Promise((resolve) => setTimeout(resolve, slowMs));
  // The person closed the conversation meanwhile.
  if (rooms.opening(change.stream) !== opening) return;
  if (failing > 0) {
    failing--;
    counts.failedOnPurpose++;
    if (isOfRoom) {
      rooms.forget(change.stream);
      throw new Error("failed on purpose");
    }
    // Nobody knows what a failed apply has done. The snapshot that follows has to repair it.
    known = nothing();
    cursor = undefined;
    throw new Error("failed on purpose");
  }
  rooms.apply(change, violations);
  if (isOfRoom) {
    if (change.type === "event") counts.events++;
    if (change.type === "replace") counts.replaced++;
  } else if (change.type === "gone") {
    known = nothing();
    cursor = undefined;
  } else if (change.type === "replace") {
    counts.replaced++;
    // A snapshot may be older than an event that was heard: Postgres sends an event a moment before others
    // can read it. The event then comes again, after the snapshot.
    const { notifications, unread } = change.snapshot as { notifications: Group[]; unread: Known["unread"] };
    known = {
      groups: Object.fromEntries(notifications.map((group) => [group.group_id, group])),
      unread,
      knownFrom: notifications.length < snapshotSize ? 0 : Math.min(...notifications.map(({ id }) => id)),
    };
    cursor = change.cursor;
  } else {
    counts.events++;
    const { seq } = change;
    if (cursor === undefined) violations.push(`${seq} without a snapshot before it`);
    else if (seq <= cursor) violations.push(`${seq} again after ${cursor}`);
    else if (seq > cursor + 1) violations.push(`${seq} after ${cursor}: some are lost`);
    cursor = seq;
    applyEvent(change.kind, change.payload);
  }
}

type Group = { group_id: number; id: number; count: number; is_read: boolean };

/** What docs/reference/streams.md asks of a client. */
function applyEvent(kind: string, payload: Record<string, unknown>): void {
  const { unread, ...group } = payload as { unread: Known["unread"] } & Group & { up_to: number };
  if (unread) known.unread = unread;
  if (kind === "notification") {
    if (group.count === 0) delete known.groups[group.group_id];
    else known.groups[group.group_id] = group;
  } else if (kind === "read") {
    for (const one of Object.values(known.groups)) {
      if (Number(one.id) <= group.up_to) known.groups[String(one.group_id)] = { ...one, is_read: true };
    }
  }
}

function begin(): void {
  supabase = createClient(options.url, options.key, {
    auth: { storage, storageKey, persistSession: true, autoRefreshToken: true, detectSessionInUrl: false },
    realtime: {
      reconnectAfterMs: (tries: number) => backOffMs(tries, pace),
      heartbeatIntervalMs: 1_000,
      timeout: 3_000,
    },
  });
  const { user } = JSON.parse(storage.getItem(storageKey) as string) as { user: { id: string } };
  const name = `user:${user.id}`;
  sync = createSync(supabase, {
    apply,
    userId: user.id,
    cursors: cursor === undefined ? {} : { [name]: cursor },
    onNews: rooms.news,
    onState: note,
    onError: (error) => note(error.message),
    outbox: {
      storage,
      backOff: pace,
      onDone: ({ key }) => {
        settled[key] = (settled[key] ?? 0) + 1;
      },
      onRefused: ({ key }, error) => {
        refused.push(key);
        settled[key] = (settled[key] ?? 0) + 1;
        refusals.push(`${error.code} ${error.details ?? error.message}`);
      },
    },
    timing: { ...pace, checkEveryMs: options.checkEveryMs, callTimeoutMs: 3_000, pageSize: options.pageSize },
  });
  rooms.begin(sync, supabase, user.id);
}

const pace = { baseMs: 20, maxMs: 200 };

async function leave(): Promise<void> {
  rooms.end();
  await sync?.stop();
  await supabase?.removeAllChannels();
  await supabase?.auth.stopAutoRefresh();
  supabase?.realtime.disconnect();
  sync = undefined;
}

async function report(): Promise<Report> {
  return {
    ...known,
    ...rooms.known(),
    cursor: Object.values(sync?.cursors() ?? {})[0],
    state: sync?.state() ?? "ended",
    violations,
    counts,
    settled,
    refusals,
    refused,
    pending: (await sync?.pending())?.length ?? 0,
    log: [...log, `auth and socket: ${authAndSocket()}`],
  };
}

/** Why a device may be offline. */
function authAndSocket(): string {
  const { refreshingDeferred, lastRefreshFailure } = supabase.auth as unknown as Refreshing;
  const pauseMs = Math.max(0, (lastRefreshFailure?.expiresAt ?? 0) - Date.now());
  const channels = supabase.getChannels().map(({ state }) => state);
  const socket = supabase.realtime.connectionState();
  return JSON.stringify({ isRefreshing: refreshingDeferred !== null, pauseMs, skewMs, socket, channels });
}

/** What supabase-js knows of the refresh of its token, in words of its own. */
interface Refreshing {
  /** A refresh runs. */
  refreshingDeferred: object | null;
  /** No other refresh is asked for until then. */
  lastRefreshFailure: { expiresAt: number } | null;
}

const session = (): Record<string, unknown> => JSON.parse(storage.getItem(storageKey) ?? "{}");

const orders: Orders = {
  begin(given) {
    options = given;
    stored = new Map([[storageKey, JSON.stringify(given.session)]]);
    known = nothing();
    cursor = undefined;
    violations = [];
    counts = { events: 0, replaced: 0, failedOnPurpose: 0, stopped: 0 };
    settled = {};
    refusals = [];
    refused = [];
    rooms = createRooms();
    log = [];
    failing = slowMs = skewMs = 0;
    begin();
  },
  send: async (write) => (await (sync as Sync).send(write)).key,
  report,
  enter: (id) => rooms.enter(id),
  exit: (id) => rooms.exit(id),
  // It ends only when the network lets it.
  scrollBack: (id) => void rooms.scrollBack(id).catch(() => {}),
  async settle({ seq, cursors, list, nudge, timeoutMs }) {
    const deadlineMs = performance.now() + timeoutMs;
    if (nudge) sync?.wake();
    for (;;) {
      const now = await report();
      const isUpToDate = now.state === "live" && now.cursor === seq && now.pending === 0;
      const isThere = isUpToDate && rooms.isSettled({ cursors, list });
      if (isThere || performance.now() > deadlineMs) return now;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  },
  async reload() {
    await leave();
    begin();
  },
  skew(ms) {
    // supabase-js measures this minute (compare.ts) with the clock. A clock that is put back by hours makes
    // it hours. Only a reload ends it, and this is what a reload would do.
    if (ms < skewMs) (supabase.auth as unknown as Refreshing).lastRefreshFailure = null;
    skewMs = ms;
  },
  token: () => String(session().access_token),
  async shorten(token) {
    const { exp } = JSON.parse(Buffer.from(token.split(".")[1] as string, "base64url").toString());
    storage.setItem(storageKey, JSON.stringify({ ...session(), access_token: token, expires_at: exp }));
    // It may ask Auth, and the network may be frozen.
    void supabase.realtime.setAuth().catch(() => {});
  },
  refresh: async () => void (await supabase.auth.refreshSession()),
  failApply(times) {
    failing = times;
  },
  slowApply(ms) {
    slowMs = ms;
  },
  sleep: () => void Atomics.wait(awake, 0, 0),
  end: leave,
};

/** A page ends before the next one begins, and nobody writes in between. */
let pages: Promise<unknown> = Promise.resolve();
const isAboutPages = (order: keyof Orders) =>
  ["begin", "reload", "end", "send", "enter", "exit"].includes(order);

port.on("message", async ({ n, order, given }: { n: number; order: keyof Orders; given: never }) => {
  if (order !== "report") note(`order: ${order} ${JSON.stringify(given ?? "").slice(0, 60)}`);
  try {
    const work = async (): Promise<unknown> => orders[order](given);
    const before = isAboutPages(order) ? pages : Promise.resolve();
    const answer = before.then(work, work);
    if (isAboutPages(order)) pages = answer;
    port.postMessage({ n, answer: await answer });
  } catch (error) {
    port.postMessage({ n, error: (error as Error).stack });
  }
});
