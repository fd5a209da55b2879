import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const reasonOf = async (topic: string, config: object, token?: string) => {
  const socket = await town.raw();
  const { payload } = await socket.join(topic, config, { token });
  expect(payload.status).toBe("error");
  return payload.response.reason;
};

test("a join is answered with both references, and later frames carry the references that the protocol names", async () => {
  const topic = `realtime:${freshRoom()}`;
  const [two, one] = [await town.raw(), await town.raw({ vsn: "1.0.0" })];
  const config = { presence: { enabled: true, key: "alice" } };
  expect(await two.join(topic, config, { ref: "3" })).toEqual({
    joinRef: "3",
    ref: "3",
    topic,
    event: "phx_reply",
    payload: { status: "ok", response: { postgres_changes: [] } },
  });
  expect(await two.event("presence_state")).toMatchObject({ joinRef: "3", ref: null, payload: {} });
  const sent = { topic, event: "phx_reply", ref: "4", payload: { status: "ok" } };
  expect(await one.join(topic, {}, { ref: "4" })).toMatchObject(sent);
  two.send("3", "5", topic, "presence", { type: "presence", event: "track", payload: {} });
  expect(await two.event("presence_diff")).toMatchObject({ joinRef: null, ref: null });
  expect(await two.reply("5")).toMatchObject({ joinRef: "3", payload: { status: "ok", response: {} } });
  const toOne = await one.event("presence_diff");
  expect(Object.keys(toOne).sort()).toEqual(["event", "joinRef", "payload", "ref", "topic"]);
});

test("a leave is answered and closes the channel; on an unknown topic it is only answered", async () => {
  const topic = `realtime:${freshRoom()}`;
  const socket = await town.raw();
  await socket.join(topic, {}, { ref: "1" });
  socket.send("1", "2", topic, "phx_leave");
  expect((await socket.reply("2")).payload).toEqual({ status: "ok", response: {} });
  expect(await socket.event("phx_close")).toEqual({
    joinRef: "1",
    ref: "1",
    topic,
    event: "phx_close",
    payload: {},
  });
  socket.send("1", "3", topic, "phx_leave");
  expect((await socket.reply("3")).payload).toEqual({ status: "ok", response: {} });
  await socket.heartbeat();
  expect(socket.frames).toEqual([]);
  expect(town.realtime.counts()).toMatchObject({ channels: 0, topics: 0 });
});

test("any other event on an unknown topic is answered as unmatched", async () => {
  const socket = await town.raw();
  for (const [ref, topic, event] of [
    ["1", "realtime:nowhere", "broadcast"],
    ["2", "elsewhere", "phx_join"],
    ["3", "phoenix", "hello"],
  ] as const) {
    socket.send(null, ref, topic, event);
    expect((await socket.reply(ref)).payload).toEqual({
      status: "error",
      response: { reason: "unmatched topic" },
    });
  }
});

test("joining a topic again closes the old channel with the old reference", async () => {
  const topic = `realtime:${freshRoom()}`;
  const socket = await town.raw();
  await socket.join(topic, {}, { ref: "1" });
  await socket.join(topic, {}, { ref: "2" });
  expect(await socket.event("phx_close")).toMatchObject({ joinRef: "1", ref: "1", topic });
  expect(town.realtime.counts()).toMatchObject({ channels: 1, topics: 1 });
});

test("a message with an old reference or none is accepted; a leave with an old one is ignored", async () => {
  const topic = `realtime:${freshRoom()}`;
  const [alice, bob] = [await town.raw(), await town.raw()];
  await alice.join(topic, { broadcast: { ack: true } }, { ref: "9" });
  await bob.join(topic);
  for (const [ref, joinRef] of [
    ["10", "1"],
    ["11", null],
  ]) {
    alice.send(joinRef, ref, topic, "broadcast", { type: "broadcast", event: ref, payload: {} });
    expect((await alice.reply(ref)).payload.status).toBe("ok");
    expect((await bob.event("broadcast")).payload.event).toBe(ref);
  }
  alice.send("1", "12", topic, "phx_leave");
  await alice.heartbeat();
  expect(alice.frames).toEqual([]);
  expect(town.realtime.counts().channels).toBe(2);
  alice.send(null, "13", topic, "phx_leave");
  await alice.event("phx_close");
});

test("frames of one socket are handled in order, even behind a join that waits for the database", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true, speaks: true } });
  const topic = `realtime:${room}`;
  const socket = await town.raw({ apikey: await town.token("alice") });
  socket.send("1", "1", topic, "phx_join", {
    config: { private: true, broadcast: { self: true, ack: true }, presence: { enabled: false } },
  });
  for (let ref = 2; ref < 300; ref++) {
    socket.send("1", `${ref}`, topic, "broadcast", { type: "broadcast", event: `${ref}`, payload: {} });
  }
  socket.send("1", "300", topic, "phx_leave");
  socket.send(null, "301", "phoenix", "heartbeat");
  await socket.reply("301");
  const replies = socket.frames.filter((frame) => frame.event === "phx_reply").map((frame) => frame.ref);
  expect(replies).toEqual(Array.from({ length: 300 }, (_, index) => `${index + 1}`));
  const heard = socket.frames.filter((frame) => frame.event === "broadcast");
  expect(heard.map((frame) => frame.payload.event)).toEqual(replies.slice(1, -1));
});

