import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, hearing, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const says = (text: string) => ({ type: "broadcast", event: "says", payload: { text } }) as const;
const all = { hears: true, speaks: true, sees: true, shows: true };

test("a token that expires closes its channel and says why, and the client stays away", async () => {
  const room = freshRoom();
  const token = await town.token("alice", 2);
  const client = await town.client(undefined, { accessToken: async () => token });
  const channel = client.channel(room);
  const told: unknown[] = [];
  channel.on("system", {}, (message) => void told.push(message));
  const statuses: string[] = [];
  channel.subscribe((status) => void statuses.push(status));
  await vi.waitFor(() => expect(statuses).toEqual(["SUBSCRIBED", "CLOSED"]), patience);
  expect(told).toEqual([
    {
      extension: "system",
      status: "error",
      message: expect.stringMatching(/^Token has expired \d seconds ago$/),
      channel: room,
    },
  ]);
  expect(client.getChannels()).toEqual([]);
});

test("a token that is replaced in time keeps the channel open after the first one expires", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, bob: all });
  let token = await town.token("alice", 2);
  const expiresMs = Date.now() + 2_000;
  const alice = await town.client(undefined, { accessToken: async () => token });
  const channel = alice.channel(room, { config: { private: true } });
  const heard = hearing(channel);
  const statuses: string[] = [];
  await new Promise<void>((resolve) => {
    channel.subscribe((status) => {
      statuses.push(status);
      resolve();
    });
  });
  token = await town.token("alice", 3600);
  await alice.realtime.setAuth();
  // Bob's token expires when alice's first one does. The end of his channel shows that it has.
  const short = await town.token("bob", Math.max(1, Math.ceil((expiresMs - Date.now()) / 1000)));
  const raw = await town.raw({ apikey: short });
  await raw.join(`realtime:${room}`, { private: true });
  await raw.event("phx_close");
  const bob = (await town.client("bob")).channel(room, { config: { private: true } });
  await joined(bob);
  await bob.send(says("still there?"));
  await vi.waitFor(() => expect(heard).toHaveLength(1), patience);
  expect(statuses).toEqual(["SUBSCRIBED"]);
});

test("a new token without the right to read closes the channel", async () => {
  const room = freshRoom();
  const topic = `realtime:${room}`;
  await town.admit(room, { alice: all, bob: { hears: true, sees: true } });
  const alice = await town.raw({ apikey: await town.token("alice") });
  await alice.join(topic, { private: true }, { ref: "1" });
  const bob = await town.raw({ apikey: await town.token("bob") });
  await bob.join(topic, { private: true, presence: { enabled: true } }, { ref: "1" });
  await town.admit(room, { alice: { speaks: true }, bob: { hears: true } });
  alice.send("1", "2", topic, "access_token", { access_token: await town.token("alice", 3601) });
  bob.send("1", "2", topic, "access_token", { access_token: await town.token("bob", 3601) });
  const system = (message: string) => ({ extension: "system", status: "error", message, channel: room });
  expect((await alice.event("system")).payload).toEqual(
    system(`You do not have permissions to read from this Channel topic: ${room}`),
  );
  expect(await alice.event("phx_close")).toMatchObject({ joinRef: "1", ref: "1" });
  expect((await bob.event("system")).payload).toEqual(
    system(`You no longer have permission to read from this Channel topic: ${room}`),
  );
  await bob.event("phx_close");
});

test("a right that a new token brings works at once", async () => {
  const room = freshRoom();
  const topic = `realtime:${room}`;
  await town.admit(room, { alice: all, bob: { sees: true } });
  const bob = await town.raw({ apikey: await town.token("bob") });
  await bob.join(topic, { private: true, presence: { enabled: true } }, { ref: "1" });
  await town.admit(room, { bob: { hears: true, sees: true } });
  bob.send("1", null, topic, "access_token", { access_token: await town.token("bob", 3601) });
  await bob.heartbeat();
  const alice = (await town.client("alice")).channel(room, { config: { private: true } });
  await joined(alice);
  await alice.send(says("welcome"));
  await bob.event("broadcast");
});

test("an API key, no token and the same token again are ignored; a bad token closes the channel", async () => {
  const topic = `realtime:${freshRoom()}`;
  const token = await town.token("alice");
  const socket = await town.raw({ apikey: token });
  await socket.join(topic, {}, { ref: "1" });
  for (const ignored of [town.keys.publishableKey, null, token, undefined, 7]) {
    socket.send("1", "2", topic, "access_token", { access_token: ignored });
  }
  await socket.heartbeat();
  expect(socket.frames).toEqual([]);
  socket.send("1", "3", topic, "access_token", { access_token: "nonsense" });
  expect((await socket.event("system")).payload).toMatchObject({
    status: "error",
    message: "The token provided is not a valid JWT",
  });
  await socket.event("phx_close");
});

test("a valid token is checked again from time to time", async () => {
  await using strict = await town.another({ limits: { tokenCheckMs: 20 } });
  const socket = await strict.raw({ apikey: await strict.token("alice", 2) });
  await socket.join("realtime:room");
  await socket.event("phx_close");
  expect(strict.realtime.counts()).toMatchObject({ channels: 0, timers: 0 });
});
