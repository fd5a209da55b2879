import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { defaultLimits } from "../../../platform/realtime/limits.ts";
import { networkOf } from "../../../platform/realtime/parties.ts";
import { push, type RawSocket } from "./raw-socket.ts";
import { createTown, freshRoom, patience, type Server, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town[Symbol.asyncDispose]());

const { userShare, addressShare, anonymousShare } = defaultLimits;
/** The default shares: a quarter, a half and three quarters. Each test sets small limits. */
const shares = { userShare, addressShare, anonymousShare };
/** One long bucket, so that nothing is forgotten while a test runs. */
const window = { buckets: 1, bucketMs: 60_000 };
const greedyAddress = "127.0.0.2";

const tooManyUsers = "ConnectionRateLimitReached: Too many connected users";
const tooManyJoins = "ClientJoinRateLimitReached: Too many joins per second";
const tooManyMessages = "Too many messages per second";

/** Opens a socket and joins. @returns the socket, and the reason if the join was refused */
async function enter(server: Server, topic: string, { from, name }: { from?: string; name?: string } = {}) {
  const socket = await server.raw({ from });
  const token = name === undefined ? undefined : await server.token(name);
  const { payload } = await socket.join(topic, {}, { ref: "1", token });
  return { socket, refused: payload.response.reason as string | undefined };
}

/** Joins with one socket after another until a join is refused. */
async function enterWhilePossible(server: Server, topic: string, as: { from?: string; name?: string }) {
  const sockets: RawSocket[] = [];
  for (;;) {
    const { socket, refused } = await enter(server, topic, as);
    if (refused !== undefined) return { sockets, refused };
    sockets.push(socket);
  }
}

/** Sends broadcasts until the server closes the channel. @returns what it says */
async function shout(socket: RawSocket, topic: string): Promise<string> {
  const flood = setInterval(() => socket.ws.send(push(topic, "says", {})), 1);
  try {
    return (await socket.event("system", topic)).payload.message;
  } finally {
    clearInterval(flood);
  }
}

const heard = (socket: RawSocket) => socket.frames.filter(({ event }) => event === "broadcast").length;

/** Alice says something in a room, and bob hears it. Both are signed in. */
async function expectTalk(server: Server, [alice, bob]: [RawSocket, RawSocket], topic: string) {
  bob.frames.length = 0;
  alice.ws.send(push(topic, "says", { text: "still here" }));
  expect((await bob.event("broadcast", topic)).payload.payload).toEqual({ text: "still here" });
  expect(server.realtime.counts().users).toBeGreaterThan(1);
}

