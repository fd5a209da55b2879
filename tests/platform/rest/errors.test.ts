import { SignJWT } from "jose";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localDefaults } from "../../../platform/keys.ts";
import { cases } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ schemas: ["public", "api2"], poolSize: 2 });
});
afterAll(() => town?.[Symbol.asyncDispose]());

describe("paths and methods", () => {
  cases(
    () => town,
    [
      [
        "GET /nowhere",
        {
          status: 404,
          json: {
            code: "PGRST205",
            message: "Could not find the table 'public.nowhere' in the schema cache",
            details: null,
            hint: null,
          },
          sends: {
            "proxy-status": "PostgREST; error=PGRST205",
            "content-type": "application/json; charset=utf-8",
          },
        },
      ],
      [
        "GET /peoples",
        { status: 404, like: { code: "PGRST205", hint: "Perhaps you meant the table 'public.people'" } },
      ],
      ["GET /hidden", { status: 404, like: { code: "PGRST205" } }],
      ["GET /private.hidden", { status: 404, like: { code: "PGRST205" } }],
      ["GET /people/1", { status: 404, like: { code: "PGRST125" } }],
      ["GET /%E0%A4%A", { status: 404, like: { code: "PGRST125" } }],
      ["POST /", { body: {}, status: 405, like: { code: "PGRST117" } }],
      ["HEAD /nowhere", { status: 404, text: "" }],
      [`GET /people?id=in.(${"1,".repeat(40_000)}1)`, { status: 414, like: { code: "PGRST100" } }],
      [
        "GET /canary",
        {
          status: 401,
          like: { code: "42501", message: "permission denied for table canary" },
          sends: { "www-authenticate": "Bearer" },
        },
      ],
      [
        "GET /canary",
        { who: "alice", status: 403, like: { code: "42501" }, sends: { "www-authenticate": null } },
      ],
      ["GET /canary", { who: "service", json: [{ id: 1, note: "alive" }] }],
      ["GET /guarded", { who: "alice", json: [{ id: 1, owner: "alice", note: "hers" }] }],
      ["GET /guarded", { who: "carol", json: [] }],
      [
        "GET /guarded?order=id",
        {
          who: "service",
          json: [
            { id: 1, owner: "alice", note: "hers" },
            { id: 2, owner: "bob", note: "his" },
          ],
        },
      ],
    ],
  );
});

describe("schemas", () => {
  cases(
    () => town,
    [
      [
        "GET /things",
        {
          headers: { "accept-profile": "api2" },
          json: [{ id: 1, name: "second schema" }],
          sends: { "content-profile": "api2" },
        },
      ],
      [
        "GET /things",
        {
          status: 404,
          like: { code: "PGRST205", message: "Could not find the table 'public.things' in the schema cache" },
        },
      ],
      [
        "GET /things",
        {
          headers: { "accept-profile": "private" },
          status: 406,
          json: {
            code: "PGRST106",
            message: "Invalid schema: private",
            details: null,
            hint: "Only the following schemas are exposed: public, api2",
          },
        },
      ],
      [
        "POST /things",
        {
          who: "alice",
          headers: { "content-profile": "api2" },
          prefer: "return=representation",
          body: { id: 2, name: "x" },
          status: 201,
          json: [{ id: 2, name: "x" }],
        },
      ],
      [
        "GET /passports?person_id=eq.1&select=number",
        { json: [{ number: "A1" }], sends: { "content-profile": "public" } },
      ],
    ],
  );
});

