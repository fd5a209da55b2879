/** Blocks, bans and deleted accounts in chat, through supabase-js. oracle/non-interference.test.ts has random histories. */
import { beforeEach, describe, expect, test, vi } from "vitest";
import { type Person, service, signUp, target } from "../people.ts";
import {
  ask,
  block,
  conversation,
  direct,
  folder,
  follow,
  group,
  refusal,
  say,
  texts,
  totals,
  unblock,
} from "./chat.ts";

let alice: Person;
let bob: Person;
let mallory: Person;
beforeEach(async () => {
  [alice, bob, mallory] = await Promise.all([signUp("alice"), signUp("bob"), signUp("mallory")]);
  for (const one of [bob, mallory]) await follow(one, alice);
  await follow(alice, mallory);
});

/** All that a person reads of a conversation, in one text. */
async function everything(person: Person, id: number): Promise<string> {
  const answers = await Promise.all([
    ask(person, "conversation", { conversation_id: id }),
    ask(person, "conversations", {}),
    ask(person, "messages", { conversation_id: id }),
    ask(person, "conversation_members", { conversation_id: id }),
    ask(person, "receipts", { conversation_id: id }),
    ask(person, "search_messages", { query: "pebble" }),
    ask(person, "sync", { cursors: { [`conversation:${id}`]: 0 }, page_size: 500 }),
    ask(person, "sync", { cursors: { [`conversation:${id}`]: 9_007_199_254_740_991 } }),
  ]);
  return JSON.stringify(answers);
}

test("a block freezes a direct conversation for both at once, and the end of it opens it again", async () => {
  const id = await direct(alice, mallory);
  await say(alice, id, "from alice");
  await say(mallory, id, "from mallory");
  await block(alice, mallory);
  for (const person of [alice, mallory]) {
    expect(await refusal(say(person, id, "x"))).toBe("conversation_frozen");
    expect(await conversation(person, id)).toMatchObject({ is_frozen: true, topic: null, members: [] });
  }
  expect(await texts(mallory, id)).toEqual(["", "from mallory"]);
  expect(await texts(alice, id)).toEqual(["from alice", ""]);
  await unblock(alice, mallory);
  expect(await texts(mallory, id)).toEqual(["from alice", "from mallory"]);
  await say(mallory, id, "again");
});

test("in a group, nothing that mallory reads has the name or a text of alice, before and after the block", async () => {
  const id = await group(bob, []);
  const code = await ask<string>(bob, "create_invite", { conversation_id: id });
  for (const person of [alice, mallory]) await ask(person, "join_by_invite", { code });
  const sent = await say(alice, id, `pebble one @${mallory.username}`);
  await ask(alice, "edit_message", { message_id: sent.id, content: "pebble two" });
  const theirs = await say(mallory, id, `pebble of mallory @${alice.username}`, { reply_to_id: sent.id });
  await ask(alice, "react", { message_id: theirs.id, emoji: "👍" });
  await ask(alice, "mark_conversation_read", { conversation_id: id, seq: theirs.seq });
  expect(await everything(mallory, id)).toContain("pebble two");
  expect(await everything(mallory, id)).toContain(alice.id);

  await block(alice, mallory);
  await say(alice, id, "pebble three");
  await say(mallory, id, "pebble of mallory again");
  const [read, byAlice, byBob] = [
    await everything(mallory, id),
    await everything(alice, id),
    await everything(bob, id),
  ];
  expect(read).not.toContain(alice.id);
  expect(read).not.toMatch(/pebble (one|two|three)/);
  expect(read).toContain("pebble of mallory again");
  expect(byAlice).not.toContain(mallory.id);
  expect(byAlice).not.toContain("pebble of mallory");
  expect(byAlice).toContain("pebble three");
  expect(byBob).toContain("pebble three");
  expect(byBob).toContain("pebble of mallory again");
  expect(await refusal(ask(mallory, "react", { message_id: sent.id, emoji: "👍" }))).toBe(
    "message_not_found",
  );
  expect(await conversation(mallory, id)).toMatchObject({ unread: 0, is_frozen: false });
});