test("an address is an IPv4 address, or the first half of an IPv6 address", () => {
  for (const [address, network] of [
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:db8:1:2::9", "2001:db8:1:2::/64"],
    ["2001:db8::9", "2001:db8:0:0::/64"],
    ["2001:0DB8::", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["", ""],
  ] as const) {
    expect(networkOf(address), address).toBe(network);
  }
});

test("with the default limits one anonymous client gets 100 of the 200 connections", async () => {
  const { connections, joinsPerS, eventsPerS } = defaultLimits;
  await using usual = await town.another({ limits: { ...shares, connections, joinsPerS, eventsPerS } });
  const greedy = await enterWhilePossible(usual, "realtime:room", {});
  expect(greedy.sockets).toHaveLength(100);
  expect(greedy.refused).toBe(tooManyUsers);
  const { socket: alice } = await enter(usual, "realtime:room", { name: "alice" });
  const { socket: bob } = await enter(usual, "realtime:room", { name: "bob" });
  await expectTalk(usual, [alice, bob], "realtime:room");
});

test("one anonymous address gets only its share of the connections, and alice at the same address still joins", async () => {
  await using strict = await town.another({ limits: { ...shares, connections: 8 } });
  const greedy = await enterWhilePossible(strict, "realtime:room", {});
  expect(greedy.sockets).toHaveLength(4);
  expect(greedy.refused).toBe(tooManyUsers);
  // Alice is at the same address. She is signed in, so she has a share of her own.
  expect((await enter(strict, "realtime:room", { name: "alice" })).refused).toBeUndefined();
  greedy.sockets[0]?.ws.terminate();
  await vi.waitFor(() => expect(strict.realtime.counts().users).toBe(4), patience);
  expect((await enter(strict, "realtime:room")).refused).toBeUndefined();
});

test("all anonymous addresses together leave room for people who are signed in", async () => {
  await using strict = await town.another({ limits: { ...shares, connections: 8 } });
  const counts: number[] = [];
  for (const from of ["127.0.0.2", "127.0.0.3", "127.0.0.4"]) {
    const { sockets, refused } = await enterWhilePossible(strict, "realtime:room", { from });
    expect(refused).toBe(tooManyUsers);
    counts.push(sockets.length);
  }
  expect(counts).toEqual([4, 2, 0]);
  expect((await enter(strict, "realtime:room", { name: "alice" })).refused).toBeUndefined();
  expect((await enter(strict, "realtime:room", { name: "bob" })).refused).toBeUndefined();
});

test("mallory gets only her share of the connections, from however many addresses, and bob still joins", async () => {
  await using strict = await town.another({ limits: { ...shares, connections: 8 } });
  await enter(strict, "realtime:room", { name: "mallory", from: "127.0.0.3" });
  const greedy = await enterWhilePossible(strict, "realtime:room", { name: "mallory", from: "127.0.0.2" });
  expect(greedy.sockets).toHaveLength(1);
  expect(greedy.refused).toBe(tooManyUsers);
  expect((await enter(strict, "realtime:room", { name: "bob" })).refused).toBeUndefined();
});

test("mallory gets no more than her share by joining with many sockets at the same time", async () => {
  await using strict = await town.another({ limits: { ...shares, connections: 8 } });
  const room = freshRoom();
  await town.admit(room, { mallory: { hears: true } });
  const token = await strict.token("mallory");
  const sockets = await Promise.all(Array.from({ length: 6 }, () => strict.raw()));
  const replies = await Promise.all(
    sockets.map((socket) => socket.join(`realtime:${room}`, { private: true }, { token })),
  );
  const reasons = replies.map(({ payload }) => payload.response.reason).filter(Boolean);
  expect(reasons).toEqual(Array(4).fill(tooManyUsers));
});

test("a socket counts for the person who signs in on it", async () => {
  await using strict = await town.another({ limits: { ...shares, connections: 8 } });
  const { sockets } = await enterWhilePossible(strict, "realtime:room", {});
  const [alice] = sockets as [RawSocket];
  alice.send("1", "2", "realtime:room", "access_token", { access_token: await strict.token("alice") });
  await alice.heartbeat();
  // Her socket no longer counts for the address, so one more of its guests gets in.
  expect((await enter(strict, "realtime:room")).refused).toBeUndefined();
  expect((await enter(strict, "realtime:room")).refused).toBe(tooManyUsers);
});

test("one address opens no more idle sockets than its share, and another address still connects", async () => {
  await using strict = await town.another({ limits: { ...shares, sockets: 8 } });
  for (let opened = 0; opened < 4; opened++) await strict.raw({ from: greedyAddress });
  await expect(strict.raw({ from: greedyAddress })).rejects.toMatchObject({
    status: 429,
    body: '{"error":"Too many connected users"}',
  });
  await (await strict.raw()).heartbeat();
});

test("when one anonymous address uses up its share of joins, its neighbours still join", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, joinsPerS: 1 } });
  let joins = 0;
  const greedy = await strict.raw({ from: greedyAddress });
  let reason: string | undefined;
  while (!reason) {
    reason = (await greedy.join(`realtime:${joins % 10}`)).payload.response.reason;
    if (!reason) joins++;
  }
  expect([joins, reason]).toEqual([30, tooManyJoins]);
  expect(await greedy.closed).toBe(1001);
  expect((await enter(strict, "realtime:room", { from: greedyAddress })).refused).toBe(tooManyJoins);
  // A join with a bad token counts for the address too.
  const forged = await strict.raw({ from: greedyAddress });
  expect((await forged.join("realtime:room", {}, { token: "nonsense" })).payload.response.reason).toBe(
    tooManyJoins,
  );
  expect((await enter(strict, "realtime:room")).refused).toBeUndefined();
  expect(
    (await enter(strict, "realtime:room", { name: "alice", from: greedyAddress })).refused,
  ).toBeUndefined();
});

test("an anonymous client that sends without end is closed, and alice and bob go on talking", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 2 } });
  const topic = "realtime:room";
  const pair = await Promise.all(
    ["alice", "bob"].map(async (name) => (await enter(strict, topic, { name })).socket),
  );
  const [alice, bob] = pair as [RawSocket, RawSocket];
  const { socket: greedy } = await enter(strict, topic, {});
  expect(await shout(greedy, topic)).toBe(tooManyMessages);
  await greedy.event("phx_close", topic);
  await expectTalk(strict, [alice, bob], topic);
  // It does not help to join again, to open another socket or to send an unknown event.
  for (const again of [greedy, (await enter(strict, topic)).socket]) {
    if (again === greedy) await greedy.join(topic, {}, { ref: "again" });
    again.send(null, "x", topic, "made_up", {});
    expect((await again.event("system", topic)).payload.message).toBe(tooManyMessages);
  }
  await expectTalk(strict, [alice, bob], topic);
  const overHttp = await fetch(`${strict.url}/realtime/v1/api/broadcast/room/events/says`, {
    method: "POST",
    headers: { apikey: strict.keys.publishableKey, "content-type": "application/json" },
    body: "{}",
  });
  expect([overHttp.status, await overHttp.json()]).toEqual([429, { message: "Too many requests" }]);
  await expectTalk(strict, [alice, bob], topic);
});

