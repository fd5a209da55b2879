/** Trust on the real parts: schedules collect interactions and send the job, Postgres rings, and the function on Deno computes. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Person } from "../database/database.ts";
import { createTown, root, type Town } from "./jobs-town.ts";

const patience = { timeout: 30_000, interval: 50 };

let town: Town;
let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  town = await createTown();
  const workers = await readFile(join(root, "edge-functions/jobs/workers.ts"), "utf8");
  await town.project.write("jobs/workers.ts", workers);
  [alice, bob, carol] = [
    await town.db.signUp("alice"),
    await town.db.signUp("bob"),
    await town.db.signUp("carol"),
  ];
  await town.db.admin`update profiles set created_at = now() - interval '30 days'`;
  await town.db.as("service_role")((sql) => sql`select set_trust_seed(${alice.id})`);
}, 60_000);
afterAll(() => town?.[Symbol.asyncDispose]());

const trusted = async () => {
  const rows = await town.db.owner`
    select username, weight, counts from private.trust join profiles on profiles.id = profile_id order by username`;
  return Object.fromEntries(rows.map(({ username, weight, counts }) => [username, [weight, counts]]));
};

test("alice answers bob, the schedules notice it, and bob is trusted without anybody's doing", async () => {
  const [post] = await bob.asks(
    (sql) => sql`insert into posts (content) values ('Can we fix it?') returning id`,
  );
  await alice.asks((sql) => sql`insert into posts (content, reply_to_id) values ('Yes', ${post?.id})`);
  await town.db.admin`
    update cron.job
    set active = true, schedule = '1 second',
        command = replace(command, 'collect_interactions()', 'collect_interactions(now() + interval ''1 hour'')')
    where jobname in ('collect-interactions', 'send-trust')
  `;
  await using open = await town.open();
  await vi.waitFor(
    async () => expect(await trusted()).toEqual({ alice: [1, true], bob: [1, true] }),
    patience,
  );
  await vi.waitFor(() => expect(open.lines.join("\n")).toMatch(/2 of 3 people count/), patience);
  const health = await town.db.as("service_role")(
    (sql) => sql`select name, dead, failed from job_health where name in ('trust', 'send-trust')`,
  );
  expect(health).toHaveLength(2);
  for (const row of health) expect(row).toMatchObject({ dead: 0, failed: 0 });
}, 90_000);

test("a refresh that fails changes nothing, and the next one does all of it", async () => {
  await town.db.admin`update cron.job set active = false`;
  await town.db.owner`delete from pgboss.job`;
  await town.db.owner`delete from private.doorbells`;
  await using open = await town.open({ net: false, cron: false });
  await carol.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  await alice.asks((sql) => sql`insert into follows (followee_id) values (${carol.id})`);
  const before = await trusted();
  await town.db.owner.unsafe(
    `alter table private.trust add constraint broken check (profile_id <> '${carol.id}')`,
  );
  await town.db.owner`select private.send_job('trust')`;
  expect(await open.drain("trust")).toMatchObject({ done: 0, failed: 1 });
  expect(await trusted()).toEqual(before);
  await town.db.owner`alter table private.trust drop constraint broken`;
  await town.db.owner`update pgboss.job set start_after = now()`;
  expect(await open.drain("trust")).toMatchObject({ done: 1, failed: 0 });
  expect(Object.keys(await trusted())).toEqual(["alice", "bob", "carol"]);
}, 60_000);
