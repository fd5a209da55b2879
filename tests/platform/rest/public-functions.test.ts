/** Every function of the API that returns rows can be selected from, filtered and ordered by each way of supabase-js. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createKeys } from "../../../platform/keys.ts";
import { silent } from "../../../platform/log.ts";
import { createRest, type Rest } from "../../../platform/rest/index.ts";
import { databaseUrl } from "../../../sql/tools/server.ts";
import { createDatabase, type Database } from "../../database/database.ts";

let db: Database;
let rest: Rest;
let headers: Record<string, string>;
let alice: string;

interface Fn {
  name: string;
  /** The arguments without a default. */
  required: { name: string; type: string }[];
  columns: string[];
}
let functions: Fn[];

beforeAll(async () => {
  db = await createDatabase();
  const keys = await createKeys();
  rest = await createRest({
    databaseUrl: databaseUrl(db.port, db.name, "authenticator"),
    config: { port: 0, schemas: ["public"], extra_search_path: ["public", "extensions"], max_rows: 1000 },
    keys,
    log: silent,
    poolSize: 2,
  });
  ({ id: alice } = await db.signUp("alice"));
  const exp = Math.floor(Date.now() / 1000) + 3600;
  const token = await keys.sign({ sub: alice, role: "authenticated", exp });
  headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  functions = await db.admin<Fn[]>`
    select proname as name,
      (select coalesce(json_agg(json_build_object('name', proargnames[n], 'type', format_type(type, null)) order by n)
        filter (where n <= pronargs - pronargdefaults), '[]')
       from unnest(proargtypes::oid[]) with ordinality as args (type, n)) as required,
      (select json_agg(attname order by attnum) from pg_attribute
       where attrelid = typrelid and attnum > 0 and not attisdropped
         and atttypid not in ('json'::regtype, 'point'::regtype)) as columns
    from pg_proc
    join pg_type on pg_type.oid = prorettype
    where pronamespace = 'public'::regnamespace and prokind = 'f' and typtype = 'c'
      and has_function_privilege('authenticated', pg_proc.oid, 'execute')
    order by proname`;
});
afterAll(async () => {
  await rest?.[Symbol.asyncDispose]();
  await db?.[Symbol.asyncDispose]();
});

const values: Record<string, unknown> = {
  uuid: () => alice,
  text: () => "alice",
  boolean: () => false,
  "uuid[]": () => [alice],
  "bigint[]": () => [1],
  "text[]": () => ["alice"],
  jsonb: () => ({}),
  "timestamp with time zone": () => "2030-01-01T00:00:00Z",
};

async function call({ name, required }: Fn, query: string) {
  const body = Object.fromEntries(
    required.map((each) => [each.name, ((values[each.type] as () => unknown) ?? (() => 1))()]),
  );
  const request = new Request(`http://plaza/rpc/${name}?${query}`, {
    method: "POST",
    headers,
    body: JSON.stringify(body),
  });
  const answer = await rest.fetch(request);
  const json = (await answer.json().catch(() => null)) as
    | { code?: string }
    | { [key: string]: unknown }[]
    | null;
  return { status: answer.status, code: Array.isArray(json) ? undefined : json?.code, json };
}

test("the catalog has functions that return rows", () => {
  expect(functions.length).toBeGreaterThan(15);
  expect(functions.map(({ name }) => name)).toContain("home_feed");
});

test("select, filter and order name the columns of what each of them returns", async () => {
  for (const fn of functions) {
    const plain = await call(fn, "limit=5");
    for (const column of fn.columns) {
      for (const query of [
        `select=${column}`,
        `select=${column}&order=${column}.desc.nullslast`,
        `select=${column}&${column}=not.is.null`,
        `select=${column}&or=(${column}.is.null,${column}.not.is.null)`,
      ]) {
        const { status, code, json } = await call(fn, query);
        const what = `${fn.name}?${query}`;
        // A function may refuse these arguments by itself. Then it does so in every case.
        expect({ what, status, code }).toEqual({ what, status: plain.status, code: plain.code });
        if (Array.isArray(json) && json[0]) expect(Object.keys(json[0]), what).toEqual([column]);
      }
    }
    // The name is really looked up: an unknown one is refused.
    expect(await call(fn, "select=none_of_these"), fn.name).toMatchObject({ status: 400, code: "42703" });
  }
});

test("a JSON path reaches into a row inside a row", async () => {
  await db.as(
    "authenticated",
    alice,
  )((sql) => sql`insert into posts (author_id, content) values (${alice}, 'hello')`);
  const feed = functions.find(({ name }) => name === "home_feed") as Fn;
  const path = "post->author->>username";
  const own = await call(feed, `select=id,who:${path}&${path}=eq.alice&order=id.desc`);
  expect(own.json).toEqual([{ id: expect.any(Number), who: "alice" }]);
  expect((await call(feed, `select=id&${path}=eq.bob`)).json).toEqual([]);
  expect((await call(feed, "select=id&id=lt.1")).json).toEqual([]);
});
