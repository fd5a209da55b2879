/** Conversations and their members: direct ones, groups, roles, invites. */
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversation, direct, folder, group, history, one, rows, say, texts } from "./chat.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

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
  await bob.asks((sql) => sql`insert into follows (followee_id) values (${alice.id})`);
});
afterAll(() => db?.[Symbol.asyncDispose]());

describe("direct conversations", () => {
  test("alice and bob have one, no matter who begins, also when they begin at once", async () => {
    const people = await Promise.all(Array.from({ length: 8 }, (_, n) => db.signUp(`pair_${n}`)));
    for (let n = 0; n < 8; n += 2) {
      const [one, other] = [people[n] as Person, people[n + 1] as Person];
      const ids = await Promise.all([
        direct(one, other),
        direct(other, one),
        direct(one, other),
        direct(other, one),
      ]);
      expect(new Set(ids).size).toBe(1);
    }
    expect(await direct(alice, bob)).toBe(await direct(bob, alice));
    expect(await direct(alice, carol)).not.toBe(await direct(alice, bob));
  });

  test("alice has one with herself, for notes", async () => {
    const notes = await direct(alice, alice);
    expect((await say(alice, notes, "milk")).content).toBe("milk");
    expect(await conversation(alice, notes)).toMatchObject({ unread: 0, member_count: 1, is_frozen: false });
    expect(await direct(alice, alice)).toBe(notes);
  });

  test("a person who does not exist gets the answer of a person who blocks", async () => {
    await carol.asks((sql) => sql`insert into blocks (blocked_id) values (${mallory.id})`);
    const blocked = await refusal(direct(mallory, carol));
    const missing = await refusal(one(mallory, "direct_conversation($1)", randomUUID()));
    expect([blocked.code, blocked.message, blocked.detail]).toEqual([
      missing.code,
      missing.message,
      "profile_not_found",
    ]);
    expect(await direct(mallory, alice)).toBeGreaterThan(0);
    await carol.asks((sql) => sql`delete from blocks`);
  });

  test("mallory reads and writes nothing in a conversation of others", async () => {
    const id = await direct(alice, bob);
    const { id: message } = await say(alice, id, "secret");
    const refused = [
      () => history(mallory, id),
      () => say(mallory, id, "hello"),
      () => one(mallory, "conversation($1)", id),
      () => one(mallory, "edit_message($1, 'x')", message),
      () => one(mallory, "delete_message($1, true)", message),
      () => one(mallory, "react($1, '👍')", message),
      () => one(mallory, "mark_conversation_read($1, 1)", id),
      () => one(mallory, "conversation_members($1)", id),
      () => one(mallory, "receipts($1)", id),
      () => one(mallory, "set_conversation($1)", id),
      () => one(mallory, "expire_messages($1, 60)", id),
      () => one(mallory, "accept_conversation($1)", id),
      () => one(mallory, "search_messages('secret', null, 20, $1)", id),
      () => one(mallory, "message_seq_at($1, now())", id),
    ];
    for (const request of refused) {
      expect((await refusal(request())).code).toBe("PT404");
    }
    expect(await rows(mallory, "message_versions($1)", message)).toEqual([]);
    expect(await rows(mallory, "search_messages('secret')")).toEqual([]);
    expect(await texts(bob, id)).toContain("secret");
    expect(await rows(bob, "search_messages('secret')")).toHaveLength(1);
  });
});

