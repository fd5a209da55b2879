import { expect, test, vi } from "vitest";
import { freePort } from "../../../platform/postgres/server.ts";
import { useSupabaseServer } from "../postgres/supabase-server.ts";
import { createTown, createWeb, patience } from "./town.ts";

const server = useSupabaseServer();

test("a request is sent after its commit, and its response takes its place", async () => {
  const town = await createTown(server, "net_post");
  const web = await createWeb((_, response) => {
    response.writeHead(201, {
      "Content-Type": "text/plain; charset=utf-8",
      "X-Note": Buffer.from("grüß").toString("latin1"),
    });
    response.end("saved ✓");
  });
  town.start();
  const [row] = await town.owner`
    select net.http_post(
      ${`${web.url}/notes`}, '{"title": "hällo"}', params => '{"a b": "1"}',
      headers => '{"X-Key": "schlüssel", "Content-Type": "application/json", "Empty": "", "None": null}'
    ) as id
  `;
  const response = await town.response(row?.id);
  expect(web.arrivals).toMatchObject([
    {
      method: "POST",
      path: "/notes?a%20b=1",
      headers: {
        "X-Key": Buffer.from("schlüssel").toString("latin1"),
        "Content-Type": "application/json",
        "User-Agent": "pg_net/0.20.6",
        "Content-Length": "19",
      },
      body: '{"title": "hällo"}',
    },
  ]);
  expect(Object.keys(web.arrivals[0]?.headers ?? {})).not.toContain("Empty");
  expect(response).toMatchObject({
    status_code: 201,
    content_type: "text/plain; charset=utf-8",
    headers: { "X-Note": "grüß" },
    content: "saved ✓",
    timed_out: false,
    error_msg: null,
  });
  expect(await town.queue()).toEqual([]);
  const [collected] = await town.owner`
    select status, (response).body from net._http_collect_response(${row?.id}, async => false)
  `;
  expect(collected).toEqual({ status: "SUCCESS", body: "saved ✓" });
  await town.owner`select net.check_worker_is_up()`;
});

test("a request that is rolled back is never sent, and the next one is", async () => {
  const town = await createTown(server, "net_rollback");
  const web = await createWeb();
  town.start();
  await town.response(await town.get(`${web.url}/first`));
  await expect(
    town.owner.begin(async (sql) => {
      await sql`select net.http_get(${`${web.url}/undone`})`;
      // It is there for its transaction, and nobody has sent it.
      expect(await sql`select from net.http_request_queue`).toHaveLength(1);
      await sql`select net.wake()`;
      throw new Error("changed my mind");
    }),
  ).rejects.toThrow("changed my mind");
  await town.owner.begin(async (sql) => {
    await sql`savepoint before`;
    await sql`select net.http_get(${`${web.url}/undone-too`})`;
    await sql`rollback to before`;
    await sql`select net.http_get(${`${web.url}/kept`})`;
  });
  await town.response(await town.get(`${web.url}/last`));
  expect(web.paths()).toEqual(["/first", "/kept", "/last"]);
});

test("requests are sent in the order of their ids", async () => {
  const town = await createTown(server, "net_order");
  const web = await createWeb();
  await town.admin.unsafe(`alter database ${town.database} set pg_net.batch_size = 1`);
  await town.owner`
    select net.http_get(${web.url} || '/' || number) from generate_series(1, 300) as number
  `;
  town.start({ requestsMax: 20 });
  await town.response("300");
  expect(web.paths()).toEqual(Array.from({ length: 300 }, (_, at) => `/${at + 1}`));
  expect(web.most()).toBe(1);
});

test("no more requests than allowed are under way, and a slow one does not hold the others", async () => {
  const town = await createTown(server, "net_most");
  const held: (() => void)[] = [];
  const web = await createWeb(({ path }, response) => {
    if (path === "/slow") held.push(() => response.end("slow"));
    else response.end("ok");
  });
  town.start({ requestsMax: 3 });
  await town.owner`select net.http_get(${`${web.url}/slow`}, timeout_milliseconds => 60000) from generate_series(1, 2)`;
  await vi.waitFor(() => expect(held).toHaveLength(2), patience);
  await town.owner`select net.http_get(${`${web.url}/fast`}) from generate_series(1, 50)`;
  await town.response("52");
  await town.owner`select net.http_get(${`${web.url}/slow`}, timeout_milliseconds => 60000) from generate_series(1, 3)`;
  await vi.waitFor(() => expect(held).toHaveLength(3), patience);
  expect(web.most()).toBe(3);
  expect(await town.queue()).toEqual(["1", "2", "53", "54", "55"]);
  for (const answer of held.splice(0)) answer();
  await vi.waitFor(() => expect(held).toHaveLength(2), patience);
  for (const answer of held.splice(0)) answer();
  await town.response("55");
  expect(web.most()).toBe(3);
});

