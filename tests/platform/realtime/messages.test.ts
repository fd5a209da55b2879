import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, hearing, joined, patience, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const all = { hears: true, speaks: true };
const send = async (room: string, text: string, isPrivate = true) => {
  await town.sql`select realtime.send(${town.sql.json({ text })}, 'says', ${room}, ${isPrivate})`;
};
const textsOf = (heard: Record<string, unknown>[]) =>
  heard.map(({ payload }) => (payload as { text: string }).text);
/** Joins a channel. Resolves when the stream from the database runs. */
const listening = async (room: string, name: string) => {
  const client = await town.client(name);
  const channel = client.channel(room, {
    config: { private: true, broadcast: { replication_ready: true } },
  });
  const heard = hearing(channel);
  const told: Record<string, unknown>[] = [];
  channel.on("system", {}, (message) => void told.push(message));
  await joined(channel);
  const status = { extension: "system", status: "ok", message: "Replication connection established" };
  await vi.waitFor(() => expect(told).toEqual([{ ...status, channel: room }]), patience);
  return { channel, heard };
};

test("alice and bob hear what the database sends, in order and with its id", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, bob: all });
  const [alice, bob] = await Promise.all([listening(room, "alice"), listening(room, "bob")]);
  for (const text of ["one", "two", "three"]) await send(room, text);
  for (const { heard } of [alice, bob]) {
    await vi.waitFor(() => expect(textsOf(heard)).toEqual(["one", "two", "three"]), patience);
  }
  const rows = await town.sql`select id from realtime.messages where topic = ${room} order by inserted_at`;
  expect(bob.heard.map(({ meta }) => meta)).toEqual(rows.map(({ id }) => ({ id })));
});

test("nobody hears a message that is rolled back, and a public message does not reach a private room", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all });
  const { heard } = await listening(room, "alice");
  await town.sql
    .begin(async (sql) => {
      await sql`select realtime.send('{"text": "never"}', 'says', ${room}, true)`;
      throw new Error("rolled back");
    })
    .catch(() => {});
  const open = (await town.client()).channel(room);
  const heardOpen = hearing(open);
  await joined(open);
  await send(room, "to the public", false);
  await vi.waitFor(() => expect(textsOf(heardOpen)).toEqual(["to the public"]), patience);
  await send(room, "to members");
  await vi.waitFor(() => expect(textsOf(heard)).toEqual(["to members"]), patience);
});

test("bytes from the database reach only 2.0.0 clients, JSON reaches both versions", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all });
  const { heard } = await listening(room, "alice");
  const apikey = await town.token("alice");
  const old = await town.raw({ apikey, vsn: "1.0.0" });
  await old.join(`realtime:${room}`, { private: true });
  await town.sql`select realtime.send_binary('\\x00ff'::bytea, 'photo', ${room}, true)`;
  await send(room, "json");
  await vi.waitFor(() => expect(heard).toHaveLength(2), patience);
  expect(new Uint8Array(heard[0]?.payload as ArrayBuffer)).toEqual(Uint8Array.of(0, 255));
  expect((await old.event("broadcast")).payload).toMatchObject({
    type: "broadcast",
    event: "says",
    payload: { text: "json" },
    meta: heard[1]?.meta,
  });
});

test("a message whose event is too long for a binary frame is sent as text", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all });
  const { heard } = await listening(room, "alice");
  const event = "e".repeat(300);
  await town.sql`select realtime.send('{"text": "long"}', ${event}, ${room}, true)`;
  await vi.waitFor(() => expect(heard).toMatchObject([{ event, payload: { text: "long" } }]), patience);
});

test("a member who joins late gets the room's last messages, oldest first and marked as replayed", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all });
  const texts = Array.from({ length: 30 }, (_, index) => `${index}`);
  for (const text of texts) await send(room, text);
  await send(room, "of the public", false);
  await send(freshRoom(), "of another room");
  const replayed = async (replay: { since: number; limit?: number }, count: number) => {
    const client = await town.client("alice");
    const channel = client.channel(room, { config: { private: true, broadcast: { replay } } });
    const heard = hearing(channel);
    await joined(channel);
    await vi.waitFor(() => expect(heard).toHaveLength(count), patience);
    await client.removeChannel(channel);
    return heard;
  };
  const last = await replayed({ since: 0 }, 25);
  expect(textsOf(last)).toEqual(texts.slice(-25));
  expect(last[0]?.meta).toEqual({ replayed: true, id: expect.any(String) });
  expect(textsOf(await replayed({ since: 0, limit: 2 }, 2))).toEqual(texts.slice(-2));
  expect(textsOf(await replayed({ since: 0, limit: 100 }, 25))).toEqual(texts.slice(-25));
});

