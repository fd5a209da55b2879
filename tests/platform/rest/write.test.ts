import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, type Case, cases, matches } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town?.[Symbol.asyncDispose]());

const representation = { who: "alice", prefer: "return=representation" } as const;
const fresh = {
  id: 0,
  handle: "",
  name: "nobody",
  mood: null,
  born: null,
  boss_id: null,
  settings: null,
  secret: null,
};

describe("insert", () => {
  cases(
    () => town,
    [
      [
        "POST /people",
        {
          who: "alice",
          body: { id: 10, handle: "ten" },
          status: 201,
          text: "",
          sends: { "content-type": null, "content-range": "*/*", location: null },
        },
      ],
      [
        "POST /people",
        {
          ...representation,
          body: { id: 11, handle: "eleven" },
          status: 201,
          json: [{ ...fresh, id: 11, handle: "eleven" }],
          sends: {
            "content-type": "application/json; charset=utf-8",
            "preference-applied": "return=representation",
          },
        },
      ],
      [
        "POST /people?select=id",
        {
          who: "alice",
          prefer: "return=representation,count=exact",
          body: [
            { id: 12, handle: "twelve" },
            { id: 13, handle: "thirteen" },
          ],
          status: 201,
          json: [{ id: 12 }, { id: 13 }],
          sends: { "content-range": "*/2", "preference-applied": "return=representation, count=exact" },
        },
      ],
      [
        "POST /people",
        {
          who: "alice",
          prefer: "return=headers-only",
          body: { id: 14, handle: "fourteen" },
          status: 201,
          text: "",
          sends: { location: "/people?id=eq.14", "preference-applied": "return=headers-only" },
        },
      ],
      [
        "POST /twokeys",
        {
          who: "alice",
          prefer: "return=headers-only",
          body: { a: 4, b: 1 },
          status: 201,
          sends: { location: "/twokeys?a=eq.4&b=eq.1" },
        },
      ],
      [
        "POST /twokeys",
        {
          who: "alice",
          prefer: "return=headers-only",
          body: [
            { a: 4, b: 2 },
            { a: 4, b: 3 },
          ],
          status: 201,
          sends: { location: null },
        },
      ],
      [
        "POST /people?select=handle,shout",
        {
          ...representation,
          body: { id: 15, handle: "fifteen" },
          status: 201,
          json: [{ handle: "fifteen", shout: "NOBODY!" }],
        },
      ],
      [
        "POST /people?select=handle,*,shout,newest_post(id)",
        {
          ...representation,
          body: { id: 16, handle: "sixteen" },
          status: 201,
          json: [{ ...fresh, id: 16, handle: "sixteen", shout: "NOBODY!", newest_post: null }],
        },
      ],
      [
        "POST /people?select=id",
        {
          ...representation,
          accept: "application/vnd.pgrst.object+json",
          body: { id: 17, handle: "seventeen" },
          status: 201,
          json: { id: 17 },
        },
      ],
      [
        "POST /people?select=id,handle",
        {
          ...representation,
          accept: "text/csv",
          body: { id: 18, handle: "eighteen" },
          status: 201,
          text: "id,handle\n18,eighteen",
        },
      ],
      [
        "POST /posts?select=title,people!author_id(handle),likes(*)",
        {
          ...representation,
          body: { title: "N", author_id: 2 },
          status: 201,
          json: [{ title: "N", people: { handle: "bob" }, likes: [] }],
        },
      ],
      [
        "POST /posts?select=title,fans:people!likes(handle)",
        {
          ...representation,
          body: { title: "N", author_id: 2 },
          status: 201,
          json: [{ title: "N", fans: [] }],
        },
      ],
      [
        "POST /people?columns=id,handle&select=id,name",
        {
          ...representation,
          body: { id: 19, handle: "nineteen", name: "ignored", junk: 1 },
          status: 201,
          json: [{ id: 19, name: "nobody" }],
        },
      ],
      [
        "POST /twokeys?columns=a,b,note",
        {
          ...representation,
          body: [
            { a: 5, b: 1 },
            { a: 5, b: 2, note: "x" },
          ],
          status: 201,
          json: [
            { a: 5, b: 1, note: null },
            { a: 5, b: 2, note: "x" },
          ],
        },
      ],
      [
        "POST /twokeys?columns=a,b,note",
        {
          who: "alice",
          prefer: "return=representation,missing=default",
          body: [
            { a: 6, b: 1 },
            { a: 6, b: 2, note: "x" },
          ],
          status: 201,
          json: [
            { a: 6, b: 1, note: "fresh" },
            { a: 6, b: 2, note: "x" },
          ],
          sends: { "preference-applied": "missing=default, return=representation" },
        },
      ],
      [
        "POST /twokeys?columns=a,b,note",
        {
          who: "alice",
          prefer: "return=representation,missing=default",
          body: { a: 6, b: 3 },
          status: 201,
          json: [{ a: 6, b: 3, note: "fresh" }],
        },
      ],
      [
        "POST /posts?columns=id,title,author_id&select=title",
        {
          who: "alice",
          prefer: "return=representation,missing=default",
          body: { title: "id by default", author_id: 1 },
          status: 201,
          json: [{ title: "id by default" }],
        },
      ],
      ["POST /keyless", { ...representation, body: {}, status: 201, json: [{ note: null, amount: null }] }],
      [
        "POST /keyless",
        {
          ...representation,
          body: [{}, {}],
          status: 201,
          json: [
            { note: null, amount: null },
            { note: null, amount: null },
          ],
        },
      ],
      ["POST /keyless", { ...representation, body: [], status: 201, json: [] }],
      [
        "POST /keyless",
        {
          ...representation,
          headers: { "content-type": "text/csv" },
          body: 'note,amount\n"a ""b"", c",1\nNULL,2\n,NULL',
          status: 201,
          json: [
            { note: 'a "b", c', amount: 1 },
            { note: null, amount: 2 },
            { note: "", amount: null },
          ],
        },
      ],
      [
        "POST /keyless",
        {
          ...representation,
          headers: { "content-type": "text/csv" },
          body: "note,amount\na",
          status: 400,
          like: { code: "PGRST102", message: "All lines must have same number of fields" },
        },
      ],
      [
        "POST /keyless",
        {
          ...representation,
          headers: { "content-type": "application/x-www-form-urlencoded" },
          body: "note=form+data&amount=7",
          status: 201,
          json: [{ note: "form data", amount: 7 }],
        },
      ],
      [
        "POST /keyless",
        {
          ...representation,
          headers: { "content-type": "image/png" },
          body: "x",
          status: 400,
          like: { code: "PGRST102", message: "Content-Type not acceptable: image/png" },
        },
      ],
      [
        "POST /bigs",
        {
          ...representation,
          body: '{"id": 9007199254740995, "n": 1.10, "doc": {"b":1, "a":12345678901234567891}}',
          status: 201,
          text: '[{"id":9007199254740995,"n":1.10,"doc":{"b":1, "a":12345678901234567891}}]',
        },
      ],
      [
        "POST /people?select=settings",
        {
          ...representation,
          body: { id: 40, handle: "forty", settings: { a: [1, "x"], b: null } },
          status: 201,
          json: [{ settings: { a: [1, "x"], b: null } }],
        },
      ],
      [
        'POST /odd%20names?select="q\\"uote"',
        {
          ...representation,
          body: { "a column": 9, 'q"uote': "it's \\ $1 $$" },
          status: 201,
          json: [{ 'q"uote': "it's \\ $1 $$" }],
        },
      ],
      [
        "POST /people",
        {
          who: "alice",
          body: "{",
          status: 400,
          json: { code: "PGRST102", message: "Empty or invalid json", details: null, hint: null },
        },
      ],
      ["POST /people", { who: "alice", body: "", status: 400, like: { code: "PGRST102" } }],
      [
        "POST /twokeys",
        {
          who: "alice",
          body: [{ a: 7, b: 1 }, { a: 7 }],
          status: 400,
          like: { code: "PGRST102", message: "All object keys must match" },
        },
      ],
      [
        "POST /people",
        {
          who: "alice",
          body: { id: 50, handle: "x", zzz: 3 },
          status: 400,
          json: {
            code: "PGRST204",
            message: "Could not find the 'zzz' column of 'people' in the schema cache",
            details: null,
            hint: null,
          },
        },
      ],
      [
        "POST /people",
        {
          who: "alice",
          body: { id: 1, handle: "one" },
          status: 409,
          like: { code: "23505", details: "Key (id)=(1) already exists." },
        },
      ],
      [
        "POST /passports",
        { who: "alice", body: { person_id: 999, number: "x" }, status: 409, like: { code: "23503" } },
      ],
      [
        "POST /people",
        { who: "alice", body: { id: 51, handle: "NOT LOWER" }, status: 400, like: { code: "23514" } },
      ],
      ["POST /posts", { who: "alice", body: { title: "no author" }, status: 400, like: { code: "23502" } }],
      [
        "POST /people",
        {
          body: { id: 60, handle: "anon" },
          status: 401,
          like: { code: "42501" },
          sends: { "www-authenticate": "Bearer" },
        },
      ],
      [
        "POST /guarded",
        {
          who: "alice",
          body: { id: 9, owner: "bob", note: "forged" },
          status: 403,
          like: { code: "42501", message: 'new row violates row-level security policy for table "guarded"' },
        },
      ],
      [
        "POST /guarded",
        { who: "alice", body: { id: 9, owner: "alice", note: "bad" }, status: 400, like: { code: "23514" } },
      ],
      ["POST /guarded", { who: "alice", body: { id: 9, owner: "alice", note: "fine" }, status: 201 }],
    ],
  );

  test("if a singular answer was asked for, two new rows are undone", async () => {
    const wanted: Case = {
      ...representation,
      accept: "application/vnd.pgrst.object+json",
      body: [
        { id: 70, handle: "seventy" },
        { id: 71, handle: "seventyone" },
      ],
      status: 406,
      like: { code: "PGRST116", details: "The result contains 2 rows" },
    };
    matches(await ask(town, "POST /people", wanted), wanted);
    expect(await town.sql`select id from people where id in (70, 71)`).toEqual([]);
  });
});

