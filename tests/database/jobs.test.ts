/** The queues of pg-boss, as SQL sees them: sending, effects, doorbells, health. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { PgBoss } from "pg-boss";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { createJobs } from "../../edge-functions/_shared/jobs.ts";
import { constructionPlans, generatedPart } from "../../sql/tools/pg-boss.ts";
import { projectDir } from "../../sql/tools/server.ts";
import { createDatabase, type Database, refusal } from "./database.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
  await db.owner`
    select pgboss.create_queue('errands', '{
      "policy": "stately", "deadLetter": "dead-letters", "retryLimit": 7, "retryDelay": 11, "retryBackoff": true,
      "retryDelayMax": 13, "expireInSeconds": 17, "retentionSeconds": 19, "deleteAfterSeconds": 23,
      "heartbeatSeconds": 29
    }')
  `;
});
afterAll(() => db?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await db.owner`delete from pgboss.job`;
  await db.owner`delete from private.doorbells`;
  await db.owner`delete from net.http_request_queue`;
});

describe("pg-boss", () => {
  test("sql/ has the tables and functions of the pinned package, and its version", async () => {
    expect(await generatedPart()).toBe(constructionPlans());
    const manifest = JSON.parse(
      await readFile(join(projectDir, "node_modules/pg-boss/package.json"), "utf8"),
    );
    const { dependencies } = JSON.parse(await readFile(join(projectDir, "package.json"), "utf8"));
    const { imports } = JSON.parse(await readFile(join(projectDir, "deno.json"), "utf8"));
    expect(dependencies["pg-boss"]).toBe(manifest.version);
    expect(imports["pg-boss"]).toBe(`npm:pg-boss@${manifest.version}`);
    const [row] = await db.owner`select version from pgboss.version`;
    expect(constructionPlans()).toContain(`VALUES ('${row?.version}')`);
  });

  test("the roles of the API can do nothing with it", async () => {
    const granted = await db.admin`
      select role, pg_class.oid::regclass::text as object
      from pg_class
      cross join unnest(array['anon', 'authenticated', 'service_role']) as role
      where relnamespace = 'pgboss'::regnamespace and relkind in ('r', 'p')
        and has_table_privilege(role, pg_class.oid, 'select, insert, update, delete, truncate, references, trigger')
      union all
      select role, pg_proc.oid::regprocedure::text
      from pg_proc
      cross join unnest(array['anon', 'authenticated', 'service_role']) as role
      where pronamespace = 'pgboss'::regnamespace and has_function_privilege(role, pg_proc.oid, 'execute')
      union all
      select role, 'schema'
      from unnest(array['anon', 'authenticated', 'service_role']) as role
      where has_schema_privilege(role, 'pgboss', 'usage, create')
    `;
    expect([...granted]).toEqual([]);
    await db.owner`select private.send_job('errands')`;
    const { code } = await refusal(db.as("service_role")((sql) => sql`select from pgboss.job`));
    expect(code).toBe("42501");
    expect(await db.owner`select from pgboss.job`).toHaveLength(1);
  });
});

describe("send_job()", () => {
  test("gives a job the settings of its queue", async () => {
    await db.owner`select private.send_job('errands', '{"what": "milk"}', 'k', '1 hour')`;
    const [job] = await db.owner`
      select name, data, singleton_key, policy, retry_limit, retry_delay, retry_backoff, retry_delay_max,
        expire_seconds, deletion_seconds, dead_letter, heartbeat_seconds, state,
        extract(epoch from start_after - created_on)::integer as delay_s,
        extract(epoch from keep_until - start_after)::integer as kept_s
      from pgboss.job
    `;
    expect(job).toEqual({
      name: "errands",
      data: { what: "milk" },
      singleton_key: "k",
      policy: "stately",
      retry_limit: 7,
      retry_delay: 11,
      retry_backoff: true,
      retry_delay_max: 13,
      expire_seconds: 17,
      deletion_seconds: 23,
      dead_letter: "dead-letters",
      heartbeat_seconds: 29,
      state: "created",
      delay_s: 3600,
      kept_s: 19,
    });
  });

  test("keeps the policy of the queue: the second job with a key is not added", async () => {
    const send = async (key: string) => {
      const [row] = await db.owner`select private.send_job('errands', key => ${key}) as id`;
      return row?.id;
    };
    expect(await send("a")).toEqual(expect.any(String));
    expect(await send("a")).toBeNull();
    expect(await send("b")).toEqual(expect.any(String));
    expect(await db.owner`select from pgboss.job`).toHaveLength(2);
  });

  test("adds nothing if the change is undone", async () => {
    await db.owner
      .begin(async (sql) => {
        await sql`select private.send_job('errands')`;
        throw new Error("undo");
      })
      .catch(() => {});
    expect(await db.owner`select from pgboss.job`).toHaveLength(0);
    await db.owner.begin((sql) => sql`select private.send_job('errands')`);
    expect(await db.owner`select from pgboss.job`).toHaveLength(1);
  });

  test("refuses an unknown queue at once, large data, and a queue that is too long", async () => {
    const { message } = await refusal(db.owner`select private.send_job('nowhere')`.execute());
    expect(message).toBe("There is no queue 'nowhere'");
    const data = JSON.stringify({ text: "x".repeat(8192) });
    expect((await refusal(db.owner`select private.send_job('errands', ${data}::jsonb)`.execute())).code).toBe(
      "54000",
    );
    await db.owner`update pgboss.queue set queued_count = 100000 where name = 'errands'`;
    expect((await refusal(db.owner`select private.send_job('errands')`.execute())).code).toBe("53400");
    await db.owner`update pgboss.queue set queued_count = 99999 where name = 'errands'`;
    await db.owner`select private.send_job('errands')`;
    await db.owner`update pgboss.queue set queued_count = 0 where name = 'errands'`;
    expect(await db.owner`select from pgboss.job`).toHaveLength(1);
  });
});

test("100,000 finished jobs do not make a fetch read more", async () => {
  let fetchText = "";
  const boss = new PgBoss({
    db: {
      async executeSql(text, values = []) {
        if (/SKIP LOCKED/.test(text)) fetchText = text;
        const rows = await (values.length
          ? db.owner.unsafe(text, values as never[])
          : db.owner.unsafe(text).simple());
        return { rows: [...rows].flat() };
      },
    },
    migrate: false,
    supervise: false,
    schedule: false,
    registerInstance: false,
  });
  await boss.start();
  await boss.fetch("errands");
  await boss.stop({ graceful: false, close: false });
  expect(fetchText).toContain("pgboss.");
  /** The pages of tables and indexes that a fetch of one job reads, with the same 10 jobs waiting. */
  const pages = async () => {
    await db.owner.unsafe("vacuum analyze pgboss.job_common");
    let read = 0;
    await db.owner
      .begin(async (sql) => {
        const [row] = await sql.unsafe(
          `explain (analyze, buffers, format json) ${fetchText}`,
          fetchValues(fetchText),
        );
        const plan = row?.["QUERY PLAN"][0].Plan;
        read = plan["Shared Hit Blocks"] + plan["Shared Read Blocks"];
        expect(plan["Actual Rows"]).toBe(1);
        throw new Error("undo");
      })
      .catch((error) => {
        if (error.message !== "undo") throw error;
      });
    return read;
  };
  await db.owner`select private.send_job('errands', key => n::text) from generate_series(1, 10) as n`;
  const few = await pages();
  await db.owner`
    insert into pgboss.job (name, state, created_on, started_on, completed_on, policy)
    select 'errands', 'completed', now() - n * interval '1 second', now(), now(), 'stately'
    from generate_series(1, 100000) as n
  `;
  expect(await pages()).toBeLessThan(few * 3);
});

