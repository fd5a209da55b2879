/** The streams of conversations: numbers, topics and epochs, who listens, and what sync answers. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversation, direct, group, history, type Message, one, rows, say } from "./chat.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

interface Page {
  stream: string;
  start_over: boolean;
  cursor: number;
  has_more: boolean;
  events: { seq: number; kind: string; payload: Record<string, unknown> }[];
  snapshot: { messages: Message[]; conversation: { id: number } } | null;
}

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob, carol, mallory] = [
    await db.signUp("alice"),
    await db.signUp("bob"),
    await db.signUp("carol"),
    await db.signUp("mallory"),
  ];
  for (const person of [bob, carol]) {
    await person.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

const sync = async (person: Person, id: number, cursor: number, pageSize = 200) =>
  (await rows<Page>(person, "sync($1, $2)", { [`conversation:${id}`]: cursor }, pageSize)).find(
    (page) => page.stream === `conversation:${id}`,
  );

/** All that was sent to a topic, in order. */
const sent = (topic: string) => db.admin`
  select event, payload from realtime.messages where topic = ${topic} order by inserted_at, (payload ->> 'seq')::bigint`;

/** Whether the policies let somebody listen to a topic, or send to it, as Realtime asks them. */
async function may(person: Person, action: "listen" | "send", topic: string, extension = "broadcast") {
  let allowed = false;
  const rolledBack = new Error("rolled back");
  await db.admin
    .begin(async (sql) => {
      const probe = sql`insert into realtime.messages (topic, extension) values (${topic}, ${extension})`;
      const claims = JSON.stringify({ sub: person.id, role: "authenticated" });
      if (action === "listen") await probe;
      await sql`
        select set_config('realtime.topic', ${topic}, true), set_config('request.jwt.claims', ${claims}, true),
          set_config('role', 'authenticated', true)`;
      if (action === "send") await probe;
      else {
        const seen = await sql`
          select from realtime.messages where topic = ${topic} and extension = ${extension} and event is null`;
        if (seen.length === 0) throw rolledBack;
      }
      allowed = true;
      throw rolledBack;
    })
    .catch((error: { code?: string }) => {
      if (error !== rolledBack) expect(error.code).toBe("42501");
    });
  return allowed;
}

const topicOf = async (person: Person, id: number) => (await conversation(person, id)).topic as string;
/** What the job does, until nothing waits. */
async function deliver() {
  for (;;) {
    const [batch] = await db.owner`select private.ring_batch() or private.tell_batch() as worked`;
    if (!batch?.worked) return;
  }
}