describe("upsert", () => {
  const merge = { who: "bob", prefer: "resolution=merge-duplicates,return=representation" } as const;
  cases(
    () => town,
    [
      [
        "POST /twokeys",
        {
          ...merge,
          body: { a: 20, b: 1, note: "new" },
          status: 201,
          json: [{ a: 20, b: 1, note: "new" }],
          sends: { "preference-applied": "resolution=merge-duplicates, return=representation" },
        },
      ],
      [
        "POST /twokeys",
        {
          ...merge,
          body: { a: 20, b: 1, note: "merged" },
          status: 200,
          json: [{ a: 20, b: 1, note: "merged" }],
        },
      ],
      [
        "POST /twokeys",
        {
          ...merge,
          body: [
            { a: 20, b: 1, note: "again" },
            { a: 20, b: 2, note: "new" },
          ],
          status: 201,
          json: [
            { a: 20, b: 1, note: "again" },
            { a: 20, b: 2, note: "new" },
          ],
        },
      ],
      [
        "POST /twokeys",
        {
          who: "bob",
          prefer: "resolution=ignore-duplicates,return=representation",
          body: [
            { a: 20, b: 1, note: "ignored" },
            { a: 20, b: 3, note: "new" },
          ],
          status: 201,
          json: [{ a: 20, b: 3, note: "new" }],
        },
      ],
      [
        "POST /people?on_conflict=handle&select=id,name",
        {
          ...merge,
          body: { id: 1, handle: "alice", name: "Alice Again" },
          status: 200,
          json: [{ id: 1, name: "Alice Again" }],
        },
      ],
      [
        'POST /people?on_conflict="handle"&columns="id","handle"',
        {
          who: "bob",
          prefer: "resolution=merge-duplicates",
          body: [{ id: 1, handle: "alice" }],
          status: 200,
          text: "",
        },
      ],
      [
        "POST /people?on_conflict=name",
        { ...merge, body: { id: 77, handle: "x", name: "x" }, status: 400, like: { code: "42P10" } },
      ],
      [
        "POST /people?on_conflict=nope",
        {
          ...merge,
          body: { id: 77, handle: "x" },
          status: 400,
          like: { code: "42703", message: 'column "nope" does not exist' },
        },
      ],
      [
        "POST /twokeys",
        {
          ...merge,
          body: [
            { a: 21, b: 1 },
            { a: 21, b: 1 },
          ],
          status: 500,
          like: { code: "21000" },
        },
      ],
      [
        "PUT /twokeys?a=eq.30&b=eq.1",
        {
          ...merge,
          prefer: "return=representation",
          body: { a: 30, b: 1, note: "put" },
          status: 201,
          json: [{ a: 30, b: 1, note: "put" }],
        },
      ],
      [
        "PUT /twokeys?a=eq.30&b=eq.1",
        {
          ...merge,
          prefer: "return=representation",
          body: { a: 30, b: 1, note: "again" },
          status: 200,
          json: [{ a: 30, b: 1, note: "again" }],
        },
      ],
      [
        "PUT /twokeys?a=eq.30&b=eq.1",
        { who: "bob", body: { a: 30, b: 1, note: "quiet" }, status: 204, text: "" },
      ],
      [
        "PUT /twokeys?a=eq.30&b=eq.1",
        { who: "bob", body: { a: 30, b: 2 }, status: 400, like: { code: "PGRST115" } },
      ],
      [
        "PUT /twokeys?a=eq.30",
        { who: "bob", body: { a: 30, b: 1 }, status: 405, like: { code: "PGRST105" } },
      ],
      [
        "PUT /twokeys?a=eq.30&b=gt.1",
        { who: "bob", body: { a: 30, b: 1 }, status: 405, like: { code: "PGRST105" } },
      ],
      [
        "PUT /twokeys?a=eq.30&b=eq.1&limit=1",
        { who: "bob", body: { a: 30, b: 1 }, status: 400, like: { code: "PGRST114" } },
      ],
    ],
  );

  test("a refused PUT writes nothing", async () => {
    expect(await town.sql`select b, note from twokeys where a = 30`).toEqual([{ b: 1, note: "quiet" }]);
  });
});

