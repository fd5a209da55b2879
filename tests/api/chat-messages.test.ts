/** Messages through supabase-js, with several clients: sending, changing, finding, disappearing. */
import { randomUUID } from "node:crypto";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Person, signUp } from "../people.ts";
import {
  ask,
  conversation,
  direct,
  follow,
  group,
  history,
  type Message,
  refusal,
  say,
  texts,
} from "./chat.ts";

let alice: Person;
let bob: Person;
let carol: Person;
let room: number;
beforeAll(async () => {
  [alice, bob, carol] = await Promise.all([signUp("alice"), signUp("bob"), signUp("carol")]);
  for (const one of [bob, carol]) await follow(one, alice);
  room = await group(alice, [bob, carol]);
});

const read = async (person: Person, id: number, conversation_id = room) =>
  (await history(person, conversation_id)).find((one) => one.id === id) as Message;
const found = async (person: Person, query: string, more: object = {}) =>
  (await ask<Message[]>(person, "search_messages", { query, ...more })).map(({ content }) => content);

describe("sending", () => {
  test("the same key sent ten times at once is one message, and its answer is the same", async () => {
    const id = await group(alice, []);
    const client_id = randomUUID();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => say(alice, id, "only once", { client_id })),
    );
    expect(new Set(answers.map((one) => one.id)).size).toBe(1);
    expect(await texts(alice, id)).toEqual(["only once"]);
    // Another person may use the same key.
    await say(bob, room, "of bob", { client_id });
    expect(await refusal(say(alice, room, "elsewhere", { client_id }))).toBe("client_id_used");
  });

  test("three people who write at once get numbers without a gap", async () => {
    const id = await group(alice, [bob, carol]);
    const { last_seq } = await conversation(alice, id);
    const sent = await Promise.all(
      [alice, bob, carol].flatMap((one) => Array.from({ length: 8 }, (_, n) => say(one, id, `${n}`))),
    );
    expect(sent.map(({ seq }) => seq).toSorted((a, b) => a - b)).toEqual(
      sent.map((_, n) => last_seq + 1 + n),
    );
  });

  test("a text has 1 to 10,000 characters, and the entities of a post", async () => {
    expect((await say(alice, room, "🙂".repeat(10_000))).content.length).toBe(20_000);
    expect(await refusal(say(alice, room, "x".repeat(10_001)))).toBe("message_length");
    expect(await refusal(say(alice, room, " \n "))).toBe("message_length");
    const content = `@${bob.username} #garden https://example.com`;
    const { data: posted } = await alice.client.from("posts").insert({ content }).select("entities").single();
    const sent = await say(alice, room, content);
    expect(sent.entities).toEqual(posted?.entities);
    expect(sent.entities.length).toBe(3);
    expect(sent.mentions.map(({ username }) => username)).toEqual([bob.username]);
    expect((await conversation(bob, room)).mentions).toBe(1);
    expect((await conversation(carol, room)).mentions).toBe(0);
  });

  test("an answer shows the answered message as it is now", async () => {
    const first = await say(alice, room, "before");
    const answer = await say(bob, room, "an answer", { reply_to_id: first.id });
    expect(answer.reply_to).toMatchObject({ content: "before", is_deleted: false });
    await ask(alice, "edit_message", { message_id: first.id, content: "after" });
    expect((await read(carol, answer.id)).reply_to).toMatchObject({ content: "after" });
    await ask(alice, "delete_message", { message_id: first.id, for_everyone: true });
    expect((await read(carol, answer.id)).reply_to).toMatchObject({ content: "", is_deleted: true });
  });

  test("each member sees a shared post by their own rights", async () => {
    const { data: post } = await bob.client
      .from("posts")
      .insert({ content: "for followers", audience: "followers" })
      .select("id")
      .single();
    await follow(carol, bob);
    const sent = await say(bob, room, "", { post_id: post?.id });
    expect((await read(carol, sent.id)).post).toMatchObject({ content: "for followers" });
    expect((await read(alice, sent.id)).post).toBeNull();
    expect(await refusal(say(alice, room, "", { post_id: post?.id }))).toBe("post_not_found");
  });
});

