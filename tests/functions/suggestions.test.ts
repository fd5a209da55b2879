/** The suggestions of one person on the real parts: a follow, the schedule, the queue, and the function on Deno. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { createJobs } from "../../edge-functions/_shared/jobs.ts";
import type { Person } from "../database/database.ts";
import { createTown, root, type Town } from "./jobs-town.ts";

const patience = { timeout: 30_000, interval: 50 };

let town: Town;
let people: Person[];
beforeAll(async () => {
  town = await createTown();
  const workers = await readFile(join(root, "edge-functions/jobs/workers.ts"), "utf8");
  await town.project.write("jobs/workers.ts", workers);
  people = [];
  for (let one = 0; one < 12; one++) people.push(await town.db.signUp(`person_${one}`));
  await town.db.owner`insert into private.trust (profile_id) select id from profiles`;
}, 60_000);
afterAll(() => town?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await town.db.owner`delete from follows`;
  await town.db.owner`delete from private.suggestion_lists`;
  await town.db.owner`
    update private.suggestion_turns
    set changed_at = null, sent_at = null, due_at = now() + interval '1 day', fingerprint = null
  `;
  await town.db.owner`delete from pgboss.job`;
  await town.db.owner`delete from private.doorbells`;
});

const person = (number: number) => people[number] as Person;
const follow = (follower: number, ...followees: number[]) =>
  person(follower).asks(async (sql) => {
    for (const followee of followees)
      await sql`insert into follows (followee_id) values (${person(followee).id})`;
  });
/** A follow of which nobody is told. */
const followed = async (follower: number, ...followees: number[]) => {
  await follow(follower, ...followees);
  await town.db
    .owner`update private.suggestion_turns set changed_at = null where profile_id = ${person(follower).id}`;
};
const listOf = async (number: number) => {
  const [row] = await town.db.owner`
    select profile_ids, xmin::text as version from private.suggestion_lists where viewer_id = ${person(number).id}
  `;
  return row as { profile_ids: string[]; version: string } | undefined;
};
const namesOf = async (number: number) =>
  ((await listOf(number))?.profile_ids ?? [])
    .map((id) => people.findIndex((other) => other.id === id))
    .sort();
const send = async () => {
  const [row] = await town.db.owner`select private.send_suggestions() as sent`;
  return row?.sent as number;
};
const waiting = async () => {
  const rows = await town.db.owner`
    select data ->> 'profileId' as id from pgboss.job where name = 'suggestions' and state = 'created' order by created_on
  `;
  return rows.map(({ id }) => people.findIndex((other) => other.id === id));
};

test("a follow leads to a new list within seconds, without anybody", async () => {
  await followed(1, 2, 3);
  await town.db
    .admin`update cron.job set active = true, schedule = '1 second' where jobname = 'send-suggestions'`;
  await using _open = await town.open();
  expect(await listOf(0)).toBeUndefined();
  await follow(0, 1);
  await vi.waitFor(async () => expect(await namesOf(0)).toEqual([2, 3]), patience);
  await town.db.admin`update cron.job set active = false where jobname = 'send-suggestions'`;
  const [health] = await town.db.as("service_role")(
    (sql) => sql`select * from job_health where name = 'suggestions'`,
  );
  expect(health).toMatchObject({ dead: 0, failed: 0, succeeded_at: expect.any(Date) });
}, 60_000);

test("an unfollow leads to a new list too", async () => {
  await using open = await town.open({ net: false, cron: false });
  await followed(1, 3);
  await followed(2, 4);
  await follow(0, 1, 2);
  await send();
  await open.drain("suggestions");
  expect(await namesOf(0)).toEqual([3, 4]);
  await town.db.owner`update private.suggestion_turns set sent_at = null`;
  await person(0).asks((sql) => sql`delete from follows where followee_id = ${person(2).id}`);
  expect(await send()).toBe(1);
  await open.drain("suggestions");
  expect(await namesOf(0)).not.toContain(4);
  expect(await namesOf(0)).toContain(3);
}, 60_000);

test("many follows of a person are one job, and the next job comes ten seconds later", async () => {
  await follow(0, 1, 2, 3);
  await follow(5, 1);
  expect(await send()).toBe(2);
  expect(await waiting()).toEqual([0, 5]);
  await follow(0, 4, 6, 7);
  expect(await send()).toBe(0);
  const [turn] = await town.db.owner`
    select changed_at - sent_at = interval '10 seconds' as is_later from private.suggestion_turns
    where profile_id = ${person(0).id}
  `;
  expect(turn).toEqual({ is_later: true });
  // The ten seconds are over. The first job still waits, and will see all follows.
  await town.db.owner`update private.suggestion_turns set changed_at = now() where changed_at is not null`;
  await send();
  expect(await waiting()).toEqual([0, 5]);
});

