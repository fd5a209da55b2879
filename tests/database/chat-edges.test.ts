/**
 * What chat answers where its rules meet: choices after a block, groups whose members hide each other, invites that are
 * used again, names that change, and what a reaction is.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversation, direct, group, history, type Message, one, rows, say, texts } from "./chat.ts";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let people = 0;
beforeAll(async () => {
  db = await createDatabase();
});
afterAll(() => db?.[Symbol.asyncDispose]());

const newcomer = () => db.signUp(`edge_${++people}`);
const follow = (person: Person, other: Person) =>
  person.asks((sql) => sql`insert into follows (followee_id) values (${other.id})`);
const block = (person: Person, other: Person) =>
  person.asks((sql) => sql`insert into blocks (blocked_id) values (${other.id})`);
const unblock = (person: Person, other: Person) =>
  person.asks((sql) => sql`delete from blocks where blocked_id = ${other.id}`);
const deleteAccount = (person: Person) => db.admin`delete from auth.users where id = ${person.id}`;
const keep = (person: Person, id: number, keeps: boolean) =>
  one(person, "set_conversation($1, keeps_deleted => $2)", id, keeps);
const leave = (person: Person, id: number) => one(person, "leave_conversation($1)", id);
const members = (person: Person, id: number) =>
  rows<{ profile: { username: string }; is_accepted: boolean; role: string }>(
    person,
    "conversation_members($1)",
    id,
  );
/** People who all accept a group of the first one at once. */
async function circle(size: number): Promise<Person[]> {
  const all: Person[] = [];
  for (let n = 0; n < size; n++) all.push(await newcomer());
  const [owner, ...others] = all as [Person, ...Person[]];
  for (const other of others) await follow(other, owner);
  return all;
}

describe("to keep the text of an account", () => {
  test.each([true, false])(
    "counts as it was chosen before a block or a deletion. Before: %s",
    async (before) => {
      const viewer = await newcomer();
      const worlds = [];
      for (const end of [block, deleteAccount]) {
        const other = await newcomer();
        await follow(viewer, other);
        const id = await direct(other, viewer);
        await say(other, id, `said by ${other.username}`);
        if (before) await keep(viewer, id, true);
        await end(other, viewer);
        await keep(viewer, id, !before);
        worlds.push({
          texts: (await texts(viewer, id)).map((text) => text.replace(other.username, "")),
          found: (await rows(viewer, "search_messages($1)", other.username)).length,
          keeps: ((await conversation(viewer, id)) as unknown as { keeps_deleted: boolean }).keeps_deleted,
        });
      }
      const seen = { texts: [before ? "said by " : ""], found: before ? 1 : 0, keeps: before };
      expect(worlds).toEqual([seen, seen]);
    },
  );

  test("is chosen again when a block has ended", async () => {
    const [viewer, other] = [await newcomer(), await newcomer()];
    await follow(viewer, other);
    const id = await direct(other, viewer);
    await say(other, id, "said");
    await block(other, viewer);
    await keep(viewer, id, true);
    await unblock(other, viewer);
    await keep(viewer, id, true);
    await block(other, viewer);
    expect(await texts(viewer, id)).toEqual(["said"]);
  });
});

test("a choice to keep texts shows nothing of a hidden member of a group", async () => {
  const [owner, member] = (await circle(2)) as [Person, Person];
  const id = await group(owner, "Kept", [member]);
  await say(member, id, "said");
  await keep(owner, id, true);
  await block(member, owner);
  expect(await texts(owner, id)).toEqual([""]);
});

describe("an owner leaves", () => {
  test("when the only other member is hidden, who gets the group", async () => {
    const [owner, hidden] = (await circle(2)) as [Person, Person];
    const id = await group(owner, "Hidden", [hidden]);
    await block(hidden, owner);
    expect(await conversation(owner, id)).toMatchObject({ member_count: 1 });
    await leave(owner, id);
    expect((await refusal(conversation(owner, id))).detail).toBe("conversation_not_found");
    expect(await conversation(hidden, id)).toMatchObject({ role: "owner", member_count: 1 });
  });

  test("when nobody has accepted the group yet, and not when somebody has", async () => {
    const [owner, accepted, pending] = [await newcomer(), await newcomer(), await newcomer()];
    const waiting = await group(owner, "Waiting", [pending]);
    await leave(owner, waiting);
    expect(await conversation(pending, waiting)).toMatchObject({ role: "owner" });
    await follow(accepted, owner);
    const other = await group(owner, "Accepted", [accepted, pending]);
    expect((await refusal(leave(owner, other))).detail).toBe("owner_leaves");
  });
});

