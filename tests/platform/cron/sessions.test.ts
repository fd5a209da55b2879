import { expect, onTestFinished, test, vi } from "vitest";
import { createJobSessions, type JobSessions } from "../../../platform/cron/sessions.ts";
import { useSupabaseServer } from "../postgres/supabase-server.ts";
import { createTown, patience, type Town } from "./town.ts";

const server = useSupabaseServer();
const never = new AbortController().signal;

function open(town: Town, keepMs?: number): JobSessions {
  const sessions = createJobSessions(town.url, keepMs);
  onTestFinished(() => sessions[Symbol.asyncDispose]());
  return sessions;
}

/** Runs a command as a job does. */
async function work(
  sessions: JobSessions,
  job: { database: string; username: string },
  command: string,
): Promise<{ pid: number; rows: object[] }> {
  await using lent = await sessions.lend(job, never);
  const rows = await lent.session.sql.unsafe(command).simple();
  lent.reuse();
  return { pid: lent.pid, rows: [...rows] };
}

test("the next run has the same session, and finds nothing of the earlier run", async () => {
  const town = await createTown(server, "cron_kept");
  const sessions = open(town);
  const job = { database: town.database, username: "postgres" };
  const look = `select current_user as who, current_setting('search_path') as path,
    current_setting('my.word', true) as word, to_regclass('pg_temp.left_over') as temporary,
    (select count(*)::integer from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    (select count(*)::integer from pg_prepared_statements) as prepared,
    (select count(*)::integer from pg_listening_channels()) as channels,
    (select count(*)::integer from pg_cursors where is_holdable) as cursors`;
  const first = await work(sessions, job, look);
  const messy = await work(
    sessions,
    job,
    `create temp table left_over (); select pg_advisory_lock(7); prepare mine as select 1; listen mine;
     declare mine cursor with hold for select 1; set my.word = 'mine'; set search_path = nowhere; set role anon`,
  );
  const next = await work(sessions, job, look);
  expect([messy.pid, next.pid]).toEqual([first.pid, first.pid]);
  expect(next.rows).toEqual([{ ...first.rows[0], word: "" }]);
  expect(next.rows[0]).toMatchObject({ who: "postgres", locks: 0, prepared: 0, channels: 0, cursors: 0 });
});

test("a run that leaves a transaction open takes its session with it", async () => {
  const town = await createTown(server, "cron_open_transaction");
  await town.owner`create table notes (text text)`;
  const sessions = open(town);
  const job = { database: town.database, username: "postgres" };
  const first = await work(sessions, job, "begin; insert into notes values ('never committed')");
  const next = await work(sessions, job, "insert into notes values ('committed')");
  expect(next.pid).not.toBe(first.pid);
  expect(await town.owner`select text from notes`).toEqual([{ text: "committed" }]);
});

test("runs at the same time have sessions of their own, and one of these is kept", async () => {
  const town = await createTown(server, "cron_at_once");
  const sessions = open(town);
  const job = { database: town.database, username: "postgres" };
  const wait = "select pg_advisory_lock_shared(1)";
  const admin = await town.admin.reserve();
  await admin`select pg_advisory_lock(1)`;
  const both = Promise.all([work(sessions, job, wait), work(sessions, job, wait)]);
  await vi.waitFor(async () => {
    const waiting = await town.owner`
      select from pg_locks where locktype = 'advisory' and not granted`;
    expect(waiting).toHaveLength(2);
  }, patience);
  await admin`select pg_advisory_unlock(1)`;
  admin.release();
  const [one, other] = await both;
  expect(one.pid).not.toBe(other.pid);
  await vi.waitFor(async () => expect(await town.sessions()).toEqual(["pg_cron"]), patience);
  const next = await work(sessions, job, "select");
  expect([one.pid, other.pid]).toContain(next.pid);
});

test("a short wait for the kept session is cheaper than another session", async () => {
  const town = await createTown(server, "cron_shared");
  const sessions = open(town);
  const job = { database: town.database, username: "postgres" };
  const { pid } = await work(sessions, job, "select");
  const all = await Promise.all(Array.from({ length: 3 }, () => work(sessions, job, "select")));
  expect(all.map((run) => run.pid)).toEqual([pid, pid, pid]);
});

test("a session is not kept if it is lost, cut, another user's, handed over or in another database", async () => {
  const town = await createTown(server, "cron_not_kept");
  await town.admin`create role cron_guest login`;
  onTestFinished(async () => {
    await town.admin`drop role cron_guest`;
  });
  const sessions = open(town);
  const job = { database: town.database, username: "postgres" };
  const kept = await work(sessions, job, "select");
  // Another user, while one is kept.
  const guest = { ...job, username: "cron_guest" };
  const [one, other] = [await work(sessions, guest, "select"), await work(sessions, guest, "select")];
  expect(new Set([kept.pid, one.pid, other.pid]).size).toBe(3);
  // Another database. It can be dropped at once.
  await town.admin.unsafe(`create database ${town.database}_2`);
  await work(sessions, { ...job, database: `${town.database}_2` }, "select");
  await town.admin.unsafe(`drop database ${town.database}_2`);
  expect((await work(sessions, job, "select")).pid).toBe(kept.pid);
  // The server ended it.
  await town.admin`select pg_terminate_backend(${kept.pid}, 5000)`;
  const afterLoss = await vi.waitFor(() => work(sessions, job, "select"), patience);
  expect(afterLoss.pid).not.toBe(kept.pid);
  // The run gave it up.
  const quit = new AbortController();
  const lent = await sessions.lend(job, quit.signal);
  expect(lent.pid).toBe(afterLoss.pid);
  const asked = lent.session.sql`select pg_sleep(60)`.execute();
  quit.abort();
  await expect(asked).rejects.toThrow("the run was given up");
  await lent[Symbol.asyncDispose]();
  expect((await work(sessions, job, "select")).pid).not.toBe(afterLoss.pid);
});

test("a kept session is closed after its time, and at the end", async () => {
  const town = await createTown(server, "cron_expiry");
  const sessions = open(town, 300);
  const job = { database: town.database, username: "postgres" };
  await work(sessions, job, "select");
  expect(await town.sessions()).toEqual(["pg_cron"]);
  await vi.waitFor(async () => expect(await town.sessions()).toEqual([]), patience);
  // A session that is in use at that moment stays until its run has ended.
  const { rows } = await work(sessions, job, "select pg_sleep(0.6)");
  expect(rows).toHaveLength(1);
  await vi.waitFor(async () => expect(await town.sessions()).toEqual([]), patience);
  await work(sessions, job, "select");
  await sessions[Symbol.asyncDispose]();
  await vi.waitFor(async () => expect(await town.sessions()).toEqual([]), patience);
});

test("the jobs of a scheduler run in one session, one after another", async () => {
  const town = await createTown(server, "cron_one_session");
  town.start();
  await town.owner`select cron.schedule('one', '1 second', 'select 1'), cron.schedule('two', '1 second', 'select 2')`;
  await vi.waitFor(async () => {
    const done = (await town.runs()).filter(({ status }) => status === "succeeded");
    expect(done.length).toBeGreaterThan(5);
    expect(new Set(done.slice(2).map(({ job_pid }) => job_pid)).size).toBe(1);
  }, patience);
});
