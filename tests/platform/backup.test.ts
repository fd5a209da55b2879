/**
 * `npm run backup` and `npm run restore`, with real platforms that are written to meanwhile.
 */
import { appendFile, chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { expect, onTestFinished, test } from "vitest";
import { backUp } from "../../platform/backup/backup.ts";
import { restore } from "../../platform/backup/restore.ts";
import { createPlatform, type Platform } from "../../platform/platform.ts";
import { refused, run, watch } from "./command-line.ts";

const main = join(import.meta.dirname, "../../platform/main.ts");

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-backup-"));
  await chmod(dir, 0o711);
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/** Without Realtime, whose replication slot would keep the write-ahead log for the backup too. */
const start = (stateDir: string) =>
  createPlatform({
    stateDir,
    ephemeralPorts: true,
    seed: false,
    config: { realtime: { enabled: false } },
  });

function admin(platform: Platform, max = 1) {
  return postgres(platform.adminUrl, { max, onnotice: () => {} });
}

async function signUp(platform: Platform, username: string): Promise<void> {
  const { auth } = createClient(platform.url, platform.keys.secretKey, { auth: { persistSession: false } });
  const { error } = await auth.admin.createUser({
    email: `${username}@example.com`,
    password: "correct horse",
    email_confirm: true,
    user_metadata: { username },
  });
  if (error) throw error;
}

async function usernames(platform: Platform): Promise<string[]> {
  const sql = admin(platform);
  const rows = await sql<{ username: string }[]>`select username from public.profiles order by username`;
  await sql.end();
  return rows.map(({ username }) => username);
}

test("a backup made under writes has every write that was acknowledged before its end, and no gaps", async () => {
  const [first, second] = [join(await folder(), "state"), join(await folder(), "state")];
  const dir = join(await folder(), "backup");
  const writers = 4;
  const acknowledged: { writer: number; n: number; atMs: number }[] = [];
  let jwks: unknown;
  {
    await using platform = await start(first);
    await signUp(platform, "alice");
    jwks = await (await fetch(`${platform.url}/auth/v1/.well-known/jwks.json`)).json();
    const sql = admin(platform, writers + 1);
    await sql`create table public.written (writer int, n int, text text, primary key (writer, n))`;
    let writing = true;
    const write = async (writer: number) => {
      for (let n = 0; writing; n++) {
        // Long rows change many pages, and so the files change while they are copied.
        await sql`insert into public.written values (${writer}, ${n}, repeat('x', 1000))`;
        acknowledged.push({ writer, n, atMs: Date.now() });
        // A table that comes and goes: its files vanish during the copy.
        if (n % 10 === 0) await sql.unsafe(`create table t${writer} as select 1; drop table t${writer}`);
        // New segments of the write-ahead log, and checkpoints that delete old ones.
        if (writer === 0 && n % 20 === 0) await sql`select pg_switch_wal()`;
        if (writer === 1 && n % 20 === 10) await sql`checkpoint`;
      }
    };
    const writes = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
    await expect.poll(() => acknowledged.length).toBeGreaterThan(200);
    expect(await backUp(first, dir)).toMatchObject({ running: true });
    writing = false;
    await writes;
    // Bob comes after the backup. So he is not in it.
    await signUp(platform, "bob");
    await sql.end();
  }
  const { madeAt } = JSON.parse(await readFile(join(dir, "backup.json"), "utf8"));
  const due = acknowledged.filter(({ atMs }) => atMs < Date.parse(madeAt));
  expect(due.length).toBeGreaterThan(200);
  // The backup was not made in a pause: people wrote until its end.
  expect(due.length).toBeLessThan(acknowledged.length);

  expect(await restore(dir, second, false)).toEqual({ madeAt, aside: [] });
  await using platform = await start(second);
  expect(await usernames(platform)).toEqual(["alice"]);
  expect(await (await fetch(`${platform.url}/auth/v1/.well-known/jwks.json`)).json()).toEqual(jwks);
  const sql = admin(platform);
  const rows = await sql<{ writer: number; n: number }[]>`select writer, n from public.written order by n`;
  const kept = new Set(rows.map(({ writer, n }) => `${writer}/${n}`));
  expect(due.filter(({ writer, n }) => !kept.has(`${writer}/${n}`))).toEqual([]);
  for (let writer = 0; writer < writers; writer++) {
    const numbers = rows.filter((row) => row.writer === writer).map(({ n }) => n);
    expect(numbers).toEqual(numbers.map((_, index) => index));
  }
  // The index agrees with the table, and the restored platform takes new writes.
  const [count] = await sql`select count(*)::int from public.written where writer >= 0 and n >= 0`;
  expect(count).toEqual({ count: rows.length });
  await sql.end();
  await signUp(platform, "carol");
  expect(await usernames(platform)).toEqual(["alice", "carol"]);
});

test("a restore refuses a folder with a database, and with `replace` keeps the old one aside", async () => {
  const stateDir = join(await folder(), "state");
  const dir = join(await folder(), "backup");
  {
    await using platform = await start(stateDir);
    await signUp(platform, "alice");
    const backup = run(stateDir, "backup", dir);
    expect(await backup.ended).toBe(0);
    expect(backup.output()).toContain(dir);
    await signUp(platform, "bob");
    await expect(restore(dir, stateDir, true)).rejects.toMatchObject({ code: "already_running" });
  }
  expect(await refused(run(stateDir, "restore", dir), "database_exists")).toContain("--replace");
  {
    await using platform = await start(stateDir);
    expect(await usernames(platform)).toEqual(["alice", "bob"]);
  }
  const { aside } = await restore(dir, stateDir, true);
  expect(aside).toHaveLength(1);
  expect(await readdir(aside[0] as string)).toContain("PG_VERSION");
  await using platform = await start(stateDir);
  expect(await usernames(platform)).toEqual(["alice"]);
});

test("a stopped platform is backed up too, and only the owner can read the backup", async () => {
  const stateDir = join(await folder(), "state");
  const dir = join(await folder(), "backup");
  await expect(backUp(stateDir, dir)).rejects.toMatchObject({ code: "nothing_to_back_up" });
  {
    await using platform = await start(stateDir);
    await signUp(platform, "alice");
  }
  expect(await backUp(stateDir, dir)).toMatchObject({ running: false });
  await expect(backUp(stateDir, dir)).rejects.toMatchObject({ code: "backup_exists" });
  await expect(backUp(stateDir, "/dev/null/x")).rejects.toMatchObject({ code: "backup_failed" });
  for (const path of ["", "secrets.json", "data/PG_VERSION", "data/base"]) {
    expect((await stat(join(dir, path))).mode & 0o077).toBe(0);
  }
  const other = join(await folder(), "state");
  await restore(dir, other, false);
  await using platform = await start(other);
  expect(await usernames(platform)).toEqual(["alice"]);
});

test("a damaged or incomplete backup, or one of another Postgres, is refused and changes nothing", async () => {
  const stateDir = join(await folder(), "state");
  const dir = join(await folder(), "backup");
  {
    await using _platform = await start(stateDir);
  }
  await backUp(stateDir, dir);
  const empty = join(await folder(), "state");
  const refusedAs = async (code: string) => {
    await expect(restore(dir, empty, false)).rejects.toMatchObject({ code });
    expect(await readdir(join(empty, "postgres")).catch(() => [])).toEqual([]);
  };
  if (process.getuid?.() === 0) {
    const nobody = { uid: 65534, gid: 65534 };
    const command = [main, "restore", dir, "--state-dir", join(await folder(), "state")];
    await refused(watch(process.execPath, command, nobody), "backup_unreadable");
  }
  const list = join(dir, "backup.json");
  const right = await readFile(list, "utf8");

  await appendFile(join(dir, "data/base/1/1259"), "x");
  await refusedAs("backup_damaged");
  await rm(join(dir, "data/base/1/1259"));
  await refusedAs("backup_damaged");
  await writeFile(list, right.replace('"postgres": "17"', '"postgres": "16"'));
  await refusedAs("backup_unfit");
  await writeFile(list, right.replace('"data/PG_VERSION"', '"data/../../PG_VERSION"'));
  await refusedAs("backup_damaged");
  await writeFile(list, right.slice(0, 1000));
  await refusedAs("backup_damaged");
  await rm(list);
  await refusedAs("backup_damaged");
});
