/** A topic has no text that one of its listeners may not read. Members learn when they read the past in another way. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { conversation, direct, group, history, one, rows, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob, carol, mallory] = await Promise.all([
    db.signUp("alice"),
    db.signUp("bob"),
    db.signUp("carol"),
    db.signUp("mallory"),
  ]);
  // They follow alice. So she may add them without a request.
  for (const person of [bob, carol]) {
    await person.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** What the present topic of a conversation heard last. */
async function lastHeard(id: number) {
  const { topic } = await conversation(alice, id);
  const [last] = await db.admin`
    select payload from realtime.messages
    where topic = ${topic} order by (payload ->> 'seq')::bigint desc limit 1`;
  return last?.payload as { kind: string; payload: { id: number; content: string } | null };
}

/** The newest event of a person's own stream. */
async function lastTold(person: Person) {
  const [page] = await rows<{ cursor: number }>(person, "sync()");
  const [next] = await rows<{ events: { kind: string; payload: unknown }[] }>(person, "sync($1)", {
    [`user:${person.id}`]: (page?.cursor as number) - 1,
  });
  return next?.events.at(-1);
}

test("a newcomer does not hear a message from before they came, also when it changes", async () => {
  const id = await group(alice, "Past", [bob]);
  await one(alice, "update_group($1, history => 'joining')", id);
  const old = await say(alice, id, "before carol");
  await one(bob, "react($1, '👍')", old.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: { content: "before carol" } });
  await one(alice, "add_members($1, $2)", id, [carol.id]);
  await one(bob, "react($1, '🎉')", old.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: null });
  await one(alice, "edit_message($1, 'still before carol')", old.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: null });
  expect(JSON.stringify(await history(carol, id))).not.toContain("before carol");
  expect(JSON.stringify(await history(bob, id))).toContain("still before carol");
  // The topic still hears the messages that carol reads.
  const next = await say(alice, id, "hello carol");
  await one(bob, "react($1, '👍')", next.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: { content: "hello carol" } });
});

test("a newcomer does not hear of the last message from before they came, when it changes", async () => {
  const id = await group(alice, "Past", [bob]);
  await one(alice, "update_group($1, history => 'joining')", id);
  const old = await say(alice, id, "just before carol");
  await one(alice, "add_members($1, $2)", id, [carol.id]);
  await one(alice, "edit_message($1, 'still just before carol')", old.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: null });
});

test("nobody hears of a reaction or a receipt of a member who blocks somebody in the group", async () => {
  const [blocker, blocked] = [await db.signUp("blocker"), await db.signUp("blocked")];
  for (const person of [blocker, blocked])
    await person.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  const id = await group(alice, "Apart", [blocker, blocked]);
  const { last_seq } = await conversation(alice, id);
  /** What sync() tells somebody of the conversation after a number. */
  const synced = async (person: Person, after: number) => {
    const [, page] = await rows<{ events: { kind: string; payload: Record<string, unknown> }[] }>(
      person,
      "sync($1)",
      { [`conversation:${id}`]: after },
    );
    return page?.events ?? [];
  };
  await blocker.asks((sql) => sql`insert into blocks (blocked_id) values (${blocked.id})`);
  expect(await synced(blocker, last_seq)).toMatchObject([{ kind: "moved", payload: { topic: null } }]);
  const said = await say(alice, id, "hello");
  await one(blocker, "mark_conversation_read($1, $2)", id, said.seq);
  expect(await lastHeard(id)).toMatchObject({ kind: "pointer", payload: null });
  expect(await synced(blocked, said.seq)).toMatchObject([{ kind: "none" }]);
  expect(await synced(alice, said.seq)).toMatchObject([
    { kind: "pointer", payload: { profile_id: blocker.id } },
  ]);
  await one(blocker, "react($1, '👍')", said.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: null });
});

test("after a block, nobody hears what the other said before they left the group", async () => {
  const id = await group(alice, "Left", [bob, carol]);
  const said = await say(bob, id, "by bob");
  await one(bob, "leave_conversation($1)", id);
  const { view } = await conversation(carol, id);
  await one(alice, "react($1, '👍')", said.id);
  expect(await lastHeard(id)).toMatchObject({ payload: { content: "by bob" } });

  await carol.asks((sql) => sql`insert into blocks (blocked_id) values (${bob.id})`);
  expect((await conversation(carol, id)).view).toBeGreaterThan(view);
  expect(JSON.stringify(await history(carol, id))).not.toContain("by bob");
  await one(alice, "react($1, '🎉')", said.id);
  expect(await lastHeard(id)).toMatchObject({ kind: "message", payload: null });
  // He does not listen, so she need not be apart.
  expect((await conversation(carol, id)).topic).not.toBeNull();

  const blocked = (await conversation(carol, id)).view;
  await carol.asks((sql) => sql`delete from blocks`);
  expect((await conversation(carol, id)).view).toBeGreaterThan(blocked);
  await one(alice, "unreact($1, '🎉')", said.id);
  expect(await lastHeard(id)).toMatchObject({ payload: { content: "by bob" } });
});

