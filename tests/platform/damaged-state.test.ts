/**
 * Starts on a state folder that something damaged, starts that are interrupted, and `npm run stop`.
 */
import { execFileSync } from "node:child_process";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { parseEnv } from "node:util";
import { createClient } from "@supabase/supabase-js";
import { expect, test } from "vitest";
import { createLogFile } from "../../platform/log-file.ts";
import { stop } from "../../platform/stop.ts";
import { folder, interrupt, processesOf, refused, run, started, watch } from "./command-line.ts";
import { smallDisk } from "./small-disk.ts";

const root = join(import.meta.dirname, "../..");

async function usernames(stateDir: string): Promise<string[]> {
  const asked = run(stateDir, "status", "-o", "env");
  expect(await asked.ended).toBe(0);
  const { API_URL, SECRET_KEY } = parseEnv(asked.output()) as Record<string, string>;
  const client = createClient(API_URL as string, SECRET_KEY as string, { auth: { persistSession: false } });
  const { data } = await client.from("profiles").select("username").throwOnError();
  return data.map(({ username }) => username);
}

test("rubbish in the state folder is named in a sentence, or does not matter, and reset cures it", async () => {
  const dir = await folder();
  const first = await started(dir);
  first.child.kill("SIGTERM");
  await first.ended;
  const secrets = await readFile(join(dir, "secrets.json"), "utf8");

  // A process id that the system gave to somebody else, here to this test.
  await writeFile(join(dir, "instance.lock"), "rubbish ".repeat(1000));
  await writeFile(join(dir, "instance.pid"), `${process.pid}\n`);
  const stopped = run(dir, "stop");
  expect(await stopped.ended).toBe(0);
  expect(stopped.output()).toContain("not running");

  for (const rubbish of ["rubbish", "{}", secrets.replace(/"d": "[^"]+"/, '"d": "rubbish"')]) {
    await writeFile(join(dir, "secrets.json"), rubbish);
    const output = await refused(run(dir, "start", "--free-ports"), "secrets_invalid");
    expect(output).toContain("npm run reset");
  }
  await rm(join(dir, "postgres/data/PG_VERSION"));
  await writeFile(join(dir, "secrets.json"), secrets);
  expect(await refused(run(dir, "start", "--free-ports"), "data_damaged")).toContain("npm run reset");

  await writeFile(join(dir, "secrets.json"), "rubbish");
  await writeFile(join(dir, "instance.lock"), "rubbish again");
  await rm(join(dir, "supabase-cli"), { recursive: true });
  await writeFile(join(dir, "supabase-cli"), "a file");
  const reset = await started(dir, ["reset", "--free-ports"]);
  expect(await usernames(dir)).toContain("alice");
  // The damaged file is kept: somebody may still read a key out of it.
  expect((await readdir(dir)).filter((name) => name.startsWith("secrets.json.damaged-"))).toHaveLength(1);
  reset.child.kill("SIGTERM");
  await reset.ended;
});

test("after a reset that was killed at any step, the next start makes or continues a whole database", async () => {
  const dir = await folder();
  const first = await started(dir);
  first.child.kill("SIGTERM");
  await first.ended;
  const postgres = join(dir, "postgres");
  for (const killAt of [
    // The old database has its other name, or is half deleted.
    (names: string[]) => names.includes("data.removed") || !names.includes("data"),
    (names: string[]) => names.includes("data.unfinished"),
  ]) {
    const reset = run(dir, "reset", "--free-ports");
    await expect
      .poll(async () => killAt(await readdir(postgres)), { timeout: 30_000, interval: 1 })
      .toBe(true);
    reset.child.kill("SIGKILL");
    await reset.ended;
  }
  const start = await started(dir);
  expect(await usernames(dir)).toContain("alice");
  expect(await readdir(postgres)).toEqual(["data"]);
  start.child.kill("SIGTERM");
  expect(await start.ended).toBe(0);
}, 120_000);

test("a state folder that cannot be used is named in a sentence", async () => {
  const dir = await folder();
  await writeFile(join(dir, "file"), "");
  for (const name of ["file", "file/state"]) {
    for (const command of ["start", "reset"]) {
      const output = await refused(run(join(dir, name), command, "--free-ports"), "state_unwritable");
      expect(output).toContain("--state-dir");
    }
  }
  await mkdir(join(dir, "wrong"));
  const main = join(root, "platform/main.ts");
  const wrong = watch(process.execPath, [main, "start", "--project-dir", join(dir, "wrong")]);
  await refused(wrong, "config_unreadable");
  expect(await readdir(join(dir, "wrong"))).toEqual([]);
  const disk = smallDisk(dir, 1);
  if (disk) {
    execFileSync("mount", ["-o", "remount,ro", disk.dir]);
    const output = await refused(run(join(disk.dir, "state"), "start"), "state_unwritable");
    expect(output).toContain(disk.dir);
  }
  await mkdir(join(dir, "state", "instance.lock"), { recursive: true });
  await refused(run(join(dir, "state"), "start", "--free-ports"), "state_unwritable");
});

test("before npm ci, npm start says so", async () => {
  const dir = await folder();
  await cp(join(root, "platform"), join(dir, "platform"), { recursive: true });
  await cp(join(root, "package.json"), join(dir, "package.json"));
  // npm puts the repository's own Node first on the path. Without it, there is the system's Node.
  const PATH = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((path) => !path.includes("node_modules"))
    .join(delimiter);
  for (const [command, args] of [
    ["npm", ["start"]],
    [process.execPath, [join(dir, "platform/cli.js"), "start"]],
  ] as const) {
    const output = await refused(
      watch(command, [...args], { cwd: dir, env: { ...process.env, PATH } }),
      "not_installed",
    );
    expect(output).toContain("npm ci");
  }
});

test("a start that is interrupted at any step says so, leaves no process, and the next one goes on", async () => {
  const dir = await folder();
  for (const [text, signal] of [
    ["Plaza", "SIGTERM"],
    ["applying 01-roles", "SIGINT"],
    ["Applying migration", "SIGINT"],
    ["Seeding data", "SIGTERM"],
  ] as const) {
    const command = text === "Plaza" ? run(dir, "start", "--free-ports") : undefined;
    if (command)
      await expect.poll(() => readdir(dir), { timeout: 30_000, interval: 5 }).toContain("instance.lock");
    const start = command ?? (await started(dir, ["start", "--free-ports", "--verbose"], text));
    if (signal === "SIGINT") interrupt(start);
    else start.child.kill(signal);
    const output = await refused(start, "interrupted");
    expect(output).toContain("next start");
    await expect.poll(() => processesOf(dir), { timeout: 20_000 }).toEqual([]);
  }
  const start = await started(dir);
  expect(await usernames(dir)).toEqual(expect.arrayContaining(["alice", "bob", "carol"]));
  start.child.kill("SIGTERM");
  expect(await start.ended).toBe(0);
}, 180_000);

test("npm run stop ends a running platform, also a suspended one, and its database", async () => {
  const dir = await folder();
  const nothing = run(join(dir, "nowhere"), "stop");
  expect(await nothing.ended).toBe(0);
  for (const suspended of [false, true]) {
    const start = await started(dir);
    if (suspended) start.child.kill("SIGSTOP");
    const stopping = run(dir, "stop");
    expect(await stopping.ended).toBe(0);
    expect(stopping.output()).toContain(String(start.child.pid));
    expect(await start.ended).toBe(0);
    expect(await processesOf(dir)).toEqual([]);
  }
}, 120_000);

test("stop kills a platform that does not end, and takes only the process that holds the folder", async () => {
  const dir = await folder();
  const module = new URL("../../platform/instance.ts", import.meta.url).href;
  const deaf = watch(process.execPath, [
    "--input-type=module",
    "-e",
    `const { claim } = await import(${JSON.stringify(module)});
     await claim(process.argv[1], () => ({ pid: process.pid, env: {} }));
     process.on("SIGTERM", () => {});
     console.log("claimed");
     setInterval(() => {}, 1000);`,
    dir,
  ]);
  await expect.poll(deaf.output).toContain("claimed");
  const pid = await stop(dir, [
    { signal: "SIGTERM", waitMs: 500 },
    { signal: "SIGKILL", waitMs: 5000 },
  ]);
  expect(pid).toBe(deaf.child.pid);
  expect(await deaf.ended).toBe("SIGKILL");
  // Its process id is still in the file. But nobody holds the folder, so nobody is ended.
  await writeFile(join(dir, "instance.pid"), `${process.pid}\n`);
  expect(await stop(dir)).toBeUndefined();
});

test("the previous log is kept, and a log that cannot be written ends nothing", async () => {
  const dir = await folder();
  const path = join(dir, "later", "plaza.log");
  const log = createLogFile(path, 100);
  log.write("nowhere to write");
  log.write("nor this");
  await mkdir(join(dir, "later"));
  log.write("now");
  expect(await readFile(path, "utf8")).toMatch(/ 2 lines of this log are lost\nnow\n/);
  expect((await stat(path)).mode & 0o077).toBe(0);
  // A log that is too long begins again.
  log.write("x".repeat(200));
  log.write("short");
  expect(await readFile(path, "utf8")).toBe("short\n");
  expect(await readFile(`${path}.1`, "utf8")).toContain("xxx");
  log.close();

  const next = createLogFile(path);
  next.write("next");
  expect(await readFile(path, "utf8")).toBe("next\n");
  expect(await readFile(`${path}.1`, "utf8")).toBe("short\n");
  next.close();
});
