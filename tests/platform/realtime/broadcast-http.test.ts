import { connect } from "node:net";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { createTown, freshRoom, hearing, joined, patience, settled, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterEach(() => town.everybodyLeaves());
afterAll(() => town[Symbol.asyncDispose]());

const post = async (path: string, body: BodyInit | object, headers: Record<string, string> = {}) => {
  const json = typeof body === "object" && !(body instanceof Uint8Array);
  const response = await fetch(`${town.url}/realtime/v1/api${path}`, {
    method: "POST",
    headers: {
      apikey: town.keys.publishableKey,
      ...(json ? { "content-type": "application/json" } : {}),
      ...headers,
    },
    body: json ? JSON.stringify(body) : (body as BodyInit),
  });
  const text = await response.text();
  return { status: response.status, body: text === "" ? "" : JSON.parse(text), headers: response.headers };
};
const bearer = async (name: string) => ({ authorization: `Bearer ${await town.token(name)}` });

test("a batch reaches its rooms, as text for either version, with its ids", async () => {
  const [room, other] = [freshRoom(), freshRoom()];
  const client = await town.client();
  const [one, two] = [client.channel(room), client.channel(other)];
  const [heardOne, heardTwo] = [hearing(one), hearing(two)];
  await Promise.all([joined(one), joined(two)]);
  const raw = await town.raw();
  await raw.join(`realtime:${room}`);
  const answer = await post("/broadcast", {
    messages: [
      { topic: room, event: "says", payload: { text: "one" }, id: "m1" },
      { topic: other, event: "says", payload: { text: "two" }, private: false },
    ],
  });
  expect(answer).toMatchObject({ status: 202, body: "" });
  await vi.waitFor(
    () => expect(heardTwo).toMatchObject([{ event: "says", payload: { text: "two" } }]),
    patience,
  );
  await vi.waitFor(() => expect(heardOne).toMatchObject([{ meta: { id: "m1" } }]), patience);
  const frame = await raw.event("broadcast");
  expect(frame.bytes).toBeUndefined();
  expect(frame.payload).toEqual({
    type: "broadcast",
    event: "says",
    payload: { text: "one" },
    meta: { id: "m1" },
  });
});

test("a private message of a batch is sent if its sender may speak in the room, and skipped if not", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true, speaks: true } });
  const channel = (await town.client("alice")).channel(room, { config: { private: true } });
  const heard = hearing(channel);
  await joined(channel);
  const batch = (text: string) => ({
    messages: [{ topic: room, event: "says", payload: { text }, private: true }],
  });
  expect((await post("/broadcast", batch("from mallory"), await bearer("mallory"))).status).toBe(202);
  expect((await post("/broadcast", batch("from a guest"))).status).toBe(202);
  await settled(heard, (mark) => bearer("alice").then((headers) => post("/broadcast", batch(mark), headers)));
  expect(heard).toEqual([]);
});

test("a malformed batch is answered with what is wrong with each message", async () => {
  const message = { topic: "a", event: "b", payload: {} };
  for (const [body, messages] of [
    [{ messages: [{ topic: "a", event: "b" }, message] }, [{ payload: ["can't be blank"] }, {}]],
    [
      { messages: [{ topic: " ", event: 7, payload: "text", private: "maybe", id: 5 }] },
      [
        {
          topic: ["can't be blank"],
          event: ["is invalid"],
          payload: ["is invalid"],
          private: ["is invalid"],
          id: ["is invalid"],
        },
      ],
    ],
    [{ messages: [] }, ["can't be blank"]],
    [{}, ["can't be blank"]],
    [[], ["can't be blank"]],
    [{ messages: "all" }, ["is invalid"]],
    [{ messages: ["all"] }, ["is invalid"]],
  ] as const) {
    expect(await post("/broadcast", body)).toMatchObject({ status: 422, body: { errors: { messages } } });
  }
  expect((await post("/broadcast", "{", { "content-type": "application/json" })).status).toBe(400);
});

test("httpSend reaches a room as JSON and as bytes", async () => {
  const room = freshRoom();
  const [alice, bob] = await Promise.all([town.client(), town.client()]);
  const to = bob.channel(room);
  const heard = hearing(to);
  await joined(to);
  const from = alice.channel(room);
  expect(await from.httpSend("says", { text: "hello" })).toEqual({ success: true });
  expect(await from.httpSend("photo", Uint8Array.of(0, 255))).toEqual({ success: true });
  await vi.waitFor(() => expect(heard).toHaveLength(2), patience);
  expect(heard[0]).toEqual({ type: "broadcast", event: "says", payload: { text: "hello" } });
  expect(new Uint8Array(heard[1]?.payload as ArrayBuffer)).toEqual(Uint8Array.of(0, 255));
});

