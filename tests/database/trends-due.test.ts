/**
 * When Postgres asks for a refresh of trends. If it does not ask, a refresh would have changed nothing: so nothing
 * comes later than with a refresh in each minute, and an idle network starts no function.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { refreshTrends } from "../../edge-functions/_shared/trends/refresh.ts";
import { type CrowdTown, createCrowdTown } from "./trend-crowd.ts";

let town: CrowdTown;
beforeAll(async () => {
  town = await createCrowdTown(8);
  await town.refreshUntil(1, 1);
});
afterAll(() => town?.[Symbol.asyncDispose]());

const isDue = async (minutes: number): Promise<boolean> =>
  (await town.db.owner`select private.are_trends_due(${town.at(minutes)}) as is_due`)[0]?.is_due;

/** What a refresh writes, apart from its moment. */
async function everything() {
  const names = ["changes", "uses", "people", "voices", "counts", "hours", "forecasts", "history"].map(
    (name) => `trend_${name}`,
  );
  const state = await town.db.admin`select closed_at from private.trend_state`;
  const tables = [...names, "trends", "post_fans", "post_heat"].map(
    (name) => town.db.admin`select row.* from ${town.db.admin(`private.${name}`)} as row order by row`,
  );
  return JSON.stringify([state, ...(await Promise.all(tables))]);
}

describe("a refresh is due", () => {
  let minute = 1;
  /** A few minutes later, with everything refreshed. The test's own hours are then over. */
  beforeEach(async () => {
    minute = Math.ceil(minute / 60 + 1) * 60 + 5;
    await town.refresh(minute);
    expect(await isDue(minute)).toBe(false);
  });

  test("after a post with a tag, and not after one without", async () => {
    await town.write(town.crowd.slice(0, 1), minute, "Good morning");
    expect(await isDue(minute + 1)).toBe(false);
    await town.write(town.crowd.slice(0, 1), minute, "#tea");
    expect(await isDue(minute + 1)).toBe(true);
    await town.refresh(minute + 1);
    expect(await isDue(minute + 1)).toBe(false);
  });

  test("after a like, and after somebody does not want to be counted", async () => {
    const [alice, bob] = town.crowd;
    const [post] = await town.write([alice as never], minute, "Good morning");
    await bob?.asks((sql) => sql`insert into likes (user_id, post_id) values (${bob.id}, ${post as number})`);
    expect(await isDue(minute + 1)).toBe(true);
    await town.refresh(minute + 1);
    expect(await isDue(minute + 1)).toBe(false);
    const want = (is: boolean) =>
      bob?.asks((sql) => sql`update profiles set is_discoverable = ${is} where id = ${bob.id}`);
    await want(false);
    expect(await isDue(minute + 1)).toBe(true);
    await want(true);
    await town.refresh(minute + 1);
    expect(await isDue(minute + 1)).toBe(false);
  });

  test("when an hour ends", async () => {
    expect(await isDue(minute + 54.99)).toBe(false);
    expect(await isDue(minute + 55)).toBe(true);
  });

  test("when five people use a tag, or one trends: its forecast moves with each minute", async () => {
    const { owner } = town.db;
    onTestFinished(async () => {
      await owner`delete from private.trend_counts where term = 'five'`;
      await owner`delete from private.trends where term = 'five'`;
    });
    await owner`insert into private.trend_counts values ('tag', 'five', 0, 0, 0, 4)`;
    expect(await isDue(minute)).toBe(false);
    await owner`update private.trend_counts set in_week = 5 where term = 'five'`;
    expect(await isDue(minute)).toBe(true);
    await owner`delete from private.trend_counts where term = 'five'`;
    await owner`
      insert into private.trends values ('tag', 'five', 'hour', now(), now(), 6, '(6,0,1,6,6)', '(6,0,1,6,6)')
    `;
    expect(await isDue(minute)).toBe(true);
  });
});

test("when a use leaves a window, a refresh is due, also in the middle of an hour", async () => {
  await using fresh = await createCrowdTown(1);
  await fresh.refresh(30);
  await fresh.write(fresh.crowd, 31, "#tea");
  await fresh.refresh(32);
  // No hour ends in this test.
  await fresh.db.owner`update private.trend_state set closed_at = closed_at + interval '30 days'`;
  const isDue = async (minutes: number) =>
    (await fresh.db.owner`select private.are_trends_due(${fresh.at(minutes)}) as is_due`)[0]?.is_due;
  for (const hours of [1, 12, 24, 168]) {
    const leaves = 31 + hours * 60;
    expect(await isDue(leaves - 0.1), `${hours} hours`).toBe(false);
    expect(await isDue(leaves + 0.1), `${hours} hours`).toBe(true);
    await fresh.db.owner`select private.refresh_trends(${fresh.at(leaves + 0.1)})`;
    expect(await isDue(leaves + 0.1), `${hours} hours`).toBe(false);
  }
});

test("if none is due, no job is added, and trends are those of this moment", async () => {
  await using fresh = await createCrowdTown(1);
  const { owner } = fresh.db;
  await fresh.refresh(30);
  const send = async (minutes: number) =>
    (await owner`select private.send_trends_if_due(${fresh.at(minutes)}) as sent`)[0]?.sent;
  const state = async () =>
    (await owner`select refreshed_at, (select count(*) from pgboss.job) as jobs from private.trend_state`)[0];
  expect(await send(31)).toBe(false);
  expect(await state()).toEqual({ refreshed_at: fresh.at(31), jobs: 0 });
  // The clock never goes back.
  expect(await send(29)).toBe(false);
  expect(await state()).toEqual({ refreshed_at: fresh.at(31), jobs: 0 });

  // A refresh that runs has the row. Nobody waits for it.
  await owner.begin(async (sql) => {
    await sql`select from private.trend_state for update`;
    expect(await send(32)).toBe(false);
  });
  expect(await state()).toEqual({ refreshed_at: fresh.at(31), jobs: 0 });

  await fresh.write(fresh.crowd, 31, "#tea");
  expect(await send(33)).toBe(true);
  expect(await state()).toEqual({ refreshed_at: fresh.at(31), jobs: 1 });
});

test("in a random week, a refresh that is not due would have changed nothing", async () => {
  let seed = 15;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((seed / 2 ** 31) * below);
  };
  const start = 60 * 24;
  await town.refresh(start);
  let skipped = 0;
  let made = 0;
  for (let minute = start + 1; minute < start + 60 * 24 * 8; ) {
    if (random(12) === 0) {
      const people = town.crowd.slice(0, 1 + random(random(4) === 0 ? 7 : 3));
      await town.write(people, minute - 0.5, `#${["tea", "coffee", "milk"][random(3)]}`);
    }
    if (await isDue(minute)) made++;
    else {
      skipped++;
      const before = await everything();
      await town.db.owner.begin((sql) => refreshTrends(sql, town.at(minute)));
      expect(await everything(), `minute ${minute}`).toBe(before);
    }
    await town.refresh(minute);
    minute += 1 + random(40);
  }
  expect(skipped).toBeGreaterThan(20);
  expect(made).toBeGreaterThan(20);
}, 120_000);
