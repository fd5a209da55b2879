/**
 * One thing that always fails delays nothing else: it is tried again, later each time, and after 20
 * failures job_health shows it. And pg_cron's records of runs are deleted.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { group, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";
import * as act from "./notices.ts";

let db: Database;
let alice: Person;
let bob: Person;
let crowd: Person[];
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  // More than 20 people for a fan-out, and more than 10 for the job of chat.
  crowd = await Promise.all(Array.from({ length: 21 }, (_, n) => db.signUp(`crowd_${n}`)));
  await db.admin`
    insert into follows (follower_id, followee_id, notifies)
    select follower.id, followee.id, true
    from profiles as follower, profiles as followee
    where follower.username like 'crowd%' and followee.username in ('alice', 'bob')`;
  await act.deliver(db);
});
beforeEach(async () => {
  await db.admin`delete from private.conversation_bells`;
  await db.admin`delete from private.conversation_tellings`;
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** From now on this table takes no such row. @returns what ends that */
async function poison(table: string, condition: string, event = "insert"): Promise<() => Promise<void>> {
  await db.admin.unsafe(`
    create function public.refuse_row() returns trigger language plpgsql as $$
    begin
      raise exception 'This row is poisoned';
    end $$;
    grant execute on function public.refuse_row() to public;
    create trigger refuse_row before ${event} on ${table}
    for each row when (${condition}) execute function public.refuse_row()`);
  const mend = async () => {
    await db.admin.unsafe("drop function if exists public.refuse_row() cascade");
  };
  onTestFinished(mend);
  return mend;
}

const deliver = () => db.owner`call private.deliver_waiting_notices()`;
const deliverChat = () => db.owner`call private.deliver_chat()`;
/** How often the rows of a table have failed, and whether they wait. */
const failures = async (table: string) =>
  (await db.admin`select failures, due_at > now() as waits from ${db.admin(`private.${table}`)}`).map(
    (row) => ({ ...row }),
  );
const due = (table: string) => db.admin`update ${db.admin(`private.${table}`)} set due_at = now()`;
const deadOf = async (job: string) => {
  const [row] = await db.as("service_role")(
    (sql) => sql`select dead from job_health where kind = 'schedule' and name = ${job}`,
  );
  return Number(row?.dead);
};
const toldOf = async (post: number) =>
  (
    await db.admin`
      select from private.notifications
      where object_id = ${post} and recipient_id in (select id from profiles where username like 'crowd%')`
  ).length;

test("the times between tries double from 2 seconds up to an hour, and end after 20", async () => {
  const rows = await db.owner`
    select extract(epoch from private.next_try_at(n) - clock_timestamp()) as seconds
    from generate_series(1, 20) as n`;
  const seconds = rows.map((row) => Math.round(Number(row.seconds)));
  expect(seconds).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, ...Array(8).fill(3600), Infinity]);
});

describe("a fan-out", () => {
  test("that fails waits and is tried again, and another one goes on", async () => {
    const poisoned = await act.write(alice, "poisoned");
    const mend = await poison("private.notice_queue", `new.object_id = ${poisoned}`);
    const good = await act.write(bob, "good");
    await deliver();
    expect([await toldOf(poisoned), await toldOf(good)]).toEqual([0, crowd.length]);
    expect(await failures("fan_outs")).toEqual([{ failures: 1, waits: true }]);

    await due("fan_outs");
    await deliver();
    expect(await failures("fan_outs")).toEqual([{ failures: 2, waits: true }]);

    await mend();
    await due("fan_outs");
    await deliver();
    expect(await toldOf(poisoned)).toBe(crowd.length);
    expect(await failures("fan_outs")).toEqual([]);
  });

  test("is given up after 20 failures, and job_health shows it", async () => {
    const post = await act.write(alice, "poisoned");
    const mend = await poison("private.notice_queue", `new.object_id = ${post}`);
    await db.admin`update private.fan_outs set failures = 19`;
    expect(await deadOf("deliver-waiting-notices")).toBe(0);
    await deliver();
    expect(await deadOf("deliver-waiting-notices")).toBe(1);
    const [row] = await db.admin`select from private.fan_outs where due_at = 'infinity'`;
    expect(row).toBeDefined();
    await mend();
    await due("fan_outs");
    await deliver();
    expect([await deadOf("deliver-waiting-notices"), await toldOf(post)]).toEqual([0, crowd.length]);
  });
});

