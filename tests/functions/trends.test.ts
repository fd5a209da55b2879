/** Trends on the real parts: the schedule sends a job, Postgres rings, and the function on Deno computes them. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { Person } from "../database/database.ts";
import { createTown, root, type Town } from "./jobs-town.ts";

const patience = { timeout: 30_000, interval: 50 };

let town: Town;
let crowd: Person[];
beforeAll(async () => {
  town = await createTown();
  const workers = await readFile(join(root, "edge-functions/jobs/workers.ts"), "utf8");
  await town.project.write("jobs/workers.ts", workers);
  crowd = [];
  for (let one = 0; one < 40; one++) crowd.push(await town.db.signUp(`crowd_${one}`));
  await town.db.owner`insert into private.trust (profile_id) select id from profiles`;
}, 60_000);
afterAll(() => town?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await town.db.owner`delete from pgboss.job`;
  await town.db.owner`delete from private.doorbells`;
});

const write = async (tag: string) => {
  for (const who of crowd) await who.asks((sql) => sql`insert into posts (content) values (${`#${tag}`})`);
};
const send = async () => {
  const [row] = await town.db.owner`select private.send_job('trends') as id`;
  return row?.id as string | null;
};
const tags = async () => {
  const rows = await town.db.as("anon")((sql) => sql`select tag, people from trending_tags('hour')`);
  return Object.fromEntries(rows.map(({ tag, people }) => [tag, people]));
};
const state = async () => {
  const [row] = await town.db.owner`
    select refreshed_at, (select count(*) from private.trend_changes) as waiting from private.trend_state
  `;
  return row;
};

test("an idle network starts no function, and the first post with a tag does", async () => {
  const { admin, owner } = town.db;
  // No hour ends in this test, and no fifth minute comes.
  await owner`update private.trend_state set closed_at = closed_at + interval '1 hour'`;
  const { count: schedules } = await admin`
    update cron.job
    set active = true, schedule = '1 second',
      command = replace(command, 'if_due()', case jobname when 'send-trends' then 'if_due()' else 'if_due(''2026-11-29 12:00Z'')' end)
    where jobname in ('send-trends', 'ring-for-maintenance')
  `;
  expect(schedules).toBe(2);
  await owner`insert into private.doorbells (queue, began_at, ended_at) values ('maintenance', now(), now())`;
  await using open = await town.open();
  const runs = () => admin`
    select from cron.job_run_details as run
    join cron.job using (jobid)
    where jobname in ('send-trends', 'ring-for-maintenance') and run.status = 'succeeded'
    group by jobname
    having count(*) >= 3
  `;
  await vi.waitFor(async () => expect(await runs()).toHaveLength(2), patience);
  expect(await owner`select from private.doorbells`).toHaveLength(1);
  expect(await owner`select from pgboss.job`).toHaveLength(0);
  expect(open.lines.join("\n")).not.toContain("booted");

  await crowd[0]?.asks((sql) => sql`insert into posts (content) values ('#idle')`);
  await vi.waitFor(async () => {
    const found = await owner`select from private.trend_counts where term = 'idle'`;
    expect(found).toHaveLength(1);
  }, patience);
  expect(open.lines.join("\n")).toContain("booted");
  await admin`update cron.job set active = false where jobname in ('send-trends', 'ring-for-maintenance')`;
  await owner`update private.trend_state set closed_at = closed_at - interval '1 hour'`;
}, 60_000);

test("a job computes what trends, and a second one waits at most", async () => {
  await using open = await town.open({ net: false, cron: false });
  await write("harvest");
  expect(await tags()).toEqual({});
  expect(await send()).toMatch(/^[0-9a-f-]{36}$/);
  expect(await send()).toBe(null);
  expect(await open.drain("trends")).toEqual({ done: 1, failed: 0, left: 0 });
  expect(await tags()).toEqual({ harvest: 40 });
  const said = open.lines.join("\n");
  expect(said).toMatch(/trends: 3 began, 0 ended/);
}, 60_000);

test("a job that runs twice has one effect", async () => {
  await using open = await town.open({ net: false, cron: false });
  const id = await send();
  await open.drain("trends");
  const before = await state();
  // The worker was taken for dead, and its job is given to the next one.
  await town.db
    .owner`update pgboss.job set state = 'created', completed_on = null, output = null where id = ${id}`;
  expect(await open.drain("trends")).toEqual({ done: 1, failed: 0, left: 0 });
  expect(await state()).toEqual(before);
  // Another job has an effect of its own.
  await send();
  await open.drain("trends");
  expect((await state())?.refreshed_at.getTime()).toBeGreaterThan(before?.refreshed_at.getTime());
}, 60_000);

test("a refresh that fails changes nothing, and the next one does all of it", async () => {
  await using open = await town.open({ net: false, cron: false });
  await write("second");
  const before = await state();
  expect(before?.waiting).toBe(40);
  await town.db.owner`alter table private.trends add constraint broken check (term <> 'second')`;
  await send();
  expect(await open.drain("trends")).toMatchObject({ done: 0, failed: 1 });
  expect(await state()).toEqual(before);
  await town.db.owner`alter table private.trends drop constraint broken`;
  await town.db.owner`update pgboss.job set start_after = now()`;
  expect(await open.drain("trends")).toMatchObject({ done: 1, failed: 0 });
  expect((await state())?.waiting).toBe(0);
  expect(await tags()).toEqual({ harvest: 40, second: 40 });
}, 60_000);

test("the schedule, the doorbell and the function do it without anybody", async () => {
  await write("third");
  await town.db.admin`
    update cron.job set active = true, schedule = '1 second' where jobname = 'send-trends'
  `;
  await using _open = await town.open();
  await vi.waitFor(async () => expect(await tags()).toMatchObject({ third: 40 }), patience);
  const [health] = await town.db.as("service_role")(
    (sql) => sql`select * from job_health where name = 'trends'`,
  );
  expect(health).toMatchObject({ dead: 0, failed: 0, succeeded_at: expect.any(Date) });
}, 60_000);
