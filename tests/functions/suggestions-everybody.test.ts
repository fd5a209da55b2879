/** A pass over the suggestions of everybody, as `npm run worker` makes it, on a real database. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, beforeEach, expect, onTestFinished, test, vi } from "vitest";
import { computeEverybody } from "../../edge-functions/_shared/suggestions/everybody.ts";
import { createDatabase, type Database } from "../database/database.ts";

const patience = { timeout: 30_000, interval: 50 };
const root = join(import.meta.dirname, "../..");
/** More than one batch of a pass. */
const amount = 1100;

let db: Database;
let sql: postgres.Sql;
beforeAll(async () => {
  db = await createDatabase();
  sql = postgres(db.url, { max: 4, prepare: false, onnotice() {} });
  await db.admin`
    insert into auth.users (id, instance_id, aud, role, email, raw_user_meta_data, email_confirmed_at)
    select md5('person ' || n)::uuid, '00000000-0000-0000-0000-000000000000', 'authenticated', 'authenticated',
      'person_' || n || '@example.com', jsonb_build_object('username', 'person_' || n), now()
    from generate_series(1, ${amount}) as n
  `;
  await db.owner`insert into private.trust (profile_id) select id from profiles`;
  // Each follows the next three. So each is suggested the people after those.
  await db.owner`
    insert into follows (follower_id, followee_id)
    select md5('person ' || n)::uuid, md5('person ' || 1 + (n + step - 1) % ${amount})::uuid
    from generate_series(1, ${amount}::integer) as n
    cross join generate_series(1, 3) as step
  `;
});
afterAll(async () => {
  await sql?.end();
  await db?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  await db.owner`delete from private.suggestion_lists`;
  await db.owner`
    update private.suggestion_turns
    set changed_at = null, sent_at = null, due_at = now() - interval '1 hour', fingerprint = null
  `;
  await db.owner`update private.suggestion_pass set leased_until = '-infinity', worker_id = null`;
  await db.admin`delete from auth.sessions`;
});

const idOf = async (n: number) => {
  const [row] = await db.owner`select md5('person ' || ${n}::integer)::uuid as id`;
  return row?.id as string;
};
const lists = async () => {
  const rows = await db.owner`
    select viewer_id, profile_ids, sources, xmin::text as version from private.suggestion_lists order by viewer_id
  `;
  return [...rows] as { viewer_id: string; profile_ids: string[]; sources: number[]; version: string }[];
};
const allDue = () => db.owner`update private.suggestion_turns set due_at = now() - interval '1 minute'`;
const quiet = { least: 1, report: () => {} };

test("a pass writes a list for everybody, and the next one writes nothing", async () => {
  expect(await computeEverybody(sql, quiet)).toEqual({ people: amount, written: amount, failed: 0, away: 0 });
  const first = await lists();
  expect(first).toHaveLength(amount);
  const [own] = first.filter(({ viewer_id }) => viewer_id === first[0]?.viewer_id);
  expect(own?.profile_ids.length).toBeGreaterThan(2);
  expect(own?.profile_ids).not.toContain(own?.viewer_id);
  // Nobody is due any more.
  expect(await computeEverybody(sql, quiet)).toBeUndefined();
  await allDue();
  expect(await computeEverybody(sql, quiet)).toEqual({ people: amount, written: 0, failed: 0, away: 0 });
  expect(await lists()).toEqual(first);
});

test("a pass writes only what has changed, and keeps a list that is still good", async () => {
  await computeEverybody(sql, quiet);
  const before = await lists();
  const changedOnes = async () => {
    await db.owner`update private.suggestion_turns set changed_at = null`;
    await allDue();
    const pass = await computeEverybody(sql, quiet);
    const after = await lists();
    const changed = after.filter(({ version }, place) => version !== before[place]?.version);
    expect(pass).toMatchObject({ people: amount, written: changed.length });
    return changed.map(({ viewer_id }) => viewer_id);
  };
  const follower = await idOf(1);
  const far = await Promise.all([500, 501, 502].map(idOf));
  onTestFinished(async () => {
    await db.owner`delete from follows where follower_id = ${follower}`;
    await db.owner`
      insert into follows (follower_id, followee_id)
      select ${follower}, md5('person ' || 1 + step)::uuid from generate_series(1, 3) as step`;
  });
  // One follow among four. The people who were best still are.
  await db.owner`insert into follows (follower_id, followee_id) values (${follower}, ${far[0] as string})`;
  expect(await changedOnes()).toEqual([]);
  // All follows are other ones.
  await db.owner`delete from follows where follower_id = ${follower}`;
  await db.owner`
    insert into follows (follower_id, followee_id)
    select ${follower}, far.id from unnest(${far}::uuid[]) as far (id)`;
  const changed = await changedOnes();
  expect(changed).toContain(follower);
  expect(changed.length).toBeLessThan(100);
});

test("with few people due there is no pass", async () => {
  expect(await computeEverybody(sql, { ...quiet, least: amount + 1 })).toBeUndefined();
  expect(await computeEverybody(sql, { ...quiet, least: amount })).toMatchObject({ people: amount });
});

