/** Background work on the real parts: Deno, the queue in Postgres, the scheduler, the sender of requests. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { isRunning } from "../platform/functions/project.ts";
import { createTown, type Open, secret, type Town } from "./jobs-town.ts";

const patience = { timeout: 30_000, interval: 50 };

let town: Town;
beforeAll(async () => {
  town = await createTown();
});
afterAll(() => town?.[Symbol.asyncDispose]());
afterEach(async () => {
  await town.db.owner`delete from pgboss.job`;
  await town.db.owner`delete from private.doorbells`;
  await town.db.owner`delete from net.http_request_queue`;
  await town.db.owner`delete from private.errands_done`;
});

const health = async () => {
  const [row] = await town.db.as("service_role")(
    (sql) => sql`select * from job_health where name = 'errands'`,
  );
  return row;
};
const isDone = (marks: number[]) =>
  vi.waitFor(async () => expect(await town.done()).toEqual(marks), patience);

test("Postgres rings, the function does the job, and the doorbell says so", async () => {
  await using _open = await town.open();
  await town.send(1);
  await isDone([1]);
  await vi.waitFor(async () => {
    const [doorbell] = await town.db.owner`
      select done, failed, ended_at is not null as has_ended from private.doorbells
    `;
    expect(doorbell).toEqual({ done: 1, failed: 0, has_ended: true });
  }, patience);
  expect(await health()).toMatchObject({ waiting: 0, running: 0, succeeded_at: expect.any(Date) });
  const [answer] = await town.db.owner`select status_code, content from net._http_response`;
  expect(answer).toEqual({ status_code: 202, content: "{}" });
});

test("a poisoned job ends in dead-letters, and the others go on", async () => {
  await using _open = await town.open();
  await town.send(0, "poison");
  for (const mark of [1, 2, 3]) await town.send(mark);
  await isDone([1, 2, 3]);
  await vi.waitFor(
    async () => expect(await health()).toMatchObject({ dead: 1, failed: 1, waiting: 0 }),
    patience,
  );
  const [dead] = await town.db.owner`
    select data, source_name, source_retry_count, source_output ->> 'message' as message
    from pgboss.job where name = 'dead-letters'
  `;
  expect(dead).toEqual({
    data: { mark: 0, mood: "poison" },
    source_name: "errands",
    source_retry_count: 2,
    message: "poison",
  });
  // What it had written before it failed is undone.
  expect(await town.done()).toEqual([1, 2, 3]);
});

test("two processes that drain one queue never do a job twice", async () => {
  await using open = await town.open({ net: false, cron: false });
  // Both have started before there is work.
  await Promise.all([open.drain("errands", "jobs"), open.drain("errands", "again")]);
  const marks = Array.from({ length: 80 }, (_, mark) => mark);
  for (const mark of marks) await town.send(mark);
  const drains = await Promise.all([open.drain("errands", "jobs"), open.drain("errands", "again")]);
  expect(await town.done()).toEqual(marks);
  expect(drains.map(({ done }) => done).reduce((a, b) => a + b)).toBe(80);
  for (const { done } of drains) expect(done).toBeGreaterThan(0);
});

test("a drain ends with its budget, and says how much is left", async () => {
  await using open = await town.open({ net: false, cron: false });
  for (let mark = 0; mark < 105; mark++) await town.send(mark);
  expect(await open.drain("errands")).toEqual({ done: 100, failed: 0, left: 5 });
  expect(await open.drain("errands")).toEqual({ done: 5, failed: 0, left: 0 });
});

test("the job of a killed function comes back, and is done once", async () => {
  await using open = await town.open({ net: false, cron: false });
  await town.send(7, "slow");
  const killed = open.drain("errands").catch(() => "killed");
  process.kill(await asking(), "SIGKILL");
  expect(await killed).toBe("killed");
  expect(await health()).toMatchObject({ running: 1, waiting: 0 });

  await expire(open);
  expect(await health()).toMatchObject({ running: 0, waiting: 1 });
  const again = open.drain("errands");
  town.bell.answer(`/${await asking()}`);
  expect(await again).toEqual({ done: 1, failed: 0, left: 0 });
  expect(await town.done()).toEqual([7]);
});

/** The process whose job asks the bell, and waits for its answer. */
async function asking(): Promise<number> {
  return vi.waitFor(async () => {
    for (const pid of town.bell.paths().map((path) => Number(path.slice(1)))) {
      if (await isRunning(pid)) return pid;
    }
    throw new Error("nobody asks");
  }, patience);
}

