/** Messages: sent once, edited, deleted, reacted to, found, and gone when their time is over. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversation, direct, group, history, type Message, one, rows, say, texts } from "./chat.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob, carol] = [await db.signUp("alice"), await db.signUp("bob"), await db.signUp("carol")];
  for (const person of [bob, carol]) {
    await person.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

/** Whether a text is anywhere in the tables of chat or in what Realtime keeps. */
async function isStored(text: string): Promise<boolean> {
  const tables = [
    "private.messages",
    "private.message_versions",
    "private.message_mentions",
    "private.message_search",
    "private.conversation_events",
    "private.stream_events",
    "realtime.messages",
  ];
  for (const table of tables) {
    const [found] = await db.admin.unsafe(
      `select exists (select from ${table} as stored where stored::text like $1) as is_there`,
      [`%${text}%`],
    );
    if (found?.is_there) return true;
  }
  return false;
}

describe("sending", () => {
  test("the same key gives the same message, also ten times at once", async () => {
    const id = await direct(alice, bob);
    const send = () => one<Message>(alice, "send_message($1, 'once', 'hello')", id);
    const sent = await Promise.all(Array.from({ length: 10 }, send));
    expect(new Set(sent.map((message) => message.id)).size).toBe(1);
    expect(await texts(bob, id)).toEqual(["hello"]);
    // Bob's key is another key.
    expect((await one<Message>(bob, "send_message($1, 'once', 'hi')", id)).id).not.toBe(sent[0]?.id);
    const other = await direct(alice, carol);
    expect((await refusal(one(alice, "send_message($1, 'once', 'hello')", other))).detail).toBe(
      "client_id_used",
    );
    expect((await refusal(one(alice, "send_message($1, '', 'hello')", other))).detail).toBe(
      "client_id_format",
    );
  });

  test("somebody who left, or was removed, gets the same message again, and nothing of what happened to it later", async () => {
    const id = await group(alice, "Left", [bob, carol]);
    for (const [person, goes] of [
      [bob, () => one(bob, "leave_conversation($1)", id)],
      [carol, () => one(alice, "remove_member($1, $2)", id, carol.id)],
    ] as const) {
      const send = () => one<Message>(person, "send_message($1, 'left', 'hello @alice')", id);
      const { reply_to, post, ...message } = await send();
      await goes();
      await one(alice, "react($1, '👍')", message.id);
      expect((await history(alice, id)).find((seen) => seen.id === message.id)?.reactions).toHaveLength(1);
      const again = await send();
      expect(again).toMatchObject({ ...message, mentions: [] });
      await one(alice, "delete_message($1, true)", message.id);
      expect((await history(alice, id)).find((seen) => seen.id === message.id)?.is_deleted).toBe(true);
      expect(await send()).toEqual(again);
      expect(
        (await history(alice, id)).filter((seen) => seen.seq >= message.seq && !seen.change),
      ).toHaveLength(1);
      // A new message is refused as before.
      expect((await refusal(one(person, "send_message($1, 'new', 'hello')", id))).detail).toBe(
        "conversation_not_found",
      );
    }
  });

  test("somebody who comes back and reads joining gets the same message again, as they sent it", async () => {
    const id = await group(alice, "Back", [bob]);
    await one(alice, "update_group($1, history => 'joining')", id);
    const send = () => one<Message>(bob, "send_message($1, 'back', 'hello')", id);
    const { id: message } = await send();
    await one(bob, "leave_conversation($1)", id);
    await one(alice, "react($1, '👍')", message);
    await one(alice, "add_members($1, $2)", id, [bob.id]);
    expect(await send()).toMatchObject({ id: message, content: "hello", reactions: [] });
  });

  test("numbers have no gap, also when five people write at once", async () => {
    const people = await Promise.all(Array.from({ length: 5 }, (_, n) => db.signUp(`writer_${n}`)));
    const id = await group(alice, "Gaps", people);
    await Promise.all(
      people.flatMap((person) =>
        Array.from({ length: 6 }, async (_, n) => {
          const message = await say(person, id, `${n}`);
          if (n % 2) await one(person, "react($1, '👍')", message.id);
          if (n % 3 === 2) await one(person, "delete_message($1, true)", message.id);
        }),
      ),
    );
    const seqs = await db.admin`
      select seq from private.messages where conversation_id = ${id}
      union all
      select seq from private.conversation_events where conversation_id = ${id}
      order by seq`;
    const { last_seq } = await conversation(alice, id);
    expect(seqs.map((row) => row.seq)).toEqual(Array.from({ length: last_seq }, (_, n) => n + 1));
  });

  test("a text has 1 to 10,000 characters, and entities as in posts", async () => {
    const id = await direct(alice, bob);
    for (const content of ["", " \n", "x".repeat(10_001)]) {
      expect((await refusal(say(alice, id, content))).detail).toBe("message_length");
    }
    expect((await say(alice, id, "x".repeat(10_000))).content).toHaveLength(10_000);
    const named = await say(alice, id, "@bob and @carol see #garden at https://example.com");
    expect(named).toMatchObject({
      entities: [
        { type: "mention", start: 0, end: 4, username: "bob" },
        { type: "mention", username: "carol" },
        { type: "tag", tag: "garden" },
        { type: "link", url: "https://example.com" },
      ],
    });
    // Carol is not a member.
    expect(named.mentions.map((mention) => mention.username)).toEqual(["bob"]);
    expect(await conversation(bob, id)).toMatchObject({ mentions: 1 });
  });

  test("an answer quotes the message as it is now", async () => {
    const id = await direct(alice, bob);
    const first = await say(alice, id, "a long way");
    const answer = await say(bob, id, "yes", first.id);
    expect(answer.reply_to).toMatchObject({ id: first.id, content: "a long way", is_deleted: false });
    await one(alice, "edit_message($1, 'a short way')", first.id);
    expect((await history(bob, id)).at(-1)?.reply_to?.content).toBe("a short way");
    await one(alice, "delete_message($1, true)", first.id);
    expect((await history(bob, id)).at(-1)?.reply_to).toMatchObject({ content: "", is_deleted: true });
    const elsewhere = await say(alice, await direct(alice, carol), "elsewhere");
    expect((await refusal(say(bob, id, "what", elsewhere.id))).detail).toBe("message_not_found");
  });

  test("a shared post is a card for those who may see it", async () => {
    const [post] = await alice.asks(
      (sql) => sql`
      insert into posts (content, audience) values ('for followers', 'followers') returning id`,
    );
    const stranger = await db.signUp("stranger");
    const id = await group(alice, "Cards", [bob, stranger]);
    await one(alice, "send_message($1, 'card', '', null, $2)", id, post?.id);
    expect((await history(bob, id)).at(-1)).toMatchObject({
      post_id: post?.id,
      post: { content: "for followers" },
    });
    expect((await history(stranger, id)).at(-1)).toMatchObject({ post_id: post?.id, post: null });
    expect((await refusal(one(stranger, "send_message($1, 'x', '', null, $2)", id, post?.id))).detail).toBe(
      "post_not_found",
    );
  });

  test("nobody writes tables directly", async () => {
    for (const table of ["messages", "conversations", "conversation_members", "conversation_events"]) {
      const error = await refusal(alice.asks((sql) => sql.unsafe(`select * from private.${table}`)));
      expect(error.code).toBe("42501");
    }
  });
});

