import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { limitsOf } from "../../../platform/realtime/environment.ts";
import { createRate, defaultLimits } from "../../../platform/realtime/limits.ts";
import { push } from "./raw-socket.ts";
import { createTown, freshRoom, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
  await town.sql.unsafe(`
    create table public.rows (id bigint generated always as identity primary key);
    grant select on public.rows to anon;
    alter publication supabase_realtime add table public.rows`);
});
afterAll(() => town[Symbol.asyncDispose]());

const rows = [{ event: "*", schema: "public", table: "rows" }];
const says = { type: "broadcast", event: "says", payload: {} };

test("a rate is the mean over the last full buckets", () => {
  let nowMs = 0;
  const rate = createRate(100, { buckets: 12, bucketMs: 5_000 }, () => nowMs);
  rate.add(1_000);
  expect(rate.perS()).toBe(0);
  nowMs = 5_000;
  expect(rate.perS()).toBe(200);
  expect(rate.exceeded()).toBe(true);
  nowMs = 10_000;
  expect(rate.perS()).toBe(100);
  expect(rate.exceeded()).toBe(true);
  nowMs = 60_000;
  expect(rate.perS()).toBeCloseTo(1_000 / 60);
  nowMs = 65_000;
  expect(rate.perS()).toBe(0);
  rate.add(60);
  nowMs = 1_000_000;
  expect(rate.perS()).toBe(0);
});

test("there are no more connections than allowed, and a place is free when one ends", async () => {
  await using strict = await town.another({ limits: { connections: 2 } });
  const [alice, bob, carol] = [await strict.raw(), await strict.raw(), await strict.raw()];
  await alice.join("realtime:room");
  await bob.join("realtime:room");
  const refused = (await carol.join("realtime:room")).payload;
  expect(refused.response.reason).toBe("ConnectionRateLimitReached: Too many connected users");
  expect((await alice.join("realtime:other")).payload.status).toBe("ok");
  await expect(strict.raw()).rejects.toMatchObject({
    status: 429,
    body: '{"error":"Too many connected users"}',
  });
  bob.ws.terminate();
  await vi.waitFor(() => expect(strict.realtime.counts().users).toBe(1), patience);
  expect((await carol.join("realtime:room")).payload.status).toBe("ok");
});

test("there are no more sockets than allowed, whether they have joined or not", async () => {
  await using strict = await town.another({ limits: { sockets: 1 } });
  const socket = await strict.raw();
  await expect(strict.raw()).rejects.toMatchObject({ status: 429 });
  socket.ws.terminate();
  await vi.waitFor(() => expect(strict.realtime.counts().connections).toBe(0), patience);
  await (await strict.raw()).heartbeat();
});

test("too many joins a second close the socket and refuse new ones until the rate is lower", async () => {
  await using strict = await town.another({ limits: { joinsPerS: 5, buckets: 1, bucketMs: 1_000 } });
  const socket = await strict.raw();
  let reason: string | undefined;
  while (!reason) reason = (await socket.join("realtime:room")).payload.response.reason;
  expect(reason).toBe("ClientJoinRateLimitReached: Too many joins per second");
  expect(await socket.closed).toBe(1001);
  await vi.waitFor(async () => {
    const later = await strict.raw();
    expect((await later.join("realtime:room")).payload.status).toBe("ok");
  }, patience);
});

test("a socket has no more channels than allowed", async () => {
  await using strict = await town.another({ limits: { channelsPerSocket: 2 } });
  const client = await strict.client();
  await joined(client.channel("one"));
  const two = await joined(client.channel("two"));
  await expect(joined(client.channel("three"))).rejects.toThrow("ChannelRateLimitReached: Too many channels");
  await two.unsubscribe();
  await joined(client.channel("four"));
});

test("too many messages a second close the channels of the sender and the receivers", async () => {
  await using strict = await town.another({ limits: { eventsPerS: 20, buckets: 2, bucketMs: 200 } });
  const [alice, bob, carol] = [await strict.raw(), await strict.raw(), await strict.raw()];
  await alice.join("realtime:loud", {}, { ref: "1" });
  await bob.join("realtime:loud");
  await carol.join("realtime:quiet");
  const flood = setInterval(() => alice.ws.send(push("realtime:loud", "says", {})), 5);
  try {
    for (const socket of [alice, bob]) {
      expect((await socket.event("system")).payload).toEqual({
        extension: "system",
        status: "error",
        message: "Too many messages per second",
        channel: "loud",
      });
      await socket.event("phx_close");
    }
  } finally {
    clearInterval(flood);
  }
  await carol.heartbeat();
  expect(carol.frames).toEqual([]);
});

