import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, denied, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();

/** Runs the statement as an API role, and returns its rows. */
const as = (role: string, statement: string) =>
  server.owner.begin(async (sql) => {
    await sql.unsafe(`set local role ${role}`);
    return sql.unsafe(statement);
  });

beforeAll(() => server.owner.unsafe("create extension pg_net with schema extensions"));
afterAll(() => server.owner.unsafe("drop extension pg_net"));
beforeEach(() => server.admin`truncate net.http_request_queue, net._http_response`);

const queue = () => server.owner`
  select method, url, headers, convert_from(body, 'UTF8') as body, timeout_milliseconds as timeout_ms
  from net.http_request_queue
  order by id
`;

test("the queue keeps requests as they will be sent, with the defaults of pg_net", async () => {
  await server.owner`select net.http_get('http://plaza.test')`;
  await server.owner`select net.http_post('http://plaza.test/a', '{"title": "hello"}', headers => '{"x-key": "1"}')`;
  await server.owner`select net.http_delete('http://plaza.test/b', timeout_milliseconds => 100)`;
  expect(await queue()).toEqual([
    { method: "GET", url: "http://plaza.test", headers: {}, body: null, timeout_ms: 5000 },
    {
      method: "POST",
      url: "http://plaza.test/a",
      headers: { "x-key": "1", "Content-Type": "application/json" },
      body: '{"title": "hello"}',
      timeout_ms: 5000,
    },
    { method: "DELETE", url: "http://plaza.test/b", headers: {}, body: null, timeout_ms: 100 },
  ]);
  await expect(
    server.owner`select net.http_post('http://plaza.test', headers => '{"content-type": "text/plain"}')`,
  ).rejects.toThrow(/Content-Type header must be/);
});

test("the address gets the encoded parameters", async () => {
  const params = { "a b": "ä&=/", c: "-._~" };
  for (const address of ["http://plaza.test", "http://plaza.test/p?x=1", "http://plaza.test/p?#part"])
    await server.owner`select net.http_get(${address}, params => ${server.owner.json(params)})`;
  const query = "c=-._~&a%20b=%C3%A4%26%3D%2F";
  expect((await queue()).map((request) => request.url)).toEqual([
    `http://plaza.test?${query}`,
    `http://plaza.test/p?x=1&${query}`,
    `http://plaza.test/p?${query}#part`,
  ]);
});

test.each(["plaza.test", "ftp://plaza.test", "http://", "file:///etc/passwd"])(
  "'%s' is not an address",
  async (address) => {
    await expect(server.owner`select net.http_get(${address})`).rejects.toMatchObject({ code: "22023" });
  },
);

test("a request is announced when its transaction commits", async () => {
  const listener = connect(server, "postgres");
  const heard = new Promise<string>((resolve, reject) => {
    listener
      .listen("pg_net", resolve)
      .then(() => server.owner`select net.http_get('http://plaza.test')`)
      .catch(reject);
  });
  expect(await heard).toBe("");
  await listener.end();
});

test("an answer can be read, and a missing answer gives a result with an error", async () => {
  await server.admin`
    insert into net._http_response (id, status_code, headers, content)
    values (1, 200, '{"a": "b"}', 'hello')
  `;
  const collect = (id: number) => server.owner`
    select status, message, (response).status_code, (response).body from net.http_collect_response(${id})
  `;
  expect(await collect(1)).toEqual([{ status: "SUCCESS", message: "ok", status_code: 200, body: "hello" }]);
  expect(await collect(2)).toMatchObject([
    { status: "ERROR", message: "request matching request_id not found" },
  ]);
  await expect(server.owner`select net.check_worker_is_up()`).rejects.toThrow(/worker is not up/);
});

test("API roles may make a request, but cannot write the queue or add a trigger to it", async () => {
  await as("anon", "select net.http_get('http://plaza.test')");
  expect(await queue()).toHaveLength(1);
  for (const statement of [
    "insert into net.http_request_queue (method, url, timeout_milliseconds) values ('GET', 'http://x', 1)",
    "delete from net.http_request_queue",
    "insert into net._http_response (id) values (1)",
  ]) {
    await expect(as("authenticated", statement), statement).rejects.toMatchObject(denied);
  }
  await expect(
    as(
      "authenticated",
      "create trigger t after insert on net._http_response for each row execute function suppress_redundant_updates_trigger()",
    ),
  ).rejects.toMatchObject(denied);
});