test("the maintenance deletes finished jobs when their queue says so, and no others", async () => {
  // The queue keeps a finished job for 23 seconds.
  await db.owner`
    insert into pgboss.job (name, singleton_key, state, completed_on, deletion_seconds)
    values
      ('errands', 'old', 'completed', now() - interval '24 seconds', 23),
      ('errands', 'new', 'completed', now() - interval '1 second', 23),
      ('errands', 'waits', 'created', null, 23)`;
  const jobs = createJobs({ databaseUrl: db.url, workers: [] });
  onTestFinished(() => jobs.close());
  await db.owner`update pgboss.queue set maintain_on = null`;
  await jobs.maintain();
  const left = await db.owner`select singleton_key as key from pgboss.job order by 1`;
  expect(left.map(({ key }) => key)).toEqual(["new", "waits"]);
});

/** A fetch of one job has no parameters, or only its limit. */
const fetchValues = (text: string) => (text.includes("$1") ? [1] : []);

test("an effect begins once. A second run waits for the first, and sees whether it took place", async () => {
  const begin = (sql: Database["owner"] | import("postgres").TransactionSql, key: string) =>
    sql`select private.begin_effect('errands', ${key}) as begins`.then(([row]) => row?.begins);
  const order: string[] = [];
  const first = db.owner.begin(async (sql) => {
    expect(await begin(sql, "one")).toBe(true);
    const second = begin(db.owner, "one").then((begins) => order.push(`second ${begins}`));
    await waitsForLock();
    order.push("first");
    return { second };
  });
  await (await first).second;
  expect(order).toEqual(["first", "second false"]);

  await db.owner
    .begin(async (sql) => {
      expect(await begin(sql, "two")).toBe(true);
      throw new Error("undo");
    })
    .catch(() => {});
  expect(await begin(db.owner, "two")).toBe(true);
});

