/**
 * Many clients do anything in any order. They join, leave and are cut off one after
 * another, so that the test knows who is on which topic. Then all send at once, and some
 * hang up in the middle. Everybody must have heard what the rules say.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type Frame, push, type RawSocket } from "./raw-socket.ts";
import { createTown, freshRoom, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town[Symbol.asyncDispose]());

const clients = 6;
const topics = 3;
type Kind = "text" | "json" | "bytes";

const who = fc.nat(clients - 1);
const where = fc.nat(topics - 1);
const join = fc.record({
  do: fc.constant("join" as const),
  who,
  where,
  self: fc.boolean(),
  presence: fc.boolean(),
});
const move = fc.oneof(
  { arbitrary: join, weight: 3 },
  fc.record({ do: fc.constant("leave" as const), who, where }),
  fc.record({ do: fc.constant("track" as const), who, where, value: fc.nat(3) }),
  fc.record({ do: fc.constant("untrack" as const), who, where }),
  fc.record({ do: fc.constant("cut" as const), who }),
);
const burst = fc.record({
  who,
  where,
  kinds: fc.array(fc.constantFrom<Kind>("text", "json", "bytes"), { minLength: 1, maxLength: 8 }),
});
const round = fc.record({
  moves: fc.array(move, { maxLength: 12 }),
  bursts: fc.array(burst, { maxLength: 12 }),
  /** The clients that hang up right after sending. */
  lost: fc.option(who, { freq: 3 }),
});

interface Member {
  self: boolean;
  /** Whether it has got the presence state. */
  watches: boolean;
  tracked?: number;
}

interface Sent {
  id: string;
  from: number;
  where: number;
  kind: Kind;
}

interface Party {
  names: string[];
  sockets: RawSocket[];
  /** The clients on each topic. */
  members: Map<number, Member>[];
  /** For each client and topic: the presence that the client knows of. */
  views: Map<string, string[]>[][];
  ids: number;
}

/** Every second client speaks the older protocol. */
const isOld = (client: number) => client % 2 === 1;
/** Two clients share each key. */
const keyOf = (client: number) => `key-${client % 3}`;

async function open(party: Party, client: number): Promise<void> {
  party.sockets[client] = await town.raw({ vsn: isOld(client) ? "1.0.0" : "2.0.0" });
}

/** Waits until the server has noticed that somebody hung up. */
async function gone(client: number | null): Promise<void> {
  if (client === null) return;
  await vi.waitFor(() => expect(town.realtime.counts().connections).toBe(clients - 1), {
    ...patience,
    interval: 1,
  });
}

async function replace(party: Party, client: number): Promise<void> {
  for (const members of party.members) members.delete(client);
  party.views[client] = [];
  await open(party, client);
}

async function apply(
  party: Party,
  step: typeof move extends fc.Arbitrary<infer T> ? T : never,
): Promise<void> {
  const client = step.who;
  const socket = party.sockets[client] as RawSocket;
  if (step.do === "cut") {
    socket.ws.terminate();
    await gone(client);
    return replace(party, client);
  }
  const topic = party.names[step.where] as string;
  const members = party.members[step.where] as Map<number, Member>;
  const member = members.get(client);
  const ref = `ref-${party.ids++}`;
  switch (step.do) {
    case "join": {
      const config = {
        broadcast: { self: step.self },
        presence: { key: keyOf(client), enabled: step.presence },
      };
      expect((await socket.join(topic, config, { ref })).payload.status).toBe("ok");
      members.set(client, { self: step.self, watches: step.presence });
      return;
    }
    case "leave":
      socket.send(null, ref, topic, "phx_leave");
      await socket.reply(ref);
      members.delete(client);
      return;
    case "track":
      socket.send(null, ref, topic, "presence", { event: "track", payload: { value: step.value } });
      expect((await socket.reply(ref)).payload.status).toBe(member ? "ok" : "error");
      if (member) Object.assign(member, { watches: true, tracked: step.value });
      return;
    case "untrack":
      socket.send(null, ref, topic, "presence", { event: "untrack" });
      await socket.reply(ref);
      if (member) member.tracked = undefined;
  }
}

function send(party: Party, { from, where: place, kind, id }: Sent): void {
  const { ws } = party.sockets[from] as RawSocket;
  const topic = party.names[place] as string;
  const payload = { type: "broadcast", event: id, payload: { id } };
  if (isOld(from)) ws.send(JSON.stringify({ topic, event: "broadcast", payload, ref: id }));
  else if (kind === "text") ws.send(JSON.stringify([null, id, topic, "broadcast", payload]));
  else ws.send(push(topic, id, kind === "bytes" ? Buffer.from(id) : { id }, { ref: id }));
}

/** Takes the frames since the last time, and updates the client's view of presence. */
function take(party: Party, client: number): Frame[] {
  const frames = (party.sockets[client] as RawSocket).frames.splice(0);
  for (const { topic, event, payload } of frames) {
    const views = party.views[client] as Map<string, string[]>[];
    const place = party.names.indexOf(topic);
    if (event === "presence_state") views[place] = viewOf(payload);
    if (event !== "presence_diff") continue;
    const view: Map<string, string[]> = views[place] ?? new Map();
    views[place] = view;
    for (const [key, metas] of viewOf(payload.leaves)) {
      const left = (view.get(key) ?? []).filter((meta) => !metas.includes(meta));
      if (left.length > 0) view.set(key, left);
      else view.delete(key);
    }
    for (const [key, metas] of viewOf(payload.joins)) {
      view.set(key, [...new Set([...(view.get(key) ?? []), ...metas])]);
    }
  }
  return frames.filter(({ event }) => event === "broadcast");
}

