import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cases } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
let client: SupabaseClient;
beforeAll(async () => {
  town = await createTown({ fixture: "corners.sql" });
  client = createClient("http://town", town.keys.secretKey, {
    global: {
      fetch: (input, init) => {
        const request = new Request(input, init);
        const url = request.url.replace("/rest/v1", "");
        return town.rest.fetch(
          new Request(url, {
            method: request.method,
            headers: { ...Object.fromEntries(request.headers), ...town.as.service },
            body: request.body === null ? undefined : request.body,
            duplex: "half",
          } as RequestInit),
        );
      },
    },
  });
});
afterAll(() => town?.[Symbol.asyncDispose]());

const full = { who: "alice", prefer: "return=representation" } as const;
const ids = (...list: number[]) => list.map((id) => ({ id }));

describe("what a function of a composite type returns can be selected, filtered and ordered", () => {
  cases(
    () => town,
    [
      ["GET /rpc/cards?select=id&order=id.desc", { json: ids(2, 1) }],
      ["GET /rpc/cards?select=id&id=lt.2", { json: ids(1) }],
      ["GET /rpc/cards?select=id&author->>username=eq.bob", { json: ids(2) }],
      ["GET /rpc/cards?select=id,n:facts->n&facts->>n=eq.2", { json: [{ id: 2, n: 2 }] }],
      [
        "GET /rpc/cards?select=id,headline&order=headline.desc",
        {
          json: [
            { id: 2, headline: "two!" },
            { id: 1, headline: "one!" },
          ],
        },
      ],
      ["GET /rpc/cards?select=id&order=headline.desc", { json: ids(2, 1) }],
      ["GET /rpc/cards?select=id&headline=eq.one!", { json: ids(1) }],
      ["GET /rpc/cards?select=count", { json: [{ count: 2 }] }],
      ["GET /rpc/one_card?select=id", { json: { id: 7 } }],
      ["GET /rpc/cards?select=nothing", { status: 400, like: { code: "42703" } }],
    ],
  );
});

describe("count without parentheses counts the rows", () => {
  cases(
    () => town,
    [
      [
        "GET /posts?select=id,likes(count)&order=id&limit=2",
        {
          json: [
            { id: 1, likes: [{ count: 2 }] },
            { id: 2, likes: [{ count: 0 }] },
          ],
        },
      ],
      ["GET /posts?select=id,n:likes(count)&id=eq.1", { json: [{ id: 1, n: [{ count: 2 }] }] }],
      ["GET /posts?select=id,likes(n:count)&id=eq.1", { json: [{ id: 1, likes: [{ n: 2 }] }] }],
      [
        "GET /posts?select=id,likes(count)&id=eq.1&likes.person_id=eq.2",
        { json: [{ id: 1, likes: [{ count: 1 }] }] },
      ],
      [
        "GET /users?select=id,tasks(count)&order=id",
        {
          json: [
            { id: 1, tasks: [{ count: 2 }] },
            { id: 2, tasks: [{ count: 1 }] },
          ],
        },
      ],
      [
        "GET /projects?select=name,tasks(name,users(count))&id=eq.2",
        { json: [{ name: "garden", tasks: [{ name: "trees", users: [{ count: 1 }] }] }] },
      ],
      ["GET /tasks?select=id,projects(count)&id=eq.1", { json: [{ id: 1, projects: { count: 1 } }] }],
      ["GET /posts?select=count", { json: [{ count: 4 }] }],
      ["GET /posts?select=count&author_id=eq.1", { json: [{ count: 2 }] }],
      ["GET /posts?select=id,count", { status: 400, like: { code: "42803" } }],
      ["GET /posts?select=id,likes(count())", { status: 400, like: { code: "PGRST123" } }],
      [
        "POST /tasks?select=id,users(count)",
        { ...full, body: { id: 9 }, status: 201, json: [{ id: 9, users: [{ count: 0 }] }] },
      ],
      ["DELETE /tasks?id=eq.9", { who: "alice", status: 204 }],
    ],
  );

  test("through supabase-js", async () => {
    const { data, error } = await client.from("posts").select("id, likes(count)").eq("id", 1).single();
    expect({ data, error }).toEqual({ data: { id: 1, likes: [{ count: 2 }] }, error: null });
  });
});