test("replay takes only numbers, and only for members who may hear", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, bob: { sees: true } });
  const ask = async (name: string, replay: unknown) => {
    const socket = await town.raw({ apikey: await town.token(name) });
    const config = { private: true, presence: { enabled: true }, broadcast: { replay } };
    return (await socket.join(`realtime:${room}`, config)).payload;
  };
  expect((await ask("alice", { since: 0 })).status).toBe("ok");
  for (const wrong of [{ since: "yesterday" }, { since: 0, limit: "all" }, "all", []]) {
    expect((await ask("alice", wrong)).response.reason).toBe(
      "UnableToReplayMessages: Replay params are not valid",
    );
  }
  expect((await ask("bob", { since: 0 })).response.reason).toMatch(/^Unauthorized: /);
});

test("a 1.0.0 client gets replayed messages as text, without those of bytes", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all });
  await town.sql`select realtime.send_binary('\\x00ff'::bytea, 'photo', ${room}, true)`;
  await send(room, "json");
  const config = { private: true, broadcast: { replay: { since: 0 } } };
  const apikey = await town.token("alice");
  const [old, recent] = [await town.raw({ apikey, vsn: "1.0.0" }), await town.raw({ apikey })];
  await old.join(`realtime:${room}`, config);
  await recent.join(`realtime:${room}`, config, { ref: "1" });
  expect((await old.event("broadcast")).payload).toMatchObject({
    event: "says",
    payload: { text: "json" },
    meta: { replayed: true },
  });
  const photo = await recent.event("broadcast");
  expect(photo.payload.payload).toEqual(Buffer.of(0, 255));
  expect(photo.payload.meta).toMatchObject({ replayed: true });
  const text = await recent.event("broadcast");
  expect(text).toMatchObject({ joinRef: "1", ref: null });
  expect(text.bytes).toBeUndefined();
  await old.heartbeat();
  expect(old.frames).toEqual([]);
});

test("replay sends no faster than the client reads, however much there is", async () => {
  await using strict = await town.another({ limits: { bufferedBytes: 1_000_000 } });
  const room = freshRoom();
  await town.admit(room, { alice: all });
  // More than the buffers of a connection can hold.
  const [count, length] = [25, 1_000_000];
  await town.sql`
    select realtime.send(jsonb_build_object('text', number || repeat('x', ${length})), 'says', ${room})
    from generate_series(1, ${count}) as number`;
  const alice = await strict.raw({ apikey: await town.token("alice") });
  await alice.join(`realtime:${room}`, { private: true, broadcast: { replay: { since: 0 } } });
  await send(room, "live");
  for (let number = 1; number <= count; number++) {
    const { text } = (await alice.event("broadcast")).payload.payload;
    expect([Number.parseInt(text, 10), text.length]).toEqual([number, `${number}`.length + length]);
  }
  expect((await alice.event("broadcast")).payload.payload.text).toBe("live");
});

test("a client that does not read its replay is disconnected", async () => {
  await using strict = await town.another({ limits: { idleMs: 500 } });
  const room = freshRoom();
  await town.admit(room, { alice: all });
  await town.sql`
    select realtime.send(jsonb_build_object('text', repeat('x', 1000000)), 'says', ${room})
    from generate_series(1, 25)`;
  const alice = await strict.raw({ apikey: await town.token("alice") });
  const config = { private: true, presence: { enabled: false }, broadcast: { replay: { since: 0 } } };
  alice.send("1", "1", `realtime:${room}`, "phx_join", { config });
  alice.ws.pause();
  await vi.waitFor(() => expect(strict.realtime.counts().channels).toBe(1), patience);
  await vi.waitFor(() => expect(strict.realtime.counts().connections).toBe(0), patience);
  expect(strict.realtime.counts()).toMatchObject({ channels: 0, timers: 0 });
});

test("messages that are sent while bob joins reach him exactly once, in order, replayed or live", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: all, bob: all });
  const { heard: reference } = await listening(room, "alice");
  const apikey = await town.token("bob");
  let count = 0;
  let stop = false;
  const sending = (async () => {
    while (!stop) await send(room, `${count++}`);
  })();
  const config = { private: true, broadcast: { replay: { since: 0, limit: 25 } } };
  const told: string[][] = [];
  for (let round = 0; round < 10; round++) {
    const bob = await town.raw({ apikey });
    const texts: string[] = [];
    await bob.join(`realtime:${room}`, config);
    const enough = count + 5;
    while (Number(texts.at(-1) ?? 0) < enough)
      texts.push((await bob.event("broadcast")).payload.payload.text);
    told.push(texts);
    bob.ws.terminate();
  }
  stop = true;
  await sending;
  await vi.waitFor(() => expect(reference).toHaveLength(count), patience);
  expect(textsOf(reference)).toEqual(Array.from({ length: count }, (_, index) => `${index}`));
  for (const texts of told) {
    const first = Number(texts[0]);
    expect(texts).toEqual(Array.from(texts, (_, index) => `${first + index}`));
  }
});
