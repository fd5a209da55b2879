/**
 * Catching up on several streams, against a model of the server: logs, broadcasts that get lost, doubled,
 * reordered and emptied, calls that fail, retention, and streams that end, are closed and opened again.
 * In all of this each stream is applied once and in order, and is complete at the end.
 */

import type { SupabaseClient } from "@supabase/supabase-js";
import fc from "fast-check";
import { expect, onTestFinished, test, vi } from "vitest";
import { type Change, createCatchUp } from "../../clients/catch-up.ts";
import type { StreamEvent } from "../../clients/stream.ts";

const names = ["user:alice", "conversation:1", "conversation:2"];

/** The things that may happen. */
type Step =
  | { do: "append"; stream: number; count: number; fate: "heard" | "lost" | "twice" | "late" | "empty" }
  | { do: "forget"; stream: number }
  | { do: "end" | "close" | "open" | "restart"; stream: number }
  | { do: "ask" }
  | { do: "fail"; how: "network" | "server" | "lost" }
  | { do: "breakApply" }
  | { do: "rest" };

const stream = fc.nat({ max: names.length - 1 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant("append" as const),
      stream,
      count: fc.integer({ min: 1, max: 3 }),
      fate: fc.constantFrom(...(["heard", "lost", "twice", "late", "empty"] as const)),
    }),
  },
  fc.record({ do: fc.constant("forget" as const), stream }),
  fc.record({ do: fc.constant("end" as const), stream: fc.integer({ min: 1, max: 2 }) }),
  fc.record({
    do: fc.constantFrom(...(["close", "open", "open", "restart"] as const)),
    stream: fc.integer({ min: 1, max: 2 }),
  }),
  fc.constant({ do: "ask" as const }),
  fc.record({
    do: fc.constant("fail" as const),
    how: fc.constantFrom("network" as const, "server" as const, "lost" as const),
  }),
  fc.constant({ do: "breakApply" as const }),
  { weight: 3, arbitrary: fc.constant({ do: "rest" as const }) },
);

/** The server: for each stream its newest number, and the oldest one that it still has. */
function createServer() {
  const logs = new Map(names.map((name) => [name, { newest: 0, oldest: 1 }]));
  const failures: ("network" | "server" | "lost")[] = [];
  /** The next answer leaves out this many events of each stream: they were sent and cannot be read yet. */
  let lag = 0;
  const eventOf = (seq: number): StreamEvent => ({ seq, kind: "notification", payload: { seq } });

  function sync(cursors: Record<string, number>, pageSize: number) {
    const unreadable = lag;
    lag = 0;
    const asked = [...logs.keys()].filter((name) => name.startsWith("user:") || name in cursors);
    return asked.map((name) => {
      const log = logs.get(name) as { newest: number; oldest: number };
      const newest = Math.max(0, log.newest - unreadable);
      const cursor = cursors[name];
      const starts_over = cursor === undefined || cursor > log.newest || cursor + 1 < log.oldest;
      if (starts_over) {
        return {
          stream: name,
          start_over: true,
          cursor: newest,
          has_more: false,
          events: [],
          snapshot: { seq: newest },
        };
      }
      const to = Math.max(cursor, Math.min(newest, cursor + pageSize));
      const events = Array.from({ length: to - cursor }, (_, n) => eventOf(cursor + 1 + n));
      return { stream: name, start_over: false, cursor: to, has_more: to < newest, events, snapshot: null };
    });
  }

  const client = {
    rpc(_: string, { cursors, page_size }: { cursors: Record<string, number>; page_size: number }) {
      const answer = async () => {
        await Promise.resolve();
        const failure = failures.shift();
        if (failure === "network") return { data: null, error: { message: "network" }, status: 0 };
        if (failure === "server") return { data: null, error: { message: "server" }, status: 503 };
        const data = sync(cursors, page_size);
        await Promise.resolve();
        if (failure === "lost") return { data: null, error: { message: "lost" }, status: 0 };
        return { data, error: null, status: 200 };
      };
      return { abortSignal: () => answer() };
    },
  };
  return {
    client: client as unknown as SupabaseClient,
    logs,
    failures,
    eventOf,
    lag(events: number) {
      lag = events;
    },
  };
}

