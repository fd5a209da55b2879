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

/** Whether each member is apart, and whether they block another member. */
async function partings(room: number): Promise<{ is_apart: boolean; blocks: boolean }[]> {
  const found = await db.admin`
    select is_apart, exists (
      select from blocks join private.conversation_members as other
        on other.conversation_id = members.conversation_id and other.user_id = blocked_id
      where blocker_id = members.user_id) as blocks
    from private.conversation_members as members
    where conversation_id = ${room}`;
  return found as unknown as { is_apart: boolean; blocks: boolean }[];
}

/** A transaction of a person that has done its work, and commits when the test says so. */
async function open(person: Person, work: string): Promise<{ commit(): Promise<void> }> {
  const done = Promise.withResolvers<void>();
  const release = Promise.withResolvers<void>();
  const whole = person.asks(async (sql) => {
    await sql.unsafe(work);
    done.resolve();
    await release.promise;
  });
  await Promise.race([done.promise, whole]);
  return {
    async commit() {
      release.resolve();
      await whole;
    },
  };
}

/** Until a session waits for an advisory lock. */
const somebodyWaits = () =>
  expect
    .poll(async () => {
      const [found] = await db.admin`
        select count(*) from pg_locks join pg_database on pg_database.oid = pg_locks.database
        where locktype = 'advisory' and not granted and datname = current_database()`;
      return found?.count;
    })
    .toBeGreaterThan(0);

test("a block and a coming into a group at one moment: the later one sees the earlier one", async () => {
  const [host, blocker, blocked] = await Promise.all([
    db.signUp("parting_host"),
    db.signUp("parting_one"),
    db.signUp("parting_two"),
  ]);
  const block = `insert into blocks (blocked_id) values ('${blocked.id}')`;
  const unblock = `delete from blocks where blocked_id = '${blocked.id}'`;
  const run = (work: string) => blocker.asks((sql) => sql.unsafe(work));
  const room = await group(host, "Room", [blocker]);
  const asked = await group(host, "Asked", [blocker]);
  const code = await one<string>(host, "create_invite($1)", room);
  const gated = await one<string>(host, "create_invite($1, needs_approval => true)", asked);
  /** Ways into a group. The room that somebody comes into is known before, or only after. */
  const ways: [name: string, come: () => Promise<unknown>, room?: number][] = [
    ["a new group", () => group(host, "New", [blocker, blocked])],
    ["added", () => one(host, "add_members($1, $2)", room, [blocked.id]), room],
    ["by invite", () => one(blocked, "join_by_invite($1)", code), room],
    ["asked", () => one(host, "answer_join_request($1, $2, true)", asked, blocked.id), asked],
  ];
  for (const [name, come, known] of ways) {
    for (const [first, isBlocked] of [
      [block, true],
      [unblock, false],
    ] as const) {
      if (known === asked) await one(blocked, "join_by_invite($1)", gated);
      if (!isBlocked) await run(block);
      const parting = await open(blocker, first);
      const coming = come();
      await somebodyWaits();
      await parting.commit();
      const id = known ?? ((await coming) as number);
      await coming;
      expect([name, isBlocked, await partings(id)]).toEqual([
        name,
        isBlocked,
        expect.arrayContaining([{ is_apart: isBlocked, blocks: isBlocked }]),
      ]);
      expect((await partings(id)).filter((member) => member.is_apart !== member.blocks)).toEqual([]);
      if (known) await one(blocked, "leave_conversation($1)", known);
      await run(unblock);
    }
  }

  // The other way round: the coming is not over yet.
  for (const [first, isBlocked] of [
    [block, true],
    [unblock, false],
  ] as const) {
    if (!isBlocked) await run(block);
    const coming = await open(host, `select add_members(${room}, array['${blocked.id}'::uuid])`);
    const parting = run(first);
    await somebodyWaits();
    await coming.commit();
    await parting;
    expect((await partings(room)).filter((member) => member.is_apart)).toHaveLength(isBlocked ? 1 : 0);
    expect((await partings(room)).filter((member) => member.is_apart !== member.blocks)).toEqual([]);
    await one(blocked, "leave_conversation($1)", room);
    await run(unblock);
  }
});
