/**
 * The people of the matrix of chat. Olivia owns a group, and has a direct conversation with some
 * people. And there is somebody in every relation to the group and to olivia. A relation is one
 * letter, everywhere in the matrix of chat.
 *
 * Most of them were members once and wrote a message. So they are denied what they once had. In
 * the grids, the state `group` asks about the group. The state `direct` asks about the person's
 * own conversation with olivia, if there is one, or else about the one that bob has with her.
 */
import { connectAuth } from "../auth.ts";
import type { Caller, Database, Person } from "../database.ts";
import type { Cast } from "./grid.ts";
import { fill } from "./relations.ts";

/** The letters, in the order in which answers stand in a grid. */
export const chatCast = {
  relations: {
    a: "anonymous",
    s: "stranger",
    u: "unconfirmed", // as if they had a token
    d: "deleted account", // was a member; the token is still good
    k: "banned member", // the token is still good
    l: "left",
    r: "removed",
    j: "asks to join",
    i: "invited", // olivia added them or wrote to them, and they did not accept yet
    m: "member",
    A: "admin",
    o: "owner",
    b: "blocked", // a member that olivia blocks
    B: "blocker", // a member who blocks olivia
    S: "service_role",
  },
  states: { group: "the group", direct: "a direct conversation" },
} satisfies Cast;

type Letter = keyof typeof chatCast.relations;

const names: Partial<Record<Letter, string>> = {
  s: "carol",
  d: "dan",
  k: "kim",
  l: "leo",
  r: "rita",
  j: "jane",
  i: "ivy",
  m: "bob",
  A: "amy",
  o: "olivia",
  b: "mallory",
  B: "erin",
};
/** They follow olivia. So they do not have to accept. */
const followers = ["amy", "bob", "leo", "rita", "mallory", "erin", "dan", "kim"];
/** They have a direct conversation with olivia. */
const partners = ["bob", "ivy", "mallory", "erin", "dan", "kim"];

type Values = Record<string, string>;

export interface ChatWorld {
  db: Database;
  cast: Cast;
  callers: Record<string, Record<string, Caller>>;
  /** The SQL for each {placeholder}. {me} is the caller, or olivia if the caller is not a person. */
  values: Record<string, Record<string, Values>>;
  /** How many cells were asked. */
  cells: number;
}

