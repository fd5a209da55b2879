/**
 * Applies what happens to the streams, one thing at a time: broadcasts that continue a cursor, and the
 * answers of `sync()` for everything else. sync.ts says when something may be missing.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type BackOff, backOffMs } from "./back-off.ts";
import { type Answer, type Calling, call } from "./call.ts";
import { createStream, hold, missed, next, type Stream, type StreamEvent } from "./stream.ts";

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

export interface Timing extends BackOff {
  /** How often `unread()` is asked. */
  checkEveryMs: number;
  /**
   * When it is asked after a join, at the earliest. An event that was sent just before a join may be
   * readable only just after it.
   */
  checkAfterJoinMs: number;
  /** How long one request may take. */
  callTimeoutMs: number;
  /** How many events one answer of `sync()` has at most. */
  pageSize: number;
}

export interface CatchUpOptions {
  apply(change: Change): void | Promise<void>;
  /** `isCatchingUp()`, `isPaused()` or `isReachable()` may have changed. */
  changed(): void;
  failed(error: Error): void;
  timing: Timing;
}

export interface CatchUp {
  /** Follows a stream, from this cursor on or from a snapshot. */
  follow(name: string, cursor?: number): void;
  /** A broadcast came. */
  heard(name: string, event: StreamEvent): void;
  /** Something may be missing: asks `sync()` as soon as possible. */
  want(): void;
  /** Does not wait for the end of a pause, unless the server asked for it. */
  hurry(): void;
  /** Whether `sync()` is asked, or has to be. */
  isCatchingUp(): boolean;
  /** Whether it waits before its next try. */
  isPaused(): boolean;
  /** Whether the last try got an answer. */
  isReachable(): boolean;
  cursorOf(name: string): number | undefined;
  cursors(): Record<string, number>;
  /** Waits for the `apply` that runs. */
  end(): Promise<void>;
}

/** The pause before the next question for an event that was heard and could not be read. It doubles. */
const gapPauseMs = 20;

