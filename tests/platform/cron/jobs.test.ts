import { expect, onTestFinished, test, vi } from "vitest";
import { useSupabaseServer } from "../postgres/supabase-server.ts";
import { createTown, patience } from "./town.ts";

const server = useSupabaseServer();

test("a job runs at its time, as the user who scheduled it, and its run is written down", async () => {
  const town = await createTown(server, "cron_runs");
  await town.owner.unsafe(`
    create table seen as
    select current_user as current, session_user as session, current_setting('is_superuser') as superuser,
      current_setting('search_path') as path, current_setting('application_name') as application,
      pg_backend_pid() as pid, now() as at
    limit 0
  `);
  town.start();
  // These statements would undo a handed-over session. Here there is none.
  const command = `reset session authorization; reset role;
    insert into seen select current_user, session_user, current_setting('is_superuser'),
    current_setting('search_path'), current_setting('application_name'), pg_backend_pid(), now()`;
  const [{ at } = { at: new Date() }] = await town.owner`
    select now() as at, cron.schedule('look', '1 second', ${command})
  `;
  const run = await town.ended("look");
  expect(run).toMatchObject({
    username: "postgres",
    database: town.database,
    command,
    return_message: "INSERT 0 1",
  });
  const [seen] = await town.owner`select * from seen order by at limit 1`;
  expect(seen).toMatchObject({
    current: "postgres",
    session: "postgres",
    superuser: "off",
    path: '"$user", public, extensions',
    application: "pg_cron",
  });
  const [first] = await town.runs("look");
  expect(first?.job_pid).toBe(seen?.pid);
  expect(Number(first?.start_time)).toBeGreaterThanOrEqual(Number(at) + 900);
  expect(Number(first?.end_time)).toBeGreaterThanOrEqual(Number(first?.start_time));
  // It runs again each second.
  await vi.waitFor(async () => expect((await town.runs("look")).length).toBeGreaterThan(2), patience);
});

test("a job of another user runs as that user, with that user's settings and not with ours", async () => {
  const town = await createTown(server, "cron_users");
  await town.admin.unsafe(`
    create role worker login;
    alter role worker set statement_timeout = '77s';
    create role sleeper login;
    create table seen (who text, session text, superuser text, path text, timeout text);
    grant insert on seen to worker;
  `);
  try {
    const command = `insert into seen select current_user, session_user, current_setting('is_superuser'),
      current_setting('search_path'), current_setting('statement_timeout')`;
    await town.admin`
      select cron.schedule_in_database('theirs', '1 second', ${command}, ${town.database}, 'worker'),
        cron.schedule_in_database('ours', '1 second', 'select 1', ${town.database}, 'supabase_admin'),
        cron.schedule_in_database('late', '1 second', 'select 1', ${town.database}, 'sleeper')
    `;
    await town.admin.unsafe("alter role sleeper nologin");
    town.start();
    await town.ended("theirs");
    await town.ended("ours");
    expect(await town.ended("late", "failed")).toMatchObject({
      username: "sleeper",
      job_pid: null,
      start_time: null,
      return_message: "connection failed",
    });
    const [seen] = await town.admin`select * from seen`;
    expect(seen).toEqual({
      who: "worker",
      session: "worker",
      superuser: "off",
      path: '"$user", public',
      timeout: "77s",
    });
  } finally {
    await town.admin.unsafe("drop table seen; drop role worker; drop role sleeper");
  }
});