describe("changing", () => {
  test("alice edits her message, and it keeps what it said", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "one");
    await one(alice, "edit_message($1, 'two')", message.id);
    const edited = await one<Message>(alice, "edit_message($1, 'three')", message.id);
    expect(edited).toMatchObject({ content: "three", seq: message.seq });
    expect(edited.edited_at).not.toBeNull();
    expect(
      (await rows<{ content: string }>(bob, "message_versions($1)", message.id)).map((v) => v.content),
    ).toEqual(["two", "one"]);
    expect((await refusal(one(bob, "edit_message($1, 'mine')", message.id))).detail).toBe("not_your_message");
    expect((await refusal(one(alice, "edit_message($1, ' ')", message.id))).detail).toBe("message_length");
  });

  test("a message is found by its id, with what it answers, by those who read its conversation", async () => {
    const id = await direct(alice, bob);
    const question = await say(alice, id, "a question");
    const answer = await say(bob, id, "an answer", question.id);
    const found = await one<Message>(alice, "message($1)", answer.id);
    expect(found).toMatchObject({
      id: answer.id,
      conversation_id: id,
      seq: answer.seq,
      content: "an answer",
    });
    expect(found.reply_to).toMatchObject({ id: question.id, content: "a question" });
    expect(await rows(carol, "message($1)", answer.id)).toEqual([]);
    expect(await rows(alice, "message($1)", 1)).toEqual([]);
    // Alice deletes it for herself. Bob keeps it.
    await one(alice, "delete_message($1, false)", answer.id);
    expect(await rows(alice, "message($1)", answer.id)).toEqual([]);
    expect(await rows(bob, "message($1)", answer.id)).toHaveLength(1);
  });

  test("a message deleted for everyone is gone from tables, log, search and replay", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "xyzzy is secret");
    await say(bob, id, "why", message.id);
    await one(alice, "edit_message($1, 'xyzzy is still secret')", message.id);
    await one(bob, "react($1, '👀')", message.id);
    expect(await isStored("xyzzy")).toBe(true);
    expect((await refusal(one(bob, "delete_message($1, true)", message.id))).detail).toBe("not_your_message");

    await one(alice, "delete_message($1, true)", message.id);
    expect(await isStored("xyzzy")).toBe(false);
    expect((await history(bob, id)).find((found) => found.id === message.id)).toMatchObject({
      is_deleted: true,
      content: "",
      reactions: [],
      edited_at: null,
      seq: message.seq,
    });
    const [page] = (
      await rows<{ stream: string; events: unknown[] }>(bob, "sync($1)", {
        [`conversation:${id}`]: message.seq - 1,
      })
    ).filter((row) => row.stream !== `user:${bob.id}`);
    expect(page?.events.length).toBeGreaterThan(3);
    expect(JSON.stringify(page)).not.toContain("xyzzy");
    expect(await rows(bob, "search_messages('xyzzy')")).toEqual([]);
    // Again changes nothing.
    await one(alice, "delete_message($1, true)", message.id);
    expect((await refusal(one(bob, "react($1, '👍')", message.id))).detail).toBe("message_not_found");
  });

  test("where Realtime does not let us delete, the topic moves", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "plugh");
    const before = (await conversation(bob, id)).topic;
    await db.admin`revoke delete on realtime.messages from postgres`;
    await one(alice, "delete_message($1, true)", message.id);
    expect((await conversation(bob, id)).topic).not.toBe(before);
    await db.admin`grant delete on realtime.messages to postgres`;
  });

  test("a message that bob deletes for himself is there for the others", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "for one");
    await one(bob, "delete_message($1)", message.id);
    expect(await texts(bob, id)).not.toContain("for one");
    expect(await texts(alice, id)).toContain("for one");
    expect(await rows(bob, "search_messages('\"for one\"')")).toEqual([]);
    expect(await rows(alice, "search_messages('\"for one\"')")).toHaveLength(1);
    const [page] = (
      await rows<{ stream: string; events: { seq: number; kind: string }[] }>(bob, "sync($1)", {
        [`conversation:${id}`]: message.seq - 1,
      })
    ).filter((row) => row.stream !== `user:${bob.id}`);
    expect(page?.events[0]).toMatchObject({ seq: message.seq, kind: "none" });
  });

  test("an admin deletes what a member said, and not what the owner said", async () => {
    const id = await group(alice, "Admins", [bob, carol]);
    await one(alice, "set_member_role($1, $2, 'admin')", id, bob.id);
    const [owners, members] = [await say(alice, id, "owner"), await say(carol, id, "member")];
    expect((await refusal(one(bob, "delete_message($1, true)", owners.id))).detail).toBe("not_your_message");
    await one(bob, "delete_message($1, true)", members.id);
    expect(await texts(alice, id)).toEqual(["owner", ""]);
  });

  test("a reaction is one emoji, once for each person, of up to 20 kinds", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "nice");
    for (const emoji of ["👍🏽", "👨‍👩‍👧", "🇫🇷", "❤️", "1️⃣", "©️"])
      await one(bob, "react($1, $2)", message.id, emoji);
    await one(bob, "react($1, '👍🏽')", message.id);
    await one(alice, "react($1, '👍🏽')", message.id);
    const [shown] = (await history(bob, id)).slice(-1);
    expect(shown?.reactions[0]).toEqual({ emoji: "👍🏽", count: 2, profile_ids: [bob.id, alice.id] });
    expect(shown?.reactions).toHaveLength(6);
    for (const emoji of ["", "ab", "a", "👍👍", "1", " ", "👍 "]) {
      expect((await refusal(one(bob, "react($1, $2)", message.id, emoji))).detail, emoji).toBe(
        "reaction_format",
      );
    }
    for (const emoji of ["👍🏽", "👨‍👩‍👧", "🇫🇷", "❤️", "1️⃣", "©️"])
      await one(bob, "unreact($1, $2)", message.id, emoji);
    await one(bob, "unreact($1, '👍🏽')", message.id);
    expect((await history(bob, id)).at(-1)?.reactions).toEqual([
      { emoji: "👍🏽", count: 1, profile_ids: [alice.id] },
    ]);
    for (let n = 0; n < 19; n += 1)
      await one(bob, "react($1, $2)", message.id, String.fromCodePoint(0x1f400 + n));
    expect((await refusal(one(bob, "react($1, '🦀')", message.id))).detail).toBe("too_many_reactions");
    expect((await history(bob, id)).at(-1)?.reactions).toHaveLength(20);
  });
});