test("a follow that is not committed yet is not missed", async () => {
  await follow(0, 1);
  await town.db.owner.begin(async (sql) => {
    // The change is noted already, by the first follow.
    await sql`insert into follows (follower_id, followee_id) values (${person(0).id}, ${person(2).id})`;
    expect(await send()).toBe(0);
  });
  expect(await send()).toBe(1);
});

test("a person who follows many delays others by one job at most", async () => {
  await using open = await town.open({ net: false, cron: false });
  for (let followee = 1; followee < 12; followee++) {
    await follow(0, followee);
    await send();
    if (followee === 5) await follow(6, 7);
  }
  expect(await waiting()).toEqual([0, 6]);
  expect(await open.drain("suggestions")).toMatchObject({ done: 2, left: 0 });
});

test("somebody who has changed comes before those whose day is over", async () => {
  await town.db.owner`update private.suggestion_turns set due_at = now() - interval '1 hour'`;
  await follow(9, 8);
  expect(await send()).toBe(12);
  expect((await waiting())[0]).toBe(9);
});

test("a list that stays the same is not written again", async () => {
  await using open = await town.open({ net: false, cron: false });
  await followed(1, 2, 3);
  await follow(0, 1);
  await send();
  await open.drain("suggestions");
  const before = await listOf(0);
  expect(before?.profile_ids).toHaveLength(2);
  await town.db.owner`update private.suggestion_turns set due_at = now() where profile_id = ${person(0).id}`;
  expect(await send()).toBe(1);
  expect(await open.drain("suggestions")).toMatchObject({ done: 1 });
  expect(await listOf(0)).toEqual(before);
  // With another follow in reach, it is.
  await followed(1, 4);
  await town.db.owner`update private.suggestion_turns set due_at = now() where profile_id = ${person(0).id}`;
  await send();
  await open.drain("suggestions");
  expect((await listOf(0))?.version).not.toBe(before?.version);
  expect(await namesOf(0)).toEqual([2, 3, 4]);
}, 60_000);

test("a person whose list cannot be written is dead after three tries, and the others go on", async () => {
  await using open = await town.open({ net: false, cron: false });
  await followed(1, 2, 3);
  await town.db.owner.unsafe(
    `alter table private.suggestion_lists add constraint poisoned check (viewer_id <> '${person(0).id}')`,
  );
  onTestFinished(async () => {
    await town.db.owner`alter table private.suggestion_lists drop constraint if exists poisoned`;
  });
  await follow(0, 1);
  await follow(4, 1);
  await send();
  for (let attempt = 1; attempt <= 3; attempt++) {
    await town.db.owner`update pgboss.job set start_after = now()`;
    expect(await open.drain("suggestions")).toMatchObject({ failed: 1 });
  }
  expect(await namesOf(4)).toEqual([0, 2, 3]);
  const [dead] = await town.db.owner`
    select data, source_retry_count from pgboss.job where name = 'dead-letters' and source_name = 'suggestions'
  `;
  expect(dead).toEqual({ data: { profileId: person(0).id }, source_retry_count: 2 });
  const [health] = await town.db.as("service_role")(
    (sql) => sql`select dead, waiting from job_health where name = 'suggestions'`,
  );
  expect(health).toEqual({ dead: 1, waiting: 0 });
  // It is tried again the next day.
  await town.db.owner`alter table private.suggestion_lists drop constraint poisoned`;
  await town.db.owner`update private.suggestion_turns set due_at = now() where profile_id = ${person(0).id}`;
  expect(await send()).toBe(1);
  await open.drain("suggestions");
  expect(await namesOf(0)).toEqual([2, 3, 4]);
}, 60_000);

