/** What a start does with a data folder that is empty, damaged, or in use by nobody. */
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { silent } from "../../../platform/log.ts";
import { serverUser } from "../../../platform/postgres/binaries.ts";
import { type ServerOptions, startServer } from "../../../platform/postgres/server.ts";
import { query } from "./server-helpers.ts";

let dir: string;
let dataDir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "plaza-folder-"));
  await chmod(dir, 0o755);
  onTestFinished(() => rm(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }));
  dataDir = join(dir, "data");
});

const start = (options: Partial<ServerOptions> = {}) =>
  startServer({ dataDir, port: 0, password: "postgres", durable: true, log: silent, ...options });

test("an interrupted reset leaves no part of a database under its name", async () => {
  {
    await using _server = await start();
  }
  // The state after a kill in the middle of the deletion.
  await mkdir(join(dir, "data.removed"));
  await writeFile(join(dir, "data.removed", "PG_VERSION"), "17\n");
  {
    await using server = await start({ afresh: true });
    expect(server.fresh).toBe(true);
  }
  expect(await readdir(dir)).toEqual(["data"]);
});

test("a data folder without PG_VERSION is refused with the way out, and a reset cures it", async () => {
  {
    await using _server = await start();
  }
  await rm(join(dataDir, "PG_VERSION"));
  await expect(start()).rejects.toMatchObject({
    code: "data_damaged",
    message: expect.stringMatching(/npm run restore.*npm run reset/),
  });
  await writeFile(join(dataDir, "PG_VERSION"), "rubbish");
  await expect(start()).rejects.toMatchObject({ code: "data_damaged" });
  await writeFile(join(dataDir, "PG_VERSION"), "16\n");
  await expect(start()).rejects.toMatchObject({ code: "data_of_another_version" });
  // Nothing was deleted.
  expect(await readdir(dataDir)).toContain("base");
  await using server = await start({ afresh: true });
  expect(server.fresh).toBe(true);
});

test("a start on an empty data folder makes a database", async () => {
  await mkdir(dataDir);
  await using server = await start();
  expect(server.fresh).toBe(true);
});

test("a process id in postmaster.pid that the system gave to another process does not matter", async () => {
  {
    await using _server = await start();
  }
  // The server's user owns this process. So Postgres alone would take it for a server that runs.
  const other = spawn("sleep", ["60"], { ...(await serverUser()), stdio: "ignore" });
  onTestFinished(() => void other.kill("SIGKILL"));
  await writeFile(join(dataDir, "postmaster.pid"), `${other.pid}\n${dataDir}\n`);
  await using server = await start();
  expect(await query(server, "select 1 as one")).toEqual([{ one: 1 }]);
  expect(other.exitCode).toBeNull();
  expect(other.signalCode).toBeNull();
});
