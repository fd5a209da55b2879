/** The short way of a request to rest does what the long way does. */
import { createHash } from "node:crypto";
import { request as send } from "node:http";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createGateway, type Gateway } from "../../platform/gateway/index.ts";
import { createKeys, type Keys } from "../../platform/keys.ts";
import { createLog, silent } from "../../platform/log.ts";
import {
  fullResponse,
  type PlainAnswer,
  type PlainRequest,
  plainRequest,
} from "../../platform/plain-http.ts";

let keys: Keys;
let short: Gateway;
let long: Gateway;
/** How many requests came as plain data. */
let plain = 0;

const bodyMax = 4 * 1024 * 1024;

async function echo(request: PlainRequest): Promise<PlainAnswer> {
  const headers: Record<string, string> = {};
  request.headers.forEach((value, name) => {
    headers[name] = value;
  });
  const body = await request.body(bodyMax, () => new Error("too large"));
  // What the query means counts, not how it is written.
  const [path, query] = request.url.split("?");
  const seen = {
    method: request.method,
    path,
    query: query === undefined ? undefined : [...new URLSearchParams(query)],
    headers,
    body: createHash("sha256").update(body).digest("hex"),
  };
  const status = Number(/status=eq\.(\d+)/.exec(request.url)?.[1] ?? 200);
  return {
    status,
    headers: [
      ["content-type", "application/json; charset=utf-8"],
      ["x-seen", encodeURIComponent(JSON.stringify(seen))],
      ["set-cookie", "a=1"],
      ["set-cookie", "b=2"],
    ],
    body:
      status === 204 || request.method === "HEAD"
        ? null
        : Buffer.from(`${"é".repeat(body.length % 10_000)}.`),
  };
}

beforeAll(async () => {
  keys = await createKeys();
  short = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  long = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  const fetch = async (request: Request) => fullResponse(await echo(plainRequest(request)));
  short.mount("rest", {
    fetch,
    answer(request) {
      plain++;
      return echo(request);
    },
  });
  long.mount("rest", { fetch });
});
afterAll(async () => {
  await short[Symbol.asyncDispose]();
  await long[Symbol.asyncDispose]();
});

interface Sent {
  method?: string;
  headers?: Record<string, string | string[]>;
  body?: string;
}

/** Without what differs by chance: the port, the time and the request's id. */
function ask(gateway: Gateway, path: string, { method = "GET", headers = {}, body }: Sent): Promise<unknown> {
  const { port } = new URL(gateway.url);
  const host = "127.0.0.1:54321";
  return new Promise((resolve, reject) => {
    const sent = send(
      { port, path, method, headers: { host, apikey: keys.publishableKey, ...headers } },
      (got) => {
        const pieces: Buffer[] = [];
        got.on("data", (piece) => pieces.push(piece));
        got.on("end", () => {
          const {
            date: _,
            "sb-request-id": id,
            "x-seen": seen,
            "transfer-encoding": __,
            ...rest
          } = got.headers;
          const parsed = seen === undefined ? undefined : JSON.parse(decodeURIComponent(seen as string));
          // An empty body is announced in one way or in the other.
          const { "content-length": bytes = "0", ...others } = rest;
          resolve({
            status: got.statusCode,
            hasId: /^[\da-f-]{36}$/.test(String(id)),
            headers: got.statusCode === 204 || method === "HEAD" ? others : { ...others, bytes },
            seen: parsed,
            body: Buffer.concat(pieces).toString("utf8"),
          });
        });
      },
    );
    sent.on("error", reject);
    sent.end(body);
  });
}