test("the members learn that the account of a removed person ended", async () => {
  const gone = await db.signUp("gone");
  const id = await group(alice, "Gone", [gone, bob]);
  await one(alice, "remove_member($1, $2)", id, gone.id);
  const { last_seq } = await conversation(bob, id);
  const named = async () => (await history(bob, id)).filter(({ target }) => target?.id === gone.id).length;
  expect(await named()).toBe(2);
  await db.admin`delete from auth.users where id = ${gone.id}`;
  expect(await named()).toBe(0);
  const pages = await rows<{ stream: string; start_over: boolean }>(bob, "sync($1)", {
    [`conversation:${id}`]: last_seq,
  });
  expect(pages.find(({ stream }) => stream === `conversation:${id}`)).toMatchObject({ start_over: true });
});

test("a person who accepts a request reads receipts from now on, so their view grows", async () => {
  for (const accept of [
    (id: number) => one(alice, "accept_conversation($1)", id),
    (id: number) => say(alice, id, "an answer accepts"),
  ]) {
    const other = await db.signUp("stranger");
    const id = await direct(other, alice);
    await say(other, id, "hello");
    const before = await conversation(alice, id);
    expect(before).toMatchObject({ is_request: true, topic: null });
    expect(await rows(alice, "receipts($1)", id)).toEqual([]);
    await accept(id);
    expect(await rows(alice, "receipts($1)", id)).toHaveLength(1);
    const { view, topic } = await conversation(alice, id);
    expect(view).toBeGreaterThan(before.view);
    expect(await lastTold(alice)).toMatchObject({
      kind: "conversation",
      payload: { conversation: { topic } },
    });
  }
});

test("a person who switches receipts off or on in a conversation has another view", async () => {
  const id = await direct(alice, mallory);
  let { view } = await conversation(alice, id);
  for (const isOn of [false, true]) {
    await one(alice, "set_conversation($1, shows_receipts => $2)", id, isOn);
    const now = (await conversation(alice, id)).view;
    expect(now).toBeGreaterThan(view);
    view = now;
    expect(await lastTold(alice)).toMatchObject({
      kind: "conversation",
      payload: { conversation: { view } },
    });
  }
  await one(alice, "set_conversation($1, is_pinned => true)", id);
  expect((await conversation(alice, id)).view).toBe(view);
});

test("the devices of a person learn of a conversation that the person begins on one of them", async () => {
  const made = await group(alice, "Made", []);
  expect(await lastTold(alice)).toMatchObject({ payload: { conversation_id: made } });
  const other = await db.signUp("other");
  const id = await direct(alice, other);
  await say(alice, id, "first");
  expect(await lastTold(alice)).toMatchObject({ payload: { conversation_id: id } });
  const [page] = await rows<{ cursor: number }>(alice, "sync()");
  // After that, a message is only news.
  await say(alice, id, "second");
  expect((await rows<{ cursor: number }>(alice, "sync()"))[0]?.cursor).toBe(page?.cursor);
});

test("a newcomer has got nothing until their device says so, in the receipts as in the events", async () => {
  const id = await group(alice, "Newcomer", [bob]);
  await say(alice, id, "before carol");
  await one(alice, "add_members($1, $2)", id, [carol.id]);
  const carols = async () =>
    (
      await rows<{ profile: { id: string }; delivered_seq: number; read_seq: number }>(
        bob,
        "receipts($1)",
        id,
      )
    ).find(({ profile }) => profile.id === carol.id);
  expect(await carols()).toMatchObject({ delivered_seq: 0, read_seq: 0 });
  expect(await conversation(carol, id)).toMatchObject({ unread: 0 });
  const { seq } = await say(alice, id, "hello carol");
  await one(carol, "mark_conversation_delivered($1, $2)", id, seq);
  expect(await carols()).toMatchObject({ delivered_seq: seq, read_seq: 0 });
  expect(await lastHeard(id)).toMatchObject({
    kind: "pointer",
    payload: { profile_id: carol.id, delivered_seq: seq },
  });
});
