/**
 * What Postgres and its owner can die of, and how the server comes back.
 */
import { once } from "node:events";
import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { createLog, type Level, type Log, silent } from "../../../platform/log.ts";
import { type PostgresServer, type ServerOptions, startServer } from "../../../platform/postgres/server.ts";
import { smallDisk } from "../small-disk.ts";
import { ownServer, postgresIn, query } from "./server-helpers.ts";

let dir: string;
let dataDir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-crashes-"));
  await chmod(dir, 0o755);
  onTestFinished(() => rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  dataDir = join(dir, "data");
});

const start = (options: Partial<ServerOptions> = {}) =>
  startServer({ dataDir, port: 0, password: "postgres", durable: true, log: silent, ...options });

function memoryLog(least: Level = "info"): { log: Log; lines: string[] } {
  const lines: string[] = [];
  return { lines, log: createLog((line) => lines.push(line), least) };
}

const answers = (server: PostgresServer, text = "select 1") =>
  expect
    .poll(
      () =>
        query(server, text).then(
          () => true,
          () => false,
        ),
      { timeout: 30_000 },
    )
    .toBe(true);

test("a killed server starts again on the same port with all committed data, and the log says so", async () => {
  const { log, lines } = memoryLog();
  await using server = await start({ log });
  await query(server, "create table kept as select 1 as one");
  for (const signal of ["SIGKILL", "SIGQUIT", "SIGINT"] as const) {
    const { pid } = server;
    process.kill(pid, signal);
    await expect.poll(() => server.pid, { timeout: 30_000 }).not.toBe(pid);
    await answers(server, "select one from kept");
    expect(lines.filter((line) => / error .*Postgres ended by itself/.test(line)).length).toBeGreaterThan(0);
    expect(lines.at(-1)).toContain("Postgres runs again");
    lines.length = 0;
  }
});

test("a server that was killed and cannot start again is given up, with Postgres' own words in the log", async () => {
  const { log, lines } = memoryLog();
  await using server = await start({ log });
  await writeFile(join(dataDir, "global", "pg_control"), Buffer.alloc(8192));
  process.kill(server.pid, "SIGKILL");
  expect(await server.ended).toMatchObject({ code: "postgres_failed" });
  // Postgres' own FATAL or PANIC is there at level error.
  expect(lines.filter((line) => / error .*(FATAL|PANIC):/.test(line)).length).toBeGreaterThan(0);
});

test("a backend that dies of a signal is in the log, and the server stays", async () => {
  const { log, lines } = memoryLog();
  await using server = await start({ log });
  const { pid } = server;
  await query(server, "select pg_terminate_backend(pg_backend_pid())").catch(() => {});
  const backends = (await postgresIn(dataDir)).filter(({ title }) => title.includes("background writer"));
  process.kill(backends[0]?.pid as number, "SIGKILL");
  await expect.poll(() => lines.join("\n")).toContain("was terminated by signal 9");
  await answers(server);
  expect(server.pid).toBe(pid);
  expect(lines.filter((line) => / error .*FATAL: {2}terminating connection/.test(line))).toHaveLength(1);
});

test("a server that stops on demand logs no error and does not start again", async () => {
  const { log, lines } = memoryLog();
  const server = await start({ log });
  const sql = postgres({
    host: "127.0.0.1",
    port: server.port,
    user: "supabase_admin",
    password: "postgres",
    database: "postgres",
    max: 1,
    onnotice: () => {},
  });
  await sql`select 1`;
  await server[Symbol.asyncDispose]();
  expect(await server.ended).toBeUndefined();
  expect(await postgresIn(dataDir)).toEqual([]);
  expect(lines.filter((line) => line.includes(" error "))).toEqual([]);
  await sql.end({ timeout: 1 });
});

/** Writes much, and kills the server and its owner. The next start has to recover. */
async function crash(): Promise<void> {
  const owner = ownServer(dataDir);
  const server = await owner.ready;
  await query(server, "create table kept as select i, repeat('x', 200) from generate_series(1, 300000) i");
  // The owner must not start the server again.
  owner.child.kill("SIGSTOP");
  process.kill(server.pid, "SIGKILL");
  owner.child.kill("SIGKILL");
  await once(owner.child, "exit");
}

async function startupProcess(): Promise<number> {
  let found: { pid: number } | undefined;
  await expect
    .poll(
      async () => {
        found = (await postgresIn(dataDir)).find(({ title }) => title.startsWith("postgres: startup"));
        return found;
      },
      { timeout: 20_000, interval: 5 },
    )
    .toBeDefined();
  return found?.pid as number;
}