const token = "Bearer a.b.c";
const ordinary: [path: string, sent: Sent][] = [
  ["/rest/v1/", {}],
  ["/rest/v1/posts", {}],
  ['/rest/v1/posts?select=*,author(username)&id=eq.1&content=eq.it\'s+"here"<b>|^`{}', {}],
  ["/rest/v1/posts?id=eq.%C3%A9%zz", {}],
  ["/rest/v1/rpc/home_feed?before=1", { headers: { authorization: token } }],
  ["/rest/v1/posts", { method: "HEAD" }],
  ["/rest/v1/posts?status=eq.204", { method: "DELETE" }],
  ["/rest/v1/posts?status=eq.404", {}],
  ["/rest/v1/posts", { method: "POST", body: '{"content":"é"}' }],
  ["/rest/v1/posts", { method: "PATCH", body: "x".repeat(300_000) }],
  ["/rest/v1/posts", { method: "PUT", body: "" }],
  ["/rest/v1/posts", { headers: { cookie: "a=1; b=2", "x-forwarded-for": "203.0.113.9", "x-Odd": " y " } }],
  ["/rest/v1/posts", { headers: { apikey: "wrong" } }],
  ["/rest/v1/posts", { headers: { apikey: "" } }],
  ["/rest/v1/posts", { headers: { authorization: "Bearer sb_publishable_x" } }],
];
const special: [path: string, sent: Sent][] = [
  ["/rest/v1", {}],
  ["/rest/v1/p%6Fsts", {}],
  ["/rest/v1/../v1/posts", {}],
  ["/rest/v1/posts#x", {}],
  ["/rest/v1//posts", {}],
  [
    "/rest/v1/posts",
    { method: "OPTIONS", headers: { origin: "https://a.example", "access-control-request-method": "GET" } },
  ],
  ["/rest/v1/posts", { method: "TRACE" }],
  ["/rest/v1/posts", { headers: { accept: ["a/b", "c/d"] } }],
  ["/rest/v1/posts", { headers: { host: "Example.COM" } }],
  ["/rest/v1/posts", { method: "POST", body: "x".repeat(2_000_000) }],
  ["/rest/v1/posts", { method: "POST", headers: { "transfer-encoding": "chunked" }, body: "{}" }],
];

describe("an ordinary request goes the short way, and its answer is the same", () => {
  for (const [path, sent] of ordinary) {
    test(`${sent.method ?? "GET"} ${path} ${JSON.stringify(sent.headers ?? {})}`, async () => {
      const before = plain;
      const answer = await ask(short, path, sent);
      expect(answer).toEqual(await ask(long, path, sent));
      const refused = sent.headers?.apikey !== undefined;
      expect(plain - before).toBe(refused ? 0 : 1);
    });
  }
});

describe("a special request goes the long way", () => {
  for (const [path, sent] of special) {
    test(`${sent.method ?? "GET"} ${path} ${JSON.stringify(sent.headers ?? {})}`, async () => {
      const before = plain;
      expect(await ask(short, path, sent)).toEqual(await ask(long, path, sent));
      expect(plain).toBe(before);
    });
  }

  test("a key in the query", async () => {
    const before = plain;
    const path = `/rest/v1/posts?id=eq.1&apikey=${keys.anonKey}`;
    expect(await ask(short, path, {})).toMatchObject({
      status: 200,
      seen: { path: "/posts", query: [["id", "eq.1"]] },
    });
    expect(plain).toBe(before);
  });
});

test("a client who leaves aborts the signal, and a service that fails gives 500 without the reason", async () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line)).child("gateway");
  await using gateway = await createGateway({ host: "127.0.0.1", port: 0, keys, log });
  const asked = Promise.withResolvers<PlainRequest>();
  gateway.mount("rest", {
    fetch: () => new Response(),
    async answer(request) {
      if (request.url.startsWith("/broken")) throw new Error("a secret");
      if (request.url === "/header") return { status: 200, headers: [["x-a", "a\nb"]], body: "x" };
      asked.resolve(request);
      await new Promise((resolve) => request.signal.addEventListener("abort", resolve));
      return { status: 499, headers: [], body: null };
    },
  });
  const headers = { apikey: keys.anonKey };
  const client = new AbortController();
  const left = fetch(`${gateway.url}/rest/v1/slow`, { headers, signal: client.signal }).catch(() => "left");
  const { signal } = await asked.promise;
  expect(signal.aborted).toBe(false);
  client.abort();
  expect(await left).toBe("left");
  await vi.waitFor(() => expect(lines.some((line) => line.includes("GET /rest/v1/slow 499 "))).toBe(true));
  expect(signal.aborted).toBe(true);

  const header = await fetch(`${gateway.url}/rest/v1/header`, { headers });
  expect([header.status, await header.json()]).toEqual([500, { message: "An unexpected error occurred" }]);

  const broken = await fetch(`${gateway.url}/rest/v1/broken?id=eq.1`, { headers });
  expect(broken.status).toBe(500);
  expect(await broken.json()).toEqual({ message: "An unexpected error occurred" });
  expect(broken.headers.get("access-control-allow-origin")).toBe("*");
  const id = broken.headers.get("sb-request-id");
  expect(lines.some((line) => line.includes(`[${id}]`) && line.includes("a secret"))).toBe(true);
});
