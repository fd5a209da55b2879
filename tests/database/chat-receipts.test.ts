/** Open screens hear when receipts appear and vanish: by the switch of a person, and by the size of a group. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { conversation, direct, group, one, rows, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  await alice.asks((sql) => sql`insert into follows (followee_id) values (${bob.id})`);
  await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
});
afterAll(() => db?.[Symbol.asyncDispose]());

const deliver = () => db.owner.unsafe("call private.deliver_chat()");
const switchTo = (person: Person, isOn: boolean) =>
  one(person, "set_chat_settings(shows_receipts => $1)", isOn);
const newest = async (id: number) =>
  (
    await db.admin`
    select payload from realtime.messages where topic = ${`conversation:${id}:1`}
    order by (payload ->> 'seq')::bigint desc limit 1`
  )[0]?.payload;
const kindsOf = async (id: number) =>
  (
    await db.admin`select kind::text from private.conversation_events where conversation_id = ${id} order by seq`
  ).map(({ kind }) => kind as string);
const written = async () => {
  const [counted] = await db.admin`
    select
      (select count(*)::integer from private.conversation_events) as of_conversations,
      (select count(*)::integer from private.stream_events where user_id = ${bob.id}) as of_bob,
      (select count(*)::integer from private.receipt_switches) as of_the_job`;
  return counted;
};

test("bob switches receipts off: two rows are written, and the job tells all his conversations", async () => {
  const pair = await direct(alice, bob);
  const { seq } = await say(alice, pair, "seen?");
  const groups: number[] = [];
  // More than a batch of the job.
  for (let n = 0; n < 24; n += 1) groups.push(await group(alice, `Room ${n}`, [bob]));
  await one(bob, "mark_conversation_read($1, $2)", pair, seq);
  const read = await one<{ read_seq: number }>(alice, "receipts($1)", pair);
  expect(read).toMatchObject({ read_seq: seq });
  const before = await written();

  await switchTo(bob, false);
  expect(await written()).toEqual({ ...before, of_bob: before?.of_bob + 1, of_the_job: 1 });
  const [told] = await db.admin`
    select kind::text from private.stream_events where user_id = ${bob.id} order by seq desc limit 1`;
  expect(told?.kind).toBe("start_over");
  await deliver();
  expect(await written()).toMatchObject({
    of_conversations: before?.of_conversations + 25,
    of_the_job: 0,
  });
  // Bob sees no receipts any more. So the topic does not tell them.
  expect(await newest(pair)).toMatchObject({ kind: "pointer", payload: null });
  const page = async (person: Person) =>
    (
      await rows<{ stream: string; events: { kind: string; payload: unknown }[] }>(person, "sync($1)", {
        [`conversation:${pair}`]: seq,
      })
    )
      .find(({ stream }) => stream === `conversation:${pair}`)
      ?.events.at(-1);
  expect(await page(alice)).toMatchObject({
    kind: "pointer",
    payload: { profile_id: bob.id, delivered_seq: null, read_seq: null },
  });

  await switchTo(bob, true);
  await deliver();
  expect(await page(alice)).toMatchObject({
    kind: "pointer",
    payload: { profile_id: bob.id, read_seq: seq },
  });
  expect(await newest(pair)).toMatchObject({
    kind: "pointer",
    payload: { profile_id: bob.id, read_seq: seq },
  });

  // It is on already, so nobody hears of it.
  const after = await written();
  await switchTo(bob, true);
  await one(bob, "set_chat_settings(who_writes => 'following')");
  expect(await written()).toEqual(after);
});

test("a conversation in which bob switched receipts off anyway hears nothing", async () => {
  const id = await group(alice, "Quiet", [bob]);
  await one(bob, "set_conversation($1, shows_receipts => false)", id);
  const before = await kindsOf(id);
  expect(before).toContain("pointer");
  await switchTo(bob, false);
  await deliver();
  await switchTo(bob, true);
  await deliver();
  expect(await kindsOf(id)).toEqual(before);
});

test("a switch that fails is tried again", async () => {
  const id = await group(alice, "Poisoned", [bob]);
  await db.admin.unsafe(`
    create function public.refuse_row() returns trigger language plpgsql as $$
    begin
      raise exception 'This row is poisoned';
    end $$;
    create trigger refuse_row before insert on private.conversation_events
      for each row when (new.conversation_id = ${id}) execute function public.refuse_row()`);
  await switchTo(bob, false);
  await deliver();
  const left = () => db.owner`select failures, due_at > now() as waits from private.receipt_switches`;
  expect(await left()).toEqual([{ failures: 1, waits: true }]);
  await db.admin.unsafe(
    "drop trigger refuse_row on private.conversation_events; drop function public.refuse_row()",
  );
  await db.owner`update private.receipt_switches set due_at = now()`;
  await deliver();
  expect([await left(), (await kindsOf(id)).at(-1)]).toEqual([[], "pointer"]);
  await switchTo(bob, true);
  await deliver();
});

test("a group that grows past 50 members, and falls to 50 again, tells all with one event", async () => {
  const crowd = await Promise.all(Array.from({ length: 50 }, (_, n) => db.signUp(`crowd_${n}`)));
  const id = await group(alice, "Growing", [bob, ...crowd.slice(0, 48)]);
  const overs = async () => (await kindsOf(id)).filter((kind) => kind === "start_over").length;
  expect((await conversation(alice, id)).member_count).toBe(50);
  expect(await overs()).toBe(0);
  expect(await rows(alice, "receipts($1)", id)).toHaveLength(1);

  await one(alice, "add_members($1, $2)", id, [crowd[48]?.id]);
  expect([await overs(), await rows(alice, "receipts($1)", id)]).toEqual([1, []]);
  await one(alice, "add_members($1, $2)", id, [crowd[49]?.id]);
  await one(alice, "remove_member($1, $2)", id, crowd[49]?.id);
  expect(await overs()).toBe(1);
  await one(alice, "remove_member($1, $2)", id, crowd[48]?.id);
  expect(await overs()).toBe(2);
  expect(await rows(alice, "receipts($1)", id)).toHaveLength(1);
  await one(alice, "remove_member($1, $2)", id, crowd[47]?.id);
  expect(await overs()).toBe(2);
});

test("bob leaves and comes back: open screens forget how far he was before", async () => {
  const carol = await db.signUp("carol");
  await carol.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  const id = await group(alice, "A door", [bob]);
  const { seq } = await say(alice, id, "seen?");
  await one(bob, "mark_conversation_read($1, $2)", id, seq);
  await bob.asks((sql) => sql`select leave_conversation(${id})`);
  const startsOver = async () => (await kindsOf(id)).filter((kind) => kind === "start_over").length;

  await alice.asks((sql) => sql`select add_members(${id}, array[${carol.id}]::uuid[])`);
  expect(await startsOver()).toBe(0);
  await alice.asks((sql) => sql`select add_members(${id}, array[${bob.id}]::uuid[])`);
  expect(await startsOver()).toBe(1);
  expect(await rows(alice, "receipts($1)", id)).not.toContainEqual(
    expect.objectContaining({ read_seq: seq, profile: expect.objectContaining({ id: bob.id }) }),
  );
});
