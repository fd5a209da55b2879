/** The queue before the pool: it says which request takes a connection, waits, or is refused. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { clientNetwork } from "../../../platform/client-network.ts";
import {
  createFairQueue,
  type FairQueue,
  type FairQueueOptions,
} from "../../../platform/rest/database/fair-queue.ts";

const stays = { signal: new AbortController().signal };

/** Takes connections until the queue makes the caller wait, and counts them. */
function takeAll(queue: FairQueue, caller: string, anonymous = false): number {
  const client = new AbortController();
  for (let taken = 0; ; taken++) {
    const turn = queue.take(caller, anonymous, client);
    if (turn === undefined) continue;
    turn.catch(() => {});
    client.abort();
    return taken;
  }
}

/** The outcome of a request that had to wait. Undefined while it waits. */
function watch(turn: Promise<void> | undefined): { outcome: unknown } {
  const watched: { outcome: unknown } = { outcome: turn ? undefined : "taken" };
  turn?.then(
    () => {
      watched.outcome = "taken";
    },
    (error) => {
      watched.outcome = error;
    },
  );
  return watched;
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

const sizes: [size: number, known: number[], anonymous: number[]][] = [
  [10, [5, 3, 1, 1, 0], [3, 1, 1, 0]],
  [4, [2, 1, 1, 0], [1, 1, 0]],
  [2, [1, 1, 0], [1, 0]],
  [1, [1, 0], [1, 0]],
];
test.for(sizes)(
  "of %i connections, callers one after the other get their share",
  ([size, known, anonymous]) => {
    using people = createFairQueue({ size });
    expect(known.map((_, index) => takeAll(people, `person ${index}`))).toEqual(known);
    using strangers = createFairQueue({ size });
    expect(anonymous.map((_, index) => takeAll(strangers, `network ${index}`, true))).toEqual(anonymous);
  },
);

test("when all anonymous connections are taken, bob still gets half of the others", () => {
  using queue = createFairQueue({ size: 10 });
  for (let index = 0; index < 20; index++) takeAll(queue, `network ${index}`, true);
  expect(takeAll(queue, "bob")).toBe(3);
});

test("anonymous and known callers who wait are served alternately", async () => {
  using queue = createFairQueue({ size: 2 });
  expect([takeAll(queue, "alice"), takeAll(queue, "bob")]).toEqual([1, 1]);
  const order: string[] = [];
  for (const [caller, anonymous] of [
    ["carol", false],
    ["dave", false],
    ["erin", false],
    ["network 1", true],
    ["network 2", true],
  ] as const) {
    queue.take(caller, anonymous, stays)?.then(() => {
      order.push(caller);
      queue.giveBack(caller, anonymous);
    });
  }
  queue.giveBack("bob", false);
  await settled();
  expect(order).toEqual(["carol", "network 1", "dave", "network 2", "erin"]);
});

test("a caller's request beyond the bound is refused at once; others may still wait", async () => {
  using queue = createFairQueue({ size: 1, callerWaitingMax: 3 });
  expect(takeAll(queue, "alice")).toBe(1);
  const waiting = [1, 2, 3].map(() => watch(queue.take("alice", false, stays)));
  expect(() => queue.take("alice", false, stays)).toThrow(
    expect.objectContaining({
      status: 429,
      body: expect.objectContaining({ code: "PGRST003" }),
      headers: [["Retry-After", expect.stringMatching(/^[1-9]\d*$/)]],
    }),
  );
  const bob = watch(queue.take("bob", false, stays));
  queue.giveBack("alice", false);
  await settled();
  expect([...waiting, bob].map(({ outcome }) => outcome)).toEqual(["taken", undefined, undefined, undefined]);
  queue.giveBack("alice", false);
  await settled();
  expect(bob.outcome).toBe("taken");
});

test("when the queue is full, the longest waits give way to a newcomer", async () => {
  using queue = createFairQueue({ size: 1, callerWaitingMax: 10, crowdWaitingMax: 4 });
  expect(queue.take("alice", false, stays)).toBeUndefined();
  const mallory = [1, 2, 3, 4].map(() => watch(queue.take("mallory", false, stays)));
  const full = expect.objectContaining({
    status: 503,
    body: expect.objectContaining({ code: "PGRST003" }),
    headers: [["Retry-After", expect.stringMatching(/^[1-9]\d*$/)]],
  });
  expect(() => queue.take("mallory", false, stays)).toThrow(full);
  const bob = watch(queue.take("bob", false, stays));
  const carol = watch(queue.take("carol", false, stays));
  await settled();
  expect(mallory.map(({ outcome }) => outcome)).toEqual([undefined, undefined, full, full]);
  expect([bob.outcome, carol.outcome]).toEqual([undefined, undefined]);
  // mallory has two waiting requests now. With one more, bob would have as many.
  expect(() => queue.take("bob", false, stays)).toThrow(full);
  // Anonymous callers wait elsewhere.
  expect(watch(queue.take("network", true, stays)).outcome).toBeUndefined();
});

test("a request that waits too long gets an error, and takes no turn afterwards", async () => {
  using queue = createFairQueue({ size: 1, waitMs: 20 });
  expect(queue.take("alice", false, stays)).toBeUndefined();
  await expect(queue.take("bob", false, stays)).rejects.toMatchObject({
    status: 504,
    body: { code: "PGRST003", message: "Timed out acquiring connection from connection pool." },
    headers: [["Retry-After", expect.stringMatching(/^[1-9]\d*$/)]],
  });
  queue.giveBack("alice", false);
  expect(queue.take("carol", false, stays)).toBeUndefined();
});

test("a client who leaves while waiting frees the place at once", async () => {
  using queue = createFairQueue({ size: 1, callerWaitingMax: 1 });
  expect(queue.take("alice", false, stays)).toBeUndefined();
  const client = new AbortController();
  const gone = watch(queue.take("bob", false, client));
  expect(() => queue.take("bob", false, stays)).toThrow();
  client.abort();
  const next = watch(queue.take("bob", false, stays));
  expect(() => queue.take("bob", false, client)).toThrow();
  queue.giveBack("alice", false);
  await settled();
  expect(gone.outcome).toMatchObject({ status: 499 });
  expect(next.outcome).toBe("taken");
});

test("a request that waits when the queue ends gets an error", async () => {
  const queue = createFairQueue({ size: 1 });
  expect(queue.take("alice", false, stays)).toBeUndefined();
  const waiting = [watch(queue.take("bob", false, stays)), watch(queue.take("network", true, stays))];
  queue[Symbol.dispose]();
  await settled();
  expect(waiting).toMatchObject([{ outcome: { status: 503 } }, { outcome: { status: 503 } }]);
});

// The property: callers do random things, and the rules of the header hold after every step.

const people = ["alice", "bob", "carol"].map((name) => ({ name, anonymous: false }));
const networks = ["192.0.2.1", "192.0.2.2", "192.0.2.3"].map((name) => ({ name, anonymous: true }));
const callers = [...people, ...networks];
type Caller = (typeof callers)[number];

interface Ask {
  caller: Caller;
  client: AbortController;
  state: "waiting" | "running" | "refused" | "gone" | "done";
  settlings: number;
}

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ take: fc.nat(callers.length - 1) }) },
  { weight: 3, arbitrary: fc.record({ giveBack: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ leave: fc.nat() }) },
);

