/**
 * Applies what happens to the streams, one thing at a time: broadcasts that continue a cursor, and the
 * answers of `sync()` for everything else. sync.ts says when something may be missing.
 */
import type { SupabaseClient } from "@supabase/supabase-js";
import { type BackOff, backOffMs, shortly } from "./back-off.ts";
import { type Answer, type Calling, call } from "./call.ts";
import {
  createStream,
  type Heard,
  hold,
  missed,
  mostAsks,
  next,
  type Stream,
  type StreamEvent,
} from "./stream.ts";

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
  /** Whether the client has heard of something that this snapshot does not have yet. Absent: never. */
  isTooOld?(name: string, snapshot: Record<string, unknown>): boolean;
  /** `isCatchingUp()`, `isPaused()` or `isReachable()` may have changed. */
  changed(): void;
  failed(error: Error): void;
  timing: Timing;
}

export interface CatchUp {
  /** Follows a stream, from this cursor on or from a snapshot. */
  follow(name: string, cursor?: number): void;
  /** `apply` gets nothing more of this stream. One that runs goes on. */
  unfollow(name: string): void;
  /** A broadcast came. */
  heard(name: string, event: Heard): void;
  /** The stream begins again with a snapshot. */
  restart(name: string): void;
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
  /** Asks whether `sync()` has anything new. */
  isBehind(): Promise<boolean>;
  cursorOf(name: string): number | undefined;
  cursors(): Record<string, number>;
  /** Waits for the `apply` that runs. */
  end(): Promise<void>;
}

/** The pause before the next question for an event that was heard and could not be read. It doubles. */
const gapPauseMs = 20;
/** A cursor that is ahead of every stream. `sync()` answers it with a snapshot. */
const ahead = Number.MAX_SAFE_INTEGER;

export function createCatchUp(
  supabase: SupabaseClient,
  calling: Calling,
  { apply, isTooOld, changed, failed, timing }: CatchUpOptions,
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
    const asked = askedCursors();
    const heardBefore = [...streams.values()].map((stream) => ({ stream, seqs: [...stream.held.keys()] }));
    const query = supabase.rpc("sync", { cursors: asked, page_size: timing.pageSize });
    const answer = await call(query, calling);
    if (stopped.aborted) return;
    isReachable = answer.status !== 0;
    if (answer.error) {
      putOff(answer);
    } else if (await takeAll(answer.data as Page[], asked)) {
      failures = 0;
      const refusals = [...streams.values()].map((stream) => stream.refusals);
      const asks = Math.max(0, ...refusals, ...heardBefore.map(({ stream, seqs }) => missed(stream, seqs)));
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
    if (JSON.stringify(askedCursors()) !== JSON.stringify(asked)) isWanted = true;
    else putOff({ error: { message: "sync() has more, and does not answer it" }, retryAfterMs: 0 });
    return false;
  }

  async function take({ stream: name, start_over, cursor, events, snapshot }: Page): Promise<void> {
    const stream = streams.get(name);
    if (!stream) return;
    stream.isKnown = true;
    if (start_over && isTooOld?.(name, snapshot ?? {}) && ++stream.refusals < mostAsks) {
      stream.cursor = undefined;
      isWanted = true;
      return;
    }
    stream.refusals = 0;
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
      if (stopped.aborted || stream.cursor === undefined || streams.get(name) !== stream) return;
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

  /**
   * `sync()` does not know the stream. A client may hear that it may read a stream a moment before
   * `sync()` can see that. So a new stream is asked for a few times.
   */
  async function forget(name: string): Promise<void> {
    const stream = streams.get(name);
    if (!stream) return;
    if (!stream.isKnown && ++stream.refusals < mostAsks) {
      isWanted = true;
      return;
    }
    stream.cursor = undefined;
    await trying(stream, async () => {
      await apply({ type: "gone", stream: name });
      if (streams.get(name) === stream) streams.delete(name);
    });
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

  /** Each stream is named. One that is not named would be one that the client does not follow. */
  function askedCursors(): Record<string, number> {
    return Object.fromEntries([...streams.values()].map(({ name, cursor }) => [name, cursor ?? ahead]));
  }

  return {
    follow,
    unfollow: (name) => void streams.delete(name),
    restart(name) {
      const stream = streams.get(name);
      if (!stream) return;
      stream.cursor = undefined;
      isWanted = true;
      work();
    },
    heard(name, event) {
      const stream = streams.get(name);
      if (!stream) return;
      if (hold(stream, event) === "full") isWanted = true;
      work();
    },
    async isBehind() {
      const asked = askedCursors();
      const answer = await call(supabase.rpc("sync", { cursors: asked, page_size: 1 }), calling);
      if (answer.error) return false;
      const pages = answer.data as Page[];
      return Object.entries(asked).some(([name, cursor]) => {
        const page = pages.find(({ stream }) => stream === name);
        return !page || page.start_over || page.cursor > cursor;
      });
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

/** A row of `sync()`. */
interface Page {
  stream: string;
  start_over: boolean;
  cursor: number;
  has_more: boolean;
  events: StreamEvent[] | null;
  snapshot: Record<string, unknown> | null;
}
