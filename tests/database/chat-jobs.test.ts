/** The job of chat is fair: a group in which something happens all the time delays no other. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { group, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let alice: Person;
let people: Person[];
beforeAll(async () => {
  db = await createDatabase();
  alice = await db.signUp("alice");
  // More than 10 members, so the job tells them.
  people = await Promise.all(Array.from({ length: 30 }, (_, n) => db.signUp(`crowd_${n}`)));
});
afterAll(() => db?.[Symbol.asyncDispose]());

const ring = () => db.owner`select private.ring_batch()`;
const tell = () => db.owner`select private.tell_batch()`;

test("a quiet group is rung for before a busy one is rung for again", async () => {
  const [busy, quiet] = [await group(alice, "Busy", people), await group(alice, "Quiet", people)];
  await db.owner`delete from private.conversation_bells`;
  await say(alice, busy, "one");
  await say(alice, quiet, "two");
  await ring();
  await say(alice, busy, "three");
  await ring();
  const waiting = await db.owner`select conversation_id::text as id from private.conversation_bells`;
  expect(waiting.map(({ id }) => Number(id))).toEqual([busy]);
});

test("a group that somebody holds waits, and keeps no other group waiting", async () => {
  const [held, free] = [await group(alice, "Held", people), await group(alice, "Free", people)];
  await db.owner`delete from private.conversation_bells`;
  await say(alice, held, "one");
  await say(alice, free, "two");
  const rung = async (id: number) =>
    (await db.owner`select from private.unread_conversations where conversation_id = ${id}`).length;
  // The message is sent, and its transaction is still open.
  await alice.asks(async (sql) => {
    await sql`select send_message(${held}, 'open', 'three')`;
    await ring();
    await ring();
    expect([await rung(held), await rung(free)]).toEqual([0, people.length]);
  });
  await ring();
  expect(await rung(held)).toBe(people.length);
});

test("people who wait are told before others are told again", async () => {
  const id = await group(alice, "Moving", people);
  await db.owner`delete from private.conversation_tellings`;
  const waiting = async () =>
    (await db.owner`select user_id from private.conversation_tellings`).map(
      ({ user_id }) => user_id as string,
    );
  await db.owner`select private.tell(${id}, ${people.map((person) => person.id)}::uuid[])`;
  await tell();
  const late = await waiting();
  expect(late).toHaveLength(10);
  await db.owner`select private.tell(${id}, ${people.map((person) => person.id)}::uuid[])`;
  await tell();
  expect((await waiting()).filter((user) => late.includes(user))).toEqual([]);
});

test("one run tells 80 people, so that 500 do not join a new topic in the same second", async () => {
  const rooms = [];
  for (let n = 0; n < 5; n += 1) rooms.push(await group(alice, `Crowded ${n}`, people));
  await db.owner`delete from private.conversation_tellings`;
  for (const id of rooms)
    await db.owner`select private.tell(${id}, ${people.map((person) => person.id)}::uuid[])`;
  const waiting = async () => (await db.owner`select from private.conversation_tellings`).length;
  expect(await waiting()).toBe(150);
  await db.owner.unsafe("call private.deliver_chat()");
  expect(await waiting()).toBe(70);
});