test("an admin who adds a hidden member gets the answer of an account that is gone", async () => {
  const [owner, hidden, gone, outside, member] = (await circle(5)) as [
    Person,
    Person,
    Person,
    Person,
    Person,
  ];
  const id = await group(owner, "Hidden", [hidden, gone, member]);
  await block(hidden, owner);
  await block(outside, owner);
  await deleteAccount(gone);
  for (const person of [hidden, gone, outside]) {
    const refused = await refusal(one(owner, "add_members($1, $2)", id, [person.id]));
    expect([refused.code, refused.detail]).toEqual(["PT404", "profile_not_found"]);
  }
  // The owner sees this member, who may be added again.
  await one(owner, "add_members($1, $2)", id, [member.id]);
});

describe("an admin who deletes what a member said", () => {
  test.each(["blocks the admin", "is an admin and blocks the owner", "deletes their account"])(
    "gets one answer if the member %s",
    async (how) => {
      const [owner, member, reader] = (await circle(3)) as [Person, Person, Person];
      const id = await group(owner, "Words", [member, reader]);
      if (how.startsWith("is an admin")) await one(owner, "set_member_role($1, $2, 'admin')", id, member.id);
      const { id: message } = await say(member, id, "abuse");
      if (how === "deletes their account") await deleteAccount(member);
      else await block(member, owner);
      expect(await texts(owner, id)).toEqual([""]);
      for (let turn = 0; turn < 2; turn++) {
        expect(await one(owner, "delete_message($1, true)", message)).toBeFalsy();
      }
      expect(await texts(reader, id)).toEqual([""]);
    },
  );

  test("deletes nothing of an owner who blocks them, and learns nothing", async () => {
    const [owner, admin, reader] = (await circle(3)) as [Person, Person, Person];
    const id = await group(owner, "Words", [admin, reader]);
    await one(owner, "set_member_role($1, $2, 'admin')", id, admin.id);
    const { id: message } = await say(owner, id, "Rules.");
    await block(owner, admin);
    expect(await one(admin, "delete_message($1, true)", message)).toBeFalsy();
    expect(await texts(reader, id)).toEqual(["Rules."]);
    // A member has no such right.
    expect((await refusal(one(reader, "delete_message($1, true)", message))).detail).toBe("not_your_message");
  });
});

test("a hidden member's edit is not told", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await group(writer, "Edits", [reader]);
  const { id: message } = await say(writer, id, "before");
  await one(writer, "edit_message($1, 'after')", message);
  expect((await history(reader, id)).at(-1)?.edited_at).not.toBeNull();
  await block(reader, writer);
  expect((await history(reader, id)).at(-1)).toMatchObject({ is_deleted: true, edited_at: null });
});

test("only the owner and admins see who has not accepted a group", async () => {
  const [owner, admin, member] = (await circle(3)) as [Person, Person, Person];
  const pending = await newcomer();
  const id = await group(owner, "Waiting", [admin, member, pending]);
  await one(owner, "set_member_role($1, $2, 'admin')", id, admin.id);
  const seenBy = async (person: Person) =>
    (await members(person, id)).find(({ profile }) => profile.username === pending.username)?.is_accepted;
  expect([await seenBy(owner), await seenBy(admin), await seenBy(member)]).toEqual([false, false, true]);
});