describe("topics", () => {
  test("members listen to the topic of the present epoch, and nobody else", async () => {
    const id = await group(alice, "Topic", [bob]);
    const topic = await topicOf(alice, id);
    expect(topic).toBe(`conversation:${id}:1`);
    expect(await may(bob, "listen", topic)).toBe(true);
    expect(await may(mallory, "listen", topic)).toBe(false);
    for (const wrong of [
      `conversation:${id}:2`,
      `conversation:${id}`,
      `conversation:${id}:1:x`,
      `conversation:${id}:01x`,
    ]) {
      expect(await may(bob, "listen", wrong), wrong).toBe(false);
    }
  });

  test("only the database sends events. Members show presence and typing", async () => {
    const id = await group(alice, "Presence", [bob, mallory]);
    const topic = await topicOf(bob, id);
    expect(await may(bob, "send", topic)).toBe(false);
    expect(await may(bob, "send", topic, "presence")).toBe(true);
    expect(await may(bob, "send", `${topic}:typing`)).toBe(true);
    expect(await may(bob, "listen", `${topic}:typing`)).toBe(true);
    expect(await may(carol, "send", topic, "presence")).toBe(false);
    // In a request, nobody shows that they are there.
    expect(await may(mallory, "send", topic, "presence")).toBe(false);
    expect(await may(mallory, "listen", topic)).toBe(false);
    await one(mallory, "accept_conversation($1)", id);
    expect(await may(mallory, "send", topic, "presence")).toBe(true);
    await one(bob, "set_chat_settings(shows_presence => false)");
    expect(await may(bob, "send", topic, "presence")).toBe(false);
    expect(await may(bob, "send", `${topic}:typing`)).toBe(false);
    expect(await may(bob, "listen", topic)).toBe(true);
    await one(bob, "set_chat_settings(shows_presence => true)");
    await db.admin`update private.conversations set member_count = 51 where id = ${id}`;
    expect(await may(bob, "send", topic, "presence")).toBe(false);
  });

  test("a person who is removed, leaves or is banned hears nothing that is said afterwards", async () => {
    for (const evict of [
      (id: number) => one(alice, "remove_member($1, $2)", id, bob.id),
      (id: number) => one(bob, "leave_conversation($1)", id),
      (_id: number) =>
        db.admin`update auth.users set banned_until = now() + interval '1 hour' where id = ${bob.id}`,
    ]) {
      const id = await group(alice, "Eviction", [bob, carol]);
      const old = await topicOf(bob, id);
      await evict(id);
      const topic = await topicOf(carol, id);
      expect(topic).not.toBe(old);
      expect((await sent(old)).at(-1)?.payload).toMatchObject({ kind: "moved", payload: { topic } });
      const heard = (await sent(old)).length;
      await say(alice, id, "after");
      expect(await sent(old)).toHaveLength(heard);
      expect((await sent(topic)).at(-1)?.payload).toMatchObject({
        kind: "message",
        payload: { content: "after" },
      });
      expect(await may(bob, "listen", topic)).toBe(false);
      expect(await may(carol, "listen", topic)).toBe(true);
      expect(await may(carol, "listen", old)).toBe(false);
      await db.admin`update auth.users set banned_until = null where id = ${bob.id}`;
    }
  });

  test("a banned person says nothing", async () => {
    const id = await direct(alice, bob);
    await db.admin`update auth.users set banned_until = now() + interval '1 hour' where id = ${bob.id}`;
    expect((await refusal(say(bob, id, "hello"))).detail).toBe("account_locked");
    await db.admin`update auth.users set banned_until = null where id = ${bob.id}`;
    expect((await say(bob, id, "hello")).content).toBe("hello");
  });

  test("newcomers who may not read the past get a topic in which there is none to replay", async () => {
    const id = await group(alice, "Past", [bob]);
    await one(alice, "update_group($1, history => 'joining')", id);
    await say(alice, id, "before carol");
    const old = await topicOf(bob, id);
    await one(alice, "add_members($1, $2)", id, [carol.id]);
    const topic = await topicOf(carol, id);
    expect(topic).not.toBe(old);
    expect(JSON.stringify(await sent(topic))).not.toContain("before carol");
    expect(JSON.stringify(await sent(old))).toContain("before carol");
    expect(await may(carol, "listen", old)).toBe(false);
  });

  test("the topic also moves when a member accepts who reads nothing of the past", async () => {
    const id = await group(alice, "None", []);
    await one(alice, "update_group($1, history => 'none')", id);
    await one(alice, "add_members($1, $2)", id, [mallory.id]);
    await say(alice, id, "while she waits");
    await one(mallory, "accept_conversation($1)", id);
    const topic = await topicOf(mallory, id);
    expect(topic).toBe(await topicOf(alice, id));
    expect(await may(mallory, "listen", topic)).toBe(true);
    expect(JSON.stringify(await sent(topic))).not.toContain("while she waits");
    expect((await history(alice, id)).map((message) => message.content)).toContain("while she waits");
  });

  test("members learn a new topic from their own stream", async () => {
    const id = await group(alice, "Learn", [bob, carol]);
    await deliver();
    const cursor = (await rows<Page>(carol, "sync()"))[0]?.cursor as number;
    await one(alice, "remove_member($1, $2)", id, bob.id);
    const own = async (person: Person, from: number) =>
      (await rows<Page>(person, "sync($1)", { [`user:${person.id}`]: from }))[0]?.events;
    expect(await own(carol, cursor)).toMatchObject([
      {
        seq: cursor + 1,
        kind: "conversation",
        payload: { conversation: { id, topic: await topicOf(carol, id) } },
      },
    ]);
    const bobs = (await rows<Page>(bob, "sync()"))[0]?.cursor as number;
    expect(await own(bob, bobs - 1)).toMatchObject([
      { kind: "conversation", payload: { conversation_id: id, conversation: null } },
    ]);
    const events = (await sent(`user:${carol.id}`)).filter((row) => row.event === "event");
    expect(events.at(-1)?.payload).toMatchObject({
      seq: cursor + 1,
      kind: "conversation",
    });
  });
});

