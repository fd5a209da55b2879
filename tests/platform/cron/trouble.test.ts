import { spawn } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createCron } from "../../../platform/cron/index.ts";
import { createLog, silent } from "../../../platform/log.ts";
import { serverUser } from "../../../platform/postgres/binaries.ts";
import { freePort, startServer } from "../../../platform/postgres/server.ts";
import { connect, startWithExtensions, urlOf, useSupabaseServer } from "../postgres/supabase-server.ts";
import { createTown, patience, type Town } from "./town.ts";

const server = useSupabaseServer();

const terminate = (town: Town, application: string) => town.admin`
  select pg_terminate_backend(pid)
  from pg_stat_activity
  where datname = ${town.database} and application_name = ${application}
`;

/** Waits until further runs of the job have succeeded. */
async function goesOn(town: Town, jobname: string): Promise<void> {
  const count = async () => (await town.runs(jobname)).filter(({ status }) => status === "succeeded").length;
  const before = await count();
  await vi.waitFor(async () => expect(await count()).toBeGreaterThan(before + 1), patience);
}

test("the scheduler waits for an extension that is created later, and goes on when it is dropped", async () => {
  const town = await createTown(server, "cron_later", { extension: false });
  town.start();
  await vi.waitFor(async () => expect(await town.sessions()).toEqual(["pg_cron scheduler"]), patience);
  for (let time = 1; time <= 2; time++) {
    await town.owner.unsafe("create extension pg_cron");
    await town.owner`select cron.schedule('tick', '1 second', 'select 1')`;
    await town.ended("tick");
    await town.admin.unsafe("drop extension pg_cron");
  }
  expect(town.lines.filter((line) => /warn|error/.test(line))).toEqual([]);
});

test("the scheduler connects again, and writes down a run that went on meanwhile", async () => {
  const town = await createTown(server, "cron_lost");
  await town.owner`select cron.schedule('tick', '1 second', 'select 1')`;
  await town.owner`select cron.schedule('long', '@reboot', 'select pg_sleep(2)')`;
  town.start();
  await town.ended("tick");
  await town.ended("long", "running");
  expect(await terminate(town, "pg_cron scheduler")).toHaveLength(1);
  await goesOn(town, "tick");
  expect(await town.ended("long")).toMatchObject({ return_message: "1 row" });
  // It hears of changes again.
  await town.owner`select cron.schedule('new', '1 second', 'select 1')`;
  await town.ended("new");
  expect(town.lines.filter((line) => line.includes("warn"))).toHaveLength(1);
});

test("a job whose session was ended has failed, and it runs again", async () => {
  const town = await createTown(server, "cron_ended");
  await town.owner`select cron.schedule('long', '1 second', 'select pg_sleep(1.5)')`;
  town.start();
  await town.ended("long", "running");
  expect(await terminate(town, "pg_cron")).toHaveLength(1);
  expect(await town.ended("long", "failed")).toMatchObject({ return_message: "connection lost" });
  await town.ended("long");
});

test("an outcome that cannot be written at once is written later", async () => {
  const town = await createTown(server, "cron_unwritten");
  await town.admin.unsafe(`
    create function refuse() returns trigger language plpgsql
    as $$ begin raise exception 'not now'; end $$;
    create trigger refuse before update on cron.job_run_details
    for each row when (new.status = 'succeeded') execute function refuse();
  `);
  await town.owner`select cron.schedule('early', '@reboot', 'select 1')`;
  town.start();
  await vi.waitFor(() => expect(town.lines.join("\n")).toMatch(/written down later: not now/), patience);
  expect(await town.ended("early", "running")).toMatchObject({ return_message: null });
  await town.admin.unsafe("drop trigger refuse on cron.job_run_details");
  await town.owner`select cron.schedule('tick', '1 second', 'select 1')`;
  expect(await town.ended("early")).toMatchObject({ return_message: "1 row" });
});

test("runs that a crash left behind have failed", async () => {
  const town = await createTown(server, "cron_crash");
  await town.admin.unsafe(`
    insert into cron.job_run_details (jobid, command, status, return_message)
    values (1, 'a', 'starting', null), (1, 'b', 'running', null), (1, 'c', 'succeeded', '1 row')
  `);
  town.start();
  await vi.waitFor(
    async () =>
      expect((await town.runs()).map(({ status, return_message }) => [status, return_message])).toEqual([
        ["failed", "server restarted"],
        ["failed", "server restarted"],
        ["succeeded", "1 row"],
      ]),
    patience,
  );
});

test("only one of two schedulers works, and the other takes over when it ends", async () => {
  const town = await createTown(server, "cron_two");
  await town.owner`select cron.schedule('tick', '1 second', 'select 1')`;
  const first = town.start();
  await town.ended("tick");
  town.start();
  await vi.waitFor(async () => expect(await town.sessions()).toHaveLength(2), patience);
  await goesOn(town, "tick");
  const [twice] = await town.admin`
    select count(*)
    from cron.job_run_details as a
    join cron.job_run_details as b on a.runid < b.runid and b.start_time < a.start_time + interval '500 ms'
  `;
  expect(twice).toEqual({ count: "0" });
  await first[Symbol.asyncDispose]();
  await goesOn(town, "tick");
});

