/**
 * A ban, a block or the end of an account, of people who share many conversations. The transaction only ends the
 * topics. The job tells of it. Nothing that is said meanwhile goes to an old topic, and the members miss nothing.
 */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { conversation, direct, group, one, rows, say, texts } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

/** More than the number of conversations that a transaction moves by itself. */
const many = 25;

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let ids: number[];
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob, carol] = [await db.signUp("alice"), await db.signUp("bob"), await db.signUp("carol")];
  for (const person of [bob, carol]) {
    await person.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  }
});
beforeEach(async () => {
  await db.admin`delete from private.conversations`;
  ids = [];
  for (let n = 0; n < many; n += 1) ids.push(await group(alice, `Room ${n}`, [bob, carol]));
});
afterAll(() => db?.[Symbol.asyncDispose]());

const topics = async (person: Person, of: number[]) =>
  Promise.all(of.map(async (id) => (await conversation(person, id)).topic as string));
const sent = (topic: string) => db.admin`
  select payload from realtime.messages where topic = ${topic} order by inserted_at, (payload ->> 'seq')::bigint`;
const kinds = async (topic: string) => (await sent(topic)).map(({ payload }) => payload.kind as string);
const waiting = async () => (await db.owner`select from private.conversation_moves`).length;
/** The job, until nothing waits that is due. A run tells of topics for half a second. */
async function deliver(): Promise<void> {
  for (;;) {
    await db.owner.unsafe("call private.deliver_chat()");
    const left = await db.owner`select from private.conversation_moves where due_at <= now()`;
    if (left.length === 0) return;
  }
}
const ban = (person: Person, isBanned: boolean) => db.admin`
  update auth.users set banned_until = ${isBanned ? "9999-01-01" : null} where id = ${person.id}`;
/** The numbers of the log, without a gap. */
async function expectNoGap(id: number): Promise<void> {
  const [page] = (
    await rows<{ stream: string; events: { seq: number }[]; cursor: number }>(carol, "sync($1, 500)", {
      [`conversation:${id}`]: 0,
    })
  ).filter(({ stream }) => stream === `conversation:${id}`);
  expect(page?.events.map(({ seq }) => seq)).toEqual(
    Array.from({ length: page?.cursor ?? 0 }, (_, n) => n + 1),
  );
}

test("bob is banned and in many groups: no old topic gets anything after that but where it goes", async () => {
  const old = await topics(carol, ids);
  const before = await Promise.all(old.map(async (topic) => (await sent(topic)).length));
  await ban(bob, true);
  expect(await waiting()).toBe(many);
  const now = await topics(carol, ids);
  for (const [n, topic] of now.entries()) expect(topic).not.toBe(old[n]);

  for (const id of ids) await say(alice, id, "after the ban");
  expect(await Promise.all(old.map(async (topic) => (await sent(topic)).length))).toEqual(before);
  for (const topic of now) expect(await kinds(topic)).toEqual(["message"]);

  await deliver();
  expect(await waiting()).toBe(0);
  for (const [n, id] of ids.entries()) {
    const heard = await sent(old[n] as string);
    expect(heard.length).toBe((before[n] as number) + 1);
    expect(heard.at(-1)?.payload).toMatchObject({ kind: "moved", payload: { topic: now[n] } });
    await expectNoGap(id);
    const [told] = await db.admin`
      select max(seq) as seq from private.stream_events
      where user_id = ${carol.id} and kind = 'conversation' and subject = ${id}`;
    expect(Number(told?.seq)).toBeGreaterThan(0);
  }
  await ban(bob, false);
  await deliver();
});

test("bob is banned, and again before the job runs: each old topic hears of the newest one", async () => {
  const [old] = await topics(carol, ids.slice(0, 1));
  await ban(bob, true);
  const [between] = await topics(carol, ids.slice(0, 1));
  await db.admin`update auth.users set banned_until = '9998-01-01' where id = ${bob.id}`;
  const [newest] = await topics(carol, ids.slice(0, 1));
  await deliver();
  for (const topic of [old, between]) {
    expect((await sent(topic as string)).at(-1)?.payload).toMatchObject({
      kind: "moved",
      payload: { topic: newest },
    });
  }
  await expectNoGap(ids[0] as number);
  await ban(bob, false);
  await db.owner`delete from private.conversation_moves`;
});