test("a message names at most 100 people of a reaction, and counts them all", async () => {
  const id = await direct(alice, bob);
  const { id: message } = await say(alice, id, "popular");
  await one(bob, "react($1, '👍')", message);
  await db.admin.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`
      insert into private.message_reactions (message_id, user_id, emoji)
      select ${message}, gen_random_uuid(), '👍' from generate_series(1, 100)`;
  });
  const [reaction] = (await history(bob, id)).at(-1)?.reactions ?? [];
  expect(reaction?.count).toBe(101);
  expect(reaction?.profile_ids).toHaveLength(100);
  expect(reaction?.profile_ids[0]).toBe(bob.id);
});

describe("finding", () => {
  test("pages go before, after and around a number, and to a day", async () => {
    const id = await direct(bob, carol);
    for (let n = 1; n <= 30; n += 1) await say(n % 2 ? bob : carol, id, `${n}`);
    const seqs = async (call: string) => (await rows<Message>(bob, call, id)).map((message) => message.seq);
    expect(await seqs("messages($1, page_size => 3)")).toEqual([28, 29, 30]);
    expect(await seqs("messages($1, before => 5, page_size => 3)")).toEqual([2, 3, 4]);
    expect(await seqs("messages($1, after => 5, page_size => 3)")).toEqual([6, 7, 8]);
    expect(await seqs("messages($1, around => 10, page_size => 5)")).toEqual([8, 9, 10, 11, 12]);
    expect(await seqs("messages($1, around => 1, page_size => 4)")).toEqual([1, 2, 3, 4]);
    expect((await refusal(rows(bob, "messages($1, 1, 2)", id))).detail).toBe("page_direction");
    expect((await refusal(rows(bob, "messages($1, page_size => 101)", id))).detail).toBe("page_size_range");

    await db.admin`
      update private.messages set created_at = '2026-01-01'::timestamptz + seq * interval '1 day'
      where conversation_id = ${id}`;
    for (const [day, seq] of [
      ["2025-06-01", 1],
      ["2026-01-02", 1],
      ["2026-01-11", 10],
      ["2026-01-11 12:00", 11],
      ["2027-01-01", null],
    ]) {
      expect(await one(bob, "message_seq_at($1, $2::timestamptz)", id, day), String(day)).toBe(seq);
    }
  });

  test("search has the grammar of posts, over all conversations or one", async () => {
    const reader = await db.signUp("reader");
    const id = await direct(alice, reader);
    const garden = await group(alice, "Search", [bob, reader]);
    const wanted = await say(alice, id, "The quiet garden in #spring");
    await say(bob, garden, "A garden, quiet");
    const found = async (query: string, only?: number) =>
      (await rows<Message>(reader, "search_messages($1, conversation_id => $2)", query, only ?? null)).map(
        (m) => m.content,
      );
    expect(await found("quiet garden")).toHaveLength(2);
    expect(await found('"quiet garden"')).toEqual(["The quiet garden in #spring"]);
    expect(await found("#spring")).toHaveLength(1);
    expect(await found("garden from:bob")).toEqual(["A garden, quiet"]);
    expect(await found("garden", id)).toEqual(["The quiet garden in #spring"]);
    expect(await found("garden -quiet")).toEqual([]);
    await one(alice, "edit_message($1, 'The loud street')", wanted.id);
    expect(await found("garden")).toEqual(["A garden, quiet"]);
    expect(await found("street")).toEqual(["The loud street"]);
    expect((await refusal(rows(bob, "search_messages('')"))).detail).toBe("search_query");
  });
});