export function createCatchUp(
  supabase: SupabaseClient,
  calling: Calling,
  { apply, changed, failed, timing }: CatchUpOptions,
): CatchUp {
  const { stopped } = calling;
  const streams = new Map<string, Stream>();
  let isWanted = false;
  let isAsking = false;
  let isReachable = true;
  let failures = 0;
  let pause: ReturnType<typeof setTimeout> | undefined;
  /** The server said when to come back. Then a pause ends only by itself. */
  let isHeldBack = false;
  let working: Promise<void> | undefined;

  function work(): void {
    if (!stopped.aborted) working ??= workOff();
    changed();
  }

  async function workOff(): Promise<void> {
    // Nothing is done before `working` is set.
    await Promise.resolve();
    try {
      while (!stopped.aborted) {
        const found = nextEvent();
        if (found) await trying(found.stream, () => applyEvent(found.stream, found.event));
        else if (isWanted && pause === undefined) await ask();
        else return;
      }
    } finally {
      working = undefined;
      changed();
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

  async function ask(): Promise<void> {
    isWanted = false;
    isAsking = true;
    changed();
    const asked = cursors();
    const heardBefore = [...streams.values()].map((stream) => ({ stream, seqs: [...stream.held.keys()] }));
    const query = supabase.rpc("sync", { cursors: asked, page_size: timing.pageSize });
    const answer = await call(query, calling);
    if (stopped.aborted) return;
    isReachable = answer.status !== 0;
    if (answer.error) {
      putOff(answer);
    } else if (await takeAll(answer.data as Page[], asked)) {
      failures = 0;
      const asks = Math.max(0, ...heardBefore.map(({ stream, seqs }) => missed(stream, seqs)));
      if (asks > 0) await shortly(gapPauseMs * 2 ** (asks - 1), stopped);
    }
    isAsking = false;
  }

  /** @returns whether the streams are at their ends now, as far as the answer knows */
  async function takeAll(pages: Page[], asked: Record<string, number>): Promise<boolean> {
    const failuresBefore = failures;
    for (const page of pages) await take(page);
    const gone = Object.keys(asked).filter((name) => !pages.some(({ stream }) => stream === name));
    for (const name of gone) await forget(name);
    if (failures > failuresBefore) return false;
    if (!pages.some(({ has_more }) => has_more)) return true;
    if (JSON.stringify(cursors()) !== JSON.stringify(asked)) isWanted = true;
    else putOff({ error: { message: "sync() has more, and does not answer it" }, retryAfterMs: 0 });
    return false;
  }

  async function take({ stream: name, start_over, cursor, events, snapshot }: Page): Promise<void> {
    const stream = follow(name);
    if (start_over) {
      await trying(stream, async () => {
        await apply({ type: "replace", stream: name, cursor, snapshot: snapshot ?? {} });
        stream.cursor = cursor;
      });
      return;
    }
    // The snapshot has all that comes before a start_over.
    const restart = events?.find(({ kind }) => kind === "start_over");
    for (const event of restart ? [restart] : (events ?? [])) {
      if (stopped.aborted || stream.cursor === undefined) return;
      if (event.seq > stream.cursor) await trying(stream, () => applyEvent(stream, event));
    }
  }

  async function applyEvent(stream: Stream, event: StreamEvent): Promise<void> {
    if (event.kind === "start_over") {
      stream.cursor = undefined;
      isWanted = true;
      return;
    }
    const { seq, kind, payload } = event;
    await apply({ type: "event", stream: stream.name, seq, kind, payload });
    stream.cursor = seq;
  }

  /** After a failure nobody knows what the client has. So the stream begins again with a snapshot. */
  async function trying(stream: Stream, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      stream.cursor = undefined;
      putOff({ error: error as Error, retryAfterMs: 0 });
    }
  }

  function follow(name: string, cursor?: number): Stream {
    const stream = streams.get(name) ?? createStream(name, cursor);
    streams.set(name, stream);
    return stream;
  }

  /** The stream stays, without a cursor: the viewer may read it again one day. */
  async function forget(name: string): Promise<void> {
    const stream = follow(name);
    stream.cursor = undefined;
    stream.held.clear();
    await trying(stream, async () => apply({ type: "gone", stream: name }));
  }

  function putOff({ error, retryAfterMs }: Pick<Answer, "error" | "retryAfterMs">): void {
    isWanted = true;
    isHeldBack = retryAfterMs > 0;
    clearTimeout(pause);
    pause = setTimeout(
      () => {
        endPause();
        work();
      },
      Math.max(retryAfterMs, backOffMs(++failures, timing)),
    );
    failed(new Error(error?.message ?? "The request failed"));
  }

  function endPause(): void {
    clearTimeout(pause);
    pause = undefined;
    isHeldBack = false;
  }

  function cursors(): Record<string, number> {
    const known = [...streams.values()].filter(({ cursor }) => cursor !== undefined);
    return Object.fromEntries(known.map(({ name, cursor }) => [name, cursor as number]));
  }

  return {
    follow,
    heard(name, event) {
      if (hold(follow(name), event) === "full") isWanted = true;
      work();
    },
    want() {
      isWanted = true;
      work();
    },
    hurry() {
      if (!isHeldBack) endPause();
    },
    isCatchingUp: () => isWanted || isAsking,
    isPaused: () => pause !== undefined,
    isReachable: () => isReachable,
    cursorOf: (name) => streams.get(name)?.cursor,
    cursors,
    async end() {
      endPause();
      await working;
    },
  };
}

/** Waits, and not longer than until everything is stopped. */
function shortly(ms: number, stopped: AbortSignal): Promise<void> {
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

/** A row of `sync()`. */
interface Page {
  stream: string;
  start_over: boolean;
  cursor: number;
  has_more: boolean;
  events: StreamEvent[] | null;
  snapshot: Record<string, unknown> | null;
}
