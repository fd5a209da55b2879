/**
 * What people try who should read or do nothing, through supabase-js: a person who was removed, a newcomer who looks for
 * the past, and people who do two things at the same moment that do not fit together.
 */
import { randomBytes, randomUUID } from "node:crypto";
import type { RealtimeChannel } from "@supabase/supabase-js";
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Person, signUp } from "../people.ts";
import {
  ask,
  block,
  conversation,
  direct,
  follow,
  group,
  history,
  type Message,
  refusal,
  say,
} from "./chat.ts";

let alice: Person;
let bob: Person;
let carol: Person;
let mallory: Person;
beforeAll(async () => {
  [alice, bob, carol, mallory] = await Promise.all([
    signUp("alice"),
    signUp("bob"),
    signUp("carol"),
    signUp("mallory"),
  ]);
  for (const one of [bob, carol, mallory]) await follow(one, alice);
});

/** All that a person can ask of a conversation and of a message there. A refusal is its code. */
async function everything(person: Person, id: number, message: number, query: string): Promise<unknown[]> {
  const asked: [string, Record<string, unknown>][] = [
    ["messages", { conversation_id: id, page_size: 100 }],
    ["messages", { conversation_id: id, around: 1, page_size: 100 }],
    ["messages", { conversation_id: id, after: 0, page_size: 100 }],
    ["message", { message_id: message }],
    ["message_versions", { message_id: message }],
    ["message_seq_at", { conversation_id: id, at: "2000-01-01Z" }],
    ["search_messages", { query }],
    ["conversation", { conversation_id: id }],
    ["conversations", { page_size: 100 }],
    ["conversation_members", { conversation_id: id }],
    ["receipts", { conversation_id: id }],
    ["sync", { cursors: { [`conversation:${id}`]: null } }],
    ["sync", { cursors: { [`conversation:${id}`]: 0 }, page_size: 500 }],
  ];
  return Promise.all(
    asked.map(([name, args]) => ask(person, name, args).catch((error: { details: string }) => error.details)),
  );
}

/** @returns how it ends that a person joins a private topic */
async function joins(person: Person, topic: string): Promise<string> {
  const channel: RealtimeChannel = person.client.channel(topic, { config: { private: true } });
  const end = await new Promise<string>((resolve) => {
    channel.subscribe((status) => status !== "CLOSED" && resolve(status));
  });
  await person.client.removeAllChannels();
  return end;
}

/** Does all of it at once. @returns how often it worked, and the codes of the refusals */
async function race(...work: Promise<unknown>[]): Promise<{ won: number; refused: string[] }> {
  const ends = await Promise.allSettled(work);
  return {
    won: ends.filter(({ status }) => status === "fulfilled").length,
    refused: ends.flatMap((end) => (end.status === "rejected" ? [String(end.reason.details)] : [])),
  };
}

const owners = async (person: Person, conversation_id: number) =>
  (
    await ask<{ profile: { id: string }; role: string }[]>(person, "conversation_members", {
      conversation_id,
    })
  ).filter(({ role }) => role === "owner").length;

test("a person who was removed gets nothing by any function, and joins neither topic", async () => {
  const id = await group(alice, [mallory, bob]);
  const sent = await say(alice, id, "turquoise one");
  await ask(alice, "edit_message", { message_id: sent.id, content: "turquoise two" });
  const own = await say(mallory, id, "from mallory");
  const { topic: old } = await conversation(mallory, id);
  expect(JSON.stringify(await everything(mallory, id, sent.id, "turquoise"))).toContain("turquoise one");
  expect(await joins(mallory, old as string)).toBe("SUBSCRIBED");

  await ask(alice, "remove_member", { conversation_id: id, profile_id: mallory.id });
  const after = await say(alice, id, "turquoise three");
  for (const message of [sent, after]) {
    const read = await everything(mallory, id, message.id, "turquoise");
    expect(JSON.stringify(read)).not.toContain("turquoise");
    expect(JSON.stringify(read)).not.toContain(`"conversation_id":${id}`);
  }
  const { topic } = await conversation(alice, id);
  for (const one of [topic, old, `${topic}:typing`, `${old}:typing`])
    expect(await joins(mallory, one as string), one as string).toBe("CHANNEL_ERROR");
  expect(await joins(bob, topic as string)).toBe("SUBSCRIBED");
  for (const [name, args] of [
    ["react", { message_id: sent.id, emoji: "👍" }],
    ["edit_message", { message_id: own.id, content: "x" }],
    ["delete_message", { message_id: own.id, for_everyone: true }],
    ["send_message", { conversation_id: id, client_id: randomUUID(), content: "from mallory" }],
    ["mark_conversation_read", { conversation_id: id, seq: 1 }],
    ["mark_conversation_unread", { conversation_id: id }],
    ["set_conversation", { conversation_id: id, draft: "x" }],
    ["expire_messages", { conversation_id: id, after_seconds: 10 }],
    ["leave_conversation", { conversation_id: id }],
    ["accept_conversation", { conversation_id: id }],
    ["create_invite", { conversation_id: id }],
    ["join_requests", { conversation_id: id }],
  ] as const) {
    expect(await refusal(ask(mallory, name, args)), name).toMatch(/^(conversation|message)_not_found$/);
  }
  // A second try of what she sent is answered with her own words. Nothing is sent, and nothing is told.
  const again = await ask<Message>(mallory, "send_message", {
    conversation_id: id,
    client_id: own.client_id,
    content: "@alice, turquoise?",
    reply_to_id: sent.id,
  });
  expect(again).toMatchObject({ id: own.id, seq: own.seq, content: "@alice, turquoise?" });
  expect(again).toMatchObject({ reactions: [], mentions: [], reply_to_id: null, reply_to: null, post: null });
  expect((await history(alice, id)).at(-1)?.content).toBe("turquoise three");
});

