import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { expect, onTestFinished, test, vi } from "vitest";
import { createPlatform } from "../../../platform/platform.ts";

test("a job of a migration rings a function, with an address and a secret from the Vault", {
  timeout: 120_000,
}, async () => {
  const projectDir = await mkdtemp(join(tmpdir(), "plaza-net-"));
  await chmod(projectDir, 0o711);
  onTestFinished(() => rm(projectDir, { recursive: true, force: true }));
  await mkdir(join(projectDir, "supabase/migrations"), { recursive: true });
  await mkdir(join(projectDir, "supabase/functions/bell"), { recursive: true });
  await writeFile(
    join(projectDir, "supabase/config.toml"),
    `
      [db.vault]
      project_url = "http://kong:8000"
      ring_secret = "env(RING_SECRET)"
      [functions.bell]
      verify_jwt = false
    `,
  );
  await writeFile(
    join(projectDir, "supabase/functions/bell/index.ts"),
    `Deno.serve(async (request) =>
      Response.json({ secret: request.headers.get("x-ring-secret"), body: await request.json() }));`,
  );
  await writeFile(
    join(projectDir, "supabase/migrations/20261125000000_bell.sql"),
    `
      create extension if not exists pg_cron;
      create extension if not exists pg_net;
      select cron.schedule('ring', '1 second', $$
        select net.http_post(
          url := (select decrypted_secret from vault.decrypted_secrets where name = 'project_url')
            || '/functions/v1/bell',
          body := jsonb_build_object('queue', 'trends'),
          headers := jsonb_build_object(
            'Content-Type', 'application/json',
            'x-ring-secret',
            (select decrypted_secret from vault.decrypted_secrets where name = 'ring_secret')
          ),
          timeout_milliseconds := 30000
        )
      $$);
    `,
  );
  await using platform = await createPlatform({
    projectDir,
    stateDir: join(projectDir, "state"),
    ephemeralPorts: true,
    seed: false,
    env: { RING_SECRET: "ding-dong" },
  });
  const sql = postgres(platform.databaseUrl, { max: 1, onnotice() {} });
  onTestFinished(() => sql.end({ timeout: 1 }));
  await vi.waitFor(
    async () => {
      const [row] =
        await sql`select status_code, content::json, error_msg from net._http_response order by id`;
      expect(row).toEqual({
        status_code: 200,
        content: { secret: "ding-dong", body: { queue: "trends" } },
        error_msg: null,
      });
    },
    { timeout: 60_000, interval: 100 },
  );
  await sql`select net.check_worker_is_up()`;
  const [job] = await sql`select status, return_message from cron.job_run_details order by runid limit 1`;
  expect(job).toEqual({ status: "succeeded", return_message: "1 row" });
});