describe("news", () => {
  test("the other hears of a direct message on their own topic at once", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "ring");
    expect(
      (await sent(`user:${bob.id}`)).filter((row) => row.event === "news").at(-1)?.payload,
    ).toMatchObject({
      conversation_id: id,
      last_seq: message.seq,
    });
  });

  test("a message in a group writes as many rows as one in a pair, and the job rings for all", async () => {
    /** How many rows a message writes, in all tables. */
    const writes = (id: number, key: string) =>
      alice.asks(async (sql) => {
        // Earlier transactions of the connection may be in it too.
        const count = async () => {
          const [written] = await sql`
            select sum(n_tup_ins + n_tup_upd + n_tup_del)::integer as rows from pg_stat_xact_user_tables`;
          return written?.rows as number;
        };
        const before = await count();
        await sql`select send_message(${id}, ${key}, 'counted')`;
        return (await count()) - before;
      });
    const pair = await direct(alice, bob);
    const people = await Promise.all(Array.from({ length: 60 }, (_, n) => db.signUp(`crowd_${n}`)));
    const id = await group(alice, "Crowd", people);
    await deliver();
    await say(alice, pair, "warm");
    const [inPair, inGroup] = [await writes(pair, "one"), await writes(id, "two")];
    expect(inGroup).toBeGreaterThan(3);
    expect(inGroup).toBeLessThanOrEqual(inPair);

    const reader = people[7] as Person;
    const rung = async () => (await sent(`user:${reader.id}`)).filter((row) => row.event === "news");
    const before = (await rung()).length;
    await say(alice, id, "three");
    await deliver();
    expect(await rung()).toHaveLength(before + 1);
    expect((await rung()).at(-1)?.payload).toMatchObject({
      conversation_id: id,
      last_seq: (await conversation(alice, id)).last_seq,
    });
  }, 60_000);
});

describe("sync", () => {
  test("it answers what happened since a number, without a gap, as it is now", async () => {
    const id = await direct(alice, bob);
    const start = (await conversation(alice, id)).last_seq;
    const message = await say(alice, id, "first");
    await say(alice, id, "second");
    await one(bob, "react($1, '👍')", message.id);
    await one(alice, "edit_message($1, 'changed')", message.id);
    await one(bob, "mark_conversation_read($1, $2)", id, message.seq);
    const page = await sync(bob, id, start);
    expect(page?.events.map((event) => [event.seq - start, event.kind])).toEqual([
      [1, "message"],
      [2, "message"],
      [3, "message"],
      [4, "message"],
      [5, "pointer"],
    ]);
    expect(page?.events[0]?.payload).toMatchObject({
      content: "changed",
      reactions: [{ emoji: "👍", profile_ids: [bob.id] }],
    });
    expect(page).toMatchObject({ start_over: false, has_more: false, cursor: start + 5, snapshot: null });
    const small = await sync(bob, id, start, 2);
    expect(small).toMatchObject({ has_more: true, cursor: start + 2 });
    expect(small?.events).toHaveLength(2);
    expect((await sync(bob, id, start + 5))?.events).toEqual([]);
  });

  test("what the topic hears equals what sync answers, apart from what depends on the reader", async () => {
    const id = await direct(alice, bob);
    const { last_seq, topic } = await conversation(alice, id);
    const message = await say(alice, id, "same");
    await one(bob, "react($1, '👍')", message.id);
    await one(alice, "set_conversation($1)", id);
    const heard = (await sent(topic as string)).filter((row) => row.payload.seq > last_seq);
    const page = await sync(bob, id, last_seq);
    expect(heard.map((row) => row.payload.seq)).toEqual(page?.events.map((event) => event.seq));
    expect(heard.at(-1)?.payload.payload).toEqual(page?.events.at(-1)?.payload);
  });

  test("a cursor that is unknown or too old gets a snapshot", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "kept");
    await one(bob, "react($1, '🎉')", message.id);
    expect(await sync(bob, id, 100_000)).toMatchObject({
      start_over: true,
      events: [],
      snapshot: { conversation: { id } },
    });
    await db.admin`update private.conversation_events set created_at = now() - interval '31 days' where conversation_id = ${id}`;
    await db.owner`select private.forget_conversation_events()`;
    const page = await sync(bob, id, 0);
    expect(page?.start_over).toBe(true);
    expect(page?.cursor).toBe((await conversation(bob, id)).last_seq);
    expect(page?.snapshot?.messages.map((found) => found.id)).toEqual(
      (await history(bob, id)).map((found) => found.id),
    );
    await say(alice, id, "next");
    expect(await sync(bob, id, page?.cursor as number)).toMatchObject({
      start_over: false,
      events: [{ kind: "message" }],
    });
  });

  test("strangers get no row, and nobody names more than 100", async () => {
    const id = await direct(alice, bob);
    expect(await sync(bob, id, 0)).toBeDefined();
    expect(await sync(mallory, id, 0)).toBeUndefined();
    const many = Object.fromEntries(Array.from({ length: 102 }, (_, n) => [`conversation:${n}`, 0]));
    expect((await refusal(rows(bob, "sync($1)", many))).detail).toBe("cursors_number");
    expect((await refusal(rows(bob, "sync($1)", { [`conversation:${id}`]: "x" }))).detail).toBe(
      "cursors_format",
    );
  });
});