test.runIf(process.platform === "linux")(
  "a recovery that takes longer than the limit succeeds while Postgres still speaks",
  async () => {
    await crash();
    let recovered = 0;
    const startedAtMs = Date.now();
    const silenceMs = 7000;
    const starting = start({ silenceMs, recovering: () => recovered++ });
    starting.catch(() => {});
    // Slow the recovery down: it runs only for a moment every 5.5 s. Postgres says every 5 s how far it is.
    const pid = await startupProcess();
    for (let pause = 0; pause < 2; pause++) {
      process.kill(pid, "SIGSTOP");
      await new Promise((resolve) => setTimeout(resolve, 5500));
      process.kill(pid, "SIGCONT");
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await using server = await starting;
    expect(Date.now() - startedAtMs).toBeGreaterThan(silenceMs);
    expect(recovered).toBeGreaterThan(0);
    expect(await query(server, "select count(*)::int from kept")).toEqual([{ count: 300_000 }]);
  },
);

test.runIf(process.platform === "linux")(
  "a start is given up if Postgres says nothing, and leaves no process",
  async () => {
    await crash();
    const starting = start({ silenceMs: 2000 });
    starting.catch(() => {});
    process.kill(await startupProcess(), "SIGSTOP");
    await expect(starting).rejects.toMatchObject({ code: "postgres_failed" });
    expect(await postgresIn(dataDir)).toEqual([]);
    await using server = await start();
    expect(await query(server, "select count(*)::int from kept")).toEqual([{ count: 300_000 }]);
  },
);

test.runIf(process.platform === "linux")(
  "if the owner dies while Postgres recovers and hangs, the watcher ends Postgres, and so does the next start",
  async () => {
    await crash();
    for (const nextStart of [false, true]) {
      const owner = ownServer(dataDir);
      // A stopped startup process does not hear SIGINT. So the postmaster would wait for it for ever.
      process.kill(await startupProcess(), "SIGSTOP");
      owner.child.kill("SIGKILL");
      await once(owner.child, "exit");
      expect(await postgresIn(dataDir)).not.toEqual([]);
      if (!nextStart) {
        await expect.poll(() => postgresIn(dataDir), { timeout: 30_000 }).toEqual([]);
        continue;
      }
      await using server = await start();
      expect(await query(server, "select count(*)::int from kept")).toEqual([{ count: 300_000 }]);
    }
  },
  120_000,
);

test("a start that is cancelled at any step leaves no process, and the next start succeeds", async () => {
  for (const step of ["initdb", "postgres", "startup"]) {
    const cancel = new AbortController();
    const starting = start({ signal: cancel.signal });
    starting.catch(() => {});
    if (step === "initdb") {
      await expect.poll(() => readdir(dir), { timeout: 20_000, interval: 5 }).toContain("data.unfinished");
    } else {
      if (step === "startup") process.kill(await startupProcess(), "SIGSTOP");
      else await expect.poll(() => readdir(dir), { timeout: 20_000, interval: 5 }).toContain("data");
    }
    cancel.abort(new Error("cancelled"));
    await expect(starting).rejects.toThrow("cancelled");
    expect(await postgresIn(dataDir)).toEqual([]);
    // The step of the startup process needs something to recover.
    if (step === "postgres") await crash();
  }
  await using server = await start();
  await answers(server);
});

test("on a full disk statements fail, Postgres comes back when there is room, and nothing is lost", async (context) => {
  const disk = smallDisk(dir, 160);
  if (!disk) return context.skip("this user may not mount a small disk");
  dataDir = join(disk.dir, "data");
  const { log, lines } = memoryLog("debug");
  await using server = await start({ log });
  await query(server, "create table kept (n int primary key, text text)");
  let n = 0;
  const insert = () => query(server, `insert into kept values (${++n}, repeat('x', 100))`);
  await insert();

  // Fill the disk to the last block, and write until Postgres needs a new segment of its log.
  await disk.fill();
  const died = () => lines.some((line) => line.includes("Postgres ended by itself"));
  const acknowledged = new Set<number>([1]);
  while (!died()) {
    // A big transaction-less message fills the log without a place in a table.
    const wrote = await query(
      server,
      "select pg_logical_emit_message(false, 'fill', repeat('x', 1000000))",
    ).then(
      () => true,
      () => false,
    );
    if (
      wrote &&
      (await insert().then(
        () => true,
        () => false,
      ))
    )
      acknowledged.add(n);
    if (!wrote) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  await expect.poll(() => lines.join("\n"), { timeout: 30_000 }).toContain("The disk has no room");
  expect(lines.some((line) => / error .*PANIC: .*No space left on device/.test(line))).toBe(true);
  // It goes on trying, and does not give up as it does after other failures.
  const tries = () => lines.filter((line) => line.includes("starting PostgreSQL")).length;
  await expect.poll(tries, { timeout: 60_000 }).toBeGreaterThan(8);
  await expect(query(server, "select 1")).rejects.toThrow();

  await disk.free();
  await answers(server);
  const rows = await query(server, "select n from kept");
  const kept = new Set(rows.map((row) => row.n as number));
  expect([...acknowledged].filter((number) => !kept.has(number))).toEqual([]);
  await insert();
}, 120_000);