test("every stream is applied once, in order, and completely", async () => {
  const seen = { snapshots: 0, events: 0, ends: 0, failures: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), async (steps) => {
      vi.useFakeTimers();
      onTestFinished(() => void vi.useRealTimers());
      const server = createServer();
      const cursors = new Map<string, number>();
      const open = new Set(names);
      let isBroken = false;
      const stopping = new AbortController();
      const apply = async (change: Change) => {
        expect(open).toContain(change.stream);
        await Promise.resolve();
        if (isBroken) {
          isBroken = false;
          cursors.delete(change.stream);
          throw new Error("broken");
        }
        if (change.type === "replace") {
          seen.snapshots++;
          cursors.set(change.stream, change.cursor);
        } else if (change.type === "event") {
          seen.events++;
          expect(change.seq).toBe((cursors.get(change.stream) ?? Number.NaN) + 1);
          cursors.set(change.stream, change.seq);
        } else {
          seen.ends++;
          open.delete(change.stream);
          cursors.delete(change.stream);
        }
      };
      const catchUp = createCatchUp(
        server.client,
        {
          timeoutMs: 1_000,
          stopped: stopping.signal,
          isSignedIn: async () => true,
          renewToken: async () => {},
        },
        {
          apply,
          changed: () => {},
          failed: () => void seen.failures++,
          timing: {
            checkEveryMs: 0,
            checkAfterJoinMs: 0,
            callTimeoutMs: 1_000,
            pageSize: 2,
            baseMs: 5,
            maxMs: 20,
          },
        },
      );
      for (const name of names) catchUp.follow(name);
      catchUp.want();
      const late: [string, StreamEvent][] = [];
      for (const now of steps) {
        if (now.do === "append") {
          const name = names[now.stream] as string;
          const log = server.logs.get(name) ?? { newest: 0 };
          for (let n = 0; n < now.count; n++) {
            const event = server.eventOf(++log.newest);
            if (now.fate === "late") late.unshift([name, event]);
            if (now.fate === "heard" || now.fate === "twice") catchUp.heard(name, event);
            if (now.fate === "twice") catchUp.heard(name, event);
            if (now.fate === "empty") catchUp.heard(name, { ...event, payload: null });
          }
          if (now.fate === "heard") server.lag(now.count);
        } else if (now.do === "forget") {
          const log = server.logs.get(names[now.stream] as string);
          if (log) log.oldest = log.newest + 1;
        } else if (now.do === "end") server.logs.delete(names[now.stream] as string);
        else if (now.do === "close") {
          // One that runs goes on, and then nothing comes.
          catchUp.unfollow(names[now.stream] as string);
          await vi.advanceTimersByTimeAsync(0);
          open.delete(names[now.stream] as string);
          cursors.delete(names[now.stream] as string);
        } else if (now.do === "open") {
          open.add(names[now.stream] as string);
          catchUp.follow(names[now.stream] as string);
          catchUp.want();
        } else if (now.do === "restart") catchUp.restart(names[now.stream] as string);
        else if (now.do === "ask") catchUp.want();
        else if (now.do === "fail") server.failures.push(now.how);
        else if (now.do === "breakApply") isBroken = true;
        else {
          for (const [name, event] of late.splice(0)) catchUp.heard(name, event);
          await vi.advanceTimersByTimeAsync(10);
        }
      }
      // A quiet moment: what failed before may still come, and then everything is asked for.
      isBroken = false;
      server.lag(0);
      await vi.advanceTimersByTimeAsync(3_000);
      catchUp.want();
      await vi.advanceTimersByTimeAsync(3_000);
      const followed = [...server.logs].filter(([name]) => open.has(name));
      const newest = Object.fromEntries(followed.map(([name, log]) => [name, log.newest]));
      expect(catchUp.cursors()).toEqual(newest);
      expect(Object.fromEntries(cursors)).toEqual(newest);
      expect(catchUp.isCatchingUp()).toBe(false);
      stopping.abort();
      await catchUp.end();
      expect(vi.getTimerCount()).toBe(0);
      vi.useRealTimers();
    }),
    { numRuns: 300 },
  );
  // The histories were not empty.
  expect(Math.min(...Object.values(seen))).toBeGreaterThan(100);
});