describe("what a mutation returns is in the order that was asked for", () => {
  cases(
    () => town,
    [
      [
        "POST /projects?select=id&order=id.desc",
        { ...full, body: ids(11, 13, 12), status: 201, json: ids(13, 12, 11) },
      ],
      [
        "PATCH /projects?id=gt.10&select=name&order=id.desc",
        { ...full, body: { name: "x" }, json: [{ name: "x" }, { name: "x" }, { name: "x" }] },
      ],
      [
        "PATCH /projects?id=gt.10&select=id&order=name,id.desc",
        { ...full, body: { name: "x" }, json: ids(13, 12, 11) },
      ],
      [
        "PATCH /projects?id=lt.3&select=id,tasks(id)&order=id&tasks.order=id.desc",
        { ...full, body: { id: undefined }, json: [] },
      ],
      [
        "PATCH /tasks?id=lt.4&select=id&order=projects(name),id.desc",
        { ...full, body: { name: "t" }, status: 400, like: { code: "PGRST108" } },
      ],
      [
        "PATCH /tasks?id=lt.4&select=id,projects(name)&order=projects(name),id.desc",
        {
          ...full,
          body: { project_id: 1 },
          json: [3, 2, 1].map((id) => ({ id, projects: { name: "house" } })),
        },
      ],
      [
        "PATCH /tasks?id=eq.3&select=*",
        { ...full, body: { project_id: 2 }, json: [{ id: 3, name: "trees", project_id: 2 }] },
      ],
      [
        "PATCH /projects?id=eq.1&select=id,tasks(id)&tasks.order=id.desc",
        { ...full, body: { name: "house" }, json: [{ id: 1, tasks: ids(2, 1) }] },
      ],
      [
        "PATCH /people?id=lt.3&select=id&order=shout.desc",
        { ...full, body: { secret: "s" }, json: ids(2, 1) },
      ],
      [
        "PATCH /people?id=eq.1&select=*&order=shout",
        { ...full, body: { secret: null }, json: [expect.not.objectContaining({ shout: "ALICE!" })] },
      ],
      ["DELETE /projects?id=gt.10&select=id&order=id.desc&limit=1", { ...full, json: ids(13, 12, 11) }],
    ],
  );

  test("through supabase-js", async () => {
    const { data } = await client
      .from("users")
      .upsert([
        { id: 1, name: "ann" },
        { id: 2, name: "ben" },
      ])
      .select("id")
      .order("id", { ascending: false });
    expect(data).toEqual(ids(2, 1));
  });
});

describe("text search knows a tsvector", () => {
  cases(
    () => town,
    [
      ["GET /papers?select=id&found=fts(english).fox", { json: ids(1) }],
      ["GET /papers?select=id&vector=fts(english).fox", { json: ids(1) }],
      ["GET /papers?select=id&domain_vector=wfts(english).dogs", { json: ids(2) }],
      ["GET /papers?select=id&body=plfts(english).dog", { json: ids(2) }],
      ["GET /papers?select=id&extra->k->>l=eq.2", { json: ids(2) }],
    ],
  );
});

describe("a function of one json parameter with a name is called by that name", () => {
  cases(
    () => town,
    [
      ["POST /rpc/takes", { body: { data: { a: 1 } }, json: "data" }],
      ["POST /rpc/takes", { body: { a: 1 }, status: 404, like: { code: "PGRST202" } }],
      ["POST /rpc/falls", { body: { data: {} }, json: "data" }],
      ["POST /rpc/falls", { body: {}, json: "nothing" }],
      [
        "POST /rpc/falls",
        {
          body: { a: 1 },
          status: 404,
          like: {
            code: "PGRST202",
            hint: expect.stringContaining("Perhaps you meant to call the function public.falls"),
          },
        },
      ],
      ["POST /rpc/whole_json", { body: { a: 1 }, json: { a: 1 } }],
      [
        "GET /rpc/add?a=1&b=2&smthelse=blabla",
        {
          status: 404,
          like: { code: "PGRST202", hint: "Perhaps you meant to call the function public.add(a, b)" },
        },
      ],
      [
        "GET /rpc/candidates?a=1&b=2",
        {
          status: 300,
          like: {
            code: "PGRST203",
            message:
              "Could not choose the best candidate function between: public.candidates(a => integer, b => integer), public.candidates(b => text, a => integer), public.candidates(a => integer, b => integer, c => integer)",
          },
        },
      ],
    ],
  );
});

