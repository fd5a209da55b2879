/** Many people do everything in chat at once: nothing deadlocks, and what is counted stays right. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { direct, group, one, rows, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

test("eight people write, block, leave, join and end their accounts at once, and nobody waits in a circle", async () => {
  const people: Person[] = [];
  for (let n = 0; n < 8; n += 1) people.push(await db.signUp(`racer_${n}`));
  const [host, ...others] = people as [Person, ...Person[]];
  const doomed: Person[] = [];
  for (let n = 0; n < 4; n += 1) doomed.push(await db.signUp(`doomed_${n}`));
  const rooms = [
    await group(host, "One", [...others, ...doomed]),
    await group(host, "Two", [...others, ...doomed]),
  ];
  for (const room of rooms) {
    for (const person of [...others, ...doomed]) await one(person, "accept_conversation($1)", room);
  }
  const code = await one<string>(host, "create_invite($1)", rooms[0]);
  const failures: string[] = [];
  const attempt = (work: Promise<unknown>) =>
    work.catch((error: { code?: string; message?: string }) => {
      // A refusal is an answer. A deadlock is not.
      if (!/^(PT4|PT503|23505)/.test(error.code ?? "")) failures.push(`${error.code} ${error.message}`);
    });
  const busy = people.map(async (person, n) => {
    for (let round = 0; round < 12; round += 1) {
      const room = rooms[(n + round) % 2] as number;
      const other = people[(n + round + 1) % people.length] as Person;
      const named = doomed[round % doomed.length] as Person;
      await attempt(say(person, room, `@${named.username} @${other.username} ${round}`));
      await attempt(direct(person, other).then((id) => say(person, id, "hi")));
      await attempt(one(person, "mark_conversation_read($1, 1000)", room));
      if (n && round % 3 === 0)
        await attempt(person.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`));
      if (n && round % 3 === 1) await attempt(person.asks((sql) => sql`delete from blocks`));
      if (round % 4 === 2) await attempt(one(person, "leave_conversation($1)", room));
      if (round % 4 === 3) await attempt(one(person, "join_by_invite($1)", code));
      if (!n) await attempt(one(host, "remove_member($1, $2)", room, named.id));
      if (!n) await attempt(one(host, "add_members($1, $2)", room, [other.id, named.id]));
    }
  });
  const ends = doomed.map(async (person, n) => {
    for (let round = 0; round < 3 + n * 3; round += 1) {
      await attempt(say(person, rooms[round % 2] as number, "still here"));
    }
    await attempt(db.admin`delete from auth.users where id = ${person.id}`);
  });
  let working = true;
  const job = (async () => {
    while (working) {
      await db.owner.unsafe("call private.deliver_chat('0')");
      await db.owner`select private.erase_batch()`;
    }
  })();
  await Promise.all([...busy, ...ends]);
  working = false;
  await job;
  expect(failures).toEqual([]);

  const wrong = await db.admin`
    select one.id, member_count, last_seq from private.conversations as one
    where member_count <> (select count(*) from private.conversation_members where conversation_id = one.id)
      or last_seq <> (
        select (select count(*) from private.messages where conversation_id = one.id)
          + (select count(*) from private.conversation_events where conversation_id = one.id)
      )`;
  expect([...wrong]).toEqual([]);
  const apart = await db.admin`
    select members.* from private.conversation_members as members
    join private.conversations as one on one.id = members.conversation_id and kind = 'group'
    where is_apart <> exists (
      select from blocks join private.conversation_members as other
        on other.conversation_id = members.conversation_id and other.user_id = blocked_id
      where blocker_id = members.user_id)`;
  expect([...apart]).toEqual([]);
  const [left] =
    await db.admin`select count(*) from auth.users where id = any (${doomed.map((person) => person.id)})`;
  expect(left?.count).toBe(0);
  expect((await rows(host, "conversations()")).length).toBeGreaterThan(0);
});
