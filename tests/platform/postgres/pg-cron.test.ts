import type { Sql } from "postgres";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { connect, denied, useSupabaseServer } from "./supabase-server.ts";

const server = useSupabaseServer();

/** Runs the statement as an API role, and returns its rows. */
const as = (role: string, statement: string) =>
  server.owner.begin(async (sql) => {
    await sql.unsafe(`set local role ${role}`);
    return sql.unsafe(statement);
  });

beforeAll(() => server.owner.unsafe("create extension pg_cron"));
afterAll(() => server.owner.unsafe("drop extension pg_cron"));
beforeEach(() => server.admin`delete from cron.job`);

const jobs = () =>
  server.owner`select jobname, schedule, command, username, database, active from cron.job order by jobid`;

test("schedule keeps a job, and a second call with its name changes it", async () => {
  const [first] = await server.owner`select cron.schedule('tidy', '0 10 * * *', 'select 1') as id`;
  const [again] = await server.owner`select cron.schedule('tidy', '30 seconds', 'select 2') as id`;
  expect(again).toEqual(first);
  expect(await jobs()).toEqual([
    {
      jobname: "tidy",
      schedule: "30 seconds",
      command: "select 2",
      username: "postgres",
      database: "postgres",
      active: true,
    },
  ]);
  await server.owner`select cron.schedule('0 10 * * *', 'select 3')`;
  await server.owner`select cron.schedule('0 10 * * *', 'select 3')`;
  expect(await jobs()).toHaveLength(3);
});

test("unschedule takes a name or an id, and an unknown one gives an error", async () => {
  await server.owner`select cron.schedule('tidy', '0 10 * * *', 'select 1')`;
  const [{ id } = { id: 0 }] = await server.owner`select cron.schedule('@daily', 'select 2') as id`;
  expect(await server.owner`select cron.unschedule('tidy')`).toEqual([{ unschedule: true }]);
  expect(await server.owner`select cron.unschedule(${id}::bigint)`).toEqual([{ unschedule: true }]);
  expect(await jobs()).toEqual([]);
  await expect(server.owner`select cron.unschedule('tidy')`).rejects.toThrow(/valid entry for job 'tidy'/);
  await expect(server.owner`select cron.unschedule(${id}::bigint)`).rejects.toThrow(
    /valid entry for job \d+/,
  );
});

test("alter_job changes only the given fields", async () => {
  const [{ id } = { id: 0 }] =
    await server.owner`select cron.schedule('tidy', '0 10 * * *', 'select 1') as id`;
  await server.owner`select cron.alter_job(${id}, schedule => '5 seconds', active => false)`;
  expect(await jobs()).toMatchObject([{ schedule: "5 seconds", command: "select 1", active: false }]);
  await expect(server.owner`select cron.alter_job(${id})`).rejects.toThrow(/no updates specified/);
  await expect(server.owner`select cron.alter_job(${id}, schedule => 'often')`).rejects.toMatchObject({
    code: "22023",
  });
  await expect(server.owner`select cron.alter_job(${id}, username => 'anon')`).rejects.toThrow(
    /must be superuser/,
  );
  await expect(server.owner`select cron.alter_job(0, active => true)`).rejects.toThrow(
    /does not exist or you don't own it/,
  );
});

test("schedule_in_database takes a database, and only a superuser may name another role", async () => {
  await server.owner`select cron.schedule_in_database('tidy', '@hourly', 'vacuum', 'template1')`;
  expect(await jobs()).toMatchObject([{ jobname: "tidy", database: "template1", username: "postgres" }]);
  const elsewhere = (sql: Sql, role: string) =>
    sql`select cron.schedule_in_database('theirs', '@hourly', 'vacuum', 'postgres', ${role})`;
  await expect(elsewhere(server.owner, "supabase_auth_admin")).rejects.toThrow(/superuser/);
  await expect(elsewhere(server.admin, "anon")).rejects.toThrow(/can not log in/);
  await expect(elsewhere(server.admin, "nobody")).rejects.toThrow(/does not exist/);
  await elsewhere(server.admin, "supabase_auth_admin");
  expect(await jobs()).toMatchObject([{ jobname: "tidy" }, { username: "supabase_auth_admin" }]);
});

test("a job belongs to the role that the scheduling code runs as", async () => {
  await server.owner.unsafe(`
    create schema private;
    create function private.schedule_tidy() returns bigint
    language sql security definer
    return cron.schedule('tidy', '@daily', 'select 1');
    grant usage on schema private to authenticated;
  `);
  await as("authenticated", "select private.schedule_tidy()");
  expect(await jobs()).toMatchObject([{ jobname: "tidy", username: "postgres" }]);
  await expect(
    as("authenticated", "select cron.schedule('mine', '@daily', 'select 1')"),
  ).rejects.toMatchObject(denied);
  await server.owner.unsafe("drop schema private cascade");
});

test.each([
  "* * * * *",
  "*/15 0-6,22-23 * * 1-5",
  "0 0 1 jan sun",
  "0 0 $ * *",
  "5 4 31 12 7",
  "0-59/10 * * * MON-fri",
  "@reboot",
  " 0  10\t* * * ",
  "1 second",
  "59 SECONDS",
])("'%s' is a schedule", async (schedule) => {
  await server.owner`select cron.schedule(${schedule}, 'select 1')`;
  expect(await jobs()).toMatchObject([{ schedule }]);
});

test.each([
  "",
  "* * * *",
  "* * * * * *",
  "60 * * * *",
  "* 24 * * *",
  "* * 0 * *",
  "* * 32 * *",
  "* * * 13 *",
  "* * * * 8",
  "1/5 * * * *",
  "*/0 * * * *",
  "5-1 * * * *",
  "a * * * *",
  "1,,2 * * * *",
  "* * * jam *",
  "@fortnightly",
  "0 seconds",
  "60 seconds",
  "5 minutes",
  "x".repeat(1000),
])("'%s' is not a schedule", async (schedule) => {
  await expect(server.owner`select cron.schedule(${schedule}, 'select 1')`).rejects.toMatchObject({
    code: "22023",
    message: expect.stringContaining("invalid schedule"),
    hint: expect.stringContaining("[1-59] seconds"),
  });
  expect(await jobs()).toEqual([]);
});

test("postgres reads jobs and deletes runs, and changes jobs only through the functions", async () => {
  await server.owner`select cron.schedule('tidy', '@daily', 'select 1')`;
  await server.admin`insert into cron.job_run_details (command) values ('select 1')`;
  for (const statement of [
    "insert into cron.job (schedule, command) values ('@daily', 'select 1')",
    "update cron.job set command = 'select 2'",
    "delete from cron.job",
    "create trigger t before insert on cron.job for each row execute function suppress_redundant_updates_trigger()",
    "create trigger t before insert on cron.job_run_details for each row execute function suppress_redundant_updates_trigger()",
    "alter table cron.job add column x integer",
    "create table cron.mine ()",
  ]) {
    await expect(server.owner.unsafe(statement), statement).rejects.toMatchObject(denied);
  }
  expect(await jobs()).toHaveLength(1);
  expect(await server.owner`delete from cron.job_run_details returning command`).toHaveLength(1);
  await expect(as("service_role", "select from cron.job")).rejects.toMatchObject(denied);
});

test("a changed job is announced", async () => {
  const listener = connect(server, "postgres");
  const heard = new Promise<string>((resolve, reject) => {
    listener
      .listen("pg_cron", resolve)
      .then(() => server.owner`select cron.schedule('tidy', '@daily', 'select 1')`)
      .catch(reject);
  });
  expect(await heard).toBe("");
  await listener.end();
});