describe("embeds", () => {
  cases(
    () => town,
    [
      ["GET /users?select=id,users_tasks(tasks(projects()))&order=id", { json: ids(1, 2) }],
      [
        "GET /users?select=id,users_tasks(tasks(id,projects()))&id=eq.2",
        { json: [{ id: 2, users_tasks: [{ tasks: { id: 3 } }] }] },
      ],
      [
        "GET /users?select=id,users_tasks!inner(tasks!inner(projects!inner()))&users_tasks.tasks.projects.id=eq.2",
        { json: ids(2) },
      ],
      ["GET /users?select=id,...users_tasks(...tasks(projects()))&order=id", { json: ids(1, 2) }],
      [
        "GET /users?select=id,tasks(id),tasks(name)",
        {
          status: 400,
          json: {
            code: "42712",
            message: 'table name "users_tasks_1" specified more than once',
            details: null,
            hint: null,
          },
        },
      ],
      [
        "GET /users?select=id,tasks(id),again:tasks(name)&id=eq.2",
        { json: [{ id: 2, tasks: ids(3), again: [{ name: "trees" }] }] },
      ],
      [
        "GET /projects?select=tasks(users(id),users(name))",
        { status: 400, like: { message: 'table name "tasks_users_2" specified more than once' } },
      ],
      [
        "GET /people?select=id,staff:people!people_boss_id_fkey(id)",
        { status: 400, like: { code: "PGRST200" } },
      ],
      ["GET /people?select=id,boss:people_boss_id_fkey(id)", { status: 400, like: { code: "PGRST200" } }],
      [
        "GET /people?select=id,staff:people!boss_id(id)&id=eq.1&staff.order=id",
        { json: [{ id: 1, staff: ids(2, 3) }] },
      ],
      ["GET /people?select=id,boss:boss_id(id)&id=eq.2", { json: [{ id: 2, boss: { id: 1 } }] }],
      ["GET /tasks?select=id,project_id(id)&project_id=is.null", { json: [] }],
      [
        "GET /colours?select=r,pixels_of(id)&order=r",
        {
          json: [
            { r: 1, pixels_of: { id: 1 } },
            { r: 1, pixels_of: { id: 2 } },
            { r: 2, pixels_of: { id: 3 } },
          ],
        },
      ],
      [
        "GET /pixels?select=id,colours(r,pixels_of(id))&id=eq.1",
        {
          json: [
            { id: 1, colours: { r: 1, pixels_of: { id: 1 } } },
            { id: 1, colours: { r: 1, pixels_of: { id: 2 } } },
          ],
        },
      ],
      [
        "PATCH /pixels?id=eq.1&select=id,colours(pixels_of(id))&order=id",
        {
          ...full,
          body: { pgrst_row: "a" },
          json: [
            { id: 1, colours: { pixels_of: { id: 1 } } },
            { id: 1, colours: { pixels_of: { id: 2 } } },
          ],
        },
      ],
      [
        "GET /sites?select=*,big_projects(*)",
        {
          status: 300,
          json: {
            code: "PGRST201",
            details: [
              {
                cardinality: "many-to-one",
                embedding: "sites with big_projects",
                relationship: "main_project using sites(main_project_id) and big_projects(id)",
              },
              {
                cardinality: "many-to-many",
                embedding: "sites with big_projects",
                relationship:
                  "jobs using jobs_site_id_fkey(site_id) and jobs_big_project_id_fkey(big_project_id)",
              },
              {
                cardinality: "many-to-many",
                embedding: "sites with big_projects",
                relationship:
                  "main_jobs using main_jobs_site_id_fkey(site_id) and main_jobs_big_project_id_fkey(big_project_id)",
              },
            ],
            hint: "Try changing 'big_projects' to one of the following: 'big_projects!main_project', 'big_projects!jobs', 'big_projects!main_jobs'. Find the desired relationship in the 'details' key.",
            message:
              "Could not embed because more than one relationship was found for 'sites' and 'big_projects'",
          },
        },
      ],
    ],
  );
});

