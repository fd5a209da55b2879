import { connect, createServer } from "node:net";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { WebSocket } from "ws";
import { createGateway, type Gateway } from "../../platform/gateway/index.ts";
import { createKeys, type Keys } from "../../platform/keys.ts";
import { createLog, silent } from "../../platform/log.ts";

const patience = { timeout: 20_000 };
let keys: Keys;
let gateway: Gateway;

/** A service that answers with the request that it got. */
const echo = {
  async fetch(request: Request) {
    const url = new URL(request.url);
    return Response.json({
      method: request.method,
      path: url.pathname + url.search,
      headers: Object.fromEntries(request.headers),
      body: await request.text(),
    });
  },
};

beforeAll(async () => {
  keys = await createKeys();
  gateway = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  gateway.mount("rest", echo);
  gateway.mount("auth", echo);
});
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = async (path: string, init?: RequestInit) => {
  const response = await fetch(gateway.url + path, init);
  return { status: response.status, headers: response.headers, body: await response.json() };
};
const bearer = (jwt: string) => `Bearer ${jwt}`;

test("a request without a key is refused, and the same request with a key is not", async () => {
  const refused = await ask("/rest/v1/posts");
  expect(refused.status).toBe(401);
  expect(refused.body.message).toBe("No API key found in request");
  const wrong = await ask("/rest/v1/posts", { headers: { apikey: "sb_publishable_wrong" } });
  expect(wrong.status).toBe(401);
  expect(wrong.body.message).toBe("Invalid API key");
  const allowed = await ask("/rest/v1/posts", { headers: { apikey: keys.publishableKey } });
  expect(allowed.status).toBe(200);
});

test("every key of the project becomes the JWT of its role", async () => {
  for (const [key, jwt] of [
    [keys.publishableKey, keys.anonKey],
    [keys.secretKey, keys.serviceRoleKey],
    [keys.anonKey, keys.anonKey],
    [keys.serviceRoleKey, keys.serviceRoleKey],
  ] as const) {
    const { body } = await ask("/rest/v1/posts", { headers: { apikey: key, authorization: bearer(key) } });
    expect(body.headers.authorization).toBe(bearer(jwt));
    expect(body.headers.apikey).toBeUndefined();
  }
});

test("a function gets keys and tokens unchanged, and the key's JWT in a header that nobody can forge", async () => {
  await using functions = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  functions.mount("functions", echo);
  const headersOf = async (headers: Record<string, string>) =>
    (await (await fetch(`${functions.url}/functions/v1/hello`, { headers })).json()).headers;
  const secret = bearer(keys.secretKey);
  expect(await headersOf({ apikey: keys.secretKey, authorization: secret })).toMatchObject({
    apikey: keys.secretKey,
    authorization: secret,
    "sb-api-key": bearer(keys.serviceRoleKey),
  });
  expect((await headersOf({ "sb-api-key": bearer(keys.serviceRoleKey) }))["sb-api-key"]).toBeUndefined();
});

test("a user's own token is passed on together with the key", async () => {
  const token = await keys.sign({ sub: "alice", role: "authenticated" });
  const { body } = await ask("/rest/v1/posts", {
    headers: { apikey: keys.publishableKey, authorization: bearer(token) },
  });
  expect(body.headers.authorization).toBe(bearer(token));
});

test("the key may be in the query, and the service does not see it there", async () => {
  const { body } = await ask(`/rest/v1/posts?select=id,author(username)&apikey=${keys.anonKey}&id=in.(1,2)`);
  expect(body.path).toBe("/posts?select=id,author(username)&id=in.(1,2)");
  expect(body.headers.authorization).toBe(bearer(keys.anonKey));
});

