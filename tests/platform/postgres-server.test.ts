import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterEach, beforeEach, expect, onTestFinished, test } from "vitest";
import { silent } from "../../platform/log.ts";
import { type OsUser, reachable, serverUser } from "../../platform/postgres/binaries.ts";
import { freePort, type PostgresServer, startServer } from "../../platform/postgres/server.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-server-"));
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const start = (port = 0) =>
  startServer({ dataDir: join(dir, "data"), port, password: "postgres", durable: true, log: silent });
const connect = (server: Pick<PostgresServer, "port">) =>
  postgres({
    host: "127.0.0.1",
    port: server.port,
    database: "postgres",
    user: "supabase_admin",
    password: "postgres",
    max: 1,
  });
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

test("data survives a restart and a change of its owner, and the server has logical replication", async () => {
  {
    await using server = await start();
    expect(server.fresh).toBe(true);
    const sql = connect(server);
    await sql`create table kept as select 1 as one`;
    expect(await sql`show wal_level`).toMatchObject([{ wal_level: "logical" }]);
    expect(await sql`show server_version`).toMatchObject([
      { server_version: expect.stringMatching(/^17\./) },
    ]);
    await sql.end();
  }
  if (process.getuid?.() === 0) await ownedByAnother();
  await using server = await start();
  expect(server.fresh).toBe(false);
  const sql = connect(server);
  expect(await sql`select one from kept`).toMatchObject([{ one: 1 }]);
  await sql.end();
});

/** Gives the database, and then one file of it, to another user. The database is healthy, so nobody may advise to delete it. */
async function ownedByAnother(): Promise<void> {
  const { uid, gid } = (await serverUser()) as OsUser;
  for (const [path, words] of [
    [join(dir, "data"), /belongs to the user daemon/],
    [join(dir, "data", "postgresql.conf"), /postgresql\.conf.*Permission denied/],
  ] as const) {
    await chown(path, 1, 1);
    const refused = await start().catch((error) => error);
    expect(refused).toMatchObject({ code: "state_unwritable", message: expect.stringMatching(words) });
    expect(refused.message).not.toContain("reset");
    await chown(path, uid, gid);
  }
}

test("the server requires the password", async () => {
  await using server = await start();
  const sql = postgres({
    host: "127.0.0.1",
    port: server.port,
    database: "postgres",
    user: "supabase_admin",
    password: "wrong",
    max: 1,
  });
  await expect(sql`select 1`).rejects.toMatchObject({ code: "28P01" });
  await sql.end();
});

test("the server ends if its owner is killed, and the next start has all data", async () => {
  const script = join(dir, "owner.mjs");
  const module = new URL("../../platform/postgres/server.ts", import.meta.url).href;
  await writeFile(
    script,
    `const { startServer } = await import(${JSON.stringify(module)});
     const log = Object.assign(() => {}, { child: () => log });
     const server = await startServer({ dataDir: process.argv[2], port: 0, password: "postgres", durable: true, log });
     console.log(JSON.stringify({ pid: server.pid, port: server.port }));
     setInterval(() => {}, 1000);`,
  );
  const owner = spawn(process.execPath, [script, join(dir, "data")], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const [line] = await once(owner.stdout, "data");
  const { pid, port } = JSON.parse(String(line));
  const sql = connect({ port });
  await sql`create table kept as select 1 as one`;
  await sql.end();
  owner.kill("SIGKILL");
  await once(owner, "exit");

  await using server = await start();
  expect(server.pid).not.toBe(pid);
  const after = connect(server);
  expect(await after`select one from kept`).toMatchObject([{ one: 1 }]);
  await after.end();
});

test("after an interrupted first start, the next start succeeds", async () => {
  await mkdir(join(dir, "data.unfinished"));
  await writeFile(join(dir, "data.unfinished", "PG_VERSION"), "17\n");
  await writeFile(join(dir, "data.password"), "another\n");
  await using server = await start();
  expect(server.fresh).toBe(true);
  expect(await readdir(dir)).toEqual(["data"]);
});

test("the server starts if an old pid file names another kind of process", async () => {
  await using first = await start();
  await first[Symbol.asyncDispose]();
  await writeFile(join(dir, "data", "postmaster.pid"), `${process.pid}\n`);
  // Postgres itself takes any running process for a postmaster, except one of its own ancestors.
  await using server = await start();
  expect(alive(server.pid)).toBe(true);
});

test("the error names a taken port and the option that changes it", async () => {
  const port = await freePort();
  const squatter = createServer();
  await new Promise<void>((resolve) => squatter.listen(port, "127.0.0.1", resolve));
  await expect(start(port)).rejects.toMatchObject({
    code: "port_taken",
    message: expect.stringMatching(new RegExp(`${port}.*\\[db\\] port`)),
  });
  await new Promise((resolve) => squatter.close(resolve));
});

test("a stopped server leaves no process", async () => {
  const server = await start();
  expect(alive(server.pid)).toBe(true);
  await server[Symbol.asyncDispose]();
  await server.ended;
  const sql = connect(server);
  await expect(sql`select 1`).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await sql.end();
});

test("another user cannot reach a folder inside a private home", async () => {
  const nobody = { uid: 65534, gid: 65534 };
  const inside = join(dir, "inside");
  await mkdir(inside);
  expect(await reachable(inside, nobody)).toBe(true);
  await chmod(dir, 0o700);
  expect(await reachable(inside, nobody)).toBe(false);
});