test("alice and bob hear each other through several windows of a flood that never stops", async () => {
  const limits = { ...shares, eventsPerS: 400, buckets: 2, bucketMs: 250 };
  await using strict = await town.another({ limits });
  const topic = "realtime:room";
  const { socket: alice } = await enter(strict, topic, { name: "alice" });
  const { socket: bob } = await enter(strict, topic, { name: "bob" });
  const { socket: greedy } = await enter(strict, topic);
  let closings = 0;
  const flood = setInterval(() => {
    greedy.send("again", "again", topic, "phx_join", { config: { presence: { enabled: false } } });
    for (let message = 0; message < 50; message++) greedy.ws.send(push(topic, "says", {}));
  }, 10);
  try {
    const endMs = performance.now() + 10 * limits.bucketMs;
    for (let text = 0; performance.now() < endMs; text++) {
      alice.ws.send(push(topic, "says", { text }));
      await bob.next(({ event, payload }) => event === "broadcast" && payload.payload.text === text);
      closings += greedy.frames.splice(0).filter(({ event }) => event === "system").length;
      bob.frames.length = 0;
      // A pace at which people talk. The flood goes on meanwhile.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  } finally {
    clearInterval(flood);
  }
  expect(closings).toBeGreaterThan(1);
});

test("messages over HTTP count for their sender, and the service role has no share", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 40 } });
  const listeners = await Promise.all(
    ["alice", "bob", "carol"].map(async (name) => (await enter(strict, "realtime:room", { name })).socket),
  );
  const sendBatch = async (key: string) => {
    const response = await fetch(`${strict.url}/realtime/v1/api/broadcast`, {
      method: "POST",
      headers: { apikey: key, "content-type": "application/json" },
      body: JSON.stringify({ messages: Array(40).fill({ topic: "room", event: "says", payload: {} }) }),
    });
    return response.status === 202 ? "sent" : JSON.parse(await response.text()).message;
  };
  // An address may cause 1,200 events. A message is four: itself and three copies.
  const answers: string[] = [];
  for (let batch = 0; batch < 9; batch++) answers.push(await sendBatch(strict.keys.publishableKey));
  expect(answers).toEqual([
    ...Array(7).fill("sent"),
    "Too many messages to broadcast, please reduce the batch size",
    "Too many requests",
  ]);
  // The eighth batch was cut where the share ended.
  for (const listener of listeners) {
    await listener.heartbeat();
    expect(heard(listener)).toBe(300);
  }
  for (let batch = 0; batch < 10; batch++) expect(await sendBatch(strict.keys.secretKey)).toBe("sent");
  for (const listener of listeners) {
    await listener.heartbeat();
    expect(heard(listener)).toBe(700);
  }
});

test("messages that mallory may not send count too, because asking the policies costs", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 2 } });
  const send = async (name: string) => {
    const path = "/realtime/v1/api/broadcast/room/events/says?private=true";
    const response = await fetch(strict.url + path, {
      method: "POST",
      headers: { apikey: strict.keys.publishableKey, authorization: `Bearer ${await strict.token(name)}` },
    });
    await response.text();
    return response.status;
  };
  const answers: number[] = [];
  for (let message = 0; message < 31; message++) answers.push(await send("mallory"));
  // A person may cause 30 events.
  expect(answers).toEqual([...Array(30).fill(403), 429]);
  expect(await send("bob")).toBe(403);
});

test("a listener with many sockets pays for the further copies, the sender does not", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 4 } });
  const topic = "realtime:room";
  const { socket: alice } = await enter(strict, topic, { name: "alice" });
  const { socket: bob } = await enter(strict, topic, { name: "bob" });
  const crowd: RawSocket[] = [];
  for (let guest = 0; guest < 21; guest++) crowd.push((await enter(strict, topic)).socket);
  // Alice may cause 60 events. A message is seven: itself, a copy for bob and five for the crowd.
  for (let message = 0; message < 8; message++) alice.ws.send(push(topic, "says", { message }));
  for (let message = 0; message < 8; message++) await bob.event("broadcast", topic);
  // The crowd may cause 120. It gets 16 further copies of each message, but only 8 of the last.
  const isTold = ({ frames }: RawSocket) =>
    frames.some(({ event, payload }) => event === "system" && payload.message === tooManyMessages);
  await vi.waitFor(() => expect(crowd.filter(isTold)).toHaveLength(8), patience);
  expect(strict.realtime.counts().channels).toBe(15);
  expect(alice.frames.filter(({ event }) => event === "system")).toEqual([]);
});

