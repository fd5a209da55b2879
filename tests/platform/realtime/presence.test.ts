import type { RealtimeChannel } from "@supabase/supabase-js";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

/** A channel that watches who is present. */
const watching = async (room: string, key: string, name?: string) => {
  const client = await town.client(name);
  const channel = client.channel(room, { config: { presence: { key }, private: name !== undefined } });
  channel.on("presence", { event: "sync" }, () => {});
  return { client, channel: await joined(channel) };
};
const seen = (channel: RealtimeChannel) =>
  Object.fromEntries(
    Object.entries(channel.presenceState<{ at: string }>()).map(([key, metas]) => [
      key,
      metas.map(({ at }) => at),
    ]),
  );
const sees = (channel: RealtimeChannel, who: object) =>
  vi.waitFor(() => expect(seen(channel)).toEqual(who), patience);

test("everybody sees who tracks until they untrack, themselves and latecomers included", async () => {
  const room = freshRoom();
  const alice = await watching(room, "alice");
  const bob = await watching(room, "bob");
  expect(await alice.channel.track({ at: "home" })).toBe("ok");
  await sees(alice.channel, { alice: ["home"] });
  await sees(bob.channel, { alice: ["home"] });
  const carol = await watching(room, "carol");
  await sees(carol.channel, { alice: ["home"] });
  expect(await bob.channel.track({ at: "work" })).toBe("ok");
  for (const { channel } of [alice, bob, carol]) await sees(channel, { alice: ["home"], bob: ["work"] });
  expect(await alice.channel.untrack()).toBe("ok");
  for (const { channel } of [alice, bob, carol]) await sees(channel, { bob: ["work"] });
});

test("leaving, disconnecting and being cut off all end a presence", async () => {
  const room = freshRoom();
  const [alice, bob, carol, dave] = await Promise.all(
    ["alice", "bob", "carol", "dave"].map((name) => watching(room, name)),
  );
  if (!alice || !bob || !carol || !dave) throw new Error();
  for (const { channel } of [alice, bob, carol]) await channel.track({ at: "home" });
  await sees(dave.channel, { alice: ["home"], bob: ["home"], carol: ["home"] });
  await alice.channel.unsubscribe();
  await sees(dave.channel, { bob: ["home"], carol: ["home"] });
  await bob.client.realtime.disconnect();
  await sees(dave.channel, { carol: ["home"] });
  // A process that dies sends nothing more.
  const raw = await town.raw();
  const topic = `realtime:${room}`;
  await raw.join(topic, { presence: { key: "erin" } }, { ref: "1" });
  raw.send("1", "2", topic, "presence", { type: "presence", event: "track", payload: { at: "train" } });
  await sees(dave.channel, { carol: ["home"], erin: ["train"] });
  raw.ws.terminate();
  await sees(dave.channel, { carol: ["home"] });
});

test("a presence key has one meta for each channel that tracks under it", async () => {
  const room = freshRoom();
  const [phone, laptop] = await Promise.all([watching(room, "alice"), watching(room, "alice")]);
  await phone.channel.track({ at: "phone" });
  await laptop.channel.track({ at: "laptop" });
  const bob = await watching(room, "bob");
  await vi.waitFor(() => expect(seen(bob.channel).alice?.toSorted()).toEqual(["laptop", "phone"]), patience);
  await phone.channel.unsubscribe();
  await sees(bob.channel, { alice: ["laptop"] });
});

test("an update is a join that names the earlier reference and a leave of the earlier meta; the same payload again does nothing", async () => {
  const topic = `realtime:${freshRoom()}`;
  const [alice, bob] = [await town.raw(), await town.raw({ vsn: "1.0.0" })];
  await alice.join(topic, { presence: { key: "alice" } }, { ref: "1" });
  await bob.join(topic);
  const track = (ref: string, payload: unknown) => {
    alice.send("1", ref, topic, "presence", { type: "presence", event: "track", payload });
    return alice.reply(ref);
  };
  await track("2", { at: "home", mood: 1 });
  const first = (await bob.event("presence_diff")).payload;
  const [meta] = first.joins.alice.metas;
  expect(first).toEqual({
    joins: { alice: { metas: [{ at: "home", mood: 1, phx_ref: expect.any(String) }] } },
    leaves: {},
  });
  await track("3", { mood: 1, at: "home" });
  await track("4", { at: "work" });
  const second = (await bob.event("presence_diff")).payload;
  expect(second).toEqual({
    joins: { alice: { metas: [{ at: "work", phx_ref: expect.any(String), phx_ref_prev: meta.phx_ref }] } },
    leaves: { alice: { metas: [meta] } },
  });
  expect(second.joins.alice.metas[0].phx_ref).not.toBe(meta.phx_ref);
  alice.send("1", "5", topic, "presence", { type: "presence", event: "untrack" });
  await alice.reply("5");
  const third = (await bob.event("presence_diff")).payload;
  expect(third).toEqual({ joins: {}, leaves: { alice: second.joins.alice } });
});