test("somebody who is away gets no job and loses the list, until they come back", async () => {
  await using open = await town.open({ net: false, cron: false });
  await followed(1, 2, 3);
  await follow(0, 1);
  await send();
  await open.drain("suggestions");
  await town.db.admin`update profiles set created_at = now() - interval '1 year' where id = ${person(0).id}`;
  await town.db
    .owner`update follows set id = private.first_id(now() - interval '40 days') where follower_id = ${person(0).id}`;
  const due = () =>
    town.db
      .owner`update private.suggestion_turns set due_at = now(), sent_at = null where profile_id = ${person(0).id}`;
  await due();
  // Somebody who only reads has a session.
  await town.db.admin`
    insert into auth.sessions (id, user_id, created_at, updated_at)
    values (gen_random_uuid(), ${person(0).id}, now() - interval '1 year', now() - interval '29 days')
  `;
  expect(await send()).toBe(1);
  await open.drain("suggestions");
  expect(await namesOf(0)).toEqual([2, 3]);

  await town.db.admin`update auth.sessions set updated_at = now() - interval '31 days'`;
  await due();
  expect(await send()).toBe(0);
  expect(await listOf(0)).toBeUndefined();
  // Her client shows what there is without a list.
  await person(0).asks((sql) => sql`select suggestions_seen(${[person(5).id]}::uuid[])`);
  expect(await send()).toBe(1);
  await open.drain("suggestions");
  expect(await namesOf(0)).toEqual([2, 3]);
  await town.db.admin`delete from auth.sessions`;
  await town.db.admin`update profiles set created_at = now() where id = ${person(0).id}`;
}, 60_000);

test("a deleted account has no turn, no list, and its job does nothing", async () => {
  await using open = await town.open({ net: false, cron: false });
  const gone = await town.db.signUp("somebody_gone");
  await gone.asks((sql) => sql`insert into follows (followee_id) values (${person(1).id})`);
  await follow(2, 1);
  expect(await send()).toBe(2);
  await town.db.admin`delete from auth.users where id = ${gone.id}`;
  expect(await open.drain("suggestions")).toEqual({ done: 2, failed: 0, left: 0 });
  const turns = await town.db.owner`select from private.suggestion_turns where profile_id = ${gone.id}`;
  expect(turns).toHaveLength(0);
  expect(await listOf(2)).toBeDefined();
}, 60_000);

test("any id that Postgres takes gets a list, also one that no version of UUIDs has", async () => {
  await using open = await town.open({ net: false, cron: false });
  const id = "11111111-1111-1111-1111-111111111111";
  await town.db.admin`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    values (${id}, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated', 'imported@example.com',
      '{"username": "imported"}', now())`;
  onTestFinished(async () => {
    await town.db.admin`delete from auth.users where id = ${id}`;
  });
  await followed(1, 2, 3);
  await town.db.owner`insert into follows (follower_id, followee_id) values (${id}, ${person(1).id})`;
  await town.db.owner`update private.suggestion_turns set due_at = now() + interval '1 day'`;
  expect(await send()).toBe(1);
  expect(await open.drain("suggestions")).toEqual({ done: 1, failed: 0, left: 0 });
  const [list] = await town.db
    .owner`select profile_ids from private.suggestion_lists where viewer_id = ${id}`;
  expect(list?.profile_ids).toHaveLength(2);
}, 60_000);

test("a worker that was away for 23 hours still does the jobs that were sent", async () => {
  await using open = await town.open({ net: false, cron: false });
  await followed(1, 2, 3);
  await follow(0, 1);
  expect(await send()).toBe(1);
  await town.db.admin`
    update pgboss.job set created_on = created_on - interval '23 hours', start_after = start_after - interval '23 hours',
      keep_until = keep_until - interval '23 hours'
    where name = 'suggestions'`;
  await town.db.admin`update pgboss.queue set monitor_on = null, maintain_on = null`;
  const jobs = createJobs({ databaseUrl: town.db.url, workers: [], report() {} });
  await jobs.maintain();
  await jobs.close();
  expect(await open.drain("suggestions")).toEqual({ done: 1, failed: 0, left: 0 });
  expect(await namesOf(0)).toEqual([2, 3]);
}, 60_000);

test("a drain does 30 jobs at most, because a request has little CPU, and writes no effects down", async () => {
  await using open = await town.open({ net: false, cron: false });
  await town.db.owner`
    select private.send_job('suggestions', jsonb_build_object('profileId', gen_random_uuid()), n::text)
    from generate_series(1, 35) as n
  `;
  expect(await open.drain("suggestions")).toEqual({ done: 30, failed: 0, left: 5 });
  expect(await open.drain("suggestions")).toEqual({ done: 5, failed: 0, left: 0 });
  expect(await town.db.owner`select from private.job_effects where queue = 'suggestions'`).toHaveLength(0);
}, 60_000);
