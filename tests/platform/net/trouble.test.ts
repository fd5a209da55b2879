import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createLog, silent } from "../../../platform/log.ts";
import { createNet } from "../../../platform/net/index.ts";
import { freePort, startServer } from "../../../platform/postgres/server.ts";
import { connect, startWithExtensions, urlOf, useSupabaseServer } from "../postgres/supabase-server.ts";
import { createTown, createWeb, patience, type Town } from "./town.ts";

const server = useSupabaseServer();

const terminate = (town: Town) => town.admin`
  select pg_terminate_backend(pid)
  from pg_stat_activity
  where datname = ${town.database} and application_name = 'pg_net'
`;

/** Starts a worker in a process of its own. */
function startProcess(town: Town) {
  const child = spawn(process.execPath, [join(import.meta.dirname, "worker.ts"), town.url], {
    stdio: "inherit",
  });
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  onTestFinished(kill);
  return { kill };
}

test("the worker waits for an extension that is created later, and goes on when it is dropped", async () => {
  const town = await createTown(server, "net_later", { extension: false });
  const web = await createWeb();
  town.start();
  await vi.waitFor(async () => expect(await town.workers()).toBe(1), patience);
  for (let time = 1; time <= 2; time++) {
    await town.owner.unsafe("create extension pg_net");
    expect(await town.response(await town.get(web.url))).toMatchObject({ status_code: 200 });
    await town.admin.unsafe("drop extension pg_net");
  }
  expect(town.lines.filter((line) => /warn|error/.test(line))).toEqual([]);
});

test("requests that were committed and not sent are sent after the worker was killed", async () => {
  const town = await createTown(server, "net_killed");
  const held: string[] = [];
  let holding = true;
  const web = await createWeb(({ path }, response) => {
    if (holding) held.push(path);
    else response.end("ok");
  });
  await town.owner`select net.http_get(${web.url} || '/' || number) from generate_series(1, 500) as number`;
  const first = startProcess(town);
  // It has sent as many as it may, and has no response.
  await vi.waitFor(() => expect(held).toHaveLength(200), patience);
  await town.owner
    .begin(async (sql) => {
      await sql`select net.http_get(${`${web.url}/undone`})`;
      await first.kill();
      throw new Error("changed my mind");
    })
    .catch(() => {});
  expect(await town.queue()).toHaveLength(500);
  holding = false;
  startProcess(town);
  await vi.waitFor(async () => expect(await town.queue()).toEqual([]), patience);
  const [count] = await town.owner`
    select count(distinct id)::integer as ids, count(*)::integer as responses from net._http_response
    where status_code = 200
  `;
  expect(count).toEqual({ ids: 500, responses: 500 });
  // Only those that were under way are sent a second time.
  const all = Array.from({ length: 500 }, (_, at) => `/${at + 1}`);
  expect(web.paths().toSorted()).toEqual([...all, ...held].toSorted());
});

test("killed again and again at any moment, workers send every request, and write one response for it", async () => {
  const town = await createTown(server, "net_storm");
  const web = await createWeb((_, response) => setTimeout(() => response.end("ok"), 5 * Math.random()));
  let queued = 0;
  for (let kills = 0; kills < 5; kills++) {
    const worker = startProcess(town);
    await town.owner`select net.http_get(${web.url} || '/' || number) from generate_series(1, 200) as number`;
    queued += 200;
    const before = web.arrivals.length;
    await vi.waitFor(
      () => expect(web.arrivals.length).toBeGreaterThan(before + 150 * Math.random()),
      patience,
    );
    await worker.kill();
  }
  town.start();
  await vi.waitFor(async () => expect(await town.queue()).toEqual([]), patience);
  const [count] = await town.owner`
    select count(distinct id)::integer as ids, count(*)::integer as responses from net._http_response
    where status_code = 200
  `;
  expect(count).toEqual({ ids: queued, responses: queued });
  expect(web.arrivals.length).toBeGreaterThanOrEqual(queued);
});

test("the worker connects again, and writes the response of a request that went on meanwhile", async () => {
  const town = await createTown(server, "net_lost");
  let answer = () => {};
  const web = await createWeb(({ path }, response) => {
    if (path === "/slow") answer = () => response.end("slow");
    else response.end("ok");
  });
  town.start();
  const slow = await town.get(`${web.url}/slow`, 60_000);
  await vi.waitFor(() => expect(web.paths()).toEqual(["/slow"]), patience);
  expect(await terminate(town)).toHaveLength(1);
  answer();
  expect(await town.response(slow)).toMatchObject({ content: "slow" });
  // It hears of new requests again.
  await town.response(await town.get(`${web.url}/fast`));
  expect(web.paths()).toEqual(["/slow", "/fast"]);
  expect(town.lines.filter((line) => line.includes("warn"))).toHaveLength(1);
});

test("a response that cannot be written at once is written later, and its request is sent once", async () => {
  const town = await createTown(server, "net_unwritten");
  const web = await createWeb();
  await town.admin.unsafe(`
    create function refuse() returns trigger language plpgsql
    as $$ begin raise exception 'not now' using errcode = '42P01'; end $$;
    create trigger refuse before insert on net._http_response for each row execute function refuse();
  `);
  town.start();
  const id = await town.get(web.url);
  await vi.waitFor(
    () => expect(town.lines.filter((line) => line.includes("not now")).length).toBeGreaterThan(3),
    patience,
  );
  expect(town.lines.filter((line) => line.includes("warn"))).toHaveLength(1);
  expect(await town.queue()).toEqual([id]);
  await town.admin.unsafe("drop trigger refuse on net._http_response");
  expect(await town.response(id)).toMatchObject({ content: "ok" });
  expect(web.arrivals).toHaveLength(1);
});

