/** docs/reference/jobs.md lists every queue and every job of pg_cron, as the database has them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { workers } from "../../edge-functions/jobs/workers.ts";
import { projectDir } from "../../sql/tools/server.ts";
import { createDatabase, type Database } from "./database.ts";

let db: Database;
let page: string;
beforeAll(async () => {
  db = await createDatabase();
  page = await readFile(join(projectDir, "docs/reference/jobs.md"), "utf8");
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** The cells of the table under a heading, without the head of the table. */
function rowsUnder(heading: string): string[][] {
  const section = page.split(/^## /m).find((section) => section.startsWith(heading)) ?? "";
  return [...section.matchAll(/^\| (.*) \|$/gm)]
    .map(([, row = ""]) => row.split(" | ").map((cell) => cell.replaceAll("`", "")))
    .slice(1);
}

test("every job of pg_cron has its row, with its schedule", async () => {
  const jobs = await db.admin`select jobname, schedule from cron.job order by jobname`;
  const listed = rowsUnder("Schedules").map(([name, schedule]) => ({ jobname: name, schedule }));
  expect(listed.sort((a, b) => ((a.jobname ?? "") < (b.jobname ?? "") ? -1 : 1))).toEqual([...jobs]);
  for (const [name, , ...cells] of rowsUnder("Schedules")) {
    expect(
      cells.filter((cell) => cell.length > 3),
      name,
    ).toHaveLength(3);
  }
});

test("every job of pg_cron is active and runs as the role postgres", async () => {
  const others = await db.admin`select jobname from cron.job where username <> 'postgres' or not active`;
  expect([...others]).toEqual([]);
});

test("every queue has its row, and a worker", async () => {
  const queues = (await db.owner`select name from pgboss.queue order by name`).map(({ name }) => name);
  expect(
    rowsUnder("Queues")
      .map(([name]) => name)
      .sort(),
  ).toEqual(queues);
  const worked = workers.map(({ queue }) => queue).sort();
  expect(worked).toEqual(queues.filter((name) => name !== "dead-letters"));
});

test("every queue has dead-letters and a bound on its tries", async () => {
  const open = await db.owner`
    select name from pgboss.queue
    where name <> 'dead-letters' and (dead_letter is distinct from 'dead-letters' or retry_limit > 20)
  `;
  expect([...open]).toEqual([]);
});
