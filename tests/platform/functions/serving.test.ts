import type { AddressInfo } from "node:net";
import { SMTPServer } from "smtp-server";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Bell,
  createBell,
  createProject,
  entry,
  type Project,
  type Served,
  serve,
  until,
} from "./project.ts";

let project: Project;
let served: Served;
let bell: Bell;

beforeAll(async () => {
  project = await createProject();
  await project.write("_shared/greeting.ts", `export const greeting: string = "hello";`);
  await project.write(
    "exported/index.ts",
    `import { encodeHex } from "@std/encoding/hex.js";
     import { z } from "zod";
     import { greeting } from "../_shared/greeting.ts";
     export default {
       fetch(request: Request): Response {
         const path = z.string().parse(new URL(request.url).pathname);
         return Response.json({ greeting, path, hex: encodeHex("plaza"), main: import.meta.main });
       },
     };`,
  );
  served = await serve(
    project,
    {
      toolbox: entry("toolbox/index.js"),
      exported: entry("exported/index.ts"),
      guarded: entry("guarded/index.js", true),
      disabled: { ...entry("guarded/index.js"), enabled: false },
    },
    { limits: { requestBodyMaxBytes: 4 * 1024 * 1024 } },
  );
  bell = await createBell();
});

afterAll(async () => {
  await served?.[Symbol.asyncDispose]();
  await bell?.[Symbol.asyncDispose]();
  await project?.[Symbol.asyncDispose]();
});

test("a module that exports default { fetch } is served, and its npm, @std and _shared imports work offline", async () => {
  const response = await served.get("/exported/rest/of/it");
  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({
    greeting: "hello",
    path: "/exported/rest/of/it",
    hex: "706c617a61",
    main: true,
  });
});

test("a function that calls Deno.serve sees alice's request under its public address", async () => {
  const response = await served.get("/toolbox/a/echo?post=1&post=2", {
    method: "PATCH",
    body: "edited",
    headers: { "x-forwarded-for": "203.0.113.7", "x-client-info": "supabase-js" },
  });
  const seen = await response.json();
  expect(seen).toMatchObject({
    method: "PATCH",
    url: "http://plaza.test:54321/toolbox/a/echo?post=1&post=2",
    client: "203.0.113.7",
    body: "edited",
  });
  expect(seen.headers).toMatchObject({
    "x-forwarded-for": "203.0.113.7",
    "x-forwarded-host": "plaza.test",
    "x-forwarded-port": "54321",
    "x-forwarded-proto": "http",
    "x-client-info": "supabase-js",
  });
});

