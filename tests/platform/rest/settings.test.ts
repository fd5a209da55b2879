import { createClient } from "@supabase/supabase-js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ask, cases } from "./expect.ts";
import { createTown, type Town } from "./town.ts";

let town: Town;
beforeAll(async () => {
  town = await createTown({ fixture: "corners.sql" });
});
afterAll(() => town?.[Symbol.asyncDispose]());

/** Sets it as an administrator of PostgREST does, and waits until `request` no longer answers `before`. */
async function set(name: string, value: string | null, request: string, before: number, accept?: string) {
  const end = value === null ? "reset" : "set";
  await town.sql.unsafe(
    `alter role authenticator ${end} pgrst.${name}${value === null ? "" : ` to '${value}'`}`,
  );
  await town.sql`notify pgrst, 'reload config'`;
  await expect
    .poll(async () => (await ask(town, request, { accept })).status, { timeout: 10_000 })
    .not.toBe(before);
}

describe("db_aggregates_enabled", () => {
  const sum = "GET /tasks?select=id.sum()";
  test("aggregates are refused until the setting allows them", async () => {
    expect(await ask(town, sum, {})).toMatchObject({ status: 400, json: { code: "PGRST123" } });
    await set("db_aggregates_enabled", "true", sum, 400);
  });

  cases(
    () => town,
    [
      [sum, { json: [{ sum: 6 }] }],
      [
        "GET /tasks?select=total:id.sum(),id.max(),id.min(),a:id.avg()::int,count()",
        { json: [{ total: 6, max: 3, min: 1, a: 2, count: 3 }] },
      ],
      [
        "GET /tasks?select=project_id,count()&order=project_id",
        {
          json: [
            { project_id: 1, count: 2 },
            { project_id: 2, count: 1 },
          ],
        },
      ],
      [
        "GET /tasks?select=p:project_id,n:count()::text&order=project_id",
        {
          json: [
            { p: 1, n: "2" },
            { p: 2, n: "1" },
          ],
        },
      ],
      [
        "GET /projects?select=name,tasks(id.sum())&order=id",
        {
          status: 200,
          json: [
            { name: "house", tasks: [{ sum: 3 }] },
            { name: "garden", tasks: [{ sum: 3 }] },
          ],
        },
      ],
      [
        "GET /tasks?select=id.sum(),projects(name)&order=project_id",
        { status: 400, like: { code: "42803" } },
      ],
      [
        "GET /tasks?select=id.sum(),projects(name)",
        {
          json: expect.arrayContaining([
            { sum: 3, projects: { name: "house" } },
            { sum: 3, projects: { name: "garden" } },
          ]),
        },
      ],
      [
        "GET /users_tasks?select=user_id,...tasks(count(),id.sum())&order=user_id",
        {
          json: [
            { user_id: 1, count: 2, sum: 3 },
            { user_id: 2, count: 1, sum: 3 },
          ],
        },
      ],
      [
        "GET /users_tasks?select=user_id,...tasks(...projects(most:id.max(),name))&order=user_id",
        {
          json: [
            { user_id: 1, most: 1, name: "house" },
            { user_id: 2, most: 2, name: "garden" },
          ],
        },
      ],
      ["GET /users_tasks?select=...tasks(id.sum(),s:id::text.max()::int)", { json: [{ sum: 6, s: 3 }] }],
      ["GET /projects?select=name,...tasks(id.sum())", { status: 400, like: { code: "PGRST127" } }],
      [
        "GET /projects?select=*,count()&order=id",
        {
          json: [
            { id: 1, name: "house", count: 1 },
            { id: 2, name: "garden", count: 1 },
          ],
        },
      ],
      [
        "GET /people?select=settings->>theme,count()&settings->>theme=not.is.null&order=settings->>theme",
        {
          json: [
            { theme: "dark", count: 1 },
            { theme: "light", count: 1 },
          ],
        },
      ],
      [
        "GET /tasks?select=id.sum(),...projects(name)&order=projects(name).desc",
        {
          json: [
            { sum: 3, name: "house" },
            { sum: 3, name: "garden" },
          ],
        },
      ],
      [
        "GET /users?select=name,users_tasks(...tasks(id.sum(),...projects(p:name)))&order=id",
        {
          json: [
            { name: "ann", users_tasks: [{ sum: 3, p: "house" }] },
            { name: "ben", users_tasks: [{ sum: 3, p: "garden" }] },
          ],
        },
      ],
      [
        "GET /users_tasks?select=...tasks(projects(name),id.count())&order=user_id",
        { status: 400, like: { code: "42803" } },
      ],
      [
        "GET /users_tasks?select=...tasks(projects(name),n:id.count())",
        {
          json: expect.arrayContaining([
            { projects: { name: "house" }, n: 2 },
            { projects: { name: "garden" }, n: 1 },
          ]),
        },
      ],
      ["GET /projects?select=...tasks(name),count()&id=eq.2", { json: [{ name: ["trees"], count: 1 }] }],
      ["GET /rpc/cards?select=id.sum()", { json: [{ sum: 3 }] }],
      ["GET /posts?select=likes(count)&id=eq.1", { json: [{ likes: [{ count: 2 }] }] }],
    ],
  );

  test("and are refused again without it", () => set("db_aggregates_enabled", null, sum, 200));
});

