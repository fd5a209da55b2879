import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { createPlatform } from "../../../platform/platform.ts";
import { patience } from "./town.ts";

test("a job that a migration scheduled runs as soon as the platform runs", async () => {
  const projectDir = await mkdtemp(join(tmpdir(), "plaza-cron-"));
  await chmod(projectDir, 0o711);
  onTestFinished(() => rm(projectDir, { recursive: true, force: true }));
  await mkdir(join(projectDir, "supabase/migrations"), { recursive: true });
  await writeFile(join(projectDir, "supabase/config.toml"), "");
  await writeFile(
    join(projectDir, "supabase/migrations/20261125000000_tidy.sql"),
    `
      create extension pg_cron;
      create table public.tidied (at timestamptz not null, by text not null);
      alter table public.tidied enable row level security;
      select cron.schedule('tidy', '1 second', 'insert into public.tidied values (now(), current_user)');
    `,
  );
  await using platform = await createPlatform({
    projectDir,
    stateDir: join(projectDir, "state"),
    ephemeralPorts: true,
    seed: false,
  });
  const sql = postgres(platform.databaseUrl, { max: 1, onnotice() {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  await vi.waitFor(
    async () => expect(await sql`select by from tidied limit 1`).toEqual([{ by: "postgres" }]),
    patience,
  );
  // The role postgres sees it too, as on hosted Supabase.
  await vi.waitFor(
    async () =>
      expect(await sql`select status, return_message from cron.job_run_details limit 1`).toEqual([
        { status: "succeeded", return_message: "INSERT 0 1" },
      ]),
    patience,
  );
});
