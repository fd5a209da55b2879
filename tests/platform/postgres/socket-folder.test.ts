/** The folder of the server's Unix socket. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import postgres from "postgres";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { silent } from "../../../platform/log.ts";
import { serverUser } from "../../../platform/postgres/binaries.ts";
import { type PostgresServer, startServer } from "../../../platform/postgres/server.ts";
import { socketFolderOf } from "../../../platform/postgres/socket-folder.ts";

let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-socket-"));
  await chmod(dir, 0o755);
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const start = (dataDir = join(dir, "data")) =>
  startServer({ dataDir, port: 0, password: "postgres", durable: false, log: silent });

async function answers(server: PostgresServer): Promise<boolean> {
  const sql = postgres({
    host: server.socketDir,
    port: server.port,
    username: "supabase_admin",
    password: "postgres",
    database: "postgres",
    max: 1,
  });
  try {
    const [row] = await sql`select inet_client_addr() is null as by_socket`;
    return row?.by_socket;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

test("only the server's user can enter it, and it is gone when the server has stopped", async () => {
  const server = await start();
  const folder = server.socketDir as string;
  try {
    expect(await answers(server)).toBe(true);
    const { mode, uid } = await lstat(folder);
    expect(mode & 0o777).toBe(0o700);
    expect(uid).toBe((await serverUser())?.uid ?? process.getuid?.());
  } finally {
    await server[Symbol.asyncDispose]();
  }
  await expect(lstat(folder)).rejects.toMatchObject({ code: "ENOENT" });
});

test("a server that is killed has its socket again when it starts again", async () => {
  await using server = await start();
  const before = server.pid;
  process.kill(before, "SIGKILL");
  await vi.waitFor(() => expect(server.pid).not.toBe(before), { timeout: 20_000 });
  expect(await answers(server)).toBe(true);
});

test("the server starts over the files of a crash, and over a link that somebody else made", async () => {
  const folder = socketFolderOf(join(dir, "data")) as string;
  await mkdir(folder);
  // The id of a process that lives: this one.
  await writeFile(join(folder, ".s.PGSQL.5432.lock"), `${process.pid}\n`);
  const elsewhere = join(dir, "elsewhere");
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, "mine"), "");
  {
    await using server = await start();
    expect(await answers(server)).toBe(true);
    expect(await readdir(folder)).not.toContain(".s.PGSQL.5432.lock");
  }
  // What a process with another id has left.
  const left = folder.replace(/\d+$/, "1");
  await mkdir(left);
  await symlink(elsewhere, folder);
  {
    await using server = await start();
    expect((await lstat(folder)).isSymbolicLink()).toBe(false);
    expect(await answers(server)).toBe(true);
    await expect(lstat(left)).rejects.toMatchObject({ code: "ENOENT" });
  }
  expect(await readdir(elsewhere)).toEqual(["mine"]);
});

test("it is gone when a server could not start, and when the process of the server was killed", async () => {
  await writeFile(join(dir, "data"), "not a folder");
  await expect(start()).rejects.toThrow();
  await rm(join(dir, "data"));
  const module = new URL("../../../platform/postgres/server.ts", import.meta.url).href;
  const program = `
    const { startServer } = await import(${JSON.stringify(module)});
    const server = await startServer({
      dataDir: process.argv[1], port: 0, password: "postgres", durable: false, log: Object.assign(() => {}, { child: () => () => {} }),
    });
    console.log(server.socketDir);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program, join(dir, "data")], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(child.stdout, "data");
  const folder = String(line).trim();
  expect((await lstat(folder)).isDirectory()).toBe(true);
  child.kill("SIGKILL");
  await vi.waitFor(() => expect(lstat(folder)).rejects.toMatchObject({ code: "ENOENT" }), {
    timeout: 20_000,
  });
  const ours = (socketFolderOf(join(dir, "data")) as string).replace(/\d+$/, "");
  expect((await readdir(dirname(ours))).filter((name) => name.startsWith(basename(ours)))).toEqual([]);
});

test("a temporary folder with a long path has no socket", () => {
  expect(socketFolderOf(join("/a".repeat(200), "data"))).toBeDefined();
  vi.stubEnv("TMPDIR", join("/tmp", "long".repeat(20)));
  try {
    expect(socketFolderOf("/data")).toBeUndefined();
    vi.stubEnv("TMPDIR", "/tmp/a,b");
    expect(socketFolderOf("/data")).toBeUndefined();
  } finally {
    vi.unstubAllEnvs();
  }
});
