import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import postgres from "postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { makeBundle } from "../../platform/bundle.ts";
import { createPlatform } from "../../platform/platform.ts";
import { folder, said, watch } from "./command-line.ts";

/*
 * What a small and a large platform plan with, and what gives memory back.
 */

const root = join(import.meta.dirname, "../..");

test("a small platform starts with V8's flags and small buffers, and keeps compiled modules", async () => {
  await makeBundle();
  const stateDir = await folder();
  const cli = join(root, "platform/cli.js");
  const started = await said(
    watch(process.execPath, [cli, "start", "--free-ports", "--no-web", "--state-dir", stateDir]),
  );
  const words = (await readFile(`/proc/${started.child.pid}/cmdline`, "utf8")).split("\0");
  expect(words).toContain("--max-semi-space-size=4");
  expect(words).toContain(stateDir);
  const url = /postgresql:\/\/\S+/.exec(started.output())?.[0] as string;
  const sql = postgres(url, { max: 1 });
  onTestFinished(() => sql.end());
  const [row] = await sql`
    select
      current_setting('shared_buffers') as buffers,
      current_setting('wal_buffers') as wal_buffers,
      current_setting('pg_stat_statements.max') as statements,
      current_setting('max_connections') as connections`;
  expect(row).toEqual({ buffers: "64MB", wal_buffers: "512kB", statements: "1000", connections: "120" });
  await sql.end();
  started.child.kill("SIGTERM");
  expect(await started.ended).toBe(0);
  expect(await readdir(join(root, "node_modules/.cache/plaza/compiled"))).not.toEqual([]);
});

test("only a statement that asks for too much memory fails: its session and the others go on", async () => {
  await using platform = await createPlatform({ ephemeralPorts: true, seed: false });
  const [sql, other] = [1, 2].map(() => postgres(platform.databaseUrl, { max: 1, onnotice() {} })) as [
    postgres.Sql,
    postgres.Sql,
  ];
  try {
    const [before] = await sql`select pg_backend_pid() as pid`;
    const size = (megabytes: number) => sql`
      select cardinality(array_agg(repeat('x', 1000))) as size
      from generate_series(1, ${1000 * megabytes}::integer)`;
    expect(await size(100)).toEqual([{ size: 100_000 }]);
    await expect(size(1000)).rejects.toMatchObject({ code: "53200" });
    expect(await sql`select pg_backend_pid() as pid`).toEqual([before]);
    expect(await other`select 1 as one`).toEqual([{ one: 1 }]);
  } finally {
    await Promise.all([sql.end(), other.end()]);
  }
});

test("an answer that takes too much memory is refused with 503, and the next one comes", async () => {
  await using platform = await createPlatform({ ephemeralPorts: true, seed: false });
  const sql = postgres(platform.databaseUrl, { max: 1, onnotice() {} });
  try {
    await sql.unsafe(`
      create function public.large(megabytes integer) returns text language sql
        as $$ select repeat('x', 1000 * 1000 * megabytes) $$;
      grant execute on function public.large to service_role;
      notify pgrst, 'reload schema';`);
    const ask = async (megabytes: number) => {
      const answer = await fetch(`${platform.url}/rest/v1/rpc/large?megabytes=${megabytes}`, {
        headers: { apikey: platform.keys.secretKey },
      });
      return { status: answer.status, text: await answer.text() };
    };
    await vi.waitFor(async () => expect((await ask(1)).status).toBe(200), { timeout: 10_000 });
    const refused = await ask(500);
    expect(refused.status).toBe(503);
    expect(JSON.parse(refused.text)).toMatchObject({ code: "53200", message: "out of memory" });
    expect((await ask(1)).status).toBe(200);
  } finally {
    await sql.end();
  }
});

test("a large platform has larger buffers, and all its sessions", async () => {
  await using platform = await createPlatform({ ephemeralPorts: true, memory: "large", seed: false });
  const sql = postgres(platform.adminUrl, { max: 1 });
  onTestFinished(() => sql.end());
  const [row] = await sql`
    select
      pg_size_bytes(current_setting('shared_buffers')) >= 128 * 1024 * 1024 as large,
      current_setting('max_connections') as connections`;
  expect(row).toEqual({ large: true, connections: "200" });
  await sql.end();
});

test("an idle process gives its garbage back, and keeps it without the flag of cli.js", async () => {
  const program = `
    import { collectWhenIdle } from ${JSON.stringify(join(root, "platform/idle-memory.ts"))};
    const kept = [];
    for (let i = 0; i < 300_000; i++) kept.push({ i });
    kept.length = 0;
    const before = process.memoryUsage().heapTotal;
    using _ = collectWhenIdle(100);
    await new Promise((resolve) => setTimeout(resolve, 2000));
    console.log(process.memoryUsage().heapTotal < before * 0.7);
  `;
  const collects = async (...flags: string[]) => {
    const words = [...flags, "--input-type=module", "-e", program];
    return (await promisify(execFile)(process.execPath, words)).stdout.trim();
  };
  expect(await collects("--expose-gc")).toBe("true");
  expect(await collects()).toBe("false");
});