test.each(["joining", "none"])(
  "a newcomer who reads %s finds nothing of the past in any way",
  async (rule) => {
    const [owner, eve] = await Promise.all([signUp("owner"), signUp("eve")]);
    const id = await group(owner, []);
    await ask(owner, "update_group", { conversation_id: id, history: rule });
    const past = await say(owner, id, `jasper @${eve.username}`);
    await ask(owner, "edit_message", { message_id: past.id, content: `jasper again @${eve.username}` });
    await ask(owner, "add_members", { conversation_id: id, member_ids: [eve.id] });
    await ask(eve, "accept_conversation", { conversation_id: id });
    const answer = await say(owner, id, "an answer", { reply_to_id: past.id });
    // The old message changes while she is there.
    await ask(owner, "edit_message", { message_id: past.id, content: "jasper at last" });
    await ask(owner, "react", { message_id: past.id, emoji: "👍" });
    const read = await everything(eve, id, past.id, "jasper");
    expect(JSON.stringify(read)).not.toContain("jasper");
    expect(JSON.stringify(read)).toContain("an answer");
    expect((await history(eve, id)).find((one) => one.id === answer.id)?.reply_to).toBeNull();
    expect(await ask(eve, "message_seq_at", { conversation_id: id, at: "2000-01-01Z" })).toBeGreaterThan(
      past.seq,
    );
    expect(await refusal(say(eve, id, "x", { reply_to_id: past.id }))).toBe("message_not_found");
    expect(await refusal(ask(eve, "react", { message_id: past.id, emoji: "👍" }))).toBe("message_not_found");
    expect(await conversation(eve, id)).toMatchObject({ unread: 1, mentions: 0 });
    expect(await ask(eve, "mark_conversation_unread", { conversation_id: id })).toBe(1);
    expect(JSON.stringify(await everything(owner, id, past.id, "jasper"))).toContain("jasper at last");
  },
);

test("a text that disappeared is in no quote, no version, no search and no answer, also after an edit", {
  timeout: 60_000,
}, async () => {
  const id = await group(alice, [bob]);
  await ask(alice, "expire_messages", { conversation_id: id, after_seconds: 10 });
  const sent = await say(alice, id, "beryl one");
  await ask(alice, "edit_message", { message_id: sent.id, content: "beryl two" });
  // It is edited, and does not live longer for that.
  const edited = (await history(bob, id)).find((one) => one.id === sent.id) as Message;
  expect(edited.expires_at).toBe(sent.expires_at);
  await ask(alice, "expire_messages", { conversation_id: id, after_seconds: null });
  const answer = await say(bob, id, "a lasting answer", { reply_to_id: sent.id });
  expect(answer.reply_to).toMatchObject({ content: "beryl two" });
  expect(JSON.stringify(await everything(bob, id, sent.id, "beryl"))).toContain("beryl one");
  await vi.waitFor(
    async () => expect((await history(bob, id)).find((one) => one.id === sent.id)?.is_deleted).toBe(true),
    { timeout: 30_000, interval: 200 },
  );
  expect(JSON.stringify(await everything(bob, id, sent.id, "beryl"))).not.toContain("beryl");
  expect((await history(bob, id)).find((one) => one.id === answer.id)?.reply_to).toMatchObject({
    content: "",
    is_deleted: true,
  });
  for (const [name, args] of [
    ["edit_message", { message_id: sent.id, content: "beryl three" }],
    ["react", { message_id: sent.id, emoji: "👍" }],
  ] as const)
    expect(await refusal(ask(alice, name, args)), name).toBe("message_not_found");
  expect(await refusal(say(bob, id, "x", { reply_to_id: sent.id }))).toBe("message_not_found");
});

