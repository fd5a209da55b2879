/** One post and some posts by their ids, and a post that is written and answered at once. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createDatabase, type Database, type Person, refusal } from "./database.ts";

let db: Database;
let alice: Person;
let bob: Person;
beforeAll(async () => {
  db = await createDatabase();
  [alice, bob] = [await db.signUp("alice"), await db.signUp("bob")];
});
afterAll(() => db?.[Symbol.asyncDispose]());

async function write(who: Person, content: string, audience = "everyone"): Promise<number> {
  const [row] = await who.asks(
    (sql) =>
      sql`insert into posts (content, audience) values (${content}, ${audience}::audience) returning id`,
  );
  return row?.id as number;
}

const byIds = async (who: Person, ids: (number | null)[]) =>
  (await who.asks((sql) => sql`select id from posts_by_ids(${ids})`)).map((row) => row.id as number);

describe("posts_by_ids", () => {
  test("answers in the order of the ids, each once, and leaves out what bob cannot see", async () => {
    const [one, two, secret] = [
      await write(alice, "one"),
      await write(alice, "two"),
      await write(alice, "secret", "followers"),
    ];
    const asked = [two, secret, one, two, 1, null];
    expect(await byIds(bob, asked)).toEqual([two, one]);
    expect(await byIds(alice, asked)).toEqual([two, secret, one]);
    expect(await byIds(bob, [])).toEqual([]);
  });

  test("answers at most 100", async () => {
    const one = await write(alice, "one");
    expect(await byIds(bob, Array<number>(100).fill(one))).toEqual([one]);
    const refused = await refusal(byIds(bob, Array<number>(101).fill(one)));
    expect([refused.code, refused.detail]).toEqual(["PT400", "too_many_ids"]);
  });
});

test("post() answers the row that a feed has, and no row for a post that is deleted", async () => {
  const id = await write(alice, "Hello @bob");
  const ask = (call: string) =>
    bob.asks((sql) => sql.unsafe(`select to_jsonb(item) as item from ${call} as item where id = ${id}`));
  const [row] = await ask(`post(${id})`);
  expect(row?.item.post).toMatchObject({ id, content: "Hello @bob", author: { username: "alice" } });
  expect(row).toEqual((await ask("public_feed()"))[0]);
  await alice.asks((sql) => sql`delete from posts where id = ${id}`);
  expect(await ask(`post(${id})`)).toHaveLength(0);
});

describe("write_post", () => {
  const item = async (who: Person, call: string) =>
    (await who.asks((sql) => sql.unsafe(`select to_jsonb(item) as item from ${call} as item`)))[0]?.item;

  test("writes one post, and answers it with the people it mentions, as the feed does", async () => {
    const written = await item(alice, "write_post('Hello @bob #garden', title => 'News')");
    expect(written.post).toMatchObject({
      title: "News",
      mentions: [{ username: "bob", profile: { id: bob.id } }],
      audience: "everyone",
      is_open: true,
    });
    expect(await item(bob, `post(${written.id})`)).toEqual(written);
    const rows = await db.admin`select id from posts where title = 'News'`;
    expect([...rows]).toEqual([{ id: written.id }]);
  });

  test("answers the person it replies to, the post it quotes, and the post it reposts", async () => {
    const id = await write(alice, "a post");
    expect(await item(bob, `write_post('yes', reply_to_id => ${id})`)).toMatchObject({
      reply_to: { username: "alice" },
    });
    expect(await item(bob, `write_post('look', quote_of_id => ${id})`)).toMatchObject({ quoted: { id } });
    expect(await item(bob, `write_post(repost_of_id => ${id})`)).toMatchObject({
      post: { id, reposted: true, reposts: 1 },
      reposted_by: { username: "bob" },
    });
  });

  test("takes null for nothing, and the error about nothing shows no row", async () => {
    const id = await write(alice, "a post");
    const nothing = "content => null, title => null, content_warning => null, audience => null";
    expect(await item(bob, `write_post(${nothing}, repost_of_id => ${id})`)).toMatchObject({ post: { id } });
    expect(await refusal(item(bob, `write_post(${nothing})`))).toMatchObject({
      code: "PT400",
      detail: "content_length",
    });
    expect(await item(bob, "write_post('said', audience => null)")).toMatchObject({
      post: { audience: "everyone", title: "" },
    });
  });

  test("keeps every rule of an insert: its errors, and the budget", async () => {
    const { detail } = await refusal(item(bob, "write_post('  ')"));
    expect(detail).toBe("content_length");
    const newcomer = await db.signUp("newcomer", { username: "newcomer" }, { limited: true });
    for (let n = 0; n < 5; n++) await item(newcomer, "write_post('again')");
    const refused = await refusal(item(newcomer, "write_post('again')"));
    expect(JSON.parse(refused.message).details).toBe("rate_limited");
    expect(await db.admin`select from posts where author_id = ${newcomer.id}`).toHaveLength(5);
  });
});
