/** The order of one stream: broadcasts come in any order, and are applied once and in order. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { createStream, hold, missed, next, type Stream, type StreamEvent } from "../../clients/stream.ts";

const event = (seq: number): StreamEvent => ({ seq, kind: "notification", payload: {} });

/** Applies what continues the cursor. */
function drain(stream: Stream, applied: number[]): void {
  for (let found = next(stream); found; found = next(stream)) {
    applied.push(found.seq);
    stream.cursor = found.seq;
  }
}

test("broadcasts in any order, some of them twice, are applied once and in order", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 60 }), (seqs) => {
      const stream = createStream("user:alice", 0);
      const applied: number[] = [];
      for (const seq of seqs) {
        hold(stream, event(seq));
        drain(stream, applied);
      }
      // All up to the first one that never came.
      const gap = Array.from({ length: 21 }, (_, i) => i + 1).find((seq) => !seqs.includes(seq)) as number;
      expect(applied).toEqual(Array.from({ length: gap - 1 }, (_, i) => i + 1));
      // The others wait for the gap, each once.
      expect([...stream.held.keys()].toSorted((a, b) => a - b)).toEqual(
        [...new Set(seqs.filter((seq) => seq > gap))].toSorted((a, b) => a - b),
      );
    }),
  );
});

test("without a cursor nothing is applied, and what the snapshot has is forgotten", () => {
  const stream = createStream("user:alice");
  for (const seq of [4, 5, 6]) expect(hold(stream, event(seq))).toBe("held");
  expect(next(stream)).toBeUndefined();
  stream.cursor = 5;
  expect(next(stream)?.seq).toBe(6);
  expect([...stream.held.keys()]).toEqual([6]);
});

test("old and malformed broadcasts are dropped", () => {
  const stream = createStream("user:alice", 5);
  const malformed = [
    null,
    undefined,
    "hello",
    {},
    { seq: "6", kind: "read" },
    { seq: 6 },
    { seq: 6.5, kind: "read" },
  ];
  for (const payload of [event(5), event(1), ...malformed]) {
    expect(hold(stream, payload as StreamEvent)).toBe("dropped");
  }
  expect(hold(stream, event(6))).toBe("held");
});

test("what is held has a bound", () => {
  const stream = createStream("user:alice", 0);
  for (let seq = 2; seq <= 1_001; seq++) expect(hold(stream, event(seq))).toBe("held");
  expect(hold(stream, event(1_002))).toBe("full");
  expect(stream.held.size).toBe(1_000);
});

test("an event that sync() never knows is given up after six questions", () => {
  const stream = createStream("user:alice", 3);
  hold(stream, event(9));
  const asks = Array.from({ length: 6 }, () => missed(stream, [9]));
  expect(asks).toEqual([1, 2, 3, 4, 5, 0]);
  expect(stream.held.size).toBe(0);
});

test("a broadcast without a payload is not applied, and is asked for until sync() brings it", () => {
  const stream = createStream("conversation:1", 3);
  hold(stream, { seq: 4, kind: "message", payload: null });
  expect(next(stream)).toBeUndefined();
  expect(missed(stream, [4])).toBe(1);
  // The event itself may come later, and is not replaced by one that says less.
  hold(stream, event(4));
  hold(stream, { seq: 4, kind: "news", payload: null });
  expect(next(stream)).toEqual(event(4));
  expect(missed(stream, [4])).toBe(0);
});

test("an event that sync() brought meanwhile is not missed", () => {
  const stream = createStream("user:alice", 3);
  for (const seq of [5, 6]) hold(stream, event(seq));
  stream.cursor = 5;
  expect(missed(stream, [5, 6])).toBe(0);
  expect(next(stream)?.seq).toBe(6);
});