describe("at the same moment", () => {
  test("a group always has one owner: it is given away while the new owner leaves, or is removed", async () => {
    for (let round = 0; round < 4; round += 1) {
      const id = await group(alice, [bob, carol]);
      await ask(alice, "set_member_role", { conversation_id: id, profile_id: carol.id, role: "admin" });
      await race(
        ask(alice, "transfer_group", { conversation_id: id, profile_id: bob.id }),
        round % 2
          ? ask(bob, "leave_conversation", { conversation_id: id })
          : ask(carol, "remove_member", { conversation_id: id, profile_id: bob.id }),
        ask(alice, "leave_conversation", { conversation_id: id }),
      );
      expect(await owners(carol, id)).toBe(1);
    }
  });

  test("two people get the group at once, and one owns it", async () => {
    const id = await group(alice, [bob, carol]);
    const { won, refused } = await race(
      ask(alice, "transfer_group", { conversation_id: id, profile_id: bob.id }),
      ask(alice, "transfer_group", { conversation_id: id, profile_id: carol.id }),
    );
    expect([won, refused]).toEqual([1, ["role_too_low"]]);
    expect(await owners(alice, id)).toBe(1);
  });

  test("two uses of an invite for two people: the third is refused, and a person who repeats it uses it once", async () => {
    const id = await group(alice, []);
    const code = await ask<string>(alice, "create_invite", { conversation_id: id, max_uses: 2 });
    const { won, refused } = await race(
      ...[bob, bob, bob, carol, carol, mallory, mallory].map((one) => ask(one, "join_by_invite", { code })),
    );
    const { member_count } = await conversation(alice, id);
    expect(member_count).toBe(3);
    expect(won).toBeGreaterThanOrEqual(2);
    expect(new Set(refused)).toEqual(new Set(["invite_not_found"]));
  });

  test("mallory writes while she is removed: what is refused is not there, and what is answered is", async () => {
    const id = await group(alice, [mallory]);
    const texts = Array.from({ length: 12 }, (_, n) => `race ${n}`);
    const sending = texts.map((text) =>
      say(mallory, id, text).then(
        () => [text],
        () => [],
      ),
    );
    await ask(alice, "remove_member", { conversation_id: id, profile_id: mallory.id });
    const answered = (await Promise.all(sending)).flat();
    const stored = await history(alice, id);
    const removed = stored.find(({ change }) => change === "removed") as Message;
    const said = stored.filter(({ content }) => content.startsWith("race"));
    expect(said.map(({ content }) => content).toSorted()).toEqual(answered.toSorted());
    for (const { seq } of said) expect(seq).toBeLessThan(removed.seq);
  });

  test("eve blocks dora while both write: nothing is said after the block", async () => {
    const [eve, dora] = await Promise.all([signUp("eve"), signUp("dora")]);
    await Promise.all([follow(eve, dora), follow(dora, eve)]);
    const id = await direct(eve, dora);
    await say(eve, id, "hello");
    const sending = [eve, dora].flatMap((one) =>
      Array.from({ length: 6 }, (_, n) => say(one, id, `race ${n}`).catch(() => null)),
    );
    await block(eve, dora);
    const { last_seq } = await conversation(eve, id);
    await Promise.all(sending);
    expect((await conversation(eve, id)).last_seq).toBe(last_seq);
    for (const one of [eve, dora]) expect(await refusal(say(one, id, "x"))).toBe("conversation_frozen");
  });

  test("two people react with 21 kinds at once, and 20 kinds are there", async () => {
    const id = await group(alice, [bob]);
    const { id: message_id } = await say(alice, id, "react");
    const kinds = Array.from({ length: 21 }, (_, n) => String.fromCodePoint(0x1f34a + n));
    const { won, refused } = await race(
      ...kinds.map((emoji, n) => ask(n % 2 ? alice : bob, "react", { message_id, emoji })),
    );
    expect([won, refused]).toEqual([20, ["too_many_reactions"]]);
    expect((await history(bob, id)).find((one) => one.id === message_id)?.reactions.length).toBe(20);
  });
});

test("a member filters their answer with a pattern that takes forever, and the others can write", async () => {
  const id = await group(alice, [mallory]);
  // Letters in no order. The pattern looks for forty of them that come again.
  const content = randomBytes(4500).toString("hex").replaceAll(/[0-7]/g, "a").replaceAll(/[^a]/g, "b");
  const slow = mallory.client
    .rpc("send_message", { conversation_id: id, client_id: randomUUID(), content })
    .filter("content", "match", "(.{40,}).*\\1")
    .then(({ error }) => error?.code);
  const said = await Promise.all(["one", "two", "three"].map((text) => say(alice, id, text)));
  // Its time is over before that of a statement (57014). A platform may only say that the session is gone.
  expect(["25P04", "PGRST001"]).toContain(await slow);
  const stored = (await history(alice, id)).filter(({ change }) => !change);
  expect(stored.map((message) => message.id).toSorted()).toEqual(
    said.map((message) => message.id).toSorted(),
  );
});