test("only one of two workers sends, and the other takes over when it ends", async () => {
  const town = await createTown(server, "net_two");
  const web = await createWeb();
  const first = town.start();
  await town.response(await town.get(`${web.url}/0`));
  town.start();
  await vi.waitFor(async () => expect(await town.workers()).toBe(2), patience);
  for (let number = 1; number <= 20; number++) await town.response(await town.get(`${web.url}/${number}`));
  expect(web.paths()).toEqual(Array.from({ length: 21 }, (_, at) => `/${at}`));
  await first[Symbol.asyncDispose]();
  await town.response(await town.get(`${web.url}/21`));
  expect(web.arrivals).toHaveLength(22);
});

test("a worker that stops lets short requests end, gives up long ones, and leaves nothing behind", async () => {
  const town = await createTown(server, "net_stop");
  const web = await createWeb(({ path }, response) => {
    if (path === "/short") setTimeout(() => response.end("short"), 500);
  });
  const resources = () =>
    process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|Timeout/.test(name)).length;
  await town.owner`select 1`;
  await town.admin`select 1`;
  const before = resources();
  const net = town.start({ graceMs: 1500, requestsMax: 2 });
  const short = await town.get(`${web.url}/short`);
  const long = await town.get(`${web.url}/long`, 60_000);
  const waiting = await town.get(`${web.url}/waiting`);
  await vi.waitFor(() => expect(web.paths()).toEqual(["/short", "/long"]), patience);
  const startedMs = performance.now();
  await net[Symbol.asyncDispose]();
  expect(performance.now() - startedMs).toBeLessThan(4000);
  expect(await town.response(short)).toMatchObject({ content: "short" });
  expect(await town.queue()).toEqual([long, waiting]);
  expect(web.paths()).toEqual(["/short", "/long"]);
  await vi.waitFor(async () => expect(await town.workers()).toBe(0), patience);
  await expect(town.owner`select net.check_worker_is_up()`).rejects.toThrow(/worker is not up/);
  await vi.waitFor(() => expect(resources()).toBeLessThanOrEqual(before), patience);
});

test("the worker stops at once if there is no database", async () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), "debug");
  const net = createNet({ databaseUrl: urlOf({ port: await freePort() }, "postgres"), log });
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(2), patience);
  const startedMs = performance.now();
  await net[Symbol.asyncDispose]();
  expect(performance.now() - startedMs).toBeLessThan(2000);
  // It tried again and again, and warned once.
  expect(lines.filter((line) => line.includes("warn"))).toHaveLength(1);
});

test("a stopped database keeps the queue, and a crashed one empties it, as with pg_net", async () => {
  const dataDir = join(server.dir, "restarted");
  const options = { dataDir, password: "postgres", durable: false, log: silent };
  const first = await startWithExtensions(dataDir);
  const { port } = first;
  const admin = connect(first, "supabase_admin");
  onTestFinished(() => admin.end({ timeout: 1 }));
  await admin.unsafe(`
    create role postgres login password 'postgres'; create role anon; create role authenticated;
    create role service_role; create role supabase_functions_admin; create extension pg_net;
    grant pg_monitor to postgres;
  `);
  let answer = () => {};
  const web = await createWeb(({ path }, response) => {
    if (path === "/held") answer = () => response.end("an old response");
    else response.end("ok");
  });
  const get = async (path: string) => {
    const [row] = await admin`select net.http_get(${web.url + path}, timeout_milliseconds => 60000) as id`;
    return row?.id;
  };
  const response = (id: string) =>
    vi.waitFor(async () => {
      const [row] = await admin`select content from net._http_response where id = ${id}`;
      expect(row).toBeDefined();
      return row?.content;
    }, patience);
  await get("/kept");
  await first[Symbol.asyncDispose]();
  await using _second = await startServer({ ...options, port });
  await using _net = createNet({ databaseUrl: urlOf(first, "postgres"), log: silent }) as AsyncDisposable;
  expect(await response("1")).toBe("ok");

  await get("/held");
  await vi.waitFor(() => expect(web.paths()).toEqual(["/kept", "/held"]), patience);
  // The server ends all sessions and recovers when one of its processes is killed.
  const [row] = await admin`
    select pid from pg_stat_activity where application_name = 'pg_net'
  `;
  process.kill(row?.pid, "SIGKILL");
  await vi.waitFor(async () => expect(await admin`select from net._http_response`).toEqual([]), patience);
  expect(await admin`select from net.http_request_queue`).toEqual([]);
  // Ids begin again. The old request with the same id must not take the place of a new request.
  expect(await get("/one")).toBe("1");
  await admin`select net.http_get(${`${web.url}/two`})`;
  answer();
  expect(await response("1")).toBe("ok");
  expect(await response("2")).toBe("ok");
  expect(web.paths().toSorted()).toEqual(["/held", "/kept", "/one", "/two"]);
});

test("if the server has the real library, the worker leaves the requests to it", async () => {
  const town = await createTown(server, "net_library");
  const web = await createWeb();
  // Any C function is good enough. The worker looks only at the language.
  await town.admin.unsafe(`
    create or replace function net.wake() returns void language c
    as '$libdir/pg_stat_statements', 'pg_stat_statements_reset'
  `);
  await town.owner`
    insert into net.http_request_queue (method, url, timeout_milliseconds) values ('GET', ${web.url}, 1000)
  `;
  town.start();
  await vi.waitFor(
    () => expect(town.lines.join()).toMatch(/info .*the server sends the requests itself/),
    patience,
  );
  await vi.waitFor(async () => expect(await town.workers()).toBe(0), patience);
  expect(await town.queue()).toHaveLength(1);
  expect(web.arrivals).toEqual([]);
});