/** @returns the people, after they became what their letter says */
export async function createChatWorld(db: Database): Promise<ChatWorld> {
  const people: Record<string, Person> = {};
  for (const name of Object.values(names)) people[name] = await db.signUp(name);
  const is: Values = Object.fromEntries(
    Object.entries(people).map(([name, { id }]) => [name, `'${id}'::uuid`]),
  );
  await using auth = connectAuth(db);
  const ursula = await auth.signUp({ username: "ursula", display_name: "Ursula" });
  is.ursula = `'${ursula}'::uuid`;
  /** Does something, and keeps the answer under a name. */
  const does = async (who: string, statement: string, name?: string) => {
    const [row] = await (people[who] as Person).asks((sql) => sql.unsafe(fill(statement, is)));
    if (name) is[name] = typeof row?.answer === "number" ? String(row.answer) : `'${row?.answer}'`;
  };
  /** Says something, and keeps its id under a name. */
  const says = (who: string, conversation: string, text: string, name: string) =>
    does(who, `select (send_message({${conversation}}, '${name}', '${text}')).id as answer`, name);
  /** What olivia says: an edited message, and one that she deletes. */
  const olivias = async (conversation: string) => {
    await says("olivia", conversation, "first", `message_${conversation}`);
    await does("olivia", `select edit_message({message_${conversation}}, 'pebble')`);
    await says("olivia", conversation, "pebble", `gone_${conversation}`);
    await does("olivia", `select edit_message({gone_${conversation}}, 'pebble gone')`);
    await does("olivia", `select delete_message({gone_${conversation}}, true)`);
  };

  for (const name of followers) await does(name, "select follow({olivia})");
  await does("carol", "insert into posts (content, audience) values ('For nobody', 'mentioned')");
  const [post] = await db.admin`select id from posts where author_id = ${(people.carol as Person).id}`;
  is.post = String(post?.id);
  const first = followers.map((name) => `{${name}}`).join(", ");
  await does("olivia", `select create_group('Pebbles', array[${first}]) as answer`, "group");
  await does("olivia", "select add_members({group}, array[{ivy}])");
  await does("olivia", "select set_member_role({group}, {amy}, 'admin')");
  await olivias("group");
  for (const name of followers) {
    await says(name, "group", `from ${name}`, `${name}_in_group`);
    await does(name, "select mark_conversation_read({group}, 1000)");
  }
  for (const name of partners) {
    await does(
      "olivia",
      `select direct_conversation({${name}}) as answer`,
      name === "bob" ? "pair" : `with_${name}`,
    );
    const conversation = name === "bob" ? "pair" : `with_${name}`;
    await olivias(conversation);
    if (name !== "ivy") await says(name, conversation, `from ${name}`, `${name}_in_pair`);
  }
  await does("bob", "select set_chat_settings(shows_presence => true)");
  await does("olivia", "select create_invite({group}, needs_approval => true) as answer", "code");
  await does("olivia", "select create_invite({group}) as answer", "open");
  const topics = async (suffix: string) => {
    const found = await db.admin`select id, epoch from private.conversations`;
    for (const { id, epoch } of found) is[`${suffix}_${id}`] = `'conversation:${id}:${epoch}'`;
  };
  await topics("old");
  // So the conversation of bob and olivia has an old topic too.
  await does("bob", "insert into blocks (blocked_id) values ({olivia})");
  await does("bob", "delete from blocks where blocked_id = {olivia}");

  // Now they become what their letters say.
  await does("jane", "select join_by_invite({code})");
  await does("leo", "select leave_conversation({group})");
  await does("olivia", "select remove_member({group}, {rita})");
  await does("olivia", "insert into blocks (blocked_id) values ({mallory})");
  await does("erin", "insert into blocks (blocked_id) values ({olivia})");
  await db.admin.unsafe(fill("delete from auth.users where id = {dan}", is));
  await auth.sql.unsafe(fill("update auth.users set banned_until = 'infinity' where id = {kim}", is));
  await topics("topic");
  // There is something to hear on each topic, and on each old one.
  await db.admin.unsafe(`
    insert into realtime.messages (topic, extension, event, payload, private)
    select topic, 'broadcast', 'event', '{}', true
    from private.conversations, unnest(array[
      'conversation:' || id || ':' || epoch, 'conversation:' || id || ':' || epoch - 1,
      'conversation:' || id || ':' || epoch || ':typing'
    ]) as topic`);

  const letters = Object.keys(chatCast.relations) as Letter[];
  const every = <T>(of: (letter: Letter) => T) =>
    Object.fromEntries(letters.map((letter) => [letter, of(letter)])) as Record<Letter, T>;
  const callers = every((letter): Caller => {
    if (letter === "a") return db.as("anon");
    if (letter === "S") return db.as("service_role");
    if (letter === "u") return db.as("authenticated", ursula);
    return (people[names[letter] as string] as Person).asks;
  });
  const values = (state: "group" | "pair") =>
    every((letter): Values => {
      const name = names[letter] ?? "olivia";
      const hasOwn = state === "pair" && name !== "bob" && partners.includes(name);
      const conversation = hasOwn ? `with_${name}` : state;
      const id = is[conversation] as string;
      return {
        ...is,
        me: letter === "u" ? (is.ursula as string) : (is[name] as string),
        owner: is.olivia as string,
        conversation: id,
        message: is[`message_${conversation}`] as string,
        gone: is[`gone_${conversation}`] as string,
        // Those who wrote nothing there get the message of bob.
        own: (is[name === "olivia" ? `message_${conversation}` : `${name}_in_${state}`] ??
          is[`bob_in_${state}`]) as string,
        bobs: is[`bob_in_${state}`] as string,
        elsewhere: is[state === "group" ? "message_pair" : "message_group"] as string,
        topic: is[`topic_${id}`] as string,
        old_topic: is[`old_${id}`] as string,
      };
    });
  return {
    db,
    cast: chatCast,
    callers: { group: callers, direct: callers },
    values: { group: values("group"), direct: values("pair") },
    cells: 0,
  };
}