test("a filter or an argument named apikey is not a key, and a function gets its whole query", async () => {
  const headers = { apikey: keys.anonKey };
  for (const query of ["org=eq.1&apikey=eq.a", "apikey=abc", "apikey=eq.a&apikey=not.eq.b"]) {
    expect((await ask(`/rest/v1/things?${query}`, { headers })).body.path).toBe(`/things?${query}`);
  }
  const both = await ask(`/rest/v1/things?apikey=eq.a&apikey=${keys.publishableKey}`, { headers });
  expect(both.body.path).toBe("/things?apikey=eq.a");
  const encoded = keys.publishableKey.replaceAll("_", "%5F");
  expect((await ask(`/rest/v1/things?org=eq.1&apikey=${encoded}`)).body.path).toBe("/things?org=eq.1");
  await using functions = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  functions.mount("functions", echo);
  const hook = await fetch(`${functions.url}/functions/v1/hook?apikey=mysecret&x=1`, { headers });
  expect((await hook.json()).path).toBe("/hook?apikey=mysecret&x=1");
});

test("the service gets the body and the method, and a path without the prefix", async () => {
  const { body } = await ask("/rest/v1/rpc/home_feed", {
    method: "POST",
    headers: { apikey: keys.anonKey, "content-type": "application/json" },
    body: '{"page_size":5}',
  });
  expect(body).toMatchObject({ method: "POST", path: "/rpc/home_feed", body: '{"page_size":5}' });
  expect(body.headers["x-forwarded-prefix"]).toBe("/rest/v1");
});

test("mallory cannot pretend to have another address", async () => {
  const { body } = await ask("/auth/v1/token", {
    headers: { apikey: keys.anonKey, "x-forwarded-for": "203.0.113.9" },
  });
  expect(body.headers["x-forwarded-for"]).toMatch(/127\.0\.0\.1$/);
  expect(body.headers["x-forwarded-for"]).not.toContain("203.0.113.9");
});

test("the secret key from a browser is refused wherever it is, and from a server it is not", async () => {
  await using guarded = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  for (const name of ["rest", "auth", "functions"] as const) guarded.mount(name, echo);
  guarded.mount("realtime", {
    ...echo,
    upgrade: (_, socket) => void socket.end("HTTP/1.1 418 Reached\r\n\r\n"),
  });
  const browser = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
  const { secretKey, publishableKey, serviceRoleKey } = keys;
  const send = (path: string, agent: string, headers: Record<string, string>) =>
    fetch(guarded.url + path, { headers: { "user-agent": agent, ...headers } });
  for (const path of [
    "/rest/v1/posts",
    "/auth/v1/admin/users",
    "/functions/v1/hello",
    "/realtime/v1/api/x",
  ]) {
    for (const headers of [
      { apikey: secretKey },
      { apikey: publishableKey, authorization: bearer(secretKey) },
    ] as Record<string, string>[]) {
      const refused = await send(path, browser, headers);
      expect([path, refused.status]).toEqual([path, 401]);
      expect(refused.headers.get("sb-error-code")).toBe("UNAUTHORIZED_INVALID_API_KEY_TYPE");
      expect(await refused.json()).toEqual({
        message: "Forbidden use of secret API key in browser",
        hint: expect.stringContaining("Delete this secret API key immediately"),
      });
      expect([path, (await send(path, "node", headers)).status]).toEqual([path, 200]);
    }
    const inQuery = `${path}?apikey=${secretKey}`;
    expect((await send(inQuery, browser, {})).status).toBe(401);
    expect((await send(inQuery, "curl/8", {})).status).toBe(200);
    // Like hosted Supabase, the gateway lets these pass. A browser may have the first one.
    for (const apikey of [publishableKey, serviceRoleKey]) {
      expect((await send(path, browser, { apikey })).status).toBe(200);
    }
  }

  const connect = (agent: string) =>
    new Promise<number | undefined>((resolve) => {
      const url = `${guarded.url.replace("http", "ws")}/realtime/v1/websocket?apikey=${secretKey}`;
      const socket = new WebSocket(url, { headers: { "user-agent": agent } });
      socket.once("unexpected-response", (_, response) => resolve(response.statusCode));
      socket.on("error", () => {});
    });
  expect(await connect(browser)).toBe(401);
  expect(await connect("node")).toBe(418);
});

