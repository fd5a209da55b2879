/** A banned account writes nothing. A token that was made before the ban is still good for a while. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { group, say } from "./chat.ts";
import { createDatabase, type Database, openTransaction, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let mallory: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, mallory] = [await db.signUp("alice"), await db.signUp("mallory")];
});
afterAll(() => db?.[Symbol.asyncDispose]());

const writes: [string, string][] = [
  ["write a post", "insert into posts (content) values ('A post.')"],
  ["write a post by the function", "select * from write_post('A post.')"],
  ["like", "insert into likes (post_id) values (1)"],
  ["follow", "select follow('$alice')"],
  ["block", "insert into blocks (blocked_id) values ('$alice')"],
  ["mute", "insert into mutes (muted_id) values ('$alice')"],
  ["keep a draft", "insert into drafts (content) values ('A draft.')"],
  ["make a list", "insert into lists (name) values ('A list')"],
  ["change the profile", "update profiles set bio = 'New.' where id = auth.uid()"],
];
test.each(writes)("mallory cannot %s while the ban lasts", async (_, statement) => {
  await db.admin`
    insert into posts (id, author_id, content) values (1, ${alice.id}, 'Hers.') on conflict do nothing`;
  const write = () =>
    mallory.asks(async (sql) => {
      await sql.unsafe(statement.replace("$alice", alice.id));
      // Nothing of it stays for the next test.
      throw new Error("undone");
    });
  const ban = (until: string | null) =>
    db.admin`update auth.users set banned_until = ${until}::text::timestamptz where id = ${mallory.id}`;
  await ban("infinity");
  expect(await refusal(write())).toMatchObject({ code: "PT403", detail: "account_locked" });
  await ban(null);
  await expect(write()).rejects.toThrow("undone");
});

test("mallory can still delete what she wrote", async () => {
  await mallory.asks((sql) => sql`insert into posts (content) values ('Mine.')`);
  await db.admin`update auth.users set banned_until = 'infinity' where id = ${mallory.id}`;
  expect(await mallory.asks((sql) => sql`delete from posts returning content`)).toEqual([
    { content: "Mine." },
  ]);
});

test("alice writes to dave's group while his ban waits until trust is written", async () => {
  const dave = await db.signUp("dave");
  const room = await group(alice, "Room", [dave]);
  await using stack = new AsyncDisposableStack();
  const trust = await openTransaction(db.admin, stack);
  await trust`select pg_advisory_xact_lock(private.trust_lock())`;
  const ban = db.admin`update auth.users set banned_until = 'infinity' where id = ${dave.id}`.execute();
  await expect
    .poll(async () => {
      const [found] = await db.admin`
        select count(*) from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`;
      return found?.count;
    })
    .toBe(1);
  expect(await say(alice, room, "hello").finally(() => trust`commit`)).toMatchObject({ content: "hello" });
  await ban;
  const [epoch] = await db.admin`select epoch from private.conversations where id = ${room}`;
  expect(epoch?.epoch).toBeGreaterThan(0);
});
