/** Conversations and groups through supabase-js, with several clients: who begins, comes, goes and decides. */
import { beforeAll, describe, expect, test, vi } from "vitest";
import { type Person, signUp } from "../people.ts";
import {
  ask,
  changes,
  conversation,
  direct,
  folder,
  follow,
  group,
  refusal,
  say,
  texts,
  totals,
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
  await follow(bob, alice);
});

const settings = (person: Person, args: object) => ask(person, "set_chat_settings", { ...args });
const members = async (person: Person, conversation_id: number) =>
  (
    await ask<{ profile: { id: string }; role: string }[]>(person, "conversation_members", {
      conversation_id,
    })
  ).map(({ profile, role }) => [profile.id, role]);

describe("direct conversations", () => {
  test("two people who begin at once, each on three devices, have one conversation", async () => {
    const [eve, dora] = await Promise.all([signUp("eve"), signUp("dora")]);
    const ids = await Promise.all([1, 2, 3].flatMap(() => [direct(eve, dora), direct(dora, eve)]));
    expect(new Set(ids).size).toBe(1);
  });

  test("alice keeps notes for herself, which are never unread", async () => {
    const notes = await direct(alice, alice);
    await say(alice, notes, "milk");
    expect(await texts(alice, notes)).toEqual(["milk"]);
    expect(await conversation(alice, notes)).toMatchObject({ unread: 0, member_count: 1 });
    expect(await refusal(ask(bob, "messages", { conversation_id: notes }))).toBe("conversation_not_found");
  });
});

describe("requests", () => {
  test("a message of a stranger waits apart, without receipts and presence, until it is answered", async () => {
    const id = await direct(mallory, carol);
    const sent = await say(mallory, id, "hello carol");
    expect((await folder(carol, "requests")).map((row) => row.id)).toContain(id);
    expect((await folder(carol)).map((row) => row.id)).not.toContain(id);
    expect(await totals(carol)).toMatchObject({ messages: 0, message_requests: 1 });
    expect((await conversation(carol, id)).topic).toBeNull();
    await ask(carol, "mark_conversation_read", { conversation_id: id, seq: sent.seq });
    expect(await ask(mallory, "receipts", { conversation_id: id })).toEqual([]);

    await say(carol, id, "hello mallory");
    expect(await conversation(carol, id)).toMatchObject({ is_request: false });
    expect((await conversation(carol, id)).topic).not.toBeNull();
    expect((await ask<unknown[]>(mallory, "receipts", { conversation_id: id })).length).toBe(1);
  });

  test("carol accepts one and declines another, and its sender does not learn it", async () => {
    const [eve, dora] = await Promise.all([signUp("eve"), signUp("dora")]);
    const [accepted, declined] = [await direct(eve, carol), await direct(dora, carol)];
    await say(eve, accepted, "from eve");
    await say(dora, declined, "from dora");
    const before = await conversation(dora, declined);
    await ask(carol, "accept_conversation", { conversation_id: accepted });
    await ask(carol, "decline_conversation", { conversation_id: declined });
    expect((await folder(carol)).map((row) => row.id)).toContain(accepted);
    for (const name of ["inbox", "requests", "archived"]) {
      expect((await folder(carol, name)).map((row) => row.id)).not.toContain(declined);
    }
    expect(await conversation(dora, declined)).toEqual(before);
    await say(dora, declined, "still there?");
    expect((await folder(carol, "requests")).map((row) => row.id)).not.toContain(declined);
  });

  test("alice decides who may begin to write to her and who may add her", async () => {
    const [eve, dora] = await Promise.all([signUp("eve"), signUp("dora")]);
    await follow(eve, dora);
    await settings(eve, { who_writes: "following", who_adds: "following" });
    expect(await refusal(direct(mallory, eve))).toBe("messages_not_welcome");
    expect(await refusal(group(mallory, [eve]))).toBe("adding_not_welcome");
    await say(dora, await direct(dora, eve), "we know each other");
    await group(dora, [eve]);
    await settings(eve, { who_writes: "nobody", who_adds: "nobody" });
    expect(await refusal(group(dora, [eve]))).toBe("adding_not_welcome");
    // A conversation that is there goes on.
    await say(dora, await direct(dora, eve), "still here");
  });
});