/** The time of every job that somebody has is over, and the maintenance notices it. */
async function expire(open: Open): Promise<void> {
  await town.db
    .owner`update pgboss.job set started_on = started_on - interval '1 hour' where state = 'active'`;
  await town.db.owner`update pgboss.queue set monitor_on = null, monitor_claim_on = null`;
  await open.drain("maintenance");
}

test("a slow worker whose job was given to somebody else has no effect", async () => {
  await using open = await town.open({ net: false, cron: false });
  await town.send(8, "slow");
  const slow = open.drain("errands", "jobs");
  const pid = await asking();
  await expire(open);
  const second = open.drain("errands", "again");
  // The second one waits for the key of the effect.
  await vi.waitFor(async () => {
    const waiting = await town.db.admin`
      select from pg_stat_activity where datname = ${town.db.name} and wait_event_type = 'Lock'
    `;
    expect(waiting).toHaveLength(1);
  }, patience);
  // The first one ends, and finds that it has lost the job.
  town.bell.answer(`/${pid}`);
  expect(await slow).toMatchObject({ done: 0, failed: 1 });
  town.bell.answer(`/${await vi.waitFor(() => other(pid), patience)}`);
  expect(await second).toEqual({ done: 1, failed: 0, left: 0 });
  expect(await town.done()).toEqual([8]);
});

/** Another process that asks the bell. */
async function other(pid: number): Promise<number> {
  for (const found of town.bell.paths().map((path) => Number(path.slice(1)))) {
    if (found !== pid && (await isRunning(found))) return found;
  }
  throw new Error("nobody else asks");
}

test("a ring that is lost is made up for", async () => {
  await town.send(3);
  {
    await using _cronOnly = await town.open({ net: false });
    await vi.waitFor(async () => {
      expect(await town.db.owner`delete from net.http_request_queue returning id`).toHaveLength(1);
    }, patience);
  }
  expect(await town.done()).toEqual([]);
  await town.db.owner`update private.doorbells set rung_at = rung_at - interval '9 seconds'`;
  await using _open = await town.open();
  await isDone([3]);
  expect(await health()).toMatchObject({ lost_doorbells: 1 });
});

test("the schedule and the jobs outlive a restart of everything", async () => {
  {
    await using _open = await town.open();
    await town.send(1);
    await isDone([1]);
  }
  await town.send(2);
  await using _open = await town.open();
  await isDone([1, 2]);
});

test("the function refuses a caller without the secret, and a doorbell that nobody rang", async () => {
  await using open = await town.open({ net: false, cron: false });
  const [row] = await town.db.owner`
    insert into private.doorbells (queue) values ('errands') returning id
  `;
  const post = async (given: string, body: object) => {
    const headers = { "x-jobs-secret": given, prefer: "wait" };
    return (await fetch(`${open.url}/jobs`, { method: "POST", headers, body: JSON.stringify(body) })).status;
  };
  const doorbell = row?.id;
  expect((await fetch(`${open.url}/jobs`)).status).toBe(405);
  expect(await post("wrong", { doorbell, queue: "errands" })).toBe(401);
  expect(await post("", { doorbell, queue: "errands" })).toBe(401);
  expect(await post(secret, { doorbell: "x", queue: "errands" })).toBe(400);
  expect(await post(secret, { doorbell, queue: "nowhere" })).toBe(404);
  expect(await post(secret, { doorbell: crypto.randomUUID(), queue: "errands" })).toBe(409);
  expect(await post(secret, { doorbell, queue: "errands" })).toBe(200);
  expect(await post(secret, { doorbell, queue: "errands" })).toBe(409);
});
