import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { push, type RawSocket } from "./raw-socket.ts";
import { createTown, freshRoom, hearing, joined, patience, settled, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const says = (text: string) => ({ type: "broadcast", event: "says", payload: { text } }) as const;
const textsOf = (heard: Record<string, unknown>[]) =>
  heard.map(({ payload }) => (payload as { text: string }).text);

test("bob and carol hear what alice says, in order, and alice does not hear herself", async () => {
  const room = freshRoom();
  const [alice, bob, carol] = await Promise.all([town.client(), town.client(), town.client()]);
  const channels = [alice, bob, carol].map((client) => client.channel(room));
  const heard = channels.map((channel) => hearing(channel));
  await Promise.all(channels.map(joined));
  const texts = Array.from({ length: 50 }, (_, index) => `${index}`);
  for (const text of texts) expect(await channels[0]?.send(says(text))).toBe("ok");
  await vi.waitFor(() => expect(heard[2]).toHaveLength(50), patience);
  await vi.waitFor(() => expect(heard[1]).toHaveLength(50), patience);
  expect(textsOf(heard[1] as [])).toEqual(texts);
  expect(textsOf(heard[2] as [])).toEqual(texts);
  expect(heard[0]).toEqual([]);
});

test("alice hears herself when she asks to", async () => {
  const client = await town.client();
  const channel = client.channel(freshRoom(), { config: { broadcast: { self: true } } });
  const heard = hearing(channel);
  await joined(channel);
  await channel.send(says("echo"));
  await vi.waitFor(() => expect(textsOf(heard)).toEqual(["echo"]), patience);
});

test("with ack the send resolves when the server has it, and fails when it is too large", async () => {
  const client = await town.client();
  const channel = client.channel(freshRoom(), { config: { broadcast: { ack: true } } });
  await joined(channel);
  expect(await channel.send(says("hello"))).toBe("ok");
  expect(await channel.send(says("x".repeat(3_100_000)))).toBe("error");
  expect(await channel.send(says("x".repeat(2_900_000)))).toBe("ok");
});

test("a message that is too large reaches nobody, and without ack nobody is told", async () => {
  const room = freshRoom();
  const [alice, bob] = await Promise.all([town.client(), town.client()]);
  const [from, to] = [alice.channel(room), bob.channel(room)];
  const heard = hearing(to);
  await Promise.all([joined(from), joined(to)]);
  expect(await from.send(says("x".repeat(3_100_000)))).toBe("ok");
  await settled(heard, (mark) => from.send(says(mark)));
  expect(heard).toEqual([]);
});

test("a payload of bytes arrives as bytes", async () => {
  const room = freshRoom();
  const [alice, bob] = await Promise.all([town.client(), town.client()]);
  const [from, to] = [alice.channel(room), bob.channel(room)];
  const heard = hearing(to, "photo");
  await Promise.all([joined(from), joined(to)]);
  const bytes = Uint8Array.from({ length: 1000 }, (_, index) => index % 256);
  await from.send({ type: "broadcast", event: "photo", payload: bytes.buffer });
  await vi.waitFor(() => expect(heard).toHaveLength(1), patience);
  expect(new Uint8Array(heard[0]?.payload as ArrayBuffer)).toEqual(bytes);
});

test("clients of both protocol versions hear each other; bytes reach only the newer one", async () => {
  const room = freshRoom();
  const old = (await town.client(undefined, { vsn: "1.0.0" })).channel(room);
  const recent = (await town.client()).channel(room);
  const sender = (await town.client()).channel(room);
  const [heardOld, heardNew] = [hearing(old), hearing(recent)];
  await Promise.all([joined(old), joined(recent), joined(sender)]);
  await sender.send({ type: "broadcast", event: "photo", payload: new ArrayBuffer(3) });
  await sender.send(says("from 2.0.0"));
  await vi.waitFor(() => expect(textsOf(heardOld)).toEqual(["from 2.0.0"]), patience);
  expect(heardOld[0]).toEqual({ type: "broadcast", event: "says", payload: { text: "from 2.0.0" } });
  await vi.waitFor(() => expect(heardNew).toHaveLength(2), patience);
  await old.send(says("from 1.0.0"));
  await vi.waitFor(() => expect(heardNew.at(-1)).toMatchObject(says("from 1.0.0")), patience);
});

test("a text broadcast is passed on as it came, a binary one without its metadata", async () => {
  const topic = `realtime:${freshRoom()}`;
  const [alice, bob, carol] = [await town.raw(), await town.raw(), await town.raw({ vsn: "1.0.0" })];
  for (const socket of [alice, bob, carol]) await socket.join(topic);
  const odd = { type: "broadcast", event: "says", payload: [1, null], meta: { a: 1 }, extra: "é" };
  alice.send("1", "2", topic, "broadcast", odd);
  const toBob = await bob.event("broadcast");
  expect(toBob).toEqual({ joinRef: null, ref: null, topic, event: "broadcast", payload: odd });
  const toCarol = await carol.event("broadcast");
  expect(toCarol).toEqual({ joinRef: undefined, ref: null, topic, event: "broadcast", payload: odd });

  alice.ws.send(push(topic, "says", { text: "é" }, { meta: '{"persist":true}' }));
  const binary = await bob.event("broadcast");
  expect(binary.bytes?.[0]).toBe(4);
  expect(binary.payload).toEqual({ type: "broadcast", event: "says", payload: { text: "é" } });
  expect((await carol.event("broadcast")).payload).toEqual(binary.payload);
});

test("numbers that JavaScript does not have pass unchanged", async () => {
  const topic = `realtime:${freshRoom()}`;
  const written = '{ "id":9007199254740993, "price":1.0, "a":"\\u00e9 \\"],}", "2":[{}, [ ]], "1":-0 }';
  const sockets = [await town.raw(), await town.raw({ vsn: "1.0.0" })];
  const texts: string[][] = [[], []];
  for (const [index, socket] of sockets.entries()) {
    await socket.join(
      topic,
      { broadcast: { self: true }, presence: { enabled: false, key: "k" } },
      { ref: "1" },
    );
    socket.ws.on("message", (data) => void texts[index]?.push(String(data)));
  }
  const [two, one] = sockets as [RawSocket, RawSocket];
  const says = `{"type":"broadcast","event":"says","payload":${written}}`;
  two.ws.send(`["1", "2", "${topic}", "broadcast", ${says}, 5]`);
  one.ws.send(`{"payload":1,"topic":"${topic}","event":"broadcast","payload":${says},"ref":"2"}`);
  const post = (path: string, body: string) =>
    fetch(`${town.url}/realtime/v1/api/broadcast${path}`, {
      method: "POST",
      headers: { apikey: town.keys.publishableKey, "content-type": "application/json" },
      body,
    });
  const room = topic.slice("realtime:".length);
  await post("", `{"messages":[{"topic":"${room}","event":"says","payload":${written}}]}`);
  await post(`/${room}/events/says`, written);
  for (const socket of sockets) for (let time = 0; time < 4; time++) await socket.event("broadcast");
  const tracked = '{"id":9007199254740993,"price":1.0}';
  for (const [ref, payload] of ["{}", tracked, tracked.replace("3", "2")].entries()) {
    two.ws.send(`["1","t${ref}","${topic}","presence",{"event":"track","payload":${payload}}]`);
    await two.reply(`t${ref}`);
    for (const socket of sockets) await socket.event("presence_diff");
  }
  for (const heard of texts) {
    const broadcasts = heard.filter((text) => text.includes("says"));
    expect(broadcasts.map((text) => text.includes(written))).toEqual([true, true, true, true]);
    const diffs = heard.filter((text) => text.includes("presence_diff"));
    expect(diffs[1]).toContain('{"id":9007199254740993,"price":1.0,"phx_ref":');
    expect(diffs[2]).toContain('"joins":{"k":{"metas":[{"id":9007199254740992,');
  }
});

test("a private room and a public one of the same name do not hear each other", async () => {
  const room = freshRoom();
  const all = { hears: true, speaks: true };
  await town.admit(room, { alice: all, bob: all });
  const [alice, bob] = await Promise.all([town.client("alice"), town.client("bob")]);
  const open = (await town.client()).channel(room);
  const [from, to] = [alice, bob].map((client) => client.channel(room, { config: { private: true } }));
  if (!from || !to) throw new Error();
  const [heardOpen, heardPrivate] = [hearing(open), hearing(to)];
  await Promise.all([open, from, to].map(joined));
  await from.send(says("a secret"));
  await vi.waitFor(() => expect(textsOf(heardPrivate)).toEqual(["a secret"]), patience);
  const other = (await town.client()).channel(room);
  await joined(other);
  await other.send(says("a cry"));
  await vi.waitFor(() => expect(textsOf(heardOpen)).toEqual(["a cry"]), patience);
  await settled(heardPrivate, (mark) => from.send(says(mark)));
  expect(textsOf(heardPrivate)).toEqual(["a secret"]);
});

test("carol hears nothing from a room she left", async () => {
  const room = freshRoom();
  const [alice, bob, carol] = await Promise.all([town.client(), town.client(), town.client()]);
  const [from, stays, leaves] = [alice, bob, carol].map((client) => client.channel(room));
  if (!from || !stays || !leaves) throw new Error();
  const [heardStays, heardLeaves] = [hearing(stays), hearing(leaves)];
  await Promise.all([from, stays, leaves].map(joined));
  await from.send(says("before"));
  await vi.waitFor(() => expect(textsOf(heardLeaves)).toEqual(["before"]), patience);
  await leaves.unsubscribe();
  await from.send(says("after"));
  await vi.waitFor(() => expect(textsOf(heardStays)).toEqual(["before", "after"]), patience);
  expect(textsOf(heardLeaves)).toEqual(["before"]);
});
