import { expect, onTestFinished, test } from "vitest";
import { healthLines, jobHealth } from "../../platform/terminal/job-health.ts";
import { createDatabase } from "../database/database.ts";

test("the status names every queue, and a job of pg_cron only if it failed or gave something up", async () => {
  const db = await createDatabase();
  onTestFinished(() => db[Symbol.asyncDispose]());
  await db.owner`select private.send_job('heartbeat')`;
  const text = await jobHealth(db.url);
  expect(text).toContain("queue heartbeat: 1 waiting, 0 running, the oldest for ");
  expect(text).toContain("maintenance maintenance: no success yet");
  expect(text).not.toContain("schedule");
});

test("the status says what is wrong", () => {
  const row = { waiting: 0, running: 0, oldest_at: null, lost_doorbells: 2, failed: 3, dead: 1 };
  expect(
    healthLines([{ ...row, kind: "schedule", name: "sweep-jobs", succeeded_at: new Date(0) }], 600_000),
  ).toEqual([
    "Background work:",
    "  schedule sweep-jobs: 3 failed in 24 hours, 1 given up, 2 doorbells without answer, last success 10 min ago",
  ]);
});

test("the status does not fail when the database is away, or has no queues", async () => {
  expect(await jobHealth("postgresql://postgres@127.0.0.1:1/postgres")).toContain("not known");
  const db = await createDatabase("supabase");
  onTestFinished(() => db[Symbol.asyncDispose]());
  expect(await jobHealth(db.url)).toBe("");
});