test("what is told of a group counts the members that each one sees", async () => {
  const [owner, blocker, blocked, late, last] = (await circle(5)) as [Person, Person, Person, Person, Person];
  const id = await group(owner, "Counts", [blocker, blocked]);
  const { last_seq } = await conversation(blocked, id);
  /** The counts that broadcasts tell, and null for each that everybody has to fetch. */
  const broadcasts = async () => {
    const sent = await db.admin`
      select payload from realtime.messages
      where topic like ${`conversation:${id}:%`} and payload ->> 'kind' = 'conversation'
      order by (payload ->> 'seq')::bigint`;
    return sent.map(({ payload }) => payload.payload?.member_count ?? null);
  };
  await one(owner, "add_members($1, $2)", id, [late.id]);
  expect((await broadcasts()).at(-1)).toBe(4);
  await block(blocker, blocked);
  await one(owner, "add_members($1, $2)", id, [last.id]);
  expect((await broadcasts()).at(-1)).toBeNull();
  for (const [person, count] of [
    [owner, 5],
    [blocked, 4],
    [blocker, 4],
  ] as const) {
    const pages = await rows<{
      stream: string;
      events: { kind: string; payload: { member_count: number } }[];
    }>(person, "sync($1)", { [`conversation:${id}`]: last_seq });
    const told = pages
      .filter(({ stream }) => stream === `conversation:${id}`)
      .flatMap(({ events }) => events)
      .filter(({ kind }) => kind === "conversation")
      .map(({ payload }) => payload.member_count);
    expect(told).toEqual([count, count]);
    expect(await conversation(person, id)).toMatchObject({ member_count: count });
  }
});

describe("an invite", () => {
  const invited = (person: Person, id: number, options: string) =>
    one<string>(person, `create_invite($1, ${options})`, id);

  test("counts the members that the person sees", async () => {
    const [owner, member] = (await circle(2)) as [Person, Person];
    const id = await group(owner, "Two", [member]);
    const code = await invited(owner, id, "max_uses => 5");
    const [hidden, stranger] = [await newcomer(), await newcomer()];
    await block(member, hidden);
    const count = async (person: Person) =>
      (await one<{ member_count: number }>(person, "invite($1)", code)).member_count;
    expect([await count(hidden), await count(stranger)]).toEqual([1, 2]);
  });

  test.each([
    ["max_uses => 1", "joined"],
    ["max_uses => 1, needs_approval => true", "requested"],
  ])("with %s gives the same answer when it is used again: %s", async (options, answer) => {
    const [owner, guest, late] = [await newcomer(), await newcomer(), await newcomer()];
    const id = await group(owner, "Guests", []);
    const code = await invited(owner, id, options);
    for (let turn = 0; turn < 2; turn++) expect(await one(guest, "join_by_invite($1)", code)).toBe(answer);
    expect((await refusal(one(late, "join_by_invite($1)", code))).detail).toBe("invite_not_found");
  });

  test("accepts the group for somebody who was added and has not answered", async () => {
    const [owner, guest] = [await newcomer(), await newcomer()];
    const id = await group(owner, "Guests", [guest]);
    expect(await conversation(guest, id)).toMatchObject({ is_request: true });
    const code = await invited(owner, id, "max_uses => 1");
    for (let turn = 0; turn < 2; turn++) expect(await one(guest, "join_by_invite($1)", code)).toBe("joined");
    expect(await conversation(guest, id)).toMatchObject({
      is_request: false,
      last_message: { change: "joined" },
    });
  });

  test("lets somebody in again who left, and takes back what they asked before", async () => {
    const [owner, guest] = [await newcomer(), await newcomer()];
    const id = await group(owner, "Guests", []);
    await one(guest, "join_by_invite($1)", await invited(owner, id, "needs_approval => true"));
    const code = await invited(owner, id, "max_uses => 2");
    expect(await one(guest, "join_by_invite($1)", code)).toBe("joined");
    expect(await rows(owner, "join_requests($1)", id)).toEqual([]);
    await leave(guest, id);
    expect(await one(guest, "join_by_invite($1)", code)).toBe("joined");
  });

  test("that is used up makes room for a new one, and the newest comes first", async () => {
    const [owner, guest] = [await newcomer(), await newcomer()];
    const id = await group(owner, "Guests", []);
    const used = await invited(owner, id, "max_uses => 1");
    const codes: string[] = [];
    for (let n = 0; n < 19; n++) codes.unshift(await invited(owner, id, "max_uses => 1"));
    expect((await refusal(invited(owner, id, "max_uses => 1"))).detail).toBe("too_many_invites");
    await one(guest, "join_by_invite($1)", used);
    codes.unshift(await invited(owner, id, "max_uses => 1"));
    expect((await rows<{ code: string }>(owner, "invites($1)", id)).map(({ code }) => code)).toEqual(codes);
  });

  test("that asks shows nothing of a person who blocks the admin by now", async () => {
    const [owner, guest] = [await newcomer(), await newcomer()];
    const id = await group(owner, "Guests", []);
    await one(guest, "join_by_invite($1)", await invited(owner, id, "needs_approval => true"));
    await block(guest, owner);
    expect(await rows(owner, "join_requests($1)", id)).toEqual([]);
    expect(await one(owner, "answer_join_request($1, $2, true)", id, guest.id)).toBe(false);
  });

  test("that asks is answered with yes or no", async () => {
    const [owner, guest] = [await newcomer(), await newcomer()];
    const id = await group(owner, "Guests", []);
    await one(guest, "join_by_invite($1)", await invited(owner, id, "needs_approval => true"));
    const answer = (accepts: boolean | null) =>
      one(owner, "answer_join_request($1, $2, $3)", id, guest.id, accepts);
    expect((await refusal(answer(null))).detail).toBe("accepts_required");
    expect(await answer(true)).toBe(true);
  });
});