describe("update", () => {
  cases(
    () => town,
    [
      [
        "PATCH /people?id=eq.10",
        { who: "alice", body: { name: "Ten" }, status: 204, text: "", sends: { "content-range": "0-0/*" } },
      ],
      [
        "PATCH /people?id=eq.10&select=id,name",
        { ...representation, body: { name: "Ten!" }, json: [{ id: 10, name: "Ten!" }] },
      ],
      [
        "PATCH /people?id=in.(10,11)&select=id&order=id.desc&limit=1",
        {
          who: "alice",
          prefer: "count=exact",
          body: { name: "both" },
          status: 204,
          sends: { "content-range": "0-1/2", "preference-applied": "count=exact" },
        },
      ],
      [
        "PATCH /people?id=eq.9999",
        { who: "alice", body: { name: "x" }, status: 204, sends: { "content-range": "*/*" } },
      ],
      ["PATCH /people?id=eq.9999", { ...representation, body: { name: "x" }, json: [] }],
      [
        "PATCH /people?or=(id.eq.10,handle.eq.eleven)&select=id",
        { ...representation, body: { name: "x" }, like: [{}, {}] },
      ],
      [
        "PATCH /people?settings->>theme=eq.dark&select=id",
        { ...representation, body: { secret: "x" }, json: [{ id: 1 }] },
      ],
      [
        "PATCH /posts?id=eq.1&select=title,people!author_id(handle)",
        { ...representation, body: { title: "Hi" }, json: [{ title: "Hi", people: { handle: "alice" } }] },
      ],
      [
        "PATCH /people?id=eq.1&select=id,posts!author_id(id)&posts.id=eq.2&posts.order=id",
        { ...representation, body: { name: "Alice" }, json: [{ id: 1, posts: [{ id: 2 }] }] },
      ],
      ["PATCH /people?id=eq.10", { ...representation, body: {}, json: [] }],
      [
        "PATCH /people?columns=name&id=eq.10&select=name,mood",
        { ...representation, body: { name: "only", mood: "sad" }, json: [{ name: "only", mood: null }] },
      ],
      [
        "PATCH /people?id=eq.10&columns=name,mood&select=name,mood",
        {
          who: "alice",
          prefer: "return=representation,missing=default",
          body: { mood: "sad" },
          json: [{ name: "nobody", mood: "sad" }],
        },
      ],
      ["PATCH /people?id=eq.10", { who: "alice", body: { zzz: 1 }, status: 400, like: { code: "PGRST204" } }],
      [
        "PATCH /people",
        {
          who: "alice",
          body: { name: "everyone" },
          status: 400,
          json: { code: "21000", message: "UPDATE requires a WHERE clause", details: null, hint: null },
        },
      ],
      ["PATCH /posts?id=eq.1", { who: "alice", body: { search: "x" }, status: 400, like: { code: "428C9" } }],
      ["PATCH /people?id=eq.1", { body: { name: "hacked" }, status: 401, like: { code: "42501" } }],
      ["PATCH /guarded?id=eq.2", { ...representation, body: { note: "not mine" }, json: [] }],
      [
        "PATCH /guarded?id=eq.1&select=note",
        { ...representation, body: { note: "mine" }, json: [{ note: "mine" }] },
      ],
      [
        "PATCH /twokeys?a=eq.1",
        {
          who: "alice",
          prefer: "handling=strict,max-affected=2,count=exact",
          body: { note: "two" },
          status: 204,
          sends: { "preference-applied": "count=exact, handling=strict, max-affected=2" },
        },
      ],
      [
        "PATCH /twokeys?a=eq.1",
        { who: "alice", prefer: "max-affected=1", body: { note: "lenient" }, status: 204 },
      ],
      [
        "PATCH /twokeys?a=eq.1",
        {
          who: "alice",
          prefer: "handling=strict,nonsense",
          body: { note: "x" },
          status: 400,
          like: { code: "PGRST122", details: "Invalid preferences: nonsense" },
        },
      ],
    ],
  );

  test("an update of more rows than max-affected is undone", async () => {
    const wanted: Case = {
      who: "alice",
      prefer: "handling=strict,max-affected=1",
      body: { note: "too many" },
      status: 400,
      json: {
        code: "PGRST124",
        message: "Query result exceeds max-affected preference constraint",
        details: "The query affects 2 rows",
        hint: null,
      },
    };
    matches(await ask(town, "PATCH /twokeys?a=eq.1", wanted), wanted);
    expect(await town.sql`select distinct note from twokeys where a = 1`).toEqual([{ note: "lenient" }]);
  });

  test("if a singular answer was asked for, an update of two rows is undone, even without returned rows", async () => {
    for (const prefer of ["return=representation", "return=minimal"]) {
      const wanted: Case = {
        who: "alice",
        prefer,
        accept: "application/vnd.pgrst.object+json",
        body: { note: "both" },
        status: 406,
        like: { code: "PGRST116" },
      };
      matches(await ask(town, "PATCH /twokeys?a=eq.1", wanted), wanted);
    }
    expect(await town.sql`select distinct note from twokeys where a = 1`).toEqual([{ note: "lenient" }]);
  });

  test("bob's guarded row is there, and alice's update did not change it", async () => {
    expect(await town.sql`select note from guarded where id = 2`).toEqual([{ note: "his" }]);
  });
});