async function waitsForLock(): Promise<void> {
  for (;;) {
    const waiting = await db.admin`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'
    `;
    if (waiting.length > 0) return;
  }
}

describe("doorbells", () => {
  const ring = async (queue: string) => {
    const [row] = await db.owner`select private.ring_doorbell(${queue}) as rung`;
    return row?.rung;
  };
  const requests = () => db.owner`
    select url, headers, convert_from(body, 'UTF8')::jsonb as body, timeout_milliseconds
    from net.http_request_queue
    order by id
  `;
  const setSecrets = () => db.owner`
    select vault.create_secret('http://plaza.test/functions/v1/jobs', 'jobs_url'),
      vault.create_secret('sesame', 'jobs_secret')
  `;
  beforeEach(async () => {
    await db.owner`delete from vault.secrets`;
  });

  test("without the secrets in Vault, nobody rings", async () => {
    expect(await ring("errands")).toBe(false);
    await setSecrets();
    expect(await ring("errands")).toBe(true);
    expect(await requests()).toHaveLength(1);
  });

  test("a doorbell has the secret and the name of the queue, and no job", async () => {
    await setSecrets();
    await db.owner`select private.send_job('errands', '{"private": "data"}')`;
    const [row] = await db.owner`select private.ring_for_waiting_jobs() as rung`;
    expect(row?.rung).toBe(1);
    const [doorbell] = await db.owner`select id, request_id from private.doorbells`;
    expect([...(await requests())]).toEqual([
      {
        url: "http://plaza.test/functions/v1/jobs",
        headers: { "content-type": "application/json", "x-jobs-secret": "sesame" },
        body: { doorbell: doorbell?.id, queue: "errands" },
        timeout_milliseconds: 5000,
      },
    ]);
    expect(doorbell?.request_id).toEqual(expect.any(Number));
  });

  test("it rings only for jobs that could be done now, and not for dead letters", async () => {
    await setSecrets();
    await db.owner`select private.send_job('errands', delay => '1 hour'), private.send_job('dead-letters')`;
    await db.owner`select private.ring_for_waiting_jobs()`;
    expect(await requests()).toHaveLength(0);
    await db.owner`update pgboss.job set start_after = now() where name = 'errands'`;
    await db.owner`select private.ring_for_waiting_jobs()`;
    expect(await requests()).toHaveLength(1);
  });

  test("one doorbell per queue is open. A lost one is made up for after 8 seconds, a killed one after 90", async () => {
    await setSecrets();
    const older = (seconds: number) => db.owner`
      update private.doorbells set rung_at = rung_at - make_interval(secs => ${seconds})
    `;
    expect(await ring("errands")).toBe(true);
    expect(await ring("errands")).toBe(false);
    expect(await ring("maintenance")).toBe(true);
    await older(9);
    expect(await ring("errands")).toBe(true);

    const answer = async () => {
      const [row] = await db.owner`
        select private.answer_doorbell(id, queue) as answered
        from private.doorbells where queue = 'errands' order by rung_at desc limit 1
      `;
      return row?.answered;
    };
    expect(await answer()).toBe(true);
    // The same request once more.
    expect(await answer()).toBe(false);
    await older(60);
    expect(await ring("errands")).toBe(false);
    await older(31);
    expect(await ring("errands")).toBe(true);
  });

  test("who closes one rings again if something is left", async () => {
    await setSecrets();
    await db.owner`select private.send_job('errands')`;
    await ring("errands");
    const close = async () => {
      const [row] = await db.owner`
        select private.close_doorbell(id, 2, 1) as left_over
        from private.doorbells where queue = 'errands' order by rung_at desc limit 1
      `;
      return row?.left_over;
    };
    expect(await close()).toBe(1);
    expect(await requests()).toHaveLength(2);
    await db.owner`delete from pgboss.job`;
    expect(await close()).toBe(0);
    expect(await requests()).toHaveLength(2);
    const [first] = await db.owner`select done, failed from private.doorbells order by rung_at limit 1`;
    expect(first).toEqual({ done: 2, failed: 1 });
  });

  test("the maintenance rings every fifth minute, and each minute while it has something to do", async () => {
    await setSecrets();
    const rings = async (minute: string) => {
      const [row] = await db.owner`
        select private.ring_for_maintenance_if_due(${`2026-11-29T12:${minute}Z`}) as rung
      `;
      return row?.rung;
    };
    const end = () => db.owner`update private.doorbells set began_at = now(), ended_at = now()`;
    // Nobody ever did it.
    expect(await rings("00")).toBe(true);
    await end();
    expect([await rings("00"), await rings("02"), await rings("04")]).toEqual([false, false, false]);
    expect(await rings("03")).toBe(true);
    // It is asked already. If it was killed, it is asked again.
    expect(await rings("04")).toBe(false);
    await db.owner`update private.doorbells set rung_at = rung_at - interval '9 seconds'`;
    expect(await rings("04")).toBe(true);
    await end();
    expect(await rings("05")).toBe(false);

    for (const state of ["created", "retry", "active"]) {
      await db.owner`insert into pgboss.job (name, state) values ('errands', ${state}::pgboss.job_state)`;
      expect(await rings("06"), state).toBe(true);
      await end();
      await db.owner`delete from pgboss.job`;
    }
    await db.owner`
      insert into pgboss.job (name, state) values ('errands', 'completed'), ('errands', 'failed'), ('dead-letters', 'created')
    `;
    expect(await rings("06")).toBe(false);

    // A queue that was full refuses jobs until it is counted again.
    await db.owner`update pgboss.queue set queued_count = 100000 where name = 'errands'`;
    expect(await rings("06")).toBe(true);
    await end();
    await db.owner`update pgboss.queue set queued_count = 0 where name = 'errands'`;
    expect(await rings("06")).toBe(false);
  });

  test("old doorbells and effects are deleted, and no others", async () => {
    await db.owner`
      insert into private.doorbells (queue, rung_at)
      values ('errands', now() - interval '25 hours'), ('errands', now() - interval '23 hours')
    `;
    await db.owner`
      insert into private.job_effects (queue, key, done_at)
      values ('errands', 'old', now() - interval '31 days'), ('errands', 'new', now() - interval '29 days')
    `;
    const [row] = await db.owner`select private.sweep_jobs() as swept`;
    expect(row?.swept).toBe(2);
    expect(await db.owner`select from private.doorbells`).toHaveLength(1);
    expect(await db.owner`select from private.job_effects where key = 'new'`).toHaveLength(1);
  });
});

