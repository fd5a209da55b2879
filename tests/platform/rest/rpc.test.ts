import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, type Case, cases, matches } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town?.[Symbol.asyncDispose]());

describe("arguments", () => {
  cases(
    () => town,
    [
      [
        "POST /rpc/add",
        { body: { a: 1, b: 2 }, json: 3, sends: { "content-type": "application/json; charset=utf-8" } },
      ],
      ["POST /rpc/add", { body: { a: 1 }, json: 11 }],
      ["GET /rpc/add?a=1&b=2", { json: 3 }],
      ["GET /rpc/add?a=1", { json: 11 }],
      ["HEAD /rpc/add?a=1", { text: "" }],
      [
        "POST /rpc/add",
        { headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=4&b=5", json: 9 },
      ],
      ["POST /rpc/add?columns=a", { body: { a: 1, b: 2 }, json: 11 }],
      ["POST /rpc/add", { body: [{ a: 1 }, { a: 2 }], json: 11 }],
      ["POST /rpc/overloaded", { body: {}, json: "none" }],
      ["POST /rpc/overloaded", { body: "", json: "none" }],
      ["GET /rpc/overloaded", { json: "none" }],
      ["GET /rpc/overloaded?a=1", { json: "one" }],
      ["GET /rpc/overloaded?a=1&b=2", { json: "two" }],
      ["GET /rpc/greet?names=ann&names=ben", { json: "ann & ben" }],
      ["POST /rpc/greet", { body: { names: ["ann", 'b"en', "c,d"] }, json: 'ann & b"en & c,d' }],
      [
        "POST /rpc/whole_json",
        { body: '{"b": 1, "a": [9007199254740993]}', text: '{"b": 1, "a": [9007199254740993]}' },
      ],
      [
        "POST /rpc/whole_text",
        { headers: { "content-type": "text/plain" }, body: "it's \\ raw", json: "got it's \\ raw" },
      ],
      [
        "POST /rpc/byte_count",
        { headers: { "content-type": "application/octet-stream" }, body: "\\x00é", json: 6 },
      ],
      ["GET /rpc/add?a=x", { status: 400, like: { code: "22P02" } }],
      [
        "POST /rpc/ad",
        {
          body: { x: 1, y: 2 },
          status: 404,
          json: {
            code: "PGRST202",
            message: "Could not find the function public.ad(x, y) in the schema cache",
            details:
              "Searched for the function public.ad with parameters x, y or with a single unnamed json/jsonb parameter, but no matches were found in the schema cache.",
            hint: null,
          },
        },
      ],
      [
        "GET /rpc/overloadd",
        {
          status: 404,
          like: {
            code: "PGRST202",
            message: "Could not find the function public.overloadd without parameters in the schema cache",
            hint: "Perhaps you meant to call the function public.overloaded",
          },
        },
      ],
      [
        "GET /rpc/add?a=1&c=2",
        {
          status: 404,
          like: { code: "PGRST202", hint: "Perhaps you meant to call the function public.add(a, b)" },
        },
      ],
      [
        "POST /rpc/add",
        {
          headers: { "content-type": "text/plain" },
          body: "x",
          status: 404,
          like: { code: "PGRST202", hint: null },
        },
      ],
      [
        "GET /rpc/vague?a=1",
        {
          status: 300,
          json: {
            code: "PGRST203",
            message:
              "Could not choose the best candidate function between: public.vague(a => integer), public.vague(a => text)",
            details: null,
            hint: "Try renaming the parameters or the function itself in the database so function overloading can be resolved",
          },
        },
      ],
      [
        "PATCH /rpc/add",
        { body: {}, status: 405, like: { code: "PGRST101", message: "Cannot use the PATCH method on RPC" } },
      ],
      ["POST /rpc/add", { body: "[", status: 400, like: { code: "PGRST102" } }],
    ],
  );
});

describe("results", () => {
  const rows = [
    { id: 1, label: "one" },
    { id: 2, label: "two" },
    { id: 3, label: null },
  ];
  cases(
    () => town,
    [
      ["GET /rpc/pairs?select=y&x=gt.1&order=x.desc", { json: [{ y: null }, { y: "two" }] }],
      ["POST /rpc/numbers", { body: { up_to: 3 }, json: [1, 2, 3] }],
      ["POST /rpc/numbers", { body: { up_to: 0 }, json: [] }],
      ["GET /rpc/numbers?up_to=9&limit=2&offset=1", { json: [2, 3], sends: { "content-range": "1-2/*" } }],
      ["POST /rpc/nothing", { body: {}, status: 204, text: "", sends: { "content-type": null } }],
      ["POST /rpc/one_person", { who: "alice", body: {}, like: { id: 1, handle: "alice" } }],
      [
        "POST /rpc/one_person?select=handle,passports(number)",
        { who: "alice", body: {}, json: { handle: "alice", passports: { number: "A1" } } },
      ],
      ["GET /rpc/out_two", { json: { x: 1, y: "why" } }],
      ["GET /rpc/table_of", { json: rows }],
      ["GET /rpc/table_of?select=label&id=gt.1&order=id.desc", { json: [{ label: null }, { label: "two" }] }],
      [
        "GET /rpc/table_of?limit=1",
        { prefer: "count=exact", status: 206, json: [rows[0]], sends: { "content-range": "0-0/3" } },
      ],
      ["GET /rpc/table_of?id=eq.2", { accept: "application/vnd.pgrst.object+json", json: rows[1] }],
      [
        "GET /rpc/table_of",
        {
          accept: "application/vnd.pgrst.object+json",
          status: 406,
          like: { code: "PGRST116", details: "The result contains 3 rows" },
        },
      ],
      ["GET /rpc/table_of", { accept: "text/csv", text: "id,label\n1,one\n2,two\n3," }],
      [
        "GET /rpc/table_of",
        { accept: "application/vnd.pgrst.array+json;nulls=stripped", json: [rows[0], rows[1], { id: 3 }] },
      ],
      ["GET /rpc/table_of?nope=eq.1", { status: 400, like: { code: "42703" } }],
      [
        "GET /rpc/search_posts?term=o&select=id,people!author_id(handle)&id=gt.1&order=id.desc&limit=2",
        {
          json: [
            { id: 4, people: { handle: "carol" } },
            { id: 3, people: { handle: "bob" } },
          ],
        },
      ],
      [
        "POST /rpc/search_posts?select=id,likes(person_id)&likes.order=person_id&id=eq.1",
        { body: { term: "town" }, json: [{ id: 1, likes: [{ person_id: 2 }, { person_id: 3 }] }] },
      ],
      [
        "GET /rpc/search_posts?select=id&or=(id.eq.1,title.like.Bob*)&order=id",
        { json: [{ id: 1 }, { id: 3 }] },
      ],
      [
        "POST /rpc/add_person?select=handle,shout",
        { who: "alice", body: { id: 30, handle: "thirty" }, json: [{ handle: "thirty", shout: "NOBODY!" }] },
      ],
      ["POST /rpc/add", { accept: "application/vnd.pgrst.object+json", body: { a: 1 }, json: 11 }],
      [
        "POST /rpc/add_person",
        {
          who: "alice",
          prefer: "handling=strict,max-affected=1",
          body: { id: 31, handle: "thirtyone" },
          like: [{ id: 31 }],
        },
      ],
      [
        "POST /rpc/add",
        { prefer: "handling=strict,max-affected=1", body: { a: 1 }, status: 400, like: { code: "PGRST128" } },
      ],
    ],
  );
});

describe("transactions", () => {
  cases(
    () => town,
    [
      ["GET /rpc/add_person?id=32&handle=x", { who: "alice", status: 405, like: { code: "25006" } }],
      ["GET /rpc/slow?seconds=0", { json: "" }],
      [
        "POST /rpc/slow_hoisted",
        {
          body: { seconds: 20 },
          status: 500,
          like: { code: "57014", message: "canceling statement due to statement timeout" },
        },
      ],
      [
        "POST /rpc/says",
        {
          body: { status: "418", headers: '[{"X-Tea":"pot"},{"Content-Type":"text/tea"}]' },
          status: 418,
          sends: { "x-tea": "pot", "content-type": "text/tea" },
        },
      ],
      ["POST /rpc/says", { body: { status: "204", headers: "[]" }, status: 204, text: "" }],
      ["POST /rpc/says", { body: { status: "abc", headers: "[]" }, status: 500, like: { code: "PGRST112" } }],
      ["POST /rpc/says", { body: { status: "200", headers: "{}" }, status: 500, like: { code: "PGRST111" } }],
      [
        "POST /rpc/says",
        { body: { status: "200", headers: '[{"a":1}]' }, status: 500, like: { code: "PGRST111" } },
      ],
      [
        "POST /rpc/says",
        {
          body: { status: "200", headers: '[{"bad name":"x\\ny"}]' },
          status: 500,
          like: { code: "PGRST111" },
        },
      ],
      ["GET /rpc/add?a=1", { json: 11, sends: { "x-tea": null } }],
    ],
  );

  test("a function can read who calls it and how", async () => {
    const answer = await town.request("GET", "/rpc/who", {
      headers: { ...town.as.bob, "x-agent": "browser", cookie: "a=1; flavour=vanilla" },
    });
    expect(answer.json).toMatchObject({
      user: "authenticated",
      claims: { sub: "bob", role: "authenticated" },
      method: "GET",
      path: "/rpc/who",
      agent: "browser",
      cookie: "vanilla",
      timeout: "8s",
      read_only: "on",
    });
    const post = await town.request("POST", "/rpc/write_who", { body: {} });
    expect(post.json).toMatchObject({
      user: "anon",
      claims: { role: "anon" },
      method: "POST",
      timeout: "3s",
      read_only: "off",
    });
  });

  test("nothing of a request stays on the connection", async () => {
    await Promise.all(
      Array.from({ length: 8 }, () => town.request("GET", "/rpc/who", { headers: town.as.bob })),
    );
    const answer = await town.request("GET", "/rpc/who");
    expect(answer.json).toMatchObject({ user: "anon", claims: { role: "anon" }, agent: null, cookie: null });
  });

  test("a known time zone applies, and an unknown one is refused only with handling=strict", async () => {
    const zone = async (prefer: string) => town.request("GET", "/rpc/who", { headers: { prefer } });
    const known = await zone("timezone=America/Los_Angeles");
    expect(known.json).toMatchObject({ timezone: "America/Los_Angeles" });
    expect(known.headers.get("preference-applied")).toBe("timezone=America/Los_Angeles");
    expect((await zone("timezone=Mars/Base")).json).toMatchObject({ timezone: "UTC" });
    expect((await zone("handling=strict,timezone=Mars/Base")).json).toMatchObject({ code: "PGRST122" });
  });

  test("a role's own timeout ends its statement", async () => {
    await town.sql`alter role anon set statement_timeout = '100ms'`;
    await town.sql`notify pgrst, 'reload config'`;
    try {
      await expect
        .poll(async () => ((await town.request("GET", "/rpc/who")).json as { timeout: string }).timeout)
        .toBe("100ms");
      const wanted: Case = { status: 500, like: { code: "57014" } };
      matches(await ask(town, "GET /rpc/slow?seconds=30", wanted), wanted);
      expect((await town.request("GET", "/rpc/who", { headers: town.as.bob })).json).toMatchObject({
        timeout: "8s",
      });
    } finally {
      await town.sql`alter role anon set statement_timeout = '3s'`;
      await town.sql`notify pgrst, 'reload config'`;
    }
  });

  test("a pre-request function runs first, as the caller, and may refuse", async () => {
    await town.sql.unsafe(`
      create function public.bouncer() returns void language plpgsql as $$
      begin
        if current_setting('request.headers', true)::json ->> 'x-bad' = 'yes' then
          raise sqlstate 'PT403' using message = 'not today ' || current_user;
        end if;
      end $$;
      alter role authenticator set pgrst.db_pre_request = 'public.bouncer';
      notify pgrst, 'reload config';`);
    try {
      await expect
        .poll(async () => (await town.request("GET", "/rpc/who", { headers: { "x-bad": "yes" } })).status)
        .toBe(403);
      const answer = await town.request("GET", "/rpc/who", { headers: { "x-bad": "yes", ...town.as.bob } });
      expect(answer.json).toMatchObject({ code: "PT403", message: "not today authenticated" });
      expect((await town.request("GET", "/rpc/who")).status).toBe(200);
    } finally {
      await town.sql.unsafe(`
        alter role authenticator reset pgrst.db_pre_request;
        notify pgrst, 'reload config';`);
    }
  });
});