describe("changing", () => {
  test("an edit is marked, and keeps what the message said", async () => {
    const sent = await say(alice, room, "one");
    await ask(alice, "edit_message", { message_id: sent.id, content: "two" });
    await ask(alice, "edit_message", { message_id: sent.id, content: "three" });
    expect(await read(bob, sent.id)).toMatchObject({ content: "three", edited_at: expect.any(String) });
    const versions = await ask<{ content: string }[]>(bob, "message_versions", { message_id: sent.id });
    expect(versions.map(({ content }) => content)).toEqual(["two", "one"]);
    expect(await refusal(ask(bob, "edit_message", { message_id: sent.id, content: "x" }))).toBe(
      "not_your_message",
    );
  });

  test("a message that is deleted for everyone leaves a tombstone, and its text is nowhere", async () => {
    const sent = await say(alice, room, "obsidian one");
    await ask(alice, "edit_message", { message_id: sent.id, content: "obsidian two" });
    await ask(bob, "react", { message_id: sent.id, emoji: "👍" });
    expect(await found(bob, "obsidian")).toEqual(["obsidian two"]);
    await ask(alice, "delete_message", { message_id: sent.id, for_everyone: true });
    await ask(alice, "delete_message", { message_id: sent.id, for_everyone: true });
    for (const person of [alice, bob, carol]) {
      expect(await read(person, sent.id)).toMatchObject({
        is_deleted: true,
        content: "",
        reactions: [],
        edited_at: null,
        client_id: null,
      });
      expect(await ask(person, "message_versions", { message_id: sent.id })).toEqual([]);
      expect(await found(person, "obsidian")).toEqual([]);
      const stream = await ask(person, "sync", { cursors: { [`conversation:${room}`]: 0 }, page_size: 500 });
      expect(JSON.stringify(stream)).not.toContain("obsidian");
    }
    expect(await refusal(ask(alice, "edit_message", { message_id: sent.id, content: "x" }))).toBe(
      "message_not_found",
    );
  });

  test("a message that bob deletes for himself is there for the others", async () => {
    const sent = await say(alice, room, "marble");
    await ask(bob, "delete_message", { message_id: sent.id });
    expect(await read(bob, sent.id)).toBeUndefined();
    expect(await found(bob, "marble")).toEqual([]);
    expect((await read(carol, sent.id)).content).toBe("marble");
    expect(await refusal(ask(bob, "delete_message", { message_id: sent.id, for_everyone: true }))).toBe(
      "message_not_found",
    );
  });

  test("a reaction is one emoji of one grapheme, once for each person, of up to 20 kinds", async () => {
    const sent = await say(alice, room, "react");
    const react = (person: Person, emoji: string) => ask(person, "react", { message_id: sent.id, emoji });
    for (const wrong of ["", "a", "👍👍", "👍 ", "<b>", "1"]) {
      expect(await refusal(react(bob, wrong)), wrong).toBe("reaction_format");
    }
    await Promise.all([react(bob, "👩‍👩‍👧"), react(bob, "👩‍👩‍👧"), react(carol, "🇹🇷"), react(carol, "1️⃣")]);
    expect((await read(alice, sent.id)).reactions.map(({ emoji }) => emoji).toSorted()).toEqual(
      ["👩‍👩‍👧", "🇹🇷", "1️⃣"].toSorted(),
    );
    const more = Array.from({ length: 17 }, (_, n) => String.fromCodePoint(0x1f34a + n));
    await Promise.all(more.map((emoji) => react(alice, emoji)));
    expect(await refusal(react(bob, "🚀"))).toBe("too_many_reactions");
    await react(bob, more[0] as string);
    await ask(bob, "unreact", { message_id: sent.id, emoji: "👩‍👩‍👧" });
    await react(bob, "🚀");
    expect((await read(alice, sent.id)).reactions.length).toBe(20);
  });
});