test("the client gets the status, repeated headers, and no body if there is none", async () => {
  expect((await served.get("/toolbox/status?code=204")).status).toBe(204);
  expect((await served.get("/toolbox/status?code=418")).status).toBe(418);
  const cookies = await served.get("/toolbox/cookies");
  expect(cookies.headers.getSetCookie()).toEqual(["a=1", "b=2"]);
  expect(await cookies.text()).toBe("two");
  const head = await served.get("/toolbox/cookies", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("an error inside the function is marked as one, and the client does not learn its text", async () => {
  const response = await served.get("/toolbox/throw");
  expect(response.status).toBe(500);
  expect(response.headers.get("sb-error-code")).toBe("EDGE_FUNCTION_ERROR");
  expect(await response.text()).toBe("Internal Server Error");
  await until(() => served.lines.some((line) => line.includes("Error: thrown by the handler")));
});

test("a response arrives piece by piece, before the function has ended it", async () => {
  const response = await served.get(`/toolbox/stream?wait=${encodeURIComponent(bell.url("/stream"))}`);
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const first = await reader.read();
  expect(new TextDecoder().decode(first.value)).toBe("first ");
  bell.answer("/stream");
  const second = await reader.read();
  expect(new TextDecoder().decode(second.value)).toBe("second");
  expect((await reader.read()).done).toBe(true);
});

test("an upload is streamed up to the limit and refused beyond it", async () => {
  const upload = (bytes: number, streamed: boolean) => {
    const body = new Uint8Array(bytes);
    return served.get("/toolbox/upload", {
      method: "POST",
      body: streamed ? new Blob([body]).stream() : body,
      duplex: "half",
    } as RequestInit);
  };
  const limit = 4 * 1024 * 1024;
  expect(await (await upload(limit, true)).json()).toEqual({ bytes: limit });
  for (const streamed of [true, false]) {
    const refused = await upload(limit + 1, streamed);
    expect(refused.status).toBe(413);
    expect((await refused.json()).code).toBe("PAYLOAD_TOO_LARGE");
  }
});

test("a function may answer without reading the request's body", async () => {
  for (let i = 0; i < 5; i++) {
    const response = await served.get("/toolbox/status?code=418", {
      method: "POST",
      body: new Uint8Array(4 * 1024 * 1024),
    });
    expect(response.status).toBe(418);
  }
});

test("a function learns that alice closed the page, and others are still served", async () => {
  const leaving = new AbortController();
  const url = `/toolbox/abandoned?started=${encodeURIComponent(bell.url("/started"))}&gone=${encodeURIComponent(bell.url("/gone"))}`;
  const asked = served.get(url, { signal: leaving.signal });
  await bell.rung("/started");
  bell.answer("/started");
  leaving.abort();
  await expect(asked).rejects.toThrow(/abort/i);
  await bell.rung("/gone");
  bell.answer("/gone");
  expect((await served.get("/toolbox/status?code=200")).status).toBe(200);
});

test("a function's environment has the platform's and Supabase's variables, and none of the host's", async () => {
  const env = await (await served.get("/toolbox/env")).json();
  expect(env).toEqual({
    SUPABASE_URL: "http://127.0.0.1:54321",
    GREETING_SECRET: "sesame",
    SUPABASE_FUNCTION_SLUG: "toolbox",
    SB_REGION: "local",
    SB_EXECUTION_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
    TMPDIR: expect.stringContaining("plaza-function-"),
  });
  expect(process.env.PATH).toBeDefined();
});

test("a function may use the network, its own code and a temporary folder, and nothing else", async () => {
  bell.answer("/net");
  const elsewhere = `${project.dir}/written`;
  const net = encodeURIComponent(bell.url("/net"));
  const rights = await (await served.get(`/toolbox/rights?elsewhere=${elsewhere}&net=${net}`)).json();
  expect(rights).toEqual({
    writeTemporary: "done",
    writeElsewhere: "NotCapable",
    readOwn: "done",
    readElsewhere: "NotCapable",
    readOtherFunction: "NotCapable",
    run: "NotCapable",
    net: "done",
  });
});

test("a function sends mail by SMTP", async () => {
  const received = Promise.withResolvers<string>();
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ["STARTTLS"],
    async onData(stream, _session, done) {
      received.resolve((await stream.toArray()).join(""));
      done();
    },
  });
  await new Promise<void>((done) => smtp.listen(0, "127.0.0.1", done));
  try {
    const { port } = smtp.server.address() as AddressInfo;
    expect(await (await served.get(`/toolbox/smtp?port=${port}`)).text()).toBe("sent");
    expect(await received.promise).toContain("To: alice@example.com");
  } finally {
    await new Promise<void>((done) => smtp.close(done));
  }
});

test("verify_jwt lets in every caller with a token of the project", async () => {
  const user = await served.keys.sign({ sub: crypto.randomUUID(), role: "authenticated" });
  for (const token of [user, served.keys.anonKey, served.keys.serviceRoleKey]) {
    const response = await served.get("/guarded", { headers: { authorization: `Bearer ${token}` } });
    expect([response.status, await response.text()]).toEqual([200, "let in"]);
  }
});

test("verify_jwt accepts the JWT of an API key, and the function does not see that JWT", async () => {
  const { keys } = served;
  const minted = { "sb-api-key": `Bearer ${keys.anonKey}` };
  for (const headers of [minted, { ...minted, authorization: `Bearer ${keys.publishableKey}` }]) {
    expect((await served.get("/guarded", { headers })).status).toBe(200);
  }
  const wrong = { "sb-api-key": `Bearer ${forged(keys.anonKey)}` };
  expect((await served.get("/guarded", { headers: wrong })).status).toBe(401);
  const forgedUser = { ...minted, authorization: `Bearer ${forged(keys.serviceRoleKey)}` };
  expect((await served.get("/guarded", { headers: forgedUser })).status).toBe(401);

  const headers = { ...minted, apikey: keys.publishableKey };
  const seen = await (await served.get("/toolbox/echo", { headers })).json();
  expect(seen.headers).not.toHaveProperty("sb-api-key");
  expect(seen.headers.apikey).toBe(keys.publishableKey);
});

test("verify_jwt turns mallory away with Supabase's codes", async () => {
  const { keys } = served;
  const user = await keys.sign({ sub: crypto.randomUUID(), role: "authenticated" });
  const expired = await keys.sign({ role: "authenticated", exp: 1_000_000_000 });
  const unsigned = `${btoa('{"alg":"none"}')}.${btoa("{}")}.`.replaceAll("=", "");
  const cases: [string | undefined, string, string][] = [
    [undefined, "UNAUTHORIZED_NO_AUTH_HEADER", "Missing authorization header"],
    [user, "UNAUTHORIZED_INVALID_JWT_FORMAT", "Auth header is not 'Bearer {token}'"],
    ["Bearer sb_secret_guessed", "UNAUTHORIZED_INVALID_JWT_FORMAT", "Invalid JWT"],
    [`Bearer ${unsigned}`, "UNAUTHORIZED_UNSUPPORTED_TOKEN_ALGORITHM", "Unsupported JWT algorithm none"],
    [`Bearer ${forged(user)}`, "UNAUTHORIZED_ASYMMETRIC_JWT", "Invalid JWT"],
    [`Bearer ${expired}`, "UNAUTHORIZED_ASYMMETRIC_JWT", "Invalid JWT"],
    [`Bearer ${forged(keys.anonKey)}`, "UNAUTHORIZED_LEGACY_JWT", "Invalid JWT"],
  ];
  for (const [authorization, code, message] of cases) {
    const response = await served.get("/guarded", { headers: authorization ? { authorization } : {} });
    expect(response.status).toBe(401);
    expect(response.headers.get("sb-error-code")).toBe(code);
    expect(await response.json()).toEqual({ code, message });
  }
  const entered = await served.get("/guarded", { headers: { authorization: `Bearer ${user}` } });
  expect(entered.status).toBe(200);
});

test("a preflight needs no token, and the function answers it", async () => {
  const response = await served.get("/guarded", { method: "OPTIONS" });
  expect([response.status, await response.text()]).toEqual([200, "preflight"]);
  expect(response.headers.get("access-control-allow-methods")).toBe("POST");
});

test("a function that is not listed, or disabled, is not found; a listed one is served", async () => {
  for (const path of ["/nowhere", "/disabled", "/", "/constructor", "/toolbox/../nowhere"]) {
    const response = await served.get(path);
    expect(response.status).toBe(404);
    expect(await response.json()).toEqual({ code: "NOT_FOUND", message: "Requested function was not found" });
  }
  expect((await served.get("/toolbox/status?code=200")).status).toBe(200);
});

test("methods that Supabase does not know are refused", async () => {
  expect((await served.get("/toolbox/echo", { method: "PROPFIND" })).status).toBe(405);
  expect((await served.get("/toolbox/echo", { method: "DELETE" })).status).toBe(200);
});

test("what a function prints is logged under its name, with its level, without control characters, and bounded", async () => {
  const quiet = await serve(
    project,
    { toolbox: entry("toolbox/index.js") },
    { limits: { logLineMaxChars: 80, logLinesMax: 50 } },
  );
  await quiet.get("/toolbox/log");
  await quiet[Symbol.asyncDispose]();
  const printed = quiet.lines.filter((line) => !/booted|shut down/.test(line));
  expect(printed.slice(0, 7)).toEqual([
    "debug toolbox: a debug line",
    'info  toolbox: alice likes 3 posts { of: "bob" }',
    "warn  toolbox: two",
    "warn  toolbox: lines",
    'error toolbox: { not: "a string" }',
    "info  toolbox: [2Jcleared?",
    `info  toolbox: ${"x".repeat(78)}`,
  ]);
  expect(printed.slice(-2)).toEqual([
    "info  toolbox: line 42",
    "warn  toolbox: 57 lines dropped: more than 50 at a time",
  ]);
});

function forged(token: string): string {
  const [header, claims, signature] = token.split(".") as [string, string, string];
  const flipped = signature.startsWith("A") ? `B${signature.slice(1)}` : `A${signature.slice(1)}`;
  return [header, claims, flipped].join(".");
}