test("notices that fail for alice are tried again, and bob is told", async () => {
  const [first, second] = [await act.write(alice, "one"), await act.write(bob, "two")];
  await act.deliver(db);
  const mend = await poison("private.stream_events", `new.user_id = '${alice.id}'`);
  const fan = crowd[0] as Person;
  await fan.asks(async (sql) => {
    await sql`select set_config('plaza.leaves_notices', 'yes', true)`;
    await sql`insert into posts (content, reply_to_id) select 'yes', unnest(${[first, second]}::bigint[])`;
  });
  await deliver();
  expect([await act.told(alice), await act.told(bob)]).toEqual([
    expect.not.arrayContaining([expect.stringContaining("reply")]),
    expect.arrayContaining([expect.stringContaining("reply 1")]),
  ]);
  expect(await failures("notice_queue")).toEqual([{ failures: 1, waits: true }]);

  await mend();
  await due("notice_queue");
  await deliver();
  expect(await act.told(alice)).toContainEqual(expect.stringContaining("reply 1"));
  expect(await failures("notice_queue")).toEqual([]);
});

test("a group whose bell fails is tried again, and another one is rung for", async () => {
  const [bad, good] = [await group(alice, "Bad", crowd), await group(alice, "Good", crowd)];
  await db.admin`delete from private.conversation_bells`;
  const rung = async (id: number) =>
    (await db.admin`select from private.unread_conversations where conversation_id = ${id}`).length;
  const mend = await poison("private.unread_conversations", `new.conversation_id = ${bad}`);
  for (const text of ["one", "two"]) await say(alice, bad, text);
  await say(alice, good, "three");
  await deliverChat();
  expect([await rung(bad), await rung(good)]).toEqual([0, crowd.length]);
  expect(await failures("conversation_bells")).toEqual([{ failures: 1, waits: true }]);

  // A new message is a new try. Both bells become one.
  await say(alice, bad, "four");
  await deliverChat();
  expect(await failures("conversation_bells")).toEqual([{ failures: 2, waits: true }]);

  await mend();
  await due("conversation_bells");
  await deliverChat();
  expect([await rung(bad), await failures("conversation_bells")]).toEqual([crowd.length, []]);
});

test("a person who cannot be told of a group is tried again, and the others are told", async () => {
  const id = await group(alice, "Moving", crowd);
  await db.admin`delete from private.conversation_tellings`;
  const [first, ...others] = crowd as [Person, ...Person[]];
  const told = async (people: Person[]) =>
    (
      await db.admin`
        select distinct user_id from private.stream_events
        where kind = 'conversation' and subject = ${id} and user_id = any (${people.map((one) => one.id)}::uuid[])
          and created_at > (select max(created_at) from private.messages where conversation_id = ${id})`
    ).length;
  const mend = await poison("private.stream_events", `new.user_id = '${first.id}'`);
  await db.owner`select private.tell(${id}, ${crowd.map((person) => person.id)}::uuid[])`;
  await deliverChat();
  expect([await told([first]), await told(others)]).toEqual([0, others.length]);
  expect(await failures("conversation_tellings")).toEqual([{ failures: 1, waits: true }]);

  // Something new about the group is a new try.
  await mend();
  await db.owner`select private.tell(${id}, ${[first.id, ...others.map((one) => one.id)]}::uuid[])`;
  await deliverChat();
  expect([await told([first]), await failures("conversation_tellings")]).toEqual([1, []]);
});

