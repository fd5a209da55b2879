import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cases } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ fixture: "corners.sql" });
});
afterAll(() => town?.[Symbol.asyncDispose]());

/** Every name that the SQL of platform/rest/sql gives to something of its own, and some more. */
const names = (
  "r t1 t2 t3 e1 j1 p h k n s j c l b value rows count body total headers status location guard " +
  "pgrst_row pgrst_present pgrst_source pgrst_rows pgrst_call pgrst_scalar pgrst_target pgrst_body " +
  "pgrst_sent pgrst_raw_0 element key"
).split(" ");

const single = "application/vnd.pgrst.object+json";

describe("a name that a client or a table chooses is never mistaken for one of ours", () => {
  for (const name of names) {
    test(name, async () => {
      const get = async (path: string, headers = {}) => (await town.request("GET", path, { headers })).json;
      const csv = async (path: string) =>
        (await town.request("GET", path, { headers: { accept: "text/csv" } })).text;
      expect(await get(`/projects?select=${name}:name&order=id`)).toEqual([
        { [name]: "house" },
        { [name]: "garden" },
      ]);
      expect(await get(`/projects?select=${name}:name&id=eq.1`, { accept: single })).toEqual({
        [name]: "house",
      });
      const counted = await town.request("GET", `/projects?select=${name}:name&limit=1`, {
        headers: { prefer: "count=exact" },
      });
      expect(counted.headers.get("content-range")).toBe("0-0/2");
      expect(await csv(`/projects?select=${name}:name&order=id`)).toBe(`${name}\nhouse\ngarden`);
      // As an alias inside a to-many and a to-one embed, and as the embed's own.
      expect(await get(`/projects?select=id,tasks(${name}:name)&tasks.order=id&id=eq.1`)).toEqual([
        { id: 1, tasks: [{ [name]: "walls" }, { [name]: "roof" }] },
      ]);
      expect(await get(`/tasks?select=id,projects(${name}:name)&id=eq.1`)).toEqual([
        { id: 1, projects: { [name]: "house" } },
      ]);
      expect(await get(`/tasks?select=id,${name}:projects(name)&id=eq.1`)).toEqual([
        { id: 1, [name]: { name: "house" } },
      ]);
      expect(await get(`/projects?select=id,${name}:tasks!inner(id)&id=eq.2&${name}=not.is.null`)).toEqual([
        { id: 2, [name]: [{ id: 3 }] },
      ]);
      expect(await get(`/tasks?select=id,...projects!inner(${name}:name)&id=eq.1`)).toEqual([
        { id: 1, [name]: "house" },
      ]);
      expect(await get(`/projects?select=id,...tasks!inner(${name}:name)&id=eq.2`)).toEqual([
        { id: 2, [name]: ["trees"] },
      ]);
      expect(await get(`/rpc/table_of?select=${name}:label&id=eq.1`)).toEqual([{ [name]: "one" }]);
      const written = await town.request("PATCH", `/projects?id=eq.1&select=${name}:name`, {
        headers: { ...town.as.alice, prefer: "return=representation", accept: single },
        body: { name: "house" },
      });
      expect(written.json).toEqual({ [name]: "house" });
    });
  }

  test("a table whose columns have all of these names is read and written like any other", async () => {
    const others = names.filter((name) => name !== "key");
    await town.sql.unsafe(`
      create table internals (key integer primary key, ${others.map((name) => `"${name}" text default 'd'`).join(", ")});
      create table parts (id integer primary key, j1 integer references internals (key), r text);
      create function shown(internals) returns text language sql immutable return $1.r;
      create function parts_of(internals) returns setof parts language sql stable
        begin atomic select parts.* from parts where parts.j1 = $1.key; end;
      create function echo(${names.map((name) => `"${name}" text`).join(", ")}) returns text language sql immutable
        return "pgrst_body" || "r" || "key";
      grant select, insert, update, delete on internals, parts to authenticated;
      grant execute on function shown, parts_of, echo to authenticated`);
    const row = { key: 1, ...Object.fromEntries(others.map((name) => [name, name])) };
    const send = async (method: string, path: string, prefer = "", body?: unknown, accept?: string) => {
      const headers = { ...town.as.alice, prefer, ...(accept ? { accept } : {}) };
      const answer = await town.request(method, path, { headers, body });
      expect(answer.status, answer.text).toBeLessThan(300);
      return answer;
    };
    const full = "return=representation";
    expect((await send("POST", "/internals", full, row)).json).toEqual([row]);
    expect(
      (await send("POST", "/parts?select=id,internals(*)", full, { id: 1, j1: 1, r: "x" })).json,
    ).toEqual([{ id: 1, internals: row }]);
    expect((await send("POST", "/internals", `${full},resolution=merge-duplicates`, [row])).json).toEqual([
      row,
    ]);
    expect((await send("PUT", "/internals?key=eq.1", full, row)).json).toEqual([row]);
    expect((await send("PATCH", "/internals?key=eq.1&r=eq.r", full, { body: "body" })).json).toEqual([row]);
    for (const method of ["GET", "PATCH"]) {
      const path = "/internals?key=eq.1&select=*,shown,parts(id,r),parts_of(id)&order=shown";
      expect((await send(method, path, full, method === "PATCH" ? { r: "r" } : undefined)).json).toEqual([
        { ...row, shown: "r", parts: [{ id: 1, r: "x" }], parts_of: [{ id: 1 }] },
      ]);
    }
    const spread = await send(
      "GET",
      "/parts?select=part:id,...internals!inner(*)&internals=not.is.null",
      "count=exact",
    );
    expect(spread.json).toEqual([{ part: 1, ...row }]);
    expect(spread.headers.get("content-range")).toBe("0-0/1");
    const csv = (await send("GET", "/internals?select=r,p,pgrst_rows", "", undefined, "text/csv")).text;
    expect(csv).toBe("r,p,pgrst_rows\nr,p,pgrst_rows");
    expect((await send("GET", "/internals", "", undefined, single)).json).toEqual(row);
    const located = await send("POST", "/internals", "return=headers-only, missing=default", { key: 2 });
    expect(located.headers.get("location")).toBe("/internals?key=eq.2");
    const deleted = await send("DELETE", "/internals?key=eq.2&select=r,value", full);
    expect(deleted.json).toEqual([{ r: "d", value: "d" }]);
    const values = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
    expect((await send("POST", "/rpc/echo", "", values)).json).toBe("<pgrst_body><r><key>");
    expect((await send("GET", `/rpc/echo?${new URLSearchParams(values)}`)).json).toBe("<pgrst_body><r><key>");
  });

  const colour = { r: 1, g: 10, b: 100, p: "one", t1: 11, pgrst_present: "x" };
  cases(
    () => town,
    [
      ["GET /colours?r=eq.1", { json: [colour] }],
      ["GET /colours?r=eq.1", { accept: single, json: colour }],
      ["GET /colours?select=r,p&order=r", { accept: "text/csv", text: "r,p\n1,one\n2,two" }],
      [
        "GET /colours?select=r,colour_name,pixels(id)&r=eq.2",
        { json: [{ r: 2, colour_name: "c2", pixels: [{ id: 3 }] }] },
      ],
      ["GET /pixels?select=id,colours(*)&id=eq.1", { json: [{ id: 1, colours: colour }] }],
      ["GET /pixels?select=id,...colours(*)&id=eq.1&colours=not.is.null", { json: [{ id: 1, ...colour }] }],
      [
        "GET /colours?select=r,pixels(*)&r=eq.2",
        { json: [{ r: 2, pixels: [{ id: 3, r: 2, pgrst_row: "c" }] }] },
      ],
      ["GET /colours?select=r,pixels_of(id)&r=eq.2", { json: [{ r: 2, pixels_of: { id: 3 } }] }],
      [
        "POST /colours",
        {
          who: "alice",
          prefer: "return=headers-only",
          body: { r: 3 },
          status: 201,
          sends: { location: "/colours?r=eq.3" },
        },
      ],
      [
        "PATCH /colours?r=eq.3",
        {
          who: "alice",
          prefer: "return=representation",
          body: { g: 5 },
          json: [{ ...colour, r: 3, g: 5, b: null, p: null, t1: null, pgrst_present: null }],
        },
      ],
      ["DELETE /colours?r=eq.3", { who: "alice", status: 204 }],
    ],
  );
});

describe("a table whose name is outside Latin-1", () => {
  const path = encodeURIComponent("文章");
  cases(
    () => town,
    [
      [`GET /${path}`, { json: [{ id: 1, 标题: "你好" }], sends: { "content-location": `/${path}` } }],
      [`GET /${path}?select=id,文章评论(id)`, { json: [{ id: 1, 文章评论: [{ id: 1 }] }] }],
      [
        `POST /${path}`,
        {
          who: "alice",
          prefer: "return=headers-only",
          body: { id: 2, 标题: "再见" },
          status: 201,
          sends: { location: `/${path}?id=eq.2` },
        },
      ],
    ],
  );
});

describe("a header that the database sets", () => {
  test("goes out as UTF-8 if it has letters outside Latin-1", async () => {
    const { headers } = await town.request("GET", "/rpc/any_file", { headers: { accept: "text/calendar" } });
    expect(Buffer.from(headers.get("content-disposition") ?? "", "latin1").toString("utf8")).toBe(
      'attachment; filename="termine–mai.ics"',
    );
  });
});
