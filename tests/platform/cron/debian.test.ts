/**
 * The jobs of the migrations on the real pg_cron. .ci/pg-cron gets Debian's package, sets PLAZA_PG_CRON to
 * the folder where it is unpacked, and runs this. Without the variable, the test is skipped.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { silent } from "../../../platform/log.ts";
import { serverUser } from "../../../platform/postgres/binaries.ts";
import { bootstrapDatabase } from "../../../platform/postgres/bootstrap.ts";
import { migrate } from "../../../platform/postgres/migrate.ts";
import { freePort } from "../../../platform/postgres/server.ts";
import { projectDir } from "../../../sql/tools/server.ts";
import { bootstrapOptions, connect, startWithExtensions, urlOf } from "../postgres/supabase-server.ts";

const files = process.env.PLAZA_PG_CRON;
const patience = { timeout: 60_000, interval: 200 };

/** A server with the real pg_cron. Debian's is built for a newer C library than many machines have. */
async function startWithRealCron(files: string): Promise<{ port: number; dir: string }> {
  const dir = await mkdtemp(join(tmpdir(), "plaza-pg-cron-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await chmod(dir, 0o755);
  const first = await startWithExtensions(join(dir, "data"));
  await first[Symbol.asyncDispose]();

  const home = join(dir, "home");
  const extensions = join(home, "share/postgresql/extension");
  await cp(first.binaries.home, home, { recursive: true, verbatimSymlinks: true });
  for (const name of await readdir(extensions)) {
    if (name.startsWith("pg_cron")) await rm(join(extensions, name));
  }
  await cp(join(files, "usr/share/postgresql/17/extension"), extensions, { recursive: true });
  await cp(join(files, "usr/lib/postgresql/17/lib/pg_cron.so"), join(home, "lib/postgresql/pg_cron.so"));

  const [machine] = (await readdir(join(files, "usr/lib"))).filter((name) => name.endsWith("-linux-gnu"));
  const libraries = join(files, "usr/lib", machine ?? "");
  const loader = (await readdir(libraries)).find((name) => /^ld-linux.*\.so/.test(name)) ?? "";
  const port = await freePort();
  const child = spawn(
    join(libraries, loader),
    [
      ["--library-path", `${libraries}:${join(home, "lib")}`, join(home, "bin/postgres")],
      ["-D", join(dir, "data"), "-p", String(port)],
      ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "wal_level=logical"],
      ["-c", "shared_preload_libraries=pg_stat_statements,pg_cron"],
      // As on hosted Supabase. Each run needs a worker.
      ["-c", "cron.use_background_workers=on", "-c", "max_worker_processes=64"],
    ].flat(),
    { ...(await serverUser()), cwd: "/", stdio: "ignore" },
  );
  const ended = once(child, "exit");
  onTestFinished(async () => {
    child.kill("SIGINT");
    await ended;
  });
  return { port, dir };
}

test.skipIf(files === undefined)(
  "every job of the migrations runs on the real pg_cron",
  async () => {
    const server = await startWithRealCron(files as string);
    const admin = connect(server, "supabase_admin");
    onTestFinished(() => admin.end({ timeout: 1 }));
    await vi.waitFor(() => admin`select 1`, patience);
    await bootstrapDatabase(urlOf(server, "supabase_admin"), bootstrapOptions);
    // Supabase does this when somebody creates the extension.
    await admin.unsafe(`
    create extension pg_cron;
    grant usage on schema cron to postgres with grant option;
    grant execute on all functions in schema cron to postgres with grant option`);
    await migrate({
      projectDir,
      databaseUrl: urlOf(server, "postgres"),
      homeDir: join(server.dir, "supabase-cli"),
      seed: true,
      env: process.env,
      log: silent,
    });

    const [library] =
      await admin`select probin from pg_proc where oid = 'cron.schedule(text, text)'::regprocedure`;
    expect(library?.probin).toContain("pg_cron");
    const scheduled = await admin`select jobname from cron.job`;
    expect(scheduled.length).toBeGreaterThan(10);
    // pg_cron has read the schedules. Nobody waits for a daily job here.
    await admin`select cron.alter_job(jobid, schedule => '1 second') from cron.job`;
    await vi.waitFor(async () => {
      const waiting = await admin`
      select jobname from cron.job
      where not exists (
        select from cron.job_run_details as run where run.jobid = job.jobid and run.status = 'succeeded'
      )`;
      expect(waiting.map(({ jobname }) => jobname)).toEqual([]);
    }, patience);
    const failed = await admin`
    select distinct jobname, return_message
    from cron.job_run_details join cron.job using (jobid)
    where job_run_details.status = 'failed'`;
    expect([...failed]).toEqual([]);
  },
  180_000,
);
