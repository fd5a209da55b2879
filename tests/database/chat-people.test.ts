/** Blocks, requests, settings and ended accounts in chat. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversation, direct, folder, group, history, type Message, one, rows, say, texts } from "./chat.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
let carol: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob, carol] = [await db.signUp("alice"), await db.signUp("bob"), await db.signUp("carol")];
  for (const [person, other] of [
    [bob, alice],
    [alice, bob],
    [carol, alice],
  ] as const) {
    await person.asks((sql) => sql`insert into follows (followee_id) values (${other.id})`);
  }
});
afterAll(() => db?.[Symbol.asyncDispose]());

const block = (person: Person, other: Person) =>
  person.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`);
const unblock = (person: Person, other: Person) =>
  person.asks((sql) => sql`delete from blocks where blocked_id = ${other.id}`);
const deleteAccount = (person: Person) => db.admin`delete from auth.users where id = ${person.id}`;
const sent = (topic: string) => db.admin`
  select payload from realtime.messages where topic = ${topic} order by (payload ->> 'seq')::bigint`;

describe("blocks", () => {
  test("a block freezes a direct conversation both ways, and an end of it opens it again", async () => {
    const id = await direct(alice, bob);
    const message = await say(alice, id, "before");
    const { topic } = await conversation(alice, id);
    await block(alice, bob);
    for (const person of [alice, bob]) {
      expect(await conversation(person, id)).toMatchObject({
        is_frozen: true,
        topic: null,
        members: [],
        member_count: 1,
      });
      expect((await refusal(say(person, id, "hello"))).detail).toBe("conversation_frozen");
      expect((await refusal(one(person, "react($1, '👍')", message.id))).code).toMatch(/PT40[34]/);
    }
    expect(await texts(bob, id)).toEqual([""]);
    expect(await rows(bob, "search_messages('before')")).toEqual([]);
    await unblock(alice, bob);
    expect(await texts(bob, id)).toEqual(["before"]);
    const opened = await conversation(bob, id);
    expect(opened).toMatchObject({ is_frozen: false });
    expect(opened.topic).not.toBe(topic);
    expect((await say(bob, id, "again")).content).toBe("again");
  });

  test.each([false, true])(
    "worlds: a person who is blocked learns as much as if the account were deleted, or erased. She keeps texts: %s",
    async (keeps) => {
      const told: unknown[] = [];
      for (const world of ["block", "deletion", "erasure"]) {
        const [eve, dora] = [
          await db.signUp(`eve_${world}_${keeps}`),
          await db.signUp(`dora_${world}_${keeps}`),
        ];
        for (const [one, other] of [
          [eve, dora],
          [dora, eve],
        ] as const) {
          await one.asks((sql) => sql`insert into follows (followee_id) values (${other.id})`);
        }
        const id = await direct(eve, dora);
        await say(eve, id, "mine");
        const hers = await say(dora, id, "hers");
        await one(eve, "react($1, '👍')", hers.id);
        await one(eve, "set_conversation($1, keeps_deleted => $2)", id, keeps);
        const { view } = await conversation(eve, id);
        if (world === "block") await block(dora, eve);
        else await deleteAccount(dora);
        if (world === "erasure") await db.owner`call private.erase_messages()`;
        expect(await db.admin`select from private.ended_senders`).toHaveLength(world === "deletion" ? 1 : 0);
        const attempt = async (work: Promise<unknown>) => {
          const error = await refusal(work);
          return [error.code, error.message, error.detail];
        };
        const { last_message, ...shown } = await conversation(eve, id);
        told.push(
          JSON.parse(
            JSON.stringify([
              await attempt(direct(eve, dora)),
              await attempt(say(eve, id, "hello")),
              await attempt(one(eve, "react($1, '👍')", hers.id)),
              await attempt(one(eve, "expire_messages($1, 60)", id)),
              { ...shown, id: 0, place: 0, view: shown.view - view },
              last_message && { ...last_message, id: 0, conversation_id: 0, created_at: "", reactions: [] },
              (await history(eve, id)).map((message) => [
                message.sender?.id === eve.id,
                message.sender === null && message.client_id,
                message.content,
                message.is_deleted,
                message.reactions.map((reaction) => ({ ...reaction, profile_ids: [] })),
              ]),
              (await rows<Message>(eve, "search_messages('hers')")).map((found) => [
                found.content,
                found.client_id,
              ]),
              (await rows<Message>(eve, "search_messages($1)", `hers from:dora_${world}_${keeps}`)).length,
              await rows(eve, "receipts($1)", id),
              (await rows<unknown>(eve, "conversation_members($1)", id)).length,
              await one<{ messages: number }>(eve, "unread()").then((counts) => counts.messages),
              (await folder(eve, "inbox")).length,
            ]),
          ),
        );
      }
      expect(told[0]).toEqual(told[1]);
      expect(told[1]).toEqual(told[2]);
      await db.owner`call private.erase_messages()`;
    },
  );

  test("in a group neither reads the other, and the blocked person stays where they were", async () => {
    const id = await group(carol, "Apart", []);
    await one(carol, "add_members($1, $2)", id, [alice.id, bob.id]);
    for (const person of [alice, bob]) await one(person, "accept_conversation($1)", id);
    await say(alice, id, "from alice");
    await say(bob, id, "from bob");
    const before = await conversation(bob, id);
    await block(alice, bob);

    expect(await texts(alice, id)).toEqual(["from alice", ""]);
    expect(await texts(bob, id)).toEqual(["", "from bob"]);
    expect(await texts(carol, id)).toEqual(["from alice", "from bob"]);
    // Alice listens no more. Bob and carol do, on the next topic.
    expect((await conversation(alice, id)).topic).toBeNull();
    const { topic, members } = await conversation(bob, id);
    expect(topic).not.toBe(before.topic);
    expect(members.map((member) => member.id)).toEqual([carol.id]);
    expect((await conversation(bob, id)).view).toBe(before.view + 1);

    const hers = await say(alice, id, "secret of alice");
    await say(bob, id, "secret of bob");
    await one(
      alice,
      "react($1, '👀')",
      (await history(carol, id)).find((m) => m.content === "from bob")?.id ?? 0,
    ).catch(() => {});
    const heard = JSON.stringify(await sent(topic as string));
    expect(heard).not.toContain("secret of alice");
    expect(heard).toContain("secret of bob");
    expect(heard).not.toContain(alice.id);
    // Others are told to fetch it. Nobody is told that it is deleted.
    const told = (await sent(topic as string)).find((row) => row.payload.seq === hers.seq);
    expect(told?.payload).toMatchObject({ kind: "message", payload: null });
    expect((await texts(carol, id)).slice(-2)).toEqual(["secret of alice", "secret of bob"]);
    expect(await conversation(bob, id)).toMatchObject({ unread: 0 });

    await unblock(alice, bob);
    expect((await conversation(alice, id)).topic).toBe(topic);
    expect(await texts(alice, id)).toEqual(["from alice", "from bob", "secret of alice", "secret of bob"]);
  });

  test("alice and bob block each other: one end of it lets neither hear the other, and the second one both", async () => {
    const id = await group(carol, "Both", []);
    await one(carol, "add_members($1, $2)", id, [alice.id, bob.id]);
    for (const person of [alice, bob]) await one(person, "accept_conversation($1)", id);
    const listen = async () => [
      (await conversation(alice, id)).topic !== null,
      (await conversation(bob, id)).topic !== null,
    ];
    await block(alice, bob);
    // From now on she is nobody for him. So his block is older than that rule, or of the service role.
    await db.admin.begin(async (sql) => {
      await sql`alter table blocks disable trigger blocks_check`;
      await sql`insert into blocks (blocker_id, blocked_id) values (${bob.id}, ${alice.id})`;
      await sql`alter table blocks enable trigger blocks_check`;
    });
    expect(await listen()).toEqual([false, false]);
    // The same when one of them comes in while both blocks are there.
    await one(carol, "remove_member($1, $2)", id, bob.id);
    expect((await conversation(alice, id)).topic).not.toBeNull();
    await one(carol, "add_members($1, $2)", id, [bob.id]);
    await one(bob, "accept_conversation($1)", id);
    expect(await listen()).toEqual([false, false]);
    await db.admin`delete from blocks where blocker_id = ${alice.id}`;
    expect(await listen()).toEqual([true, false]);
    const { topic } = await conversation(carol, id);
    await say(bob, id, "for carol");
    expect((await sent(topic as string)).at(-1)?.payload.payload).toBeNull();
    expect((await texts(alice, id)).at(-1)).toBe("");
    await db.admin`delete from blocks where blocker_id = ${bob.id}`;
    expect(await listen()).toEqual([true, true]);
    expect((await texts(alice, id)).at(-1)).toBe("for carol");
  });

  test("a member who blocks a newcomer does not hear them", async () => {
    await block(alice, bob);
    const id = await group(carol, "Newcomer", []);
    await one(carol, "add_members($1, $2)", id, [alice.id]);
    await one(alice, "accept_conversation($1)", id);
    const { topic } = await conversation(alice, id);
    await one(carol, "add_members($1, $2)", id, [bob.id]);
    expect((await conversation(alice, id)).topic).toBeNull();
    expect((await conversation(carol, id)).topic).not.toBe(topic);
    await one(carol, "remove_member($1, $2)", id, bob.id);
    expect((await conversation(alice, id)).topic).toBe((await conversation(carol, id)).topic);
    await unblock(alice, bob);
  });
});

describe("requests and settings", () => {
  test("a declined request is in no list, and its sender does not learn it", async () => {
    const [sender, reader] = [await db.signUp("sender"), await db.signUp("reader")];
    const id = await direct(sender, reader);
    await say(sender, id, "hello");
    const before = await conversation(sender, id);
    await one(reader, "decline_conversation($1)", id);
    for (const name of ["inbox", "requests", "archived"]) expect(await folder(reader, name)).toEqual([]);
    const { draft, ...shown } = await conversation(sender, id);
    expect(shown).toEqual({ ...before, draft: undefined });
    await say(sender, id, "still there?");
    expect(await folder(reader, "requests")).toEqual([]);
    expect(await one(reader, "unread()")).toMatchObject({ messages: 0, message_requests: 0 });
    expect(await direct(reader, sender)).toBe(id);
    expect((await folder(reader, "inbox")).map((found) => found.id)).toEqual([id]);
    expect((await refusal(one(reader, "decline_conversation($1)", id))).detail).toBe("already_accepted");
  });

  test("a declined group is left", async () => {
    const stranger = await db.signUp("host");
    const id = await group(stranger, "Unwanted", [alice]);
    await one(alice, "decline_conversation($1)", id);
    expect((await refusal(conversation(alice, id))).detail).toBe("conversation_not_found");
    expect(await conversation(stranger, id)).toMatchObject({ member_count: 1 });
  });

  test("people say who may write to them and who may add them", async () => {
    const [shy, friend, stranger] = [
      await db.signUp("shy"),
      await db.signUp("friend"),
      await db.signUp("other"),
    ];
    await shy.asks((sql) => sql`insert into follows (followee_id) values (${friend.id})`);
    const early = await direct(stranger, shy);
    await one(shy, "set_chat_settings('following', 'following')");
    expect(await one(shy, "chat_settings()")).toEqual({
      who_writes: "following",
      who_adds: "following",
      shows_receipts: true,
      shows_presence: true,
    });
    expect((await refusal(say(stranger, early, "hello"))).detail).toBe("messages_not_welcome");
    // A change of the conversation would bring it up among the requests, like a message.
    expect((await refusal(one(stranger, "expire_messages($1, 60)", early))).detail).toBe(
      "messages_not_welcome",
    );
    const late = await db.signUp("late");
    expect((await refusal(direct(late, shy))).detail).toBe("messages_not_welcome");
    expect((await refusal(group(stranger, "Group", [shy]))).detail).toBe("adding_not_welcome");
    expect(await say(friend, await direct(friend, shy), "hello")).toMatchObject({ content: "hello" });
    expect(await group(friend, "Group", [shy])).toBeGreaterThan(0);
    await one(shy, "set_chat_settings('nobody', 'nobody')");
    expect((await refusal(group(friend, "Group", [shy]))).detail).toBe("adding_not_welcome");
    // What they accepted goes on.
    expect(await say(friend, await direct(friend, shy), "still")).toMatchObject({ content: "still" });
    expect(await say(shy, early, "I write to you")).toMatchObject({ content: "I write to you" });
    expect(await say(stranger, early, "thanks")).toMatchObject({ content: "thanks" });
    await one(stranger, "expire_messages($1, 60)", early);
    expect(await conversation(shy, early)).toMatchObject({ expires_after: 60 });
  });

  test("what is muted, archived, pinned or a draft is private, and in step on all devices", async () => {
    const id = await direct(alice, carol);
    await say(alice, id, "hi");
    const [{ cursor }] = (await rows<{ cursor: number }>(alice, "sync()")) as [{ cursor: number }];
    await one(alice, "set_conversation($1, is_pinned => true, draft => 'half a')", id);
    const [page] = await rows<{ events: unknown[] }>(alice, "sync($1)", { [`user:${alice.id}`]: cursor });
    expect(page?.events).toMatchObject([
      {
        seq: cursor + 1,
        kind: "conversation",
        payload: { conversation: { id, draft: "half a", is_pinned: true } },
      },
    ]);
    expect((await folder(alice, "pinned")).map((found) => found.id)).toEqual([id]);
    expect(await conversation(carol, id)).toMatchObject({ draft: "", is_pinned: false });
    await one(alice, "set_conversation($1, is_archived => true)", id);
    expect((await folder(alice, "archived")).map((found) => found.id)).toEqual([id]);
    expect((await folder(alice, "inbox")).map((found) => found.id)).not.toContain(id);
    await say(alice, id, "half a sentence");
    expect(await conversation(alice, id)).toMatchObject({ draft: "", is_archived: false });
    expect(
      (await refusal(one(alice, "set_conversation($1, draft => $2)", id, "x".repeat(10_001)))).detail,
    ).toBe("draft_length");
  });

  test("a conversation that is muted until a time is in the sums again when that time is over", async () => {
    const [dora, erin] = [await db.signUp("dora_muted"), await db.signUp("erin_muted")];
    await erin.asks((sql) => sql`insert into follows (followee_id) values (${dora.id})`);
    const id = await direct(dora, erin);
    await say(dora, id, "hi");
    const unread = async () => (await one<{ messages: number }>(erin, "unread()")).messages;
    expect(await unread()).toBe(1);
    await one(erin, "set_conversation($1, muted_until => now() + interval '1 hour')", id);
    expect([await unread(), (await conversation(erin, id)).unread]).toEqual([0, 1]);
    await db.admin`
      update private.conversation_members set muted_until = now() - interval '1 second'
      where conversation_id = ${id} and user_id = ${erin.id}`;
    expect(await unread()).toBe(1);
    expect(await conversation(erin, id)).toMatchObject({ muted_until: null });
  });

  test("the list has the newest conversation first, page by page", async () => {
    const person = await db.signUp("lister");
    const ids: number[] = [];
    for (let n = 0; n < 5; n += 1) ids.unshift(await group(person, `Group ${n}`, []));
    // Nobody said anything in the notes yet, and then nothing is left of them.
    const notes = await say(person, await direct(person, person), "note");
    ids.unshift(notes.conversation_id);
    await one(person, "delete_message($1)", notes.id);
    expect(await conversation(person, notes.conversation_id)).toMatchObject({ last_message: null });
    const first = await rows<{ id: number; place: number }>(person, "conversations(page_size => 3)");
    const second = await rows<{ id: number }>(person, "conversations($1, 3)", first[2]?.place);
    expect([...first, ...second].map((found) => found.id)).toEqual(ids);
    await say(person, ids[5] as number, "up");
    expect((await rows<{ id: number }>(person, "conversations(page_size => 1)"))[0]?.id).toBe(ids[5]);
  });
});

describe("ended accounts", () => {
  test("what a deleted account said goes, or stays without a name where somebody chose so", async () => {
    const leaver = await db.signUp("leaver");
    await alice.asks((sql) => sql`insert into follows (followee_id) values (${leaver.id})`);
    await bob.asks((sql) => sql`insert into follows (followee_id) values (${leaver.id})`);
    const [gone, kept] = [await direct(leaver, alice), await direct(leaver, bob)];
    const [strict, loose] = [await group(alice, "Strict", []), await group(alice, "Loose", [])];
    for (const id of [strict, loose]) {
      await one(alice, "add_members($1, $2)", id, [leaver.id, carol.id]);
      await one(leaver, "accept_conversation($1)", id);
    }
    await one(bob, "set_conversation($1, keeps_deleted => true)", kept);
    await one(alice, "update_group($1, keeps_deleted => true)", loose);
    for (const id of [gone, kept, strict, loose]) await say(leaver, id, `words of leaver`);
    const { topic } = await conversation(alice, strict);
    await deleteAccount(leaver);

    const said = async (person: Person, id: number) =>
      (await history(person, id))
        .filter((message) => !message.change)
        .map((m: Message) => [m.sender, m.content, m.is_deleted]);
    expect(await said(alice, gone)).toEqual([[null, "", true]]);
    expect(await said(bob, kept)).toEqual([[null, "words of leaver", false]]);
    expect(await said(alice, strict)).toEqual([[null, "", true]]);
    expect(await said(alice, loose)).toEqual([[null, "words of leaver", false]]);
    await db.owner`call private.erase_messages()`;
    expect(await said(alice, gone)).toEqual([[null, "", true]]);
    expect(await said(bob, kept)).toEqual([[null, "words of leaver", false]]);
    const stored =
      await db.admin`select conversation_id from private.messages where content like '%leaver%' order by 1`;
    expect(stored.map((row) => row.conversation_id)).toEqual([kept, loose].sort((a, b) => a - b));
    expect(await conversation(alice, strict)).toMatchObject({ member_count: 2 });
    expect((await conversation(alice, strict)).topic).not.toBe(topic);
    expect((await refusal(say(alice, gone, "hello"))).detail).toBe("conversation_frozen");
  });

  test("the group of a deleted owner goes to an admin, or to the member who came first", async () => {
    const owner = await db.signUp("owner");
    for (const person of [alice, bob])
      await person.asks((sql) => sql`insert into follows (followee_id) values (${owner.id})`);
    const id = await group(owner, "Heirs", [alice, bob]);
    await one(owner, "set_member_role($1, $2, 'admin')", id, bob.id);
    await deleteAccount(owner);
    expect(await conversation(bob, id)).toMatchObject({ role: "owner", member_count: 2 });
    expect(await conversation(alice, id)).toMatchObject({ role: "member" });
    await deleteAccount(await db.signUp("nobody"));
  });
});