test("the outcome of a run is written in pg_cron's words", async () => {
  const town = await createTown(server, "cron_messages");
  const commands = {
    one: "select 1",
    many: "select generate_series(1, 3); select generate_series(1, 2000000 / 1000)",
    none: "select 1 where false",
    nothing: "-- nothing",
    last: "create table t (n integer); insert into t values (1), (2), (3); delete from t where n > 1",
    returning: "insert into u values (1) returning n",
    vacuum: "vacuum",
    zero: "select 1;\nselect 1 / 0",
    unknown: "select *\nfrom nowhere\nwhere true",
    long: `select '${"x".repeat(100)}', nothing, '${"y".repeat(100)}'`,
    raised: "do $$ begin raise exception 'No' using detail = 'why', hint = 'how'; end $$",
    copy: "copy (select 1) to stdout",
  };
  await town.owner.unsafe("create table u (n integer)");
  for (const [name, command] of Object.entries(commands)) {
    await town.owner`select cron.schedule(${name}, '1 second', ${command})`;
  }
  town.start();
  const message = async (name: string, status: string) => (await town.ended(name, status)).return_message;
  expect(await message("one", "succeeded")).toBe("1 row");
  expect(await message("many", "succeeded")).toBe("2000 rows");
  expect(await message("none", "succeeded")).toBe("0 rows");
  expect(await message("nothing", "succeeded")).toBe("0 rows");
  expect(await message("returning", "succeeded")).toBe("1 row");
  expect(await message("vacuum", "succeeded")).toBe("VACUUM");
  expect(await message("copy", "failed")).toBe("COPY not supported");
  expect(await message("zero", "failed")).toBe("ERROR:  division by zero\n");
  expect(await message("unknown", "failed")).toBe(
    'ERROR:  relation "nowhere" does not exist\nLINE 2: from nowhere\n             ^\n',
  );
  expect(await message("raised", "failed")).toBe(
    "ERROR:  No\nDETAIL:  why\nHINT:  how\nCONTEXT:  PL/pgSQL function inline_code_block line 1 at RAISE\n",
  );
  const [, line = "", caret = ""] = ((await message("long", "failed")) ?? "").split("\n");
  expect(line).toBe(`LINE 1: ...${"x".repeat(47)}', nothing, '...`);
  expect(line.slice(caret.indexOf("^"))).toMatch(/^nothing/);
  // The statements of a command are one transaction. The second run finds the table and fails.
  expect(await message("last", "succeeded")).toBe("DELETE 2");
  expect(await message("last", "failed")).toMatch(/^ERROR: {2}relation "t" already exists\n$/);
  expect(await town.owner`select n from t`).toEqual([{ n: 1 }]);
});

test("a failed run does not stop later ones, and the log warns only of the first failure", async () => {
  const town = await createTown(server, "cron_failures");
  await town.owner.unsafe("create sequence tries");
  await town.owner`
    select cron.schedule('unlucky', '1 second', 'select 1 / (case when nextval(''tries'') < 3 then 0 else 1 end)')
  `;
  town.start();
  await town.ended("unlucky");
  const runs = (await town.runs("unlucky")).slice(0, 3);
  expect(runs.map(({ status }) => status)).toEqual(["failed", "failed", "succeeded"]);
  const warnings = town.lines.filter((line) => line.includes("warn"));
  expect(warnings).toEqual([expect.stringContaining("failed: ERROR:  division by zero")]);
});

test("a job never has two runs at once: if it becomes due meanwhile, it runs once, right after", async () => {
  const town = await createTown(server, "cron_overlap");
  await town.owner`select cron.schedule('slow', '1 second', 'select pg_sleep(1.2)')`;
  town.start();
  await vi.waitFor(
    async () => expect((await town.runs()).filter(({ end_time }) => end_time)).toHaveLength(2),
    patience,
  );
  const [first, second] = await town.runs();
  const gapMs = Number(second?.start_time) - Number(first?.end_time);
  expect(gapMs).toBeGreaterThanOrEqual(0);
  // Waiting for the next full second would take 0.8 s.
  expect(gapMs).toBeLessThan(700);
});

test("only two jobs run at once, and the others wait for their turn", async () => {
  const town = await createTown(server, "cron_bound");
  for (const name of ["a", "b", "c", "d"]) {
    await town.owner`select cron.schedule(${name}, '@reboot', 'select pg_sleep(0.5)')`;
  }
  town.start({ runsMax: 2 });
  for (const name of ["a", "b", "c", "d"]) await town.ended(name);
  const [most] = await town.admin`
    select max(count) as most
    from (
      select (
        select count(*)
        from cron.job_run_details as other
        where other.start_time <= run.start_time and other.end_time > run.start_time
      ) as count
      from cron.job_run_details as run
    ) as together
  `;
  expect(most).toEqual({ most: "2" });
});