describe("errors raised in the database", () => {
  const raise = (code: string, more: object = {}) => ({ code, message: "no", ...more });
  const statuses: [string, number][] = [
    ["PT404", 404],
    ["PT402", 402],
    ["PT999", 500],
    ["PTABC", 500],
    ["P0001", 400],
    ["P0002", 500],
    ["23505", 409],
    ["23503", 409],
    ["23514", 400],
    ["25006", 405],
    ["42501", 401],
    ["42883", 404],
    ["42P01", 404],
    ["42P17", 500],
    ["40001", 500],
    ["53400", 500],
    ["53000", 503],
    ["54001", 500],
    ["57014", 500],
    ["58000", 500],
    ["08006", 503],
    ["0L000", 403],
    ["0P000", 403],
    ["28000", 403],
    ["XX000", 500],
    ["22000", 400],
    ["21000", 500],
    ["HV000", 500],
  ];
  test.each(statuses)("%s is %i", async (code, status) => {
    const answer = await town.request("POST", "/rpc/fails", { body: raise(code) });
    expect(answer).toMatchObject({ status, json: { code, message: "no" } });
  });

  cases(
    () => town,
    [
      [
        "POST /rpc/fails",
        {
          body: raise("PT409", {
            message: "You already follow alice",
            detail: "already_following",
            hint: "unfollow",
          }),
          status: 409,
          json: {
            code: "PT409",
            message: "You already follow alice",
            details: "already_following",
            hint: "unfollow",
          },
        },
      ],
      [
        "POST /rpc/fails_bare",
        {
          body: {},
          status: 400,
          json: { code: "P0001", message: "bare failure", details: null, hint: null },
        },
      ],
      ["POST /rpc/fails", { who: "alice", body: raise("42501"), status: 403 }],
      [
        "POST /rpc/fails",
        {
          body: raise("PGRST", {
            message: '{"code":"123","message":"Payment","details":"d","hint":"h"}',
            detail: '{"status":402,"headers":{"X-Pay":"me"}}',
          }),
          status: 402,
          json: { code: "123", message: "Payment", details: "d", hint: "h" },
          sends: { "x-pay": "me" },
        },
      ],
      [
        "POST /rpc/fails",
        {
          body: raise("PGRST", { message: "nojson" }),
          status: 500,
          like: { code: "PGRST121", details: "Invalid JSON value for MESSAGE: 'nojson'" },
        },
      ],
      [
        "POST /rpc/fails",
        {
          body: raise("PGRST", { message: '{"code":"1","message":"x"}', detail: "nojson" }),
          status: 500,
          like: { code: "PGRST121", details: "Invalid JSON value for DETAIL: 'nojson'" },
        },
      ],
    ],
  );
});