test("the time limit counts for the whole request, also for a body that does not end", async () => {
  const town = await createTown(server, "net_timeout");
  const web = await createWeb(({ path }, response) => {
    if (path === "/drips") response.write("begun");
    if (path === "/round") response.writeHead(302, { location: "/silent" }).end();
  });
  town.start();
  for (const path of ["/silent", "/drips", "/round"]) {
    const startedMs = performance.now();
    const response = await town.response(await town.get(web.url + path, 300));
    expect(performance.now() - startedMs).toBeGreaterThan(250);
    expect(response).toMatchObject({ status_code: null, content: null, timed_out: true });
    expect(response.error_msg).toMatch(
      /^Timeout of 300 ms reached\. Total time: \d+\.\d{6} ms \(DNS time: \d+\.\d{6} ms, TCP\/SSL handshake time: \d+\.\d{6} ms, HTTP Request\/Response time: \d+\.\d{6} ms\)$/,
    );
  }
  const [row] = await town.owner`select status, message from net._http_collect_response(1)`;
  expect(row).toMatchObject({ status: "ERROR", message: expect.stringMatching(/^Timeout of 300 ms/) });
});

test("a request that gets no response has an error in pg_net's words, and the others go on", async () => {
  const town = await createTown(server, "net_errors");
  const web = await createWeb(({ path }, response, incoming) => {
    if (path === "/hangs-up") incoming.socket.destroy();
    else if (path === "/partial") {
      response.writeHead(200, { "Content-Length": 100 });
      response.write("half", () => incoming.socket.destroy());
    } else if (path === "/nonsense") incoming.socket.end("nonsense\r\n\r\n");
    else if (path === "/circle") response.writeHead(302, { location: "/circle" }).end();
    else if (path === "/file") response.writeHead(302, { location: "file:///etc/passwd" }).end();
    else response.end("ok");
  });
  town.start();
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const cases: [row: Record<string, unknown>, message: string][] = [
    [{ url: nobody }, "Couldn't connect to server"],
    [{ url: "http://nobody.invalid", timeout_milliseconds: 30_000 }, "Couldn't resolve host name"],
    [{ url: web.url.replace("http", "https") }, "SSL connect error"],
    [{ url: `${web.url}/hangs-up` }, "Server returned nothing (no headers, no data)"],
    [{ url: `${web.url}/partial` }, "Transferred a partial file"],
    [{ url: `${web.url}/nonsense` }, "Weird server reply"],
    [{ url: `${web.url}/circle` }, "Number of redirects hit maximum amount"],
    [{ url: `${web.url}/file` }, "Unsupported protocol"],
    [{ url: "file:///etc/passwd" }, "Unsupported protocol"],
    [{ url: "nonsense" }, "URL using bad/illegal format or missing URL"],
    [
      { url: web.url, timeout_milliseconds: 0 },
      "timeout_milliseconds must be between 1 and 600000 (pg_net.max_timeout_ms), got 0",
    ],
    [
      { url: web.url, timeout_milliseconds: 600_001 },
      "timeout_milliseconds must be between 1 and 600000 (pg_net.max_timeout_ms), got 600001",
    ],
    [
      { url: web.url, headers: { "X-Key": "secret\r\nX-Other: 1" } },
      'header "X-Key" contains a carriage return or line feed',
    ],
    [
      { url: web.url, headers: { "X-Key": "\u0001" } },
      "a header contains a character that no header may have",
    ],
    [{ url: web.url, headers: { "X Key": "1" } }, "a header has a name that no header may have"],
    [{ url: web.url, headers: ["X-Key"] }, "headers must be a JSON object"],
  ];
  for (const [row, message] of cases) {
    const { url, timeout_milliseconds = 5000, headers = {} } = row;
    const [queued] = await town.owner`
      insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
      values ('GET', ${url as string}, ${town.owner.json(headers as never)}, ${timeout_milliseconds as number})
      returning id
    `;
    await town.owner`select net.wake()`;
    expect(await town.response(queued?.id), message).toMatchObject({
      status_code: null,
      timed_out: false,
      error_msg: message,
    });
  }
  expect(await town.response(await town.get(`${web.url}/good`))).toMatchObject({ status_code: 200 });
  expect(town.lines.join("\n")).not.toMatch(/warn|error|secret/);
});