test("only an object can be tracked, and an event without a name does nothing", async () => {
  const topic = `realtime:${freshRoom()}`;
  const socket = await town.raw();
  await socket.join(topic, {}, { ref: "1" });
  const answer = async (ref: string, payload: unknown) => {
    socket.send("1", ref, topic, "presence", payload);
    return (await socket.reply(ref)).payload;
  };
  expect(await answer("2", { event: "track", payload: "here" })).toEqual({
    status: "error",
    response: { reason: "Presence track payload must be a map" },
  });
  expect(await answer("3", { event: "dance" })).toEqual({ status: "error", response: {} });
  expect(await answer("4", {})).toEqual({ status: "ok", response: {} });
  expect(await answer("5", { event: "untrack" })).toEqual({ status: "ok", response: {} });
});

test("the state comes once, on joining, or with the first track of a client that joined without presence", async () => {
  const topic = `realtime:${freshRoom()}`;
  const [alice, bob] = [await town.raw(), await town.raw()];
  await alice.join(topic, { presence: { key: "alice", enabled: true } }, { ref: "1" });
  expect((await alice.event("presence_state")).payload).toEqual({});
  alice.send("1", "2", topic, "presence", { event: "track", payload: {} });
  await alice.reply("2");
  await bob.join(topic, { presence: { key: "bob", enabled: false } }, { ref: "1" });
  await bob.heartbeat();
  expect(bob.frames).toEqual([]);
  bob.send("1", "2", topic, "presence", { event: "track", payload: {} });
  expect((await bob.event("presence_diff")).payload.joins).toHaveProperty("bob");
  expect(Object.keys((await bob.event("presence_state")).payload).toSorted()).toEqual(["alice", "bob"]);
  bob.send("1", "3", topic, "presence", { event: "track", payload: { again: true } });
  await bob.reply("3");
  expect(bob.frames.filter(({ event }) => event === "presence_state")).toEqual([]);
});

test("in a private room bob sees but may not show, and mallory shows but may not see", async () => {
  const room = freshRoom();
  await town.admit(room, {
    alice: { hears: true, sees: true, shows: true },
    bob: { hears: true, sees: true },
    mallory: { hears: true, shows: true },
  });
  const alice = await watching(room, "alice", "alice");
  const bob = await watching(room, "bob", "bob");
  const mallory = await watching(room, "mallory", "mallory");
  expect(await alice.channel.track({ at: "home" })).toBe("ok");
  expect(await bob.channel.track({ at: "home" })).toBe("error");
  expect(await mallory.channel.track({ at: "door" })).toBe("ok");
  await sees(bob.channel, { alice: ["home"], mallory: ["door"] });
  expect(seen(mallory.channel)).toEqual({});
  expect(town.realtime.counts().presences).toBe(2);
});

test("in a private room a client that joined without presence sees nothing until it tracks and may see", async () => {
  const room = freshRoom();
  const rights = { hears: true, shows: true };
  await town.admit(room, {
    alice: { ...rights, sees: true },
    bob: { ...rights, sees: true },
    mallory: rights,
  });
  const topic = `realtime:${room}`;
  const raw = async (name: string) => {
    const socket = await town.raw({ apikey: await town.token(name) });
    await socket.join(topic, { private: true, presence: { key: name, enabled: false } }, { ref: "1" });
    return socket;
  };
  const [alice, bob, mallory] = [await raw("alice"), await raw("bob"), await raw("mallory")];
  const track = async (socket: typeof alice, ref: string) => {
    socket.send("1", ref, topic, "presence", { event: "track", payload: { ref } });
    expect((await socket.reply(ref)).payload.status).toBe("ok");
  };
  await track(alice, "2");
  await bob.heartbeat();
  expect(bob.frames).toEqual([]);
  await track(bob, "2");
  await track(mallory, "2");
  await track(alice, "3");
  await mallory.heartbeat();
  expect(mallory.frames).toEqual([]);
  await bob.next(
    ({ event, payload }) => event === "presence_diff" && payload.joins.alice?.metas[0].ref === "3",
  );
});