describe("receipts", () => {
  interface Receipt {
    profile: { id: string };
    delivered_seq: number;
    read_seq: number;
  }
  const receipts = (person: Person, id: number) => rows<Receipt>(person, "receipts($1)", id);

  test("pointers only grow, and both see each other's until one switches them off", async () => {
    const id = await direct(alice, bob);
    const { seq } = await say(alice, id, "seen?");
    await one(bob, "mark_conversation_delivered($1, $2)", id, seq);
    const bobs = async () => (await receipts(alice, id)).find((found) => found.profile.id === bob.id);
    expect((await bobs())?.delivered_seq).toBe(seq);
    expect((await bobs())?.read_seq).toBeLessThan(seq);
    await one(bob, "mark_conversation_read($1, $2)", id, seq);
    expect(await bobs()).toMatchObject({ read_seq: seq });
    await one(bob, "mark_conversation_read($1, 1)", id);
    await one(bob, "mark_conversation_unread($1)", id);
    expect(await bobs()).toMatchObject({ read_seq: seq });

    const next = await say(alice, id, "and this?");
    await one(alice, "set_conversation($1, shows_receipts => false)", id);
    await one(bob, "mark_conversation_read($1, $2)", id, next.seq);
    expect(await receipts(alice, id)).toEqual([]);
    expect(await receipts(bob, id)).toEqual([]);
    // The topic does not tell either, and alice's own pointer works.
    const { topic } = await conversation(alice, id);
    expect((await sent(topic as string)).at(-1)?.payload).toMatchObject({ kind: "pointer", payload: null });
    await one(alice, "set_conversation($1, shows_receipts => true)", id);
    expect(await bobs()).toMatchObject({ read_seq: next.seq });
    await one(bob, "set_chat_settings(shows_receipts => false)");
    expect(await receipts(alice, id)).toEqual([]);
    const last = await say(alice, id, "and now?");
    expect(await one(bob, "mark_conversation_read($1, $2)", id, last.seq)).toBe(0);
    await one(bob, "set_chat_settings(shows_receipts => true)");
    // What bob read while it was off stays his secret.
    expect(await bobs()).toMatchObject({ read_seq: next.seq });
  });

  test("in a request nobody learns what was read", async () => {
    const id = await direct(mallory, alice);
    const { seq } = await say(mallory, id, "hello");
    await one(alice, "mark_conversation_read($1, $2)", id, seq);
    expect(await receipts(mallory, id)).toEqual([]);
    await one(alice, "accept_conversation($1)", id);
    expect(await receipts(mallory, id)).toMatchObject([{ profile: { id: alice.id } }]);
  });
});