test("a write of many rows is delivered, also right after the start", async () => {
  const { userShare, addressShare, anonymousShare, eventsPerS } = defaultLimits;
  await using usual = await town.another({ limits: { userShare, addressShare, anonymousShare, eventsPerS } });
  const socket = await usual.raw();
  const token = await usual.token("alice", 60, { role: "anon" });
  await socket.join("realtime:room", { postgres_changes: rows }, { token });
  await town.sql`insert into public.rows select from generate_series(1, 500)`;
  for (let row = 0; row < 500; row++) await socket.event("postgres_changes");
});

test("over the rate, changes are dropped until it is lower; the channel stays and is told once each time", async () => {
  await using strict = await town.another({ limits: { eventsPerS: 50, buckets: 1, bucketMs: 500 } });
  const socket = await strict.raw();
  await socket.join("realtime:room", { postgres_changes: rows });
  await socket.event("system");
  const told = () => socket.frames.filter(({ event }) => event === "system");
  await vi.waitFor(async () => {
    await town.sql`insert into public.rows select from generate_series(1, 50)`;
    expect(told().length).toBeGreaterThan(2);
  }, patience);
  for (const { payload } of told()) {
    expect(payload).toEqual({
      extension: "postgres_changes",
      status: "error",
      message: "Too many changes per second, some are not delivered",
      channel: "room",
    });
  }
  expect(socket.frames.map(({ event }) => event).join()).not.toContain("system,system");
  expect(strict.realtime.counts().channels).toBe(1);
});

test("messages over the rate are refused over HTTP, where each answer says how much is left", async () => {
  await using strict = await town.another({ limits: { eventsPerS: 10, buckets: 1, bucketMs: 1_000 } });
  const send = (messages: object[]) =>
    fetch(`${strict.url}/realtime/v1/api/broadcast`, {
      method: "POST",
      headers: { apikey: strict.keys.secretKey, "content-type": "application/json" },
      body: JSON.stringify({ messages }),
    });
  const message = { topic: "room", event: "says", payload: {} };
  const first = await send([message]);
  expect(first.status).toBe(202);
  expect(first.headers.get("x-rate-limit")).toBe("10");
  expect(first.headers.get("x-rate-limit-remaining")).toBe("10");
  expect(first.headers.get("x-rate-rolling")).toBe("0");
  const batch = await send(Array(11).fill(message));
  expect(batch.status).toBe(429);
  expect(await batch.json()).toEqual({
    message: "Too many messages to broadcast, please reduce the batch size",
  });
  await vi.waitFor(async () => {
    const responses = await Promise.all(Array.from({ length: 30 }, () => send([message])));
    const refused = responses.find((response) => response.status === 429);
    expect(refused).toBeDefined();
    expect(await refused?.json()).toEqual({ message: "Too many requests" });
  }, patience);
});

test("presence calls have a limit for each channel in a window, and a rate for all clients", async () => {
  await using strict = await town.another({ limits: { presenceCalls: 5 } });
  const client = await strict.client();
  const channel = client.channel("room");
  const told: { message: string }[] = [];
  channel.on("system", {}, (message) => void told.push(message as { message: string }));
  await joined(channel);
  for (let call = 0; call < 5; call++) expect(await channel.track({ call })).toBe("ok");
  void channel.track({ call: 6 });
  await vi.waitFor(() => expect(told[0]?.message).toBe("Client presence rate limit exceeded"), patience);
  await vi.waitFor(() => expect(channel.state).toBe("closed"), patience);

  await using busy = await town.another({ limits: { presenceEventsPerS: 20, buckets: 1, bucketMs: 200 } });
  const socket = await busy.raw();
  await socket.join("realtime:room", {}, { ref: "1" });
  let call = 0;
  const flood = setInterval(() => {
    const payload = { event: "track", payload: { call: call++ } };
    socket.send("1", null, "realtime:room", "presence", payload);
  }, 5);
  expect((await socket.event("system")).payload.message).toBe("Too many presence messages per second");
  clearInterval(flood);
  await socket.event("phx_close");
});

