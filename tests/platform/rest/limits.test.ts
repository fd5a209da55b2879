/** Large requests through the gateway: what is accepted, and that a browser can read every refusal. */
import { randomUUID } from "node:crypto";
import { connect } from "node:net";
import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createGateway, type Gateway } from "../../../platform/gateway/index.ts";
import { silent } from "../../../platform/log.ts";
import { createBodyRoom } from "../../../platform/rest/body-room.ts";
import { bodyMax } from "../../../platform/rest/request/index.ts";
import { createTown, type Town } from "./town.ts";

const patience = { timeout: 20_000 };
let town: Town;
let gateway: Gateway;
beforeAll(async () => {
  town = await createTown();
  await town.sql`create table stamps (id uuid primary key)`;
  await town.sql`grant select, insert on stamps to anon`;
  gateway = await createGateway({ host: "127.0.0.1", port: 0, keys: town.keys, log: silent });
  gateway.mount("rest", town.rest);
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await town?.[Symbol.asyncDispose]();
});

const ask = (path: string, init: RequestInit = {}) =>
  fetch(gateway.url + path, {
    ...init,
    headers: { apikey: town.keys.publishableKey, "content-type": "application/json", ...init.headers },
  });

test("a filter with 500 ids is answered", async () => {
  const ids = Array.from({ length: 500 }, () => randomUUID());
  await town.sql`insert into stamps select unnest(${ids.slice(0, 3)}::uuid[])`;
  const client = createClient(gateway.url, town.keys.publishableKey);
  const { data, error, status } = await client.from("stamps").select("id").in("id", ids);
  expect({ error, status, rows: data?.length }).toEqual({ error: null, status: 200, rows: 3 });
});

test("a URL of 64 KiB is answered, and a longer one is refused so that a browser can read it", async () => {
  const path = "/rest/v1/stamps?select=id&id=eq.";
  const own = "http://127.0.0.1:00000/stamps?select=id&id=eq.".length;
  const fits = await ask(path + "a".repeat(64 * 1024 - own - 10));
  expect(fits.status).toBe(400);
  expect((await fits.json()).code).toBe("22P02");
  const long = await ask(path + "a".repeat(64 * 1024));
  expect(long.status).toBe(414);
  expect(long.headers.get("access-control-allow-origin")).toBe("*");
  expect((await long.json()).code).toBe("PGRST100");
});

test("headers beyond the server's limit are refused so that a browser can read it", async () => {
  for (const init of [{ headers: { "x-large": "a".repeat(200_000) } }, {}]) {
    const url = init.headers ? "/rest/v1/stamps" : `/rest/v1/stamps?id=eq.${"a".repeat(300_000)}`;
    const answer = await ask(url, init as RequestInit);
    expect(answer.status).toBe(431);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect(await answer.json()).toMatchObject({ code: "request_header_fields_too_large" });
  }
  expect((await ask("/rest/v1/stamps?limit=1")).status).toBe(200);
});

test("a path that no service has is refused so that a browser can read it", async () => {
  const answer = await ask("/graphql/v1");
  expect(answer.status).toBe(404);
  expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  expect((await answer.json()).message).toBe("no Route matched with those values");
});

test("what is not HTTP is answered with words", async () => {
  expect(await exchange("HELLO\r\n\r\n")).toMatch(/^HTTP\/1.1 400 [\s\S]*"code":"bad_request"/);
});

test("a body that is too large is refused so that a browser can read it", async () => {
  const stream = () => {
    let sent = 0;
    return new ReadableStream({
      pull(controller) {
        if (sent > bodyMax) return controller.close();
        sent += 1024 * 1024;
        controller.enqueue(new Uint8Array(1024 * 1024).fill(32));
      },
    });
  };
  for (const body of [Buffer.alloc(bodyMax + 1, " "), stream()]) {
    const answer = await ask("/rest/v1/stamps", { method: "POST", body, duplex: "half" } as RequestInit);
    expect(answer.status).toBe(413);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
    expect((await answer.json()).code).toBe("PGRST102");
  }
});