describe("a misspelled column gets the hint that Postgres gives", () => {
  test("in every position", async () => {
    const misspelled =
      "i idd titl titles auther_id authorid body_ bod tag taggs score1 publish created edited editor_i dd " +
      "serach xbody xxbody TITLE sc nothing_like_it";
    let hints = 0;
    for (const name of misspelled.split(" ")) {
      const own = await town.sql.unsafe(`select posts."${name}" from posts`).catch((cause) => cause);
      hints += own.hint ? 1 : 0;
      for (const query of [`select=${name}`, `order=${name}`, `${name}=is.null`]) {
        const { json } = await town.request("GET", `/posts?${query}`);
        const { message, hint = null } = own;
        expect(json, query).toEqual({ code: "42703", message, hint, details: null });
      }
    }
    expect(hints).toBeGreaterThan(8);
  });

  cases(
    () => town,
    [
      [
        "GET /projects?select=tasks(nam)",
        {
          status: 400,
          like: {
            message: "column tasks_1.nam does not exist",
            hint: 'Perhaps you meant to reference the column "tasks_1.name".',
          },
        },
      ],
      [
        "GET /users?select=tasks(nam)",
        {
          status: 400,
          like: {
            message: "column tasks.nam does not exist",
            hint: 'Perhaps you meant to reference the column "tasks.name".',
          },
        },
      ],
    ],
  );
});

describe("small things", () => {
  cases(
    () => town,
    [
      [
        "POST /papers?select=id,kind,other&columns=id,kind,other",
        {
          who: "alice",
          prefer: "return=representation, missing=default",
          body: [{ id: 5 }],
          status: 201,
          json: [{ id: 5, kind: "of the column", other: "of the domain" }],
        },
      ],
      ["DELETE /papers?id=eq.5", { who: "alice", status: 204 }],
      ["GET /projects?select=id::_int4", { status: 400, like: { code: "42846" } }],
      ["GET /posts?select=tags::_varchar&id=eq.1", { json: [{ tags: ["news", "fox"] }] }],
      ["GET /posts?select=t:tags->0,x:title::text::_text", { status: 400, like: { code: "PGRST100" } }],
      [
        "GET /projects?offset=10",
        { prefer: "count=exact", status: 416, sends: { "content-range": "*/2" }, like: { code: "PGRST103" } },
      ],
      ["POST /projects", { who: "alice", prefer: "resolution=merge-duplicates", body: [], status: 200 }],
      [
        "POST /projects",
        {
          who: "alice",
          prefer: "resolution=merge-duplicates,return=representation",
          body: [],
          status: 200,
          json: [],
        },
      ],
      ["POST /projects", { who: "alice", body: [], status: 201 }],
      [
        "PUT /projects?nothing=eq.1",
        { who: "alice", body: { id: 1 }, status: 405, like: { code: "PGRST105" } },
      ],
      [
        "PUT /projects?id=eq.1&or=(id.eq.1,id.eq.2)",
        { who: "alice", body: { id: 1 }, status: 405, like: { code: "PGRST105" } },
      ],
      [
        "PUT /projects?id=eq.1",
        { who: "alice", body: { id: 1, nothing: 1 }, status: 400, like: { code: "PGRST204" } },
      ],
      [
        "POST /keyless",
        {
          ...full,
          prefer: "return=representation, resolution=merge-duplicates",
          body: { note: "z" },
          status: 201,
          sends: { "preference-applied": "return=representation" },
        },
      ],
      ["GET /projects?limit=0", { prefer: "constructor=x, toString=y, __proto__=z", json: [] }],
      ["GET /projects?select=id)", { status: 400, like: { code: "PGRST100" } }],
      ["GET /projects?order=id)", { status: 400, like: { code: "PGRST100" } }],
      ["GET /projects?or=(id.eq.1,id.eq.2))", { status: 400, like: { code: "PGRST100" } }],
      ["GET /projects?id=in.(1,2))", { status: 400, like: { code: "PGRST100" } }],
      ["GET /projects?id=is.null)", { status: 400, like: { code: "PGRST100" } }],
      ["GET /projects?name=eq.a)", { json: [] }],
      [
        "GET /projects?offset=99999999999999999999",
        {
          status: 400,
          like: { code: "22003", message: 'value "99999999999999999999" is out of range for type bigint' },
        },
      ],
      ["GET /projects?offset=9223372036854775807", { json: [] }],
      [
        "GET /projects?tasks.offset=99999999999999999999&select=tasks(id)",
        { status: 400, like: { code: "22003" } },
      ],
      ["GET /projects?limit=99999999999999999999&select=id&order=id", { json: ids(1, 2) }],
      ["GET /projects?select=id,tableoid&id=eq.1", { json: [{ id: 1, tableoid: expect.anything() }] }],
    ],
  );
});