test("an event that was heard before sync() can read it is asked for again", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const server = createServer();
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const seqs: number[] = [];
  const catchUp = createCatchUp(
    server.client,
    { timeoutMs: 1_000, stopped: stopping.signal, isSignedIn: async () => true, renewToken: async () => {} },
    {
      apply: (change) => void (change.type === "event" && seqs.push(change.seq)),
      changed: () => {},
      failed: () => {},
      timing: { checkEveryMs: 0, checkAfterJoinMs: 0, callTimeoutMs: 1_000, pageSize: 200 },
    },
  );
  catchUp.follow("user:alice", 0);
  server.logs.set("user:alice", { newest: 3, oldest: 1 });
  // Two broadcasts were lost. The third one came, and sync() cannot read the last two events yet.
  server.lag(2);
  catchUp.heard("user:alice", server.eventOf(3));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(seqs).toEqual([1, 2, 3]);
  expect(catchUp.isCatchingUp()).toBe(false);
});

test("a new stream that sync() cannot see yet is asked for again, and one that does not exist is gone", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const server = createServer();
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  const told: string[] = [];
  const catchUp = createCatchUp(
    server.client,
    { timeoutMs: 1_000, stopped: stopping.signal, isSignedIn: async () => true, renewToken: async () => {} },
    {
      apply: ({ type, stream }) => void told.push(`${type} ${stream}`),
      changed: () => {},
      failed: () => {},
      timing: { checkEveryMs: 0, checkAfterJoinMs: 0, callTimeoutMs: 1_000, pageSize: 200 },
    },
  );
  server.logs.delete("conversation:1");
  server.logs.delete("conversation:2");
  catchUp.follow("conversation:1");
  catchUp.follow("conversation:2");
  catchUp.want();
  await vi.advanceTimersByTimeAsync(30);
  expect(told).toEqual([]);
  server.logs.set("conversation:1", { newest: 5, oldest: 1 });
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told).toEqual(["replace conversation:1", "gone conversation:2"]);
  expect(catchUp.isCatchingUp()).toBe(false);
});

test("a snapshot that is older than what the client heard is asked for again, a few times", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const server = createServer();
  const stopping = new AbortController();
  onTestFinished(() => stopping.abort());
  let tooOld = 2;
  const told: string[] = [];
  const catchUp = createCatchUp(
    server.client,
    { timeoutMs: 1_000, stopped: stopping.signal, isSignedIn: async () => true, renewToken: async () => {} },
    {
      apply: ({ type }) => void told.push(`${type} ${tooOld}`),
      isTooOld: () => tooOld-- > 0,
      changed: () => {},
      failed: () => {},
      timing: { checkEveryMs: 0, checkAfterJoinMs: 0, callTimeoutMs: 1_000, pageSize: 200 },
    },
  );
  server.logs.set("conversation:1", { newest: 5, oldest: 1 });
  catchUp.follow("conversation:1");
  catchUp.want();
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told).toEqual(["replace -1"]);
  // It takes the snapshot at last, so it never waits for ever.
  tooOld = 1_000;
  catchUp.restart("conversation:1");
  await vi.advanceTimersByTimeAsync(2_000);
  expect(told).toEqual(["replace -1", "replace 994"]);
  expect(catchUp.isCatchingUp()).toBe(false);
});