test("a client that still sends its large body gets the refusal", async () => {
  const head = `POST /rest/v1/stamps HTTP/1.1\r\nhost: x\r\napikey: ${town.keys.publishableKey}\r\n`;
  const answer = await exchange(
    `${head}content-length: ${bodyMax + 1}\r\n\r\n`,
    Buffer.alloc(bodyMax / 2, " "),
  );
  expect(answer).toMatch(/^HTTP\/1.1 413 [\s\S]*access-control-allow-origin: \*[\s\S]*PGRST102/i);
});

test.each([
  ["application/json", "[{}", ",{}", "]"],
  ["text/csv", "id", "\n1", ""],
  ["application/x-www-form-urlencoded", "a", "&a", ""],
])("a body of very many values is refused: %s", async (type, first, next, last) => {
  const send = async (values: number) => {
    const body = first + next.repeat(values) + last;
    const init = { method: "POST", body, headers: { "content-type": type } };
    const answer = await ask("/rest/v1/stamps", init);
    return { status: answer.status, ...((await answer.json()) as { code: string; message: string }) };
  };
  expect(await send(200_001)).toMatchObject({
    status: 413,
    code: "PGRST102",
    message: expect.stringMatching(/values$/),
  });
  expect((await send(2)).status).toBe(400);
});

test("the service role may send ten times as many values in JSON", async () => {
  // The last object has other keys, so nothing is written.
  const body = `[{}${",{}".repeat(200_000)},{"id":1}]`;
  const send = async (apikey: string) => {
    const headers = { "content-type": "application/json", apikey };
    return (await ask("/rest/v1/stamps", { method: "POST", body, headers })).status;
  };
  expect(await send(town.keys.publishableKey)).toBe(413);
  expect(await send(town.keys.secretKey)).toBe(400);
});

test("a caller may have two of the largest bodies in memory, and leaves room for others", () => {
  const room = createBodyRoom();
  const take = (caller: string, bytes: number) =>
    room.take({ headers: new Headers({ "content-length": String(bytes) }) }, caller);
  const held = [take("alice", bodyMax), take("alice", bodyMax)];
  expect(() => take("alice", bodyMax)).toThrow(expect.objectContaining({ status: 429 }));
  expect(take("alice", 1000)).toBeDefined();
  const chunked = { headers: new Headers({ "transfer-encoding": "chunked" }) };
  held.push(room.take(chunked, "bob"), take("carol", bodyMax));
  expect(() => take("mallory", bodyMax)).toThrow(expect.objectContaining({ status: 503 }));
  for (const each of held) each[Symbol.dispose]();
  expect(take("mallory", bodyMax)).toBeDefined();
});

test("bodies that never arrive take no room after their clients have left", async () => {
  const head = `POST /rest/v1/stamps HTTP/1.1\r\nhost: x\r\napikey: ${town.keys.publishableKey}\r\n`;
  const port = Number(new URL(gateway.url).port);
  const slow = [1, 2].map(() => connect(port, "127.0.0.1"));
  for (const socket of slow) socket.write(`${head}content-length: ${bodyMax}\r\n\r\n[`);
  const send = () => ask("/rest/v1/stamps", { method: "POST", body: `[${" ".repeat(100_000)}]` });
  await vi.waitFor(async () => {
    const answer = await send();
    expect(answer.status).toBe(429);
    expect(answer.headers.get("retry-after")).not.toBe(null);
    expect(answer.headers.get("access-control-allow-origin")).toBe("*");
  }, patience);
  for (const socket of slow) socket.destroy();
  await vi.waitFor(async () => expect((await send()).status).toBe(201), patience);
});

/** Sends bytes and returns all that comes back until the server ends the connection. */
async function exchange(...pieces: (string | Buffer)[]): Promise<string> {
  const socket = connect(Number(new URL(gateway.url).port), "127.0.0.1");
  // The server may end the connection while we send. What it said before counts.
  socket.on("error", () => {});
  let text = "";
  socket.on("data", (data) => {
    text += data;
  });
  for (const piece of pieces) socket.write(piece);
  await new Promise((resolve) => socket.once("close", resolve));
  return text;
}