test("auth learns whether the client sent a token, and nobody can forge what the gateway adds", async () => {
  const headersOf = async (headers: Record<string, string>) =>
    (await ask("/auth/v1/user", { headers })).body.headers;
  const forged = { "sb-api-key": bearer(keys.serviceRoleKey) };
  const alone = await headersOf({ apikey: keys.publishableKey, ...forged });
  expect([alone.authorization, alone["sb-api-key"]]).toEqual([undefined, bearer(keys.anonKey)]);
  const asToken = await headersOf({
    authorization: bearer(keys.secretKey),
    apikey: keys.secretKey,
    ...forged,
  });
  expect([asToken.authorization, asToken["sb-api-key"]]).toEqual([bearer(keys.serviceRoleKey), undefined]);
  const token = await keys.sign({ sub: "alice", role: "authenticated" });
  const own = await headersOf({ authorization: bearer(token), apikey: keys.secretKey, ...forged });
  expect([own.authorization, own["sb-api-key"]]).toEqual([bearer(token), undefined]);
  const open = (await ask("/auth/v1/verify", { headers: forged })).body.headers;
  expect([open.authorization, open["sb-api-key"]]).toEqual([undefined, undefined]);
});

test("links in mails need no key, and the other paths of auth do", async () => {
  expect((await ask("/auth/v1/verify?token=x&type=signup")).status).toBe(200);
  expect((await ask("/auth/v1/.well-known/jwks.json")).status).toBe(200);
  expect((await ask("/auth/v1/.well-known/openid-configuration")).status).toBe(200);
  expect((await ask("/auth/v1/user")).status).toBe(401);
});

test("any origin may send requests, and may read the headers that clients need", async () => {
  const preflight = await fetch(`${gateway.url}/rest/v1/posts`, {
    method: "OPTIONS",
    headers: {
      origin: "https://example.com",
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "apikey,prefer",
    },
  });
  expect(preflight.status).toBe(204);
  expect(preflight.headers.get("access-control-allow-origin")).toBe("*");
  expect(preflight.headers.get("access-control-allow-methods")).toContain("PATCH");
  expect(preflight.headers.get("access-control-allow-headers")).toBe("apikey,prefer");
  const { headers } = await ask("/rest/v1/posts", {
    headers: { apikey: keys.anonKey, origin: "https://example.com" },
  });
  expect(headers.get("access-control-expose-headers")).toContain("Content-Range");
});

test("a browser can read a refusal too", async () => {
  const { headers } = await ask("/rest/v1/posts", { headers: { origin: "https://example.com" } });
  expect(headers.get("access-control-allow-origin")).toBe("*");
});

test("the root says what is there: a page for a browser, JSON for a program, and no secret", async () => {
  const inbox = { name: "Mail inbox", url: "http://127.0.0.1:1", about: "mails <here>" };
  await using named = await createGateway({ host: "127.0.0.1", port: 0, keys, places: [inbox], log: silent });
  const json = await (await fetch(named.url)).json();
  const paths = json.places.map(({ url }: { url: string }) => url);
  expect(paths).toEqual(expect.arrayContaining(["/rest/v1/", "/auth/v1/settings", "/realtime/v1/websocket"]));
  expect(paths).toContain(inbox.url);

  const page = await fetch(named.url, { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } });
  expect(page.status).toBe(200);
  expect(page.headers.get("content-type")).toContain("text/html");
  const html = await page.text();
  for (const path of paths) expect(html).toContain(path);
  expect(html).toContain("mails &lt;here>");
  expect(html).toContain(`href="${inbox.url}"`);
  for (const secret of [keys.secretKey, keys.serviceRoleKey, keys.jwtSecret]) {
    expect(JSON.stringify(json) + html).not.toContain(secret);
  }
});

test("every link of the root opens in a browser, which sends no key in a header", async () => {
  const html = await (await fetch(gateway.url, { headers: { accept: "text/html" } })).text();
  const links = [...html.matchAll(/href="([^"]+)"/g)].map(([, link]) => link as string);
  expect(links).toHaveLength(3);
  for (const link of links) expect((await ask(link)).status, link).toBe(200);
});