describe("delete", () => {
  cases(
    () => town,
    [
      ["DELETE /people?id=eq.12", { who: "alice", status: 204, text: "", sends: { "content-range": "*/*" } }],
      [
        "DELETE /people?id=in.(13,14)&select=id",
        {
          who: "alice",
          prefer: "return=representation,count=exact",
          json: [{ id: 13 }, { id: 14 }],
          sends: { "content-range": "*/2" },
        },
      ],
      [
        "DELETE /people?id=eq.15&select=id,boss:boss_id(handle)",
        { ...representation, json: [{ id: 15, boss: null }] },
      ],
      ["DELETE /people?id=eq.15", { ...representation, json: [] }],
      [
        "DELETE /people",
        { who: "alice", status: 400, like: { code: "21000", message: "DELETE requires a WHERE clause" } },
      ],
      ["DELETE /people?id=eq.1", { who: "alice", status: 409, like: { code: "23503" } }],
      ["DELETE /people?id=eq.1", { status: 401, like: { code: "42501" } }],
      ["DELETE /guarded?id=eq.2", { ...representation, json: [] }],
      [
        "DELETE /twokeys?a=eq.1",
        { who: "alice", prefer: "handling=strict,max-affected=1", status: 400, like: { code: "PGRST124" } },
      ],
      [
        "DELETE /twokeys?a=eq.1",
        {
          ...representation,
          accept: "application/vnd.pgrst.object+json",
          status: 406,
          like: { code: "PGRST116" },
        },
      ],
    ],
  );

  test("the rows that could not be deleted are still there", async () => {
    expect(await town.sql`select id from guarded where id = 2`).toHaveLength(1);
    expect(await town.sql`select a from twokeys where a = 1`).toHaveLength(2);
  });
});
