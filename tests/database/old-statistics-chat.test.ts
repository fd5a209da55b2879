/**
 * The same as old-statistics.test.ts for chat: Postgres counted the messages when there was one, and now there are many. A
 * page looks up its messages by their keys nevertheless.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { group, say } from "./chat.ts";
import { createDatabase, type Database, type Person } from "./database.ts";

const rooms = 200;
const perRoom = 40;

let db: Database;
let alice: Person;
let bob: Person;

/** Groups of alice and bob, with messages that answer each other. The triggers are off, so it is fast. */
async function fill(from: number) {
  const n = `generate_series(${from + 1}, ${from + rooms}) as n`;
  const seq = `generate_series(1, ${perRoom}) as seq`;
  await db.admin.unsafe(`
    set session_replication_role = replica;
    insert into private.conversations (id, kind, last_seq, last_id, member_count)
      select n, 'group', ${perRoom}, n * 1000 + ${perRoom}, 2 from ${n};
    insert into private.groups (conversation_id, name) select n, 'Group ' || n from ${n};
    insert into private.conversation_members (conversation_id, user_id)
      select n, user_id from ${n} cross join (values ('${alice.id}'::uuid), ('${bob.id}')) as both_of_us (user_id);
    insert into private.messages (id, conversation_id, seq, sender_id, client_id, content, reply_to_id)
      select n * 1000 + seq, n, seq, '${alice.id}', n || ' ' || seq, 'hello', n * 1000 + nullif(seq - 1, 0)
      from ${n} cross join ${seq};
    set session_replication_role = origin;
    select private.index_message(messages) from private.messages where messages.conversation_id = ${from + 1};
  `);
}

beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
  for (const table of ["conversations", "groups", "conversation_members", "messages", "message_search"])
    await db.admin.unsafe(`alter table private.${table} set (autovacuum_enabled = off)`);
  // The deleted messages leave empty pages before the message that stays.
  await fill(1000);
  const stays = await group(alice, "Group", [bob]);
  await say(alice, stays, "hello");
  await db.admin`delete from private.conversations where id <> ${stays}`;
  await db.admin`vacuum analyze`;
  await fill(2000);
});
afterAll(() => db?.[Symbol.asyncDispose]());

test.each([
  ["conversations()", 20],
  ["conversation(2001)", 1],
  ["messages(2001)", perRoom],
  ["message(2001010)", 1],
  ["search_messages('hello', conversation_id => 2001)", 20],
  ["sync()", 1],
])("%s reads no table of messages from its beginning", async (page, rows) => {
  const { before, after } = await bob.asks(async (sql) => {
    const read = () => sql`
      select seq_tup_read from pg_stat_xact_all_tables where schemaname = 'private' and relname = 'messages'`;
    const before = await read();
    expect(await sql.unsafe(`select * from ${page}`)).toHaveLength(rows);
    return { before, after: await read() };
  });
  expect([...after]).toEqual([...before]);
});
