import { connect } from "node:net";
import { SignJWT } from "jose";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { push, type RawOptions, Refused } from "./raw-socket.ts";
import { createTown, freshRoom, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const refusal = async (opening: Promise<unknown>) => {
  const error = await opening.then(
    () => undefined,
    (cause) => cause,
  );
  expect(error).toBeInstanceOf(Refused);
  const { status, body } = error as Refused;
  return [status, body === "" ? "" : JSON.parse(body).error];
};

test("every key of the project opens a socket, from the address or a header", async () => {
  const { keys } = town;
  for (const key of [keys.publishableKey, keys.secretKey, keys.anonKey, keys.serviceRoleKey]) {
    const ways: RawOptions[] = [
      { apikey: key },
      { apikey: undefined, headers: { apikey: key } },
      { apikey: undefined, headers: { "x-api-key": key } },
    ];
    for (const options of ways) {
      const socket = await town.raw(options);
      const { payload } = await socket.join("realtime:room");
      expect(payload).toEqual({ status: "ok", response: { postgres_changes: [] } });
    }
  }
  const socket = await town.raw({ apikey: await town.token("alice") });
  expect((await socket.join("realtime:room")).payload.status).toBe("ok");
});

test("a client without a valid key is refused with a status and the reason", async () => {
  const { keys } = town;
  const secret = new TextEncoder().encode("another secret of at least 32 characters");
  const forged = await new SignJWT({ role: "anon" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("1h")
    .sign(secret);
  expect(await refusal(town.raw({ apikey: undefined }))).toEqual([401, "API key is missing"]);
  expect(await refusal(town.raw({ apikey: "nonsense" }))).toEqual([
    401,
    "The token provided is not a valid JWT",
  ]);
  expect(await refusal(town.raw({ apikey: forged }))).toEqual([401, "Failed to validate JWT signature"]);
  expect(await refusal(town.raw({ apikey: await town.token("alice", -10) }))).toEqual([
    401,
    "Token has expired",
  ]);
  expect(await refusal(town.raw({ apikey: await keys.sign({ sub: "alice" }) }))).toEqual([
    401,
    "Fields `role` and `exp` are required in JWT",
  ]);
});

test("a client may ask for version 1.0.0, 2.0.0 or none, any other is refused with 403", async () => {
  for (const vsn of ["1.0.0", "2.0.0", null]) await (await town.raw({ vsn })).heartbeat();
  for (const vsn of ["3.0.0", "2.1.0", "two", ""]) {
    expect(await refusal(town.raw({ vsn }))).toEqual([403, ""]);
  }
});

test("a refusal comes after its back-off", async () => {
  await using slow = await town.another({ limits: { connectBackoffMs: 60_000 } });
  const refused = slow.raw({ apikey: "nonsense" });
  refused.catch(() => {});
  await vi.waitFor(() => expect(slow.realtime.counts().timers).toBe(1), patience);
});

test("only a bounded number of clients wait for their refusal, the next ones get it at once", async () => {
  await using slow = await town.another({ limits: { connectBackoffMs: 60_000, refusals: 1 } });
  const waits = slow.raw({ apikey: "nonsense" });
  waits.catch(() => {});
  await vi.waitFor(() => expect(slow.realtime.counts().timers).toBe(1), patience);
  expect((await refusal(slow.raw({ apikey: "nonsense" })))[0]).toBe(401);
});

test("a heartbeat is answered", async () => {
  const socket = await town.raw();
  socket.send(null, "7", "phoenix", "heartbeat");
  expect(await socket.reply("7")).toEqual({
    joinRef: null,
    ref: "7",
    topic: "phoenix",
    event: "phx_reply",
    payload: { status: "ok", response: {} },
  });
});

test("a silent socket is closed, one with a heartbeat is not", async () => {
  await using strict = await town.another({ limits: { idleMs: 2_000, sweepMs: 50 } });
  const [silent, lively] = [await strict.raw(), await strict.raw()];
  const beating = setInterval(() => void lively.heartbeat().catch(() => {}), 100);
  expect(await silent.closed).toBe(1000);
  clearInterval(beating);
  await lively.heartbeat();
});

test("a socket that stays without a channel is closed, one with a channel is not", async () => {
  await using strict = await town.another({ limits: { emptySocketMs: 500, sweepMs: 50 } });
  const [empty, used] = [await strict.raw(), await strict.raw()];
  await used.join("realtime:room");
  expect(await empty.closed).toBe(1006);
  await used.heartbeat();
});

test("when the server stops, sockets are closed with 1012", async () => {
  await using stopping = await town.another({});
  const socket = await stopping.raw();
  await socket.join("realtime:room");
  const stopped = stopping.realtime[Symbol.asyncDispose]();
  expect(await socket.closed).toBe(1012);
  await stopped;
  expect(stopping.realtime.counts()).toMatchObject({ connections: 0, channels: 0, timers: 0 });
});

test("malformed frames are dropped, and the socket stays open", async () => {
  const [two, one] = [await town.raw(), await town.raw({ vsn: "1.0.0" })];
  const topic = `realtime:${freshRoom()}`;
  await two.join(topic);
  await one.join(topic);
  for (const bad of [
    "",
    "{",
    "null",
    "[]",
    '["1","2","realtime:x","phx_join"]',
    '[{},"2","realtime:x","phx_join",{}]',
    '["1","2",3,"phx_join",{}]',
    '{"topic":"realtime:x","event":1,"payload":{},"ref":"1"}',
    Buffer.of(),
    Buffer.of(0, 1, 2),
    Buffer.of(3, 255, 255, 255, 255, 255, 1),
    Buffer.concat([push(topic, "says", {}), Buffer.from("trailing")]),
    Buffer.concat([push(topic, "says", {}).subarray(0, -2), Buffer.of(0xff, 0xfe)]),
    push(topic, "says", {}, { meta: "{" }),
  ]) {
    two.ws.send(bad);
    one.ws.send(bad);
  }
  await two.heartbeat();
  await one.heartbeat();
  expect(two.frames).toEqual([]);
  expect(one.frames).toEqual([]);
});

test("a frame of more than 5 MB closes the socket with 1009", async () => {
  const socket = await town.raw();
  socket.ws.send("x".repeat(5_000_001));
  expect(await socket.closed).toBe(1009);
});

test("a client that is cut off joins again by itself and hears later messages", async () => {
  const room = freshRoom();
  const [alice, bob] = await Promise.all([town.client(), town.client()]);
  const [from, to] = [alice.channel(room), bob.channel(room)];
  const heard: unknown[] = [];
  let times = 0;
  to.on("broadcast", { event: "says" }, ({ payload }) => void heard.push(payload));
  await joined(from);
  await new Promise<void>((resolve) => {
    to.subscribe((status) => {
      if (status === "SUBSCRIBED" && ++times === 1) resolve();
    });
  });
  // biome-ignore lint/suspicious/noExplicitAny: the client has no method to simulate a lost network
  (bob.realtime as any).socketAdapter.getSocket().conn.close(4000, "cut");
  await vi.waitFor(() => expect(times).toBe(2), patience);
  await from.send({ type: "broadcast", event: "says", payload: { text: "welcome back" } });
  await vi.waitFor(() => expect(heard).toEqual([{ text: "welcome back" }]), patience);
});

test("an upgrade to any other path is an ordinary request", async () => {
  const { port } = new URL(town.url);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(
      "GET /rest/v1/posts HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    );
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString());
    });
  });
  expect(answer).toMatch(/^HTTP\/1.1 401 /);
});
