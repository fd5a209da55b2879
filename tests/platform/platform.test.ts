import { chmod, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@supabase/supabase-js";
import postgres from "postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { silent } from "../../platform/log.ts";
import { createPlatform, type Platform } from "../../platform/platform.ts";
import { startServer } from "../../platform/postgres/server.ts";

const usernames = async (platform: Platform) => {
  const client = createClient(platform.url, platform.keys.secretKey, { auth: { persistSession: false } });
  const { data } = await client.from("profiles").select("username").order("username").throwOnError();
  return data?.map(({ username }) => username);
};

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-platform-"));
  await chmod(dir, 0o711);
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

test("two platforms run side by side, each with its own people, and leave no folder", async () => {
  // Other tests make folders like these at the same time, so these platforms get a place of their own.
  const place = await folder();
  vi.stubEnv("TMPDIR", place);
  onTestFinished(() => void vi.unstubAllEnvs());
  {
    await using first = await createPlatform({ ephemeralPorts: true, seed: true });
    await using second = await createPlatform({ ephemeralPorts: true, seed: false });
    expect(first.url).not.toBe(second.url);
    expect(await usernames(first)).toContain("alice");
    expect(await usernames(second)).toEqual([]);
    expect((await folders(place)).length).toBeGreaterThanOrEqual(2);
  }
  expect(await folders(place)).toEqual([]);
});

const folders = async (place: string) => (await readdir(place)).filter((name) => /^plaza-\w{6}$/.test(name));

test("the platform uses an existing server by its URL, and leaves it running", async () => {
  const password = "a password of its own";
  await using server = await startServer({
    dataDir: join(await folder(), "data"),
    port: 0,
    password,
    durable: false,
    log: silent,
  });
  const databaseUrl = `postgresql://supabase_admin:${encodeURIComponent(password)}@127.0.0.1:${server.port}/postgres`;
  {
    await using platform = await createPlatform({ ephemeralPorts: true, databaseUrl });
    expect(await usernames(platform)).toContain("alice");
    // Only the embedded server has the publicly known password.
    const wellKnown = postgres({
      host: "127.0.0.1",
      port: server.port,
      user: "postgres",
      password: "postgres",
      max: 1,
    });
    await expect(wellKnown`select 1`).rejects.toMatchObject({ code: "28P01" });
    await wellKnown.end();
  }
  await using again = await createPlatform({ ephemeralPorts: true, databaseUrl });
  expect(await usernames(again)).toContain("alice");
});

test("a start that fails stops the services that had started, and says why", async () => {
  const stateDir = await folder();
  const start = createPlatform({
    stateDir,
    ephemeralPorts: true,
    databaseUrl: "postgresql://supabase_admin:postgres@127.0.0.1:1/postgres",
  });
  await expect(start).rejects.toThrow(/ECONNREFUSED/);
  await using platform = await createPlatform({ stateDir, ephemeralPorts: true, seed: false });
  expect(await usernames(platform)).toEqual([]);
});

test("on a laptop the second mail may follow after a second, with PLAZA_DEVELOPMENT=off after a minute", async () => {
  const secondMail = async (PLAZA_DEVELOPMENT?: string) => {
    const env = { ...process.env, PLAZA_DEVELOPMENT };
    await using platform = await createPlatform({ ephemeralPorts: true, seed: false, env });
    const { auth } = createClient(platform.url, platform.keys.publishableKey, {
      auth: { persistSession: false },
    });
    const email = "alice@example.com";
    expect((await auth.resetPasswordForEmail(email)).error).toBeNull();
    const { error } = await auth.resetPasswordForEmail(email);
    return Number(/after (\d+) seconds/.exec(error?.message ?? "after 0 seconds")?.[1]);
  };
  expect(await secondMail()).toBe(0);
  expect(await secondMail("off")).toBeGreaterThan(40);
});

async function postmaster(platform: Platform): Promise<{ pid: number; dataDir: string }> {
  const sql = postgres(platform.adminUrl, { max: 1, onnotice: () => {} });
  const [row] = await sql`
    select split_part(pg_read_file('postmaster.pid'), e'\\n', 1)::int as pid,
      current_setting('data_directory') as "dataDir"`;
  await sql.end({ timeout: 1 });
  return row as { pid: number; dataDir: string };
}

test("if Postgres is killed, the platform starts it again and goes on with all data", async () => {
  await using platform = await createPlatform({ ephemeralPorts: true, seed: true });
  const { pid } = await postmaster(platform);
  process.kill(pid, "SIGKILL");
  await expect
    .poll(() => postmaster(platform).catch(() => ({ pid })), { timeout: 30_000 })
    .not.toMatchObject({ pid });
  await expect.poll(() => usernames(platform).catch(() => []), { timeout: 30_000 }).toContain("alice");
});

test("the platform reports it if Postgres ended and cannot start again", async () => {
  await using platform = await createPlatform({ ephemeralPorts: true, seed: false });
  const { pid, dataDir } = await postmaster(platform);
  await writeFile(join(dataDir, "global", "pg_control"), Buffer.alloc(8192));
  process.kill(pid, "SIGKILL");
  expect((await platform.failed).code).toBe("postgres_failed");
});

test("a platform whose state folder was deleted leaves the platform alone that uses the folder now", async () => {
  const stateDir = await folder();
  await using first = await createPlatform({ stateDir, ephemeralPorts: true, seed: false });
  const { pid } = await postmaster(first);
  await rm(stateDir, { recursive: true, maxRetries: 20, retryDelay: 100 });
  await using second = await createPlatform({ stateDir, ephemeralPorts: true, seed: false });
  const admin = postgres(second.adminUrl, { max: 1, onnotice: () => {} });
  onTestFinished(() => admin.end());
  const startedAt = () => admin`select pg_postmaster_start_time() as at`.then(([row]) => String(row?.at));
  const before = await startedAt();

  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // Postgres has noticed that its folder is gone. That may take a minute.
  }
  expect(await first.failed).toMatchObject({ code: "state_deleted" });
  await first[Symbol.asyncDispose]();
  expect(await startedAt()).toBe(before);
  await expect(createPlatform({ stateDir, ephemeralPorts: true })).rejects.toMatchObject({
    code: "already_running",
    message: expect.stringContaining(`process ${process.pid}`),
  });
});