test("alice and bob are in many groups, and she blocks him: neither hears the other, before the job and after", async () => {
  const pair = await direct(alice, bob);
  await say(alice, pair, "before");
  const old = await topics(carol, ids);
  await alice.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  // A deleted account ends a direct conversation at once. A block looks the same.
  expect(await conversation(bob, pair)).toMatchObject({ is_frozen: true, topic: null });
  const [numbers] = await db.admin`
    select array_agg(kind order by seq) as kinds from private.conversation_events
    where conversation_id = ${pair}`;
  expect(numbers?.kinds).toEqual(["moved", "start_over"]);
  expect(await waiting()).toBe(many);
  const before = await Promise.all(old.map(async (topic) => (await sent(topic)).length));
  for (const id of ids) {
    // She is apart at once: she does not listen, and what she says is sent without its text.
    expect((await conversation(alice, id)).topic).toBe(null);
    await say(alice, id, "secret");
    const { topic } = await conversation(bob, id);
    expect((await sent(topic as string)).map(({ payload }) => payload.payload)).toEqual([null]);
  }
  expect(await Promise.all(old.map(async (topic) => (await sent(topic)).length))).toEqual(before);
  await deliver();
  expect(await waiting()).toBe(0);
  for (const [n, id] of ids.entries()) {
    expect((await kinds(old[n] as string)).at(-1)).toBe("moved");
    await expectNoGap(id);
  }
  await alice.asks((sql) => sql`delete from blocks`);
  await deliver();
  for (const id of ids) expect((await conversation(alice, id)).topic).not.toBe(null);
});

test("dave was in many groups and deletes his account: nobody reads his texts any more, and the job tells of the new topics", async () => {
  const dave = await db.signUp("leaving");
  await dave.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  const his: number[] = [];
  for (let n = 0; n < many; n += 1) {
    const id = await group(alice, `His ${n}`, [carol, dave]);
    await say(dave, id, "said by dave");
    his.push(id);
  }
  const pair = await direct(dave, alice);
  await say(dave, pair, "between us");
  const old = await topics(carol, his);
  const before = await Promise.all(old.map(async (topic) => (await sent(topic)).length));
  expect((await db.admin`select from private.messages where sender_id = ${dave.id}`).length).toBeGreaterThan(
    many,
  );

  await db.admin`delete from auth.users where id = ${dave.id}`;
  expect(await waiting()).toBe(many);
  expect((await texts(alice, pair)).concat(await texts(carol, his[0] as number))).toEqual(["", ""]);
  const [numbers] = await db.admin`
    select array_agg(kind order by seq) as kinds from private.conversation_events where conversation_id = ${pair}`;
  expect(numbers?.kinds).toEqual(["moved", "start_over"]);
  const now = await topics(carol, his);
  expect(now.filter((topic) => old.includes(topic))).toEqual([]);
  expect(await Promise.all(old.map(async (topic) => (await sent(topic)).length))).toEqual(before);
  for (const id of his) await say(alice, id, "after");
  expect(await Promise.all(old.map(async (topic) => (await sent(topic)).length))).toEqual(before);

  await deliver();
  for (const [n, id] of his.entries()) {
    expect((await sent(old[n] as string)).at(-1)?.payload).toMatchObject({
      kind: "moved",
      payload: { topic: now[n] },
    });
    expect((await conversation(carol, id)).members).toHaveLength(1);
    // The log says that clients start over, so sync() does not show the numbers.
    const [log] = await db.admin`
      select array_agg(seq::integer order by seq) as numbers, last_seq::integer as last
      from private.conversations
      cross join lateral (
        select seq from private.messages where conversation_id = conversations.id
        union all select seq from private.conversation_events where conversation_id = conversations.id
      ) as written
      where conversations.id = ${id}
      group by last_seq`;
    expect(log?.numbers).toEqual(Array.from({ length: log?.last }, (_, n) => n + 1));
  }
});

test("few groups move at once, and nothing waits for the job", async () => {
  const dave = await db.signUp("dave");
  const few = await group(dave, "Few", [carol]);
  const { topic } = await conversation(dave, few);
  await ban(dave, true);
  expect(await waiting()).toBe(0);
  expect((await kinds(topic as string)).at(-1)).toBe("moved");
  await ban(dave, false);
});

test("a move that fails is tried again, and the others are told", async () => {
  const [bad, ...good] = ids as [number, ...number[]];
  await db.admin.unsafe(`
    create function public.refuse_row() returns trigger language plpgsql as $$
    begin
      raise exception 'This row is poisoned';
    end $$;
    create trigger refuse_row before insert on private.conversation_events
      for each row when (new.conversation_id = ${bad}) execute function public.refuse_row()`);
  const old = await topics(carol, ids);
  await ban(bob, true);
  await deliver();
  const left = await db.owner`
    select conversation_id::text as id, failures, due_at > now() as waits from private.conversation_moves`;
  expect(left).toEqual([{ id: String(bad), failures: 1, waits: true }]);
  for (const topic of old.slice(1)) expect((await kinds(topic)).at(-1)).toBe("moved");
  expect(good).toHaveLength(many - 1);

  await db.admin.unsafe(
    "drop trigger refuse_row on private.conversation_events; drop function public.refuse_row()",
  );
  await db.owner`update private.conversation_moves set due_at = now()`;
  await deliver();
  expect([await waiting(), (await kinds(old[0] as string)).at(-1)]).toEqual([0, "moved"]);
  await ban(bob, false);
  expect(await one(bob, "unread()")).toBeDefined();
});