test("a sender without end does not use up the share of bob, who listens in five tabs", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 2 } });
  const topic = "realtime:room";
  const tabs: RawSocket[] = [];
  for (let tab = 0; tab < 5; tab++) tabs.push((await enter(strict, topic, { name: "bob" })).socket);
  const { socket: greedy } = await enter(strict, topic);
  expect(await shout(greedy, topic)).toBe(tooManyMessages);
  const { socket: alice } = await enter(strict, topic, { name: "alice" });
  for (const bob of tabs) await expectTalk(strict, [alice, bob], topic);
});

test("the receivers pay for what the database sends", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 2 } });
  const room = freshRoom();
  const topic = `realtime:${room}`;
  const alice = await strict.raw();
  await alice.join(topic, { broadcast: { replication_ready: true } }, { token: await strict.token("alice") });
  await alice.event("system");
  const crowd: RawSocket[] = [];
  for (let guest = 0; guest < 21; guest++) crowd.push((await enter(strict, topic)).socket);
  // The crowd may get 60 copies, so the third message closes three of them, and the fourth the rest.
  for (let message = 0; message < 4; message++) {
    await town.sql`select realtime.send('{}'::jsonb, 'says', ${room}, false)`;
  }
  await vi.waitFor(() => expect(heard(alice)).toBe(4), patience);
  await vi.waitFor(() => expect(strict.realtime.counts().channels).toBe(1), patience);
  const copies = () => crowd.map(heard).reduce((sum, count) => sum + count);
  await vi.waitFor(() => expect(copies()).toBe(60), patience);
});

test("changes over mallory's share are dropped, she goes on talking, and bob hears of his changes", async () => {
  await town.sql.unsafe(`
    create table public.rows (id bigint primary key);
    grant select on public.rows to authenticated;
    alter publication supabase_realtime add table public.rows`);
  await using strict = await town.another({ limits: { ...shares, ...window, eventsPerS: 4 } });
  const topic = "realtime:room";
  const rows = { event: "*", schema: "public", table: "rows" };
  const follow = async (name: string, entry: object) => {
    const socket = await strict.raw();
    await socket.join(topic, { postgres_changes: [entry] }, { token: await strict.token(name) });
    await socket.event("system");
    return socket;
  };
  const mallory = await follow("mallory", rows);
  const bob = await follow("bob", { ...rows, filter: "id=gt.1000" });
  await town.sql`insert into public.rows select generate_series(1, 100)`;
  await town.sql`insert into public.rows values (1001)`;
  expect((await bob.event("postgres_changes")).payload.data.record.id).toBe(1001);
  await mallory.heartbeat();
  // A person may get 60.
  expect(mallory.frames.filter(({ event }) => event === "postgres_changes")).toHaveLength(60);
  const told = mallory.frames.filter(({ event }) => event === "system");
  expect(told.map(({ payload }) => payload.message)).toEqual([
    "Too many changes per second, some are not delivered",
  ]);
  await expectTalk(strict, [mallory, bob], topic);
  await expectTalk(strict, [bob, mallory], topic);
});

test("a client that sends presence without end is closed, and bob still sees alice", async () => {
  await using strict = await town.another({ limits: { ...shares, ...window, presenceEventsPerS: 2 } });
  const topic = "realtime:room";
  const watching = { presence: { enabled: true } };
  const bob = await strict.raw();
  await bob.join(topic, watching, { token: await strict.token("bob") });
  const { socket: alice } = await enter(strict, topic, { name: "alice" });
  const { socket: greedy } = await enter(strict, topic);
  for (let call = 0; call < 70; call++) {
    greedy.send("1", `${call}`, topic, "presence", { event: "track", payload: { call } });
  }
  expect((await greedy.event("system")).payload.message).toBe("Too many presence messages per second");
  alice.send("1", "track", topic, "presence", { event: "track", payload: { mood: "fine" } });
  expect((await alice.reply("track")).payload.status).toBe("ok");
  await bob.next(
    ({ event, payload }) => event === "presence_diff" && JSON.stringify(payload).includes("fine"),
  );
});