test("messages that cannot be erased keep no other message, also if they fill the batch", async () => {
  const [bad, good] = [await group(alice, "Kept", [bob]), await group(alice, "Erased", [bob])];
  const late = [(await say(alice, bad, "one")).id, (await say(alice, bad, "two")).id];
  const next = (await say(alice, good, "three")).id;
  const mend = await poison("private.messages", `new.conversation_id = ${bad}`, "update of deleted_at");
  await db.admin`update private.messages set expires_at = now() - interval '1 hour' where id = any (${late}::bigint[])`;
  await db.admin`update private.messages set expires_at = now() - interval '1 second' where id = ${next}`;
  const erase = async () => (await db.owner`select private.erase_batch(2) as erased`)[0]?.erased;
  expect([await erase(), await erase(), await failures("failed_erasures")]).toEqual([
    0,
    1,
    [{ failures: 1, waits: true }],
  ]);
  await due("failed_erasures");
  expect([await erase(), await failures("failed_erasures")]).toEqual([0, [{ failures: 2, waits: true }]]);
  await mend();
  await due("failed_erasures");
  expect([await erase(), await failures("failed_erasures")]).toEqual([2, []]);
});

test("a message that cannot be erased stays, and the next one is erased in the same run", async () => {
  const [bad, good] = [await group(alice, "Kept", [bob]), await group(alice, "Erased", [bob])];
  const ids = [(await say(alice, bad, "one")).id, (await say(alice, good, "two")).id];
  await poison("private.messages", `new.conversation_id = ${bad}`, "update of deleted_at");
  await db.admin`update private.messages set expires_at = now() - interval '1 second' where id = any (${ids}::bigint[])`;
  const [row] = await db.owner`select private.erase_batch() as erased`;
  expect(row?.erased).toBe(1);
  const left = await db.admin`
    select conversation_id::text as id, deleted_at is not null as is_erased
    from private.messages where id = any (${ids}::bigint[]) order by id`;
  expect(left.map((row) => ({ ...row, id: Number(row.id) }))).toEqual([
    { id: bad, is_erased: false },
    { id: good, is_erased: true },
  ]);
});

test("a person whose search switch fails goes to the end, and the next one is finished", async () => {
  const posts = [await act.write(alice, "bad"), await act.write(bob, "good")];
  // Both switched a while ago, and the index has not followed.
  await db.admin`
    update private.post_search set is_findable = not is_findable where post_id = any (${posts}::bigint[])`;
  await db.admin`
    insert into private.search_switches (author_id, switched_at)
    select unnest(${[alice.id, bob.id]}::uuid[]), now() - interval '1 hour'`;
  const mend = await poison("private.post_search", `new.post_id = ${posts[0]}`, "update");
  const left = async () =>
    (
      await db.admin`
        select author_id as id, switched_at > now() - interval '1 minute' as is_last from private.search_switches`
    ).map((row) => ({ ...row }));
  await db.owner`select private.finish_search_switches()`;
  expect(await left()).toEqual([{ id: alice.id, is_last: true }]);
  await mend();
  await db.owner`select private.finish_search_switches()`;
  expect(await left()).toEqual([]);
});

test("records of runs: an hour of successes stays, the last older one, and 3 days of failures", async () => {
  await db.admin`delete from cron.job_run_details`;
  await db.admin`
    insert into cron.job_run_details (runid, jobid, status, start_time, end_time, username)
    select run.id, run.job, run.status, now() - run.age, now() - run.age, 'postgres'
    from (values
      (1, 1, 'succeeded', interval '70 hours'),
      (2, 1, 'succeeded', interval '2 hours'),
      (3, 1, 'succeeded', interval '30 minutes'),
      (4, 1, 'failed', interval '71 hours'),
      (5, 1, 'failed', interval '73 hours'),
      (6, 2, 'succeeded', interval '71 hours'),
      (7, 3, 'succeeded', interval '73 hours'),
      (8, 1, 'running', null)
    ) as run (id, job, status, age)`;
  const [row] = await db.owner`select private.forget_old_runs() as forgotten`;
  const left = await db.admin`select runid::int as id from cron.job_run_details order by runid`;
  expect({ forgotten: row?.forgotten, left: left.map(({ id }) => id) }).toEqual({
    forgotten: 3,
    left: [2, 3, 4, 6, 8],
  });
});