describe("job_health", () => {
  test("shows what waits, runs, failed and died, and the doorbells without answer", async () => {
    await db.owner`
      select private.send_job('errands', key => key) from unnest(array['a', 'b', 'c', 'd', 'e']) as key
    `;
    await db.owner`
      update pgboss.job
      set state = (case singleton_key when 'b' then 'active' when 'c' then 'failed' when 'd' then 'completed' else 'created' end)::pgboss.job_state,
        start_after = case singleton_key when 'e' then now() + interval '1 hour' else '2026-01-02' end,
        completed_on = case when singleton_key in ('c', 'd') then now() - interval '1 minute' end
    `;
    await db.owner`insert into pgboss.job (name, source_name) values ('dead-letters', 'errands')`;
    await db.owner`
      insert into private.doorbells (queue, rung_at, began_at, ended_at)
      values
        ('errands', now() - interval '1 minute', null, null),
        ('errands', now() - interval '2 minutes', now(), null),
        ('errands', now(), null, null),
        ('errands', now() - interval '1 minute', now(), now())
    `;
    const rows = await db.as("service_role")((sql) => sql`select * from job_health`);
    expect(rows.find((row) => row.name === "errands")).toEqual({
      kind: "queue",
      name: "errands",
      waiting: 1,
      running: 1,
      oldest_at: new Date("2026-01-02"),
      failed: 1,
      dead: 1,
      succeeded_at: expect.any(Date),
      lost_doorbells: 2,
    });
    expect(rows.find((row) => row.name === "maintenance")).toMatchObject({ kind: "maintenance" });
    expect(rows.filter((row) => row.kind === "schedule").map((row) => row.name)).toContain(
      "ring-for-waiting-jobs",
    );
  });

  test("is for the service role only", async () => {
    for (const role of ["anon", "authenticated"] as const) {
      expect((await refusal(db.as(role)((sql) => sql`select * from job_health`))).code).toBe("42501");
    }
    expect(await db.as("service_role")((sql) => sql`select * from job_health`)).not.toHaveLength(0);
  });
});