describe("finding", () => {
  test("pages go before, after and around a number, and to a time", async () => {
    const id = await group(alice, []);
    const sent: Message[] = [];
    for (let n = 0; n < 7; n += 1) sent.push(await say(alice, id, `${n}`));
    const page = async (args: object) =>
      (await ask<Message[]>(alice, "messages", { conversation_id: id, page_size: 3, ...args })).map(
        (one) => one.content,
      );
    const seq = (n: number) => sent[n]?.seq;
    expect(await page({})).toEqual(["4", "5", "6"]);
    expect(await page({ before: seq(4) })).toEqual(["1", "2", "3"]);
    expect(await page({ after: seq(2) })).toEqual(["3", "4", "5"]);
    expect(await page({ around: seq(3) })).toEqual(["2", "3", "4"]);
    expect(await refusal(page({ before: 3, after: 1 }))).toBe("page_direction");
    const { created_at: at } = (await history(alice, id)).find((one) => one.seq === seq(3)) as Message & {
      created_at: string;
    };
    expect(await ask(alice, "message_seq_at", { conversation_id: id, at })).toBe(seq(3));
    expect(await ask(alice, "message_seq_at", { conversation_id: id, at: "2000-01-01Z" })).toBeLessThan(
      seq(0) as number,
    );
    expect(await ask(alice, "message_seq_at", { conversation_id: id, at: "2999-01-01Z" })).toBeNull();
  });

  test("search has the grammar of posts, over all conversations or in one", async () => {
    const id = await direct(bob, alice);
    await say(bob, id, "granite and quartz #stones");
    await say(alice, id, "granite or basalt");
    await say(alice, room, "granite in the room");
    expect(await found(bob, "granite")).toEqual([
      "granite in the room",
      "granite or basalt",
      "granite and quartz #stones",
    ]);
    expect(await found(bob, "granite", { conversation_id: room })).toEqual(["granite in the room"]);
    expect(await found(bob, '"granite and" #stones')).toEqual(["granite and quartz #stones"]);
    expect(await found(bob, `granite from:${alice.username} -room`)).toEqual(["granite or basalt"]);
    expect(await found(carol, "granite")).toEqual(["granite in the room"]);
  });
});

test("a text that disappears is nowhere when its time is over, and from the tables within a minute", {
  timeout: 120_000,
}, async () => {
  const id = await group(alice, [bob]);
  await say(alice, id, "stays");
  expect(await refusal(ask(alice, "expire_messages", { conversation_id: id, after_seconds: 9 }))).toBe(
    "expiry_range",
  );
  await ask(alice, "expire_messages", { conversation_id: id, after_seconds: 10 });
  const sent = await say(alice, id, "amethyst");
  const overMs = Date.parse(sent.expires_at as string);
  expect(await texts(bob, id)).toEqual(["stays", "amethyst"]);
  expect(await found(bob, "amethyst")).toEqual(["amethyst"]);
  const cursor = (await conversation(bob, id)).last_seq;
  await vi.waitFor(async () => expect(await texts(bob, id)).toEqual(["stays", ""]), {
    timeout: 30_000,
    interval: 250,
  });
  expect(Date.now()).toBeGreaterThanOrEqual(overMs - 1000);
  expect(await found(bob, "amethyst")).toEqual([]);
  // The job erases it, and this is an event.
  await vi.waitFor(async () => expect((await conversation(bob, id)).last_seq).toBeGreaterThan(cursor), {
    timeout: 60_000,
    interval: 500,
  });
  expect(Date.now() - overMs).toBeLessThan(60_000);
  expect(await conversation(bob, id)).toMatchObject({ unread: 1 });
});