describe.skipIf(!target().secretKey)("ended accounts", () => {
  const ban = async (person: Person, ban_duration: string) => {
    const { error } = await service().auth.admin.updateUserById(person.id, { ban_duration });
    if (error) throw error;
  };

  test("a banned person says and reads nothing, although their token is still good", async () => {
    const id = await group(alice, [mallory]);
    await say(alice, id, "pebble");
    await ask(alice, "set_member_role", { conversation_id: id, profile_id: mallory.id, role: "admin" });
    await ban(mallory, "24h");
    await say(alice, id, "after the ban");
    for (const [name, args] of [
      ["send_message", { conversation_id: id, client_id: "x", content: "x" }],
      ["update_group", { conversation_id: id, name: "x" }],
      ["messages", { conversation_id: id }],
      ["conversations", {}],
      ["search_messages", { query: "pebble" }],
      ["create_group", { name: "x", member_ids: [alice.id] }],
    ] as const) {
      expect(await refusal(ask(mallory, name, args)), name).toBe("account_locked");
    }
    const stream = await ask(mallory, "sync", { cursors: { [`conversation:${id}`]: 0 } });
    expect(JSON.stringify(stream)).not.toContain("after the ban");
    await ban(mallory, "none");
    expect(await texts(mallory, id)).toEqual(["pebble", "after the ban"]);
  });

  test("what a deleted account said is gone, or stays without a name where somebody chose so", async () => {
    const [carol, dave] = await Promise.all([signUp("carol"), signUp("dave")]);
    for (const one of [carol, dave]) await follow(one, mallory);
    const [kept, lost] = [await direct(mallory, carol), await direct(mallory, dave)];
    for (const id of [kept, lost]) await say(mallory, id, "pebble");
    await ask(carol, "set_conversation", { conversation_id: kept, keeps_deleted: true });
    const [keeping, losing] = [await group(bob, []), await group(bob, [])];
    await ask(bob, "update_group", { conversation_id: keeping, keeps_deleted: true });
    for (const id of [keeping, losing]) {
      await ask(mallory, "join_by_invite", {
        code: await ask(bob, "create_invite", { conversation_id: id }),
      });
      await say(mallory, id, "pebble");
    }
    const found = async (person: Person, conversation_id: number) =>
      (await ask<{ content: string }[]>(person, "search_messages", { query: "pebble", conversation_id })).map(
        ({ content }) => content,
      );
    /** What a listener of the present topic hears: what Realtime replays, and what is said then. */
    const replayed = async (person: Person, id: number) => {
      const heard: unknown[] = [];
      const { topic } = await conversation(person, id);
      const broadcast = { replay: { since: Date.now() - 60_000, limit: 25 } };
      const channel = person.client.channel(topic as string, { config: { private: true, broadcast } });
      channel.on("broadcast", { event: "*" }, ({ payload }) => heard.push(payload));
      channel.subscribe();
      await vi.waitFor(async () => expect(channel.state).toBe("joined"), { timeout: 20_000 });
      await say(person, id, "the end");
      await vi.waitFor(() => expect(JSON.stringify(heard)).toContain("the end"), { timeout: 20_000 });
      await person.client.removeAllChannels();
      return JSON.stringify(heard);
    };
    expect(await replayed(bob, losing)).toContain("pebble");
    expect(await found(dave, lost)).toEqual(["pebble"]);
    const { error } = await service().auth.admin.deleteUser(mallory.id);
    if (error) throw error;

    // At once, and not only when the job has erased it.
    expect(await replayed(bob, losing)).not.toContain("pebble");
    for (const [person, id, read] of [
      [dave, lost, []],
      [bob, losing, []],
      [carol, kept, ["pebble"]],
      [bob, keeping, ["pebble"]],
    ] as const) {
      expect(await found(person, id)).toEqual(read);
    }
    expect(await texts(carol, kept)).toEqual(["pebble"]);
    expect(await texts(dave, lost)).toEqual([""]);
    expect(await texts(bob, keeping)).toEqual(["pebble"]);
    expect(await texts(bob, losing)).toEqual(["", "the end", "the end"]);
    for (const [person, id] of [
      [carol, kept],
      [dave, lost],
      [bob, keeping],
      [bob, losing],
    ] as const) {
      expect(await everything(person, id)).not.toContain(mallory.id);
    }
    expect(await refusal(say(carol, kept, "x"))).toBe("conversation_frozen");
    expect((await totals(dave)).messages).toBe(0);
    expect((await folder(bob)).length).toBe(2);
    expect(
      await refusal(ask(mallory, "send_message", { conversation_id: keeping, client_id: "x", content: "x" })),
    ).toBe("account_not_found");
  });
});
