/**
 * Workers are killed with `kill -9` at random moments, and every errand still has its effect exactly once.
 * `PLAZA_KILLS=5000` kills more often. The number of kills is printed.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createJobs } from "../../edge-functions/_shared/jobs.ts";
import { createDatabase } from "../database/database.ts";
import { root } from "./jobs-town.ts";

const killsWanted = Number(process.env.PLAZA_KILLS ?? 100);
/** Workers that run at the same time. */
const lanes = 3;

/** Each errand writes twice, with a pause between. A kill is often in the middle of an effect. */
const workers = `
import { z } from "zod";
import { defineWorker } from "../_shared/jobs.ts";
export const workers = [defineWorker({
  queue: "errands",
  data: z.object({ mark: z.number() }),
  async work({ data }, sql) {
    console.log("an errand");
    await sql\`insert into private.errands_done (mark) values (\${data.mark})\`;
    await sql\`select pg_sleep(0.01)\`;
    await sql\`insert into private.errands_done (mark) values (-\${data.mark}::integer)\`;
  },
})];
`;

test(`every effect takes place once, although ${killsWanted} workers are killed`, {
  timeout: 120_000 + killsWanted * 3000,
}, async () => {
  await using db = await createDatabase();
  const dir = await mkdtemp(join(tmpdir(), "plaza-kills-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await mkdir(join(dir, "edge-functions"));
  for (const folder of ["_shared", "jobs"]) {
    await cp(join(root, "edge-functions", folder), join(dir, "edge-functions", folder), { recursive: true });
  }
  await symlink(join(root, "node_modules"), join(dir, "node_modules"));
  await writeFile(join(dir, "package.json"), '{"type": "module"}');
  await writeFile(join(dir, "edge-functions/jobs/workers.ts"), workers);
  await db.owner`
    select pgboss.create_queue('errands', '{
      "policy": "standard", "deadLetter": "dead-letters", "retryLimit": 1000, "retryDelay": 0, "expireInSeconds": 600
    }')
  `;
  await db.owner`create table private.errands_done (mark integer)`;

  const jobs = createJobs({ databaseUrl: db.url, workers: [] });
  onTestFinished(() => jobs.close());
  let sent = 0;
  /** Always leaves something to do. */
  const send = async () => {
    // The lanes send at the same time. So each takes its marks before it waits.
    const first = sent + 1;
    sent += 50;
    await db.owner`select private.send_job('errands', jsonb_build_object('mark', n)) from generate_series(${first}::integer, ${first + 49}) as n`;
  };
  /** Nobody has these jobs any more, because no worker has this connection. The maintenance takes them back. */
  const takeBack = async () => {
    await db.owner`
      update pgboss.job set started_on = started_on - interval '1 hour'
      where state = 'active' and name = 'errands' and started_on < now() - interval '3 seconds'
    `;
    await db.owner`update pgboss.queue set monitor_on = null, monitor_claim_on = null`;
    await jobs.maintain();
  };
  const work = () =>
    spawn(process.execPath, ["edge-functions/jobs/worker.ts"], {
      cwd: dir,
      env: { PATH: process.env.PATH, TMPDIR: process.env.TMPDIR, SUPABASE_DB_URL: db.url },
      stdio: ["ignore", "pipe", "inherit"],
    });

  let kills = 0;
  let started = 0;
  await send();
  await Promise.all(
    Array.from({ length: lanes }, async () => {
      while (started < killsWanted) {
        started++;
        const worker = work();
        await new Promise<void>((resolve) => {
          worker.stdout.on("data", (text) => String(text).includes("an errand") && resolve());
        });
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 60));
        worker.kill("SIGKILL");
        await once(worker, "exit");
        if (worker.signalCode === "SIGKILL") kills++;
        const [left] = await db.owner`select private.waiting_jobs('errands', 50) as waiting`;
        if (left?.waiting < 50) await send();
        if (started % 10 === 0) await takeBack();
      }
    }),
  );
  const [returned] = await db.owner`
    select count(*) filter (where state = 'active' or retry_count > 0) as returned
    from pgboss.job where name = 'errands'
  `;

  // The last worker lives. It does what is left.
  const last = work();
  onTestFinished(() => void last.kill("SIGKILL"));
  for (;;) {
    await takeBack();
    const [open] = await db.owner`
      select count(*) from pgboss.job where name = 'errands' and state not in ('completed', 'failed')
    `;
    if (open?.count === 0) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  last.kill("SIGTERM");
  await once(last, "exit");

  const wrong = await db.owner`
    select n as mark, count(done.mark) as effects
    from generate_series(1, ${sent}::integer) as n
    left join private.errands_done as done on abs(done.mark) = n
    group by n
    having count(done.mark) <> 2 or sum(done.mark) <> 0
  `;
  expect([...wrong]).toEqual([]);
  expect(kills).toBe(killsWanted);
  expect(returned?.returned).toBeGreaterThan(0);
  console.log(`${kills} kills, ${sent} errands, ${returned?.returned} of them were taken back`);
});
