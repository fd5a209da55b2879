/**
 * Proves that the matrix can fail. It weakens rules in a database. The matrix then names
 * exactly the cells that changed, and the objects that were added or removed.
 */
import { expect, test } from "vitest";
import { createDatabase } from "../database.ts";
import { cell } from "./grid.ts";
import { checkAll } from "./matrix.ts";
import { createWorld, type Relation, type State } from "./relations.ts";

/** The sentences about cells, of everybody in the letters. */
const told = (letters: string, state: State, words: string, expected: string, found: string) =>
  [...letters].map((relation) => cell([words], state, relation as Relation, expected, found));

const sabotage: { does: string; sql: string; tells: string[] }[] = [
  {
    does: "lets everybody who is signed in read drafts",
    sql: `alter policy "people read their own drafts" on drafts using (true)`,
    tells: [
      ...told("sfrbBmM@", "public", "drafts select owners", "nothing", "row"),
      ...told("sfrbBmM@", "private", "drafts select owners", "nothing", "row"),
    ],
  },
  {
    does: "forgets that a list may be only for its owner",
    sql: `
      alter policy "people read their lists and public lists of accounts they see" on lists
        using (private.looks_into((select auth.uid()), owner_id))`,
    tells: ["lists select closed", "list_members select walter_on_closed"].flatMap((words) => [
      ...told("asfrmM@", "public", words, "nothing", "row"),
      ...told("fmM", "private", words, "nothing", "row"),
    ]),
  },
  {
    does: "grants anonymous a table that only a policy hides",
    sql: "grant select on tag_follows to anon",
    tells: [
      ...told("a", "public", "tag_follows select owners", "refused", "nothing"),
      ...told("a", "private", "tag_follows select owners", "refused", "nothing"),
    ],
  },
  {
    does: "lets muted people delete the mute",
    sql: `
      alter policy "people delete the mutes that they read" on mutes
        using (muter_id = (select auth.uid()) or muted_id = (select auth.uid()))`,
    // A statement with a condition finds only rows that its sender reads. So only a delete of
    // all rows differs. The weak policy also lacks the condition about hidden people. So
    // mallory, who is blocked, deletes mutes that she cannot read.
    tells: [
      "mutes delete of all, blocked: row (2), of what they see nothing (0)",
      "mutes delete of all, muted: row (2), of what they see nothing (0)",
      "mutes delete of all, owner: row (3), of what they see row (1)",
    ],
  },
  {
    does: "takes a function from anonymous",
    sql: "revoke execute on function quotes from anon",
    tells: ["quotes() quote", "quotes() mallorys_quote"].flatMap((words) => [
      ...told("a", "public", words, "row", "refused"),
      ...told("a", "private", words, "nothing", "refused"),
    ]),
  },
  {
    does: "lets everybody who is signed in read preferences",
    sql: `alter policy "people read their own preferences" on notification_preferences using (true)`,
    tells: [
      ...told("sfrbBmM@", "public", "notification_preferences select owners", "nothing", "row"),
      ...told("sfrbBmM@", "private", "notification_preferences select owners", "nothing", "row"),
    ],
  },
  {
    does: "lets everybody who is signed in hear every topic",
    sql: `alter policy "people listen to their own stream" on realtime.messages using (true)`,
    tells: [
      ...told("sfrbBmM@", "public", "topic hears owners", "nothing", "row"),
      ...told("sfrbBmM@", "private", "topic hears owners", "nothing", "row"),
      ...told("sfrbBmM@o", "public", "topic hears another", "nothing", "row"),
      ...told("sfrbBmM@o", "private", "topic hears another", "nothing", "row"),
    ],
  },
  {
    does: "forgets to ask whose group it is",
    sql: `
      create or replace function private.notification_actors(group_id bigint, before bigint, page_size integer)
      returns setof notification_actor language sql security definer set search_path = '' as $$
        select
          notifications.id,
          (profiles.id, profiles.username, profiles.display_name, profiles.avatar_url)::public.author,
          notifications.created_at
        from private.notifications
        join public.profiles on profiles.id = notifications.actor_id
        where notifications.group_id = $1 and withdrawn_at is null and not is_muted
      $$`,
    tells: [
      ...told("sfrbBmM@", "public", "notification_actors() bob", "nothing", "row"),
      ...told("sfrbBmM@", "private", "notification_actors() bob", "nothing", "row"),
    ],
  },
  {
    does: "adds a table and a view",
    sql: "create table notes (id bigint primary key); create view everything as select * from posts",
    tells: ["table notes: has no expectations", "table everything: has no expectations"],
  },
  {
    does: "adds a function, also by the name of another",
    sql: `
      create function hello() returns text language sql return 'hello';
      create function thread(post_id text) returns text language sql return post_id`,
    tells: ["function hello(): has no expectations", "function thread(text): has no expectations"],
  },
  {
    does: "drops a function",
    sql: "drop function remove_follower",
    tells: ["function remove_follower(uuid): is not there"],
  },
];

test("the matrix names everything that was weakened, and nothing else", { timeout: 120_000 }, async () => {
  await using db = await createDatabase();
  const world = await createWorld(db);
  for (const { does, sql } of sabotage) {
    await db.admin
      .unsafe(`set search_path = public; ${sql}`)
      .simple()
      .catch((cause) => {
        throw new Error(`could not sabotage: ${does}`, { cause });
      });
  }
  expect((await checkAll(world)).sort()).toEqual(sabotage.flatMap(({ tells }) => tells).sort());
});
