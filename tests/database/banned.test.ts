/** A banned account writes nothing. A token that was made before the ban is still good for a while. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

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
