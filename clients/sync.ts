/**
 * Keeps a client in step with Plaza: everything that happens to somebody, once, in order, and never lost.
 * Sockets are hints, and `sync()` is the truth. A broadcast that continues the cursor is applied. For
 * anything else this module asks `sync()` what is missing. docs/how-to/stay-in-sync.md is its recipe.
 *
 * The folder has no dependencies but the client of supabase-js that it is given. Copy it into your project.
 */
import type { AuthChangeEvent, Session, SupabaseClient } from "@supabase/supabase-js";
import { type BackOff, backOffMs } from "./back-off.ts";
import { type Answer, call } from "./call.ts";
import { createOutbox, type Outbox, type OutboxOptions } from "./outbox.ts";
import { createStream, hold, missed, next, type Stream, type StreamEvent } from "./stream.ts";
import { joinTopic, type Topic } from "./topic.ts";
import { onWake } from "./wake.ts";

export { backOffMs } from "./back-off.ts";
export { type OutboxEntry, OutboxFullError, type OutboxStorage, type Write } from "./outbox.ts";

/**
 * What the client has to do with its own state.
 * - `event`: one thing happened. Do nothing if you do not know the `kind`.
 * - `replace`: drop all that you have of this stream, and take the snapshot.
 * - `gone`: you may not read this stream any more. Drop what you have of it.
 */
export type Change =
  | ({ type: "event"; stream: string } & StreamEvent)
  | { type: "replace"; stream: string; cursor: number; snapshot: Record<string, unknown> }
  | { type: "gone"; stream: string };

/**
 * - `live`: what happens is here at once.
 * - `catching up`: something may be missing, and is being asked for.
 * - `offline`: the last try failed. The next one comes by itself.
 */
export type SyncState = "offline" | "catching up" | "live";

export interface SyncOptions {
  /**
   * Called for one change at a time, in the order of each stream. The next change waits for the promise.
   * If it throws, the stream starts over with a snapshot after a pause.
   */
  apply(change: Change): void | Promise<void>;
  /** Called whenever the state changes. The first state is `offline`. */
  onState?(state: SyncState): void;
  /** What failed. The module goes on by itself, so this is for a log. */
  onError?(error: Error): void;
  /** Where an earlier page stopped, if you keep your state: what `cursors()` was then. */
  cursors?: Record<string, number>;
  /** Whose stream it is, if you know it. Else it is the person who is signed in. Offline Auth may not know. */
  userId?: string;
  outbox?: OutboxOptions;
  /** For tests. */
  timing?: Partial<Timing>;
}

export interface Timing extends BackOff {
  /** How often `unread()` is asked. */
  checkEveryMs: number;
  /** How long one request may take. */
  callTimeoutMs: number;
  /** How many events one answer of `sync()` has at most. */
  pageSize: number;
}

export interface Sync extends Pick<Outbox, "send" | "pending"> {
  state(): SyncState;
  /** How far each stream has come. Keep it together with your state, and give it to the next page. */
  cursors(): Record<string, number>;
  /** Asks what is missing, now. For a platform that tells in its own way that the app is in front again. */
  wake(): void;
  /**
   * Ends everything. After it `apply` is not called any more. What is in the outbox stays stored.
   * The promise waits for an `apply` that runs, so do not wait for it there.
   */
  stop(): Promise<void>;
}

/** Twice this, then four times and so on, until `sync()` knows an event that was heard already. */
const gapPauseMs = 10;
/** An event that was sent just before a join may be readable only just after it. So one more check follows. */
const checkAfterJoinMs = 2_000;

const usual: Timing = { checkEveryMs: 60_000, callTimeoutMs: 20_000, pageSize: 200 };

/** The one sync of each client, and the end of the one before it. */
const ofClients = new WeakMap<SupabaseClient, { isRunning: boolean; end: Promise<void> }>();

/**
 * Starts at once, or when somebody signs in. Stops when they sign out.
 * @throws Error if the client has a sync already that was not stopped
 */