describe("tokens", () => {
  const get = (authorization: string) => town.request("GET", "/rpc/who", { headers: { authorization } });
  const nowS = () => Math.floor(Date.now() / 1000);

  test.each([
    ["Bearer ", "PGRST301", "Empty JWT is sent in Authorization header"],
    ["Bearer a", "PGRST301", "Expected 3 parts in JWT; got 1"],
    ["Bearer a.b.c", "PGRST301", "JWT cryptographic operation failed"],
  ])("%s is refused", async (authorization, code, message) => {
    const answer = await get(authorization);
    expect(answer.status).toBe(401);
    expect(answer.json).toMatchObject({ code, message });
    expect(answer.headers.get("www-authenticate")).toBe(
      `Bearer error="invalid_token", error_description="${message}"`,
    );
  });

  test("an expired token is refused and named so", async () => {
    const token = await town.keys.sign({ role: "authenticated", exp: nowS() - 60 });
    const answer = await get(`Bearer ${token}`);
    expect(answer).toMatchObject({ status: 401, json: { code: "PGRST303", message: "JWT expired" } });
  });

  test("clocks may differ by half a minute", async () => {
    for (const claims of [{ exp: nowS() - 20 }, { nbf: nowS() + 20 }, { iat: nowS() + 20 }]) {
      const token = await town.keys.sign({ role: "authenticated", ...claims });
      // Another service that has no such allowance may have seen it before, or sees it later.
      const strict = () =>
        town.keys.verify(token).then(
          () => "let in",
          () => "refused",
        );
      const expected = "iat" in claims ? "let in" : "refused";
      expect(await strict()).toBe(expected);
      for (let turn = 0; turn < 2; turn++) expect((await get(`Bearer ${token}`)).status).toBe(200);
      expect(await strict()).toBe(expected);
    }
  });

  test("a token from the future is refused and named so", async () => {
    const early = await town.keys.sign({ role: "authenticated", nbf: nowS() + 600 });
    expect((await get(`Bearer ${early}`)).json).toMatchObject({
      code: "PGRST303",
      message: "JWT not yet valid",
    });
    const odd = await town.keys.sign({ role: "authenticated", iat: nowS() + 600 });
    expect((await get(`Bearer ${odd}`)).json).toMatchObject({
      code: "PGRST303",
      message: "JWT issued at future",
    });
  });

  test("a token that mallory signed with another secret is refused", async () => {
    const forged = await new SignJWT({ role: "service_role" })
      .setProtectedHeader({ alg: "HS256" })
      .sign(new TextEncoder().encode("mallory".repeat(8)));
    const answer = await get(`Bearer ${forged}`);
    expect(answer).toMatchObject({
      status: 401,
      json: { code: "PGRST301", message: "No suitable key or wrong key type" },
    });
  });

  test("a token without a signature is refused", async () => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const answer = await get(`Bearer ${part({ alg: "none" })}.${part({ role: "service_role" })}.`);
    expect(answer.status).toBe(401);
  });

  test("a legacy key is accepted, and a token without a role is anonymous", async () => {
    expect((await get(`Bearer ${town.keys.serviceRoleKey}`)).json).toMatchObject({ user: "service_role" });
    const token = await town.keys.sign({ sub: "bob" });
    expect((await get(`Bearer ${token}`)).json).toMatchObject({
      user: "anon",
      claims: { sub: "bob", role: "anon" },
    });
    expect(localDefaults.jwtSecret).toBe(town.keys.jwtSecret);
  });

  test("a role that does not exist, or that the API may not become, is refused", async () => {
    const token = (role: string) => town.keys.sign({ role });
    const unknown = await get(`Bearer ${await token("nobody_here")}`);
    expect(unknown).toMatchObject({
      status: 401,
      json: { code: "22023", message: 'role "nobody_here" does not exist' },
    });
    const superuser = await get(`Bearer ${await token("supabase_admin")}`);
    expect(superuser).toMatchObject({ status: 403, json: { code: "42501" } });
  });

  test("another scheme than Bearer is ignored", async () => {
    expect((await get("Basic YWxpY2U6cGFzcw==")).json).toMatchObject({ user: "anon" });
  });
});

describe("load", () => {
  test("requests beyond the number of connections wait for their turn", async () => {
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, index) => town.request("GET", `/rpc/add?a=${index}&b=1`)),
    );
    expect(answers.map(({ json }) => json)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
  });

  test("a body beyond the bound is refused", async () => {
    const answer = await town.request("POST", "/people", {
      headers: { ...town.as.alice, "content-type": "application/json", "content-length": String(1e9) },
      body: "{}",
    });
    expect(answer.status).toBe(413);
  });

  test("failing requests leave only a bounded number of prepared statements behind", async () => {
    for (let index = 0; index < 120; index++) {
      const answer = await town.request("POST", `/people?select=id,a${index}:name`, {
        headers: { ...town.as.alice, prefer: "return=representation" },
        body: { id: 1, handle: "alice" },
      });
      expect(answer.status).toBe(409);
    }
    await town.sql.unsafe(`create function public.statements() returns bigint language sql volatile
      as $$ select count(*) from pg_prepared_statements $$; grant execute on function public.statements to anon`);
    await expect
      .poll(async () => (await town.request("POST", "/rpc/statements", { body: {} })).status)
      .toBe(200);
    const { json } = await town.request("POST", "/rpc/statements", { body: {} });
    expect(json).toBeLessThan(240);
  });
});