/** A gateway whose log is a list of lines. */
async function loggingGateway() {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line));
  const logging = await createGateway({ host: "127.0.0.1", port: 0, keys, log: log.child("gateway") });
  return { gateway: logging, log, lines };
}

test("every request has one line in the log, with the id that the answer has, and without its query", async () => {
  const { gateway, lines } = await loggingGateway();
  await using _ = gateway;
  gateway.mount("rest", echo);
  gateway.mount("auth", echo);
  for (const [method, path, status] of [
    ["PATCH", "/rest/v1/posts?id=eq.1", 200],
    ["GET", "/auth/v1/verify?token=tell-nobody", 200],
    ["GET", "/rest/v1/posts?apikey=tell-nobody", 401],
    ["GET", "/nothing", 404],
    ["GET", "/functions/v1/hello", 503],
  ] as const) {
    lines.length = 0;
    const headers: Record<string, string> = path.includes("apikey") ? {} : { apikey: keys.anonKey };
    const response = await fetch(gateway.url + path, { method, headers });
    await response.text();
    expect(response.status).toBe(status);
    const id = response.headers.get("sb-request-id");
    expect(id).toMatch(/^[\da-f-]{36}$/);
    expect(lines).toHaveLength(1);
    const told = ` info  gateway [${id}]: ${method} ${path.split("?")[0]} ${status} `;
    expect(lines[0]).toContain(told);
    expect(lines[0]?.split(told)[1]).toMatch(/^\d+\.\d ms$/);
  }
});

test("the cause of an error has the id of its request, also of two at the same time", async () => {
  const { gateway, log, lines } = await loggingGateway();
  await using _ = gateway;
  const restLog = log.child("rest");
  const turns = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  gateway.mount("rest", {
    async fetch(request) {
      const turn = Number(new URL(request.url).pathname.slice(1));
      await turns[turn as 0 | 1].promise;
      restLog("error", `cause ${turn}`);
      return new Response(null, { status: 500 });
    },
  });
  gateway.mount("auth", {
    fetch() {
      throw new Error("cause of a thrown one");
    },
  });
  const headers = { apikey: keys.anonKey };
  const both = [0, 1].map((turn) => fetch(`${gateway.url}/rest/v1/${turn}`, { headers }));
  turns[1].resolve();
  const second = await both[1];
  turns[0].resolve();
  const first = await both[0];
  const thrown = await fetch(`${gateway.url}/auth/v1/user`, { headers });
  for (const [response, cause] of [
    [first, "cause 0"],
    [second, "cause 1"],
    [thrown, "cause of a thrown one"],
  ] as const) {
    const line = lines.find((text) => text.includes(cause));
    expect(line).toContain(` [${response?.headers.get("sb-request-id")}]: `);
    expect(line).toContain("error");
  }
});

test("an unknown path gives 404, and a service that is not up gives 503", async () => {
  expect((await ask("/nothing")).status).toBe(404);
  expect((await ask("/functions/v1/hello")).status).toBe(503);
});

test("a service that fails gives 500 without the reason", async () => {
  await using broken = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  broken.mount("rest", {
    fetch() {
      throw new Error("select secret from vault");
    },
  });
  const response = await fetch(`${broken.url}/rest/v1/`, { headers: { apikey: keys.anonKey } });
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("vault");
});

test("with the publicly known keys the gateway listens only on loopback", async () => {
  await expect(createGateway({ host: "0.0.0.0", port: 0, keys, log: silent })).rejects.toMatchObject({
    code: "default_keys_exposed",
  });
  const own = await createKeys({
    jwtSecret: crypto.randomUUID() + crypto.randomUUID(),
    publishableKey: "sb_publishable_own",
    secretKey: "sb_secret_own",
  });
  await using open = await createGateway({ host: "0.0.0.0", port: 0, keys: own, log: silent });
  expect((await fetch(`${open.url}/nothing`)).status).toBe(404);
});