describe("db_plan_enabled", () => {
  const plan = "application/vnd.pgrst.plan+json";
  test("plans are refused until the setting allows them", async () => {
    expect(await ask(town, "GET /tasks", { accept: plan })).toMatchObject({
      status: 406,
      json: { code: "PGRST107" },
    });
    await set("db_plan_enabled", "true", "GET /tasks", 406, plan);
  });

  cases(
    () => town,
    [
      [
        "GET /tasks",
        {
          accept: plan,
          like: [{ Plan: expect.any(Object) }],
          sends: { "content-type": `${plan}; for="application/json"; charset=utf-8` },
        },
      ],
      [
        "GET /tasks",
        {
          accept: `${plan}; for="application/vnd.pgrst.object+json;nulls=stripped"; options=analyze|verbose`,
          like: [{ "Execution Time": expect.any(Number) }],
        },
      ],
      ["GET /rpc/add?a=1", { accept: plan, like: [{ Plan: expect.any(Object) }] }],
      ["GET /tasks", { accept: `${plan}; for="text/none"`, status: 406 }],
      [
        "PATCH /tasks?id=eq.1",
        { who: "alice", accept: plan, body: { name: "changed" }, like: [{ Plan: expect.any(Object) }] },
      ],
      ["GET /tasks?id=eq.1&select=name", { json: [{ name: "walls" }] }],
    ],
  );

  test("supabase-js explains", async () => {
    const client = createClient("http://town", town.keys.publishableKey, {
      global: {
        fetch: (input, init) =>
          town.rest.fetch(
            new Request(String(input).replace("/rest/v1", ""), {
              headers: { accept: new Headers(init?.headers).get("accept") ?? "" },
            }),
          ),
      },
    });
    const { data } = await client.from("tasks").select().explain({ analyze: true });
    expect(data).toMatch(/^Aggregate .*\n[\s\S]*Execution Time: /);
  });

  test("and are refused again without it", () => set("db_plan_enabled", null, "GET /tasks", 200, plan));
});

describe("db_tx_end", () => {
  const rename = (prefer: string, name: string) =>
    ask(town, "PATCH /tasks?id=eq.1&select=name", {
      who: "alice",
      prefer: `return=representation, ${prefer}`,
      body: { name },
    });
  const name = async () => (await town.sql`select name from tasks where id = 1`)[0]?.name;
  const strictly = "GET /tasks?select=id&limit=1";

  test("by default a client's tx=rollback does nothing", async () => {
    const answer = await rename("tx=rollback", "kept");
    expect(answer.headers.get("preference-applied")).toBe("return=representation");
    expect(await name()).toBe("kept");
  });

  test("commit-allow-override lets a client undo its own request", async () => {
    await town.sql`alter role authenticator set pgrst.db_tx_end to 'commit-allow-override'`;
    await town.sql`notify pgrst, 'reload config'`;
    await expect
      .poll(async () =>
        (await ask(town, strictly, { prefer: "tx=rollback" })).headers.get("preference-applied"),
      )
      .toBe("tx=rollback");
    const answer = await rename("tx=rollback", "undone");
    expect(answer).toMatchObject({ status: 200, json: [{ name: "undone" }] });
    expect(answer.headers.get("preference-applied")).toBe("return=representation, tx=rollback");
    expect(await name()).toBe("kept");
    await rename("tx=commit", "walls");
    expect(await name()).toBe("walls");
    // The connection is as good as before.
    expect((await ask(town, strictly, { prefer: "tx=rollback, count=planned" })).status).toBe(206);
    expect((await ask(town, strictly, {})).json).toEqual([{ id: expect.any(Number) }]);
  });

  test("rollback undoes every request", async () => {
    await town.sql`alter role authenticator set pgrst.db_tx_end to 'rollback'`;
    await town.sql`notify pgrst, 'reload config'`;
    await expect
      .poll(async () =>
        (await ask(town, strictly, { prefer: "tx=rollback" })).headers.get("preference-applied"),
      )
      .toBe(null);
    expect((await rename("tx=commit", "undone")).json).toEqual([{ name: "undone" }]);
    expect(await name()).toBe("walls");
    await town.sql`alter role authenticator reset pgrst.db_tx_end`;
    await town.sql`notify pgrst, 'reload config'`;
  });
});