test("a name that stays in an edited message keeps the person that it meant", async () => {
  const [writer, named, other] = (await circle(3)) as [Person, Person, Person];
  const id = await group(writer, "Names", [named, other]);
  const message = await say(writer, id, `@${named.username} hello`);
  await named.asks((sql) => sql`update profiles set username = 'edge_renamed' where id = ${named.id}`);
  const edit = (text: string) => one<Message>(writer, "edit_message($1, $2)", message.id, text);
  const namedIn = (edited: Message) =>
    edited.mentions.map((mention) => (mention as unknown as { profile: { id: string } }).profile.id);
  expect(namedIn(await edit(`@${named.username} hello!`))).toEqual([named.id]);
  expect(await conversation(named, id)).toMatchObject({ mentions: 1 });
  // The new name of the same person adds nobody. Another person is added.
  expect(namedIn(await edit(`@${named.username} @edge_renamed @${other.username}`)).toSorted()).toEqual(
    [named.id, other.id].toSorted(),
  );
  expect(namedIn(await edit(`@${other.username}`))).toEqual([other.id]);
  expect(await conversation(named, id)).toMatchObject({ mentions: 0 });
});

test("a reaction is one emoji, and not a blank, a letter or another symbol", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  const { id: message } = await say(writer, id, "What do you think?");
  for (const emoji of ["👍", "❤️", "👩🏽‍🚒", "🇮🇪", "4️⃣", "#⃣", "☂", "⁉️", "™️", "↩️", "⏰", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "〰️"]) {
    await one(reader, "react($1, $2)", message, emoji);
    await one(reader, "unreact($1, $2)", message, emoji);
  }
  for (const text of [
    ..."\u2060\u2066\u2067\u205F\u2800€∑┼⠿ⓐ",
    "A\u20E3",
    "é\u20E3",
    "a",
    "4",
    "",
    "👍👍",
    "\u200D",
  ])
    expect((await refusal(one(reader, "react($1, $2)", message, text))).detail).toBe("reaction_format");
});

test("messages around the largest number are the newest ones", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  for (const text of ["one", "two"]) await say(writer, id, text);
  const around = await rows<Message>(reader, "messages($1, around => $2)", id, "9223372036854775807");
  expect(around.map(({ content }) => content)).toEqual(["one", "two"]);
});