test("people whose list cannot be written do not hold up the others", async () => {
  const poisoned = await idOf(7);
  await db.owner.unsafe(
    `alter table private.suggestion_lists add constraint poisoned check (viewer_id <> '${poisoned}')`,
  );
  onTestFinished(async () => {
    await db.owner`alter table private.suggestion_lists drop constraint if exists poisoned`;
  });
  const said: string[] = [];
  const pass = await computeEverybody(sql, { least: 1, report: (message) => said.push(message) });
  expect(pass).toEqual({ people: amount - 1, written: amount - 1, failed: 1, away: 0 });
  expect(said.join("\n")).toContain(poisoned);
  const [health] = await db.as("service_role")(
    (asked) => asked`select waiting, failed, succeeded_at from job_health where name = 'daily-suggestions'`,
  );
  // They are tried again the next day.
  expect(health).toEqual({ waiting: 0, failed: 1, succeeded_at: expect.any(Date) });
  await db.owner`alter table private.suggestion_lists drop constraint poisoned`;
  await allDue();
  expect(await computeEverybody(sql, quiet)).toMatchObject({ written: 1 });
});

test("a list that a job wrote meanwhile is not replaced by an older one", async () => {
  const id = await idOf(3);
  const other = await idOf(900);
  const pass = await db.owner.begin(async (job) => {
    // The pass waits for the turn of this person.
    await job`
      update private.suggestion_turns set due_at = now() + interval '1 day', sent_at = now() where profile_id = ${id}
    `;
    const pass = computeEverybody(sql, quiet);
    await blocked();
    await job`select private.write_suggestion_list(${id}, ${[other]}::uuid[], '{1}', '{1}')`;
    return { pass };
  });
  expect(await pass.pass).toMatchObject({ people: amount, written: amount - 1 });
  expect((await lists()).find(({ viewer_id }) => viewer_id === id)?.profile_ids).toEqual([other]);
});

/** Waits until somebody waits for a lock. */
async function blocked(): Promise<void> {
  await vi.waitFor(async () => {
    const waiting = await db.admin`
      select from pg_stat_activity where datname = ${db.name} and wait_event_type = 'Lock'
    `;
    expect(waiting.length).toBeGreaterThan(0);
  }, patience);
}

test("people who were here last come first, and a killed worker loses only its batch", async () => {
  // The last one to get a list, because only she has no session.
  const last = await idOf(11);
  await db.admin`
    insert into auth.sessions (id, user_id, created_at, updated_at)
    select gen_random_uuid(), id, now(), now() from profiles where id <> ${last}
  `;
  const release = Promise.withResolvers<void>();
  const holding = db.owner.begin(async (holder) => {
    await holder`select from private.suggestion_turns where profile_id = ${last} for update`;
    await release.promise;
  });
  onTestFinished(async () => {
    release.resolve();
    await holding;
  });
  const killed = work();
  onTestFinished(() => void killed.kill("SIGKILL"));
  await blocked();
  expect(await lists()).toHaveLength(1000);
  killed.kill("SIGKILL");
  await once(killed, "exit");
  release.resolve();
  await holding;

  // The pass is still the dead worker's, for five minutes at most.
  expect(await computeEverybody(sql, quiet)).toBeUndefined();
  const [health] = await db.as("service_role")(
    (asked) => asked`select waiting, running from job_health where name = 'daily-suggestions'`,
  );
  expect(health).toEqual({ waiting: amount - 1000, running: 1 });
  await db.owner`update private.suggestion_pass set leased_until = now() - interval '1 second'`;
  const next = work();
  onTestFinished(() => void next.kill("SIGKILL"));
  await vi.waitFor(async () => expect(await lists()).toHaveLength(amount), patience);
  const [pass] = await db.owner`select people from private.suggestion_pass`;
  expect(Number(pass?.people)).toBe(amount - 1000);
  next.kill("SIGTERM");
  const [code] = await once(next, "exit");
  expect(code).toBe(0);
});

function work() {
  return spawn(process.execPath, ["edge-functions/jobs/worker.ts"], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      TMPDIR: process.env.TMPDIR,
      SUPABASE_DB_URL: db.url,
      SUGGESTIONS_LEAST: "1",
    },
    stdio: ["ignore", "ignore", "inherit"],
  });
}

test("a statement notes up to 100 followers, and of more than that nobody", async () => {
  const noted = async (followers: number) => {
    let amount = 0;
    const undo = new Error("undo");
    await db.owner
      .begin(async (transaction) => {
        await transaction`
          insert into follows (follower_id, followee_id)
          select md5('person ' || n)::uuid, md5('person 1000')::uuid from generate_series(1, ${followers}::integer) as n
        `;
        const rows = await transaction`select from private.suggestion_turns where changed_at is not null`;
        amount = rows.length;
        throw undo;
      })
      .catch((error) => {
        if (error !== undo) throw error;
      });
    return amount;
  };
  expect(await noted(100)).toBe(100);
  expect(await noted(101)).toBe(0);
});

test("a worker that lost the pass writes nothing", async () => {
  const stolen = await db.owner.begin(async (thief) => {
    // The pass has begun, and waits for the follows.
    await thief`lock table follows in access exclusive mode`;
    const pass = computeEverybody(sql, quiet).then(
      () => "done",
      (error: Error) => error.message,
    );
    await blocked();
    await thief`update private.suggestion_pass set worker_id = gen_random_uuid()`;
    return { pass };
  });
  expect(await stolen.pass).toBe("Another worker has taken the pass");
  expect(await lists()).toEqual([]);
});
