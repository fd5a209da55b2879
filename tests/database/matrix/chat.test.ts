/**
 * Tests authorization in chat, cell by cell. Somebody in each relation (chat-relations.ts) asks
 * every table, function and topic of chat, and gets the expected answer (chat-*-functions.ts,
 * chat-topics.ts). matrix.test.ts finds a function of the API that has no expectations.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database } from "../database.ts";
import { sharedFunctions } from "./chat-message-functions.ts";
import { type ChatWorld, chatCast, createChatWorld } from "./chat-relations.ts";
import { checkChatTopics } from "./chat-topics.ts";
import type { FunctionExpectations } from "./expectations.ts";
import { outcomesOf } from "./grid.ts";
import { chatFunctions, checkCalls } from "./matrix.ts";

let db: Database;
let world: ChatWorld;
beforeAll(async () => {
  db = await createDatabase();
  world = await createChatWorld(db);
});
afterAll(async () => {
  await db?.[Symbol.asyncDispose]();
  const [ofFunctions, ofRelations] = [chatFunctions, chatCast.relations].map(
    (all) => Object.keys(all).length,
  );
  console.log(`matrix of chat: ${world?.cells} cells (${ofFunctions} functions, ${ofRelations} relations)`);
});

test.each(Object.entries(chatFunctions))("%s", async (name, expectations) => {
  expect(await checkCalls(world, name, expectations)).toEqual([]);
});

test.each(Object.entries(sharedFunctions))("%s, about conversations", async (name, expectations) => {
  expect(await checkCalls(world, name, expectations)).toEqual([]);
});

test("the topics of conversations", async () => {
  expect(await checkChatTopics(world)).toEqual([]);
});

describe("the tables", () => {
  /** Every table with a column for a conversation or a message, and those of the settings. */
  const tables = () => db.admin<{ name: string; column: string }[]>`
    select distinct on (relname) format('private.%I', relname) as name, attname as column
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'private'::regnamespace and relkind in ('r', 'p') and attnum > 0
      and (relname ~ '^(conversations|messages|chat_settings)$' or attname in ('conversation_id', 'message_id'))
    order by relname, attnum`;

  test("nobody reads or writes them, in any relation", async () => {
    const found = await tables();
    expect(found.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        "private.conversations",
        "private.conversation_members",
        "private.messages",
        "private.message_versions",
        "private.message_search",
        "private.chat_settings",
        "private.group_invites",
        "private.join_requests",
      ]),
    );
    const rest = found.flatMap(({ name, column }) => [
      `select from ${name}`,
      `insert into ${name} default values`,
      `update ${name} set ${column} = ${column}`,
      `delete from ${name}`,
    ]);
    for (const [letter, ask] of Object.entries(world.callers.group ?? {})) {
      const outcomes = await outcomesOf(ask, rest);
      world.cells += rest.length;
      const other = rest.filter((_, n) => outcomes[n]?.word !== "refused");
      expect({ letter, other }).toEqual({ letter, other: [] });
    }
  });

  test("there is something in them to be denied", async () => {
    for (const name of [
      "messages",
      "conversation_members",
      "message_versions",
      "message_search",
      "chat_settings",
    ]) {
      expect((await db.admin.unsafe(`select from private.${name} limit 1`)).count, name).toBe(1);
    }
  });
});

test("the matrix of chat names the cells of a rule that is weakened", async () => {
  await db.admin`
    alter policy "members listen to their conversations" on realtime.messages
      using (true)`;
  await db.admin.unsafe(`
    create or replace function private.may_write(
      conversation private.conversations, member private.conversation_members
    )
    returns void language plpgsql as $$ begin end $$`);
  const told = await checkChatTopics(world);
  expect(told).toContain("topic hears old, the group, removed: expected nothing, found row");
  expect(told.every((line) => line.startsWith("topic hears "))).toBe(true);
  const name = "send_message(bigint,text,text,bigint,bigint)";
  const sent = await checkCalls(world, name, chatFunctions[name] as FunctionExpectations);
  expect(sent.filter((line) => line.includes(" text, "))).toEqual(
    ["blocked", "blocker"].map(
      (relation) =>
        `send_message() text, a direct conversation, ${relation}: expected conversation_frozen, found row`,
    ),
  );
});