test("a job that is unscheduled or deactivated does not start again, and its run is cancelled", async () => {
  const town = await createTown(server, "cron_unschedule");
  await town.owner.unsafe("create table ticks (name text)");
  for (const name of ["removed", "paused", "control"]) {
    await town.owner`select cron.schedule(${name}, '1 second', ${`insert into ticks values ('${name}')`})`;
  }
  await town.owner`select cron.schedule('endless', '1 second', 'select pg_sleep(1000)')`;
  town.start();
  const count = async (name: string) => (await town.owner`select from ticks where name = ${name}`).length;
  await town.ended("removed");
  await town.ended("paused");
  await town.ended("endless", "running");
  const [{ jobid } = { jobid: "" }] = await town.owner`
    select jobid, cron.unschedule('removed') from cron.job where jobname = 'endless'
  `;
  await town.owner`select cron.alter_job(jobid, active => false) from cron.job where jobname = 'paused'`;
  await town.owner`select cron.unschedule(${jobid}::bigint)`;
  // A run that had begun before may end.
  await vi.waitFor(async () => {
    const running = await town.admin`
      select from cron.job_run_details where status in ('starting', 'running') and command like '%ticks%'
    `;
    expect(running).toHaveLength(0);
  }, patience);
  const before = { removed: await count("removed"), paused: await count("paused") };
  const control = await count("control");
  await vi.waitFor(async () => expect(await count("control")).toBeGreaterThan(control + 2), patience);
  expect({ removed: await count("removed"), paused: await count("paused") }).toEqual(before);
  const ended = await vi.waitFor(async () => {
    const [run] = await town.admin`
      select status, return_message from cron.job_run_details where jobid = ${jobid} and end_time is not null
    `;
    expect(run).toBeDefined();
    return run;
  }, patience);
  expect(ended).toEqual({ status: "failed", return_message: "job canceled" });
  // An activated job runs again.
  await town.owner`select cron.alter_job(jobid, active => true) from cron.job where jobname = 'paused'`;
  await vi.waitFor(async () => expect(await count("paused")).toBeGreaterThan(before.paused), patience);
});

test("a job that unschedules itself succeeds", async () => {
  const town = await createTown(server, "cron_itself");
  await town.owner`select cron.schedule('once', '1 second', 'select cron.unschedule(''once'')')`;
  town.start();
  await vi.waitFor(async () => expect((await town.runs())[0]?.status).toBe("succeeded"), patience);
  expect(await town.owner`select from cron.job`).toHaveLength(0);
});

test("a run that takes too long is cancelled", async () => {
  const town = await createTown(server, "cron_timeout");
  await town.owner`select cron.schedule('endless', '@reboot', 'select pg_sleep(1000)')`;
  town.start({ runTimeoutMs: 300 });
  expect(await town.ended("endless", "failed")).toMatchObject({
    return_message: "ERROR:  canceling statement due to user request\n",
  });
});

test("a session that does not obey the request to cancel is ended", async () => {
  const town = await createTown(server, "cron_stubborn");
  await town.owner`
    select cron.schedule('stubborn', '@reboot', ${`
      do $$
      begin
        loop
          begin
            perform pg_sleep(1000);
          exception when query_canceled then
          end;
        end loop;
      end $$
    `})
  `;
  town.start({ runTimeoutMs: 300 });
  expect(await town.ended("stubborn", "failed")).toMatchObject({ return_message: "connection lost" });
  await vi.waitFor(async () => expect(await town.sessions()).toEqual(["pg_cron scheduler"]), patience);
});

test("a job with @reboot runs once at each start, and not when it is scheduled", async () => {
  const town = await createTown(server, "cron_reboot");
  const start = async () => {
    const cron = town.start();
    await town.owner`select cron.schedule('tick', '1 second', 'select 1')`;
    await town.ended("early");
    return cron;
  };
  await town.owner`select cron.schedule('early', '@reboot', 'select 1')`;
  const first = await start();
  await town.owner`select cron.schedule('late', '@reboot', 'select 1')`;
  const ticks = (await town.runs("tick")).length;
  await vi.waitFor(async () => expect((await town.runs("tick")).length).toBeGreaterThan(ticks + 1), patience);
  expect(await town.runs("early")).toHaveLength(1);
  expect(await town.runs("late")).toHaveLength(0);
  await first[Symbol.asyncDispose]();
  await start();
  await town.ended("late");
  expect(await town.runs("early")).toHaveLength(2);
});

test("a job for another database runs there, and a job with an unreadable schedule does not stop the others", async () => {
  const town = await createTown(server, "cron_elsewhere");
  await town.admin`insert into cron.job (schedule, command, jobname) values ('often', 'select 1', 'unreadable')`;
  const other = 'there & "%41"';
  await town.admin.unsafe(`create database "${other.replaceAll('"', '""')}"`);
  onTestFinished(async () => {
    await server.admin.unsafe(`drop database "${other.replaceAll('"', '""')}" with (force)`);
  });
  await town.owner`select cron.schedule_in_database('there', '1 second', 'vacuum', ${other})`;
  await town.owner`select cron.schedule_in_database('gone', '1 second', 'select 1', ${town.database})`;
  await town.admin`update cron.job set database = 'no_such_database' where jobname = 'gone'`;
  town.start();
  expect(await town.ended("there")).toMatchObject({ database: other, return_message: "VACUUM" });
  expect(await town.ended("gone", "failed")).toMatchObject({ return_message: "connection failed" });
  expect(town.lines.filter((line) => line.includes("no valid schedule: often"))).toHaveLength(1);
  expect(town.lines.join("\n")).toMatch(/connection failed \(database "no_such_database" does not exist\)/);
});