describe("a newcomer who reads what is said from now on", () => {
  test.each(["joining", "none"])("(%s) has a topic of their own, and no number of the past", async (rule) => {
    const [owner, guest] = (await circle(2)) as [Person, Person];
    const id = await group(owner, "Past", []);
    await one(owner, "update_group($1, history => $2::shown_history)", id, rule);
    const past = await say(owner, id, "the past");
    const { topic } = await conversation(owner, id);
    await one(owner, "add_members($1, $2)", id, [guest.id]);
    // Realtime replays what a topic heard. So the newcomer does not join one that heard the past.
    expect((await conversation(guest, id)).topic).not.toBe(topic);
    const first = (await history(guest, id))[0]?.seq as number;
    expect(first).toBeGreaterThan(past.seq);
    expect(await one(guest, "message_seq_at($1, '2000-01-01Z')", id)).toBe(first);
    const { view } = await conversation(guest, id);
    await one(guest, "delete_message($1)", past.id);
    expect(await conversation(guest, id)).toMatchObject({ view });
  });

  test("moves the topic when they accept, if they read nothing from before", async () => {
    const [owner, guest] = [await newcomer(), await newcomer()];
    const id = await group(owner, "Past", []);
    await one(owner, "update_group($1, history => 'none')", id);
    await one(owner, "add_members($1, $2)", id, [guest.id]);
    await say(owner, id, "before they accept");
    const { topic } = await conversation(owner, id);
    await one(guest, "accept_conversation($1)", id);
    expect((await conversation(guest, id)).topic).not.toBe(topic);
  });
});

test("a person who is added asks to join no more", async () => {
  const [owner, guest] = (await circle(2)) as [Person, Person];
  const id = await group(owner, "Asked", []);
  const code = await one<string>(owner, "create_invite($1, needs_approval => true)", id);
  expect(await one(guest, "join_by_invite($1)", code)).toBe("requested");
  await one(owner, "add_members($1, $2)", id, [guest.id]);
  expect(await rows(owner, "join_requests($1)", id)).toEqual([]);
  expect(await one(owner, "answer_join_request($1, $2, true)", id, guest.id)).toBe(false);
});

test("an edit that changes nothing does not count as an edit", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  const { id: message } = await say(writer, id, "as it is");
  const { last_seq } = await conversation(reader, id);
  expect(await one(writer, "edit_message($1, 'as it is')", message)).toMatchObject({ edited_at: null });
  expect(await rows(reader, "message_versions($1)", message)).toEqual([]);
  expect(await conversation(reader, id)).toMatchObject({ last_seq });
});

test("to write takes a conversation out of the archive", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  await say(writer, id, "hello");
  await one(writer, "set_conversation($1, is_archived => true)", id);
  await say(writer, id, "one more thing");
  expect(await conversation(writer, id)).toMatchObject({ is_archived: false });
});

test("a message that a person deleted for themselves does not mention them, and shows them no versions", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await group(writer, "Mentions", [reader]);
  const { id: message } = await say(writer, id, `@${reader.username} before`);
  await one(writer, "edit_message($1, $2)", message, `@${reader.username} after`);
  await say(writer, id, "something else");
  expect(await conversation(reader, id)).toMatchObject({ unread: 2, mentions: 1 });
  expect(await rows(reader, "message_versions($1)", message)).toHaveLength(1);
  await one(reader, "delete_message($1)", message);
  expect(await conversation(reader, id)).toMatchObject({ unread: 1, mentions: 0 });
  expect(await rows(reader, "message_versions($1)", message)).toEqual([]);
});

test("a quote does not show what the reader deleted for themselves", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  const question = await say(writer, id, "a question");
  await say(writer, id, "an answer", question.id);
  await one(reader, "delete_message($1)", question.id);
  expect((await history(reader, id)).at(-1)?.reply_to).toMatchObject({ content: "", is_deleted: true });
});

test("a message does not name a person who is hidden from its writer", async () => {
  const [writer, hidden, reader] = (await circle(3)) as [Person, Person, Person];
  const id = await group(writer, "Names", [hidden, reader]);
  await block(hidden, writer);
  await say(writer, id, `@${hidden.username} @${reader.username}`);
  expect((await history(reader, id)).at(-1)?.mentions.map(({ username }) => username)).toEqual([
    reader.username,
  ]);
});

test("a message that is deleted is not there for a member who deletes it again", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await group(writer, "Deleted", [reader]);
  const { id: message } = await say(writer, id, "gone");
  await one(writer, "delete_message($1, true)", message);
  expect((await refusal(one(reader, "delete_message($1, true)", message))).detail).toBe("message_not_found");
});