test("the URL names the address where the gateway listens", async () => {
  const own = { ...keys, wellKnown: false };
  for (const [host, shown] of [
    ["127.0.0.1", "127.0.0.1"],
    ["127.0.0.2", "127.0.0.2"],
    ["localhost", /^(127\.0\.0\.1|\[::1\])$/],
    ["0.0.0.0", "127.0.0.1"],
    ["::", "127.0.0.1"],
    ["::1", "[::1]"],
    ["::ffff:127.0.0.1", "[::ffff:7f00:1]"],
  ] as const) {
    await using open = await createGateway({ host, port: 0, keys: own, log: silent });
    expect(new URL(open.url).hostname).toMatch(shown);
    expect((await fetch(`${open.url}/nothing`)).status, host).toBe(404);
  }
});

test("the error names a taken port and the option that changes it", async () => {
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(0, "127.0.0.1", resolve));
  const { port } = squatter.address() as { port: number };
  await expect(createGateway({ host: "127.0.0.1", port, keys, log: silent })).rejects.toMatchObject({
    code: "port_taken",
    message: expect.stringMatching(new RegExp(`${port}.*\\[api\\] port`)),
  });
  await new Promise((resolve) => squatter.close(resolve));
});

test("a websocket that comes before realtime is up gets an answer to try again later", async () => {
  const socket = new WebSocket(`${gateway.url.replace("http", "ws")}/realtime/v1/websocket`);
  const status = await new Promise((resolve) => {
    socket.once("unexpected-response", (_, response) => resolve(response.statusCode));
  });
  socket.on("error", () => {});
  socket.terminate();
  expect(status).toBe(503);
});

test("the gateway knows whether it has just served clients of other services", async () => {
  await using quiet = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  quiet.mount("rest", echo);
  quiet.mount("auth", echo);
  const get = (path: string) => fetch(quiet.url + path, { headers: { apikey: keys.publishableKey } });
  const minute = 60_000;
  expect((await get("/auth/v1/user")).status).toBe(200);
  expect(quiet.servedOthers("auth", minute)).toBe(false);
  expect((await get("/rest/v1/posts")).status).toBe(200);
  expect(quiet.servedOthers("auth", minute)).toBe(true);
  expect(quiet.servedOthers("auth", -minute)).toBe(false);
});

test("mallory asks for much and reads nothing: her oldest answers end, and alice gets hers", async () => {
  const size = 40 * 1024 * 1024;
  await using own = await createGateway({ host: "127.0.0.1", port: 0, keys, log: silent });
  let asked = 0;
  own.mount("rest", {
    fetch() {
      asked++;
      return new Response(Buffer.alloc(size, "x"));
    },
  });
  const ended: number[] = [];
  const sockets = [0, 1, 2, 3, 4].map((number) => {
    const socket = connect(Number(new URL(own.url).port), "127.0.0.1").pause();
    socket.on("error", () => {}).on("close", () => ended.push(number));
    return socket;
  });
  for (const [number, socket] of sockets.entries()) {
    socket.write(`GET /rest/v1/posts HTTP/1.1\r\nhost: x\r\napikey: ${keys.publishableKey}\r\n\r\n`);
    await vi.waitFor(() => expect(asked).toBe(number + 1), patience);
  }
  const answer = await fetch(`${own.url}/rest/v1/posts`, { headers: { apikey: keys.publishableKey } });
  expect((await answer.arrayBuffer()).byteLength).toBe(size);
  // A paused socket learns only from reading that it has ended.
  for (const socket of sockets.slice(0, 2)) socket.resume();
  await vi.waitFor(() => expect(ended.toSorted()).toEqual([0, 1]), patience);
  let read = 0;
  sockets[4]?.on("data", (piece) => {
    read += piece.length;
  });
  sockets[4]?.resume();
  await vi.waitFor(() => expect(read).toBeGreaterThan(size), patience);
  for (const socket of sockets) socket.destroy();
});
