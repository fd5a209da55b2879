import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { push } from "./raw-socket.ts";
import { createTown, freshRoom, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

test("a client that does not read is disconnected, the others hear everything", async () => {
  await using strict = await town.another({ limits: { bufferedBytes: 1_000_000 } });
  const topic = `realtime:${freshRoom()}`;
  const [alice, bob, mallory] = [await strict.raw(), await strict.raw(), await strict.raw()];
  await alice.join(topic, { broadcast: { ack: true } }, { ref: "1" });
  for (const socket of [bob, mallory]) await socket.join(topic);
  mallory.ws.pause();
  let sent = 0;
  while (strict.realtime.counts().channels === 3) {
    alice.ws.send(push(topic, `${sent}`, new Uint8Array(100_000), { ref: `${sent}` }));
    await alice.reply(`${sent++}`);
  }
  mallory.ws.resume();
  expect(await mallory.closed).toBe(1006);
  for (let event = 0; event < sent; event++) {
    expect((await bob.event("broadcast")).payload.event).toBe(`${event}`);
  }
});

test("the server reads from a client no faster than the database answers", async () => {
  await using strict = await town.another({ limits: { pendingFrames: 10, joinBackoffMs: 300 } });
  const room = freshRoom();
  const socket = await strict.raw();
  const frames = 2_000;
  // Each join is refused, so that it holds up the frames behind it.
  socket.send("1", "first", "realtime:", "phx_join");
  for (let ref = 0; ref < frames; ref++) {
    socket.send(null, `${ref}`, `realtime:${room}`, "broadcast", { padding: "x".repeat(10_000) });
  }
  await socket.reply("first");
  await socket.reply(`${frames - 1}`);
  expect(socket.frames.map((frame) => frame.ref)).toEqual(
    Array.from({ length: frames - 1 }, (_, index) => `${index}`),
  );
});

test("the frames of a socket that wait have a bound of memory, however many may wait", async () => {
  await using strict = await town.another({
    limits: { pendingFrames: 1_000, frameBytes: 100_000, joinBackoffMs: 2_000 },
  });
  const socket = await strict.raw();
  const frames = 600;
  socket.send("1", "first", "realtime:", "phx_join");
  for (let ref = 0; ref < frames; ref++) {
    socket.send(null, `${ref}`, "realtime:room", "broadcast", { padding: "x".repeat(90_000) });
  }
  await socket.reply("first");
  // The systems on both sides hold some megabytes for the connection.
  expect(socket.ws.bufferedAmount).toBeGreaterThan((frames * 90_000) / 2);
  await socket.reply(`${frames - 1}`);
});

test("a client that disconnects during its join leaves nothing behind", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true, speaks: true, sees: true, shows: true } });
  const apikey = await town.token("alice");
  for (let round = 0; round < 20; round++) {
    const socket = await town.raw({ apikey });
    socket.send("1", "1", `realtime:${room}`, "phx_join", {
      config: {
        private: true,
        broadcast: { replay: { since: 0 }, replication_ready: true },
        presence: { enabled: true },
        postgres_changes: [{ event: "*", schema: "public", table: "members" }],
        postgres_changes_options: { wait: round % 2 === 0 },
      },
    });
    socket.send("1", "2", `realtime:${room}`, "presence", { event: "track", payload: {} });
    if (round % 3 === 0) await socket.reply("1");
    socket.ws.terminate();
  }
  // everybodyLeaves waits until the server holds nothing. Here it must have held something first.
  await vi.waitFor(() => expect(town.realtime.counts().connections).toBe(0), patience);
});

test("clients that hang up in the middle of a handshake leave nothing behind", async () => {
  await using strict = await town.another({ limits: { connectBackoffMs: 60_000 } });
  const { connect } = await import("node:net");
  const { port } = new URL(strict.url);
  const sockets = Array.from({ length: 10 }, () => {
    const socket = connect(Number(port), "127.0.0.1");
    socket.write(
      "GET /realtime/v1/websocket?apikey=nonsense&vsn=2.0.0 HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\n" +
        "upgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
    );
    return socket;
  });
  await vi.waitFor(() => expect(strict.realtime.counts().timers).toBe(10), patience);
  for (const socket of sockets) socket.destroy();
  await vi.waitFor(() => expect(strict.realtime.counts().timers).toBe(0), patience);
});

test("names with a meaning in JavaScript, such as __proto__, are ordinary names", async () => {
  const socket = await town.raw();
  for (const name of ["__proto__", "constructor", "toString"]) {
    const topic = `realtime:${name}`;
    await socket.join(topic, { presence: { key: name, enabled: true } }, { ref: name });
    await socket.event("presence_state", topic);
    socket.send(name, `${name}-2`, topic, "presence", { event: "track", payload: { __proto__: 1, a: 1 } });
    expect((await socket.reply(`${name}-2`)).payload.status).toBe("ok");
    const { payload } = await socket.event("presence_diff", topic);
    expect(Object.keys(payload.joins)).toEqual([name]);
  }
});

test("a payload nested too deeply to be written ends the channel, not the server", async () => {
  const topic = `realtime:${freshRoom()}`;
  const deep = "[".repeat(1_000_000) + "]".repeat(1_000_000);
  const [alice, bob] = [await town.raw(), await town.raw()];
  await bob.join(topic);
  await alice.join(topic, {}, { ref: "1" });
  alice.ws.send(`["1","2","${topic}","broadcast",{"event":"says","payload":${deep}}]`);
  expect(await alice.event("phx_error")).toMatchObject({ joinRef: "1", ref: "1", topic, payload: {} });
  await alice.join(topic, {}, { ref: "3" });
  alice.ws.send(`["3","4","${topic}","presence",{"event":"track","payload":{"a":${deep}}}]`);
  await alice.event("phx_error");
  alice.ws.send(`["5","5","${topic}","phx_join",{"config":{"postgres_changes":[{"a":${deep}}]}}]`);
  expect((await alice.reply("5")).payload).toEqual({
    status: "error",
    response: { reason: "Unknown Error on Channel" },
  });
  await bob.heartbeat();
  expect(bob.frames).toEqual([]);
  expect(town.realtime.counts()).toMatchObject({ channels: 1, topics: 1 });
});