test("no share is exceeded, nobody starves, bounds hold and everybody gets an answer", async () => {
  const options = fc.record({
    size: fc.integer({ min: 1, max: 8 }),
    callerWaitingMax: fc.integer({ min: 1, max: 6 }),
    crowdWaitingMax: fc.integer({ min: 1, max: 8 }),
  });
  await fc.assert(
    fc.asyncProperty(options, fc.array(step, { maxLength: 80 }), async (bounds, steps) => {
      const house = createHouse(bounds);
      for (const each of steps) {
        if ("take" in each) house.take(callers[each.take] as Caller);
        else if ("giveBack" in each) house.giveBack(each.giveBack);
        else house.leave(each.leave);
        await settled();
        house.check();
      }
      // Nobody comes any more: every request that waits gets its turn.
      while (house.with("running").length > 0) {
        house.giveBack(0);
        await settled();
        house.check();
      }
      expect(house.with("waiting")).toEqual([]);
      for (const { state, settlings } of house.asks)
        expect({ state, settlings }).toEqual({ state, settlings: 1 });
    }),
    { numRuns: 200 },
  );
});

function createHouse(bounds: FairQueueOptions & { callerWaitingMax: number; crowdWaitingMax: number }) {
  const queue = createFairQueue(bounds);
  const asks: Ask[] = [];
  /** For callers who wait and hold nothing: how often each other caller was served meanwhile. */
  const passedBy = new Map<Caller, Map<Caller, number>>();
  const having = (state: Ask["state"], caller?: Caller) =>
    asks.filter((ask) => ask.state === state && (caller === undefined || ask.caller === caller));
  const pick = (state: Ask["state"], index: number) => {
    const all = having(state);
    return all[index % Math.max(all.length, 1)];
  };

  function served(ask: Ask): void {
    const [oldest] = having("waiting", ask.caller);
    if (oldest) expect(oldest, "a caller's own requests keep their order").toBe(ask);
    ask.state = "running";
    for (const [waiting, counts] of passedBy) {
      if (waiting.anonymous === ask.caller.anonymous && waiting !== ask.caller) {
        counts.set(ask.caller, (counts.get(ask.caller) ?? 0) + 1);
      }
    }
  }

  return {
    asks,
    with: having,
    take(caller: Caller) {
      const ask: Ask = { caller, client: new AbortController(), state: "waiting", settlings: 0 };
      let turn: Promise<void> | undefined;
      try {
        turn = queue.take(caller.name, caller.anonymous, ask.client);
      } catch {
        ask.state = "refused";
        ask.settlings++;
        const waiting = having("waiting").filter((each) => each.caller.anonymous === caller.anonymous);
        const own = having("waiting", caller);
        expect(own.length === bounds.callerWaitingMax || waiting.length === bounds.crowdWaitingMax).toBe(
          true,
        );
        asks.push(ask);
        return;
      }
      if (turn === undefined) {
        ask.settlings++;
        served(ask);
      }
      asks.push(ask);
      turn?.then(
        () => {
          ask.settlings++;
          served(ask);
        },
        () => {
          ask.settlings++;
          if (ask.state === "waiting") ask.state = "refused";
        },
      );
    },
    giveBack(index: number) {
      const ask = pick("running", index);
      if (!ask) return;
      ask.state = "done";
      queue.giveBack(ask.caller.name, ask.caller.anonymous);
    },
    leave(index: number) {
      const ask = pick("waiting", index);
      if (!ask) return;
      ask.state = "gone";
      ask.client.abort();
    },
    check() {
      const half = Math.max(1, Math.floor(bounds.size / 2));
      const free = bounds.size - having("running").length;
      const anonymousFree = half - having("running").filter(({ caller }) => caller.anonymous).length;
      expect(free).toBeGreaterThanOrEqual(0);
      expect(anonymousFree).toBeGreaterThanOrEqual(0);
      for (const group of [people, networks]) {
        const waiting = group.flatMap((caller) => having("waiting", caller));
        expect(waiting.length).toBeLessThanOrEqual(bounds.crowdWaitingMax);
      }
      for (const caller of callers) {
        const held = having("running", caller).length;
        const waiting = having("waiting", caller).length;
        expect(waiting).toBeLessThanOrEqual(bounds.callerWaitingMax);
        const room = caller.anonymous ? Math.min(free, anonymousFree) : free;
        if (waiting > 0)
          expect(held, `${caller.name} waits only for what is not theirs`).toBeGreaterThanOrEqual(room);
        if (waiting === 0 || held > 0) passedBy.delete(caller);
        else if (!passedBy.has(caller)) passedBy.set(caller, new Map());
      }
      for (const counts of passedBy.values()) expect(Math.max(0, ...counts.values())).toBeLessThanOrEqual(1);
    },
  };
}

const networksOf: [address: string, network: string][] = [
  ["203.0.113.9", "203.0.113.9"],
  ["::ffff:203.0.113.9", "203.0.113.9"],
  ["::FFFF:203.0.113.9", "203.0.113.9"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001:0002::1", "2001:db8:1:2::/64"],
  ["2001:db8::", "2001:db8:0:0::/64"],
  ["2001:db8::1.2.3.4", "2001:db8:0:0::/64"],
  ["::1:2:3:4:5:1.2.3.4", "0:1:2:3::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::1", "0:0:0:0::/64"],
  ["", ""],
  ["nobody:knows", "nobody:knows"],
];
test.for(networksOf)("the network of '%s' is '%s'", ([address, network]) => {
  expect(clientNetwork(address)).toBe(network);
});
