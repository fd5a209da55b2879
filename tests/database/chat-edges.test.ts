/**
 * What chat answers where its rules meet: choices after a block, groups whose members hide each other, invites that are
 * used again, names that change, and what a reaction is.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conversation, direct, group, type Message, one, rows, say, texts } from "./chat.ts";
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
