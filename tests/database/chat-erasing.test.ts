/**
 * What deleted accounts said, and groups that nobody is in any more: nobody reads it from the first moment on, and the
 * job erases it in steps of a fixed size.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { conversation, direct, group, history, type Message, one, rows, say } from "./chat.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

/** What one step erases. Each room has more than that. */
const step = 500;
const many = 620;

let db: Database;
let alice: Person;
let bob: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
});
beforeEach(async () => {
  await db.admin`delete from private.conversations`;
  mallory = await db.signUp(`mallory_${Math.random().toString(36).slice(2, 8)}`);
  for (const person of [alice, bob]) {
    await person.asks((sql) => sql`insert into follows (followee_id) values (${mallory.id})`);
    await mallory.asks((sql) => sql`insert into follows (followee_id) values (${person.id})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Writes many messages, with their versions and broadcasts, faster than the API does. */
async function fill(person: Person, id: number, words = "pebble"): Promise<void> {
  await db.admin.unsafe(`
    do $$
    declare
      room private.conversations;
      message private.messages;
    begin
      for n in 1..${many} loop
        message := null;
        message.sender_id := '${person.id}';
        message.client_id := format('filled %s %s', ${id}, n);
        message.content := format('${words} %s', n);
        message.entities := '[]';
        select * into room from private.conversations where conversations.id = ${id} for no key update;
        message := private.add_message(room, message);
        perform private.index_message(message);
        insert into private.message_versions (message_id, version, content) values (message.id, 1, '${words} before');
        perform private.send_event(room, message.seq, 'message', private.message_for_all(room, message));
      end loop;
    end $$`);
}

/** All that a person reads of a conversation, in one text. */
async function everything(person: Person, id: number): Promise<string> {
  const ids = (await history(person, id)).map((message) => message.id);
  return JSON.stringify([
    await rows(person, "messages($1, page_size => 100)", id),
    await rows(person, "messages($1, around => 300, page_size => 100)", id),
    await rows(person, "message($1)", ids[0]),
    await rows(person, "message_versions($1)", ids[0]),
    await rows(person, "search_messages('pebble', null, 100, $1)", id),
    await rows(person, "sync($1, 500)", { [`conversation:${id}`]: null }),
    await rows(person, "sync($1, 500)", { [`conversation:${id}`]: 0 }),
    await rows(person, "conversation($1)", id),
    await rows(person, "receipts($1)", id),
    await rows(person, "unread()"),
  ]);
}

const deleteAccount = (person: Person) => db.admin`delete from auth.users where id = ${person.id}`;
const stepOf = async (most = step) =>
  (await db.owner`select private.erase_batch(${most}) as erased`)[0]?.erased as number;
const count = async (from: string) =>
  Number((await db.admin.unsafe(`select count(*) from ${from}`))[0]?.count);
/** The events of conversations and of people, and the numbers that clients compare. */
const told = async () => [
  await count("private.conversation_events"),
  await count("private.stream_events"),
  await count("private.conversation_tellings"),
  await count("private.conversation_bells"),
  (await db.admin`select sum(last_seq) as seqs, sum(epoch) as epochs from private.conversations`)[0],
  (await db.admin`select sum(view) as views from private.conversation_members`)[0],
];

describe("a deleted account", () => {
  test("said more than a step erases: nobody reads it from the deletion on, and no step changes what others read", async () => {
    const lost = await direct(mallory, alice);
    const kept = await direct(mallory, bob);
    const room = await group(alice, "Room", [mallory, bob]);
    for (const id of [lost, kept]) await say(mallory, id, "pebble");
    await one(bob, "set_conversation($1, keeps_deleted => true)", kept);
    await one(alice, "set_member_role($1, $2, 'admin')", room, mallory.id);
    await one(mallory, "update_group($1, name => 'Renamed')", room);
    for (const id of [lost, kept, room]) await fill(mallory, id);
    const [newest] = (await history(mallory, lost)).slice(-1) as [Message];
    await say(alice, lost, "an answer", newest.id);
    await one(alice, "react($1, '👍')", newest.id);
    for (const [person, id] of [
      [alice, lost],
      [bob, kept],
      [bob, room],
    ] as const)
      expect(await everything(person, id)).toContain("pebble 61");
    const said = await count(`private.messages where sender_id = '${mallory.id}'`);

    await deleteAccount(mallory);
    await db.owner`call private.deliver_chat()`;
    // The deletion did not touch the messages.
    expect(await count(`private.messages where sender_id = '${mallory.id}' and content like 'pebble%'`)).toBe(
      3 * many + 2,
    );
    const read = async () => [
      await everything(alice, lost),
      await everything(alice, room),
      await everything(bob, room),
      await everything(bob, kept),
    ];
    const before = await read();
    for (const text of before) expect(text).not.toContain(mallory.id);
    for (const text of before.slice(0, 3)) expect(text).not.toContain("pebble");
    expect(before[3]).toContain("pebble 61");
    // What she did to the group stays, without her name.
    expect(await rows(alice, "messages($1, after => 0)", room)).toContainEqual(
      expect.objectContaining({ change: "named", content: "Renamed", sender: null }),
    );
    expect(await conversation(alice, lost)).toMatchObject({ unread: 0 });
    expect((await refusal(one(bob, "react($1, '👍')", newest.id))).detail).toBe("message_not_found");

    const toldOnce = await told();
    for (let left = said; left > 0; ) {
      const erased = await stepOf();
      expect(erased).toBe(Math.min(step, left));
      left -= erased;
      expect(await count(`private.messages where sender_id = '${mallory.id}'`)).toBe(left);
      expect(await read()).toEqual(before);
    }
    expect(await stepOf()).toBe(0);
    expect(await told()).toEqual(toldOnce);

    for (const id of [lost, room]) {
      expect(await count(`private.messages where conversation_id = ${id} and content like 'pebble%'`)).toBe(
        0,
      );
      const mine = `(select id from private.messages where conversation_id = ${id} and sender_id is null)`;
      for (const table of ["message_versions", "message_search", "message_reactions", "message_mentions"])
        expect(await count(`private.${table} where message_id in ${mine}`), table).toBe(0);
      expect(
        await count(
          `realtime.messages where topic like 'conversation:${id}:%' and payload::text like '%pebble%'`,
        ),
      ).toBe(0);
    }
    expect(await count(`private.messages where conversation_id = ${kept} and content like 'pebble%'`)).toBe(
      many + 1,
    );
    expect(await count("private.ended_senders")).toBe(0);
  });

  test("is not brought back by a choice that alice or the owner makes later", async () => {
    const pair = await direct(mallory, alice);
    const room = await group(alice, "Room", [mallory, bob]);
    for (const id of [pair, room]) await say(mallory, id, "pebble");
    await deleteAccount(mallory);
    expect(await count("private.messages where content = 'pebble'")).toBe(2);
    await one(alice, "set_conversation($1, keeps_deleted => true)", pair);
    await one(alice, "update_group($1, keeps_deleted => true)", room);
    for (const id of [pair, room]) expect(await everything(alice, id)).not.toContain("pebble");
    expect(await stepOf()).toBeGreaterThan(0);
    expect(await count("private.messages where content = 'pebble'")).toBe(0);
  });

  test("is erased after a step that died", async () => {
    const pair = await direct(mallory, alice);
    await fill(mallory, pair);
    await deleteAccount(mallory);
    const died = db.owner.begin(async (sql) => {
      const [row] = await sql`select private.erase_batch(100) as erased`;
      throw new Error(`died after ${row?.erased}`);
    });
    await expect(died).rejects.toThrow("died after 100");
    expect(await count("private.messages where content like 'pebble%'")).toBe(many);
    expect(await everything(alice, pair)).not.toContain("pebble");
    await db.owner`call private.erase_messages()`;
    expect(await count("private.messages where content like 'pebble%'")).toBe(0);
  });

  test("that cannot be erased in one conversation is erased in the others, and so is another account", async () => {
    const carol = await db.signUp(`carol_${Math.random().toString(36).slice(2, 8)}`);
    await alice.asks((sql) => sql`insert into follows (followee_id) values (${carol.id})`);
    const [bad, good, other] = [
      await direct(mallory, alice),
      await direct(mallory, bob),
      await direct(carol, alice),
    ];
    // What cannot be erased comes first, and fills a step.
    await one(mallory, "send_message($1, 'a', 'pebble')", bad);
    await one(mallory, "send_message($1, 'b', 'pebble')", good);
    await say(carol, other, "pebble");
    await db.admin.unsafe(`
      create function public.refuse_row() returns trigger language plpgsql as $$
      begin
        raise exception 'This row is poisoned';
      end $$;
      create trigger refuse_row before update on private.messages
        for each row when (new.conversation_id = ${bad}) execute function public.refuse_row()`);
    const mend = async () => {
      await db.admin.unsafe("drop function if exists public.refuse_row() cascade");
    };
    onTestFinished(mend);
    await deleteAccount(mallory);
    await deleteAccount(carol);
    for (let run = 0; run < 6; run += 1) await stepOf(1);
    const left = async () =>
      (
        await db.admin`select conversation_id::bigint as id from private.messages where content = 'pebble'`
      ).map(({ id }) => Number(id));
    expect(await left()).toEqual([bad]);
    expect(await everything(alice, bad)).not.toContain("pebble");
    expect(await count("private.failed_erasures where failures > 0")).toBe(1);
    await mend();
    await db.admin`update private.failed_erasures set due_at = now()`;
    await db.admin`update private.ended_senders set due_at = now()`;
    await stepOf();
    expect(await left()).toEqual([]);
    expect([await count("private.failed_erasures"), await count("private.ended_senders")]).toEqual([0, 0]);
  });
});

test("the last member leaves: nobody comes in, their other device learns it, and the job deletes the group in steps", async () => {
  const room = await group(alice, "Room", []);
  await fill(alice, room);
  await one(alice, "react($1, '👍')", (await history(alice, room)).at(-1)?.id);
  const code = await one<string>(alice, "create_invite($1)", room);
  const { topic } = await conversation(alice, room);
  const [before] = await db.admin`select last_seq from private.streams where user_id = ${alice.id}`;
  await one(alice, "leave_conversation($1)", room);
  const [page] = await rows<{ events: unknown[] }>(alice, "sync($1)", {
    [`user:${alice.id}`]: before?.last_seq,
  });
  expect(page?.events).toMatchObject([
    { kind: "conversation", payload: { conversation_id: room, conversation: null } },
  ]);
  expect((await refusal(history(alice, room))).detail).toBe("conversation_not_found");
  expect((await refusal(one(bob, "join_by_invite($1)", code))).detail).toBe("invite_not_found");
  const [hears] = await db.admin`select private.hears(${alice.id}, ${topic}) as hears`;
  expect(hears?.hears).toBe(false);
  const left = async () =>
    (await count(`private.messages where conversation_id = ${room}`)) +
    (await count(`private.conversation_events where conversation_id = ${room}`));
  for (let before = await left(); before > 0; before = await left()) {
    await stepOf();
    expect(before - (await left())).toBe(Math.min(before, step));
  }
  await stepOf();
  expect(await count(`private.conversations where id = ${room}`)).toBe(0);
});

test("an owner who never accepted the group declines it, and the next one owns it", async () => {
  const [dora, erin] = [await db.signUp("dora"), await db.signUp("erin")];
  const room = await group(mallory, "Room", [dora, erin]);
  await deleteAccount(mallory);
  const [heir, next] = (await conversation(dora, room)).role === "owner" ? [dora, erin] : [erin, dora];
  await one(heir, "decline_conversation($1)", room);
  expect(await conversation(next, room)).toMatchObject({ role: "owner", member_count: 1 });
});