describe("groups", () => {
  test("its people come, get roles and go, and each change is a message", async () => {
    const dora = await signUp("dora");
    for (const one of [bob, carol, dora]) await follow(one, alice);
    const id = await group(alice, [bob, carol]);
    expect(await refusal(ask(bob, "add_members", { conversation_id: id, member_ids: [dora.id] }))).toBe(
      "role_too_low",
    );
    await ask(alice, "set_member_role", { conversation_id: id, profile_id: bob.id, role: "admin" });
    await ask(bob, "add_members", { conversation_id: id, member_ids: [dora.id] });
    await ask(bob, "update_group", {
      conversation_id: id,
      name: "Stones",
      description: "Only stones",
      picture_url: "https://example.com/stone.png",
    });
    expect(await conversation(dora, id)).toMatchObject({
      name: "Stones",
      description: "Only stones",
      member_count: 4,
    });
    await ask(bob, "remove_member", { conversation_id: id, profile_id: dora.id });
    expect(await refusal(ask(dora, "messages", { conversation_id: id }))).toBe("conversation_not_found");
    await ask(carol, "leave_conversation", { conversation_id: id });
    expect(await refusal(say(carol, id, "still here?"))).toBe("conversation_not_found");

    expect(await refusal(ask(alice, "leave_conversation", { conversation_id: id }))).toBe("owner_leaves");
    await ask(alice, "transfer_group", { conversation_id: id, profile_id: bob.id });
    await ask(alice, "leave_conversation", { conversation_id: id });
    expect(await members(bob, id)).toEqual([[bob.id, "owner"]]);
    expect(await changes(bob, id)).toEqual([
      ...["created", "added", "added", "role", "added", "named", "described", "pictured", "removed", "left"],
      ...["owner", "left"],
    ]);
  });

  test("in a locked group only its owner and admins write", async () => {
    const id = await group(alice, [bob]);
    await say(bob, id, "before");
    await ask(alice, "update_group", { conversation_id: id, is_locked: true });
    expect(await refusal(say(bob, id, "during"))).toBe("conversation_locked");
    await say(alice, id, "from the owner");
    await ask(alice, "update_group", { conversation_id: id, is_locked: false });
    await say(bob, id, "after");
    expect(await texts(bob, id)).toEqual(["before", "from the owner", "after"]);
  });

  test("an invite has an end, a number of uses, and may need approval", async () => {
    const [eve, dora, frank] = await Promise.all([signUp("eve"), signUp("dora"), signUp("frank")]);
    const id = await group(alice, []);
    const invite = (more: object) => ask<string>(alice, "create_invite", { conversation_id: id, ...more });
    const join = (person: Person, code: string) => ask<string>(person, "join_by_invite", { code });
    const once = await invite({ max_uses: 1 });
    const answers = await Promise.allSettled([join(eve, once), join(dora, once), join(frank, once)]);
    expect(answers.filter(({ status }) => status === "fulfilled").length).toBe(1);
    const soon = await invite({ expires_at: new Date(Date.now() + 1500).toISOString() });
    await vi.waitFor(
      async () => expect(await refusal(ask(mallory, "invite", { code: soon }))).toBe("invite_not_found"),
      {
        timeout: 20_000,
        interval: 200,
      },
    );
    expect(await refusal(join(mallory, soon))).toBe("invite_not_found");

    const approved = await invite({ needs_approval: true });
    expect(await join(mallory, approved)).toBe("requested");
    expect(await refusal(ask(mallory, "conversation", { conversation_id: id }))).toBe(
      "conversation_not_found",
    );
    expect(
      (await ask<{ id: string }[]>(alice, "join_requests", { conversation_id: id })).map((one) => one.id),
    ).toEqual([mallory.id]);
    // She finds an open link meanwhile. Then she does not ask any more.
    expect(await join(mallory, await invite({}))).toBe("joined");
    expect(await ask(alice, "join_requests", { conversation_id: id })).toEqual([]);
    expect(
      await ask(alice, "answer_join_request", { conversation_id: id, profile_id: mallory.id, accepts: true }),
    ).toBe(false);
    await ask(alice, "remove_member", { conversation_id: id, profile_id: mallory.id });
    expect(await refusal(join(mallory, approved))).toBe("invite_not_found");
  });

  test.each([
    ["all", ["first", "second", "third"]],
    ["joining", ["second", "third"]],
    ["none", ["third"]],
  ])("a newcomer reads %s", async (history, read) => {
    const [owner, eve] = await Promise.all([signUp("owner"), signUp("eve")]);
    const id = await group(owner, []);
    await ask(owner, "update_group", { conversation_id: id, history });
    await say(owner, id, "first");
    await ask(owner, "add_members", { conversation_id: id, member_ids: [eve.id] });
    await say(owner, id, "second");
    await ask(eve, "accept_conversation", { conversation_id: id });
    await say(owner, id, "third");
    expect(await texts(eve, id)).toEqual(read);
    expect((await ask<unknown[]>(eve, "search_messages", { query: "first" })).length).toBe(
      read.includes("first") ? 1 : 0,
    );
  });
});

describe("the own side", () => {
  test("what bob mutes, archives, pins and drafts is his, and his other device hears of it", async () => {
    const id = await group(alice, [bob]);
    const heard: { conversation: { draft: string; is_pinned: boolean } }[] = [];
    const channel = bob.client.channel(`user:${bob.id}`, { config: { private: true } });
    channel.on("broadcast", { event: "event" }, ({ payload }) => {
      if (payload.kind === "conversation") heard.push(payload.payload);
    });
    await new Promise<void>((resolve, reject) => {
      channel.subscribe((status, error) =>
        status === "SUBSCRIBED" ? resolve() : status !== "CLOSED" && reject(error ?? new Error(status)),
      );
    });
    const alices = await conversation(alice, id);
    await ask(bob, "set_conversation", {
      conversation_id: id,
      muted_until: "infinity",
      is_pinned: true,
      draft: "not yet",
    });
    await vi.waitFor(
      () => expect(heard.at(-1)?.conversation).toMatchObject({ draft: "not yet", is_pinned: true }),
      {
        timeout: 20_000,
      },
    );
    await bob.client.removeAllChannels();
    const before = await totals(bob);
    await say(alice, id, "quiet");
    expect(await conversation(bob, id)).toMatchObject({ unread: 1 });
    expect(await totals(bob)).toEqual(before);
    expect((await folder(bob, "pinned")).map((row) => row.id)).toEqual([id]);
    await ask(bob, "set_conversation", { conversation_id: id, is_archived: true });
    expect((await folder(bob)).map((row) => row.id)).not.toContain(id);
    expect((await folder(bob, "archived")).map((row) => row.id)).toContain(id);
    expect(await conversation(alice, id)).toMatchObject({
      draft: alices.draft,
      is_pinned: false,
      muted_until: null,
    });
  });
});