describe("disappearing", () => {
  test("the text is gone when its time is over, and from everywhere when the job ran", async () => {
    const id = await direct(alice, bob);
    await say(alice, id, "stays");
    await one(bob, "expire_messages($1, 60)", id);
    const message = await say(alice, id, "vanishing quux");
    expect(message).toMatchObject({ content: "vanishing quux" });
    expect(
      (await rows<Message & { expires_at: string }>(bob, "messages($1)", id)).at(-1)?.expires_at,
    ).not.toBeNull();
    await db.admin`update private.messages set expires_at = now() where id = ${message.id}`;
    expect((await history(bob, id)).at(-1)).toMatchObject({ content: "", is_deleted: true });
    expect(await rows(bob, "search_messages('quux')")).toEqual([]);
    expect(await isStored("quux")).toBe(true);
    await db.owner`select private.erase_batch()`;
    expect(await isStored("quux")).toBe(false);
    expect(await texts(bob, id)).toContain("stays");
    await one(alice, "expire_messages($1, null)", id);
    const [later] = await rows<{ expires_at: string | null }>(
      alice,
      "send_message($1, 'later', 'again')",
      id,
    );
    expect(later?.expires_at).toBeNull();
    expect((await refusal(one(alice, "expire_messages($1, 5)", id))).detail).toBe("expiry_range");
  });
});

describe("budgets", () => {
  test("a newcomer sends 20 messages in a minute, and a repeated one costs nothing", async () => {
    const newcomer = await db.signUp("newcomer", undefined, { limited: true });
    const id = await direct(newcomer, newcomer);
    for (let n = 0; n < 20; n += 1) await say(newcomer, id, "again");
    const error = await refusal(say(newcomer, id, "too often"));
    expect(error.code).toBe("PGRST");
    expect(error.message).toContain("message");
    expect(await texts(newcomer, id)).toHaveLength(20);
  });
});