test("a redirect is followed, and credentials do not follow it to another server", async () => {
  const town = await createTown(server, "net_redirect");
  const other = await createWeb();
  const web = await createWeb(({ path }, response) => {
    const [, status, place] = path.split("/");
    const location = place === "other" ? `${other.url}/landed` : "/landed";
    if (place) response.writeHead(Number(status), { location });
    response.end("here");
  });
  town.start();
  const post = async (path: string) => {
    const [row] = await town.owner`
      select net.http_post(
        ${web.url + path}, '{"a": 1}',
        headers => '{"Content-Type": "application/json", "Authorization": "Bearer s", "Cookie": "c", "X-Key": "k"}'
      ) as id
    `;
    expect(await town.response(row?.id)).toMatchObject({ status_code: 200 });
  };
  await post("/303/home");
  await post("/307/home");
  await post("/308/other");
  expect(web.arrivals.map(({ method, path, body }) => [method, path, body])).toEqual([
    ["POST", "/303/home", '{"a": 1}'],
    ["GET", "/landed", ""],
    ["POST", "/307/home", '{"a": 1}'],
    ["POST", "/landed", '{"a": 1}'],
    ["POST", "/308/other", '{"a": 1}'],
  ]);
  expect(web.arrivals[1]?.headers).toMatchObject({ Authorization: "Bearer s" });
  expect(other.arrivals).toMatchObject([{ method: "POST", body: '{"a": 1}', headers: { "X-Key": "k" } }]);
  expect(Object.keys(other.arrivals[0]?.headers ?? {})).not.toEqual(
    expect.arrayContaining(["Authorization"]),
  );
  expect(Object.keys(other.arrivals[0]?.headers ?? {})).not.toEqual(expect.arrayContaining(["Cookie"]));
});

test("DELETE may have a body, and a text ends at a zero byte", async () => {
  const town = await createTown(server, "net_texts");
  const web = await createWeb(({ path }, response) => {
    response.setHeader("X-Twice", ["one", "two"]);
    response.end(
      path === "/zero" ? Buffer.from("seen\0unseen") : path === "/bad" ? Buffer.from([0x61, 0xff]) : "",
    );
  });
  town.start();
  await town.owner`select net.http_delete(${`${web.url}/empty`}, body => '{"id": 1}')`;
  await town.get(`${web.url}/zero`);
  await town.get(`${web.url}/bad`);
  expect(await town.response("1")).toMatchObject({ content: null, headers: { "X-Twice": "two" } });
  expect(await town.response("2")).toMatchObject({ content: "seen" });
  expect(await town.response("3")).toMatchObject({ content: "a\ufffd" });
  expect(web.arrivals[0]).toMatchObject({
    method: "DELETE",
    body: '{"id": 1}',
    headers: { "Content-Type": "application/x-www-form-urlencoded", "Content-Length": "9" },
  });
});

test("bodies have a limit: each request, each response, and all responses together", async () => {
  const town = await createTown(server, "net_bodies");
  const web = await createWeb(({ path }, response) => {
    response.write("x".repeat(Number(path.slice(1))));
    if (!path.startsWith("/0")) response.end();
  });
  town.start({ bodyMaxBytes: 100, readMaxBytes: 1000, responseMaxBytes: 1000, responsesMaxBytes: 1500 });
  const post = async (size: number) => {
    const [row] = await town.owner`
      select net.http_post(${`${web.url}/1`}, to_jsonb(repeat('x', ${size}::integer))) as id
    `;
    return await town.response(row?.id);
  };
  expect(await post(98)).toMatchObject({ status_code: 200 });
  expect(await post(99)).toMatchObject({
    status_code: null,
    error_msg: "the body has more than 100 bytes",
  });
  expect(web.arrivals).toHaveLength(1);
  expect((await town.response(await town.get(`${web.url}/1000`))).content).toHaveLength(1000);
  expect(await town.response(await town.get(`${web.url}/1001`))).toMatchObject({
    error_msg: "the response has more than 1000 bytes",
  });
  // It does not end, and holds 800 bytes for as long.
  const slow = await town.get(`${web.url}/0800`, 3000);
  await vi.waitFor(() => expect(web.paths()).toContain("/0800"), patience);
  expect((await town.response(await town.get(`${web.url}/700`))).content).toHaveLength(700);
  expect(await town.response(await town.get(`${web.url}/701`))).toMatchObject({
    error_msg: "the responses under way have too many bytes together",
  });
  expect(await town.response(slow)).toMatchObject({ timed_out: true });
  expect((await town.response(await town.get(`${web.url}/1000`))).content).toHaveLength(1000);
});