test("what all channels of a socket track together has a size limit", async () => {
  await using strict = await town.another({ limits: { payloadBytes: 10_000 } });
  const socket = await strict.raw();
  const track = (topic: string, ref: string, bytes: number) =>
    socket.send("1", ref, topic, "presence", { event: "track", payload: { text: "x".repeat(bytes) } });
  for (const topic of ["realtime:a", "realtime:b"]) await socket.join(topic, {}, { ref: "1" });
  track("realtime:a", "2", 6_000);
  expect((await socket.reply("2")).payload.status).toBe("ok");
  track("realtime:a", "3", 9_000);
  expect((await socket.reply("3")).payload.status).toBe("ok");
  track("realtime:b", "4", 2_000);
  expect((await socket.event("system")).payload).toMatchObject({
    message: "Track message size exceeded",
    channel: "b",
  });
  await socket.event("phx_close", "realtime:b");
  socket.send("1", "5", "realtime:a", "phx_leave");
  await socket.reply("5");
  await socket.join("realtime:c", {}, { ref: "6" });
  track("realtime:c", "7", 9_000);
  expect((await socket.reply("7")).payload.status).toBe("ok");
});

test("a broadcast's size is the size of its payload, over a socket and over HTTP", async () => {
  await using strict = await town.another({ limits: { payloadBytes: 1_000 } });
  const topic = `realtime:${freshRoom()}`;
  const [alice, bob] = [await strict.raw(), await strict.raw()];
  await alice.join(topic, { broadcast: { ack: true } }, { ref: "1" });
  await bob.join(topic);
  const exceeded = { status: "error", response: "payload_size_exceeded" };
  alice.ws.send(push(topic, "says", new Uint8Array(1_001), { ref: "2" }));
  expect((await alice.reply("2")).payload).toEqual(exceeded);
  alice.send("1", "3", topic, "broadcast", { ...says, payload: "x".repeat(1_000) });
  expect((await alice.reply("3")).payload).toEqual(exceeded);
  alice.ws.send(push(topic, "says", new Uint8Array(1_000), { ref: "4" }));
  expect((await alice.reply("4")).payload.status).toBe("ok");
  const http = await fetch(`${strict.url}/realtime/v1/api/broadcast/room/events/says`, {
    method: "POST",
    headers: { apikey: strict.keys.secretKey, "content-type": "application/octet-stream" },
    body: new Uint8Array(1_001),
  });
  expect([http.status, await http.json()]).toEqual([
    422,
    { errors: { payload: ["Payload size exceeds tenant limit"] } },
  ]);
  await bob.event("broadcast");
  await bob.heartbeat();
  expect(bob.frames).toEqual([]);
});

test("the environment sets the limits, under the names that Supabase's own server reads", async () => {
  const limits = limitsOf({
    TENANT_MAX_CONCURRENT_USERS: "1",
    TENANT_MAX_CHANNELS_PER_CLIENT: "2",
    PORT: "4000",
  });
  expect(limits).toEqual({ connections: 1, channelsPerSocket: 2 });
  await using strict = await town.another({ limits });
  const [alice, bob] = [await strict.raw(), await strict.raw()];
  const reason = async (joining: ReturnType<typeof alice.join>) => (await joining).payload.response.reason;
  expect(await reason(alice.join("realtime:first"))).toBeUndefined();
  expect(await reason(alice.join("realtime:second"))).toBeUndefined();
  expect(await reason(alice.join("realtime:third"))).toBe("ChannelRateLimitReached: Too many channels");
  expect(await reason(bob.join("realtime:first"))).toBe(
    "ConnectionRateLimitReached: Too many connected users",
  );
});

test("a limit in the environment that is not a whole number is refused by its name", () => {
  for (const value of ["many", "", "-1", "1.5", "1e3", "99999999999"]) {
    expect(() => limitsOf({ TENANT_MAX_JOINS_PER_SECOND: value })).toThrow(
      expect.objectContaining({
        code: "realtime_limit_invalid",
        message: expect.stringContaining("TENANT_MAX_JOINS_PER_SECOND"),
      }),
    );
  }
});