test("frames behind a refused join wait for its back-off", async () => {
  await using slow = await town.another({ limits: { joinBackoffMs: 60_000 } });
  const socket = await slow.raw();
  socket.send("1", "1", "realtime:", "phx_join");
  socket.send(null, "2", "phoenix", "heartbeat");
  const other = await slow.raw();
  await other.join("realtime:room");
  await vi.waitFor(() => expect(slow.realtime.counts().timers).toBe(2), patience);
  await other.heartbeat();
  expect(socket.frames).toEqual([]);
  socket.ws.terminate();
  await vi.waitFor(
    () => expect(slow.realtime.counts()).toMatchObject({ connections: 1, timers: 1 }),
    patience,
  );
});

test("a value in a join that cannot be understood counts as absent", async () => {
  const topic = `realtime:${freshRoom()}`;
  const socket = await town.raw();
  const config = {
    private: "false",
    broadcast: { self: "true", ack: "true", replay: null },
    presence: { key: 7, enabled: "true" },
    postgres_changes: [null],
    unknown: [],
  };
  expect((await socket.join(topic, config, { ref: "1" })).payload).toEqual({
    status: "ok",
    response: { postgres_changes: [] },
  });
  await socket.event("presence_state");
  socket.send("1", "2", topic, "broadcast", { type: "broadcast", event: "says", payload: {} });
  await socket.event("broadcast");
  expect((await socket.reply("2")).payload.status).toBe("ok");
  socket.send("1", "3", topic, "presence", { type: "presence", event: "TRACK", payload: {} });
  expect((await socket.event("presence_diff")).payload.joins).toHaveProperty("7");

  for (const payload of [null, 1, "x", [], { config: 1 }, { config: { private: [], broadcast: 2 } }]) {
    const other = `realtime:${freshRoom()}`;
    socket.send("4", "4", other, "phx_join", payload);
    expect((await socket.reply("4")).payload.status).toBe("ok");
    // A join that does not mention presence has it.
    await socket.event("presence_state", other);
  }
});

test("a join is refused with the protocol's reasons", async () => {
  expect(await reasonOf("realtime:", {})).toBe("TopicNameRequired: You must provide a topic name");
  expect(await reasonOf("realtime:a", { private: true })).toBe(
    "Unauthorized: You do not have permissions to read from this Channel topic: a",
  );
  expect(await reasonOf("realtime:a", {}, "nonsense")).toBe(
    "MalformedJWT: The token provided is not a valid JWT",
  );
  expect(await reasonOf("realtime:a", {}, await town.token("alice", -5))).toMatch(
    /^InvalidJWTToken: Token has expired \d+ seconds ago$/,
  );
  expect(await reasonOf("realtime:a", {}, await town.keys.sign({ sub: "alice" }))).toBe(
    "InvalidJWTToken: Fields `role` and `exp` are required in JWT",
  );
  const [head, body] = (await town.token("alice")).split(".");
  expect(await reasonOf("realtime:a", {}, `${head}.${body}.${"A".repeat(86)}`)).toBe(
    "JwtSignatureError: Failed to validate JWT signature",
  );
  expect(await reasonOf("realtime:a", { broadcast: { replay: { since: 1 } } })).toBe(
    "UnableToReplayMessages: Replay is not allowed for public channels",
  );
  expect(await reasonOf("realtime:a", { postgres_changes: ["x"] })).toBe("Unknown Error on Channel");
  expect(await reasonOf(`realtime:${"é".repeat(124)}`, {})).toBe(
    "TopicNameTooLong: A topic has at most 255 bytes",
  );
  expect(await reasonOf("realtime:a", { presence: { key: "k".repeat(256) } })).toBe(
    "PresenceKeyTooLong: A presence key has at most 255 bytes",
  );
});

test("supabase-js is told the reason", async () => {
  const client = await town.client("mallory");
  const channel = client.channel("secret", { config: { private: true } });
  await expect(joined(channel)).rejects.toThrow(
    "Unauthorized: You do not have permissions to read from this Channel topic: secret",
  );
});

test("a project may refuse public channels", async () => {
  await using strict = await town.another({ privateOnly: true });
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true } });
  const open = (await strict.client("alice")).channel(room);
  await expect(joined(open)).rejects.toThrow("PrivateOnly: This project only allows private channels");
  await joined((await strict.client("alice")).channel(room, { config: { private: true } }));
});

test("an API key in a join stands for the connection's token; user_token comes before access_token", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true } });
  const token = await town.token("alice");
  const socket = await town.raw({ apikey: token });
  const config = { private: true };
  expect((await socket.join(`realtime:${room}`, config, { token: town.keys.secretKey })).payload.status).toBe(
    "ok",
  );
  const other = await town.raw();
  other.send("1", "1", `realtime:${room}`, "phx_join", {
    config,
    access_token: await town.token("mallory"),
    user_token: token,
  });
  expect((await other.reply("1")).payload.status).toBe("ok");
});
