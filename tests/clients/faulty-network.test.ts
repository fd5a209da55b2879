/** The faulty network does what it says. So a test that uses it tests something. */
import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { createClient, type RealtimeChannel, type SupabaseClient } from "@supabase/supabase-js";
import { expect, onTestFinished, test, vi } from "vitest";
import { WebSocketServer } from "ws";
import { target } from "../people.ts";
import { createFaultyNetwork, type FaultyNetwork } from "./faulty-network.ts";

const patience = { timeout: 30_000, interval: 20 };

async function stage(): Promise<{ network: FaultyNetwork; client: SupabaseClient }> {
  const { url, publishableKey } = target();
  const network = await createFaultyNetwork(url);
  const client = createClient(network.url, publishableKey, {
    auth: { persistSession: false },
    realtime: { reconnectAfterMs: () => 50, heartbeatIntervalMs: 500 },
  });
  onTestFinished(async () => {
    await client.removeAllChannels();
    await network[Symbol.asyncDispose]();
  });
  return { network, client };
}

/** A public room where everybody hears themselves. */
async function room(client: SupabaseClient) {
  const states: string[] = [];
  const heard: unknown[] = [];
  const channel = client.channel(crypto.randomUUID(), { config: { broadcast: { self: true } } });
  channel.on("broadcast", { event: "says" }, ({ payload }) => void heard.push(payload.text));
  channel.subscribe((state) => void states.push(state));
  await vi.waitFor(() => expect(states).toEqual(["SUBSCRIBED"]), patience);
  return { channel, states, heard };
}

const say = (channel: RealtimeChannel, text: string) =>
  channel.send({ type: "broadcast", event: "says", payload: { text } });

const askPublicFeed = (client: SupabaseClient) => client.rpc("public_feed", { page_size: 1 }).retry(false);

test("without a fault requests and broadcasts come through", async () => {
  const { network, client } = await stage();
  const { channel, heard } = await room(client);
  await say(channel, "hello");
  await vi.waitFor(() => expect(heard).toEqual(["hello"]), patience);
  expect((await askPublicFeed(client)).status).toBe(200);
  expect(network.requests).toEqual(["WebSocket", "POST /rest/v1/rpc/public_feed"]);
  expect(network.counts).toMatchObject({ sockets: 1, broadcasts: 1, dropped: 0, lost: 0 });
});

test("a cut socket comes back, and what was said meanwhile is lost", async () => {
  const { network, client } = await stage();
  const { channel, states, heard } = await room(client);
  network.cut();
  await vi.waitFor(() => expect(states).toEqual(["SUBSCRIBED", "CHANNEL_ERROR", "SUBSCRIBED"]), patience);
  await say(channel, "again");
  await vi.waitFor(() => expect(heard).toEqual(["again"]), patience);
  expect(network.counts.sockets).toBe(2);
});

test("a socket is cut in the middle of a frame, so the frame is lost", async () => {
  const { network, client } = await stage();
  const { channel, states, heard } = await room(client);
  const cut = network.cutInMidFrame();
  await say(channel, "half a word");
  await cut;
  await vi.waitFor(() => expect(states.at(-1)).toBe("SUBSCRIBED"), patience);
  await vi.waitFor(() => expect(states).toHaveLength(3), patience);
  await say(channel, "whole");
  await vi.waitFor(() => expect(heard).toEqual(["whole"]), patience);
});

test("nothing comes after half a frame, also if the next frame is there already", async () => {
  await using stack = new AsyncDisposableStack();
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  stack.defer(() => new Promise((resolve) => server.close(() => resolve())));
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const network = await createFaultyNetwork(`http://127.0.0.1:${port}`);
  stack.use(network);
  void network.cutInMidFrame();
  server.on("connection", (socket) => {
    for (const text of ['["a"]', '["b"]']) socket.send(text);
  });
  const client = connect(Number(new URL(network.url).port), "127.0.0.1");
  client.on("error", () => {});
  const got: Buffer[] = [];
  client.on("data", (chunk: Buffer) => got.push(chunk));
  client.write(
    "GET / HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n" +
      "sec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
  );
  await new Promise((resolve) => client.once("close", resolve));
  const [, body] = Buffer.concat(got).toString("latin1").split("\r\n\r\n");
  expect(body).toMatch(/\["$/);
});

test("chosen broadcasts are dropped and the others come", async () => {
  const { network, client } = await stage();
  const { channel, heard } = await room(client);
  network.drop(({ topic, event, payload }) => {
    expect([`realtime:${topic}`, event]).toEqual([channel.topic, "says"]);
    return payload.text === "two";
  });
  for (const text of ["one", "two", "three"]) await say(channel, text);
  await vi.waitFor(() => expect(heard).toEqual(["one", "three"]), patience);
  expect(network.counts).toMatchObject({ broadcasts: 3, dropped: 1 });
});

test("while the network refuses nothing gets through, and afterwards everything does", async () => {
  const { network, client } = await stage();
  const { states } = await room(client);
  network.refuse();
  expect((await askPublicFeed(client)).status).toBe(0);
  await vi.waitFor(() => expect(states.at(-1)).toBe("CHANNEL_ERROR"), patience);
  network.heal();
  await vi.waitFor(() => expect(states.at(-1)).toBe("SUBSCRIBED"), patience);
  expect((await askPublicFeed(client)).status).toBe(200);
});

test("a frozen network answers nothing until it is healed", async () => {
  const { network, client } = await stage();
  const { channel, heard } = await room(client);
  network.freeze();
  let isAnswered = false;
  const asked = askPublicFeed(client).then((answer) => {
    isAnswered = true;
    return answer;
  });
  await say(channel, "slow");
  await vi.waitFor(() => expect(network.requests).toContain("POST /rest/v1/rpc/public_feed"), patience);
  // The same request around the frozen network is answered. So this one would be too.
  await createClient(target().url, target().publishableKey).rpc("public_feed").throwOnError();
  expect([isAnswered, heard]).toEqual([false, []]);
  network.heal();
  expect((await asked).status).toBe(200);
  await vi.waitFor(() => expect(heard).toEqual(["slow"]), patience);
});

test("an answer is lost after the server did the request", async () => {
  const { network, client } = await stage();
  const email = `${crypto.randomUUID()}@example.com`;
  const lost = network.loseAnswer(({ method, path }) => method === "POST" && path.includes("/signup"));
  const username = `lost_${Date.now() % 1e9}`;
  const signedUp = await client.auth.signUp({
    email,
    password: "correct horse",
    options: { data: { username } },
  });
  await lost;
  expect(signedUp.error).not.toBeNull();
  expect(network.counts.lost).toBe(1);
  // The server has the account: the name is taken.
  const { data } = await client.rpc("username_available", { username }).throwOnError();
  expect(data).toMatchObject({ available: false, reason: "username_taken" });
});

test("a request is answered by the network itself", async () => {
  const { network, client } = await stage();
  const answered = network.answer(503, { "retry-after": "7" }, ({ path }) => path.endsWith("/public_feed"));
  expect((await askPublicFeed(client)).status).toBe(503);
  await answered;
  expect((await askPublicFeed(client)).status).toBe(200);
});