test("a scheduler that stops lets short runs end, cancels long ones, and leaves nothing behind", async () => {
  const town = await createTown(server, "cron_stop");
  const resources = () =>
    process.getActiveResourcesInfo().filter((name) => /TCPSocketWrap|Timeout/.test(name)).length;
  await town.admin`select 1`;
  await town.owner`select cron.schedule('short', '@reboot', 'select pg_sleep(0.7)')`;
  await town.owner`select cron.schedule('long', '@reboot', 'select pg_sleep(1000)')`;
  const before = resources();
  const cron = town.start({ graceMs: 1500 });
  await town.ended("short", "running");
  await town.ended("long", "running");
  const startedMs = performance.now();
  await cron[Symbol.asyncDispose]();
  expect(performance.now() - startedMs).toBeLessThan(6000);
  expect(
    (await town.runs()).map(({ jobname, status, return_message }) => [jobname, status, return_message]),
  ).toEqual(
    expect.arrayContaining([
      ["short", "succeeded", "1 row"],
      ["long", "failed", "ERROR:  canceling statement due to user request\n"],
    ]),
  );
  await vi.waitFor(async () => expect(await town.sessions()).toEqual([]), patience);
  await vi.waitFor(() => expect(resources()).toBeLessThanOrEqual(before), patience);
});

test("the scheduler stops at once if there is no database", async () => {
  const lines: string[] = [];
  const log = createLog((line) => lines.push(line), "debug");
  const cron = createCron({ databaseUrl: urlOf({ port: await freePort() }, "supabase_admin"), log });
  await vi.waitFor(() => expect(lines.length).toBeGreaterThan(2), patience);
  const startedMs = performance.now();
  await cron[Symbol.asyncDispose]();
  expect(performance.now() - startedMs).toBeLessThan(2000);
  // It tried again and again, and warned once.
  expect(lines.filter((line) => line.includes("warn"))).toHaveLength(1);
});

test("the scheduler goes on after the database has restarted", async () => {
  const dataDir = join(server.dir, "restarted");
  const first = await startWithExtensions(dataDir);
  const admin = connect(first, "supabase_admin");
  onTestFinished(() => admin.end({ timeout: 1 }));
  await admin.unsafe("create role postgres login; create extension pg_cron");
  await admin`select cron.schedule('tick', '1 second', 'select 1')`;
  await using _cron = createCron({
    databaseUrl: urlOf(first, "supabase_admin"),
    log: silent,
  }) as AsyncDisposable;
  const runs = async () =>
    (await admin`select from cron.job_run_details where status = 'succeeded'`.catch(() => [])).length;
  await vi.waitFor(async () => expect(await runs()).toBeGreaterThan(0), patience);
  await first[Symbol.asyncDispose]();
  await using _second = await startServer({
    dataDir,
    port: first.port,
    password: "postgres",
    durable: false,
    log: silent,
  });
  const before = await vi.waitFor(async () => {
    const count = await runs();
    expect(count).toBeGreaterThan(0);
    return count;
  }, patience);
  await vi.waitFor(async () => expect(await runs()).toBeGreaterThan(before), patience);
});

test("if the server has the real library, the scheduler leaves the jobs to it", async () => {
  const dataDir = join(server.dir, "library");
  const first = await startWithExtensions(dataDir);
  const { home, postgres } = first.binaries;
  const setUp = connect(first, "supabase_admin");
  await setUp.unsafe("create role postgres login; create extension pg_cron");
  await setUp`select cron.schedule('tick', '1 second', 'select 1')`;
  await setUp.end();
  await first[Symbol.asyncDispose]();

  // Any library is good enough. The scheduler looks only at the name that the server was told to load.
  const library = join(server.dir, "pg_cron.so");
  await copyFile(join(home, "lib/postgresql/auto_explain.so"), library);
  const port = await freePort();
  const child = spawn(
    postgres,
    [
      ["-D", dataDir, "-p", String(port)],
      ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="],
      ["-c", `shared_preload_libraries=pg_stat_statements,${library}`],
    ].flat(),
    { ...(await serverUser()), cwd: "/", stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  onTestFinished(async () => {
    child.kill("SIGINT");
    await ended;
  });
  const admin = connect({ port }, "supabase_admin");
  onTestFinished(() => admin.end({ timeout: 1 }));
  await vi.waitFor(() => admin`select 1`, patience);

  const lines: string[] = [];
  const cron = createCron({
    databaseUrl: urlOf({ port }, "supabase_admin"),
    log: createLog((line) => lines.push(line), "info"),
  });
  await vi.waitFor(() => expect(lines.join()).toMatch(/info .*the server runs the jobs itself/), patience);
  await cron[Symbol.asyncDispose]();
  expect(await admin`select from cron.job_run_details`).toEqual([]);
  const left = await admin`select from pg_stat_activity where application_name like 'pg_cron sched%'`;
  expect(left).toEqual([]);
});