type Metas = Record<string, { metas: { value: number; phx_ref: string }[] }>;
const viewOf = (state: Metas) =>
  new Map(
    Object.entries(state).map(([key, { metas }]) => [
      key,
      metas.map(({ value, phx_ref }) => `${value} ${phx_ref}`),
    ]),
  );

/** Waits until everything that was sent has been handled, and everything handled has arrived. */
async function settle({ sockets }: Party, but?: number): Promise<void> {
  const present = sockets.filter((_, client) => client !== but);
  for (let twice = 0; twice < 2; twice++) await Promise.all(present.map((socket) => socket.heartbeat()));
}

/** The messages of one sender, in the order it sent them, and how many of them came. */
function checkHeard(party: Party, sent: Sent[], lost: number | undefined): void {
  const byTopic = party.names.map((): string[][] => []);
  for (let client = 0; client < clients; client++) {
    if (client === lost) continue;
    const heard = take(party, client);
    party.names.forEach((name, place) => {
      const ids = heard.filter(({ topic }) => topic === name).map(({ payload }) => payload.event as string);
      byTopic[place]?.push(ids);
      const members = party.members[place] as Map<number, Member>;
      const mine = members.get(client);
      const due = sent.filter(
        ({ from, where: at, kind }) =>
          mine !== undefined &&
          at === place &&
          members.has(from) &&
          (from !== client || mine.self) &&
          !(kind === "bytes" && !isOld(from) && isOld(client)),
      );
      for (let from = 0; from < clients; from++) {
        const expected = due.filter((message) => message.from === from).map(({ id }) => id);
        const got = ids.filter((id) => id.startsWith(`${from}-`));
        // A client that hung up may not have sent everything. Others then have the beginning.
        expect(got).toEqual(from === lost ? expected.slice(0, got.length) : expected);
      }
      expect(ids.every((id) => due.some((message) => message.id === id))).toBe(true);
    });
  }
  // Two clients heard the same messages of a topic in the same order.
  for (const heard of byTopic) {
    for (const one of heard) {
      for (const other of heard) {
        const common = new Set(one.filter((id) => other.includes(id)));
        expect(one.filter((id) => common.has(id))).toEqual(other.filter((id) => common.has(id)));
      }
    }
  }
}

function checkPresence(party: Party): void {
  party.names.forEach((_, place) => {
    const members = party.members[place] as Map<number, Member>;
    const expected = new Map<string, string[]>();
    for (const [client, { tracked }] of members) {
      if (tracked === undefined) continue;
      const key = keyOf(client);
      expected.set(key, [...(expected.get(key) ?? []), `${tracked}`].toSorted());
    }
    for (const [client, { watches }] of members) {
      if (!watches) continue;
      const view: Map<string, string[]> = party.views[client]?.[place] ?? new Map();
      const values = [...view].map(([key, metas]) => [
        key,
        metas.map((meta) => meta.split(" ")[0]).toSorted(),
      ]);
      expect(Object.fromEntries(values)).toEqual(Object.fromEntries(expected));
    }
  });
}

function checkHeld(party: Party): void {
  const channels = party.members.reduce((sum, members) => sum + members.size, 0);
  expect(town.realtime.counts()).toMatchObject({
    connections: clients,
    channels,
    topics: party.members.filter((members) => members.size > 0).length,
    // Each channel has the timer of its token, and no other.
    timers: channels,
    subscriptions: 0,
  });
}

async function play(rounds: (typeof round extends fc.Arbitrary<infer T> ? T : never)[]): Promise<void> {
  const party: Party = {
    names: Array.from({ length: topics }, () => `realtime:${freshRoom()}`),
    sockets: [],
    members: Array.from({ length: topics }, () => new Map()),
    views: Array.from({ length: clients }, () => []),
    ids: 0,
  };
  try {
    for (let client = 0; client < clients; client++) await open(party, client);
    for (const { moves, bursts, lost } of rounds) {
      for (const step of moves) await apply(party, step);
      await settle(party);
      for (let client = 0; client < clients; client++) expect(take(party, client)).toEqual([]);
      checkPresence(party);
      checkHeld(party);
      const sent = bursts.flatMap(({ who: from, where: place, kinds }) =>
        kinds.map((kind): Sent => ({ id: `${from}-${party.ids++}`, from, where: place, kind })),
      );
      // Everybody's first message, then everybody's second, …
      const turns = Map.groupBy(sent, ({ from }) => from);
      for (let turn = 0; turn < sent.length; turn++) {
        for (const messages of turns.values()) if (messages[turn]) send(party, messages[turn] as Sent);
      }
      if (lost !== null) party.sockets[lost]?.ws.terminate();
      await gone(lost);
      await settle(party, lost ?? undefined);
      checkHeard(party, sent, lost ?? undefined);
      if (lost !== null) await replace(party, lost);
    }
  } finally {
    await town.everybodyLeaves();
  }
}

test("clients in any order hear exactly what the rules say, and afterwards the server holds nothing", async () => {
  await fc.assert(fc.asyncProperty(fc.array(round, { minLength: 1, maxLength: 6 }), play), {
    numRuns: 120,
    endOnFailure: false,
  });
}, 180_000);
