/**
 * Unread is exact: after every step of random histories it equals a recount of what the member
 * reads. CHAT_STEPS says how many steps (2,000 when it is not set), CHAT_SEED which ones.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { conversation, direct, folder, group, history, one, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

const steps = Number(process.env.CHAT_STEPS ?? 2000);
const seed = Number(process.env.CHAT_SEED ?? 11);

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const unread = (person: Person) => one<{ messages: number; message_requests: number }>(person, "unread()");

test("unread counts what others said behind the pointer, and its totals leave out what is muted", async () => {
  const [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  await alice.asks((sql) => sql`insert into follows (followee_id) values (${bob.id})`);
  const id = await direct(bob, alice);
  const [first] = [await say(bob, id, "1"), await say(bob, id, "2")];
  await say(bob, id, "3");
  expect(await conversation(alice, id)).toMatchObject({ unread: 3 });
  expect(await conversation(bob, id)).toMatchObject({ unread: 0 });
  expect(await unread(alice)).toMatchObject({
    messages: 3,
    message_requests: 0,
  });

  expect(await one(alice, "mark_conversation_read($1, $2)", id, first.seq)).toBe(2);
  expect(await one(alice, "mark_conversation_read($1, 0)", id)).toBe(2);
  expect(await one(alice, "mark_conversation_read($1, 999)", id)).toBe(0);
  expect(await one(alice, "mark_conversation_unread($1)", id)).toBe(1);
  expect(await conversation(alice, id)).toMatchObject({ unread: 1, is_marked_unread: true });
  await one(alice, "set_conversation($1, 'infinity')", id);
  expect(await unread(alice)).toMatchObject({ messages: 0 });
  expect(await conversation(alice, id)).toMatchObject({ unread: 1 });
  await one(alice, "set_conversation($1, now() - interval '1 second')", id);
  expect(await unread(alice)).toMatchObject({ messages: 1 });
  // A person who answers has read.
  await say(alice, id, "4");
  expect(await conversation(alice, id)).toMatchObject({ unread: 0, is_marked_unread: false });
});

test("a banned person has no unread messages until the ban ends", async () => {
  const [reader, writer] = [await db.signUp("banned"), await db.signUp("writes_to_banned")];
  await reader.asks((sql) => sql`insert into follows (followee_id) values (${writer.id})`);
  await say(writer, await direct(writer, reader), "1");
  const ban = (until: string | null) =>
    db.admin`update auth.users set banned_until = ${until}::text::timestamptz where id = ${reader.id}`;
  await ban("infinity");
  expect(await unread(reader)).toMatchObject({ messages: 0 });
  await ban(null);
  expect(await unread(reader)).toMatchObject({ messages: 1 });
});

test("requests are counted apart until they are accepted", async () => {
  const [alice, stranger] = [await db.signUp("alice_2"), await db.signUp("stranger")];
  const id = await direct(stranger, alice);
  expect(await folder(alice, "requests")).toEqual([]);
  await say(stranger, id, "hello");
  await say(stranger, id, "hello?");
  expect(await unread(alice)).toMatchObject({ messages: 0, message_requests: 1 });
  expect((await folder(alice, "requests")).map((found) => found.id)).toEqual([id]);
  expect(await folder(alice, "inbox")).toEqual([]);
  await say(alice, id, "hi");
  expect((await folder(alice, "inbox")).map((found) => found.id)).toEqual([id]);
  await say(stranger, id, "nice");
  expect(await unread(alice)).toMatchObject({ messages: 1, message_requests: 0 });
});

/** A generator of numbers that is the same in each run. */
function dice(seed: number) {
  let state = seed;
  return (sides: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

test(`unread equals a recount after each of ${steps} random steps`, {
  timeout: 60_000 + steps * 60,
}, async () => {
  const roll = dice(seed);
  const people: Person[] = [];
  for (let n = 0; n < 5; n += 1) people.push(await db.signUp(`roller_${n}`));
  const anybody = () => people[roll(people.length)] as Person;
  // A group of more than 10 people: its members hear of messages from the job.
  const crowd: Person[] = [];
  for (let n = 0; n < 8; n += 1) crowd.push(await db.signUp(`crowd_${n}`));
  const ids = [
    await group(people[0] as Person, "One", [...people.slice(1), ...crowd]),
    await group(people[1] as Person, "Two", people.slice(2)),
    await direct(people[0] as Person, people[1] as Person),
    await direct(people[2] as Person, people[3] as Person),
  ];
  const written: number[] = [];
  const done: Record<string, number> = {};

  for (let step = 0; step < steps; step += 1) {
    const [person, id] = [anybody(), ids[roll(ids.length)] as number];
    const message = written[Math.max(0, written.length - 1 - roll(12))] ?? 0;
    const other = anybody();
    const actions: [string, () => Promise<unknown>][] = [
      ["say", async () => written.push((await say(person, id, `@${other.username} ${step}`)).id)],
      ["say", async () => written.push((await say(person, id, `${step}`)).id)],
      ["read", () => one(person, "mark_conversation_read($1, $2)", id, roll(step + 5))],
      ["read", () => one(person, "mark_conversation_read($1, $2)", id, 1_000_000)],
      ["unread", () => one(person, "mark_conversation_unread($1)", id)],
      ["delete", () => one(person, "delete_message($1, true)", message)],
      ["hide", () => one(person, "delete_message($1)", message)],
      ["edit", () => one(person, "edit_message($1, $2)", message, `@${other.username} edited ${step}`)],
      ["block", () => person.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`)],
      ["unblock", () => person.asks((sql) => sql`delete from blocks`)],
      ["remove", () => one(person, "remove_member($1, $2)", id, other.id)],
      ["add", () => one(person, "add_members($1, $2)", id, [other.id])],
      ["accept", () => one(person, "accept_conversation($1)", id)],
      ["keep", () => one(person, "set_conversation($1, keeps_deleted => $2)", id, roll(2) === 0)],
      ["archive", () => one(person, "set_conversation($1, is_archived => $2)", id, roll(2) === 0)],
      [
        "mute",
        () =>
          one(
            person,
            "set_conversation($1, $2)",
            id,
            roll(2) === 0 ? "9999-01-01T00:00:00Z" : "2026-01-01T00:00:00Z",
          ),
      ],
      ["job", () => db.owner.unsafe("call private.deliver_chat()")],
      [
        "expire",
        () =>
          db.admin`update private.messages set expires_at = now() where id = ${message}`.then(
            () => db.owner`select private.erase_batch()`,
          ),
      ],
    ];
    const [name, act] = actions[roll(actions.length)] as (typeof actions)[0];
    await act().then(
      () => (done[name] = (done[name] ?? 0) + 1),
      (error: { code?: string }) => {
        // What somebody may not do is a step too.
        if (!/^(PT4|23505)/.test(error.code ?? "")) throw error;
      },
    );
    const counted = await db.admin`
      select
        private.unread_messages(conversations, members, private.unheard_ids(conversations, members)) as unread,
        private.unread_mentions(conversations, members, private.unheard_ids(conversations, members)) as mentions,
        (
          select array[count(*), count(*) filter (where exists (
            select from private.message_mentions as mention
            where mention.message_id = seen.id and mention.user_id = members.user_id
          ))]
          from private.messages_for(
            members, private.message_page(members, members.read_seq, null, false, 1000000)
          ) as seen
          join private.messages on messages.id = seen.id
          where seen.change is null and not seen.is_deleted and messages.sender_id is distinct from members.user_id
        ) as recount
      from private.conversation_members as members
      join private.conversations on conversations.id = conversation_id
      -- A step changes this conversation. A block changes all of them. At the end, all are looked at.
      where members.user_id = any (${people.map((one) => one.id)})
        and (conversation_id = ${id} or ${name.endsWith("block") || step === steps - 1})`;
    for (const row of counted) {
      expect([row.unread, row.mentions], `${name} at step ${step}`).toEqual(row.recount.map(Number));
    }
    const totals = await db.admin`
      select
        person.id, totals.messages, totals.message_requests as requests,
        coalesce(sum(counted.unread) filter (where members.is_accepted), 0) as all_messages,
        count(*) filter (where not members.is_accepted and counted.unread > 0) as all_requests
      from unnest(${people.map((one) => one.id)}::uuid[]) as person (id)
      cross join lateral private.chat_totals(
        person.id, array(select private.noted_conversations(person.id))
      ) as totals
      left join private.conversation_members as members on members.user_id = person.id
        and not members.is_declined and not members.is_archived
        and coalesce(members.muted_until <= now(), true)
      left join private.conversations on conversations.id = members.conversation_id
      left join lateral private.unread_messages(
        conversations, members, private.unheard_ids(conversations, members)
      ) as counted (unread) on members.user_id is not null
      group by person.id, totals.messages, totals.message_requests`;
    for (const row of totals) {
      expect([row.messages, row.requests], `totals after ${name} at step ${step}`).toEqual([
        Number(row.all_messages),
        row.all_requests,
      ]);
    }
  }
  // Every kind of step happened.
  if (steps >= 1000) expect(Object.keys(done)).toHaveLength(16);
  expect((await history(people[0] as Person, ids[2] as number)).length).toBeGreaterThan(0);
});

test("unread is right when everybody writes and reads at once", async () => {
  const people: Person[] = [];
  for (let n = 0; n < 4; n += 1) people.push(await db.signUp(`racer_${n}`));
  const id = await group(people[0] as Person, "Race", people.slice(1));
  await Promise.all(
    people.flatMap((person) =>
      Array.from({ length: 10 }, async (_, n) => {
        await say(person, id, `${n}`);
        await one(person, "mark_conversation_read($1, $2)", id, n * 3);
      }),
    ),
  );
  const quiet = people[3] as Person;
  const before = await conversation(quiet, id);
  const behind = (await history(quiet, id)).filter(
    (message) => !message.change && message.seq > before.read_seq && message.sender?.id !== quiet.id,
  );
  expect(before.unread).toBe(behind.length);
});
