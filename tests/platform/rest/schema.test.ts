import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town?.[Symbol.asyncDispose]());

describe("a schema that changes", () => {
  test("the next request already finds a new table", async () => {
    expect((await town.request("GET", "/newcomers")).status).toBe(404);
    await town.sql.unsafe(`create table newcomers (id integer primary key, people_id integer references people (id));
      insert into newcomers values (1, 1); grant select on newcomers to anon;`);
    expect((await town.request("GET", "/newcomers?select=id,people(handle)")).json).toEqual([
      { id: 1, people: { handle: "alice" } },
    ]);
  });

  test("a new column can be read and written at once, and a dropped one is gone", async () => {
    await town.sql`alter table newcomers add column nick text`;
    await town.sql`grant insert on newcomers to authenticated`;
    expect((await town.request("GET", "/newcomers?select=nick")).json).toEqual([{ nick: null }]);
    const body = { id: 2, nick: "nova" };
    expect((await town.request("POST", "/newcomers", { headers: town.as.alice, body })).status).toBe(201);
    await town.sql`alter table newcomers drop column nick`;
    const answer = await town.request("GET", "/newcomers?select=nick");
    expect(answer).toMatchObject({ status: 400, json: { code: "42703" } });
    expect((await town.request("GET", "/newcomers?order=id")).json).toEqual([
      { id: 1, people_id: 1 },
      { id: 2, people_id: null },
    ]);
  });

  test("a replaced function is called by its new arguments", async () => {
    await town.sql`create function public.news(a integer) returns integer language sql stable return a`;
    expect((await town.request("GET", "/rpc/news?a=1")).json).toBe(1);
    await town.sql`drop function public.news`;
    await town.sql`create function public.news(b text) returns text language sql stable return b`;
    expect((await town.request("GET", "/rpc/news?b=x")).json).toBe("x");
  });

  test("requests during a reload never fail", async () => {
    const reloads = (async () => {
      for (let round = 0; round < 10; round++) await town.sql`notify pgrst, 'reload schema'`;
    })();
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => town.request("GET", "/passports?select=number&person_id=eq.1")),
    );
    await reloads;
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['[{"number":"A1"}]']));
  });

  test("rest serves a restarted database again, and hears its announcements again", async () => {
    await town.restartServer();
    await expect
      .poll(async () => (await town.request("GET", "/passports")).status, { timeout: 20_000 })
      .toBe(200);
    await expect
      .poll(
        async () =>
          town.sql`create table if not exists afterwards (id integer primary key)`.catch(() => undefined),
        {
          timeout: 20_000,
        },
      )
      .toBeDefined();
    await town.sql`grant select on afterwards to anon`;
    await expect
      .poll(async () => (await town.request("GET", "/afterwards")).json, { timeout: 20_000 })
      .toEqual([]);
    const answers = await Promise.all(Array.from({ length: 20 }, () => town.request("GET", "/rpc/add?a=1")));
    expect(answers.map(({ json }) => json)).toEqual(Array.from({ length: 20 }, () => 11));
  });

  test("while the database is away, the answer says so", async () => {
    const { createRest } = await import("../../../platform/rest/index.ts");
    const { silent } = await import("../../../platform/log.ts");
    const config = { port: 0, schemas: ["public"], extra_search_path: [], max_rows: 10 };
    const databaseUrl = town.databaseUrl.replace(/:\d+\//, ":1/");
    await expect(createRest({ databaseUrl, config, keys: town.keys, log: silent })).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });
});

describe("the description of the API", () => {
  interface Document {
    swagger: string;
    info: { title: string; description: string };
    paths: Record<string, Record<string, { summary?: string; parameters: unknown[] }>>;
    definitions: Record<
      string,
      { description: string; required: string[]; properties: Record<string, object> }
    >;
    parameters: Record<string, object>;
  }
  const document = async (headers: Record<string, string> = {}) => town.request("GET", "/", { headers });

  test("says what the caller may use, with the comments of the database", async () => {
    const answer = await document(town.as.alice);
    expect(answer.headers.get("content-type")).toBe("application/openapi+json; charset=utf-8");
    const { swagger, info, paths, definitions, parameters } = answer.json as Document;
    expect(swagger).toBe("2.0");
    expect(info).toMatchObject({ title: "The town", description: "What its people may do over HTTP." });
    expect(Object.keys(paths["/people"] ?? {})).toEqual(["get", "post", "patch", "delete"]);
    expect(paths["/people"]?.get?.summary).toBe("Who lives here");
    expect(Object.keys(paths["/rpc/add"] ?? {})).toEqual(["get", "post"]);
    expect(Object.keys(paths["/rpc/nothing"] ?? {})).toEqual(["post"]);
    expect(definitions.people?.required).toEqual(["id", "handle", "name"]);
    expect(definitions.people?.properties).toMatchObject({
      id: { type: "integer", format: "int32", description: "Note:\nThis is a Primary Key.<pk/>" },
      handle: { type: "string", description: "How others call them." },
      name: { default: "nobody" },
      mood: { enum: ["happy", "sad"] },
      boss_id: { description: expect.stringContaining("<fk table='people' column='id'/>") },
    });
    expect(parameters["rowFilter.people.handle"]).toMatchObject({ in: "query", name: "handle" });
  });

  test("leaves out what the caller may not use", async () => {
    const alices = (await document(town.as.alice)).json as Document;
    const services = (await document(town.as.service)).json as Document;
    expect(alices.paths["/canary"]).toBeUndefined();
    expect(services.paths["/canary"]).toBeDefined();
    expect(alices.paths["/hidden"]).toBeUndefined();
  });
});