test("httpSend to a private room works for a member who may speak there, and is forbidden for others", async () => {
  const room = freshRoom();
  await town.admit(room, { alice: { hears: true, speaks: true } });
  const config = { config: { private: true } };
  const [alice, mallory] = await Promise.all([town.client("alice"), town.client("mallory")]);
  const channel = alice.channel(room, config);
  const heard = hearing(channel);
  await joined(channel);
  await expect(mallory.channel(room, config).httpSend("says", { text: "let me" })).rejects.toThrow(
    "Unauthorized",
  );
  await alice.channel(room, config).httpSend("says", { text: "hello" });
  await vi.waitFor(() => expect(heard).toMatchObject([{ payload: { text: "hello" } }]), patience);
});

test("a client that has not joined falls back to HTTP", async () => {
  const room = freshRoom();
  const to = (await town.client()).channel(room);
  const heard = hearing(to);
  await joined(to);
  const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
  const from = (await town.client()).channel(room);
  expect(await from.send({ type: "broadcast", event: "says", payload: { text: "hello" } })).toBe("ok");
  warn.mockRestore();
  await vi.waitFor(() => expect(heard).toMatchObject([{ payload: { text: "hello" } }]), patience);
});

test("a single message has its topic and event in the path, with any characters", async () => {
  const room = `a/b ü:${freshRoom()}`;
  const to = (await town.client()).channel(room);
  const heard = hearing(to, "x/y");
  await joined(to);
  const path = `/broadcast/${encodeURIComponent(room)}/events/${encodeURIComponent("x/y")}`;
  expect((await post(path, [1, 2])).status).toBe(202);
  await vi.waitFor(() => expect(heard).toMatchObject([{ payload: { _json: [1, 2] } }]), patience);
  expect(await post(path, "hello", { "content-type": "text/plain" })).toMatchObject({
    status: 415,
    body: { error: expect.stringContaining("Unsupported Media Type") },
  });
  expect((await post(path, "{", { "content-type": "application/json" })).status).toBe(400);
  expect(await post(`${path}?persist=true`, {})).toMatchObject({
    status: 422,
    body: { errors: { persist: ["can only be used on private channels"] } },
  });
  expect(await post("/broadcast/%20/events/%20", {})).toMatchObject({
    status: 422,
    body: { errors: { topic: ["can't be blank"], event: ["can't be blank"] } },
  });
  expect((await post("/broadcast/%ff/events/a", {})).status).toBe(400);
  expect((await post("/nothing", {})).status).toBe(404);
});

test("without a valid key or token the answer is 401, and browsers may call from any origin", async () => {
  const batch = { messages: [{ topic: "a", event: "b", payload: {} }] };
  for (const headers of [
    { apikey: "" },
    { apikey: "nonsense" },
    { authorization: "Bearer nonsense" },
    { authorization: `Bearer ${await town.token("alice", -5)}` },
  ] as Record<string, string>[]) {
    expect(await post("/broadcast", batch, headers)).toMatchObject({
      status: 401,
      body: { message: "Unauthorized" },
    });
  }
  const answer = await post("/broadcast", batch, { origin: "https://plaza.example" });
  expect(answer.status).toBe(202);
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect(answer.headers.get("x-rate-limit")).toBeTruthy();
  const preflight = await fetch(`${town.url}/realtime/v1/api/broadcast`, {
    method: "OPTIONS",
    headers: {
      origin: "https://plaza.example",
      "access-control-request-method": "POST",
      "access-control-request-headers": "apikey,authorization,content-type,x-client-info",
    },
  });
  expect(preflight.headers.get("access-control-allow-headers")).toContain("apikey");
});

test("a body that is too large is refused", async () => {
  const path = "/broadcast/room/events/says";
  const headers = { "content-type": "application/octet-stream" };
  expect((await post(path, new Uint8Array(8_000_001), headers)).status).toBe(413);
});

test("a payload that is nested too deeply is refused, and one that is not is sent", async () => {
  const nested = (depth: number) => `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`;
  const json = { "content-type": "application/json" };
  const bytes = (text: string) => new TextEncoder().encode(text);
  for (const [path, around] of [
    ["/broadcast/room/events/says", (payload: string) => payload],
    [
      "/broadcast",
      (payload: string) => `{"messages":[{"topic":"room","event":"says","payload":${payload}}]}`,
    ],
  ] as const) {
    expect((await post(path, bytes(around(nested(100))), json)).status).toBe(202);
    expect((await post(path, bytes(around(nested(100_000))), json)).status).toBe(400);
  }
});

test("bodies that never arrive have a bound of memory, and leave room for short ones", async () => {
  const slow = Array.from({ length: 4 }, () => {
    const socket = connect(Number(new URL(town.url).port), "127.0.0.1").on("error", () => {});
    const head = `POST /realtime/v1/api/broadcast HTTP/1.1\r\nhost: x\r\napikey: ${town.keys.publishableKey}\r\n`;
    socket.write(`${head}content-length: 8000000\r\n\r\n{`);
    return socket;
  });
  const large = () => post("/broadcast/room/events/says", { text: "x".repeat(100_000) });
  await vi.waitFor(async () => expect((await large()).status).toBe(429), patience);
  expect((await post("/broadcast/room/events/says", { text: "short" })).status).toBe(202);
  for (const socket of slow) socket.destroy();
  await vi.waitFor(async () => expect((await large()).status).toBe(202), patience);
});