test("large requests are read a few at a time", async () => {
  const town = await createTown(server, "net_large");
  const web = await createWeb();
  await town.owner`
    select net.http_post(${web.url}, to_jsonb(repeat('x', 900))) from generate_series(1, 20)
  `;
  town.start({ bodyMaxBytes: 1000, readMaxBytes: 100 });
  await town.response("20");
  expect(web.arrivals.map(({ body }) => body.length)).toEqual(Array(20).fill(902));
});

test("responses live for pg_net.ttl, which a new worker reads again", async () => {
  const town = await createTown(server, "net_ttl");
  const web = await createWeb();
  town.start();
  const age = (id: number, interval: string) => town.owner`
    insert into net._http_response (id, created) values (${-id}, now() - ${interval}::interval)
  `;
  const left = async () =>
    (await town.owner`select id from net._http_response where id < 0 order by id desc`).map((row) => -row.id);
  await town.response(await town.get(web.url));
  await age(1, "5 hours 59 minutes");
  await age(2, "6 hours 1 minute");
  await town.owner`select net.worker_restart()`;
  await vi.waitFor(async () => expect(await left()).toEqual([1]), patience);
  await town.admin.unsafe(`alter database ${town.database} set pg_net.ttl = '1 hour'`);
  await town.owner.begin(async (sql) => {
    expect(await sql`select net.worker_restart() as restarted`).toEqual([{ restarted: true }]);
  });
  await vi.waitFor(async () => expect(await left()).toEqual([]), patience);
  await town.owner`select net.wait_until_running()`;
  await town.admin.unsafe(`alter database ${town.database} set pg_net.ttl = 'for ever'`);
  await age(3, "5 hours");
  await age(4, "7 hours");
  await town.owner`select net.worker_restart()`;
  await vi.waitFor(async () => expect(await left()).toEqual([3]), patience);
  expect(await town.response(await town.get(web.url))).toMatchObject({ status_code: 200 });
});

test("the worker is the role postgres, and every role may read responses but not write them", async () => {
  const town = await createTown(server, "net_rights");
  const web = await createWeb();
  await town.admin.unsafe(`
    create table seen (who text, superuser text);
    grant all on seen to postgres;
    create function look() returns trigger language plpgsql set search_path = public
    as $$ begin insert into seen values (current_user, current_setting('is_superuser')); return null; end $$;
    create trigger look after insert on net._http_response for each row execute function look();
  `);
  town.start();
  const as = (role: string, statement: string) =>
    town.owner.begin(async (sql) => {
      await sql.unsafe(`set local role ${role}`);
      return sql.unsafe(statement);
    });
  for (const role of ["anon", "authenticated", "service_role"]) {
    const [row] = await as(role, `select net.http_get('${web.url}/${role}') as id`);
    await town.response(row?.id);
    expect(await as(role, `select status_code from net._http_response where id = ${row?.id}`)).toEqual([
      { status_code: 200 },
    ]);
    await as(role, "select net.wake(), net.check_worker_is_up(), net.wait_until_running()");
    for (const statement of [
      "insert into net.http_request_queue (method, url, timeout_milliseconds) values ('GET', 'http://x', 1)",
      "update net._http_response set content = ''",
      "delete from net._http_response",
      "truncate net.http_request_queue",
    ]) {
      await expect(as(role, statement), statement).rejects.toMatchObject({ code: "42501" });
    }
  }
  expect(web.paths()).toEqual(["/anon", "/authenticated", "/service_role"]);
  expect(await town.owner`select distinct who, superuser from seen`).toEqual([
    { who: "postgres", superuser: "off" },
  ]);
  expect(await town.owner`delete from net._http_response returning status_code`).toHaveLength(3);
});