test("up to 20 people who are added are named, and more are counted", async () => {
  const [owner, ...others] = (await circle(22)) as [Person, ...Person[]];
  const added = async (people: Person[]) => {
    const id = await group(owner, "Many", people);
    return (await history(owner, id)).filter(({ change }) => change === "added");
  };
  expect(await added(others.slice(0, 20))).toHaveLength(20);
  expect(await added(others)).toMatchObject([{ target: null, content: "21" }]);
});

test("a role that somebody has already is not told again", async () => {
  const [owner, member] = (await circle(2)) as [Person, Person];
  const id = await group(owner, "Roles", [member]);
  for (let turn = 0; turn < 2; turn++) await one(owner, "set_member_role($1, $2, 'admin')", id, member.id);
  expect((await history(owner, id)).filter(({ change }) => change === "role")).toHaveLength(1);
});

test("the others learn how far somebody got when that person accepts", async () => {
  const [writer, reader] = [await newcomer(), await newcomer()];
  const id = await direct(writer, reader);
  const { seq } = await say(writer, id, "hello");
  await one(reader, "mark_conversation_delivered($1, $2)", id, seq);
  const kinds = async () =>
    (await db.admin`select kind from private.conversation_events where conversation_id = ${id}`).map(
      ({ kind }) => kind,
    );
  expect(await kinds()).toEqual([]);
  await one(reader, "accept_conversation($1)", id);
  expect(await kinds()).toEqual(["pointer"]);
});

test("a person who declines learns it on all devices", async () => {
  const [writer, reader] = [await newcomer(), await newcomer()];
  const id = await direct(writer, reader);
  await say(writer, id, "hello");
  const told = async (person: Person) =>
    (await one<{ cursors: Record<string, number> }>(person, "unread()")).cursors[
      `user:${person.id}`
    ] as number;
  const before = await told(reader);
  await one(reader, "decline_conversation($1)", id);
  expect(await told(reader)).toBe(before + 1);
});

test("nobody has read what is not said yet", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  await say(writer, id, "one");
  expect(await one(reader, "mark_conversation_read($1, 999)", id)).toBe(0);
  await say(writer, id, "two");
  expect(await conversation(reader, id)).toMatchObject({ unread: 1 });
});

test("what is marked as unread is the newest message that the person did not delete for themselves", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  await say(writer, id, "one");
  const { id: last, seq } = await say(writer, id, "two");
  await one(reader, "delete_message($1)", last);
  await one(reader, "mark_conversation_read($1, $2)", id, seq);
  expect(await one(reader, "mark_conversation_unread($1)", id)).toBe(1);
});

test("a conversation without a message is in no list", async () => {
  const [writer, reader] = (await circle(2)) as [Person, Person];
  const id = await direct(writer, reader);
  for (const person of [writer, reader]) expect(await rows(person, "conversations()")).toEqual([]);
  await say(writer, id, "hello");
  for (const person of [writer, reader]) expect(await rows(person, "conversations()")).toHaveLength(1);
});

test("the group of an owner who deletes their account goes to a member who accepted it, if there is one", async () => {
  const [owner, accepted] = (await circle(2)) as [Person, Person];
  const pending = await newcomer();
  const id = await group(owner, "Heirs", [pending]);
  await one(owner, "add_members($1, $2)", id, [accepted.id]);
  await deleteAccount(owner);
  expect(await conversation(accepted, id)).toMatchObject({ role: "owner" });
  expect(await conversation(pending, id)).toMatchObject({ role: "member" });
});

test("a reader does not see that a message names a person who is hidden from them", async () => {
  const [writer, hidden, reader] = (await circle(3)) as [Person, Person, Person];
  const id = await group(writer, "Names", [hidden, reader]);
  await block(reader, hidden);
  await say(writer, id, `@${hidden.username}`);
  expect((await history(reader, id)).at(-1)?.mentions).toEqual([]);
  expect((await history(writer, id)).at(-1)?.mentions).toHaveLength(1);
});