export function createSync(supabase: SupabaseClient, options: SyncOptions): Sync {
  const before = ofClients.get(supabase);
  if (before?.isRunning) throw new Error("This client has a sync already. Stop it first.");
  const timing = { ...usual, ...options.timing };
  const streams = new Map<string, Stream>();
  const topics = new Map<string, Topic>();
  const stopping = new AbortController();
  const stopped = stopping.signal;
  let userId: string | undefined;
  let told: SyncState = "offline";
  /** `sync()` has to be asked. */
  let isWanted = false;
  let isAsking = false;
  /** The last try worked, as far as we know. */
  let isReachable = false;
  let failures = 0;
  let pause: ReturnType<typeof setTimeout> | undefined;
  /** The server said when to come back. Then a pause ends only by itself. */
  let isHeldBack = false;
  let checkAfterJoin: ReturnType<typeof setTimeout> | undefined;
  let working: Promise<void> | undefined;

  for (const [name, cursor] of Object.entries(options.cursors ?? {})) {
    streams.set(name, createStream(name, cursor));
  }
  const outbox = createOutbox(supabase, stopped, {
    callTimeoutMs: timing.callTimeoutMs,
    onError: options.onError,
    ...options.outbox,
  });

  // Who it is ------------------------------------------------------------------

  const { data: auth } = supabase.auth.onAuthStateChange((event, session) => {
    // Auth holds its lock while it calls this. So nothing may ask it anything before this returns.
    setTimeout(() => signedIn(event, session));
  });

  function signedIn(event: AuthChangeEvent, session: Session | null): void {
    if (stopped.aborted) return;
    const isOther = session !== null && userId !== undefined && session.user.id !== userId;
    if (event === "SIGNED_OUT" || isOther) void stop();
    else if (session && userId === undefined) void begin(session.user.id);
    else if (event === "TOKEN_REFRESHED") {
      void supabase.realtime.setAuth().catch(failed);
      wake();
    }
  }

  async function begin(id: string): Promise<void> {
    userId = id;
    await before?.end;
    if (stopped.aborted) return;
    isReachable = true;
    follow(`user:${id}`, `user:${id}`);
    outbox.begin(id);
    want();
  }

  /** Joins the topic of a stream. A stream may move to another topic: its cursor stays. */
  function follow(name: string, topicName: string): void {
    if (!streams.has(name)) streams.set(name, createStream(name));
    void topics.get(name)?.leave();
    const topic = joinTopic(
      supabase,
      topicName,
      {
        heard: (payload) => heard(name, payload as StreamEvent),
        joined: () => {
          isReachable = true;
          wake();
          clearTimeout(checkAfterJoin);
          checkAfterJoin = setTimeout(() => void check(), checkAfterJoinMs * (1 + Math.random()));
        },
        lost: (why) => {
          isReachable = false;
          failed(why);
        },
      },
      timing,
    );
    topics.set(name, topic);
  }

  // What comes in ----------------------------------------------------------------

  function heard(name: string, event: StreamEvent): void {
    const stream = streams.get(name);
    if (!stream) return;
    if (hold(stream, event) === "full") isWanted = true;
    work();
  }

  function want(): void {
    isWanted = true;
    work();
  }

  /** The network or the page is back: nobody waits for the end of a pause. */
  function wake(): void {
    if (stopped.aborted || userId === undefined) return;
    if (!isHeldBack) endPause();
    for (const topic of topics.values()) topic.retry();
    outbox.flush();
    want();
  }

  /** The cheap question of every minute. */
  async function check(): Promise<void> {
    if (userId === undefined || isAsking || isWanted) return;
    const answer = await call(supabase.rpc("unread"), timing.callTimeoutMs, stopped);
    if (stopped.aborted || answer.error) return;
    const [row] = [answer.data].flat() as { cursors?: Record<string, number> }[];
    const isBehind = ([name, seq]: [string, number]) => (streams.get(name)?.cursor ?? -1) < seq;
    if (Object.entries(row?.cursors ?? {}).some(isBehind)) want();
  }

  // What is done, one thing at a time ----------------------------------------------

  function work(): void {
    working ??= workOff();
    tell();
  }

  async function workOff(): Promise<void> {
    // Nothing is done before `working` is set.
    await Promise.resolve();
    try {
      while (!stopped.aborted) {
        const found = nextEvent();
        if (found) await applied(found.stream, () => applyEvent(found.stream, found.event));
        else if (isWanted && pause === undefined) await catchUp();
        else return;
      }
    } finally {
      working = undefined;
      tell();
    }
  }

  /** The next event that continues its stream. If a stream has only later ones, something is missing. */
  function nextEvent(): { stream: Stream; event: StreamEvent } | undefined {
    for (const stream of streams.values()) {
      const event = next(stream);
      if (event) return { stream, event };
      if (stream.held.size > 0) isWanted = true;
    }
    return undefined;
  }

  async function catchUp(): Promise<void> {
    isWanted = false;
    isAsking = true;
    tell();
    await ask();
    isAsking = false;
  }

  async function ask(): Promise<void> {
    const heardBefore = [...streams.values()].map((stream) => ({ stream, seqs: [...stream.held.keys()] }));
    const asked = cursors();
    const query = supabase.rpc("sync", { cursors: asked, page_size: timing.pageSize });
    const answer = await call(query, timing.callTimeoutMs, stopped);
    if (stopped.aborted) return;
    isReachable = answer.status !== 0;
    if (answer.error) return putOff(answer);
    const rows = answer.data as SyncRow[];
    const failuresBefore = failures;
    for (const row of rows) await take(row);
    for (const name of Object.keys(asked)) {
      if (!rows.some(({ stream }) => stream === name)) await forget(name);
    }
    if (failures > failuresBefore) return;
    if (!rows.some(({ has_more }) => has_more)) {
      failures = 0;
      const asks = Math.max(0, ...heardBefore.map(({ stream, seqs }) => missed(stream, seqs)));
      if (asks > 0) await shortly(gapPauseMs * 2 ** asks);
    } else if (JSON.stringify(cursors()) !== JSON.stringify(asked)) {
      isWanted = true;
    } else {
      putOff({ error: { message: "sync() has more and does not answer it" }, retryAfterMs: 0 });
    }
  }

  async function take(row: SyncRow): Promise<void> {
    const stream = streams.get(row.stream) ?? createStream(row.stream);
    streams.set(row.stream, stream);
    if (row.start_over) {
      return applied(stream, async () => {
        const { cursor, snapshot } = row;
        await options.apply({ type: "replace", stream: stream.name, cursor, snapshot: snapshot ?? {} });
        stream.cursor = row.cursor;
      });
    }
    const events = row.events ?? [];
    // What comes before it is not worth the work.
    const restart = events.find(({ kind }) => kind === "start_over");
    for (const event of restart ? [restart] : events) {
      if (stopped.aborted) return;
      if (stream.cursor === undefined) return;
      if (event.seq > stream.cursor) await applied(stream, () => applyEvent(stream, event));
    }
  }

  async function applyEvent(stream: Stream, event: StreamEvent): Promise<void> {
    if (event.kind === "start_over") {
      stream.cursor = undefined;
      isWanted = true;
      return;
    }
    const { seq, kind, payload } = event;
    await options.apply({ type: "event", stream: stream.name, seq, kind, payload });
    stream.cursor = seq;
  }

  /** After a failure nobody knows what the client has. So the stream begins again with a snapshot. */
  async function applied(stream: Stream, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      stream.cursor = undefined;
      putOff({ error: error as Error, retryAfterMs: 0 });
    }
  }

  async function forget(name: string): Promise<void> {
    const stream = streams.get(name);
    if (!stream) return;
    if (name !== `user:${userId}`) {
      streams.delete(name);
      void topics.get(name)?.leave();
      topics.delete(name);
    }
    stream.cursor = undefined;
    await applied(stream, async () => options.apply({ type: "gone", stream: name }));
  }

  // Pauses and states ------------------------------------------------------------

  function putOff({ error, retryAfterMs }: Pick<Answer, "error" | "retryAfterMs">): void {
    isWanted = true;
    failed(new Error(error?.message ?? "The request failed"));
    clearTimeout(pause);
    const pauseMs = Math.max(retryAfterMs, backOffMs(++failures, timing));
    isHeldBack = retryAfterMs > 0;
    pause = setTimeout(() => {
      endPause();
      work();
    }, pauseMs);
  }

  function shortly(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        stopped.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, ms);
      stopped.addEventListener("abort", end);
    });
  }

  function endPause(): void {
    clearTimeout(pause);
    pause = undefined;
    isHeldBack = false;
  }

  function failed(error: Error): void {
    if (!stopped.aborted) options.onError?.(error);
    tell();
  }

  function state(): SyncState {
    if (stopped.aborted || userId === undefined) return "offline";
    const isJoined = [...topics.values()].every((topic) => topic.isJoined());
    if (isJoined && !isWanted && !isAsking) return "live";
    return isReachable && pause === undefined ? "catching up" : "offline";
  }

  function tell(): void {
    const now = state();
    if (now === told) return;
    told = now;
    options.onState?.(now);
  }

  function cursors(): Record<string, number> {
    const known = [...streams.values()].filter(({ cursor }) => cursor !== undefined);
    return Object.fromEntries(known.map(({ name, cursor }) => [name, cursor as number]));
  }

  // The end ----------------------------------------------------------------------

  let end: Promise<void> | undefined;
  function stop(): Promise<void> {
    end ??= (async () => {
      stopping.abort();
      running.isRunning = false;
      running.end = Promise.all([
        ...[...topics.values()].map((topic) => topic.leave()),
        outbox.end(),
        working,
      ]).then(() => {});
      auth.subscription.unsubscribe();
      stopWaking();
      clearTimeout(checkAfterJoin);
      endPause();
      tell();
      await running.end;
    })();
    return end;
  }

  const stopWaking = onWake(timing.checkEveryMs, { wake, check: () => void check() });
  const running = { isRunning: true, end: Promise.resolve() };
  ofClients.set(supabase, running);
  if (options.userId !== undefined) void begin(options.userId);
  return { state: () => told, cursors, wake, send: outbox.send, pending: outbox.pending, stop };
}

/** A row of `sync()`. */
interface SyncRow {
  stream: string;
  start_over: boolean;
  cursor: number;
  has_more: boolean;
  events: StreamEvent[] | null;
  snapshot: Record<string, unknown> | null;
}