describe("groups", () => {
  test("alice makes a group, and bob and carol are in it", async () => {
    const id = await group(alice, "Garden", [bob, carol]);
    expect(await conversation(bob, id)).toMatchObject({ name: "Garden", member_count: 3, is_request: false });
    // Carol does not follow alice.
    expect(await conversation(carol, id)).toMatchObject({ is_request: true, topic: null });
    expect((await folder(carol, "requests")).map((found) => found.id)).toContain(id);
    expect((await folder(carol, "inbox")).map((found) => found.id)).not.toContain(id);
    const members = await rows<{ profile: { id: string }; role: string }>(
      alice,
      "conversation_members($1)",
      id,
    );
    expect(members.map(({ profile, role }) => [profile.id, role])).toEqual([
      [alice.id, "owner"],
      [bob.id, "member"],
      [carol.id, "member"],
    ]);
    expect((await history(alice, id)).map((message) => message.change)).toEqual([
      "created",
      "added",
      "added",
    ]);
  });

  test("roles decide who adds, removes, names and locks", async () => {
    const id = await group(alice, "Roles", [bob, carol]);
    for (const call of [
      "add_members($1, '{}')",
      `remove_member($1, '${carol.id}')`,
      "update_group($1, 'Mine')",
      "create_invite($1)",
      `set_member_role($1, '${carol.id}', 'admin')`,
    ]) {
      expect((await refusal(one(bob, call, id))).detail).toBe("role_too_low");
    }
    await one(alice, "set_member_role($1, $2, 'admin')", id, bob.id);
    await one(bob, "update_group($1, 'Ours')", id);
    await one(bob, "add_members($1, $2)", id, [mallory.id]);
    expect(await conversation(mallory, id)).toMatchObject({ name: "Ours", member_count: 4 });
    expect((await refusal(one(bob, "remove_member($1, $2)", id, alice.id))).detail).toBe("role_too_low");
    expect((await refusal(one(bob, "update_group($1, keeps_deleted => true)", id))).detail).toBe(
      "role_too_low",
    );

    await one(alice, "update_group($1, is_locked => true)", id);
    expect((await refusal(say(mallory, id, "hello"))).detail).toBe("conversation_locked");
    expect((await say(bob, id, "admins write")).content).toBe("admins write");
    await one(alice, "update_group($1, is_locked => false)", id);
    expect((await say(mallory, id, "hello")).content).toBe("hello");
    expect((await history(alice, id)).map((message) => message.change).filter(Boolean)).toEqual([
      "created",
      "added",
      "added",
      "role",
      "named",
      "added",
      "locked",
      "unlocked",
      "joined",
    ]);
  });

  test("the last owner cannot leave before the group has another owner", async () => {
    const id = await group(alice, "Owners", [bob]);
    expect((await refusal(one(alice, "leave_conversation($1)", id))).detail).toBe("owner_leaves");
    await one(alice, "transfer_group($1, $2)", id, bob.id);
    await one(alice, "leave_conversation($1)", id);
    expect((await refusal(history(alice, id))).detail).toBe("conversation_not_found");
    expect(await conversation(bob, id)).toMatchObject({ role: "owner", member_count: 1 });
    await one(bob, "leave_conversation($1)", id);
    expect((await refusal(history(bob, id))).detail).toBe("conversation_not_found");
    await db.owner`call private.erase_messages()`;
    const [left] = await db.admin`select count(*) from private.conversations where id = ${id}`;
    expect(left?.count).toBe(0);
  });

  test("a person who was removed reads nothing more, and no invite lets them in", async () => {
    const id = await group(alice, "Removal", [bob]);
    const code = await one<string>(alice, "create_invite($1)", id);
    await say(bob, id, "I was here");
    await one(alice, "remove_member($1, $2)", id, bob.id);
    await say(alice, id, "without you");
    expect((await refusal(history(bob, id))).detail).toBe("conversation_not_found");
    expect(await rows(bob, "search_messages('without')")).toEqual([]);
    expect(await rows(bob, "sync($1)", { [`conversation:${id}`]: 0 })).toHaveLength(1);
    expect((await refusal(one(bob, "join_by_invite($1)", code))).detail).toBe("invite_not_found");
    expect(await one(mallory, "join_by_invite($1)", code)).toBe("joined");
    // An admin can add them again.
    await one(alice, "add_members($1, $2)", id, [bob.id]);
    expect(await texts(bob, id)).toEqual(["I was here", "without you"]);
  });

  test("an invite has an end, a number of uses, and may need approval", async () => {
    const id = await group(alice, "Invites", []);
    const single = await one<string>(alice, "create_invite($1, null, 1)", id);
    expect(await one(bob, "invite($1)", single)).toMatchObject({ name: "Invites", member_count: 1 });
    expect(await one(bob, "join_by_invite($1)", single)).toBe("joined");
    expect((await refusal(one(carol, "join_by_invite($1)", single))).detail).toBe("invite_not_found");

    const ended = await one<string>(alice, "create_invite($1, now() + interval '1 hour')", id);
    await db.admin`update private.group_invites set expires_at = now() where code = ${ended}`;
    expect((await refusal(one(carol, "join_by_invite($1)", ended))).detail).toBe("invite_not_found");

    const asked = await one<string>(alice, "create_invite($1, needs_approval => true)", id);
    expect(await one(carol, "join_by_invite($1)", asked)).toBe("requested");
    expect((await refusal(history(carol, id))).detail).toBe("conversation_not_found");
    expect((await rows<{ id: string }>(alice, "join_requests($1)", id)).map((person) => person.id)).toEqual([
      carol.id,
    ]);
    expect((await refusal(one(bob, "answer_join_request($1, $2, true)", id, carol.id))).detail).toBe(
      "role_too_low",
    );
    expect(await one(alice, "answer_join_request($1, $2, true)", id, carol.id)).toBe(true);
    expect(await conversation(carol, id)).toMatchObject({ is_request: false, member_count: 3 });
    expect(await one(alice, "delete_invite($1, $2)", id, asked)).toBe(true);
    expect((await refusal(one(mallory, "join_by_invite($1)", asked))).detail).toBe("invite_not_found");
  });

  test("carol waits for an approval, and does not get in by an invite that is used up", async () => {
    const id = await group(alice, "Waiting", []);
    const asked = await one<string>(alice, "create_invite($1, needs_approval => true)", id);
    const single = await one<string>(alice, "create_invite($1, null, 1)", id);
    expect(await one(bob, "join_by_invite($1)", single)).toBe("joined");
    expect(await one(carol, "join_by_invite($1)", asked)).toBe("requested");
    expect((await refusal(one(carol, "join_by_invite($1)", single))).detail).toBe("invite_not_found");
  });

  test("ten people want the last use of an invite, and one gets it", async () => {
    const id = await group(alice, "Race", []);
    const code = await one<string>(alice, "create_invite($1, null, 1)", id);
    const people = await Promise.all(Array.from({ length: 10 }, (_, n) => db.signUp(`racer_${n}`)));
    const answers = await Promise.allSettled(people.map((person) => one(person, "join_by_invite($1)", code)));
    expect(answers.filter((answer) => answer.status === "fulfilled")).toHaveLength(1);
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason.detail] : []));
    expect(new Set(refused)).toEqual(new Set(["invite_not_found"]));
    expect(await conversation(alice, id)).toMatchObject({ member_count: 2 });
  });

  test("newcomers read all, what is said since they were added, or since they accepted", async () => {
    for (const [shown, expected] of [
      ["all", ["before", "between", "after"]],
      ["joining", ["between", "after"]],
      ["none", ["after"]],
    ] as const) {
      const id = await group(alice, shown, []);
      await one(alice, "update_group($1, history => $2)", id, shown);
      await say(alice, id, "before");
      await one(alice, "add_members($1, $2)", id, [carol.id]);
      await say(alice, id, "between");
      await one(carol, "accept_conversation($1)", id);
      await say(alice, id, "after");
      expect(await texts(carol, id)).toEqual(expected);
      expect(await rows(carol, "search_messages('before', conversation_id => $1)", id)).toHaveLength(
        shown === "all" ? 1 : 0,
      );
    }
  });

  test("a group has at most 500 members", async () => {
    const id = await group(alice, "Full", []);
    await db.admin`update private.conversations set member_count = 499 where id = ${id}`;
    await one(alice, "add_members($1, $2)", id, [bob.id]);
    expect((await refusal(one(alice, "add_members($1, $2)", id, [carol.id]))).detail).toBe("group_full");
  });

  test("a name, a description and a picture have a form", async () => {
    const id = await group(alice, "Form", []);
    expect((await refusal(group(alice, " ", []))).detail).toBe("group_name_format");
    expect((await refusal(one(alice, "update_group($1, $2)", id, "a\nb"))).detail).toBe("group_name_format");
    expect((await refusal(one(alice, "update_group($1, picture_url => 'http://x')", id))).detail).toBe(
      "picture_url_format",
    );
    expect(
      (await refusal(one(alice, "update_group($1, description => $2)", id, "x".repeat(501)))).detail,
    ).toBe("group_description_length");
    await one(alice, "update_group($1, 'New', 'About', 'https://example.com/a.png')", id);
    expect(await conversation(alice, id)).toMatchObject({
      name: "New",
      description: "About",
      picture_url: "https://example.com/a.png",
    });
    await one(alice, "update_group($1, picture_url => '')", id);
    expect(await conversation(alice, id)).toMatchObject({ picture_url: null });
  });
});
